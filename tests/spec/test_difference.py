"""The table of `tests/spec/tables/difference.py`, one test a row, and the rules around it."""

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.spec.tables.difference import ROWS
from tests.support.presses import SECTOR, TOWN, contract, indicator

from hanse.cube.cells import MEASURE_COLUMNS, key_columns
from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.contract import Access, Contract
from hanse.cube.indicator import IndicatorState
from hanse.node.releases import difference
from hanse.node.releases.difference import Axis, Difference, compare

Cells = dict[tuple[str, str, str], str]

SEXES = tuple(Code(code, {"nl": code}) for code in ("_T", "F", "M"))
SEX = Dimension("SEX", Codelist("CL_SEX", SEXES))
BEFORE = contract(dimensions=(SEX,), access=Access.PROTOCOL)
CELLS: Cells = {
    (area, period, sex): "100"
    for area in ("11002", "41002")
    for period in ("2023", "2024")
    for sex in ("_T", "F", "M")
} | {("41002", "2023", "_T"): "x"}


def table(cells: Cells) -> pa.Table:
    lines = [
        {
            "indicator": "inw",
            "level": TOWN,
            "area": area,
            "period": period,
            "SEX": sex,
            "obs_value": None if text == "x" else float(text.rstrip("p")),
            "obs_status": "Q" if text == "x" else "P" if text.endswith("p") else "A",
            "conf_status": "C" if text == "x" else "F",
        }
        for (area, period, sex), text in cells.items()
    ]
    names = [*key_columns(("SEX",)), *MEASURE_COLUMNS]
    types = [pa.float64() if name == "obs_value" else pa.string() for name in names]
    return pa.Table.from_pylist(lines, schema=pa.schema(list(zip(names, types, strict=True))))


def with_cell(text: str) -> Cells:
    place, _, value = text.partition("=")
    area, _, period = place.partition("/")
    key = (area, period, "_T")
    return {k: v for k, v in CELLS.items() if k != key} | ({} if value == "gone" else {key: value})


def with_field(text: str) -> Contract:
    name, _, value = text.partition("=")
    typed: dict[str, Any] = {
        "state": IndicatorState.PHASING_OUT,
        "footnote": {"nl": "Let op."},
    }
    fields = {name: typed.get(name, value)}
    return replace(BEFORE, indicators=(indicator(**fields),))


def with_codes(codes: tuple[Code, ...]) -> Contract:
    return replace(BEFORE, dimensions=(Dimension("SEX", Codelist("CL_SEX", codes)),))


CONTRACTS = {
    "+indicator": replace(BEFORE, indicators=(*BEFORE.indicators, indicator("new"))),
    "-indicator": replace(BEFORE, indicators=()),
    "+level": replace(BEFORE, levels=(TOWN, SECTOR)),
    "-level": replace(BEFORE, levels=()),
    "+code": with_codes((*SEXES, Code("X", {"nl": "X"}))),
    "-code": with_codes(SEXES[:2]),
    "-dimension": replace(BEFORE, dimensions=()),
    "access=open": replace(BEFORE, access=Access.OPEN),
    "access=internal": replace(BEFORE, access=Access.INTERNAL),
    "licence=other": replace(BEFORE, licence="other"),
    "profile=open-0": replace(BEFORE, profile="open-0"),
    "theme=wonen": replace(BEFORE, theme="wonen"),
}


def after(text: str) -> Difference:
    kind, _, rest = text.partition(" ")
    cells = with_cell(rest) if kind == "cell" else CELLS
    made = with_field(rest) if kind == "indicator" else CONTRACTS.get(rest, BEFORE)
    return compare((BEFORE, table(CELLS)), made, table(cells))


def named(found: Difference) -> str:
    return " ".join(
        f"{each.subject}.{each.field}" if each.field else f"{each.rule} {each.subject}"
        for each in found.changes
    )


@pytest.mark.parametrize(
    ("situation", "text", "weight", "added", "changed", "removed", "rules"), ROWS
)
def test_a_change_weighs_what_the_table_says(
    situation: str, text: str, weight: str, added: int, changed: int, removed: int, rules: str
) -> None:
    found = after(text)
    counts = (found.added, found.changed, found.removed)
    assert (found.weight.name.lower(), *counts, named(found)) == (
        weight,
        added,
        changed,
        removed,
        rules,
    ), situation
    assert found.breaking == (weight == "major")
    assert found.nothing == (text == "")
    assert difference.load(difference.dump(found)) == found


def test_a_sheet_that_was_saved_again_changes_nothing() -> None:
    assert after("cell 11002/2024=100.00000000000001").nothing


def test_hiding_and_showing_are_counted() -> None:
    assert after("cell 11002/2024=x").newly_hidden == 1
    assert after("cell 41002/2023=7").newly_shown == 1


def test_axes_say_what_came_and_went() -> None:
    assert after("cell 11002/2025=1").periods == Axis(added=("2025",))
    assert after("cell 44021/2024=1").areas == Axis(added=(f"{TOWN}:44021",))


def test_an_indicator_whose_cells_are_all_gone_breaks() -> None:
    found = compare((BEFORE, table(CELLS)), BEFORE, table(CELLS).slice(0, 0))
    assert found.indicators == Axis(removed=("inw",))
    assert found.breaking
    assert found.cells_removed == ()


def test_a_first_release_adds_everything_and_breaks_nothing() -> None:
    found = compare(None, BEFORE, table(CELLS))
    assert (found.first, found.added, found.breaking) == (True, len(CELLS), False)
    assert difference.load(difference.dump(found)) == found


def test_a_breakdown_that_was_added_is_compared_with_the_total() -> None:
    plain = table({key: text for key, text in CELLS.items() if key[2] == "_T"})
    found = compare((BEFORE, plain.drop_columns(["SEX"])), BEFORE, table(CELLS))
    assert (found.added, found.changed, found.removed) == (8, 0, 0)


KEYS = st.tuples(
    st.sampled_from(["1", "2"]), st.sampled_from(["2023", "2024"]), st.sampled_from(["_T", "F"])
)
ANY_CELLS = st.dictionaries(KEYS, st.sampled_from(["1", "2", "x", "2p"]), min_size=1)


@settings(max_examples=150, deadline=None)
@given(old=ANY_CELLS, new=ANY_CELLS)
def test_counts_are_those_of_comparing_cell_by_cell(old: Cells, new: Cells) -> None:
    found = compare((BEFORE, table(old)), BEFORE, table(new))
    assert found.added == len(new.keys() - old.keys())
    assert found.removed == len(old.keys() - new.keys())
    assert found.changed == sum(old[key] != new[key] for key in old.keys() & new.keys())
    assert sum(found.revised.values()) == found.changed
