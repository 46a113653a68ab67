"""No dialect gathers what it streams: the first bytes leave while most cells are still unread.

The cells come through the real door of a real release; the source of pieces is the real one, with
pieces made small and counted as they are handed out.
"""

import asyncio
from collections.abc import Callable, Iterator, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import pyarrow as pa
import pytest
from tests.bench import house
from tests.bench import table as generated
from tests.bench.house import SLUG, WHOLE, House

from hanse.cube.cleared import Cleared, Pieces
from hanse.cube.query import Extent
from hanse.node.app import create_app
from hanse.node.door import case
from hanse.node.releases import cells as released

PIECE_ROWS = 3_000
SMALL, LARGE = 27_000, 90_000
UPPER = SLUG.upper()
LEVEL = f"{UPPER}__GEMEENTE_2025"
DATA = f"/v1/datasets/{SLUG}/data?extent=permitted&format="
SDMX, SDMX3 = f"/sdmx/2.1/data/{UPPER}", f"/sdmx/3.0/data/dataflow/NIS00000/{UPPER}/latest"
SDMX_TYPE = "application/vnd.sdmx."

STREAMED = {
    "csv": (f"{DATA}csv", "*/*"),
    "csv for spreadsheets": (f"{DATA}csv-spreadsheet", "*/*"),
    "json": (f"{DATA}json", "*/*"),
    "xlsx": (f"{DATA}xlsx", "*/*"),
    "sdmx-csv 1.0": (SDMX, f"{SDMX_TYPE}data+csv;version=1.0.0"),
    "sdmx-csv 2.0": (SDMX3, f"{SDMX_TYPE}data+csv;version=2.0.0"),
    "sdmx-ml generic": (SDMX, f"{SDMX_TYPE}genericdata+xml;version=2.1"),
    "sdmx-ml specific 2.1": (SDMX, f"{SDMX_TYPE}structurespecificdata+xml;version=2.1"),
    "sdmx-ml specific 3.0": (SDMX3, f"{SDMX_TYPE}data+xml;version=3.0.0"),
}
PAGED = {
    "odata wide": f"/odata/v4/NIS00000_{UPPER}",
    "odata cbs": f"/odata/cbs/v1/NIS00000/{LEVEL}/Observations",
}


@dataclass(slots=True)
class Count:
    """How many pieces were handed out, and how many cells were in them."""

    pieces: int = 0
    cells: int = 0


@dataclass(slots=True)
class Answered:
    """An answer as it left: its body, and what was so at each piece of it."""

    status: int = 0
    body: bytearray = field(default_factory=bytearray)
    seen: list[int] = field(default_factory=list)


async def _sent(
    app: Any, address: str, headers: dict[str, str], look: Callable[[], int]
) -> Answered:
    parts, found = urlsplit(address), Answered()

    asked = [{"type": "http.request", "body": b"", "more_body": False}]

    async def receive() -> MutableMapping[str, Any]:
        if not asked:
            await asyncio.Event().wait()  # whoever asks stays until the end
        return asked.pop()

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            found.status = message["status"]
        elif message.get("body"):
            found.seen.append(look())
            found.body += message["body"]

    given = [(name.lower().encode(), text.encode()) for name, text in headers.items()]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": parts.path, "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(), "root_path": "", "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80), "headers": [(b"host", b"127.0.0.1"), *given],
    }  # fmt: skip
    await app(scope, receive, send)
    return found


@dataclass(frozen=True, slots=True)
class Served:
    """A node with one release, asked in process."""

    house: House
    app: Any

    def ask(self, address: str, accept: str, look: Callable[[], int], **more: str) -> Answered:
        self.app.state.keeper.place()  # nobody waits for the log here
        headers = {**self.house.headers(WHOLE), "Accept": accept, **more}
        found = asyncio.run(_sent(self.app, address, headers, look))
        assert found.status == 200, bytes(found.body[:300])
        return found


