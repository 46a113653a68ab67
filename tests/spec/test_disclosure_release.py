"""A release is closed: beside what is hidden, whatever would give it back."""

from dataclasses import replace

import pyarrow as pa
import pytest

from hanse.cube.cells import draft_schema
from hanse.cube.status import CellState
from hanse.errors import Conflict, Invalid
from hanse.policies.disclosure import Ledger, Rules, Structure, close

WIJK, GEMEENTE = "wijk@2025", "gemeente@2025"
AREAS = tuple(("wijk", f"{WIJK}:{code}", f"{GEMEENTE}:g") for code in ("a", "b", "c", "d"))
SEXES = (("sex", "M", "_T"), ("sex", "F", "_T"))
STRUCTURE = Structure(frozenset({"n", "young", "old"}), AREAS, {"SEX": SEXES})
MEN = {"a": 3, "b": 20, "c": 31, "d": 44}
WOMEN = {"a": 12, "b": 18, "c": 27, "d": 39}


def _cells(indicator: str = "n", period: str = "2024", plus: int = 0) -> list[dict[str, object]]:
    rows = []
    for code in MEN:
        rows += [(WIJK, code, "M", MEN[code] + plus), (WIJK, code, "F", WOMEN[code])]
        rows.append((WIJK, code, "_T", MEN[code] + WOMEN[code] + plus))
    for sex, values in (("M", MEN), ("F", WOMEN)):
        rows.append((GEMEENTE, "g", sex, sum(values.values()) + 4 * plus * (sex == "M")))
    whole = sum(MEN.values()) + sum(WOMEN.values()) + 4 * plus
    rows.append((GEMEENTE, "g", "_T", whole))
    return [
        {
            "indicator": indicator, "level": level, "area": area, "period": period, "SEX": sex,
            "value": float(value), "state": "value", "flag": "A",
            "source_sheet": "s", "source_row": 1,
        }
        for level, area, sex, value in rows
    ]  # fmt: skip


def _table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=draft_schema(("SEX",)))


def _judged(rows: list[dict[str, object]]) -> pa.Table:
    """Hide what is small by itself, as the profile does before."""
    marked = [
        {**row, "value": None, "state": CellState.SUPPRESSED_PRIMARY.value}
        if isinstance(row["value"], float) and 1 <= row["value"] < 5
        else row
        for row in rows
    ]
    return _table(marked)


def _hidden(cells: pa.Table) -> dict[str, str]:
    return {
        f"{row['indicator']} {row['period']} {row['area']} {row['SEX']}": row["state"]
        for row in cells.to_pylist()
        if row["value"] is None
    }


def test_a_hidden_figure_is_not_given_back_by_its_totals() -> None:
    rows = _cells()
    closed = close(_table(rows), _judged(rows), STRUCTURE, Rules())
    hidden = _hidden(closed.cells)
    assert hidden["n 2024 a M"] == "suppressed_primary"
    assert {key.split()[2] for key, state in hidden.items() if state == "suppressed_secondary"} > {
        "a"
    }
    certificate = closed.certificates[("n", "2024")]
    assert (certificate.failed, certificate.primary) == (0, 1)
    kept = [row for row in closed.cells.to_pylist() if row["value"] is not None]
    true = {(r["area"], r["SEX"]): r["value"] for r in rows}
    assert all(row["value"] == true[(row["area"], row["SEX"])] for row in kept)


def test_what_hides_nothing_is_left_as_it_is() -> None:
    rows = _cells(plus=10)
    closed = close(_table(rows), _judged(rows), STRUCTURE, Rules())
    assert closed.certificates == {}
    assert closed.cells.equals(_judged(rows))


def test_every_period_is_a_population_of_its_own() -> None:
    rows = _cells() + _cells(period="2023", plus=10)
    closed = close(_table(rows), _judged(rows), STRUCTURE, Rules())
    assert set(closed.certificates) == {("n", "2024")}
    assert not any(" 2023 " in key for key in _hidden(closed.cells))


