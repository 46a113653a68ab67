"""What changed between two views, against the naive comparison of two dictionaries."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.tiny_node import cells

from hanse.cube.changes import changes
from hanse.cube.cleared import Cleared, scrub

Row = tuple[str, str, str, str, float | None, str]

VALUES = st.one_of(st.just((None, "Q")), st.tuples(st.sampled_from([0.0, -1.5, 7.0]), st.just("A")))
VIEWS = st.dictionaries(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["1", "2", "3"])), VALUES, max_size=6
)
View = dict[tuple[str, str], tuple[float | None, str]]


def cleared(view: View) -> Cleared:
    rows: list[Row] = [
        (indicator, "gemeente@2025", area, "2024", value, status)
        for (indicator, area), (value, status) in view.items()
    ]
    return scrub(cells(rows))


def seen(part: Cleared) -> View:
    rows = part.table.to_pylist()
    return {(row["indicator"], row["area"]): (row["obs_value"], row["obs_status"]) for row in rows}


@given(VIEWS, VIEWS)
def test_putting_and_dropping_turns_the_older_view_into_the_newer(older: View, newer: View) -> None:
    found = changes(cleared(older), cleared(newer))
    kept = {key: cell for key, cell in older.items() if key not in seen(found.removed)}
    assert kept | seen(found.updated) | seen(found.inserted) == newer
    assert seen(found.inserted).keys() == newer.keys() - older.keys()
    assert seen(found.before) == {key: older[key] for key in seen(found.updated)}


@given(VIEWS)
def test_a_view_does_not_differ_from_itself(view: View) -> None:
    found = changes(cleared(view), cleared(view))
    parts = (found.inserted, found.updated, found.before, found.removed)
    assert [part.rows for part in parts] == [0, 0, 0, 0]
