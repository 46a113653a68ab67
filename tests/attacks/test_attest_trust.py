"""The kit with what an operator has: a client's key, what was revoked; and faults planted for it.

Nodes and catalogues are whole, answer on real sockets of loopback, and by today's clock.
"""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.support import agreed
from tests.support.callers import NOW
from tests.support.holders import CLIENT, FORM, PROTOCOL, bound_house
from tests.support.houses import free_ports
from tests.support.live import live
from typer.testing import CliRunner

from hanse.auth import revoked
from hanse.auth.revoked import statement
from hanse.auth.tokens import Claims, Revocations
from hanse.catalog import oauth
from hanse.catalog import revocations as withdrawn
from hanse.catalog.app import create_app as create_catalogue
from hanse.catalog.settings import CatalogSettings
from hanse.cli import attest
from hanse.cli.main import build
from hanse.client.keys import ClientKey
from hanse.node import credentials, keeper, trusting
from hanse.node.app import create_app
from hanse.node.settings import NodeSettings
from hanse.node.spent import SpentNames
from hanse.policies.signatures import SigningKey
from hanse.store.clock import now
from hanse.store.engine import create
from hanse.store.session import transaction

ENDED = "urn:protocol:aalst:2026-008"
TRUST = ("holder", "log", "receipts", "revocations")
Weaken = Callable[[ASGIApp], ASGIApp]


@dataclass(frozen=True, slots=True)
class Place:
    """A node that is not running, its catalogue that is, and what its operator has."""

    settings: NodeSettings
    catalogue: Path
    key: Path
    live_token: Path
    revoked_token: Path

    @property
    def url(self) -> str:
        return self.settings.base_url

    @property
    def client(self) -> tuple[str, ...]:
        return ("--client-id", CLIENT, "--key", str(self.key), "--purpose", "statistiek")

    @property
    def revoke(self) -> tuple[str, str]:
        words = f"{sys.executable} -m hanse.cli catalog revoke token {{token}} --home"
        return "--revoke", f"{words} {self.catalogue}"


