"""Revisions, reforms, amounts, crossing areas, stock and flow, and ratios, closed together."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pytest

from hanse.cube.cells import draft_schema
from hanse.cube.status import CellState
from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure import (
    Closed,
    Ledger,
    Overlaps,
    Ratio,
    Rules,
    Structure,
    close,
    stock_and_flow,
)

WIJK, GEMEENTE = "wijk@2025", "gemeente@2025"
AREAS = tuple(("wijk", f"{WIJK}:{code}", f"{GEMEENTE}:g") for code in ("a", "b", "c", "d"))
PLAIN = Structure(frozenset({"n"}), AREAS)
NOW = ("n", "2024")

Cells = Mapping[tuple[str, str, str, str], float | None]
"""Indicator, level, area, period."""


def _table(cells: Cells, hidden: frozenset[tuple[str, str, str, str]]) -> pa.Table:
    rows = [
        {
            "indicator": indicator, "level": level, "area": area, "period": period,
            "value": None if key in hidden or value is None else float(value),
            "state": (
                CellState.SUPPRESSED_SOURCE if value is None
                else CellState.SUPPRESSED_PRIMARY if key in hidden else CellState.VALUE
            ).value,
            "flag": "A", "source_sheet": "s", "source_row": 1,
        }
        for key, value in cells.items()
        for indicator, level, area, period in [key]
    ]  # fmt: skip
    return pa.Table.from_pylist(rows, schema=draft_schema(()))


def _closed(
    cells: Cells,
    structure: Structure = PLAIN,
    ledgers: Mapping[tuple[str, str], Ledger] = MappingProxyType({}),
    hidden: frozenset[tuple[str, str, str, str]] | None = None,
    rules: Rules = Rules(),  # noqa: B008
) -> Closed:
    if hidden is None:
        hidden = frozenset(
            key for key, value in cells.items() if value is not None and 1 <= value < 5
        )
    return close(_table(cells, frozenset()), _table(cells, hidden), structure, rules, ledgers)


def _hidden(closed: Closed) -> set[str]:
    return {f"{r['indicator']} {r['area']}" for r in closed.cells.to_pylist() if r["value"] is None}


def _wijken(*counts: float | None, indicator: str = "n", period: str = "2024") -> Cells:
    """Return districts and their municipality, which is their sum."""
    cells = {(indicator, WIJK, c, period): n for c, n in zip("abcd", counts, strict=True)}
    return {**cells, (indicator, GEMEENTE, "g", period): sum(n or 0 for n in counts)}


def _after(
    closed: Closed, ledgers: Mapping[tuple[str, str], Ledger]
) -> dict[tuple[str, str], Ledger]:
    return {
        population: ledgers.get(population, Ledger()).joined(shown)
        for population, shown in closed.shown.items()
    }


def test_a_revision_of_a_shown_figure_is_published_and_the_hidden_ones_stay_hidden() -> None:
    first = _closed(_wijken(3, 20, 31, 44))
    ledgers = _after(first, {})
    assert None in ledgers[NOW].cells.values()
    second = _closed(_wijken(3, 20, 31, 46), PLAIN, ledgers)
    assert _hidden(first) <= _hidden(second)
    assert second.certificates[NOW].failed == 0
    assert len(_after(second, ledgers)[NOW].editions) == 2


def _revealed(seen: Closed, again: Closed) -> bool:
    """Say whether whoever kept both releases pins the three in district a, by plain search.

    He supposes that what is hidden in both did not change.
    """
    known = [{r["area"]: r["value"] for r in c.cells.to_pylist()} for c in (seen, again)]
    possible = set()
    for a in range(1, 60):
        for rest in range(1, 60):
            if all(_fits(table, a, rest) for table in known):
                possible.add(a)
    return len(possible) <= 2


def _fits(table: Mapping[str, float | None], a: int, rest: int) -> bool:
    """Say whether a and one hidden partner of `rest` fit a release; free partners fit anything."""
    gone = [area for area in "bcd" if table[area] is None]
    if table["g"] is None or len(gone) > 1:
        return True
    told = sum(table[area] or 0 for area in "bcd")
    return told + a + (rest if gone else 0) == table["g"]


def test_a_partner_that_was_revised_protects_no_more_than_before() -> None:
    """Release 1 hides a and b. Release 2 revises c: hiding c instead of b would pin a."""
    before, after = _wijken(3, 20, 31, 44), _wijken(3, 20, 33, 44)
    first = _closed(before)
    second = _closed(after, PLAIN, _after(first, {}))
    assert not _revealed(first, second)


def test_a_figure_that_became_small_is_hidden_though_its_old_number_is_out() -> None:
    ledgers = _after(_closed(_wijken(9, 20, 31, 44)), {})
    second = _closed(_wijken(3, 20, 31, 44), PLAIN, ledgers)
    hidden = _hidden(second)
    assert {"n a", "n g"} <= hidden  # b, c and d are out and still stand: only the total can go


def test_a_small_figure_that_is_out_and_still_stands_is_a_conflict_that_names_it() -> None:
    out = {NOW: Ledger({("n", f"{WIJK}:a"): 3})}
    with pytest.raises(Conflict) as refusal:
        _closed(_wijken(3, 20, 31, 44), PLAIN, out)
    assert refusal.value.code == "DISCLOSURE_LEDGER"
    assert refusal.value.parameters["cell"] == f"n · {WIJK}:a"


def test_three_releases_of_revised_figures_are_three_tables() -> None:
    ledgers: dict[tuple[str, str], Ledger] = {}
    for last in (44, 46, 48):
        closed = _closed(_wijken(3, 20, 31, last), PLAIN, ledgers)
        assert closed.certificates[NOW].failed == 0
        ledgers = _after(closed, ledgers)
    assert len(ledgers[NOW].editions) == 3
    assert "n a" in _hidden(closed)


OLD = "wijk@2024"


def test_old_districts_that_are_out_are_held_against_the_new_ones() -> None:
    """Of old p = a + b only p is out; the reform splits it, and a = p - b must not follow."""
    out = {NOW: Ledger({("n", f"{OLD}:p"): 23, ("n", f"{GEMEENTE}:g"): 98})}
    links = (("oud", f"{WIJK}:a", f"{OLD}:p"), ("oud", f"{WIJK}:b", f"{OLD}:p"))
    cells = dict(_wijken(3, 20, 31, 44))
    structure = replace(PLAIN, areas=(*AREAS, *links))
    assert "n b" in _hidden(_closed(cells, structure, out))  # d or c would do without the ledger
    with pytest.raises(Invalid, match="DISCLOSURE_CODE_UNKNOWN"):
        _closed(cells, PLAIN, out)


def test_old_districts_with_other_figures_stand_in_the_table_as_it_was() -> None:
    out = {NOW: Ledger({("n", f"{OLD}:p"): 20, ("n", f"{GEMEENTE}:g"): 95})}
    links = (("oud", f"{WIJK}:a", f"{OLD}:p"), ("oud", f"{WIJK}:b", f"{OLD}:p"))
    structure = replace(PLAIN, areas=(*AREAS, *links))
    closed = _closed(_wijken(3, 20, 31, 44), structure, out)
    assert "n a" in _hidden(closed)
    assert closed.certificates[NOW].failed == 0


AMOUNTS = Structure(frozenset(), AREAS, amounts=frozenset({"n"}))
PRIMARY_A = frozenset({("n", WIJK, "a", "2024")})


@pytest.mark.parametrize("scale", [1.0, 0.5, 1_000_000.25, -3.5])
def test_an_amount_hidden_by_its_own_rule_does_not_follow_by_subtraction(scale: float) -> None:
    cells = _wijken(*(scale * n for n in (12, 100, 250, 470)))
    closed = _closed(cells, AMOUNTS, hidden=PRIMARY_A)
    assert "n a" in _hidden(closed)
    assert len(_hidden(closed)) > 1
    found = closed.protected[NOW]
    model = found.model
    [a] = np.flatnonzero(found.primary)
    moved = [int(m.change[m.cells == a][0]) for m in found.moves if (m.cells == a).any()]
    level = max(1, abs(int(model.values[a])) // 10)
    assert max(moved) >= level
    assert min(moved) <= -level
    for row in closed.cells.to_pylist():
        key = (row["indicator"], row["level"], row["area"], row["period"])
        assert row["value"] in {None, cells[key]}


def test_amounts_that_add_up_but_for_their_rounding_are_one_table() -> None:
    """Shown in thousands with one decimal, the total is a tenth off the sum of its parts."""
    cells = {**_wijken(12.3, 100.1, 250.2, 470.4), ("n", GEMEENTE, "g", "2024"): 833.1}
    closed = _closed(cells, AMOUNTS, hidden=PRIMARY_A)
    assert len(_hidden(closed)) > 1
    below = {**cells, ("n", GEMEENTE, "g", "2024"): 832.9}
    assert len(_hidden(_closed(below, AMOUNTS, hidden=PRIMARY_A))) > 1
    wrong = {**cells, ("n", GEMEENTE, "g", "2024"): 820.0}
    with pytest.raises(Invalid, match="DISCLOSURE_NOT_ADDITIVE"):
        _closed(wrong, AMOUNTS, hidden=PRIMARY_A)


SECTOR = "statsec@2025"
CROSSED = (
    *(("sector", f"{SECTOR}:{s}", f"{GEMEENTE}:g") for s in ("s0", "s1", "s2")),
    *(("wijk", f"{WIJK}:{w}", f"{GEMEENTE}:g") for w in ("a", "b")),
)
INSIDE = {
    f"{SECTOR}:s0": (f"{SECTOR}:s0", f"{WIJK}:a"),
    "s1 in a": (f"{SECTOR}:s1", f"{WIJK}:a"),
    "s1 in b": (f"{SECTOR}:s1", f"{WIJK}:b"),
    f"{SECTOR}:s2": (f"{SECTOR}:s2", f"{WIJK}:b"),
}


def _crossing(sliver: int) -> Cells:
    sectors = {"s0": 40, "s1": 20 + sliver, "s2": 50}
    wijken = {"a": 40 + sliver, "b": 70}
    return {
        **{("n", SECTOR, code, "2024"): count for code, count in sectors.items()},
        **{("n", WIJK, code, "2024"): count for code, count in wijken.items()},
        ("n", GEMEENTE, "g", "2024"): 110 + sliver,
    }


def _overlaps(sliver: int) -> Overlaps:
    counts: dict[tuple[str, ...], int] = {
        ("n", "2024", "s1 in a"): sliver,
        ("n", "2024", "s1 in b"): 20,
    }
    return Overlaps(INSIDE, counts)


def test_zonings_that_cross_are_refused_unless_their_overlaps_are_told() -> None:
    structure = Structure(frozenset({"n"}), CROSSED)
    with pytest.raises(Invalid, match="DISCLOSURE_ATOMS_MISSING"):
        _closed(_crossing(3), structure)
    with pytest.raises(Invalid, match="DISCLOSURE_ATOMS_MISSING"):
        _closed(_crossing(3), replace(structure, atoms=Overlaps(INSIDE)))


def test_a_small_overlap_of_two_zonings_does_not_follow_from_their_difference() -> None:
    """a - s0 would be the three people of sector s1 who live in district a."""
    structure = Structure(frozenset({"n"}), CROSSED, atoms=_overlaps(3))
    hidden = _hidden(_closed(_crossing(3), structure))
    assert {"n s0", "n a"} & hidden
    large = Structure(frozenset({"n"}), CROSSED, atoms=_overlaps(30))
    assert _hidden(_closed(_crossing(30), large)) == set()


def _stock(born: int, last: int = 110) -> Cells:
    """Return a district of 100, then 110: `born` came, the rest moved in, nobody went."""
    return {
        ("n", WIJK, "a", "2024"): 100,
        ("n", WIJK, "a", "2025"): last,
        ("born", WIJK, "a", "2024"): born,
        ("came", WIJK, "a", "2024"): 110 - 100 - born,
        ("born", WIJK, "a", "2025"): 20,
        ("came", WIJK, "a", "2025"): 20,
    }


FLOWS = stock_and_flow("n", ("born", "came"), (), ("2024", "2025"))
STOCK = Structure(frozenset({"n", "born", "came"}), identities=FLOWS)


def test_a_flow_does_not_follow_from_two_stocks_and_the_other_flow() -> None:
    cells = _stock(3)
    apart = _closed(cells, replace(STOCK, identities=()))
    assert _hidden(apart) == {"born a"}  # 110 - 100 - 7 = 3
    together = _closed(cells, STOCK)
    assert len(_hidden(together)) > 1
    assert together.certificates[("born", "2024")] == together.certificates[("born", "2025")]


def test_a_flow_that_does_not_add_up_is_no_identity() -> None:
    assert _hidden(_closed(_stock(3, last=120), STOCK)) == {"born a"}


def test_what_is_out_of_one_period_is_held_against_the_next() -> None:
    cells = _stock(3)
    out = {
        ("born", "2024"): Ledger({("n", f"{WIJK}:a"): 100, ("came", f"{WIJK}:a"): 7}),
        ("born", "2025"): Ledger({("n", f"{WIJK}:a"): 110}),
    }
    with pytest.raises(Conflict):
        _closed(cells, STOCK, out)
    free = {place: out[place] for place in [("born", "2024")]}
    hidden = {
        (r["indicator"], r["period"])
        for r in _closed(cells, STOCK, free).cells.to_pylist()
        if r["value"] is None
    }
    assert hidden == {("born", "2024"), ("n", "2025")}


def _shares(part: int, whole: int, share: float) -> Cells:
    return {
        ("part", GEMEENTE, "g", "2024"): part,
        ("whole", GEMEENTE, "g", "2024"): whole,
        ("share", GEMEENTE, "g", "2024"): share,
    }


RATIOS: Sequence[tuple[Cells, bool, float | None]] = [
    (_shares(3, 900, 0.3), False, None),
    (_shares(30, 900, 3.3), False, 3.3),
    ({k: v for k, v in _shares(30, 900, 3.33).items() if k[0] != "part"}, True, 3.0),
    ({k: v for k, v in _shares(30, 90, 33.3).items() if k[0] != "part"}, True, None),
    ({k: v for k, v in _shares(30, 900, 3.33).items() if k[0] != "part"}, False, 3.33),
]


@pytest.mark.parametrize(("cells", "percentage", "shown"), RATIOS)
def test_a_ratio_shows_no_more_than_its_sides(
    cells: Cells, percentage: bool, shown: float | None
) -> None:
    ratio = Ratio("share", "part", "whole", percentage)
    structure = Structure(frozenset({"part", "whole"}), ratios=(ratio,))
    hidden = frozenset(k for k, v in cells.items() if k[0] == "part" and v is not None and v < 5)
    closed = _closed(cells, structure, hidden=hidden)
    [value] = [r["value"] for r in closed.cells.to_pylist() if r["indicator"] == "share"]
    assert value == shown
