"""Releases that do not hold everything: what is not loaded is unknown, and never nothing."""

from collections.abc import Mapping

import pyarrow as pa
import pytest

from hanse.cube.cells import draft_schema
from hanse.cube.status import CellState
from hanse.errors import Invalid
from hanse.policies.disclosure import Closed, Rules, Structure, close
from hanse.policies.disclosure.plan import Mismatch

WIJK, GEMEENTE, SECTOR = "wijk@2025", "gemeente@2025", "statsec@2025"
AREAS = tuple(("wijk", f"{WIJK}:{code}", f"{GEMEENTE}:g") for code in ("a", "b", "c", "d"))
SEXES = (("sex", "M", "_T"), ("sex", "F", "_T"))
PLAIN = Structure(frozenset({"n"}), AREAS, {"SEX": SEXES})

Counts = Mapping[tuple[str, str, str], int | None]


def _table(counts: Counts, small: bool) -> pa.Table:
    rows = []
    for (level, area, sex), count in counts.items():
        hidden = small and count is not None and 1 <= count < 5
        state = CellState.SUPPRESSED_PRIMARY if hidden else CellState.VALUE
        state = CellState.SUPPRESSED_SOURCE if count is None else state
        rows.append(
            {
                "indicator": "n", "level": level, "area": area, "period": "2024", "SEX": sex,
                "value": None if hidden or count is None else float(count), "state": state.value,
                "flag": "A", "source_sheet": "s", "source_row": 1,
            }
        )  # fmt: skip
    return pa.Table.from_pylist(rows, schema=draft_schema(("SEX",)))


def _closed(counts: Counts, structure: Structure = PLAIN, rules: Rules = Rules()) -> Closed:  # noqa: B008
    return close(_table(counts, small=False), _table(counts, small=True), structure, rules)


def _hidden(closed: Closed) -> set[tuple[str, str]]:
    return {(r["area"], r["SEX"]) for r in closed.cells.to_pylist() if r["value"] is None}


def _wijken(*counts: int | None, total: int | None, sex: str = "_T") -> Counts:
    cells = {(WIJK, code, sex): count for code, count in zip("abcd", counts, strict=False)}
    return {**cells, (GEMEENTE, "g", sex): total}


def test_one_district_that_is_not_loaded_follows_from_the_others_and_is_protected() -> None:
    """g - a - b - c would be the three of district d, which the release does not hold."""
    assert _hidden(_closed(_wijken(20, 30, 40, total=93)))


def test_a_large_district_that_is_not_loaded_hides_nothing() -> None:
    assert _closed(_wijken(20, 30, 40, total=190)).protected == {}


def test_a_small_rest_that_is_nobody_s_place_hides_nothing() -> None:
    unknown = Structure(PLAIN.additive, AREAS, nobody={"area": frozenset({f"{WIJK}:d"})})
    assert _hidden(_closed(_wijken(20, 30, 40, total=93), unknown)) == set()


def test_a_hidden_district_beside_one_not_loaded_needs_no_partner() -> None:
    """Whatever a is, the districts that nobody loaded may make up for it."""
    assert _hidden(_closed(_wijken(3, 30, 40, total=190))) == {("a", "_T")}


def test_a_withheld_district_beside_a_loaded_total_gets_a_partner() -> None:
    hidden = _hidden(_closed(_wijken(None, 30, 40, 50, total=130)))
    assert ("a", "_T") in hidden
    assert len(hidden) > 1


def test_a_withheld_district_beside_a_total_nobody_shows_stands_alone() -> None:
    counts = dict(_wijken(None, 30, 40, 50, total=0))
    del counts[(GEMEENTE, "g", "_T")]
    assert _hidden(_closed(counts)) == {("a", "_T")}


def test_a_total_above_its_parts_is_published() -> None:
    """Seven people live nobody knows where; what is hidden is hidden all the same."""
    closed = _closed(_wijken(20, 30, 40, 50, total=147))
    assert closed.protected == {}
    closed = _closed(_wijken(3, 30, 40, 50, total=130))
    assert ("a", "_T") in _hidden(closed)
    assert closed.certificates[("n", "2024")].failed == 0