def run(url: str, topic: str, *words: str) -> dict[str, Any]:
    app = typer.Typer()
    attest.register(app)
    chosen = [word for each in topic.split() for word in ("--only", each)]
    done = CliRunner().invoke(app, [url, "--json", *chosen, *words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (1 if found["failed"] else 0)
    return found


def outcomes(found: dict[str, Any], outcome: str) -> set[str]:
    return {each["rule"] for each in found["findings"] if each["outcome"] == outcome}


@pytest.fixture(scope="module", autouse=True)
def _soon() -> Iterator[None]:
    """Let a minute be a second: that of checkpoints, and that of looking what is revoked."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keeper, "CHECKPOINT_EVERY", timedelta(seconds=1))
        patch.setattr(trusting, "PULL_SECONDS", 0.5)
        patch.setattr(revoked, "PULL_SECONDS", 0.5)
        yield


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("trust")
    own, other = free_ports(2)
    made = CliRunner().invoke(build(), ["catalog", "init", "--home", str(folder / "catalogus"),
                                        "--base-url", f"http://127.0.0.1:{other}"])  # fmt: skip
    assert made.exit_code == 0, made.output
    key = ClientKey.generate("ES256")
    key.write(folder / "key.jwk")
    built = bound_house(
        folder / "aalst",
        key.key,  # type: ignore[arg-type]
        bearer=True,
        base_url=f"http://127.0.0.1:{own}",
        catalogue_url=f"http://127.0.0.1:{other}",
        catalogue_keys=str(folder / "catalogus" / "catalogue-keys.json"),
        revocation_hours=24,
    )
    tokens = [folder / "live", folder / "revoked"]
    with transaction(built.node.engine) as session:
        told = {"id": ENDED, "client": CLIENT, "keys": key.kid, "dataset": "inkomens"}
        agreed.in_force(session, built.home, FORM.format(**told, bearer=""), NOW)
        agreed.step(session, built.home, ENDED, "revoke", NOW)
    register, pepper = built.node.door.register(), credentials.secret(built.home)
    with transaction(built.node.engine) as session:
        for file in tokens:
            asked = credentials.NewFeedToken(CLIENT, file.name, "an")
            text, row = credentials.make(session, asked, register, pepper, now())
            file.write_text(text)
        credentials.revoke(session, row.id, now())
    built.node.close()
    settings = CatalogSettings(home=folder / "catalogus", base_url=f"http://127.0.0.1:{other}")
    with live(create_catalogue(settings), other):
        yield Place(built.node.settings, settings.home, folder / "key.jwk", *tokens)


@contextmanager
def node(
    place: Place, weaken: Weaken = lambda app: app, home: Path | None = None, port: int = 0
) -> Iterator[str]:
    chosen = place.settings.model_copy(update={"home": home or place.settings.home})
    app = create_app(chosen, clock=now)
    with live(weaken(app), port or int(place.url.rpartition(":")[2])) as url:
        yield url
    app.state.node.close()


def test_an_operator_with_a_client_has_everything_tried(place: Place) -> None:
    handed = ("--revoked-protocol", ENDED, "--revoked-feed-token", str(place.revoked_token))
    with node(place) as url:
        found = run(url, " ".join(TRUST), *place.client, *place.revoke, *handed, "--wait", "60")
    assert outcomes(found, "failed") == set(), found["findings"]
    assert outcomes(found, "not-tried") == set(), found["findings"]
    assert {each["topic"] for each in found["findings"]} == set(TRUST)
    assert found["passed"] > 45


def test_a_client_nobody_knows_is_a_failure_and_the_rest_is_not_tried(
    place: Place, tmp_path: Path
) -> None:
    ClientKey.generate("ES256").write(tmp_path / "key.jwk")
    who = ("--client-id", CLIENT, "--key", str(tmp_path / "key.jwk"), "--purpose", "statistiek")
    with node(place) as url:
        found = run(url, "holder receipts revocations", *who, *place.revoke)
    assert outcomes(found, "failed") == {"T01"}
    assert {"A7", "L03", "L04", "V04"} <= outcomes(found, "not-tried")
    why = {each["wanted"] for each in found["findings"] if each["rule"] == "V04"}
    assert why == {"no token that is taken: SIGNIN_REFUSED invalid_client"}


def test_a_command_that_revokes_nothing_is_no_failure_of_the_server(place: Place) -> None:
    with node(place) as url:
        found = run(url, "revocations", *place.client, "--revoke", "false {token}")
        absent = run(url, "revocations", *place.client, "--revoke", "no-such-command {token}")
    for each, why in ((found, "ended with 1"), (absent, "FileNotFoundError")):
        (told,) = (row["wanted"] for row in each["findings"] if row["rule"] == "V04")
        assert why in told
        assert outcomes(each, "failed") == set()


def test_a_node_that_takes_everything_twice_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SpentNames, "spend", lambda *_: True)
    with node(place) as url:
        found = run(url, "holder", *place.client)
    names = {each["name"] for each in found["findings"] if each["outcome"] == "failed"}
    assert names == {
        "a proof a second time",
        "an assertion a second time",
        "a proof at the issuer a second time",
    }
    assert outcomes(found, "failed") == {"T01", "A7"}


def test_a_node_that_forgets_what_is_revoked_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def forgotten(_: Revocations, __: Claims) -> bool:
        return False

    monkeypatch.setattr(Revocations, "hold", forgotten)
    handed = ("--revoked-protocol", PROTOCOL, "--revoked-feed-token", str(place.live_token))
    with node(place) as url:
        found = run(url, "revocations", *place.client, *place.revoke, *handed, "--wait", "3")
    assert outcomes(found, "failed") == {"V04", "V05", "V06"}


def test_a_node_whose_list_is_old_is_found(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "aalst"
    shutil.copytree(place.settings.home, home)
    anchor = oauth.anchor(place.catalogue)
    begun = int(now().timestamp())
    for hours, failed in ((1, {"V03"}), (30, {"V03"})):
        old = statement(place.settings.issuer, 1, begun - hours * 3_600, {}, anchor)
        file = home / "keys" / "revocations.json"
        file.write_text(json.dumps({"since": 0, "statement": old}))
        monkeypatch.setattr(revoked.RevocationFeed, "pull", lambda _: False)
        with node(place, home=home) as url:
            found = run(url, "revocations")
        assert outcomes(found, "failed") == failed, hours


def receipts_of_another(app: ASGIApp) -> ASGIApp:
    """Change the last sign of every receipt, in another bit than the one the kit changes."""

    async def weakened(scope: Scope, receive: Receive, send: Send) -> None:
        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [
                    (name, value[:-1] + b"%x" % (int(value[-1:], 16) ^ 8))
                    if name == b"audit-receipt"
                    else (name, value)
                    for name, value in message["headers"]
                ]
                message = {**message, "headers": kept}
            await send(message)

        await app(scope, receive, changed)

    return weakened


def test_a_receipt_that_was_altered_on_the_way_is_found(place: Place) -> None:
    with node(place, receipts_of_another) as url:
        found = run(url, "receipts", *place.client, "--wait", "15")
    names = {each["name"] for each in found["findings"] if each["outcome"] == "failed"}
    assert names == {"the entry is the one of the receipt", "the log holds what was fetched"}
    assert outcomes(found, "failed") == {"L03"}


def elsewhere(url: str, prefix: str) -> Weaken:
    """Let another server answer what is below an address."""

    def weaken(app: ASGIApp) -> ASGIApp:
        async def weakened(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or not scope["path"].startswith(prefix):
                await app(scope, receive, send)
                return
            host = {"host": dict(scope["headers"])[b"host"].decode()}
            asked = f"{url}{scope['path']}?{scope['query_string'].decode()}"
            async with httpx.AsyncClient() as way:
                answer = await way.get(asked, headers=host)
            given = PlainTextResponse(answer.content, answer.status_code)
            await given(scope, receive, send)

        return weakened

    return weaken


def test_a_log_with_one_face_for_the_recipient_and_another_for_all_is_found(
    place: Place, tmp_path: Path
) -> None:
    shutil.copytree(place.settings.home, tmp_path / "aalst")
    (aside,) = free_ports(1)
    with node(place, home=tmp_path / "aalst", port=aside) as shown:
        # The second node has the same key, and writes down other things.
        for _ in range(3):
            httpx.get(f"{shown}/v1/datasets/bevolking/data?level=gemeente@2025", headers=_as(place))
        with node(place, elsewhere(shown, "/v1/audit")) as url:
            found = run(url, "log receipts", *place.client, "--wait", "15")
    names = {each["name"] for each in found["findings"] if each["outcome"] == "failed"}
    assert "the log of the proof is the one that everybody sees" in names
    assert outcomes(found, "failed") == {"L02"}


def _as(place: Place) -> dict[str, str]:
    return {"Host": place.url.partition("://")[2]}


@dataclass(frozen=True, slots=True)
class Feed:
    """What a catalogue says is revoked: each look is given by `lists`, the last one for ever."""

    home: Path
    url: str

    def at(self, sequence: int, ago: float = 0, key: SigningKey | None = None, **of: Any) -> str:
        moment = int(now().timestamp() - ago)
        return statement(self.url, sequence, moment, of, key or oauth.anchor(self.home))


def _unsigned(text: str) -> str:
    head, payload, _ = text.split(".")
    return f"{head}.{payload}."


FEEDS: list[tuple[str, Callable[[Feed], list[str]], set[str]]] = [
    (
        "it is right",
        lambda feed: [feed.at(4, clients=["a"]), feed.at(5, clients=["a", "b"])],
        set(),
    ),
    ("it is old", lambda feed: [feed.at(4, ago=900)], {"V03"}),
    ("it is of tomorrow", lambda feed: [feed.at(4, ago=-900)], {"V03"}),
    ("it is not signed", lambda feed: [_unsigned(feed.at(4))], {"V01", "V02"}),
    ("another key signed it", lambda feed: [feed.at(4, key=SigningKey.generate())], {"V01", "V02"}),
    ("its numbers go back", lambda feed: [feed.at(4), feed.at(3)], {"V02"}),
    (
        "it forgets",
        lambda feed: [feed.at(4, clients=["a", "b"]), feed.at(5, clients=["a"])],
        {"V02"},
    ),
    ("it is of another catalogue", lambda feed: [Feed(feed.home, "x").at(4)], {"V01"}),
    ("it is none", lambda _: ["<html>"], {"V01"}),
]


@pytest.mark.parametrize(("why", "lists", "failed"), FEEDS, ids=[row[0] for row in FEEDS])
def test_a_list_of_revocations_that_is_not_right_is_found(
    place: Place, why: str, lists: Callable[[Feed], list[str]], failed: set[str]
) -> None:
    (port,) = free_ports(1)
    feed = Feed(place.catalogue, f"http://127.0.0.1:{port}")
    texts = lists(feed)
    settings = CatalogSettings(home=place.catalogue, base_url=feed.url)
    whole = create_catalogue(settings)

    async def planted(scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("path") != revoked.PATH:
            await whole(scope, receive, send)
            return
        text = texts.pop(0) if len(texts) > 1 else texts[0]
        await PlainTextResponse(text)(scope, receive, send)

    with live(planted, port) as url:
        anchor = str(place.catalogue / "catalogue-keys.json")
        found = run(url, "revocations", "--anchor", anchor)
    assert outcomes(found, "failed") == failed, (why, found["findings"])


def test_a_whole_catalogue_shows_what_its_operator_revokes(place: Place) -> None:
    anchor = place.catalogue / "catalogue-keys.json"
    found = run(place.settings.issuer, "revocations", "--anchor", str(anchor), *place.revoke)
    assert outcomes(found, "failed") == outcomes(found, "not-tried") == set()
    assert outcomes(found, "passed") == {"V01", "V02", "V03", "V04"}
    engine = create(f"sqlite:///{place.catalogue / 'catalog.db'}")
    with transaction(engine) as session:
        assert any(row.name.startswith("attest-") for row in withdrawn.revocations(session))
    engine.dispose()
