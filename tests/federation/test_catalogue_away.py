"""The catalogue is away for the whole test: tokens, pulls, decisions and their log go on."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support import forge
from tests.support.callers import CLOSED, NOW, House
from tests.support.holders import CLIENT, bound_house
from tests.support.houses import free_ports
from tests.support.live import live

from hanse.auth.jwks import KeyCache
from hanse.client.keys import ClientKey
from hanse.client.line import Line
from hanse.client.node import NodeClient
from hanse.client.question import Question
from hanse.client.signin import Credentials
from hanse.client.verification import Pin
from hanse.errors import Refused, Unauthenticated
from hanse.node import record
from hanse.node.app import create_app
from hanse.store.clock import now

LOOPBACK = ("127.0.0.0/8",)
PURPOSE = "statistiek"


@pytest.fixture(scope="module")
def key() -> ClientKey:
    return ClientKey.generate("ES256")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, key: ClientKey) -> Iterator[House]:
    """A node, started cold while nobody listens at its catalogue's address."""
    away, own = free_ports(2)
    made = bound_house(
        tmp_path_factory.mktemp("away") / "aalst",
        key.key,  # type: ignore[arg-type]
        base_url=f"http://127.0.0.1:{own}",
        catalogue_url=f"http://127.0.0.1:{away}",
        revocation_hours=24,
    )
    settings = made.node.settings
    made.node.close()
    # The house was made on another day; this node starts today, having heard of nobody.
    (made.home / "keys" / "revocations.json").unlink()
    app = create_app(settings, clock=now)
    with live(app, own):
        yield House(app, app.state.node, made.clock, made.home)


def line(house: House, key: ClientKey) -> Line:
    pinned = (house.node.settings.issuer,)
    return Line.open(Credentials(CLIENT, key, pinned), networks=LOOPBACK)


def node_client(house: House, opened: Line) -> NodeClient:
    settings = house.node.settings
    pin = Pin(settings.agency, settings.name, [house.node.publisher.key.public_jwk()])
    return NodeClient(settings.resource, pin=pin, line=opened)


def question() -> Question:
    return Question(CLOSED, level="gemeente@2025", purpose=PURPOSE)


def test_nobody_answers_for_the_catalogue(house: House) -> None:
    host, port = house.node.settings.issuer.removeprefix("http://").split(":")
    with pytest.raises(OSError, match="refused"):
        socket.create_connection((host, int(port)), timeout=1).close()


def test_the_node_issues_the_token_opens_its_figures_and_writes_it_down(
    house: House, key: ClientKey, tmp_path: Path
) -> None:
    with line(house, key) as opened:
        client = node_client(house, opened)
        client.sign_in(PURPOSE)
        pulled = client.pull(question())
        whole = client.pull_all(question())
        saved = client.save(question(), tmp_path / "dossiers.parquet")
        again = client.pull(question())
    assert pulled.table.num_rows == whole.table.num_rows == again.table.num_rows > 0
    assert saved.path.stat().st_size == saved.bytes
    written = record.find(house.node.engine, pulled.decision)
    assert record.as_document(written)["client"] == CLIENT
    assert record.as_document(written)["thumbprint"] == key.kid
    assert house.node.keys is not None
    assert house.node.keys.age() is None, "not one of the catalogue's keys was ever seen"


def test_who_holds_another_key_gets_nothing(house: House) -> None:
    with line(house, ClientKey.generate()) as opened:
        client = node_client(house, opened)
        with pytest.raises(Unauthenticated, match="SIGNIN_REFUSED"):
            client.pull(question())


def test_a_client_that_wants_too_much_is_refused_in_words(house: House, key: ClientKey) -> None:
    with line(house, key) as opened:
        client = node_client(house, opened)
        with pytest.raises(Refused):
            client.pull(Question(CLOSED, level="statsec@2025", purpose=PURPOSE))


def test_it_says_that_it_is_ready(house: House) -> None:
    told = httpx.get(f"{house.node.settings.resource}/health/ready")
    assert told.status_code == 200, told.text
    assert told.json()["checks"]["revocations"] == "ok"


def test_keys_seen_before_serve_on_from_the_disk(tmp_path: Path) -> None:
    at = int(NOW.timestamp())

    def away() -> str:
        raise AssertionError("nobody is asked")

    first = KeyCache(lambda: json.dumps({"keys": forge.jwks()}), tmp_path / "k", lambda: at)
    first.warm()
    cold = KeyCache(away, tmp_path / "k", lambda: at + 600)
    assert cold.find("as1") is not None
