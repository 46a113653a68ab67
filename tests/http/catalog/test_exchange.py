"""Signed copies of protocols by way of the catalogue: it carries them, and nobody believes it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine
from sqlmodel import select
from tests.support.asgi import Reply, ask
from tests.support.callers import PARTNER
from tests.support.catalogues import BASE_URL, Federation, federation

from hanse.catalog import exchange as kept
from hanse.catalog import members
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node import exchange, home, migrations, office, partners, protocols
from hanse.node.office import Office
from hanse.node.settings import NodeSettings, read_settings
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, EXCHANGE, SigningKey, sign
from hanse.policies.statements import Kind, Outcome, Role, Saying
from hanse.store.engine import create
from hanse.store.session import reading, transaction

NAME = "urn:protocol:aalst:2026-001"
CITY, PROVINCE = "0207437468", "0207725597"
PATH = "/v1/exchange/protocols"
HOST = (b"host", b"127.0.0.1:8100")


@dataclass
class Member:
    """A node that is a member of the catalogue."""

    settings: NodeSettings
    own: Office
    engine: Engine
    league: Federation

    @property
    def now(self) -> datetime:
        self.league.clock.pass_(seconds=1)
        return self.league.clock.now

    def exchange(self) -> exchange.Outcome:
        transport = httpx.ASGITransport(app=self.league.app)
        return exchange.exchange(self.settings, self.own, self.engine, self.now, transport)

    def trust(self, other: "Member") -> None:
        with transaction(self.engine) as session:
            key = other.own.public
            partners.pin(session, self.own.key, other.own.kbo, key, self.now)

    def say(self, kind: Kind, role: Role, by: str, outcome: Outcome | None = None) -> str:
        with transaction(self.engine) as session:
            saying = Saying(kind, role, outcome)
            return office.say(session, self.own, NAME, saying, by, self.now).state

    @property
    def state(self) -> str:
        with reading(self.engine) as session:
            book = protocols.open_book(session, self.own.public, office.day(self.now))
        return protocols.get(book, NAME).state

    def word(self, **changes: Any) -> str:
        told = {
            "catalogue": BASE_URL,
            "agency": self.settings.agency,
            "party": self.own.kbo,
            "issued_at": self.now.isoformat(),
        }
        return sign(canonical({**told, **changes}), EXCHANGE, self.own.key)


def member(folder: Path, league: Federation, agency: str, kbo: str) -> Member:
    given = {"agency": agency, "name": agency, "kbo": kbo, "catalogue_url": BASE_URL}
    key = home.init(folder, {**given, "base_url": f"http://127.0.0.1:9{kbo[-3:]}"})
    settings, now = read_settings(folder), league.clock.now
    engine = create(settings.database)
    migrations.upgrade(engine)
    own = Office(kbo, key)
    with transaction(engine) as session:
        office.settle(session, own, now)
    asked = {
        "schema": 1,
        "catalogue": BASE_URL,
        "agency": agency,
        "name": agency,
        "kbo": kbo,
        "base_url": settings.resource,
        "keys": [key.public_jwk()],
        "issued_at": now.isoformat(),
    }
    with transaction(league.catalogue.engine) as session:
        row = members.enrol(
            session, sign(canonical(asked), ENROLMENT, key), catalogue=BASE_URL, now=now
        )
        members.approve(session, agency, row.fingerprint, now)
    return Member(settings, own, engine, league)


@pytest.fixture
def league(tmp_path: Path) -> Iterator[Federation]:
    made = federation(tmp_path / "catalogue")
    yield made
    made.catalogue.engine.dispose()


@pytest.fixture
def both(tmp_path: Path, league: Federation) -> Iterator[tuple[Member, Member]]:
    """A city and a province that pinned each other's keys; the city proposed and advised."""
    city = member(tmp_path / "stad", league, "NIS41002", CITY)
    province = member(tmp_path / "provincie", league, "PROV40000", PROVINCE)
    city.trust(province)
    province.trust(city)
    with transaction(city.engine) as session:
        text = PARTNER.format(datasets="zorg")
        office.propose(session, city.own, text, "an", city.now)
    city.say("advise", "dpo", "bo", "favourable")
    yield city, province
    city.engine.dispose()
    province.engine.dispose()


def test_two_nodes_agree_by_way_of_the_catalogue(both: tuple[Member, Member]) -> None:
    city, province = both
    assert city.exchange().sent == 1
    taken = province.exchange().taken
    assert [(each.held.state, each.unknown) for each in taken] == [("advice", ())]
    assert province.say("advise", "dpo", "eva", "conditional") == "offered"
    assert province.say("accept", "signatory", "fien") == "offered"
    province.exchange()
    assert [each.held.state for each in city.exchange().taken] == ["offered"]
    assert city.say("accept", "signatory", "cas") == "active"
    city.exchange()
    province.exchange()
    assert (city.state, province.state) == ("active", "active")
    assert province.say("revoke", "signatory", "fien") == "revoked"
    province.exchange()
    city.exchange()
    assert city.state == "revoked"


