"""One indicator of many, 300 areas in 10 years: ours as JSON and Arrow, nginx, ROAPI, Datasette.

Every answer of ours is for a verified token, decided by a protocol and recorded durably before its
first byte; nginx sends the same bytes as files to anybody, and the peers have no guard at all.
"""

import json
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from tests.bench import house, servers
from tests.bench import table as generated
from tests.bench.house import SLUG, WHOLE, House
from tests.bench.load import SLOT, Load, Measured, press, tool
from tests.bench.measure import cpu_seconds
from tests.bench.pull import Pull, fetched
from tests.bench.report import Report, Table
from tests.bench.servers import Server

ROUNDS = 3
SECONDS = 2.0
CONNECTIONS = (1, 16)
CHECKED = 3
"""How many random indicators are compared cell by cell before anything is timed."""

STATIC_FILES = 50

Read = Callable[[bytes], tuple[int, float]]


@dataclass(slots=True)
class Case:
    """One way to ask for a slice, and what it cost per number of connections."""

    name: str
    server: Server
    path: str
    read: Read | None
    headers: Callable[[], Mapping[str, str]] = dict
    count: int = 0
    found: dict[int, list[tuple[Measured, float]]] = field(default_factory=dict)
    absent: str = ""

    def verify(self, indicators: Mapping[str, tuple[int, float]]) -> None:
        """Compare some slices with what was generated."""
        if self.read is None:
            return
        for name, (rows, total) in indicators.items():
            path = self.path.replace(SLOT, name)
            came = self.read(fetched(Pull(self.server.port, path, dict(self.headers()))))
            if came[0] != rows or not np.isclose(came[1], total, rtol=1e-9):
                raise AssertionError(f"{self.name}: {came} in place of {(rows, total)}")

    def measure(self, connections: int) -> None:
        """Ask for a while and note what it cost."""
        load = Load(
            self.server.port, self.path, self.count, dict(self.headers()), connections, SECONDS
        )
        before = cpu_seconds(self.server.pid)
        found = press(load)
        spent = cpu_seconds(self.server.pid) - before
        if found.bad or not found.requests:
            raise RuntimeError(f"{found.bad} of {found.requests} were no answers")
        self.found.setdefault(connections, []).append((found, spent / found.requests))


def run(rows: int, count: int = ROUNDS) -> Report:
    """Measure slices of a release of about `rows` cells."""
    cells = generated.cells(rows)
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as another user where it is started by root
        node_house = house.furnish(folder / "node", servers.free_port(), cells)
        cases = list(_cases(stack, folder, node_house, cells))
        _refuses_strangers(node_house)
        wanted = _wanted(cells, min(generated.indicator_count(rows), STATIC_FILES))
        for case in cases:
            case.verify(wanted)
        _rounds(cases, count)
    return _report(cells.num_rows, cases)


def _rounds(cases: list[Case], count: int) -> None:
    for number in range(count + 1):
        for connections in CONNECTIONS:
            for case in cases:
                if case.absent:
                    continue
                try:
                    case.measure(connections)
                except (OSError, RuntimeError, ValueError) as fault:
                    case.absent = f"failed: {str(fault)[:80]}"
        if number == 0:
            for case in cases:
                case.found.clear()


def _cases(stack: ExitStack, folder: Path, node_house: House, cells: pa.Table) -> Iterator[Case]:
    count = generated.indicator_count(cells.num_rows)
    node = stack.enter_context(servers.hanse_node(node_house.home, node_house.port, folder))
    signed = partial(node_house.headers, WHOLE)
    base = f"/v1/datasets/{SLUG}/data?indicator={SLOT}&format="
    static = folder / "static"
    static.mkdir()
    files = min(count, STATIC_FILES)
    for number in range(files):
        name = generated.indicator_name(number)
        path = base.replace(SLOT, name) + "json"
        (static / name).write_bytes(fetched(Pull(node.port, path, dict(signed()))))
    front = stack.enter_context(servers.nginx(static, folder))
    yield Case("nginx: our JSON as files, no guard", front, f"/{SLOT}", _ours_json, count=files)
    yield Case("hanse: nothing but the frame (`/health/live`)", node, "/health/live", None, count=1)
    yield Case("hanse: JSON, whole guard", node, base + "json", _ours_json, signed, count)
    yield Case("hanse: Arrow, whole guard", node, base + "arrow", _ours_arrow, signed, count)
    yield from _peers(stack, folder, cells)


