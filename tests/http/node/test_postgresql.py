"""The same door on PostgreSQL: decided, recorded, and changed from the next request on."""

from collections.abc import Iterator

import pytest
from tests.support import agreed, postgres
from tests.support.callers import LISTED, OPEN, House, house

from hanse.store.session import transaction

pytestmark = [pytest.mark.anyio, pytest.mark.needs("postgresql")]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node that keeps its rows in PostgreSQL."""
    with postgres.cluster() as server:
        url = postgres.database(server)
        built = house(tmp_path_factory.mktemp("node") / "aalst", database_url=url)
        yield built
        built.node.close()


async def test_it_answers_and_records(large: House) -> None:
    async with large.client("partner") as client:
        answer = await client.get(f"/v1/datasets/{LISTED}/data?extent=permitted")
        shown = await client.get(f"/v1/datasets/{OPEN}/data")
    assert (answer.status_code, answer.json()["rows"], shown.json()["rows"]) == (200, 6, 24)
    async with large.client("steward") as client:
        told = await client.get(f"/v1/decisions/{answer.headers['decision']}")
    assert told.json()["rows"] == 6


async def test_a_change_counts_from_the_next_request_on(large: House) -> None:
    path = f"/v1/datasets/{LISTED}/data?extent=permitted"
    async with large.client("partner") as client:
        for event, status in (("suspend", 403), ("resume", 200)):
            with transaction(large.node.engine) as session:
                agreed.step(
                    session, large.home, "urn:protocol:aalst:2026-001", event, large.clock()
                )
            assert (await client.get(path)).status_code == status
