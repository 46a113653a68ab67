"""Disclosure control on the benchmark tables: what it hides, what it costs, and what is left open.

    python -m tests.bench.disclosure [TABLE …] [--judge]

Every run is a process of its own, so that its peak memory is its own; numba's code is compiled and
cached before the clock starts. `--judge` lets the independent auditor look for cells below R1, on
our tables and on the recorded patterns of other tools.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from dataclasses import dataclass, replace

import numpy as np
import pyarrow.parquet as pq
from tests.support.disclosure import (
    attacked,
    bench,
    bench_codes,
    bench_path,
    bench_plan,
    pattern,
)

from hanse.policies.attackers import Needs, System, audit, determined, equations
from hanse.policies.disclosure import Rules, inside, protect, public, recheck, sidecar
from hanse.policies.disclosure.plan import R2, Effort

TABLES = ("t10k_nested", "t10k_overlap", "t10k_ov6", "t30k_nested", "t30k_overlap", "t30k_ov6")

ONCE = Rules(effort=Effort.ONCE, slivers=False)
SETTINGS = {
    "once": ONCE,
    "once, slivers": replace(ONCE, slivers=True),
    "pruned": replace(ONCE, effort=Effort.PRUNE),
    "pruned, slivers": Rules(),
    "lower 0": replace(ONCE, attacker_lower=0, effort=Effort.PRUNE),
    "R2": replace(ONCE, require=R2, effort=Effort.PRUNE),
}

COLUMNS = (
    "table", "setting", "secondary", "protected", "proven whole",
    "CPU s", "verify s", "MB", "below R1", "linear",
)  # fmt: skip

OTHERS = (
    ("gauss_t10k_nested_none", 957, 11.8),
    ("gauss_t10k_nested_anysum", 1073, 11.3),
    ("gauss_t10k_nested_intervals", 1075, 615.8),
    ("sdctable_t10k_nested_hypercube", 3643, 99.2),
    ("sdctable_t10k_nested_simpleheuristic_old", 1275, 0.37),
    ("gauss_t10k_overlap_none", 663, 12.7),
    ("gauss_t30k_nested_none", 2647, 96.6),
    ("gauss_t30k_nested_anysum", 2865, 91.1),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run: processor seconds to protect and to verify, peak memory, cells below R1."""

    table: str
    setting: str
    secondary: int
    protected: int
    whole: int
    seconds: float
    verify_seconds: float
    megabytes: int
    below: int
    linear: int


def measured(name: str, setting: str, judge: bool) -> Run:
    """Protect one table in this process and say what it took."""
    warm = bench_plan("t10k_nested", ONCE)
    protect(bench("t10k_nested"), warm)
    table, plan = bench(name), bench_plan(name, SETTINGS[setting])
    start = time.process_time()
    found = protect(table, plan)
    seconds = time.process_time() - start
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    start = time.process_time()
    held = recheck(table, plan, public(found), sidecar(found), found.certificate.content())
    if not held.holds:
        raise SystemExit(f"{name}, {setting}: the proof does not hold")
    checked = time.process_time() - start
    below = linear = -1
    if judge:
        system = attacked(bench_codes(name), public(found))
        below, linear = judged(system, inside(found)["value"].to_pylist(), 1)
    certificate = found.certificate
    return Run(
        name, setting, certificate.secondary, certificate.protected, certificate.proven_whole,
        seconds, checked, megabytes, below, linear,
    )  # fmt: skip


def judged(system: System, values: list[int], least: int) -> tuple[int, int]:
    """Return how many small counts fail R1, and how many follow by linear algebra."""
    true = np.where(system.row >= 0, np.array([*values, 0])[system.row], 0)
    cells = np.flatnonzero((system.row >= 0) & (true >= 1) & (true < Rules().k))
    needs = Needs(cells, np.where(system.row >= 0, least, 0), true + 1, 2)
    return audit(system, needs).below.size, len(determined(system) & set(cells.tolist()))


def others() -> None:
    """Print what the same auditor finds in the recorded patterns of other tools."""
    heading("pattern", "secondary", "s (recorded)", "below R1, least 1", "least 0")
    for name, secondary, seconds in OTHERS:
        values = pq.read_table(bench_path(name))["freq"].to_pylist()
        system = equations(pattern(name))
        below = [judged(system, values, least)[0] for least in (1, 0)]
        print(f"| {name} | {secondary} | {seconds} | {below[0]} | {below[1]} |", flush=True)


def heading(*names: str) -> None:
    print("| " + " | ".join(names) + " |")
    print("|" + "---|" * len(names))


def main() -> None:
    """Run every table and setting in a process of its own, and print one row each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("tables", nargs="*", default=TABLES)
    parser.add_argument("--settings", default="once;pruned;pruned, slivers")
    parser.add_argument("--judge", action="store_true")
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--one", nargs=2, metavar=("TABLE", "SETTING"))
    told = parser.parse_args()
    if told.one:
        run = measured(told.one[0], told.one[1], told.judge)
        print(json.dumps([getattr(run, name) for name in run.__slots__]))
        return
    heading(*COLUMNS)
    for table in told.tables:
        for setting in told.settings.split(";"):
            command = [sys.executable, "-m", "tests.bench.disclosure", "--one", table, setting]
            command += ["--judge"] if told.judge else []
            done = subprocess.run(command, capture_output=True, text=True, check=True)
            row = json.loads(done.stdout)
            cells = [f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in row]
            print("| " + " | ".join(cells) + " |", flush=True)
    if told.others:
        others()


if __name__ == "__main__":
    main()
