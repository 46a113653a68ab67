"""The generated figures of the demo, as the Swing workbooks a data manager would upload.

Two workbooks a city: `demografie` (open) and `welzijn` (under a protocol), each with a data sheet
and an indicator sheet. Planted: a district too small to show, a break in a series, a municipality
that merged, a city that uses an older definition.
"""

import random
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

from hanse.cli.demo.cast import CHANGE_YEAR, MARK, MERGED, YEARS, City

Row = tuple[str, str, str, int | float, ...]

SMALL_DISTRICT_COUNT = 3
"""Below every profile's threshold: the planted hidden cell."""

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
    "Footnote",
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
    note = f"{MARK}; definitie {city.definition}"
    if city.break_in:
        note += f"; breuk in {city.break_in}"
    return (
        code, name, description, unit, weight, formula, period_type,
        int(threshold) if threshold else "", MARK, kind, 0.1 if formula else 1, "DM_NZ", note,
    )  # fmt: skip


def _rows(city: City, dataset: str) -> Iterator[tuple[str | float, ...]]:
    dice = random.Random(f"{city.slug}-{dataset}")  # noqa: S311 generated on purpose, not secret
    for year in YEARS:
        growth = 1 + 0.006 * (year - YEARS[0])
        yield from _districts(city, dataset, year, growth, dice)
        old = "gemeente2024" if year < CHANGE_YEAR else "gemeente"
        merged = city.nis == "11002"
        whole = city.inhabitants * growth
        if merged and year < CHANGE_YEAR:
            nis, _, size = MERGED
            yield (str(year), old, nis, *_counts(dataset, size * growth, dice))
        if merged and year >= CHANGE_YEAR:
            whole += MERGED[2] * growth
        yield (str(year), old if merged else "gemeente", city.nis, *_counts(dataset, whole, dice))


def _districts(
    city: City, dataset: str, year: int, growth: float, dice: random.Random
) -> Iterator[tuple[str | float, ...]]:
    size = city.inhabitants * growth / len(city.districts)
    for number, code in enumerate(city.district_codes()):
        counts = list(_counts(dataset, size * (0.8 + 0.1 * number), dice))
        if dataset == "welzijn" and number == 0 and year in {2019, 2023}:
            counts[0] = SMALL_DISTRICT_COUNT
        yield (str(year), "wijk", code, *counts)


def _counts(dataset: str, size: float, dice: random.Random) -> tuple[int, ...]:
    people = round(size * dice.uniform(0.99, 1.01))
    if dataset == "welzijn":
        return (round(people * dice.uniform(0.010, 0.014)),)
    return (people, round(people * dice.uniform(0.19, 0.21)))
