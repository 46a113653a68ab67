"""The table of `tests/spec/tables/status_algebra.py`, one test a row, by both roads."""

import pytest
from tests.spec.tables.status_algebra import ROWS
from tests.support.drafts import STATES, by, draft

from hanse.cube.algebra import combine, combine_flags, sum_cells
from hanse.cube.status import HIDDEN, SYMBOL_OF_OBS_STATUS, CellState, Flag, obs_status


@pytest.mark.parametrize(("situation", "parts", "whole"), ROWS)
def test_a_table_of_parts_adds_up(situation: str, parts: str, whole: str) -> None:
    cells = draft({"area": f"W{at}", "cell": part} for at, part in enumerate(parts.split()))
    assert by(sum_cells(cells, ["period"]), "period") == {"2024": whole}, situation


@pytest.mark.parametrize(
    ("situation", "parts", "whole"), [row for row in ROWS if "outgrow" not in row[0]]
)
def test_states_alone_combine_the_same(situation: str, parts: str, whole: str) -> None:
    state = combine(STATES.get(part, CellState.VALUE) for part in parts.split())
    seen = "x" if state in HIDDEN else SYMBOL_OF_OBS_STATUS.get(obs_status(state), "number")
    assert seen == (whole if whole in STATES else "number"), situation


def test_no_parts_at_all_are_empty() -> None:
    assert combine([]) is CellState.EMPTY
    assert sum_cells(draft([]), ["area"]).num_rows == 0


def test_what_must_be_said_first_is_said_of_the_sum() -> None:
    assert combine_flags([]) is Flag.NORMAL
    assert combine_flags([Flag.PROVISIONAL, Flag.BREAK, Flag.NORMAL]) is Flag.BREAK
    cells = draft(
        [{"cell": "3", "flag": "P"}, {"cell": "4", "flag": "A"}, {"cell": "-", "area": "W02"}]
    )
    sums = sum_cells(cells, ["area"])
    assert sums["flag"].to_pylist() == ["P", "A"]


def test_a_number_that_is_not_there_is_unknown_and_not_zero() -> None:
    cells = draft([{"cell": "3"}, {"cell": "nan"}])
    assert by(sum_cells(cells, ["area"]), "area") == {"W01": "?"}


def test_a_state_that_is_not_ours_is_unknown() -> None:
    cells = draft([{"cell": "3"}])
    strange = cells.set_column(cells.column_names.index("state"), "state", [["verzonnen"]])
    assert by(sum_cells(strange, ["area"]), "area") == {"W01": "?"}
