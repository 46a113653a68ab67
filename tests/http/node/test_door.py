"""The door itself: releases gone by, formats agreed, a database that goes away, long answers."""

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from httpx import ASGITransport
from sqlalchemy import text
from tests.support import agreed, forge, presses
from tests.support.callers import (
    BASE_URL,
    LISTED,
    NOW,
    OPEN,
    PARTNER,
    TOWN_LINES,
    UNLISTED,
    House,
    catalogue,
    credentials,
)

from hanse.auth.principal import NOBODY, Principal
from hanse.cube.contract import Access
from hanse.cube.query import Query
from hanse.errors import Invalid, NotFound, Unauthenticated, Unavailable
from hanse.node import areas, datasets, home, responses
from hanse.node.door import Door
from hanse.node.door.certified import STATEMENT, SUMMARY
from hanse.node.protocols import KnownAreas
from hanse.node.publish import Intent, Press, publish, withdraw
from hanse.node.releases import manifest
from hanse.node.running import start
from hanse.policies.decision import NotPermitted
from hanse.store.session import transaction
from hanse.web.signin import identify

pytestmark = pytest.mark.anyio

PARTNER_TOKEN = Principal("provincie", frozenset({"dataset:read"}), None, "beleid")


def republish(own: House) -> None:
    press = presses.press(own.home, key=home.signing_key(own.home))
    both = (presses.indicator("inw"), presses.indicator("huish"))
    contract = presses.contract(*both, levels=(presses.TOWN, presses.SECTOR), slug=OPEN)
    lines = [(*line[:4], int(line[4]) + 1) for line in TOWN_LINES]
    corrected = Intent("corrected", "Herteld.")
    publish(press, presses.draft(lines, replace(contract, version="2.0.0")), corrected, "an")


async def test_a_release_gone_by_can_still_be_asked(own: House) -> None:
    door = own.node.door
    before = door.answer(NOBODY, Query(OPEN), None, "json")
    republish(own)
    now = door.answer(NOBODY, Query(OPEN), None, "json")
    assert now.digest != before.digest
    old = door.answer(NOBODY, Query(OPEN, release=before.manifest.release_id), None, "json")
    assert old.digest == before.digest
    async with own.client() as client:
        page = await client.get(f"/nl/datasets/{OPEN}/releases/{now.manifest.release_id}")
    assert before.manifest.release_id in page.text
    assert "EDITION_" not in page.text


def on_day(own: House, days: int) -> Press:
    """Return the press of a house so many days after its releases came out."""
    later = presses.clock(presses.START + timedelta(days=days))
    return presses.press(own.home, key=home.signing_key(own.home), clock=later)


async def test_changes_are_told_since_the_release_that_was_current_then(own: House) -> None:
    door = own.node.door
    first = door.answer(NOBODY, Query(OPEN), None, "json")
    both = (presses.indicator("inw"), presses.indicator("huish"))
    contract = presses.contract(*both, levels=(presses.TOWN, presses.SECTOR), slug=OPEN)
    lines = [(*line[:4], int(line[4]) + 1) for line in TOWN_LINES]
    made = presses.draft(lines, replace(contract, version="2.0.0"))
    publish(on_day(own, 10), made, Intent("corrected", "Herteld."), "an")
    second = door.answer(NOBODY, Query(OPEN), None, "json").manifest.release_id
    withdraw(on_day(own, 20), OPEN, second, "Toch niet.", "an")

    def told(day: float) -> tuple[object, ...]:
        since = presses.START + timedelta(days=day)
        changed = door.changed(NOBODY, Query(OPEN), None, "json", since)
        assert changed.manifest.release_id == first.manifest.release_id
        steps = (changed.changes.put(), changed.changes.removed())
        return changed.since, *(sum(part.rows for part in each) for each in steps)

    assert told(-1) == (None, first.rows, 0)
    assert told(5) == (first.manifest.release_id, 0, 0)
    since, put, gone = told(15)
    assert (since, gone) == (second, 0)
    assert put == first.rows, "withdrawn, but it was current then: every figure of it was another"
    assert told(25) == (first.manifest.release_id, 0, 0)


async def test_of_a_release_that_was_not_opened_nothing_is_compared(own: House) -> None:
    contract = presses.contract(
        presses.indicator("huish"), levels=(presses.TOWN,), slug=LISTED, access=Access.PROTOCOL
    )
    other = [("huish", *line[1:]) for line in TOWN_LINES if line[0] == "inw"]
    made = presses.draft(other, replace(contract, version="2.0.0"))
    publish(on_day(own, 10), made, Intent("corrected", "Zonder inwoners."), "an")
    back = replace(contract, indicators=(presses.indicator("inw"),), version="3.0.0")
    lines = [line for line in TOWN_LINES if line[0] == "inw"]
    publish(on_day(own, 20), presses.draft(lines, back), Intent("corrected", "Toch wel."), "an")
    question = Query(LISTED, permitted_only=True)
    since = presses.START + timedelta(days=15)
    changed = own.node.door.changed(PARTNER_TOKEN, question, None, "json", since)
    assert changed.since is not None
    assert [*changed.changes.removed()] == []
    whole = own.node.door.answer(PARTNER_TOKEN, question, None, "json")
    assert sum(part.rows for part in changed.changes.put()) == whole.rows > 0


async def test_a_dataset_without_a_release_says_so(own: House) -> None:
    with transaction(own.node.engine) as session:
        datasets.put(session, presses.contract(slug="nieuw"), "2026-11-01T00:00:00+00:00")
        session.connection().execute(
            text("INSERT INTO outbox (id, at, kind) VALUES (999, 'x', 'dataset.changed')")
        )
    with pytest.raises(NotFound, match="RELEASE_NONE"):
        own.node.door.answer(NOBODY, Query("nieuw"), None, "json")
    async with own.client() as client:
        assert "nieuw" in (await client.get("/v1/datasets")).text
        assert (await client.get("/nl/")).status_code == 200


