"""A comparison over nodes as a value: each cell with origin and mark, each node's account.

Rows stand in the order of their keys and origin, so that the order in which nodes were asked or
answered never shows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa

from hanse.client.conversation import Pulled
from hanse.client.elsewhere import Elsewhere
from hanse.client.fanout import Reply
from hanse.client.marks import Marks, Place
from hanse.client.outcome import NodeState, Outcome
from hanse.client.recast import Onto, laid, worded
from hanse.client.shape import AS_IT_IS, Shape
from hanse.cube import differences
from hanse.cube.benchmark import Spread, Trend
from hanse.cube.cells import KEY_COLUMNS, NUMBER_COLUMNS, ORIGIN_COLUMNS, is_sampled, measures_of
from hanse.cube.changes import with_sample
from hanse.cube.codelist import TOTAL
from hanse.cube.comparability import Mark, MarkCode, Reason
from hanse.cube.differences import Difference
from hanse.messages import say

SCHEMA: Final = 1
_ROW: Final = "_row"


@dataclass(frozen=True, slots=True)
class Remark:
    """Why figures of one origin do not simply compare; `cells` is how many it is said of."""

    origin: str
    origin_name: str
    reason: Reason
    cells: int

    def document(self, lang: str = "nl") -> dict[str, object]:
        """Return the remark as a JSON object."""
        return {
            "origin": self.origin,
            "origin_name": self.origin_name,
            "mark": self.reason.mark.value,
            "code": self.reason.code,
            "sentence": self.reason.say(lang),
            "cells": self.cells,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of it.

    `table`: the key columns and breakdowns, `obs_value`, `obs_status`, `conf_status`; then `origin`
    (agency), `origin_name`, `dataset`, `release`, `manifest` (digest); then `mark` and `reasons`
    (codes, separated by a blank). `outcomes` has one entry per node that was asked, `remarks` one
    per origin and reason, gravest first within an origin. `elsewhere` says which blanks may stand
    on the areas of another vintage, `shape` how the figures are shown.
    """

    table: pa.Table
    outcomes: tuple[Outcome, ...]
    seconds: float
    deadline_seconds: float
    remarks: tuple[Remark, ...] = ()
    spreads: tuple[Spread, ...] = ()
    trends: tuple[Trend, ...] = ()
    differences: tuple[Difference, ...] = ()
    elsewhere: tuple[Elsewhere, ...] = ()
    shape: Shape = AS_IT_IS

    @property
    def complete(self) -> bool:
        """Whether every node answered with cells."""
        return all(outcome.state is NodeState.ANSWERED for outcome in self.outcomes)

    @property
    def reached(self) -> bool:
        """Whether every node itself said something that holds."""
        return all(outcome.reached for outcome in self.outcomes)

    def _beside(self) -> dict[str, object]:
        """Return spread and trends, where somebody asked for them."""
        if not self.spreads and not self.trends:
            return {}
        spreads = [{**asdict(each), "coverage": each.coverage} for each in self.spreads]
        return {"spread": spreads, "trends": [asdict(each) for each in self.trends]}

    def _differences(self, lang: str) -> dict[str, object]:
        """Return what differs for sure and what does not, where figures are of a sample."""
        if not is_sampled(self.table.column_names):
            return {}
        return {"differences": [each.document(lang) for each in self.differences]}

    def worded(self, lang: str = "nl") -> pa.Table:
        """Return the table with `why` behind it: what its marks and notes say, in words."""
        if "reasons" not in self.table.column_names:
            return self.table
        said = {(each.origin, each.reason.code): each.reason.say(lang) for each in self.remarks}
        names = ("origin", "reasons", "level")
        columns = (self.table.column(name).to_pylist() for name in names)
        words = [
            " ".join(
                say(code, lang, level=level)
                if code == "COMPARE_RECALCULATED"
                else said.get((origin, code), "")
                for code in codes.split()
            )
            for origin, codes, level in zip(*columns, strict=True)
        ]
        return self.table.append_column("why", worded(self.table, words, lang))

    def document(self, lang: str = "nl") -> dict[str, object]:
        """Return it as one JSON object with a stable set of members; cells stand in columns."""
        return {
            "schema": SCHEMA,
            "seconds": round(self.seconds, 3),
            "deadline_seconds": self.deadline_seconds,
            "complete": self.complete,
            "nodes": [outcome.document(lang) for outcome in self.outcomes],
            "reasons": [remark.document(lang) for remark in self.remarks],
            "elsewhere": [each.document(lang) for each in self.elsewhere],
            **self._beside(),
            **self._differences(lang),
            "columns": self.table.column_names,
            "rows": self.table.num_rows,
            "data": self.table.to_pydict(),
        }


