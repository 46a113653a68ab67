"""What changed between two views, against the naive comparison of two dictionaries."""

from collections.abc import Iterable

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.tiny_node import cells

from hanse.cube.changes import Changes, Transition, together
from hanse.cube.cleared import Cleared, scrub
from hanse.cube.spans import View, spans
from hanse.errors import Invalid

Row = tuple[str, str, str, str, float | None, str]
Key = tuple[str, str, str, str]
Found = dict[Key, tuple[float | None, str]]

VALUES = st.one_of(st.just((None, "Q")), st.tuples(st.sampled_from([0.0, -1.5, 7.0]), st.just("A")))
KEYS = st.tuples(
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from(["gemeente@2025", "statsec@2025"]),
    st.sampled_from(["1", "2", "3", "44"]),
    st.sampled_from(["2023", "2024"]),
)
VIEWS = st.dictionaries(KEYS, VALUES, max_size=30)
SIZES = st.sampled_from([1, 3, 8, 1_000])
patient = settings(deadline=None)


def table(view: Found, batch: int = 4) -> pa.Table:
    """Return a view as a release has it: codes of shared dictionaries, in several batches."""
    rows: list[Row] = [(*key, value, status) for key, (value, status) in view.items()]
    plain = cells(rows)
    columns = [
        column.combine_chunks().dictionary_encode() if column.type == pa.string() else column
        for column in plain.columns
    ]
    coded = pa.table(dict(zip(plain.column_names, columns, strict=True))).combine_chunks()
    pieces = coded.to_batches(max_chunksize=batch)
    return pa.Table.from_batches(pieces, coded.schema)


def seen(parts: Iterable[Cleared]) -> Found:
    """Return the cells of some parts; one that stands twice is a fault."""
    found: Found = {}
    for part in parts:
        for row in part.table.to_pylist():
            key = (row["indicator"], row["level"], row["area"], row["period"])
            assert key not in found
            found[key] = (row["obs_value"], row["obs_status"])
    return found


def every(older: Found, newer: Found, rows: int) -> list[Changes]:
    return [found for (found,) in together([Transition(table(older), table(newer))], rows)]


@patient
@given(VIEWS, VIEWS, SIZES)
def test_putting_and_dropping_turns_the_older_view_into_the_newer(
    older: Found, newer: Found, rows: int
) -> None:
    found = every(older, newer, rows)
    inserted = seen(each.inserted for each in found)
    updated = seen(each.updated for each in found)
    removed = seen(each.removed for each in found)
    kept = {key: cell for key, cell in older.items() if key not in removed}
    assert kept | updated | inserted == newer
    assert inserted.keys() == newer.keys() - older.keys()
    assert updated.keys() == {
        key for key in newer.keys() & older.keys() if newer[key] != older[key]
    }
    assert seen(each.before for each in found) == {key: older[key] for key in updated}
    assert removed == {key: older[key] for key in older.keys() - newer.keys()}


@patient
@given(VIEWS, VIEWS, SIZES)
def test_what_is_put_and_dropped_part_by_part_is_all_of_it(
    older: Found, newer: Found, rows: int
) -> None:
    way = Transition(table(older), table(newer), rows)
    put, removed = seen(way.put()), seen(way.removed())
    assert put == {key: newer[key] for key in newer if older.get(key) != newer[key]}
    assert removed.keys() == older.keys() - newer.keys()
    assert way.rows == len(put) + len(removed)
    assert way.hidden == sum(status == "Q" for _, status in put.values())


@patient
@given(VIEWS)
def test_a_view_does_not_differ_from_itself(view: Found) -> None:
    way = Transition(table(view), table(view, batch=7))
    assert (way.rows, way.hidden, list(way.put()), list(way.removed())) == (0, 0, [], [])


@patient
@given(st.lists(VIEWS, min_size=1, max_size=3), SIZES)
def test_parts_hold_every_row_once_and_are_no_longer_than_asked(
    held: list[Found], rows: int
) -> None:
    views = [View(table(each)) for each in held]
    parts = spans(views, rows)
    for view, found in zip(views, held, strict=True):
        gathered = [scrub(view.rows(part)) for part in parts]
        assert seen(gathered) == found
    for part in parts:
        together_ = seen(scrub(view.rows(part)) for view in views[:1])
        series = {key[:3] for key in together_}
        assert len(together_) <= rows or len(series) == 1


def series(part: Cleared) -> set[tuple[str, str, str]]:
    rows = part.table.to_pylist()
    return {(row["indicator"], row["level"], row["area"]) for row in rows}


@patient
@given(VIEWS, SIZES)
def test_a_series_is_never_cut(view: Found, rows: int) -> None:
    way = Transition(table({}), table(view), rows)
    held = [each for part in way.put() for each in series(part)]
    assert len(held) == len(set(held))


def test_a_breakdown_that_one_of_them_lacks_stands_at_its_total_there() -> None:
    row: Row = ("a", "gemeente@2025", "1", "2024", 5.0, "A")
    older, newer = cells([row]), cells([row], SEX="_T")
    assert Transition(older, newer).rows == 0
    assert Transition(newer, older).dimensions == ("SEX",)
    other = Transition(older, cells([row], SEX="M"))
    assert (other.rows, [part.table.num_rows for part in other.removed()]) == (2, [1])
    assert next(other.removed()).table.column("SEX").to_pylist() == ["_T"]


def test_a_number_under_what_is_hidden_makes_no_difference_and_never_leaves() -> None:
    one = cells([("a", "gemeente@2025", "1", "2024", None, "Q")])
    careless = pa.Array.from_buffers(
        pa.float64(), 1, [pa.py_buffer(b"\x00"), pa.array([73_194_628.0]).buffers()[1]], 1
    )
    other = one.set_column(4, "obs_value", careless)
    assert Transition(one, other).rows == 0
    put = next(Transition(one.slice(0, 0), other).put())
    values = put.table.column("obs_value").chunk(0)
    assert values.to_pylist() == [None]
    assert (
        pa.array([73_194_628.0]).buffers()[1].to_pybytes() not in values.buffers()[1].to_pybytes()
    )


def test_a_hidden_cell_with_a_number_is_refused() -> None:
    wrong = cells([("a", "gemeente@2025", "1", "2024", 4.0, "Q")])
    with pytest.raises(Invalid) as refused:
        list(Transition(wrong.slice(0, 0), wrong).put())
    assert refused.value.code == "CELLS_HIDDEN_NUMBER"


def grown(rows: int, step: float) -> pa.Table:
    """Return a view of one series, ten areas to every hundred rows, over dictionaries."""
    found: Found = {
        ("a", "gemeente@2025", f"{number // 10:06}", str(2010 + number % 10)): (number + step, "A")
        for number in range(rows)
    }
    return table(found, batch=1_000)


def most(rows: int) -> int:
    """Return the most bytes that are held while a view of which every cell changed is told."""
    way = Transition(grown(rows, 0.0), grown(rows, 0.5), 2_000)
    assert way.rows == rows
    before, found = pa.total_allocated_bytes(), 0
    for part in way.put():
        assert 0 < part.rows <= 1_000
        found = max(found, pa.total_allocated_bytes() - before)
    return found


def test_four_times_the_changes_need_no_more_memory() -> None:
    assert most(20_000) <= most(5_000) * 1.5
