"""Hidden figures in no byte of any answer: unique numbers, hidden at publication, sought after."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support import presses
from tests.support.callers import BASE_URL, House, house
from tests.support.cells import spellings

from hanse.node import home
from hanse.node.publish import Intent, publish
from hanse.policies.profile import Profile

pytestmark = pytest.mark.anyio

CANARIES = (73_194_628, 73_194_731, 73_195_557)
SHOWN = 912_345_678
LINES = (
    *(
        ("kanarie", presses.SECTOR, code, 2024, number)
        for code, number in zip(("41002A", "41002B", "11002A"), CANARIES, strict=True)
    ),
    ("kanarie", presses.SECTOR, "11002B", 2024, SHOWN),
)
STRICT = Profile("streng", {"nl": "Streng"}, {"nl": "Streng"}, min_count=100_000_000)

FORMS = ("json", "csv", "csv-spreadsheet", "xlsx", "parquet", "arrow", "arrow&codec=zstd")
QUESTIONS = (
    "",
    "&indicator=kanarie",
    "&area=41002A",
    "&area=41002A,11002B",
    "&area=41002A,11002B&indicator=kanarie&period=2024",
    "&extent=permitted",
)


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node with one release in which three unique numbers are hidden."""
    built = house(tmp_path_factory.mktemp("node") / "aalst")
    key = home.signing_key(built.home)
    press = presses.press(built.home, key=key, own_profiles={"streng": STRICT})
    contract = presses.contract(
        presses.indicator("kanarie"), slug="geheim", levels=(presses.SECTOR,), profile="streng"
    )
    publish(press, presses.draft(LINES, replace(contract)), Intent(), "an")
    press.engine.dispose()
    yield built
    built.node.close()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def layers(content: bytes) -> Iterator[bytes]:
    yield content
    if content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            yield from (archive.read(name) for name in archive.namelist())
    if content[:4] == b"PAR1":
        plain = io.BytesIO()
        table = pq.read_table(io.BytesIO(content))
        pq.write_table(table, plain, compression="none", use_dictionary=False)
        yield plain.getvalue()
    if content[:4] == b"\xff\xff\xff\xff":
        for batch in pa.ipc.open_stream(content):
            for column in batch.columns:
                yield from (buffer.to_pybytes() for buffer in column.buffers() if buffer)


def found(content: bytes, number: int) -> bool:
    return any(spelt in layer for layer in layers(content) for spelt in spellings(float(number)))


def caller(built: House) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=built.app)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL)


@pytest.mark.parametrize("form", FORMS)
async def test_no_answer_holds_a_hidden_figure(guarded: House, form: str) -> None:
    async with caller(guarded) as client:
        for question in QUESTIONS:
            path = f"/v1/datasets/geheim/data?format={form}{question}"
            answer = await client.get(path)
            assert answer.status_code == 200
            assert not any(found(answer.content, number) for number in CANARIES), question
            shown = "11002B" in question or "area" not in question
            assert found(answer.content, SHOWN) is shown, question


async def test_no_other_answer_holds_one_either(guarded: House) -> None:
    async with caller(guarded) as client:
        release = (await client.get("/v1/datasets/geheim")).json()["current"]["release_id"]
        for path in (
            "/v1/datasets",
            "/v1/datasets/geheim",
            "/v1/datasets/geheim/data.parquet",
            "/v1/datasets/geheim/permitted",
            "/v1/datasets/geheim/explain?area=41002A",
            f"/v1/datasets/geheim/releases/{release}",
            f"/nl/datasets/geheim/releases/{release}",
            "/v1/feed",
        ):
            content = (await client.get(path)).content
            assert not any(found(content, number) for number in CANARIES), path


def test_no_file_of_the_node_holds_one(guarded: House) -> None:
    files = [path for path in guarded.home.rglob("*") if path.is_file()]
    assert any(path.suffix == ".parquet" for path in files)
    for path in files:
        held = [number for number in CANARIES if found(path.read_bytes(), number)]
        assert not held, path.relative_to(guarded.home)


def test_the_search_would_find_one(tmp_path: Path) -> None:
    file = tmp_path / "leak.parquet"
    pq.write_table(pa.table({"obs_value": [float(CANARIES[0])]}), file)
    assert found(file.read_bytes(), CANARIES[0])
