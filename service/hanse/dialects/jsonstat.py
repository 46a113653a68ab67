"""JSON-stat 2.0: a dense cube of one area level, with a status for all but plain values.

A combination of codes that the release does not hold has no value and the status `_Z`; a cell that
is there without a value says why with its own (`Q` hidden, `L` unknown …). Source: JSON-stat 2.0
full format; codes of observation status: SDMX.

Lost: who may see what (an answer is one reader's view), annotations of an indicator beyond unit,
decimals and reference point; everything else stands in the document.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hanse.cube.cleared import Cleared
from hanse.cube.codelist import TOTAL
from hanse.cube.indicator import Indicator, MeasureType
from hanse.dialects.edition import Edition, text_in
from hanse.messages import say

MEDIA_TYPE: Final = "application/json"
ABSENT: Final = "_Z"
INDICATOR, REF_AREA, TIME_PERIOD = "INDICATOR", "REF_AREA", "TIME_PERIOD"

Role = Literal["metric", "geo", "time", ""]
_COLUMNS: Final = {INDICATOR: "indicator", REF_AREA: "area", TIME_PERIOD: "period"}
_STOCK: Final = ("P1D@",)


@dataclass(frozen=True, slots=True)
class Axis:
    """One dimension of a cube: its codes in order, and what each is called."""

    id: str
    label: str
    codes: tuple[str, ...]
    labels: tuple[str, ...]
    role: Role = ""
    parents: Mapping[str, str] | None = None

    @property
    def total(self) -> str | None:
        """The code that stands for all of them, where there is one: it may be left out."""
        return TOTAL if not self.role and TOTAL in self.codes else None

    def only(self, codes: Iterable[str]) -> "Axis":
        """Return the axis with these of its codes, in its own order."""
        chosen = frozenset(codes)
        kept = [n for n, code in enumerate(self.codes) if code in chosen]
        return Axis(
            self.id,
            self.label,
            tuple(self.codes[n] for n in kept),
            tuple(self.labels[n] for n in kept),
            self.role,
            self.parents,
        )


def axes(edition: Edition, level: str, lang: str) -> tuple[Axis, ...]:
    """Return the dimensions of the cube of one level: indicators, areas, breakdowns, periods."""
    held = edition.areas[level]
    names = edition.levels[level].name
    return (
        Axis(
            INDICATOR,
            say("JSONSTAT_INDICATOR", lang),
            tuple(each.id.upper() for each in edition.indicators),
            tuple(text_in(each.name, lang, each.id) for each in edition.indicators),
            "metric",
        ),
        Axis(
            REF_AREA,
            text_in(names, lang, level),
            tuple(area.code for area in held),
            tuple(area.name for area in held),
            "geo",
        ),
        *(
            Axis(
                each.id,
                text_in(each.name or each.codelist.name, lang, each.id),
                tuple(code.id for code in each.codelist.codes),
                tuple(text_in(code.name, lang, code.id) for code in each.codelist.codes),
                parents={code.id: code.parent for code in each.codelist.codes if code.parent},
            )
            for each in edition.dimensions
        ),
        Axis(
            TIME_PERIOD,
            say("JSONSTAT_PERIOD", lang),
            tuple(str(each) for each in edition.periods),
            tuple(each.label(lang) for each in edition.periods),
            "time",
        ),
    )


def size(cube: Iterable[Axis]) -> int:
    """Return how many cells the dense cube has."""
    count = 1
    for axis in cube:
        count *= len(axis.codes)
    return count


@dataclass(frozen=True, slots=True)
class Filled:
    """The values of a dense cube, row by row in the order of its axes, and the status of each."""

    values: "np.ndarray[tuple[int], np.dtype[np.float64]]"
    statuses: "np.ndarray[tuple[int], np.dtype[np.str_]]"


def filled(pieces: Iterable[Cleared], cube: tuple[Axis, ...]) -> Filled:
    """Return the dense cube that holds these cells; cells with codes of no axis stay out."""
    count = size(cube)
    values = np.full(count, np.nan)
    statuses = np.full(count, ABSENT, dtype="<U2")
    for cleared in pieces:
        places, inside = _places(cleared.table, cube)
        found = cleared.table.column("obs_value").to_numpy(zero_copy_only=False)
        told = np.asarray(cleared.table.column("obs_status").to_pylist(), dtype="<U2")
        values[places[inside]] = found[inside]
        statuses[places[inside]] = told[inside]
    return Filled(values, statuses)


def _places(
    table: pa.Table, cube: tuple[Axis, ...]
) -> "tuple[np.ndarray[Any, np.dtype[np.int64]], np.ndarray[Any, np.dtype[np.bool_]]]":
    places = np.zeros(table.num_rows, np.int64)
    inside = np.ones(table.num_rows, np.bool_)
    for axis in cube:
        column = table.column(_COLUMNS.get(axis.id, axis.id))
        held = [code.lower() if axis.id == INDICATOR else code for code in axis.codes]
        found = pc.index_in(column, value_set=pa.array(held, pa.string()))
        at = pc.fill_null(found, -1).to_numpy(zero_copy_only=False)
        inside &= at >= 0
        places = places * len(axis.codes) + at
    return places, inside


def document(
    edition: Edition, cube: tuple[Axis, ...], held: Filled | None, lang: str
) -> dict[str, Any]:
    """Return the dataset; without cells (None) its description, which has no values."""
    roles: dict[str, list[str]] = {}
    for axis in cube:
        if axis.role:
            roles.setdefault(axis.role, []).append(axis.id)
    values: list[float | None] = []
    statuses: dict[str, str] = {}
    if held is not None:
        missing = np.isnan(held.values).tolist()
        numbers = held.values.tolist()
        values = [None if gone else n for gone, n in zip(missing, numbers, strict=True)]
        marked = np.flatnonzero(held.statuses != "A").tolist()
        statuses = {str(place): str(held.statuses[place]) for place in marked}
    return {
        "version": "2.0",
        "class": "dataset",
        "label": text_in(edition.contract.title, lang, edition.slug),
        "source": edition.publisher,
        "updated": edition.moment,
        "role": roles,
        "id": [axis.id for axis in cube],
        "size": [len(axis.codes) for axis in cube],
        "dimension": {axis.id: _dimension(axis, edition) for axis in cube},
        "value": values,
        **({"status": statuses} if held is not None else {}),
        "extension": {
            "px": {"tableid": edition.dialect_id, "contact": []},
            "hanse": {
                "release": edition.release,
                "manifest": edition.manifest,
                "licence": edition.licence,
                "absent": ABSENT,
                **({"sdc_method": edition.sdc_method} if edition.sdc_method else {}),
            },
        },
    }


def written(found: Mapping[str, Any]) -> bytes:
    """Return a document as bytes."""
    return json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _dimension(axis: Axis, edition: Edition) -> dict[str, Any]:
    category: dict[str, Any] = {
        "index": {code: place for place, code in enumerate(axis.codes)},
        "label": dict(zip(axis.codes, axis.labels, strict=True)),
    }
    extension: dict[str, Any] = {"elimination": axis.total is not None, "show": "code_value"}
    if axis.total is not None:
        extension["eliminationValueCode"] = axis.total
    if axis.id == INDICATOR:
        shown = [each for each in edition.indicators if each.id.upper() in axis.codes]
        category["unit"] = {
            each.id.upper(): {"base": each.unit, "decimals": each.decimals} for each in shown
        }
        extension["measuringType"] = {each.id.upper(): _measuring(each) for each in shown}
        extension["refperiod"] = {each.id.upper(): each.reference_point for each in shown}
    children = _children(axis)
    if children:
        category["child"] = children
    lists: list[object] = []
    return {
        "label": axis.label,
        "category": category,
        "extension": {**extension, "codelists": lists, "codeLists": lists},
    }


def _children(axis: Axis) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for code, parent in (axis.parents or {}).items():
        if code in axis.codes and parent in axis.codes:
            found.setdefault(parent, []).append(code)
    return found


def _measuring(indicator: Indicator) -> str:
    if indicator.measure_type in (MeasureType.MEAN, MeasureType.MEDIAN):
        return "Average"
    if indicator.reference_point.startswith(_STOCK):
        return "Stock"
    return "Flow" if indicator.reference_point == "during-period" else "Other"
