"""A whole release through every dialect that streams, beside its bytes served as they are.

Each dialect has a fresh server, asked one small question before it is measured, so that what its
memory grows by is the answer's own. Every answer must hold every row before its figures count.
"""

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.bench import house, servers
from tests.bench import table as generated
from tests.bench.drain import TIMEOUT_SECONDS, Ask
from tests.bench.house import SLUG, WHOLE, House
from tests.bench.measure import Sample, Variant, cpu_seconds, median
from tests.bench.pull import Pull, fetched
from tests.bench.report import Report, Table
from tests.bench.servers import Server

ROUNDS = 2
LOOK_SECONDS = 0.01
ODATA = f"NIS00000_{SLUG.upper()}"
DATA = f"/v1/datasets/{SLUG}/data?extent=permitted"
SDMX = f"/sdmx/2.1/data/{SLUG.upper()}"
SDMX_TYPE = "application/vnd.sdmx."
CELLS_MAX = 150_000
"""How many cells a dense cube may have; a larger one is refused, not cut."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """A form an answer may have: where, how it is asked for, and what stands once in every row."""

    name: str
    path: str
    accept: str = ""
    mark: str = ""
    marks_more: int = 0
    """How often the mark stands beside rows: a header line has one too."""

    def ask(self, node_house: House) -> Ask:
        """Return the question with fresh credentials."""
        accept = {"Accept": self.accept} if self.accept else {}
        headers = {**node_house.headers(WHOLE), **accept}
        return Ask(node_house.port, self.path, headers, self.mark)


DIALECTS = (
    Dialect("Arrow, raw", f"{DATA}&format=arrow&codec=raw"),
    Dialect("Arrow, zstd", f"{DATA}&format=arrow&codec=zstd"),
    Dialect("Parquet", f"/v1/datasets/{SLUG}/data.parquet?extent=permitted"),
    Dialect("CSV", f"{DATA}&format=csv", mark="\r\n", marks_more=1),
    Dialect("JSON by column", f"{DATA}&format=json", mark='"gemeente@2025"'),
    Dialect("SDMX-CSV 1.0", SDMX, f"{SDMX_TYPE}data+csv;version=1.0.0", "\n", 1),
    Dialect("SDMX-ML generic 2.1", SDMX, f"{SDMX_TYPE}genericdata+xml;version=2.1", "<gen:Obs>"),
    Dialect(
        "SDMX-ML specific 2.1",
        SDMX,
        f"{SDMX_TYPE}structurespecificdata+xml;version=2.1",
        "<Obs ",
    ),
    Dialect("OData wide, all pages", f"/odata/v4/{ODATA}", mark='"ObsStatus":'),
    Dialect(
        "OData CBS, all pages",
        f"/odata/cbs/v1/NIS00000/{SLUG.upper()}__GEMEENTE_2025/Observations",
        mark='"Measure":',
    ),
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


def run(rows: int, count: int = ROUNDS, only: str = "") -> Report:
    """Measure every dialect (those with `only` in their name) on about `rows` cells."""
    cells = generated.cells(rows)
    measured: list[Measured] = []
    with tempfile.TemporaryDirectory(prefix="hanse-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx reads as another user where it is started by root
        node_house = house.furnish(folder / "node", servers.free_port(), cells)
        measured.append(_limit(folder, node_house, count))
        size = (cells.num_rows, count)
        measured += [
            _measured(dialect, folder, node_house, size)
            for dialect in (*DIALECTS, *_dense(cells.num_rows))
            if only in dialect.name
        ]
    return _report(cells.num_rows, measured, node_house.seconds)


@dataclass(slots=True)
class Measured:
    """What one dialect cost: its runs, how many rows each had, and what the memory grew by."""

    variant: Variant
    rows: int
    growth: float = 0.0
    pages: int = 1


def _dense(rows: int) -> Iterator[Dialect]:
    """Yield the dense cube, of as many indicators as it may have."""
    count = min(CELLS_MAX // generated.SLICE_ROWS, generated.indicator_count(rows))
    codes = ",".join(generated.indicator_name(number).upper() for number in range(count))
    axes = "&".join(f"valueCodes%5B{name}%5D=*" for name in ("REF_AREA", "TIME_PERIOD"))
    path = f"/px/v2/tables/{SLUG.upper()}__GEMEENTE_2025/data"
    yield Dialect(
        f"JSON-stat, {count * generated.SLICE_ROWS:,} cells",
        f"{path}?valueCodes%5BINDICATOR%5D={codes}&{axes}&outputFormat=json-stat2",
    )


def _limit(folder: Path, node_house: House, count: int) -> Measured:
    """Measure nginx on the bytes of the Arrow stream: no logic at all."""
    static = folder / "static"
    static.mkdir()
    with servers.hanse_node(node_house.home, node_house.port, folder):
        ask = DIALECTS[0].ask(node_house)
        (static / "all.arrow").write_bytes(fetched(Pull(ask.port, ask.path, ask.headers)))
    variant = Variant("nginx: the Arrow stream as a file", lambda: Sample(0, 0, 0, 0, 0))
    with ExitStack() as stack:
        try:
            front = stack.enter_context(servers.nginx(static, folder))
        except (OSError, RuntimeError):
            variant.absent = "nginx absent"
            return Measured(variant, 0)
        ask = Ask(front.port, "/all.arrow")
        for _ in range(count + 1):
            variant.samples.append(_once(ask, front)[0])
    del variant.samples[0]
    return Measured(variant, 0)


def _measured(dialect: Dialect, folder: Path, node_house: House, size: tuple[int, int]) -> Measured:
    rows, count = size
    variant = Variant(f"hanse: {dialect.name}", lambda: Sample(0, 0, 0, 0, 0))
    held = Measured(variant, rows)
    if dialect.name.startswith("JSON-stat"):
        held.rows = int(dialect.name.split()[1].replace(",", ""))
    try:
        with servers.hanse_node(node_house.home, node_house.port, folder) as node:
            _warm(node_house)
            with watched(node.pid) as seen:
                first = _once(dialect.ask(node_house), node)
            held.growth, held.pages = seen.growth, first[1]
            for _ in range(count):
                sample, _ = _once(dialect.ask(node_house), node)
                _check(dialect, sample, rows)
                variant.samples.append(sample)
    except (RuntimeError, AssertionError) as fault:
        variant.samples.clear()
        variant.absent = f"failed: {str(fault)[:80]}"
    return held


def _check(dialect: Dialect, sample: Sample, rows: int) -> None:
    found = sample.rows - dialect.marks_more
    if dialect.mark and found != rows:
        raise AssertionError(f"{found} rows came instead of {rows}")


def _warm(node_house: House) -> None:
    """Ask one small question of each kind, so that what is imported on first use is there."""
    few = f"indicator={generated.indicator_name(0)}&area={generated.area_codes()[0]}"
    for path in (f"{DATA}&{few}&format=json", f"/odata/v4/{ODATA}?$top=1"):
        ask = Ask(node_house.port, path, dict(node_house.headers(WHOLE)))
        fetched(Pull(ask.port, ask.path, ask.headers))


def _once(ask: Ask, server: Server) -> tuple[Sample, int]:
    before = cpu_seconds(server.pid)
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.drain"],
        input=json.dumps(asdict(ask)), capture_output=True, text=True,
        timeout=TIMEOUT_SECONDS + 60, check=False,
    )  # fmt: skip
    spent = cpu_seconds(server.pid) - before
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1][-300:])
    found = json.loads(done.stdout)
    sample = Sample(
        found["wall"], spent, found["client_cpu"], int(found["rows"]), int(found["bytes"]),
        found["first"],
    )  # fmt: skip
    return sample, int(found["pages"])


def _report(rows: int, measured: list[Measured], seconds: float) -> Report:
    limit = median(measured[0].variant, "wall") / rows
    table = Table(
        ("dialect", "wall s", "first byte ms", "MB", "rows/s", "server CPU s/Mrow",
         "wall, against nginx", "memory growth MB", "pages"),
        tuple(_row(each, rows, limit) for each in measured),
    )  # fmt: skip
    return Report(
        name=f"dialects-{round(rows / 1e5) / 10:g}m",
        command=f"python -m tests.bench dialects --rows {round(rows / 1e5)}00000 --write",
        tables=(table,),
        notes=(
            f"{rows:,} cells; scrubbed, arranged, written, signed, registered in {seconds:.1f} s.",
            "A fresh server per dialect; memory growth is anonymous memory, at its most during "
            "the first answer; every body was read whole and its rows counted.",
        ),
        facts={each.variant.name: median(each.variant, "server_cpu")
               for each in measured if each.variant.samples},
    )  # fmt: skip


def _row(each: Measured, whole: int, limit: float) -> tuple[str | float, ...]:
    if not each.variant.samples:
        return (each.variant.name, each.variant.absent, *[""] * 7)
    rows = each.rows or whole
    wall = median(each.variant, "wall")
    return (
        each.variant.name,
        f"{wall:.3f}",
        median(each.variant, "first") * 1e3,
        median(each.variant, "bytes") / 1e6,
        rows / wall,
        f"{median(each.variant, 'server_cpu') / rows * 1e6:.4f}",
        wall / rows / limit,
        f"{each.growth:.0f}" if each.rows else "-",
        str(each.pages),
    )
