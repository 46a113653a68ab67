"""Whole releases and halves of them into an Arrow table: ours, nginx on the same bytes, and peers.

Every pull is a fresh client process; every variant is checked for rows, nulls and sum before it is
timed, and where two servers claim the same bytes their SHA-256 must be equal.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tests.bench import house, servers
from tests.bench import table as generated
from tests.bench.house import PROVINCE, SCATTERED, SLUG, WHOLE, House
from tests.bench.measure import Sample, Variant, best, cpu_seconds, median, rounds
from tests.bench.pull import TIMEOUT_SECONDS, Pull, digest, fetched, request
from tests.bench.report import Report, Table
from tests.bench.servers import Server

ROUNDS = 5
DATASETTE_ROWS_MAX = 1_100_000
"""Beyond this Datasette needs minutes per pull: it is measured on the small table only."""

ARROW = "application/vnd.apache.arrow.stream"
CSV_PATH = "/r/r.csv?_stream=on&_size=max&_nocount=1&_nofacet=1"

Expected = tuple[int, int, float]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to pull: from which server, and what must arrive (None: bytes only)."""

    name: str
    server: Server
    ask: Callable[[], Pull]
    wanted: Expected | None
    prepare: Callable[[], None] = lambda: None

    def run(self) -> Sample:
        """Pull once and check what came."""
        self.prepare()
        before = cpu_seconds(self.server.pid)
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.pull"],
            input=request(self.ask()), capture_output=True, text=True,
            timeout=TIMEOUT_SECONDS + 60, check=False,
        )  # fmt: skip
        spent = cpu_seconds(self.server.pid) - before
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1][-200:])
        found = json.loads(done.stdout)
        self._check(found)
        return Sample(
            found["wall"], spent, found["client_cpu"], int(found["rows"]), int(found["bytes"]),
            found["first"],
        )  # fmt: skip

    def _check(self, found: Mapping[str, float]) -> None:
        if self.wanted is None:
            return
        rows, nulls, total = self.wanted
        same = (found["rows"], found["nulls"]) == (rows, nulls)
        if not same or not np.isclose(found["sum"], total, rtol=1e-9):
            raise AssertionError(f"other cells came than were asked for: {dict(found)}")


def run(rows: int, count: int = ROUNDS) -> Report:
    """Measure bulk pulls of a release of about `rows` cells."""
    cells = generated.cells(rows)
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as another user where it is started by root
        node_house = house.furnish(folder / "node", servers.free_port(), cells)
        cases = list(_cases(stack, folder, node_house, cells))
        variants = [Variant(case.name, case.run, once="CSV" in case.name) for case in cases]
        rounds(variants, count)
    absent = [Variant(each, lambda: Sample(0, 0, 0, 0, 0), absent="peer absent")
              for each in _missing(variants)]  # fmt: skip
    return _report(cells.num_rows, variants + absent, cases, node_house.seconds)


def _cases(stack: ExitStack, folder: Path, node_house: House, cells: pa.Table) -> Iterator[Case]:
    node = stack.enter_context(servers.hanse_node(node_house.home, node_house.port, folder))
    static = folder / "static"
    static.mkdir()
    front = stack.enter_context(servers.nginx(static, folder))
    wanted = _wanted(cells)
    for which, client in (("all", WHOLE), ("half", PROVINCE)):
        for codec in ("raw", "zstd"):
            ask = partial(_ours, node_house, client, codec)
            (static / f"{which}-{codec}.arrow").write_bytes(fetched(ask()))
            theirs = partial(Pull, front.port, f"/{which}-{codec}.arrow")
            if digest(ask()) != digest(theirs()):
                raise AssertionError(f"{which}, {codec}: nginx and we send other bytes")
            name = f"{which}, {codec}"
            yield Case(f"nginx: {name}", front, theirs, wanted[which])
            yield Case(f"hanse: {name}", node, ask, wanted[which])
            yield Case(f"nginx: {name}, bytes only", front, _only_bytes(theirs), None)
            yield Case(f"hanse: {name}, bytes only", node, _only_bytes(ask), None)
    cut = partial(_ours, node_house, SCATTERED, "raw")
    yield Case("hanse: cut, first time", node, cut, wanted["cut"], node_house.forget_views)
    yield Case("hanse: cut, again", node, cut, wanted["cut"])
    yield from _peers(stack, folder, cells, wanted)


def _peers(
    stack: ExitStack, folder: Path, cells: pa.Table, wanted: Mapping[str, Expected]
) -> Iterator[Case]:
    if servers.has("roapi"):
        path = folder / "r.parquet"
        generated.write_parquet(cells, path)
        peer = stack.enter_context(servers.roapi(path, folder))
        codes = ",".join(f"'{code}'" for code in generated.area_codes()[::2])
        for which, where in (
            ("all", ""),
            ("half", "where area < '2'"),
            ("cut", f"where area in ({codes})"),
        ):
            ask = partial(_roapi, peer.port, f"select * from r {where}")  # noqa: S608
            yield Case(f"ROAPI: {which}", peer, ask, wanted[which])
    if servers.has("datasette") and cells.num_rows <= DATASETTE_ROWS_MAX:
        database = folder / "r.db"
        generated.write_sqlite(cells, database)
        other = stack.enter_context(servers.datasette(database, folder))
        ask_csv = partial(Pull, other.port, CSV_PATH, into="csv")
        yield Case("Datasette: all, CSV", other, ask_csv, wanted["all"])


