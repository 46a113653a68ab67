"""The lists and descriptions of PxWeb: the configuration, the tables, a default selection."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any, Final

from hanse.cube.period import Period
from hanse.dialects.edition import Edition, text_in
from hanse.dialects.jsonstat import Axis
from hanse.dialects.pxweb.selection import default
from hanse.messages import LANGUAGES

MAX_CELLS: Final = 150_000
FORMATS: Final = ("json-stat2", "csv", "xlsx", "parquet")
_LANGUAGE_NAMES: Final = {"nl": "Nederlands", "en": "English", "fr": "Français"}
_UNITS: Final = {"A": "Annual", "Q": "Quarterly", "M": "Monthly"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table: a dataset at one level, in a language."""

    edition: Edition
    level: str
    lang: str
    root: str

    @property
    def id(self) -> str:
        """`PROEF__GEMEENTE_2025`."""
        return self.edition.table_id(self.level)

    @property
    def label(self) -> str:
        """The title of the dataset with the name of the level."""
        title = text_in(self.edition.contract.title, self.lang, self.edition.slug)
        level = self.edition.levels[self.level]
        return f"{title} ({text_in(level.name, self.lang, level.code)} {level.vintage})"

    def entry(self, cube: Sequence[Axis]) -> dict[str, Any]:
        """Return the table as the list of tables has it."""
        periods = self.edition.periods
        return {
            "type": "Table",
            "id": self.id,
            "label": self.label,
            "description": text_in(self.edition.contract.description, self.lang),
            "updated": self.edition.moment,
            "firstPeriod": str(periods[0]) if periods else "",
            "lastPeriod": str(periods[-1]) if periods else "",
            "category": "public" if self.edition.open_to_all else "private",
            "variableNames": [axis.label for axis in cube],
            "discontinued": False,
            "source": self.edition.publisher,
            "timeUnit": time_unit(periods),
            "links": [
                {
                    "rel": "self",
                    "hreflang": self.lang,
                    "href": f"{self.root}/tables/{self.id}?lang={self.lang}",
                }
            ],
        }


def time_unit(periods: Sequence[Period]) -> str:
    """Return the unit of time of a table; mixed ones and school years are "Other"."""
    units = {_UNITS.get(each.freq, "Other") for each in periods if not each.reporting_year_start}
    mixed = len(units) != 1 or any(each.reporting_year_start for each in periods)
    return "Other" if mixed else units.pop()


def configuration(
    publisher: str, lang: str, licence: str, calls: int, seconds: int
) -> dict[str, Any]:
    """Return what every client asks first: limits and languages."""
    return {
        "apiVersion": "2.0.0",
        "appVersion": version("hanse"),
        "languages": [{"id": each, "label": _LANGUAGE_NAMES[each]} for each in LANGUAGES],
        "defaultLanguage": lang,
        "maxDataCells": MAX_CELLS,
        "maxCallsPerTimeWindow": calls,
        "timeWindow": seconds,
        "license": licence,
        "sourceReferences": [{"language": each, "text": publisher} for each in LANGUAGES],
        "defaultDataFormat": "json-stat2",
        "dataFormats": list(FORMATS),
        "features": [],
    }


def listing(entries: Sequence[dict[str, Any]], number: int, size: int, lang: str) -> dict[str, Any]:
    """Return one page of the list of tables; pages count from 1."""
    shown = entries[(number - 1) * size : number * size]
    pages = max(1, -(-len(entries) // size))
    return {
        "language": lang,
        "tables": list(shown),
        "page": {
            "pageNumber": number,
            "pageSize": size,
            "totalElements": len(entries),
            "totalPages": pages,
            "links": [],
        },
        "links": [],
    }


def default_selection(cube: Sequence[Axis], lang: str) -> dict[str, Any]:
    """Return what is chosen where nobody chooses."""
    return {
        "language": lang,
        "selection": [
            {"variableCode": axis.id, "codelist": None, "valueCodes": list(default(axis))}
            for axis in cube
        ],
        "links": [],
    }
