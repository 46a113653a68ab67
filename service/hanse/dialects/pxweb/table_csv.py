"""A chosen part of a PxWeb table as CSV: one line per cell, codes or texts, value and status."""

import csv
import io
from collections.abc import Iterator
from itertools import product
from typing import Final

from hanse.dialects.csv import guarded
from hanse.dialects.jsonstat import ABSENT, Axis, Filled
from hanse.errors import Invalid

MEDIA_TYPE: Final = "text/csv; charset=utf-8; header=present"
PARAMETERS: Final = (
    "UseCodes",
    "UseTexts",
    "UseCodesAndTexts",
    "IncludeTitle",
    "SeparatorTab",
    "SeparatorSpace",
    "SeparatorSemicolon",
)
_SEPARATORS: Final = {"SeparatorTab": "\t", "SeparatorSpace": " ", "SeparatorSemicolon": ";"}
_LINES: Final = 10_000


def render(
    cube: tuple[Axis, ...], held: Filled, title: str, parameters: frozenset[str]
) -> Iterator[bytes]:
    """Yield the lines; combinations that the release does not hold have none.

    Raises `Invalid` (PXWEB_PARAMETER) for a parameter that does not exist.
    """
    unknown = sorted(parameters - set(PARAMETERS))
    if unknown:
        raise Invalid("PXWEB_PARAMETER", given=unknown[0][:40], choice=", ".join(PARAMETERS))
    separators = [mark for name, mark in _SEPARATORS.items() if name in parameters]
    separator = separators[0] if separators else ","
    lines = _lines(cube, held, title, parameters)
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=separator, lineterminator="\r\n")
    for number, line in enumerate(lines, 1):
        writer.writerow(line)
        if number % _LINES == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _lines(
    cube: tuple[Axis, ...], held: Filled, title: str, parameters: frozenset[str]
) -> Iterator[list[str]]:
    if "IncludeTitle" in parameters:
        yield [guarded(title)]
    yield [*(axis.label for axis in cube), "value", "status"]
    named = [_names(axis, parameters) for axis in cube]
    for place, keys in enumerate(product(*named)):
        status = str(held.statuses[place])
        if status != ABSENT:
            value = held.values[place]
            yield [*keys, "" if value != value else repr(float(value)), status]


def _names(axis: Axis, parameters: frozenset[str]) -> list[str]:
    if "UseTexts" in parameters:
        return [guarded(label) for label in axis.labels]
    if "UseCodesAndTexts" in parameters:
        return [f"{code} {label}" for code, label in zip(axis.codes, axis.labels, strict=True)]
    return list(axis.codes)
