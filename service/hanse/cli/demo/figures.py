"""The generated figures of the demo, as the Swing workbooks a data manager would upload.

Two workbooks a city: `demografie` (open) and `welzijn` (under a protocol), each with a data sheet
and an indicator sheet. Planted: a district too small to show, a break in a series, a municipality
that merged, a city that uses an older definition.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

from hanse.cli.demo.cast import CHANGE_YEAR, MARK, MERGED, MERGED_INTO, YEARS, City

SMALL_COUNT = 3
SMALL_YEARS = (2019, 2023)
"""One district of each city is below every threshold in these years: the planted hidden cells."""

SHEETS = {
    "demografie": (
        ("v1101_t", "inwoners", "[aantal] inwoners op 1 januari", "aantal", "", "", "Stock", ""),
        ("v1101_jong", "inwoners jonger dan 18", "[aantal] inwoners van 0 tot 17 jaar op 1 januari",
         "aantal", "", "", "Stock", ""),
        ("vp1101_jong", "jongeren (t.o.v. inwoners)", "[percentage] inwoners van 0 tot 17 jaar",
         "p", "v1101_t", "v1101_jong/v1101_t*100", "Stock", ""),
    ),
    "welzijn": (
        ("v1401_leefloon", "leefloners", "[aantal] personen met een leefloon op 1 januari",
         "aantal", "", "", "Stock", "5"),
    ),
}  # fmt: skip

COLUMNS = (
    "Indicator code", "Name", "Description", "Unit", "Aggregation indicator", "Formula",
    "Period type", "Threshold value", "Source", "Data type", "RoundOff", "Free textfield",
    "Footnote", "Concept", "Definition version", "Breaks",
)  # fmt: skip


def write_workbook(city: City, dataset: str, folder: Path) -> Path:
    """Write one city's workbook of one dataset and return its path."""
    path = folder / f"{city.slug}-{dataset}.xlsx"
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    workbook.set_properties({"comments": MARK})
    codes = [row[0] for row in SHEETS[dataset] if not row[5]]
    data = workbook.add_worksheet("data")
    data.write_row(0, 0, ("period", "geolevel", "geoitem", *codes))
    for number, row in enumerate(_rows(city, dataset), 1):
        data.write_row(number, 0, row)
    sheet = workbook.add_worksheet("Indicators")
    sheet.write_row(0, 0, COLUMNS)
    for number, row in enumerate(SHEETS[dataset], 1):
        sheet.write_row(number, 0, _indicator_row(city, row))
    workbook.close()
    return path


def _indicator_row(city: City, row: tuple[str, ...]) -> tuple[object, ...]:
    code, name, description, unit, weight, formula, period_type, threshold = row
    kind = "Percentage (sum)" if formula else "Numeric"
    breaks = f"{city.break_in}: andere telling (voorbeeld)" if city.break_in else ""
    return (
        code, name, description, unit, weight, formula, period_type,
        int(threshold) if threshold else "", MARK, kind, 0.1 if formula else 1, "DM_NZ", MARK,
        code, city.definition, breaks,
    )  # fmt: skip


def _rows(city: City, dataset: str) -> Iterator[tuple[str | int, ...]]:
    dice = random.Random(f"{city.slug}-{dataset}")  # noqa: S311 generated on purpose, not secret
    for year in YEARS:
        districts = [
            _counts(city, dataset, year, number, dice) for number in range(len(city.districts))
        ]
        if not _before_merger(city, year):
            for code, counts in zip(city.district_codes(), districts, strict=True):
                yield (str(year), "wijk", code, *counts)
        whole = tuple(sum(column) for column in zip(*districts, strict=True))
        yield from _municipalities(city, year, whole)


def _before_merger(city: City, year: int) -> bool:
    """Say whether a city was two municipalities then; its districts were drawn when they merged."""
    return city.nis == MERGED_INTO and year < CHANGE_YEAR


def _municipalities(
    city: City, year: int, whole: tuple[int, ...]
) -> Iterator[tuple[str | int, ...]]:
    """Yield the municipality, or before the merger the two that it was."""
    nis, _, size = MERGED
    if not _before_merger(city, year):
        yield (str(year), "gemeente", city.nis, *whole)
        return
    share = size / city.inhabitants
    part = tuple(round(count * share) for count in whole)
    rest = tuple(count - less for count, less in zip(whole, part, strict=True))
    yield (str(year), "gemeente2024", city.nis, *rest)
    yield (str(year), "gemeente2024", nis, *part)


def _counts(
    city: City, dataset: str, year: int, number: int, dice: random.Random
) -> tuple[int, ...]:
    """Return one district's counts; one district of one year stays below every threshold."""
    growth = 1 + 0.006 * (year - YEARS[0])
    size = city.inhabitants * growth / len(city.districts) * (0.9 + 0.1 * number)
    people = round(size * dice.uniform(0.99, 1.01))
    if dataset == "welzijn":
        small = number == 0 and year in SMALL_YEARS
        return (SMALL_COUNT if small else round(people * dice.uniform(0.010, 0.014)),)
    return (people, round(people * dice.uniform(0.19, 0.21)))
