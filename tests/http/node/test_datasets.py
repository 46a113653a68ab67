"""`/v1/datasets`, `permitted`, `explain`, `/v1/decisions`: what may be known, and why."""

from typing import Any

import pytest
from sqlalchemy import text
from tests.support import agreed
from tests.support.callers import CLOSED, INTERNAL, LISTED, OPEN, UNLISTED, House, credentials

from hanse.store.session import transaction

pytestmark = pytest.mark.anyio

EXPLAIN = "indicator=inw&level=statsec@2025&period=2024"


def count(house: House) -> int:
    with house.node.engine.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM audit_pending")).scalar_one())


@pytest.mark.caller
async def test_a_list_shows_what_its_reader_may_know(aalst: House, caller: str) -> None:
    async with aalst.client(caller) as client:
        answer = await client.get("/v1/datasets")
    shown = {each["slug"] for each in answer.json()["datasets"]}
    expected = {OPEN, "geslacht", LISTED} | ({UNLISTED} if caller == "partner" else set())
    assert shown == expected
    assert not {CLOSED, INTERNAL} & shown
    assert answer.headers["cache-control"] == "private, no-store"


@pytest.mark.caller
async def test_a_listed_dataset_is_described_to_everybody(aalst: House, caller: str) -> None:
    async with aalst.client(caller) as client:
        answer = await client.get(f"/v1/datasets/{LISTED}")
    assert answer.status_code == 200
    assert answer.json()["current"]["coverage"] is None


async def test_what_is_permitted_is_said_with_its_terms(aalst: House) -> None:
    async with aalst.client("partner") as client:
        told = (await client.get(f"/v1/datasets/{UNLISTED}/permitted")).json()
        data = (await client.get(f"/v1/datasets/{UNLISTED}/data?extent=permitted")).json()
    assert told["protocol"] == "urn:protocol:aalst:2026-001"
    assert told["indicators"] == ["inw"]
    assert told["areas"] == {"gemeente@2025": ["41002"], "statsec@2025": ["41002A", "41002B"]}
    assert told["periods"] == ["2023", "2024"]
    assert told["formats"] == ["arrow", "csv", "json", "parquet", "xlsx"]
    assert (told["onward"], told["retention"]) == ("none", "P5Y")
    opened = {code for codes in told["areas"].values() for code in codes}
    assert set(data["data"]["area"]) == opened


@pytest.mark.caller("stranger")
async def test_a_stranger_is_told_that_no_protocol_names_him(aalst: House, caller: str) -> None:
    async with aalst.client(caller) as client:
        answer = await client.get(f"/v1/datasets/{LISTED}/permitted?purpose=beleid")
    assert (answer.status_code, answer.json()["code"]) == (403, "DECISION_RECIPIENT")
    assert "aalst:2026-001" not in answer.text


@pytest.mark.parametrize(
    ("query", "outcome", "said"),
    [
        (f"{EXPLAIN}&area=41002B", "hidden", "standaard-5"),
        (f"{EXPLAIN}&area=41002A", "permitted", "urn:protocol:aalst:2026-001"),
        (f"{EXPLAIN}&area=11002B", "refused", "gemeente:41002"),
        ("indicator=huish&level=gemeente&area=41002&period=2024", "refused", "inw"),
    ],
)
async def test_why_a_cell_is_what_it_is_for_a_partner(
    aalst: House, query: str, outcome: str, said: str
) -> None:
    async with aalst.client("partner") as client:
        told = (await client.get(f"/v1/datasets/{LISTED}/explain?{query}")).json()
    assert told["outcome"] == outcome
    assert said in told["sentence"]
    if outcome == "refused":
        assert told["decision"]
        failed = [check for check in told["checks"] if not check["passed"]]
        assert failed[0]["had"] == told["allowed"]


async def test_why_is_said_for_open_data_in_the_reader_s_language(aalst: House) -> None:
    missing = "indicator=huish&level=statsec&area=41002A&period=2024"
    async with aalst.client() as client:
        said: dict[str, Any] = {}
        for lang in ("nl", "en", "fr"):
            path = f"/v1/datasets/{OPEN}/explain?{EXPLAIN}&area=41002B"
            answer = await client.get(path, headers={"Accept-Language": lang})
            said[lang] = answer.json()["sentence"]
        absent = (await client.get(f"/v1/datasets/{OPEN}/explain?{missing}")).json()
        wide = await client.get(f"/v1/datasets/{OPEN}/explain?{EXPLAIN}")
    assert len(set(said.values())) == 3
    assert "3" not in said["nl"].replace("standaard-5", "")
    assert absent["outcome"] == "missing"
    assert (wide.status_code, wide.json()["code"]) == (400, "EXPLAIN_ONE_CELL")


