"""The list of what is revoked: signed, numbered, never older than before, never long unknown."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from tests.support import proofs
from tests.support.asgi import ask
from tests.support.callers import CATALOGUE, NOW, OPEN, House
from tests.support.federation import BASE, Catalogue
from tests.support.holders import CLIENT, DATA, PROTOCOL, Holder, bound_house
from typer.testing import CliRunner

from hanse.auth import revoked
from hanse.auth.revoked import KINDS, RevocationFeed, read, statement
from hanse.catalog import oauth, revocations
from hanse.cli.main import build
from hanse.errors import Invalid, Unavailable
from hanse.policies.canonical import canonical
from hanse.policies.signatures import SigningKey, sign
from hanse.store.session import transaction

pytestmark = pytest.mark.anyio

ANCHOR = SigningKey.generate()
KEY = proofs.key()
AT = 1_800_000_000


def made(
    sequence: int = 1,
    at: int = AT,
    catalogue: str = CATALOGUE,
    key: SigningKey = ANCHOR,
    **names: list[str],
) -> str:
    return statement(catalogue, sequence, at, names, key)


class Peer:
    """A catalogue that says what it is told to say."""

    def __init__(self) -> None:
        self.text = made()
        self.asked = 0

    def __call__(self) -> str:
        self.asked += 1
        if not self.text:
            raise Unavailable("OUTBOUND_UNREACHABLE", peer="x")
        return self.text


class Clock:
    def __init__(self) -> None:
        self.now = float(AT)

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def feed(peer: Peer, clock: Clock, tmp_path: Path) -> RevocationFeed:
    return made_feed(peer, clock, tmp_path)


def made_feed(peer: Peer, clock: Clock, folder: Path) -> RevocationFeed:
    anchor = [ANCHOR.public_jwk()]
    return RevocationFeed(peer, folder / "revocations.json", clock, CATALOGUE, anchor)


def next_pull(feed: RevocationFeed, clock: Clock) -> bool:
    clock.now += revoked.PULL_SECONDS
    return feed.pull()


def test_a_newer_list_takes_the_place_of_an_older_one(
    feed: RevocationFeed, peer: Peer, clock: Clock
) -> None:
    assert feed.pull()
    peer.text = made(2, AT + 30, clients=["a"], keys=["k"], tokens=["j"], protocols=["p"])
    assert next_pull(feed, clock)
    known = feed.current()
    assert feed.sequence == 2
    assert (known.clients, known.thumbprints, known.tokens, known.protocols) == tuple(
        frozenset(each) for each in "akjp"
    )


@pytest.mark.parametrize(("sequence", "at"), [(4, AT + 60), (5, AT - 1), (0, AT + 60)])
def test_an_older_list_is_refused(
    feed: RevocationFeed, peer: Peer, clock: Clock, sequence: int, at: int
) -> None:
    peer.text = made(5, clients=["a"])
    assert feed.pull()
    peer.text = made(sequence, at)
    assert not next_pull(feed, clock)
    assert feed.current().clients == {"a"}


def raw(**changes: object) -> str:
    base: dict[str, object] = {
        "schema": 1,
        "catalogue": CATALOGUE,
        "sequence": 1,
        "issued_at": AT,
        **{kind: [] for kind in KINDS},
    }
    return sign(canonical({**base, **changes}), revoked.STATEMENT, ANCHOR)


BAD: list[tuple[str, Callable[[], str]]] = [
    ("another key", lambda: made(key=SigningKey.generate())),
    ("another catalogue", lambda: made(catalogue="https://evil.example")),
    ("another kind of statement", lambda: sign(canonical({}), "hanse-jwks+jws", ANCHOR)),
    ("another schema", lambda: raw(schema=2)),
    ("a number below nothing", lambda: raw(sequence=-1)),
    ("a number that is true", lambda: raw(sequence=True)),
    ("a time that is text", lambda: raw(issued_at="now")),
    ("names that are none", lambda: raw(clients=[5])),
    ("names that are no list", lambda: raw(tokens="x")),
    ("a list too few", lambda: sign(canonical({"schema": 1}), revoked.STATEMENT, ANCHOR)),
    ("nothing", lambda: "x"),
    ("too much", lambda: "x" * (revoked.MAX_CHARACTERS + 1)),
]


@pytest.mark.parametrize("make", [row[1] for row in BAD], ids=[row[0] for row in BAD])
def test_a_list_that_is_not_right_is_not_read(make: Callable[[], str]) -> None:
    with pytest.raises(Invalid, match="REVOCATIONS_UNREADABLE"):
        read(make(), CATALOGUE, [ANCHOR.public_jwk()])


def test_a_list_from_the_future_would_never_grow_old(feed: RevocationFeed, peer: Peer) -> None:
    peer.text = made(1, AT + 3_600)
    assert not feed.pull()


def test_without_an_anchor_the_way_is_trusted() -> None:
    assert read(made(3, key=SigningKey.generate()), CATALOGUE, []).sequence == 3
    with pytest.raises(Invalid):
        read("x", CATALOGUE, [])


def test_a_restart_goes_on_from_the_disk(
    feed: RevocationFeed, peer: Peer, clock: Clock, tmp_path: Path
) -> None:
    peer.text = made(7, clients=["a"])
    feed.pull()
    peer.text = ""
    again = made_feed(peer, clock, tmp_path)
    assert (again.sequence, set(again.current().clients)) == (7, {"a"})
    peer.text = made(6, AT + 120)
    assert not next_pull(again, clock)


def test_a_damaged_copy_is_left_and_nothing_is_forgotten_of_when_it_began(
    peer: Peer, clock: Clock, tmp_path: Path
) -> None:
    peer.text = ""
    made_feed(peer, clock, tmp_path)
    clock.now += 1_000
    assert made_feed(peer, clock, tmp_path).age() == 1_000
    (tmp_path / "revocations.json").write_text("{")
    assert made_feed(peer, clock, tmp_path).age() == 0
    text = json.dumps({"since": AT, "statement": made(key=SigningKey.generate())})
    (tmp_path / "revocations.json").write_text(text)
    assert made_feed(peer, clock, tmp_path).sequence == 0


def test_a_disk_that_takes_nothing_stops_nothing(peer: Peer, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    feed = made_feed(peer, clock, tmp_path / "file")
    assert feed.pull()
    assert feed.sequence == 1


def test_it_asks_at_most_twice_a_minute(feed: RevocationFeed, peer: Peer, clock: Clock) -> None:
    clock.now += 100_000
    peer.text = ""
    for _ in range(1_000):
        assert not feed.is_fresh(86_400)
    assert peer.asked == 1
    peer.text = made(1, int(clock.now))
    clock.now += revoked.PULL_SECONDS
    assert feed.is_fresh(86_400)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    built = bound_house(tmp_path / "aalst", KEY, revocation_hours=24)
    yield built
    built.node.close()


def told(house: House, peer: Peer) -> RevocationFeed:
    """Give a running node a catalogue that says what it is told to say."""
    feed = house.node.revocations
    assert feed is not None
    feed._fetch = peer  # the way to the catalogue
    return feed


async def figures(house: House, path: str = DATA) -> httpx.Response:
    me = Holder(house, KEY)
    async with house.client() as client:
        return await client.get(path, headers=me.headers(me.token(jti="j1"), path))


@pytest.mark.parametrize(
    ("names", "status", "code"),
    [
        ({"clients": [CLIENT]}, 401, "TOKEN_INVALID"),
        ({"keys": [KEY.thumbprint()]}, 401, "TOKEN_INVALID"),
        ({"tokens": ["j1"]}, 401, "TOKEN_INVALID"),
        ({"protocols": [PROTOCOL]}, 403, "DECISION_REVOKED"),
        ({"clients": ["another"], "protocols": ["urn:protocol:x:y"]}, 200, ""),
    ],
)
async def test_what_is_revoked_opens_nothing_at_the_next_request(
    house: House, names: dict[str, list[str]], status: int, code: str
) -> None:
    peer = Peer()
    feed = told(house, peer)
    assert (await figures(house)).status_code == 200
    peer.text = statement(CATALOGUE, 9, int(NOW.timestamp()), names, ANCHOR)
    assert feed.pull()
    answer = await figures(house)
    assert answer.status_code == status
    assert not code or answer.json()["code"] == code


async def test_governed_figures_wait_for_a_list_and_open_ones_do_not(house: House) -> None:
    peer = Peer()
    peer.text = ""
    told(house, peer)
    house.clock.at = NOW + timedelta(hours=23)
    assert (await figures(house)).status_code == 200
    house.clock.at = NOW + timedelta(hours=25)
    answer = await figures(house)
    assert (answer.status_code, answer.json()["code"]) == (503, "REVOCATIONS_STALE")
    async with house.client() as client:
        opened = await client.get(f"/v1/datasets/{OPEN}/data?level=gemeente@2025")
        ready = await client.get("/health/ready")
    assert opened.status_code == 200
    assert ready.status_code == 503
    assert ready.json()["checks"]["revocations"] == "stale"
    peer.text = made(1, int(house.clock.at.timestamp()))
    house.clock.at += timedelta(minutes=2)
    assert (await figures(house)).status_code == 200


def test_a_catalogue_numbers_and_signs_what_its_operator_revokes(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    names = (
        ("client", "prov"),
        ("key", "A" * 43),
        ("protocol", "urn:protocol:a:b"),
        ("token", "j"),
    )
    for kind, name in names:
        with transaction(catalogue.engine) as session:
            revocations.revoke(session, kind, name, catalogue.clock())
    with transaction(catalogue.engine) as session:
        assert revocations.revoke(session, "client", "prov", catalogue.clock()).sequence == 1
    anchor = [oauth.anchor(catalogue.home).public_jwk()]
    reply = ask(catalogue.app, revoked.PATH)
    found = read(reply.body.decode(), BASE, anchor)
    assert (found.sequence, found.issued_at) == (4, catalogue.clock.seconds)
    assert found.revoked.clients == {"prov"}
    assert found.revoked.tokens == {"j"}
    catalogue.clock.forward(hours=3)
    later = read(ask(catalogue.app, revoked.PATH).body.decode(), BASE, anchor)
    assert (later.sequence, later.revoked.tokens) == (4, frozenset()), "it expired anyhow"


@pytest.mark.parametrize(
    ("kind", "name"), [("person", "an"), ("key", "short"), ("client", "a b"), ("protocol", "x")]
)
def test_what_cannot_be_named_is_not_revoked(tmp_path: Path, kind: str, name: str) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    with (
        pytest.raises(Invalid, match="REVOCATION_FORM"),
        transaction(catalogue.engine) as session,
    ):
        revocations.revoke(session, kind, name, catalogue.clock())


async def test_who_was_revoked_gets_no_token_either(tmp_path: Path) -> None:
    catalogue = Catalogue(tmp_path / "catalogue")
    assert (await catalogue.post(catalogue.form())).status == 200
    thumbprint = catalogue.keys["stad"].thumbprint()
    with transaction(catalogue.engine) as session:
        revocations.revoke(session, "client", "prov", catalogue.clock())
        revocations.revoke(session, "key", thumbprint, catalogue.clock())
    assert (await catalogue.post(catalogue.form())).json()["error"] == "invalid_client"
    assertion = catalogue.assertion("stad", iss="stad", sub="stad")
    refused = await catalogue.post(catalogue.form(client_assertion=assertion))
    assert refused.json()["error"] == "invalid_client"


def test_the_command_revokes_and_lists(tmp_path: Path) -> None:
    home = str(tmp_path / "catalogue")
    run = CliRunner()
    run.invoke(build(), ["catalog", "init", "--home", home])
    done = run.invoke(build(), ["catalog", "revoke", "client", "provincie", "--home", home])
    assert (done.exit_code, done.output) == (0, "1: client provincie\n")
    listed = run.invoke(build(), ["catalog", "revocations", "--json", "--home", home])
    assert json.loads(listed.output)["revocations"][0]["name"] == "provincie"
    shown = run.invoke(build(), ["catalog", "revocations", "--home", home])
    assert "provincie" in shown.output


async def test_a_catalogue_that_lies_is_not_believed(house: House) -> None:
    async def lie(_: Request) -> PlainTextResponse:
        return PlainTextResponse(made(99, key=SigningKey.generate(), clients=[CLIENT]))

    app = Starlette()
    app.add_route(revoked.PATH, lie)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app)) as client:
        text = (await client.get(CATALOGUE + revoked.PATH)).text
    feed = told(house, Peer())
    feed._anchor = (ANCHOR.public_jwk(),)
    feed._fetch = lambda: text
    assert not feed.pull()
    assert (await figures(house)).status_code == 200