@pytest.mark.parametrize("form", ["json", "csv", "xlsx", "parquet", "arrow"])
async def test_only_agreed_formats_leave(own: House, form: str) -> None:
    narrow = PARTNER.format(datasets=UNLISTED).replace("version: 1", "version: 2")
    narrow = narrow.replace("formats: [json, csv, xlsx, parquet, arrow]", "formats: [csv]")
    with transaction(own.node.engine) as session:
        agreed.in_force(session, own.home, narrow, NOW)
    question = Query(UNLISTED, permitted_only=True)
    terms = own.node.door.permitted(PARTNER_TOKEN, UNLISTED, None)
    assert terms.permit.formats == ("csv",)
    if form == "csv":
        assert own.node.door.answer(PARTNER_TOKEN, question, None, "csv").rows
        return
    with pytest.raises(NotPermitted, match="DECISION_FORMAT"):
        own.node.door.answer(PARTNER_TOKEN, question, None, form)  # type: ignore[arg-type]


async def test_a_token_for_another_text_of_the_protocol_opens_nothing(aalst: House) -> None:
    door, question = aalst.node.door, Query(LISTED, permitted_only=True)
    name = "urn:protocol:aalst:2026-001"
    known = door.answer(PARTNER_TOKEN, question, None, "json").permit.content_hash
    exact = replace(PARTNER_TOKEN, protocol=name, protocol_hash=known)
    assert door.answer(exact, question, None, "json").rows == 6
    for other in (
        replace(exact, protocol_hash="sha-256:00"),
        replace(exact, protocol="urn:protocol:aalst:2026-999"),
    ):
        with pytest.raises(NotPermitted, match="DECISION_STATUS"):
            door.answer(other, question, None, "json")


async def test_a_database_that_went_away_is_unavailable(own: House) -> None:
    own.node.door.worlds.current()
    own.node.engine.dispose()
    moved = own.home / "node.db"
    for file in own.home.glob("node.db*"):
        file.rename(file.with_suffix(file.suffix + ".weg"))
    moved.mkdir()
    door = Door(own.node.engine, own.home, own.clock, guard=own.node.door._guard)
    with pytest.raises(Unavailable, match="DATABASE_UNAVAILABLE"):
        door.answer(NOBODY, Query(OPEN), None, "json")


@pytest.mark.parametrize("name", [SUMMARY, STATEMENT])
async def test_a_certificate_that_was_touched_is_none(own: House, name: str) -> None:
    door = own.node.door
    digest = door.answer(NOBODY, Query(OPEN), None, "json").digest
    file = manifest.folder_of(own.home, digest) / name
    file.chmod(0o600)
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(Unavailable, match="RELEASE_UNCERTIFIED"):
        door.answer(NOBODY, Query(OPEN), None, "json")


async def test_a_long_answer_is_streamed(aalst: House, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v1/datasets/{OPEN}/data"
    async with aalst.client() as client:
        short = await client.get(path)
        monkeypatch.setattr(responses, "WHOLE_ROWS", 3)
        streamed = await client.get(path)
        tag = short.headers["etag"]
        known = await client.get(path, headers={"If-None-Match": f'"x", {tag}'})
    assert "repr-digest" in short.headers
    assert "repr-digest" not in streamed.headers
    assert streamed.content == short.content
    assert known.status_code == 304


async def test_pinned_keys_must_be_readable(own: House) -> None:
    for content in ("", "[]", '{"keys": [1]}'):
        file = own.home / "pinned.json"
        file.write_text(content)
        settings = own.node.settings.model_copy(update={"catalogue_keys": str(file)})
        with pytest.raises(Invalid, match="KEYS_UNREADABLE"):
            start(settings, own.clock, identify)


async def test_keys_without_the_pinned_signature_are_not_taken(own: House) -> None:
    file = own.home / "pinned.json"
    file.write_text(json.dumps({"keys": [home.signing_key(own.home).public_jwk()]}))
    settings = own.node.settings.model_copy(update={"catalogue_keys": str(file)})

    node = start(settings, own.clock, identify, ASGITransport(app=catalogue()))
    token = credentials("partner")["Authorization"].removeprefix("Bearer ")
    with pytest.raises(Unauthenticated):
        node.verifier.verify(token)
    assert own.node.verifier.verify(token).client_id == "provincie"
    node.close()


async def test_a_node_without_a_catalogue_takes_no_token(own: House) -> None:
    settings = own.node.settings.model_copy(update={"catalogue_url": ""})
    node = start(settings, own.clock, identify)
    with pytest.raises(Unauthenticated):
        node.verifier.verify(forge.token(payload=forge.claims(aud=BASE_URL)))
    node.close()


def test_what_the_registry_does_not_know_opens_nothing(tmp_path: Path) -> None:
    areas.store(tmp_path, presses.registry())
    known = KnownAreas(areas.load(tmp_path))
    assert known.rank("gemeente") == known.rank("gemeente@2025") == 30
    assert known.rank("planeet") is None
    assert known.below("gemeente", "41002", "statsec@2025") == {"41002A", "41002B"}
    assert known.below("gemeente", "99999", "statsec@2025") == frozenset()
    assert known.below("planeet", "1", "statsec@2025") == frozenset()
    assert known.codes("gemeente@2025") == {"11002", "41002"}
    assert known.codes("planeet@2025") == frozenset()
