"""The manual of disclosure control on its own: every step of it runs as it stands."""

import os
import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
from tests.contracts.test_docs_commands import FIRST_PORT, blocks, script
from tests.support.needs import ROOT

MANUAL = ROOT / "docs" / "disclosure.md"


def test_every_step_of_the_manual_runs_in_an_empty_folder(tmp_path: Path) -> None:
    page = MANUAL.read_text("utf-8")
    steps = [block.language for block in blocks(page)]
    assert steps.count("console") >= 3
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "COLUMNS": "120",
    }
    done = subprocess.run(
        ["bash", "-c", script(page, FIRST_PORT)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
    assert done.stdout.endswith("PAGE DONE\n")
    made = {each.name for each in tmp_path.iterdir() if not each.name.startswith(".")}
    assert {"shown.parquet", "certificate.json", "report.pdf", "report.html"} <= made
    assert pq.read_table(tmp_path / "shown.parquet")["obs_value"].null_count > 0
