"""A whole release through every dialect, beside its bytes served as they are and beside peers.

Each dialect has a fresh server, asked one small question before it is measured, so that what its
memory grows by is the answer's own. Every answer must hold every row before its figures count. What
was sent is then served once more, the same bytes as a file by nginx, to the same reader.
"""

import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

import pyarrow as pa
from tests.bench import house, servers
from tests.bench import table as generated
from tests.bench.drain import TIMEOUT_SECONDS, Ask
from tests.bench.house import SLUG, WHOLE, House
from tests.bench.measure import cpu_seconds
from tests.bench.pull import Pull, fetched
from tests.bench.report import Report, Table
from tests.bench.servers import Server

ROUNDS = 2
"""How often each is read; with 0 the first reading counts, which also keeps what came."""
LOOK_SECONDS = 0.01
UPPER = SLUG.upper()
ODATA = f"NIS00000_{UPPER}"
LEVEL = f"{UPPER}__GEMEENTE_2025"
DATA = f"/v1/datasets/{SLUG}/data?extent=permitted"
SDMX = f"/sdmx/2.1/data/{UPPER}"
SDMX3 = f"/sdmx/3.0/data/dataflow/NIS00000/{UPPER}/latest"
SDMX_TYPE = "application/vnd.sdmx."
CELLS_MAX = 150_000
"""How many cells a dense cube may have; a larger one is refused, not cut."""
SHEET_ROWS = 1_048_575
"""How many cells a workbook may have; more are refused, not cut."""
PAGES = 20
"""How many pages are read of what has small ones."""
SMALL_ROWS = 1_100_000
"""Beyond this Datasette and Tiled need minutes or gigabytes: they have the small table only."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A form an answer may have: where, how it is asked for, and what stands once in every row."""

    name: str
    path: str
    accept: str = ""
    mark: str = ""
    marks_more: int = 0
    """How often the mark stands beside rows: a header line has one too."""
    rows: int = 0
    """How many rows come where that is not all of them."""
    pages: int = 0
    """How many pages are read; 0 for all."""

    def ask(self, port: int, headers: dict[str, str]) -> Ask:
        """Return the question."""
        accept = {"Accept": self.accept} if self.accept else {}
        return Ask(port, self.path, {**headers, **accept}, self.mark, self.pages)


def ours(rows: int) -> Iterator[Dialect]:
    """Yield every dialect that is measured on a release of so many cells."""
    yield Dialect("Arrow, raw", f"{DATA}&format=arrow&codec=raw")
    yield Dialect("Arrow, zstd", f"{DATA}&format=arrow&codec=zstd")
    yield Dialect("Parquet", f"/v1/datasets/{SLUG}/data.parquet?extent=permitted")
    yield Dialect("CSV", f"{DATA}&format=csv", mark="\r\n", marks_more=1)
    yield Dialect("CSV for spreadsheets", f"{DATA}&format=csv-spreadsheet", "", "\r\n", 1)
    yield Dialect("JSON by column", f"{DATA}&format=json", mark='"gemeente@2025"')
    yield from _workbook(rows)
    yield Dialect("SDMX-CSV 1.0", SDMX, f"{SDMX_TYPE}data+csv;version=1.0.0", "\n", 1)
    yield Dialect("SDMX-CSV 2.0", SDMX3, f"{SDMX_TYPE}data+csv;version=2.0.0", "\n", 1)
    generic = f"{SDMX_TYPE}genericdata+xml;version=2.1"
    yield Dialect("SDMX-ML generic 2.1", SDMX, generic, "<gen:Obs>")
    specific = f"{SDMX_TYPE}structurespecificdata+xml;version=2.1"
    yield Dialect("SDMX-ML specific 2.1", SDMX, specific, "<Obs ")
    yield Dialect("SDMX-ML specific 3.0", SDMX3, f"{SDMX_TYPE}data+xml;version=3.0.0", "<Obs ")
    yield Dialect("OData wide, all pages", f"/odata/v4/{ODATA}", mark='"ObsStatus":')
    cbs = f"/odata/cbs/v1/NIS00000/{LEVEL}/Observations"
    yield Dialect("OData CBS, all pages", cbs, mark='"Measure":')
    yield from _one_by_one(rows)


