"""The register of protocols over HTTP: public documents, steps of our own party, answers broken
off when their protocol ends.
"""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.responses import StreamingResponse
from tests.support import agreed
from tests.support.callers import BASE_URL, KBO, LISTED, OPEN, PARTNER, House, house

from hanse.auth.principal import Principal
from hanse.errors import Refused
from hanse.node import partners, protocols
from hanse.node.office import Office, bundle, day
from hanse.node.watching import LOOK_SECONDS, Watched
from hanse.policies.protocol import from_document
from hanse.policies.signatures import SigningKey
from hanse.policies.statements import Saying
from hanse.store.session import reading, transaction
from hanse.web.signin import _sign_in

pytestmark = pytest.mark.anyio

NAME = "urn:protocol:aalst:2026-001"
STEWARD = SigningKey.generate()


def as_steward(here: House, client: str = "an", key: SigningKey = STEWARD, **more: Any) -> None:
    """Let every request be one of a steward with proof of a key."""
    scopes = frozenset({"protocol:propose", "protocol:approve", "protocol:revoke"})
    given = {"client_id": client, "scopes": scopes, "thumbprint": key.kid, "bound": True, **more}
    here.app.dependency_overrides[_sign_in] = lambda: Principal(**given)


@pytest.fixture
def aalst(own: House) -> Iterator[House]:
    """A node whose own party pinned a steward's key."""
    with transaction(own.node.engine) as session:
        key = own.node.publisher.key
        partners.pin(session, key, KBO, STEWARD.public_jwk(), own.clock())
    yield own
    own.app.dependency_overrides.clear()


async def test_what_is_in_force_is_public_and_names_nobody(aalst: House) -> None:
    async with aalst.client() as client:
        listed = (await client.get("/v1/protocols")).json()["protocols"]
        told = (await client.get(f"/v1/protocols/{NAME}", headers={"accept-language": "fr"})).json()
        page = await client.get(f"/nl/protocols/{NAME}")
        overview = await client.get("/nl/protocols")
    assert {each["protocol"] for each in listed} == {NAME, "urn:protocol:nis41002:open-data"}
    assert told["state"] == "active"
    assert [point["number"] for point in told["points"]] == list(range(1, 15))
    assert told["points"][12]["title"] == "Durée"
    assert told["bearer"] == ["provincie"]
    assert len(told["acts"]) == 5
    assert (page.status_code, overview.status_code) == (200, 200)
    assert "Evenredigheid" in page.text
    for person in (agreed.PROPOSER, agreed.ADVISER, agreed.SIGNER):
        assert f'"{person}"' not in json.dumps(told)
    assert "GAZETTE_" not in page.text + overview.text


async def test_an_offer_is_not_public(aalst: House) -> None:
    as_steward(aalst)
    form = PARTNER.format(datasets=LISTED).replace("2026-001", "2026-002")
    async with aalst.client() as client:
        assert (await client.post("/v1/protocols", json={"form": form})).status_code == 201
        aalst.app.dependency_overrides.clear()
        other = NAME.replace("001", "002")
        for path in (f"/v1/protocols/{other}", f"/nl/protocols/{other}"):
            assert (await client.get(path)).status_code == 404
        assert other not in (await client.get("/v1/protocols")).text


async def test_a_protocol_is_agreed_over_http_by_three_people_and_another_party(
    aalst: House,
) -> None:
    form = PARTNER.format(datasets=LISTED).replace("2026-001", "2026-002")
    name = NAME.replace("001", "002")
    advice = {"statement": "advise", "outcome": "favourable"}
    async with aalst.client() as client:

        async def step(who: str, body: dict[str, str]) -> httpx.Response:
            as_steward(aalst, who)
            return await client.post(f"/v1/protocols/{name}/statements", json=body)

        as_steward(aalst, "an")
        proposed = (await client.post("/v1/protocols", json={"form": form})).json()
        assert (proposed["state"], len(proposed["waits_for"])) == ("advice", 2)
        assert (await step("an", advice)).json()["code"] == "PROTOCOL_SAME_PERSON"
        assert (await step("bo", advice)).json()["waits_for"] == ["0207725597"]
        assert (await step("cas", {"statement": "accept"})).json()["code"] == "PROTOCOL_STATE"
        copied = (await client.get(f"/v1/protocols/{name}/copy")).json()
        read = from_document(copied["content"])
        for saying in (
            Saying("advise", "dpo", "conditional"),
            Saying("accept", "signatory"),
        ):
            copied["statements"].append(agreed.said(read, "0207725597", saying, aalst.clock()))
        taken = (await client.post("/v1/protocols/copies", json=copied)).json()
        assert (taken["state"], taken["waits_for"]) == ("offered", [KBO])
        for who in ("an", "bo"):
            same = await step(who, {"statement": "accept"})
            assert same.json()["code"] == "PROTOCOL_SAME_PERSON"
        assert (await step("cas", {"statement": "accept"})).json()["state"] == "active"
        for kind, state in (("suspend", "suspended"), ("resume", "active")):
            aalst.clock.at += timedelta(seconds=1)
            assert (await step("cas", {"statement": kind})).json()["state"] == state
        assert (await step("cas", {"statement": "revoke"})).json()["code"] == "SCOPE_MISSING"
        ended = await client.post(f"/v1/protocols/{name}/revocation")
        assert ended.json()["state"] == "revoked"
    assert aalst.node.door.worlds.current().book.revoked == {name}


