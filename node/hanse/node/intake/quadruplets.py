"""Refuses survey figures that are not whole: a percentage without its answers says nothing.

A question is a weighted numerator, a weighted denominator and a number of answers, for the same
areas and periods; the percentage follows from them.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyarrow as pa

from hanse.cube import encoding
from hanse.cube.cells import dimensions_of, key_columns
from hanse.cube.indicator import Indicator, Sample
from hanse.cube.status import HIDDEN, CellState
from hanse.cube.survey import Method, WeightScale
from hanse.dialects.swing.surveys import ANSWERS, BASE, NUMERATOR, RESULT
from hanse.errors import Invalid

Ints = np.ndarray[Any, np.dtype[np.int64]]
_TOLD: Final = frozenset({CellState.VALUE.value, *(each.value for each in HIDDEN)})


def check(cells: pa.Table, indicators: Sequence[Indicator]) -> None:
    """Raise `Invalid` for the first question that is not whole.

    SURVEY_INCOMPLETE where one of its figures is missing, altogether or beside the others;
    SURVEY_LARGE where more people answered than there are, or fewer than none; SURVEY_PART where
    the numerator is larger than the denominator. Nothing is said of a question without figures.
    """
    table = _Table(cells)
    for result, needed in _questions(indicators, table.names):
        table.whole(result, needed)
    for each in indicators:
        if each.sample is not None:
            table.possible(each, each.sample)


def _questions(
    indicators: Sequence[Indicator], present: Sequence[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield what every question needs: as described, else as the names of its columns say."""
    for each in indicators:
        if each.sample is not None:
            yield each.id, _needed(each, each.sample)
    ids = frozenset(present)
    described = {each.id for each in indicators if each.sample is not None}
    ends = (NUMERATOR, BASE)
    stems = [code[: -len(BASE)] for code in present if code.endswith(ends)]
    for stem in dict.fromkeys(stems):
        members = tuple(f"{stem}{end}" for end in (*ends, ANSWERS))
        related = {*members, f"{stem}{RESULT}"} & ids
        if len(related) > 1 and f"{stem}{RESULT}" not in described:
            yield f"{stem}{RESULT}", members


def _needed(indicator: Indicator, sample: Sample) -> tuple[str, ...]:
    named = [sample.n_indicator, sample.base_indicator]
    if indicator.formula:
        named += [indicator.numerator, indicator.denominator]
    else:
        named.append(indicator.id)
    if sample.ci_method == Method.MEAN.value:
        named.append(sample.stddev_indicator)
    if sample.ci_method == Method.UNWEIGHTED.value:
        named.append(sample.counted_indicator)
    if sample.ci_method == Method.SUPPLIED.value:
        named += [sample.lower_indicator, sample.upper_indicator]
    return tuple(dict.fromkeys(each for each in named if each))


class _Table:
    """The cells of a file by indicator, and by what they are about."""

    def __init__(self, cells: pa.Table) -> None:
        self.cells = cells
        about = key_columns(dimensions_of(cells.schema))[1:]
        columns = [encoding.encode(cells.column(name)) for name in about]
        self.place: Ints = np.asarray(encoding.keys(columns, cells.num_rows))
        codes = encoding.encode(cells.column("indicator"))
        self.names: list[str] = codes.dictionary.to_pylist()
        self.code = np.asarray(codes.indices)
        self.states = np.asarray(cells.column("state").to_pylist(), dtype=object)
        self.values = cells.column("value").to_numpy().astype(np.float64)

    def rows(self, name: str) -> Ints:
        """Return the rows of an indicator that say something, noughts left aside."""
        rows = self.every(name)
        return np.asarray(rows[self.values[rows] != 0])

    def every(self, name: str) -> Ints:
        """Return all rows of an indicator that are a number or hidden."""
        if name not in self.names:
            return np.zeros(0, np.int64)
        rows = np.flatnonzero(self.code == self.names.index(name))
        return np.asarray(rows[np.isin(self.states[rows], list(_TOLD))])

    def whole(self, result: str, needed: Sequence[str]) -> None:
        """Raise where one of the needed indicators has no figure where another has one."""
        for name in needed:
            for other in needed:
                rows = self.rows(name)
                lost = rows[~np.isin(self.place[rows], self.place[self.every(other)])]
                if lost.size:
                    raise Invalid(
                        "SURVEY_INCOMPLETE", indicator=result, missing=other, **self._at(lost)
                    )

    def possible(self, indicator: Indicator, sample: Sample) -> None:
        """Raise where a sample cannot be: larger than its people, or its part than its whole."""
        scaled = sample.weight_scale == WeightScale.POPULATION.value
        people = sample.population_indicator or (sample.base_indicator if scaled else None)
        for smaller, larger, code in (
            (sample.n_indicator, people, "SURVEY_LARGE"),
            (indicator.numerator, indicator.denominator, "SURVEY_PART"),
        ):
            rows, below, above = self._pairs(smaller, larger)
            wrong = rows[(below < 0) | (below > above * (1 + _SLACK))]
            if wrong.size:
                at = int(np.flatnonzero(rows == wrong[0])[0])
                told: Mapping[str, Any] = {"n": float(below[at]), "base": float(above[at])}
                raise Invalid(code, indicator=indicator.id, **told, **self._at(wrong))

    def _pairs(self, smaller: str | None, larger: str | None) -> tuple[Ints, Any, Any]:
        """Return the rows of one indicator with its numbers and those of another beside them."""
        rows = self.every(smaller or "")
        there = self.every(larger or "")
        there = there[np.argsort(self.place[there], kind="stable")]
        if not rows.size or not there.size:
            return np.zeros(0, np.int64), np.zeros(0), np.zeros(0)
        at = np.minimum(np.searchsorted(self.place[there], self.place[rows]), there.size - 1)
        same = self.place[there[at]] == self.place[rows]
        return rows[same], self.values[rows[same]], self.values[there[at[same]]]

    def _at(self, rows: Ints) -> dict[str, str | int]:
        first = int(rows[0])
        return {
            "sheet": str(self.cells.column("source_sheet")[first].as_py()),
            "row": int(self.cells.column("source_row")[first].as_py()),
        }


_SLACK: Final = 1e-9
"""How much larger a number may be than its whole and still be the same: sums of weights."""