async def test_no_explanation_tells_which_kind_of_hidden(aalst: House) -> None:
    async with aalst.client() as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/explain?{EXPLAIN}&area=41002B")
    for word in ("primary", "secondary", "primair", "secundair", "source"):
        assert word not in answer.text.lower()


async def test_every_decision_is_on_record_for_who_audits(aalst: House) -> None:
    path = f"/v1/datasets/{LISTED}/data?extent=permitted"
    async with aalst.client("partner") as client:
        allowed = await client.get(path)
        refused = await client.get(f"/v1/datasets/{LISTED}/data?area=11002&indicator=inw")
    references = (allowed.headers["decision"], refused.json()["decision"])
    async with aalst.client("steward") as client:
        first, second = [(await client.get(f"/v1/decisions/{ref}")).json() for ref in references]
        absent = await client.get("/v1/decisions/none")
    assert (first["outcome"], first["rows"], first["client"]) == ("permitted", 6, "provincie")
    assert first["purpose"] == "beleid"
    assert first["protocol_version"] == 1
    assert all(check["passed"] for check in first["checks"])
    assert (second["outcome"], second["code"]) == ("refused", "DECISION_AREA")
    assert second["asked"]["areas"] == {"gemeente@2025": ["11002"]}
    assert absent.status_code == 404


@pytest.mark.caller("nobody", "stranger", "partner")
async def test_decisions_are_for_who_may_audit(aalst: House, caller: str) -> None:
    async with aalst.client(caller) as client:
        answer = await client.get("/v1/decisions/none")
    assert answer.status_code == (401 if caller == "nobody" else 403)


async def test_a_record_holds_no_figure(own: House) -> None:
    async with own.client("partner") as client:
        ref = (await client.get(f"/v1/datasets/{LISTED}/data?extent=permitted")).headers["decision"]
    async with own.client("steward") as client:
        told = (await client.get(f"/v1/decisions/{ref}")).text
    assert "80009" not in told
    assert "5000" not in told


async def test_what_cannot_be_recorded_does_not_leave(own: House) -> None:
    with own.node.engine.begin() as connection:
        connection.execute(text("PRAGMA query_only = OFF"))
        connection.execute(text("ALTER TABLE audit_pending RENAME TO gone"))
    for caller, path in (("nobody", OPEN), ("partner", LISTED)):
        async with own.client(caller) as client:
            answer = await client.get(f"/v1/datasets/{path}/data?extent=permitted&purpose=beleid")
        assert answer.status_code == 503
        assert "data" not in answer.json()


async def test_open_answers_are_only_counted_where_the_node_says_so(tmp_path: Any) -> None:
    from tests.support.callers import house

    quiet = house(tmp_path / "aalst", record_open=False)
    async with quiet.client() as client:
        answer = await client.get(f"/v1/datasets/{OPEN}/data")
    assert answer.status_code == 200
    assert "decision" not in answer.headers
    assert count(quiet) == 0
    async with quiet.client("partner") as client:
        await client.get(f"/v1/datasets/{LISTED}/data?extent=permitted")
    assert count(quiet) == 1
    quiet.node.close()


async def test_a_revoked_protocol_opens_nothing_from_the_next_request_on(own: House) -> None:
    path = f"/v1/datasets/{LISTED}/data?extent=permitted"
    async with own.client("partner") as client:
        assert (await client.get(path)).status_code == 200
        for event, status in (("suspend", 403), ("resume", 200), ("revoke", 403)):
            with transaction(own.node.engine) as session:
                agreed.step(session, own.home, "urn:protocol:aalst:2026-001", event, own.clock())
            assert (await client.get(path)).status_code == status


async def test_a_protocol_ends_at_midnight_in_brussels(own: House) -> None:
    from datetime import UTC, datetime

    path = f"/v1/datasets/{LISTED}/data?extent=permitted"
    for moment, status in (
        (datetime(2028, 12, 31, 22, 59, 59, tzinfo=UTC), 200),
        (datetime(2028, 12, 31, 23, 0, 0, tzinfo=UTC), 403),
    ):
        own.clock.at = moment
        now = int(moment.timestamp())
        headers = dict(credentials("partner", iat=now, exp=now + 300))
        async with own.client() as client:
            assert (await client.get(path, headers=headers)).status_code == status


async def test_a_tampered_protocol_is_not_served(own: House) -> None:
    with own.node.engine.begin() as connection:
        connection.execute(text("PRAGMA query_only = OFF"))
        connection.execute(text("UPDATE protocol SET content = replace(content, '2023', '1923')"))
        connection.execute(text("INSERT INTO outbox (id, at, kind) VALUES (999, 'x', 'y')"))
    async with own.client("partner") as client:
        answer = await client.get(f"/v1/datasets/{LISTED}/data?extent=permitted")
        shown = await client.get(f"/v1/datasets/{OPEN}/data")
    assert (answer.status_code, answer.json()["code"]) == (403, "DECISION_RECIPIENT")
    assert shown.status_code == 200