async def test_a_token_alone_signs_nothing(aalst: House) -> None:
    stranger = SigningKey.generate()
    async with aalst.client() as client:
        for key, more in (
            (stranger, {}),
            (STEWARD, {"bound": False}),
            (aalst.node.publisher.key, {}),
        ):
            as_steward(aalst, "an", key, **more)
            answers = [
                await client.post("/v1/protocols", json={"form": "schema: 1"}),
                await client.post(f"/v1/protocols/{NAME}/revocation"),
                await client.post(
                    f"/v1/protocols/{NAME}/statements", json={"statement": "suspend"}
                ),
                await client.get(f"/v1/protocols/{NAME}/copy"),
                await client.get(f"/v1/protocols/{NAME}/differences/1/1"),
                await client.post("/v1/protocols/copies", json={"content": {}}),
            ]
            assert {each.json()["code"] for each in answers} == {"STEWARD_KEY"}
    assert aalst.node.door.worlds.current().book.revoked == frozenset()


async def test_a_new_version_is_told_in_consequences(aalst: House) -> None:
    as_steward(aalst)
    form = PARTNER.format(datasets=LISTED).replace("version: 1", "version: 2")
    wider = form.replace("indicators: [inw]", "indicators: [inw, huish]")
    async with aalst.client() as client:
        assert (await client.post("/v1/protocols", json={"form": wider})).status_code == 201
        told = (await client.get(f"/v1/protocols/{NAME}/differences/1/2")).json()["differences"]
    assert told[0] == {
        "effect": "widens",
        "field": "data.indicators",
        "sentence": "Indicatoren: huish komt erbij. ",
    }


async def test_the_others_go_on_and_health_names_the_damaged_one(own: House) -> None:
    with own.node.engine.begin() as connection:
        connection.execute(text("PRAGMA query_only = OFF"))
        changed = "UPDATE protocol SET content = replace(content, 'P5Y', 'P9Y')"
        connection.execute(text(changed))
        connection.execute(text("INSERT INTO outbox (id, at, kind) VALUES (999, 'x', 'y')"))
    transport = httpx.ASGITransport(app=own.app, client=("127.0.0.1", 5))
    async with own.client() as client:
        assert (await client.get(f"/v1/datasets/{OPEN}/data")).status_code == 200
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as near:
        told = (await near.get("/health/ready")).json()
    assert told["protocols"] == f"damaged: {NAME}"


async def test_an_answer_on_its_way_breaks_off_when_its_protocol_ends() -> None:
    now, stands = [0.0], [True]

    async def pieces() -> Any:
        for number in range(5):
            if number == 3:
                stands[0] = False
            now[0] += LOOK_SECONDS
            yield b"x"

    inner = StreamingResponse(pieces())
    watched = Watched(inner, lambda: stands[0], lambda: now[0])
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises((Refused, ExceptionGroup)):
        await watched({"type": "http", "asgi": {"spec_version": "2.4"}}, receive, send)
    bodies = [message for message in sent if message["type"] == "http.response.body"]
    assert len(bodies) == 3
    assert all(message["more_body"] for message in bodies)


async def test_the_door_says_whether_a_permit_still_stands(own: House) -> None:
    from hanse.cube.query import Query

    door = own.node.door
    partner = Principal("provincie", frozenset({"dataset:read"}), purpose="beleid")
    permit = door.answer(partner, Query(LISTED, permitted_only=True), None, "json").permit
    assert door.stands(permit)
    for kind, stands in (("suspend", False), ("resume", True), ("revoke", False)):
        own.clock.at += timedelta(seconds=1)
        with transaction(own.node.engine) as session:
            agreed.step(session, own.home, NAME, kind, own.clock())
        assert door.stands(permit) is stands


def test_a_copy_holds_what_every_party_signed(tmp_path: Path) -> None:
    here = house(tmp_path / "aalst")
    office_ = Office(KBO, here.node.publisher.key)
    with reading(here.node.engine) as session:
        book = protocols.open_book(session, office_.public, day(here.clock()))
    copied = bundle(protocols.get(book, NAME), office_)
    assert len(copied.statements) == 5
    assert [each.kbo for each in copied.keys] == [KBO]
    here.node.close()
