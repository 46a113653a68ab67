"""The words a Swing sheet is headed by, Dutch and English, and what each column means.

Matched trimmed, without case and with inner white space folded. The indicator sheet has 42 columns
in a fixed order (the vendor's own export); real sheets carry any subset, in any order, some
misspelt.
"""

from dataclasses import dataclass
from types import MappingProxyType


def fold(text: object) -> str:
    """Return a header the way headers are compared."""
    return " ".join(str(text).split()).casefold()


KEY_HEADERS = MappingProxyType(
    {
        "period": "period",
        "periode": "period",
        "geolevel": "level",
        "gebiedsniveau": "level",
        "geoitem": "area",
        "gebied": "area",
        "onderwerp": "indicator",
        "indicator": "indicator",
        "var": "indicator",
        "waarde": "value",
        "value": "value",
        "data": "value",
        "stroom": "stream",
        "stream": "stream",
    }
)
"""Headers of a data sheet that say what a column is without a definition sheet."""

DEFINITION_TYPES = MappingProxyType(
    {
        "period": "period",
        "geolevel": "level",
        "geoitem": "area",
        "dim": "dimension",
        "var": "measure",
        "data": "value",
    }
)
"""Types of a `_def` sheet. `var` beside `data` is Format 2's column of indicator codes."""


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column of the indicator sheet: its English header, and the others it goes by."""

    english: str
    others: tuple[str, ...] = ()


INDICATOR_COLUMNS = (
    SheetColumn("Indicator code", ("Onderwerpcode",)),
    SheetColumn("Name", ("Naam",)),
    SheetColumn("Description", ("Beschrijving",)),
    SheetColumn("More information", ("Meer informatie",)),
    SheetColumn("Unit", ("Eenheid",)),
    SheetColumn("Source", ("Bron",)),
    SheetColumn("Base indicator", ("Basis-onderwerp",)),
    SheetColumn("Seq no", ("Volgnr",)),
    SheetColumn("Aggregation indicator", ("Aggregatie-onderwerp",)),
    SheetColumn("Allocation indicator", ("Allocatie-onderwerp",)),
    SheetColumn("Sample indicator", ("Steekproef-onderwerp",)),
    SheetColumn("Stddev indicator", ("Stddev indciator", "Stddev-onderwerp")),
    SheetColumn("Formula", ("Formule",)),
    SheetColumn("Data type", ("Datatype",)),
    SheetColumn("Periode type", ("Period type", "Periodetype")),
    SheetColumn("Geo type", ("Geotype",)),
    SheetColumn("Visible", ("Tonen",)),
    SheetColumn("Start period", ("Startperiode",)),
    SheetColumn("End period", ("Eindperiode",)),
    SheetColumn("Forecast period", ("Prognoseperiode",)),
    SheetColumn("Interpolation", ("Interpolatie",)),
    SheetColumn("Extrapolation", ("Extrapolatie",)),
    SheetColumn("Threshold value", ("Drempelwaarde",)),
    SheetColumn("Threshold indicator", ("Drempel-onderwerp",)),
    SheetColumn("Metadata modification date"),
    SheetColumn("Rating", ("Waardering",)),
    SheetColumn("Aggregate geoitems", ("Aggregeer gebieden",)),
    SheetColumn("Aggregate periods", ("Aggregeer perioden",)),
    SheetColumn("Footnote", ("Voetnoot",)),
    SheetColumn("Free textfield", ("Vrij tekstveld",)),
    SheetColumn("Cube", ("Kubus",)),
    SheetColumn("Use alternative period names"),
    SheetColumn("Protected", ("Beschermd",)),
    SheetColumn("RoundOff", ("Afronding",)),
    SheetColumn("Free text field 2"),
    SheetColumn("Free text field 3"),
    SheetColumn("Provisional period"),
    SheetColumn("Keywords"),
    SheetColumn("Search cluster name"),
    SheetColumn("Exclude from Search"),
    SheetColumn("Calculation indicator"),
    SheetColumn("Data modification date", ("Laatste wijziging",)),
)

OWN_COLUMNS = (
    SheetColumn("Concept", ("Begrip",)),
    SheetColumn("Definition version", ("Definitieversie",)),
    SheetColumn("Reference point", ("Peilmoment",)),
    SheetColumn("Method", ("Methode",)),
    SheetColumn("Breaks", ("Breuken",)),
    SheetColumn("CI method", ("Intervalmethode",)),
    SheetColumn("Confidence", ("Betrouwbaarheid",)),
    SheetColumn("Weight scale", ("Gewichtsschaal",)),
    SheetColumn("Unweighted numerator", ("Ongewogen teller",)),
    SheetColumn("Population indicator", ("Populatie-onderwerp",)),
    SheetColumn("Lower bound indicator", ("Ondergrens-onderwerp",)),
    SheetColumn("Upper bound indicator", ("Bovengrens-onderwerp",)),
    SheetColumn("Survey population", ("Enquêtepopulatie",)),
    SheetColumn("Field period", ("Veldwerkperiode",)),
    SheetColumn("Mode", ("Afnamewijze",)),
    SheetColumn("Response rate", ("Respons",)),
    SheetColumn("Question", ("Vraag",)),
    SheetColumn("Wave", ("Meting",)),
)
"""Columns of ours that may stand beside Swing's: what decides whether figures compare, and for
surveys how sure they are and what was asked."""

INDICATOR_HEADERS = MappingProxyType(
    {
        fold(header): column.english
        for column in (*INDICATOR_COLUMNS, *OWN_COLUMNS)
        for header in (column.english, *column.others)
    }
)

ITEM_HEADERS = MappingProxyType(
    {"itemcode": "code", "item code": "code", "naam": "name", "name": "name"}
)
"""Headers of a sheet that lists the items of one dimension level."""

SHEET_NAMES = MappingProxyType(
    {
        "dimensions": "dimensions",
        "dimensies": "dimensions",
        "dimension levels": "levels",
        "dimensieniveaus": "levels",
    }
)
"""Names that say what a sheet of a cube metadata workbook is."""

SAME_LEVEL = "idem"
"""What the second level column of a stream may be headed by: the same level as the first."""