def _missing(variants: list[Variant]) -> list[str]:
    names = " ".join(variant.name for variant in variants)
    missing = [] if "ROAPI" in names else ["ROAPI: all", "ROAPI: half", "ROAPI: cut"]
    return missing if servers.has("datasette") else [*missing, "Datasette: all, CSV"]


def _ours(node_house: House, client: str, codec: str) -> Pull:
    path = f"/v1/datasets/{SLUG}/data?extent=permitted&format=arrow&codec={codec}"
    return Pull(node_house.port, path, dict(node_house.headers(client)))


def _roapi(port: int, sql: str) -> Pull:
    return Pull(port, "/api/sql", {"Accept": ARROW, "Content-Type": "text/plain"}, "POST", sql)


def _only_bytes(ask: Callable[[], Pull]) -> Callable[[], Pull]:
    def asked() -> Pull:
        plain = ask()
        return Pull(plain.port, plain.path, plain.headers, into="bytes")

    return asked


def _wanted(cells: pa.Table) -> dict[str, Expected]:
    area = cells.column("area").cast(pa.string())
    scattered = pa.array(generated.area_codes()[::2], pa.string())
    return {
        "all": generated.expected(cells),
        "half": generated.expected(cells.filter(pc.less(area, "2"))),
        "cut": generated.expected(cells.filter(pc.is_in(area, scattered))),
    }


RATIOS = (
    ("all, raw, into a table", "hanse: all, raw", "nginx: all, raw", 1.10),
    ("all, zstd, into a table", "hanse: all, zstd", "nginx: all, zstd", 1.10),
    ("half by permit, raw, into a table", "hanse: half, raw", "nginx: half, raw", 1.10),
    ("half by permit, zstd, into a table", "hanse: half, zstd", "nginx: half, zstd", 1.10),
    ("all, raw, bytes only", "hanse: all, raw, bytes only", "nginx: all, raw, bytes only", None),
    ("half, raw, bytes only", "hanse: half, raw, bytes only", "nginx: half, raw, bytes only", None),
    ("all, against ROAPI", "hanse: all, raw", "ROAPI: all", 0.35),
    ("half by permit, against ROAPI", "hanse: half, raw", "ROAPI: half", 0.25),
    ("permit that cuts, first time, against ROAPI", "hanse: cut, first time", "ROAPI: cut", 1.0),
    ("permit that cuts, again, against ROAPI", "hanse: cut, again", "ROAPI: cut", 0.25),
    ("all, against Datasette", "hanse: all, raw", "Datasette: all, CSV", 0.005),
)  # fmt: skip


def _report(rows: int, variants: list[Variant], cases: list[Case], seconds: float) -> Report:
    held = {case.name: (case.wanted or (rows if "all" in case.name else rows // 2,))[0]
            for case in cases}  # fmt: skip
    measured = Table(
        ("variant", "wall ms, median (best)", "first byte ms", "MB", "Mrow/s",
         "server CPU s/Mrow", "client CPU s/Mrow"),
        tuple(_row(each, held.get(each.name, rows)) for each in variants),
    )  # fmt: skip
    by_name = {each.name: each for each in variants if each.samples}
    ratios = Table(
        ("ratio", "wall", "wall, best", "server CPU", "goal (wall)"),
        tuple(_ratio(row, by_name) for row in RATIOS if {row[1], row[2]} <= by_name.keys()),
    )
    size = f"{round(rows / 1e6)}m"
    return Report(
        name=f"bulk-{size}",
        command=f"python -m tests.bench bulk --rows {round(rows / 1e6)}000000 --write",
        tables=(measured, ratios),
        notes=(
            f"{rows:,} cells; scrubbed, arranged, written, signed, registered in {seconds:.1f} s.",
            "Ours: a fresh token verified, one protocol decided on, one record written, per pull.",
        ),
        facts={row[0]: median(by_name[row[1]], "wall") / median(by_name[row[2]], "wall")
               for row in RATIOS if {row[1], row[2]} <= by_name.keys()},
    )  # fmt: skip


def _row(variant: Variant, rows: int) -> tuple[str | float, ...]:
    if not variant.samples:
        return (variant.name, variant.absent, *[""] * 5)
    million = rows / 1e6
    wall = median(variant, "wall")
    return (
        variant.name,
        f"{wall * 1e3:.0f} ({best(variant, 'wall') * 1e3:.0f})",
        median(variant, "first") * 1e3,
        median(variant, "bytes") / 1e6,
        million / wall,
        f"{median(variant, 'server_cpu') / million:.4f}",
        f"{median(variant, 'client_cpu') / million:.4f}",
    )


def _ratio(
    row: tuple[str, str, str, float | None], by_name: Mapping[str, Variant]
) -> tuple[str | float, ...]:
    name, ours, other, goal = row
    one, two = by_name[ours], by_name[other]
    figures = (
        median(one, "wall") / median(two, "wall"),
        best(one, "wall") / best(two, "wall"),
        median(one, "server_cpu") / max(median(two, "server_cpu"), 1e-9),
    )
    return (name, *(f"{each:.3g}" for each in figures), f"≤ {goal}" if goal else "-")