def _served(folder: Path, rows: int) -> Iterator[Served]:
    made = house.furnish(folder, 9, generated.cells(rows))
    app = create_app(made.settings)
    served = Served(made, app)
    served.ask(f"{DATA}csv", "*/*", int)  # what is kept on first use is there
    yield served
    app.state.node.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from _served(tmp_path_factory.mktemp("small"), SMALL)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    yield from _served(tmp_path_factory.mktemp("large"), LARGE)


class Counted(Pieces):
    """The real pieces, made small, counted as they are handed out."""

    def __init__(self, table: pa.Table, counted: Count, *, coded: bool = False) -> None:
        super().__init__(table, PIECE_ROWS, coded=coded)
        self._counted = counted

    def coded(self) -> "Counted":
        return Counted(self._table, self._counted, coded=True)

    def after(self, row: int, rows: int = 0) -> Iterator[tuple[int, Cleared]]:
        for first, cleared in super().after(row, rows):
            self._counted.pieces += 1
            self._counted.cells += cleared.rows
            yield first, cleared

    def column(self, name: str) -> Iterator[pa.Array]:
        for each in super().column(name):
            self._counted.pieces += 1
            yield each

    def unnumbered(self, row: int) -> Iterator[tuple[Any, Cleared]]:
        for places, cleared in super().unnumbered(row):
            self._counted.cells += cleared.rows
            yield places, cleared


@pytest.fixture
def count(monkeypatch: pytest.MonkeyPatch) -> Count:
    """Make every piece small, and count those that are handed out."""
    counted = Count()

    def small(table: pa.Table) -> Counted:
        return Counted(table, counted)

    monkeypatch.setattr(case, "Pieces", small)
    return counted


@pytest.mark.parametrize("dialect", STREAMED)
def test_the_first_bytes_leave_before_the_second_piece_is_read(
    small: Served, count: Count, dialect: str
) -> None:
    address, accept = STREAMED[dialect]
    found = small.ask(address, accept, lambda: count.pieces)
    assert found.seen[0] <= 1
    assert found.seen[len(found.seen) // 2] < count.pieces
    assert count.pieces >= SMALL // PIECE_ROWS - 1


@pytest.mark.parametrize("dialect", STREAMED)
def test_three_times_the_cells_need_no_more_memory(
    small: Served, large: Served, count: Count, dialect: str
) -> None:
    address, accept = STREAMED[dialect]
    most = []
    for served in (small, large):
        before = pa.total_allocated_bytes()
        found = served.ask(address, accept, pa.total_allocated_bytes)
        most.append(max(found.seen) - before)
    assert most[1] <= most[0] * 1.5 + 100_000
    assert count.cells or dialect == "json"


@pytest.mark.parametrize("dialect", PAGED)
def test_a_page_reads_its_own_cells_and_no_others_however_far_it_stands(
    small: Served, count: Count, dialect: str
) -> None:
    address, read, rows = PAGED[dialect], list[int](), 0
    while address:
        before = count.cells
        found = small.ask(address, "*/*", lambda: 0, Prefer="odata.maxpagesize=1500")
        read.append(count.cells - before)
        page = orjson.loads(found.body)
        rows += len(page["value"])
        link = urlsplit(page.get("@odata.nextLink", ""))
        address = f"{link.path}?{link.query}" if link.path else ""
    assert rows == SMALL
    assert len(read) == SMALL // 1500
    assert max(read) <= 2 * PIECE_ROWS


def test_rows_that_are_skipped_are_not_read(small: Served, count: Count) -> None:
    found = small.ask(f"{PAGED['odata wide']}?$skip=26000&$top=10", "*/*", lambda: 0)
    assert len(orjson.loads(found.body)["value"]) == 10
    assert count.cells <= PIECE_ROWS


def test_a_piece_that_is_gathered_would_be_seen(small: Served, count: Count) -> None:
    cells = released.open_cells(next((small.house.home / "data").iterdir()))
    gathered = list(Counted(cells.select(Extent()), count))
    assert count.pieces == len(gathered) >= SMALL // PIECE_ROWS - 1
