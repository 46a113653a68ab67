"""A theme over the thirteen large Flemish cities, as a comparison gives it: some figures hidden,
some missing, one city that answered nothing."""

from datetime import UTC, datetime

import numpy as np

from hanse.cube.comparability import MarkCode, Reason
from hanse.report.pictures.cell import Cell
from hanse.report.theme import Absent, Caveat, Entry, Source, Subject, Theme

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
CITIES = {
    "41002": "Aalst",
    "11002": "Antwerpen",
    "31005": "Brugge",
    "71016": "Genk",
    "44021": "Gent",
    "71072": "Hasselt",
    "34022": "Kortrijk",
    "24062": "Leuven",
    "12025": "Mechelen",
    "35013": "Oostende",
    "36015": "Roeselare",
    "46021": "Sint-Niklaas",
    "13040": "Turnhout",
}
NAMES = (
    ("Inwoners", "Inhabitants", "Habitants", "aantal", 0),
    ("Huishoudens met kinderen", "Households with children", "Ménages avec enfants", "%", 1),
    ("Inwoners per vierkante kilometer", "Inhabitants per km²", "Habitants par km²", "aantal", 0),
    ("Leerlingen in het secundair onderwijs", "Pupils", "Élèves du secondaire", "aantal", 0),
    ("Werkzoekenden", "Job seekers", "Demandeurs d'emploi", "aantal", 0),
    ("Gemiddeld inkomen", "Mean income", "Revenu moyen", "euro", 2),
    ("Elektriciteit van gezinnen", "Electricity of households", "Électricité", "kWh", 0),
    ("Personenwagens", "Cars", "Voitures", "aantal", 0),
    ("Groei tegenover vorig jaar", "Growth on last year", "Croissance", "%", 2),
    ("Sociale woningen", "Social housing", "Logements sociaux", "aantal", 0),
)
PERIODS = tuple(str(year) for year in range(2015, 2025))


def theme(subjects: int = len(NAMES), seed: int = 5) -> Theme:
    """Return the theme; one cell in nine is hidden, one in forty is missing."""
    draw = np.random.default_rng(seed)
    origins = tuple(_source(code, name) for code, name in CITIES.items())
    return Theme(
        code="demografie",
        areas=CITIES,
        subjects=tuple(_subject(number, draw) for number in range(subjects)),
        sources=origins[:-1],
        made_at=AT,
        caveats=(
            _caveat("NIS44021", "Gent", "COMPARE_METHOD", MarkCode.OTHER_METHOD),
            _caveat("NIS41002", "Aalst", "COMPARE_REFERENCE_DATE", MarkCode.OTHER_REFERENCE_DATE),
        ),
        absent=(Absent("Turnhout", "v1000", {"nl": "Geen antwoord.", "en": "No answer."}),),
        command="hanse compare v1000 --areas gemeente:41002,11002 --periods 2015:2024",
    )


def _subject(number: int, draw: np.random.Generator) -> Subject:
    nl, en, fr, unit, decimals = NAMES[number]
    entries = {
        (area, period): _entry(draw, 10.0 ** (2 + number % 4), decimals)
        for area in CITIES
        if area != "13040"
        for period in PERIODS
    }
    return Subject(
        id=f"v{1_000 + number}",
        name={"nl": nl, "en": en, "fr": fr},
        definition={"nl": f"{nl} op 1 januari.", "en": f"{en} on 1 January."},
        unit=unit,
        decimals=decimals,
        periods=PERIODS,
        entries=entries,
    )


def _entry(draw: np.random.Generator, size: float, decimals: int) -> Entry:
    luck = draw.random()
    if luck < 1 / 9:
        return Entry(Cell(None, "Q"), MarkCode.INCOMPLETE.value, ("COMPARE_HIDDEN",))
    if luck < 1 / 9 + 1 / 40:
        return Entry(Cell(None, "O"), MarkCode.INCOMPLETE.value, ("COMPARE_MISSING",))
    value = round(float(draw.normal(size, size / 4)), decimals)
    if luck > 0.93:
        return Entry(Cell(value), MarkCode.OTHER_METHOD.value, ("COMPARE_METHOD",))
    return Entry(Cell(value, "P" if luck > 0.9 else "A"))


def _source(code: str, name: str) -> Source:
    digest = "sha-256:" + f"{int(code):064x}"
    return Source(f"NIS{code}", name, "bevolking", "2026.1", digest, AT.isoformat(), "CC-BY-4.0")


def _caveat(agency: str, who: str, code: str, mark: MarkCode) -> Caveat:
    told = {"reference": "register", "other": "survey"}
    return Caveat(agency, who, "v1000", Reason(mark, code, told), 12)