def test_a_catalogue_that_changes_a_copy_changes_nothing(both: tuple[Member, Member]) -> None:
    city, province = both
    city.exchange()
    with transaction(city.league.catalogue.engine) as session:
        row = session.exec(select(kept.CopyRow)).one()
        row.content = row.content.replace('"retention":"P5Y"', '"retention":"P9Y"')
        session.add(row)
    outcome = province.exchange()
    assert (outcome.taken, outcome.refused) == ((), ((NAME, "STATEMENT_TEXT"),))
    with pytest.raises(NotFound, match="PROTOCOL_UNKNOWN"):
        _ = province.state


def test_a_key_the_catalogue_tells_is_learned_and_not_believed(
    both: tuple[Member, Member],
) -> None:
    city, province = both
    with transaction(province.engine) as session:
        partners.drop(session, CITY, city.own.key.kid, province.now)
    city.exchange()
    (taken,) = province.exchange().taken
    assert (taken.held.state, taken.unknown) == ("draft", (CITY,))
    with reading(province.engine) as session:
        states = {row.kid: row.state for row in partners.all(session)}
    assert states[city.own.key.kid] == "learned"


def get(league: Federation, word: str) -> Reply:
    return ask(league.app, PATH, headers=[HOST, (b"exchange", word.encode())])


def leave(league: Federation, deposit: str) -> Reply:
    body = json.dumps({"deposit": deposit}).encode()
    headers = [
        HOST,
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
    ]
    return ask(league.app, PATH, method="POST", headers=headers, chunks=[body])


def test_only_a_member_that_is_a_party_sees_a_copy(
    both: tuple[Member, Member], tmp_path: Path
) -> None:
    city, province = both
    city.exchange()
    league = city.league
    other = member(tmp_path / "elders", league, "NIS11002", "0207489542")
    assert other.exchange().taken == ()
    stranger = SigningKey.generate()
    told = json.loads(get(league, province.word()).body)
    assert len(told["bundles"]) == 1
    for word in (
        "",
        "x.y.z",
        province.word(party=CITY),
        province.word(agency="NIS41002"),
        province.word(catalogue="http://elders"),
        province.word(issued_at=(league.clock.now - timedelta(minutes=3)).isoformat()),
        province.word(issued_at="gisteren"),
        province.word(agency="N\x00"),
        sign(b"[]", EXCHANGE, province.own.key),
        sign(canonical({"agency": "PROV40000"}), EXCHANGE, stranger),
    ):
        reply = get(league, word)
        assert reply.status in {401, 422}
        assert NAME.encode() not in reply.body
    other.engine.dispose()


def test_what_no_party_signed_is_not_kept(both: tuple[Member, Member], tmp_path: Path) -> None:
    city, province = both
    with reading(city.engine) as session:
        book = protocols.open_book(session, city.own.public, office.day(city.now))
    copied = office.bundle(protocols.get(book, NAME), city.own).model_dump(
        mode="json", by_alias=True
    )
    other = member(tmp_path / "elders", city.league, "NIS11002", "0207489542")
    for word, status in (
        (other.word(bundle=copied), 400),
        (province.word(bundle=copied), 400),
        (city.word(bundle={**copied, "statements": []}), 400),
        (city.word(bundle={**copied, "statements": ["a.b.c"]}), 400),
        (city.word(bundle={"content": {}}), 400),
        (city.word(), 400),
        (city.word(bundle=copied), 202),
    ):
        assert leave(city.league, word).status == status
    other.engine.dispose()


def test_too_many_copies_are_refused(
    both: tuple[Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    city, _ = both
    monkeypatch.setattr(kept, "COPIES_MAX", 0)
    with pytest.raises(Invalid, match="EXCHANGE_REFUSED"):
        city.exchange()
    monkeypatch.undo()
    monkeypatch.setattr(kept, "MAX_STATEMENTS", 1)
    with reading(city.engine) as session:
        book = protocols.open_book(session, city.own.public, office.day(city.now))
    copied = office.bundle(protocols.get(book, NAME), city.own).model_dump(
        mode="json", by_alias=True
    )
    word = city.word(bundle=copied)
    with transaction(city.league.catalogue.engine) as session:
        now = city.league.clock.now
        with pytest.raises(Conflict, match="EXCHANGE_FULL"):
            kept.leave(session, word, catalogue=BASE_URL, now=now)


def test_without_a_catalogue_there_is_no_exchange(both: tuple[Member, Member]) -> None:
    city, _ = both
    alone = city.settings.model_copy(update={"catalogue_url": ""})
    with pytest.raises(Invalid, match="ENROLMENT_NO_CATALOGUE"):
        exchange.exchange(alone, city.own, city.engine, city.now)