def _peers(stack: ExitStack, folder: Path, cells: pa.Table) -> Iterator[Case]:
    count = generated.indicator_count(cells.num_rows)
    if servers.has("roapi"):
        file = folder / "r.parquet"
        generated.write_parquet(cells, file)
        peer = stack.enter_context(servers.roapi(file, folder))
        path = "/api/tables/r?columns=area,period,obs_value,obs_status&filter%5Bindicator%5D="
        yield Case(
            "ROAPI: REST, JSON, no guard", peer, f"{path}%27{SLOT}%27", _records, count=count
        )
    if servers.has("datasette"):
        database = folder / "r.db"
        generated.write_sqlite(cells, database)
        other = stack.enter_context(servers.datasette(database, folder))
        sql = quote("select area, period, obs_value, obs_status from r where indicator = ")
        query = f"/r.json?_shape=array&_size=max&sql={sql}%27{SLOT}%27"
        yield Case("Datasette: SQL, JSON, no guard", other, query, _records, count=count)


def _wanted(cells: pa.Table, count: int) -> dict[str, tuple[int, float]]:
    chance = random.Random(generated.SEED)  # noqa: S311 which indicators is no secret
    chosen = [generated.indicator_name(number) for number in chance.sample(range(count), CHECKED)]
    indicator = cells.column("indicator").cast(pa.string())
    found = {}
    for name in chosen:
        rows, _, total = generated.expected(cells.filter(pc.equal(indicator, name)))
        found[name] = (rows, total)
    return found


def _refuses_strangers(node_house: House) -> None:
    path = f"/v1/datasets/{SLUG}/data?indicator=i00000"
    status = fetched(Pull(node_house.port, path), status=401)
    if b"problem" not in status and b"code" not in status:
        raise AssertionError("a stranger was not refused")


def _ours_json(body: bytes) -> tuple[int, float]:
    document: dict[str, Any] = json.loads(body)
    values = [value for value in document["data"]["obs_value"] if value is not None]
    return document["rows"], float(sum(values))


def _ours_arrow(body: bytes) -> tuple[int, float]:
    table = pa.ipc.open_stream(body).read_all()
    rows, _, total = generated.expected(table)
    return rows, total


def _records(body: bytes) -> tuple[int, float]:
    rows: list[dict[str, Any]] = json.loads(body)
    values = [row["obs_value"] for row in rows if row.get("obs_value") is not None]
    return len(rows), float(sum(values))


COLUMNS = (
    "way", "server CPU µs/request, c=1", "c=16", "p50 / p99 ms, c=1", "p50 / p99 ms, c=16",
    "requests/s, c=16",
)  # fmt: skip


def _report(rows: int, cases: list[Case]) -> Report:
    measured = Table(COLUMNS, tuple(_row(case) for case in cases) + tuple(_missing(cases)))
    own = [case for case in cases if case.name.startswith("hanse: J") and not case.absent]
    ratios = Table(
        ("our JSON against", "server CPU, c=1", "requests/s, c=16", "p99, c=16"),
        tuple(_ratio(own[0], case) for case in cases
              if own and not case.absent and case is not own[0]),
    )  # fmt: skip
    return Report(
        name=f"slices-{round(rows / 1e6)}m",
        command=f"python -m tests.bench slices --rows {round(rows / 1e6)}000000 --write",
        tables=(measured, ratios),
        notes=(f"{generated.SLICE_ROWS:,} of {rows:,} cells; load by {tool()}, {SECONDS:.0f} s "
               "per point, one server process each.",),
        facts={case.name: _figure(case, 1, 1) for case in cases if not case.absent},
    )  # fmt: skip


def _row(case: Case) -> tuple[str | float, ...]:
    if case.absent:
        return (case.name, case.absent, "", "", "", "")
    alone, together = CONNECTIONS
    times = [
        f"{_latency(case, each, 'p50'):.2f} / {_latency(case, each, 'p99'):.2f}"
        for each in CONNECTIONS
    ]
    cpu = [f"{_figure(case, each, 1) * 1e6:,.0f}" for each in (alone, together)]
    return (case.name, *cpu, *times, f"{_figure(case, together, 0) / SECONDS:,.0f}")


def _missing(cases: list[Case]) -> Iterator[tuple[str, ...]]:
    names = " ".join(case.name for case in cases)
    for peer in ("ROAPI", "Datasette"):
        if peer not in names:
            yield (peer, "peer absent", "", "", "", "")


def _ratio(own: Case, other: Case) -> tuple[str, ...]:
    return (
        other.name,
        f"{_figure(own, 1, 1) / _figure(other, 1, 1):.3g}",
        f"{_figure(own, 16, 0) / _figure(other, 16, 0):.3g}",
        f"{_latency(own, 16, 'p99') / _latency(other, 16, 'p99'):.3g}",
    )


def _figure(case: Case, connections: int, place: int) -> float:
    """Return the median of requests (0) or processor seconds per request (1)."""
    found = case.found[connections]
    return float(statistics.median(one.requests if not place else cpu for one, cpu in found))


def _latency(case: Case, connections: int, name: str) -> float:
    return float(statistics.median(getattr(one, name) for one, _ in case.found[connections]))