def test_parts_that_fall_short_in_one_place_are_no_excuse_in_another() -> None:
    """Among women two live nobody knows where; among men all are told, so a needs a partner."""
    men = _wijken(3, 30, 40, 50, total=123, sex="M")
    women = _wijken(20, 20, 20, 20, total=82, sex="F")
    hidden = _hidden(_closed({**men, **women}))
    assert ("a", "M") in hidden
    assert len([area for area, sex in hidden if sex == "M"]) > 1


def test_a_total_below_its_parts_may_be_set_apart() -> None:
    counts = _wijken(3, 30, 40, 50, total=90)
    with pytest.raises(Invalid, match="DISCLOSURE_NOT_ADDITIVE"):
        _closed(counts)
    assert _hidden(_closed(counts, rules=Rules(mismatch=Mismatch.APART))) == {("a", "_T")}


def test_a_total_below_its_parts_hurts_nobody_where_nothing_is_hidden() -> None:
    assert _closed(_wijken(20, 30, 40, 50, total=90)).protected == {}


def test_a_breakdown_shown_for_some_areas_only_is_protected() -> None:
    counts = {
        **_wijken(20, 30, 40, 50, total=140),
        (GEMEENTE, "g", "M"): 60,
        (GEMEENTE, "g", "F"): 80,
        (WIJK, "a", "M"): 3,
    }
    hidden = _hidden(_closed(counts))
    assert hidden == {("a", "M")}  # how many women live in a is told by nobody


def test_a_category_that_follows_is_protected_though_nobody_shows_it() -> None:
    """20 in a, 17 men: the three women follow although they have no row."""
    counts = {**_wijken(20, 30, 40, 50, total=140), (WIJK, "a", "M"): 17}
    assert _hidden(_closed(counts)) & {("a", "M"), ("a", "_T")}


def test_a_parent_whose_links_are_not_all_told_has_a_rest() -> None:
    links = AREAS[:2]
    told = Structure(frozenset({"n"}), links, {"SEX": SEXES})
    more = Structure(
        frozenset({"n"}), links, {"SEX": SEXES}, partial={"area": frozenset({f"{GEMEENTE}:g"})}
    )
    assert len(_hidden(_closed(_wijken(3, 30, total=33), told))) > 1
    assert _hidden(_closed(_wijken(3, 30, total=93), more)) == {("a", "_T")}


def test_sectors_loaded_for_some_districts_only() -> None:
    """Districts are unions of sectors; a's are loaded, b's are not, and both add up to g."""
    links = (
        *(("wijk", f"{SECTOR}:{s}", f"{WIJK}:{s[0]}") for s in ("a1", "a2", "b1", "b2")),
        *(("gemeente", f"{SECTOR}:{s}", f"{GEMEENTE}:g") for s in ("a1", "a2", "b1", "b2")),
        *(("wijken", f"{WIJK}:{w}", f"{GEMEENTE}:g") for w in ("a", "b")),
    )
    structure = Structure(frozenset({"n"}), links)
    counts = {
        (SECTOR, "a1", "_T"): 3,
        (SECTOR, "a2", "_T"): 20,
        (WIJK, "a", "_T"): 23,
        (WIJK, "b", "_T"): 50,
        (GEMEENTE, "g", "_T"): 73,
    }
    closed = _closed(counts, structure)
    assert ("a1", "_T") in _hidden(closed)
    assert {("a2", "_T"), ("a", "_T")} & _hidden(closed)


def test_a_shortage_below_is_a_shortage_of_all_above() -> None:
    """One sector has no area: district a is short, and the sectors of g with it, in both trees."""
    links = (
        *(("wijk", f"{SECTOR}:{s}", f"{WIJK}:{s[0]}") for s in ("a1", "a2", "b1", "b2")),
        *(("gemeente", f"{SECTOR}:{s}", f"{GEMEENTE}:g") for s in ("a1", "a2", "b1", "b2")),
        *(("wijken", f"{WIJK}:{w}", f"{GEMEENTE}:g") for w in ("a", "b")),
    )
    counts = {
        **{(SECTOR, s, "_T"): n for s, n in {"a1": 3, "a2": 20, "b1": 30, "b2": 40}.items()},
        (WIJK, "a", "_T"): 29,
        (WIJK, "b", "_T"): 70,
        (GEMEENTE, "g", "_T"): 99,
    }
    closed = _closed(counts, Structure(frozenset({"n"}), links))
    assert ("a1", "_T") in _hidden(closed)
    assert closed.certificates[("n", "2024")].failed == 0
