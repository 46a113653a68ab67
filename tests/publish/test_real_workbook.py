"""A real upload of sectors: towns equal an independent sum and are shown where that is safe."""

from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
import typer
from tests.support.needs import shared_data
from tests.support.presses import clock, press
from typer.testing import CliRunner

from hanse.cli import intake
from hanse.cube.query import Extent
from hanse.node import areas, home, publish
from hanse.node.intake import draft as drafts
from hanse.node.publish import Intent
from hanse.node.releases import manifest
from hanse.node.releases.cells import open_cells
from hanse.node.verifying import Verified
from hanse.policies.attackers import Codes, Needs, audit, determined, equations, read

SECTOR, TOWN = "statsec@2019", "gemeente@2025"
COUNT = "v2506_elek_res_n"

PARENTS = """
CREATE TABLE parents AS
SELECT DISTINCT step.statsec2019 AS sector, town.gemeente AS town
FROM read_csv(?, all_varchar=true) AS step
JOIN read_csv(?, all_varchar=true) AS town USING (statsec2024)
"""
SUMS = """
SELECT town, period, sum(value)
FROM cells JOIN parents ON sector = area
WHERE indicator = ?
GROUP BY ALL
"""


def imported(at: Path) -> drafts.Draft:
    uploads, app = shared_data() / "swing_uploads", typer.Typer()
    intake.register(app)
    commands = [
        ["areas", "import", str(shared_data() / "pinc_areas")],
        [
            *("import", "swing", str(uploads / "elektriciteit_gas_statsec2019_upload.xlsx")),
            *("--indicators", str(uploads / "elektriciteit_gas_Indicators.xlsx")),
            *("--dataset", "energie", "--title", "Energie", "--theme", "milieu"),
            *("--description", "Elektriciteit en gas per sector."),
        ],
    ]
    for command in commands:
        done = CliRunner().invoke(app, [*command, "--home", str(at)])
        assert done.exit_code == 0, done.output
    return drafts.load(at, "energie")


@pytest.mark.needs("shared_data")
def test_towns_are_the_sum_of_their_sectors_and_give_none_back(tmp_path: Path) -> None:
    node = tmp_path / "node"
    home.init(node, {"agency": "NIS41002"})
    draft = imported(node)
    assert draft.cells.num_rows == 40_932 * 9
    contract = replace(draft.contract, levels=(SECTOR, TOWN), partition_level=TOWN)
    on = press(node, registry=areas.load(node), clock=clock())
    row = publish.publish(on, replace(draft, contract=contract), Intent(), "an")
    found = open_cells(manifest.folder_of(node, row.digest))
    shown = found.select(Extent(indicators=frozenset({COUNT})))
    tables = shared_data() / "pinc_areas"
    files = [
        str(tables / "agg_statsec2019_statsec2024.csv"),
        str(tables / "agg_statsec2024_gemeente.csv"),
    ]
    connection = duckdb.connect()
    connection.register("cells", draft.cells)
    connection.execute(PARENTS, files)
    sums = connection.execute(SUMS, [COUNT]).fetchall()
    expected = {(town, period): value for town, period, value in sums}
    parents = dict(connection.execute("SELECT sector, town FROM parents").fetchall())
    lines = shown.to_pylist()
    hidden = [each for each in lines if each["level"] == SECTOR and each["obs_status"] == "Q"]
    towns = [each for each in lines if each["level"] == TOWN and each["obs_status"] == "A"]
    spoiled = {(parents.get(each["area"]), each["period"]) for each in hidden}
    assert hidden
    for each in towns:
        assert each["obs_value"] == pytest.approx(expected[each["area"], each["period"]])
    safe = spoiled & {(each["area"], each["period"]) for each in towns}
    assert len(safe) > 100  # totals of hidden sectors, shown because nothing follows from them
    for period in sorted({each["period"] for each in lines}):
        attack([each for each in lines if each["period"] == period], parents)
    proven = publish.verified(on, "energie")
    assert isinstance(proven, Verified)
    assert proven.holds
    assert proven.witnessed > 100


def attack(lines: list[dict[str, object]], parents: dict[str, str]) -> None:
    """Work out what can be worked out of what was published; there must be nothing."""
    sectors = [str(each["area"]) for each in lines if each["level"] == SECTOR]
    towns = {str(each["area"]) for each in lines if each["level"] == TOWN}
    inside = [each for each in sectors if parents.get(each) in towns]
    codes = Codes.of("area", [inside, [parents[each] for each in inside]], None)
    told = [each for each in lines if each["area"] in codes.pieces]
    told = [each for each in told if each["obs_status"] in {"A", "Q"}]
    values = [
        None if each["obs_value"] is None else int(str(each["obs_value"])[:-2]) for each in told
    ]
    system = equations(read([codes], [[str(each["area"]) for each in told]], values))
    hidden = np.flatnonzero(system.row >= 0)
    assert hidden.size
    assert not set(hidden.tolist()) & determined(system)
    lower = np.where(system.row >= 0, 1, 0)
    nothing = np.zeros(system.size, dtype=np.int64)
    assert not audit(system, Needs(hidden, lower, nothing, 2)).exact.size
