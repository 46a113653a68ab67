"""A comparison over nodes as a value: each cell with origin and mark, each node's account.

Rows stand in the order of their keys and origin, so that the order in which nodes were asked or
answered never shows.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import pyarrow as pa

from hanse.client.conversation import Pulled
from hanse.client.fanout import Reply
from hanse.client.marks import Marks, Place
from hanse.client.outcome import NodeState, Outcome
from hanse.client.recast import Onto, laid, worded
from hanse.client.shape import AS_IT_IS, Shape
from hanse.cube.benchmark import Spread, Trend
from hanse.cube.cells import KEY_COLUMNS, MEASURE_COLUMNS
from hanse.cube.codelist import TOTAL
from hanse.cube.comparability import Mark, MarkCode, Reason
from hanse.messages import say

ORIGIN_COLUMNS: Final = ("origin", "origin_name", "dataset", "release", "manifest")
MARK_COLUMNS: Final = ("mark", "reasons")
SCHEMA: Final = 1


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
    per origin and reason, gravest first within an origin.
    """

    table: pa.Table
    outcomes: tuple[Outcome, ...]
    seconds: float
    deadline_seconds: float
    remarks: tuple[Remark, ...] = ()
    spreads: tuple[Spread, ...] = ()
    trends: tuple[Trend, ...] = ()

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
            **self._beside(),
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
    table = _gather(pulls)
    if onto and pulls:
        table = laid(table, pulls, onto)
    if pulls:
        table = shape.applied(table)
    remarks: tuple[Remark, ...] = ()
    if marked:
        wanted = frozenset(each.target for each in onto)
        table, remarks = _mark(table, pulls, wanted)
    outcomes = sorted(
        (reply.outcome for reply in replies), key=lambda each: (each.agency, each.dataset)
    )
    beside = shape.beside(table)
    return Comparison(table, tuple(outcomes), seconds, deadline_seconds, remarks, *beside)


def _gather(pulls: Sequence[Pulled]) -> pa.Table:
    """Stack the tables; a node without a breakdown that others have gives totals of it."""
    dimensions = sorted(
        {name for pull in pulls for name in pull.table.column_names if name.isupper()}
    )
    names = (*KEY_COLUMNS, *dimensions, *MEASURE_COLUMNS, *ORIGIN_COLUMNS)
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
    rows = pull.table.num_rows
    columns = {
        name: pull.table.column(name)
        if name in pull.table.column_names
        else pa.array([told.get(name, TOTAL)] * rows, pa.string())
        for name in names
    }
    return pa.table(columns)


def _empty(names: Sequence[str]) -> pa.Table:
    return pa.table(
        {name: pa.array([], pa.float64() if name == "obs_value" else pa.string()) for name in names}
    )


def _mark(
    table: pa.Table, pulls: Sequence[Pulled], wanted: frozenset[str]
) -> tuple[pa.Table, tuple[Remark, ...]]:
    names = [name for name in Place._fields if name in table.column_names]
    columns = (table.column(name).to_pylist() for name in names)
    places = [Place(*values) for values in zip(*columns, strict=True)]
    marks = Marks.over(pulls, places, wanted)
    found = [marks.of(place) for place in places]
    codes = pa.array([each.code.value for each in found], pa.string())
    told = [" ".join(reason.code for reason in each.reasons) for each in found]
    marked = table.append_column("mark", codes)
    remarks = _remarks([place.origin for place in places], found, pulls)
    return marked.append_column("reasons", pa.array(told, pa.string())), remarks


def _remarks(
    origins: Sequence[str], marks: Sequence[Mark], pulls: Sequence[Pulled]
) -> tuple[Remark, ...]:
    """Return every reason once per origin; equal marks are one object, so few are looked into."""
    names = {pull.agency: pull.name for pull in pulls}
    by_id = {id(each): each for each in marks}
    reasons: dict[tuple[str, ...], Reason] = {}
    cells: Counter[tuple[str, ...]] = Counter()
    for (origin, known), count in Counter(zip(origins, map(id, marks), strict=True)).items():
        for reason in by_id[known].reasons:
            key = (origin, reason.code, *(reason.parameters[n] for n in sorted(reason.parameters)))
            reasons.setdefault(key, reason)
            cells[key] += count
    order = list(MarkCode)
    told = sorted(reasons, key=lambda key: (key[0], order.index(reasons[key].mark), key))
    return tuple(Remark(key[0], _called(key[0], names), reasons[key], cells[key]) for key in told)


def _called(origin: str, names: Mapping[str, str]) -> str:
    """Return the name of an origin; a cell made of parts of several houses has them all."""
    return " + ".join(names.get(each, each) for each in origin.split("+"))
