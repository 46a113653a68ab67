"""The attackers of the report know sums over time: a leak planted in them is found."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from hanse.cube.cells import draft_schema
from hanse.cube.status import CellState
from hanse.policies.attackers import Codes, Sum, determined, equations, read
from hanse.policies.disclosure import Protected, Rules, Structure, attacked, close, stock_and_flow

LEVEL, YEARS = "wijk@2025", ("2024", "2025")
FLOWS = stock_and_flow("n", ("born", "came"), (), YEARS)
COUNTS = {
    ("n", "2024"): 100,
    ("n", "2025"): 110,
    ("born", "2024"): 3,
    ("came", "2024"): 7,
    ("born", "2025"): 20,
    ("came", "2025"): 20,
}
"""A district of 100, then 110: three were born, seven moved in, nobody went."""


def table(small: CellState) -> pa.Table:
    rows = [
        {
            "indicator": name,
            "level": LEVEL,
            "area": "a",
            "period": period,
            "value": None if 1 <= count < 5 and small != CellState.VALUE else float(count),
            "state": (small if 1 <= count < 5 else CellState.VALUE).value,
            "flag": "A",
            "source_sheet": "s",
            "source_row": 1,
        }
        for (name, period), count in COUNTS.items()
    ]
    return pa.Table.from_pylist(rows, schema=draft_schema(()))


def protected() -> Protected:
    structure = Structure(frozenset({"n", "born", "came"}), identities=FLOWS)
    found = close(table(CellState.VALUE), table(CellState.SUPPRESSED_PRIMARY), structure, Rules())
    return found.protected["born", "2024"]


def test_what_follows_over_time_alone_is_found_by_the_reports_attackers() -> None:
    whole = protected()
    beside = whole.hidden & ~whole.primary
    assert beside.any()  # 110 - 100 - 7 would be the three
    safe, open_ = attacked(whole), attacked(replace(whole, hidden=whole.hidden & ~beside))
    assert safe is not None
    assert open_ is not None
    assert (safe.determined, safe.exact, safe.narrow) == (0, 0, 0)
    assert (open_.determined, open_.exact, open_.narrow) == (1, 1, 1)


def test_a_sum_over_time_is_an_equation_like_any_other() -> None:
    periods = Codes("period", {each: frozenset([each]) for each in ("y", "m1", "m2")})
    told = read((periods,), [["y", "m1", "m2"]], [10, None, 7])
    year: Sum = {("y",): 1, ("m1",): -1, ("m2",): -1}
    elsewhere: Sum = {("y",): 1, ("m3",): -1}
    assert determined(equations(told)) == set()
    system = equations(told, [year, elsewhere])
    assert [system.keys[place] for place in determined(system)] == [("m1",)]
    assert np.asarray(system.right).tolist() in ([3], [-3])
