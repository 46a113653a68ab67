"""Signs and numbers that a database cannot hold, sent where a stranger may send them."""

from collections.abc import Iterator

import pytest
from tests.support import postgres
from tests.support.callers import CALLERS, LISTED, OPEN, House, house

pytestmark = [pytest.mark.anyio, pytest.mark.needs("postgresql")]

PATHS = (
    f"/v1/datasets/{OPEN}/releases/%00",
    f"/v1/datasets/{OPEN}/releases/a%00/manifest.jws",
    "/v1/datasets/%00/releases",
    "/v1/decisions/%00",
    f"/v1/datasets/{OPEN}/data?purpose=a%00",
    f"/v1/datasets/{LISTED}/data?purpose=%00",
    f"/v1/datasets/{OPEN}/data?indicator=%00",
    f"/v1/datasets/{OPEN}/data?SE%00X=1",
    f"/nl/datasets/{OPEN}/releases/%00",
    "/v1/changes?since=9007199254740992",
    "/v1/changes?since=2147483648",
)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node on the database that is strictest about text."""
    with postgres.cluster() as server:
        url = postgres.database(server)
        built = house(tmp_path_factory.mktemp("node") / "aalst", database_url=url)
        yield built
        built.node.close()


@pytest.mark.parametrize("path", PATHS)
async def test_it_is_refused_and_never_a_fault_of_our_own(large: House, path: str) -> None:
    for caller in CALLERS:
        async with large.client(caller) as client:
            answer = await client.get(path)
        assert answer.status_code == 400, (caller, answer.text)


async def test_the_largest_cursor_is_still_a_question(large: House) -> None:
    async with large.client() as client:
        answer = await client.get("/v1/changes?since=2147483647")
    assert answer.json()["events"] == []