def test_parts_of_a_whole_are_one_population() -> None:
    """Young and old add up to n: hiding young alone would be undone by n minus old."""
    whole, young = _cells("n", plus=30), _cells("young")
    old = [
        {**a, "indicator": "old", "value": float(str(a["value"])) - float(str(b["value"]))}
        for a, b in zip(whole, young, strict=True)
    ]
    rows = whole + young + old
    parts = (("parts", "young", "n"), ("parts", "old", "n"))
    closed = close(_table(rows), _judged(rows), replace(STRUCTURE, wholes=parts), Rules())
    hidden = _hidden(closed.cells)
    assert set(closed.certificates) == {("n", "2024")}
    assert "young 2024 a M" in hidden
    assert {"old 2024 a M", "n 2024 a M"} & hidden.keys()


def test_a_figure_the_source_withheld_is_not_given_back() -> None:
    rows = _cells(plus=10)
    rows[0] = {**rows[0], "value": None, "state": "suppressed_source"}
    closed = close(_table(rows), _table(rows), STRUCTURE, Rules())
    assert len(_hidden(closed.cells)) >= 4
    assert closed.certificates[("n", "2024")].failed == 0


def test_an_area_without_rows_is_unknown_and_not_nothing() -> None:
    """District d has no figures: what the municipality has beyond a, b and c lies there."""
    rows = [row for row in _cells() if row["area"] != "d"]
    closed = close(_table(rows), _judged(rows), STRUCTURE, Rules())
    assert closed.certificates[("n", "2024")].failed == 0
    assert {row["area"] for row in closed.cells.to_pylist()} == {"a", "b", "c", "g"}


def test_an_empty_cell_is_shown_and_counts_for_nothing() -> None:
    rows = _cells()
    for row in rows:
        if row["area"] == "d":
            row |= {"value": None, "state": "empty"}
        if row["area"] == "g":
            lost = {"M": 44.0, "F": 39.0, "_T": 83.0}[str(row["SEX"])]
            row["value"] = float(str(row["value"])) - lost
    closed = close(_table(rows), _judged(rows), STRUCTURE, Rules())
    states = {row["state"] for row in closed.cells.to_pylist() if row["area"] == "d"}
    assert states == {"empty"}
    assert closed.certificates[("n", "2024")].failed == 0


def test_indicators_that_do_not_add_up_are_left_alone() -> None:
    rows = _cells("share")
    assert close(_table(rows), _judged(rows), STRUCTURE, Rules()).certificates == {}


def test_what_was_shown_before_stays_shown_or_the_release_is_refused() -> None:
    rows = _cells()
    first = close(_table(rows), _judged(rows), STRUCTURE, Rules())
    ledger = Ledger().after(first.protected[("n", "2024")])
    again = close(_table(rows), _judged(rows), STRUCTURE, Rules(), {("n", "2024"): ledger})
    assert again.cells.equals(first.cells)
    everything = Ledger({key: 7 for key, value in ledger.cells.items() if value is None})
    stuck = Ledger(
        {**ledger.cells, **{key: 3 for key in everything.cells if key[1].endswith(":a")}}
    )
    with pytest.raises(Conflict):
        close(_table(rows), _judged(rows), STRUCTURE, Rules(), {("n", "2024"): stuck})


def test_a_total_below_its_parts_is_refused_by_name() -> None:
    rows = _cells()
    rows[-1] = {**rows[-1], "value": 100.0}
    with pytest.raises(Invalid) as refusal:
        close(_table(rows), _judged(rows), STRUCTURE, Rules())
    assert refusal.value.code == "DISCLOSURE_NOT_ADDITIVE"
    assert refusal.value.parameters["cell"] == f"n · {GEMEENTE}:g · _T"


def test_counts_that_are_not_whole_are_refused() -> None:
    rows = _cells()
    rows[3] = {**rows[3], "value": 20.5}
    with pytest.raises(Invalid, match="DISCLOSURE_NOT_WHOLE"):
        close(_table(rows), _judged(rows), STRUCTURE, Rules())


def test_two_tables_of_different_length_are_refused() -> None:
    rows = _cells()
    with pytest.raises(Invalid, match="DISCLOSURE_ROWS"):
        close(_table(rows), _judged(rows[1:]), STRUCTURE, Rules())