def assemble(
    replies: Sequence[Reply],
    seconds: float,
    deadline_seconds: float,
    *,
    marked: bool = True,
    onto: Sequence[Onto] = (),
    shape: Shape = AS_IT_IS,
) -> Comparison:
    """Put the replies together: one table over all nodes, marked where figures are compared.

    With `onto` the figures stand on the areas that were asked for, each saying how it came there.
    """
    pulls = [reply.pulled for reply in replies if reply.pulled]
    table = gathered(pulls)
    if onto and pulls:
        table = laid(table, pulls, onto)
    if pulls:
        table = shape.applied(table)
    remarks: tuple[Remark, ...] = ()
    if marked:
        wanted = frozenset(each.target for each in onto)
        table, remarks = judged(table, pulls, wanted)
    outcomes = sorted(
        (reply.outcome for reply in replies), key=lambda each: (each.agency, each.dataset)
    )
    beside = shape.beside(table)
    differs: tuple[Difference, ...] = ()
    if marked:
        table, differs = differences.told(table, shape.z)
    return Comparison(
        table, tuple(outcomes), seconds, deadline_seconds, remarks, *beside, differs, shape=shape
    )


def gathered(pulls: Sequence[Pulled]) -> pa.Table:
    """Stack the tables; a node without a breakdown that others have gives totals of it."""
    dimensions = sorted(
        {name for pull in pulls for name in pull.table.column_names if name.isupper()}
    )
    sampled = next((each for each in pulls if is_sampled(each.table.column_names)), None)
    measures = measures_of(sampled.table.column_names if sampled else ())
    names = (*KEY_COLUMNS, *dimensions, *measures, *ORIGIN_COLUMNS)
    if not pulls:
        return _empty(names)
    keys = (*KEY_COLUMNS, *dimensions, "origin", "dataset")
    stacked = pa.concat_tables([_with_origin(pull, names) for pull in pulls])
    return stacked.sort_by([(name, "ascending") for name in keys]).combine_chunks()


def _with_origin(pull: Pulled, names: Sequence[str]) -> pa.Table:
    told = {
        "origin": pull.agency,
        "origin_name": pull.name,
        "dataset": pull.manifest.dataset,
        "release": pull.release,
        "manifest": pull.manifest_digest,
    }
    table = with_sample(pull.table) if is_sampled(names) else pull.table
    rows = table.num_rows
    columns = {
        name: table.column(name)
        if name in table.column_names
        else pa.array([told.get(name, TOTAL)] * rows, pa.string())
        for name in names
    }
    return pa.table(columns)


def _empty(names: Sequence[str]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([], pa.float64() if name in NUMBER_COLUMNS else pa.string())
            for name in names
        }
    )


def judged(
    table: pa.Table, pulls: Sequence[Pulled], wanted: frozenset[str]
) -> tuple[pa.Table, tuple[Remark, ...]]:
    """Return the table with a mark on every cell, and why figures of an origin do not compare.

    Kinds of cells are judged, not cells: millions of them are of few kinds.
    """
    names = [name for name in Place._fields if name in table.column_names]
    kinds = table.group_by(names, use_threads=False).aggregate([([], "count_all")])
    columns = (kinds.column(name).to_pylist() for name in names)
    places = [Place(*values) for values in zip(*columns, strict=True)]
    marks = Marks.over(pulls, places, wanted)
    found = [marks.of(place) for place in places]
    told = [" ".join(reason.code for reason in each.reasons) for each in found]
    kinds = kinds.append_column("mark", pa.array([each.code.value for each in found], pa.string()))
    counts = kinds.column("count_all").to_pylist()
    kinds = kinds.append_column("reasons", pa.array(told, pa.string())).drop_columns(["count_all"])
    rows = pa.array(range(table.num_rows), pa.int64())
    marked = table.append_column(_ROW, rows).join(kinds, names).sort_by(_ROW)
    remarks = _remarks(zip([place.origin for place in places], found, counts, strict=True), pulls)
    return marked.drop_columns([_ROW]).combine_chunks(), remarks


def _remarks(
    marked: Iterable[tuple[str, Mark, int]], pulls: Sequence[Pulled]
) -> tuple[Remark, ...]:
    """Return every reason once per origin, of kinds of cells: origin, mark, and how many."""
    names = {pull.agency: pull.name for pull in pulls}
    reasons: dict[tuple[str, ...], Reason] = {}
    cells: Counter[tuple[str, ...]] = Counter()
    for origin, known, count in marked:
        for reason in known.reasons:
            key = (origin, reason.code, *(reason.parameters[n] for n in sorted(reason.parameters)))
            reasons.setdefault(key, reason)
            cells[key] += count
    order = list(MarkCode)
    told = sorted(reasons, key=lambda key: (key[0], order.index(reasons[key].mark), key))
    return tuple(Remark(key[0], _called(key[0], names), reasons[key], cells[key]) for key in told)


def _called(origin: str, names: Mapping[str, str]) -> str:
    """Return the name of an origin; a cell made of parts of several houses has them all."""
    return " + ".join(names.get(each, each) for each in origin.split("+"))