def _workbook(rows: int) -> Iterator[Dialect]:
    """Yield the workbook, of as many indicators as a sheet holds."""
    count = min(SHEET_ROWS // generated.SLICE_ROWS, generated.indicator_count(rows))
    codes = ",".join(generated.indicator_name(number) for number in range(count))
    size = count * generated.SLICE_ROWS
    yield Dialect(f"XLSX, {size:,} rows", f"{DATA}&format=xlsx&indicator={codes}", rows=size)


def _one_by_one(rows: int) -> Iterator[Dialect]:
    """Yield what is asked for in parts: variables, features, dense cubes."""
    every = generated.indicator_count(rows)
    count = min(CELLS_MAX // generated.SLICE_ROWS, every)
    codes = ",".join(generated.indicator_name(number).upper() for number in range(count))
    axes = "&".join(f"valueCodes%5B{name}%5D=*" for name in ("REF_AREA", "TIME_PERIOD"))
    size = count * generated.SLICE_ROWS
    yield Dialect(
        f"JSON-stat, {size:,} cells",
        f"/px/v2/tables/{LEVEL}/data?valueCodes%5BINDICATOR%5D={codes}&{axes}&outputFormat=json-stat2",
        rows=size,
    )
    wanted = ",".join(generated.indicator_name(number) for number in range(min(100, every)))
    yield Dialect(
        "GeoJSON, 100 columns, pages of 20",
        f"/ogc/collections/{LEVEL}/items?limit=20&indicator={wanted}",
        mark='_status": ',
        rows=generated.AREAS * len(wanted.split(",")),
    )


@dataclass(slots=True)
class Watch:
    """The memory of a server while it answers: what it had, and the most that it came to."""

    pid: int
    before: int = 0
    most: int = 0

    @property
    def growth(self) -> float:
        """The growth in megabytes."""
        return max(0, self.most - self.before) / 1e6

    def look(self) -> int:
        """Return the memory of its own, in bytes: pages of mapped files are not counted."""
        text = Path(f"/proc/{self.pid}/status").read_text("ascii")
        line = next(each for each in text.splitlines() if each.startswith("RssAnon"))
        return int(line.split()[1]) * 1024


@contextmanager
def watched(pid: int) -> Iterator[Watch]:
    """Look at a server's memory again and again until the block ends."""
    seen, ended = Watch(pid), threading.Event()
    seen.before = seen.most = seen.look()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            seen.most = max(seen.most, seen.look())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        ended.set()
        thread.join()


@dataclass(slots=True)
class Measured:
    """What one dialect cost: its runs, how many rows each had, and what the memory grew by."""

    name: str
    rows: int = 0
    runs: list[dict[str, float]] = field(default_factory=list)
    growth: float = 0.0
    nginx: float = 0.0
    absent: str = ""

    def middle(self, figure: str) -> float:
        """Return the median of one figure over the runs."""
        return statistics.median(each[figure] for each in self.runs)


Start = Callable[[], AbstractContextManager[Server]]
Questions = Callable[[Server, Dialect], Ask]


@dataclass(frozen=True, slots=True)
class Bench:
    """Where things are measured: a folder, the file server in it, how many cells and rounds."""

    folder: Path
    front: Server | None
    rows: int
    rounds: int
    only: str

    @property
    def static(self) -> Path:
        """The folder that the file server serves."""
        return self.folder / "static"

    def measured(self, name: str, dialect: Dialect, start: Start, ask: Questions) -> Measured:
        """Return what reading a dialect costs, from a server that is started for it."""
        held = Measured(f"{name}: {dialect.name}", dialect.rows or self.rows)
        body = self.static / "body"
        try:
            with start() as server:
                with watched(server.pid) as seen:
                    first = _once(replace(ask(server, dialect), keep=str(body)), server)
                held.growth = seen.growth
                again = (_once(ask(server, dialect), server) for _ in range(self.rounds))
                for found in again if self.rounds else (first,):
                    _check(dialect, found, held.rows)
                    held.runs.append(found)
            held.nginx = self._served(dialect)
        except (OSError, RuntimeError, AssertionError) as fault:
            held.runs.clear()
            held.absent = f"failed: {str(fault)[:80]}"
        body.unlink(missing_ok=True)
        print(*_row(held), file=sys.stderr, flush=True)
        return held

    def _served(self, dialect: Dialect) -> float:
        """Return how long the same bytes take from nginx, to the same reader."""
        if self.front is None:
            return 0.0
        ask = Ask(self.front.port, "/body", {}, dialect.mark, 1)
        return _once(ask, self.front)["wall"]


def run(rows: int, count: int = ROUNDS, only: str = "") -> Report:
    """Measure every dialect (those with `only` in their name) on about `rows` cells."""
    cells = generated.cells(rows)
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as another user where it is started by root
        (folder / "static").mkdir()
        node_house = house.furnish(folder / "node", servers.free_port(), cells)
        try:
            front = stack.enter_context(servers.nginx(folder / "static", folder))
        except (OSError, RuntimeError):
            front = None
        bench = Bench(folder, front, cells.num_rows, count, only)
        measured = [*_ours(bench, node_house), *_theirs(bench, cells)]
    return _report(bench, measured, node_house.seconds)


def _ours(bench: Bench, node_house: House) -> Iterator[Measured]:
    @contextmanager
    def node() -> Iterator[Server]:
        with servers.hanse_node(node_house.home, node_house.port, bench.folder) as server:
            _warm(node_house)
            yield server

    def ask(server: Server, dialect: Dialect) -> Ask:
        return dialect.ask(server.port, dict(node_house.headers(WHOLE)))

    for dialect in ours(bench.rows):
        if bench.only in dialect.name:
            yield bench.measured("hanse", dialect, node, ask)


def _theirs(bench: Bench, cells: pa.Table) -> Iterator[Measured]:
    """Yield what the peers need for the formats that they offer, on the same rows."""
    peers = bench.folder / "peers"
    peers.mkdir()
    parquet, database = peers / "r.parquet", bench.folder / "r.db"
    generated.write_parquet(cells, parquet)
    starts: dict[str, tuple[Start, Callable[[int], Iterator[Dialect]]]] = {
        "ROAPI": (partial(servers.roapi, parquet, bench.folder), _of_roapi),
        "Datasette": (partial(servers.datasette, database, bench.folder), _of_datasette),
        "Tiled": (partial(servers.tiled, peers, bench.folder), _of_tiled),
    }
    for peer, (start, offered) in starts.items():
        chosen = [each for each in offered(bench.rows) if bench.only in each.name]
        if chosen and not servers.has(peer.lower()):
            yield Measured(peer, absent="peer absent")
            continue
        if chosen and peer == "Datasette":
            generated.write_sqlite(cells, database)
        for dialect in chosen:
            yield bench.measured(peer, dialect, start, lambda s, d: d.ask(s.port, {}))


def _of_roapi(_: int) -> Iterator[Dialect]:
    path = "/api/tables/r"
    yield Dialect("Arrow, raw", path, "application/vnd.apache.arrow.stream")
    yield Dialect("Parquet", path, "application/parquet")
    yield Dialect("CSV", path, "application/csv", "\n", 1)
    yield Dialect("JSON by row", path, "application/json", '"gemeente@2025"')


def _of_datasette(rows: int) -> Iterator[Dialect]:
    if rows > SMALL_ROWS:
        return
    path = "/r/r.csv?_stream=on&_size=max&_nocount=1&_nofacet=1"
    yield Dialect("CSV", path, mark="\r\n", marks_more=1)
    path = "/r/r.json?_size=5000&_shape=objects&_nocount=1&_nofacet=1"
    yield Dialect(
        f"JSON by row, {PAGES} pages", path, "", '"gemeente@2025"', rows=5_000 * PAGES, pages=PAGES
    )


def _of_tiled(rows: int) -> Iterator[Dialect]:
    if rows > SMALL_ROWS:
        return
    path = "/api/v1/table/full/r?format="
    yield Dialect("Arrow, raw", f"{path}application/vnd.apache.arrow.file")
    yield Dialect("Parquet", f"{path}application/x-parquet")
    yield Dialect("CSV", f"{path}text/csv", mark="\n", marks_more=1)


def _check(dialect: Dialect, found: dict[str, float], rows: int) -> None:
    count = found["rows"] - dialect.marks_more
    if dialect.mark and count != rows:
        raise AssertionError(f"{count:.0f} rows came instead of {rows}")


def _warm(node_house: House) -> None:
    """Ask one small question of each kind, so that what is imported on first use is there."""
    few = f"indicator={generated.indicator_name(0)}&area={generated.area_codes()[0]}"
    for path in (f"{DATA}&{few}&format=json", f"/odata/v4/{ODATA}?$top=1"):
        ask = Ask(node_house.port, path, dict(node_house.headers(WHOLE)))
        fetched(Pull(ask.port, ask.path, ask.headers))


def _once(ask: Ask, server: Server) -> dict[str, float]:
    before = cpu_seconds(server.pid)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.drain"],
        input=json.dumps(asdict(ask)), capture_output=True, text=True,
        timeout=TIMEOUT_SECONDS + 60, check=False,
    )  # fmt: skip
    spent = cpu_seconds(server.pid) - before
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1][-300:])
    return {**json.loads(done.stdout), "server_cpu": spent}


