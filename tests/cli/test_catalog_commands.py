"""`hanse catalog …`: from an empty folder to a catalogue that lets members in and harvests them."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from tests.support.catalogues import enrolment
from tests.support.feeds import FeedNode
from tests.support.live import eventually, live
from typer.testing import CliRunner, Result

from hanse.auth import ring
from hanse.auth.issuer.storage import Client
from hanse.catalog import clients, members, oauth
from hanse.catalog.settings import read_settings
from hanse.cli import catalog
from hanse.errors import Conflict, Invalid, NotFound
from hanse.policies.signatures import SigningKey
from hanse.store import engine as store
from hanse.store.clock import now
from hanse.store.session import reading, transaction

Run = Callable[..., Result]
KBO = "0207437270"


@pytest.fixture
def run() -> Run:
    """The commands of a catalogue, run as a person runs them."""
    app = typer.Typer()
    catalog.register(app)
    app.command("other")(lambda: None)

    def command(*words: object) -> Result:
        return CliRunner().invoke(app, ["catalog", *(str(word) for word in words)])

    return command


@pytest.fixture
def home(tmp_path: Path, run: Run) -> Path:
    """A new catalogue."""
    folder = tmp_path / "catalogue"
    made = run("init", "--home", folder, "--name", "Steden van Oost", "--json")
    assert made.exit_code == 0, made.output
    return folder


def told(run: Run, *words: object) -> Any:
    answered = run(*words, "--json")
    assert answered.exception is None, answered.output
    return json.loads(answered.output)


def enrol(home: Path, node: FeedNode) -> str:
    settings = read_settings(home)
    engine = store.create(settings.database)
    with transaction(engine) as session:
        row = members.enrol(
            session,
            enrolment(node, settings.issuer),
            catalogue=settings.issuer,
            now=now().replace(year=2026, month=3, day=2, hour=10),
        )
    engine.dispose()
    return row.fingerprint


def test_a_new_catalogue_has_settings_keys_and_a_key_file_for_its_nodes(home: Path) -> None:
    assert read_settings(home).name == "Steden van Oost"
    pinned = json.loads((home / "catalogue-keys.json").read_text())
    assert pinned["keys"][0]["crv"] == "Ed25519"
    assert "d" not in pinned["keys"][0]
    assert (home / "catalog.env").stat().st_mode & 0o077 == 0
    assert (home / "keys" / "anchor.jwk").stat().st_mode & 0o077 == 0


def test_a_catalogue_is_never_made_over_another(home: Path, run: Run) -> None:
    before = (home / "keys" / "anchor.jwk").read_bytes()
    again = run("init", "--home", home)
    assert isinstance(again.exception, Conflict)
    assert (home / "keys" / "anchor.jwk").read_bytes() == before


@pytest.mark.parametrize("url", ["http://127.0.0.1:8100/", "HTTP://127.0.0.1:8100", "http://a:80"])
def test_an_address_with_two_spellings_is_refused(tmp_path: Path, run: Run, url: str) -> None:
    made = run("init", "--home", tmp_path / "x", "--base-url", url)
    assert isinstance(made.exception, Invalid)
    assert not (tmp_path / "x").exists()


def test_commands_without_a_catalogue_say_so(tmp_path: Path, run: Run) -> None:
    for words in (("members",), ("harvest",), ("client", "list"), ("rotate-key",)):
        assert isinstance(run(*words, "--home", tmp_path).exception, Invalid)


def test_a_member_waits_until_it_is_approved_and_leaves_when_suspended(
    home: Path, run: Run
) -> None:
    node = FeedNode()
    fingerprint = enrol(home, node)
    (waiting,) = told(run, "members", "--home", home)["members"]
    assert (waiting["status"], waiting["fingerprint"]) == ("pending", fingerprint)
    wrong = run("approve", node.agency, "--fingerprint", "wrong-wrong", "--home", home)
    assert isinstance(wrong.exception, NotFound)
    for unread in ((), ("--fingerprint", ""), ("--fingerprint", fingerprint[:7])):
        blind = run("approve", node.agency, *unread, "--home", home)
        assert isinstance(blind.exception, Invalid), "nobody gets in unseen"
    right = run("approve", node.agency, "--fingerprint", fingerprint[:8], "--home", home)
    assert f"{node.agency} Aalst: active" in right.output
    assert told(run, "members", "--home", home)["members"][0]["status"] == "active"
    assert run("suspend", node.agency, "--home", home).exit_code == 0
    assert told(run, "members", "--home", home)["members"][0]["status"] == "suspended"
    assert "Aalst" in run("members", "--home", home).output


def test_who_waits_and_is_not_wanted_is_turned_down_and_may_ask_again(home: Path, run: Run) -> None:
    node = FeedNode()
    fingerprint = enrol(home, node)
    for words in (("NIS99999",), (node.agency, "--fingerprint", "wrong")):
        assert isinstance(run("turn-down", *words, "--home", home).exception, NotFound)
    assert run("turn-down", "--home", home).exit_code == 2
    assert run("turn-down", node.agency, "--older", "1", "--home", home).exit_code == 2
    assert run("turn-down", "--older", "99999", "--home", home).output.endswith(": 0\n")
    done = run("turn-down", node.agency, "--fingerprint", fingerprint[:8], "--home", home)
    assert done.output.endswith(": 1\n")
    assert told(run, "members", "--home", home)["members"] == []
    enrol(home, node)
    assert run("turn-down", "--older", "0", "--home", home).output.endswith(": 1\n")
    enrol(home, node)
    run("approve", node.agency, "--fingerprint", fingerprint, "--home", home)
    assert isinstance(run("turn-down", node.agency, "--home", home).exception, NotFound)


def test_harvest_looks_once_and_its_exit_status_says_who_was_missed(home: Path, run: Run) -> None:
    node = FeedNode()
    with live(node) as url:
        node.base_url = url
        run("approve", node.agency, "--fingerprint", enrol(home, node), "--home", home)
        assert told(run, "harvest", "--home", home)["looks"] == [
            {"agency": node.agency, "changed": True, "code": "", "why": ""}
        ]
        assert run("harvest", "--home", home).output == f"{node.agency}: unchanged\n"
    missed = run("harvest", "--home", home, "--lang", "en")
    assert missed.exit_code == catalog.NODE_NOT_REACHED
    assert "not reachable" in missed.output or "cannot be reached" in missed.output


def test_a_client_is_registered_by_its_public_keys_only(
    home: Path, tmp_path: Path, run: Run
) -> None:
    key = SigningKey.generate()
    file = tmp_path / "prov.jwk"
    file.write_text(json.dumps(key.public_jwk()))
    words = ("prov", "--party", KBO, "--keys", file, "--scopes", "dataset:read", "--home", home)
    added = run("client", "add", *words)
    assert added.exit_code == 0, added.exception
    (listed,) = told(run, "client", "list", "--home", home)["clients"]
    assert (listed["client_id"], listed["scopes"], listed["state"]) == (
        "prov",
        ["dataset:read"],
        "active",
    )
    assert found(home) is not None
    assert "prov" in run("client", "list", "--home", home).output
    assert run("client", "suspend", "prov", "--home", home).exit_code == 0
    assert found(home) is None


def found(home: Path) -> Client | None:
    engine = store.create(read_settings(home).database)
    with reading(engine) as session:
        client = clients.find(session, "prov")
    engine.dispose()
    return client


def test_a_key_file_that_is_none_is_refused(home: Path, tmp_path: Path, run: Run) -> None:
    file = tmp_path / "x"
    file.write_text("[1]")
    for path in (file, tmp_path / "absent"):
        words = ("p-1", "--party", KBO, "--keys", path, "--scopes", "dataset:read", "--home", home)
        assert isinstance(run("client", "add", *words).exception, Invalid)


def test_rotating_adds_a_key_and_prints_its_name(home: Path, run: Run) -> None:
    file = home / "keys" / oauth.RING_FILE
    before = [key.kid for key in ring.load(file).keys]
    name = run("rotate-key", "--home", home).output.strip()
    assert [key.kid for key in ring.load(file).keys] == [*before, name]


def test_a_served_catalogue_answers_and_stops_when_asked(tmp_path: Path, run: Run) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home, url = tmp_path / "served", f"http://127.0.0.1:{port}"
    assert run("init", "--home", home, "--base-url", url).exit_code == 0
    script = (
        "import sys, typer; from hanse.cli import catalog; app = typer.Typer();"
        "catalog.register(app); app.command('other')(lambda: None); app(sys.argv[1:])"
    )
    words = [sys.executable, "-c", script, "catalog", "serve", "--home", str(home)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually(lambda: _answers(f"{url}/health/ready"))
        assert httpx.get(f"{url}/nl/").status_code == 200
    finally:
        process.terminate()
        assert process.wait(20) in {0, -15}


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == 200
    except httpx.TransportError:
        return False