def _report(bench: Bench, measured: list[Measured], seconds: float) -> Report:
    table = Table(
        ("dialect", "wall s", "first byte ms", "slowest page ms", "MB", "rows/s",
         "server CPU s/Mrow", "wall, against nginx", "memory growth MB", "pages"),
        tuple(_row(each) for each in measured),
    )  # fmt: skip
    size = round(bench.rows / 1e5)
    return Report(
        name=f"dialects-{size / 10:g}m",
        command=f"python -m tests.bench dialects --rows {size}00000 --rounds {bench.rounds}",
        tables=(table,),
        notes=(
            f"{bench.rows:,} cells; scrubbed, arranged, written, signed, registered in "
            f"{seconds:.1f} s.",
            "A fresh server per dialect; memory growth is anonymous memory, at its most during "
            "the first answer; every body was read whole and its rows counted.",
            "Against nginx: the very bytes that came, as one file, to the same reader.",
        ),
        facts={each.name: each.middle("server_cpu") for each in measured if each.runs},
    )  # fmt: skip


def _row(each: Measured) -> tuple[str | float, ...]:
    if not each.runs:
        return (each.name, each.absent, *[""] * 8)
    wall = each.middle("wall")
    return (
        each.name,
        f"{wall:.3f}",
        each.middle("first") * 1e3,
        each.middle("slowest") * 1e3,
        each.middle("bytes") / 1e6,
        each.rows / wall,
        f"{each.middle('server_cpu') / each.rows * 1e6:.4f}",
        wall / each.nginx if each.nginx else "-",
        f"{each.growth:.0f}",
        f"{each.middle('pages'):.0f}",
    )
