"""The kit an operator runs: a whole node passes it, and a weakened one fails where it is weak."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import typer
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from tests.support.live import live
from tests.support.needs import ROOT
from typer.testing import CliRunner

from hanse.catalog.app import create_app as create_catalogue
from hanse.catalog.settings import CatalogSettings
from hanse.cli import attest
from hanse.cli import node as commands
from hanse.cli.attest import gates
from hanse.cli.attest.rules import RULES
from hanse.cli.attest.visitor import NEEDS_CLIENT
from hanse.errors import Invalid, Unavailable
from hanse.messages import catalogue, say
from hanse.node.app import create_app
from hanse.node.settings import NodeSettings
from hanse.web import serving

QUICK = ("metadata", "headers", "addresses", "bodies", "tokens", "issuing", "closed", "log",
         "holder", "receipts", "revocations")  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run(url: str, *only: str) -> Any:
    app = typer.Typer()
    attest.register(app)
    chosen = [word for topic in only for word in ("--only", topic)]
    done = CliRunner().invoke(app, [url, "--json", *chosen])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    found = json.loads(done.stdout)
    assert done.exit_code == (1 if found["failed"] else 0)
    return found


def failed(found: Any) -> set[str]:
    return {each["rule"] for each in found["findings"] if each["outcome"] == "failed"}


@contextmanager
def node(
    folder: Path, weaken: Callable[[ASGIApp], ASGIApp] = lambda app: app, **settings: Any
) -> Iterator[str]:
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    made = typer.Typer()
    commands.register(made)
    told = ("--agency", "NIS41002", "--name", "Aalst", "--kbo", "0207437468", "--base-url", base)
    done = CliRunner().invoke(made, ["init", str(folder), *told], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    chosen = NodeSettings(_env_file=folder / "node.env", home=folder, **settings)
    app = create_app(chosen)
    with live(weaken(app), port):
        yield base
    app.state.node.close()


def answers(change: Callable[[Scope, Message], Message]) -> Callable[[ASGIApp], ASGIApp]:
    """Change every message of every answer."""

    def weaken(app: ASGIApp) -> ASGIApp:
        async def weakened(scope: Scope, receive: Receive, send: Send) -> None:
            async def changed(message: Message) -> None:
                await send(change(scope, message))

            await app(scope, receive, changed if scope["type"] == "http" else send)

        return weakened

    return weaken


def questions(change: Callable[[Scope], Scope]) -> Callable[[ASGIApp], ASGIApp]:
    """Change every request before the node sees it."""

    def weaken(app: ASGIApp) -> ASGIApp:
        async def weakened(scope: Scope, receive: Receive, send: Send) -> None:
            await app(change(scope) if scope["type"] == "http" else scope, receive, send)

        return weakened

    return weaken


def without(*names: bytes) -> Callable[[Scope, Message], Message]:
    def change(_: Scope, message: Message) -> Message:
        if message["type"] != "http.response.start":
            return message
        kept = [pair for pair in message["headers"] if pair[0] not in names]
        return {**message, "headers": kept}

    return change


def no_credentials(scope: Scope) -> Scope:
    kept = [pair for pair in scope["headers"] if pair[0] != b"authorization"]
    return {**scope, "headers": kept}


def own_host(scope: Scope) -> Scope:
    kept = [pair for pair in scope["headers"] if pair[0] != b"host"]
    return {**scope, "headers": [*kept, (b"host", b"127.0.0.1")]}


def echoing(scope: Scope, message: Message) -> Message:
    if message["type"] == "http.response.start":
        kept = [pair for pair in message["headers"] if pair[0] != b"content-length"]
        return {**message, "headers": kept}
    return {**message, "body": message.get("body", b"") + scope["path"].encode("utf-8", "replace")}


def swapped(path: str, find: bytes, put: bytes) -> Callable[[Scope, Message], Message]:
    def change(scope: Scope, message: Message) -> Message:
        if message["type"] != "http.response.body" or scope["path"] != path:
            return message
        return {**message, "body": message.get("body", b"").replace(find, put)}

    return change


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with node(tmp_path_factory.mktemp("node") / "aalst") as url:
        yield url


@pytest.fixture(scope="module")
def of_node(whole: str) -> Any:
    """What is found at a whole node by somebody without credentials."""
    return run(whole)


@pytest.fixture(scope="module")
def of_catalogue(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What is found at a whole catalogue."""
    port, folder = free_port(), tmp_path_factory.mktemp("catalogue")
    settings = CatalogSettings(home=folder / "c", base_url=f"http://127.0.0.1:{port}")
    settings.home.mkdir()
    with live(create_catalogue(settings), port) as url:
        return run(url, *QUICK)


def test_a_whole_node_passes_everything_within_its_budget(of_node: Any) -> None:
    found = of_node
    assert failed(found) == set(), [each for each in found["findings"] if each["wanted"]]
    assert found["passed"] > 180
    assert found["requests"] < 400


def test_without_credentials_what_needs_them_is_not_tried_and_says_so(of_node: Any) -> None:
    untried = [each for each in of_node["findings"] if each["outcome"] == "not-tried"]
    assert len(untried) == of_node["not_tried"]
    needing = {each["topic"] for each in untried if each["wanted"] == NEEDS_CLIENT}
    assert needing == {"holder", "receipts", "revocations"}
    others = {(each["rule"], each["wanted"]) for each in untried if each["wanted"] != NEEDS_CLIENT}
    alone = "it has none, or belongs to nobody"
    wanted = {("TLS", "loopback"), ("V03", alone), ("V06", "needs --revoked-feed-token")}
    assert others == wanted | {("T29", "needs --load")}


def test_a_catalogue_passes_too(of_catalogue: Any) -> None:
    found = of_catalogue
    assert failed(found) == set(), [each for each in found["findings"] if each["wanted"]]
    assert found["passed"] > 50


def test_the_list_of_rules_is_what_is_looked_at(of_node: Any, of_catalogue: Any) -> None:
    seen = {each["rule"] for found in (of_node, of_catalogue) for each in found["findings"]}
    assert seen == set(RULES)
    assert all(isinstance(catalogue()[f"RULE_{rule}"]["nl"], str) for rule in RULES)
    page = (ROOT / "docs" / "reference" / "attest.md").read_text("utf-8")
    assert re.findall(r"^\| `([A-Z0-9]+)` \|", page, re.MULTILINE) == list(RULES)


def test_every_result_is_printed_with_its_rule_and_a_failure_with_its_meaning(whole: str) -> None:
    app = typer.Typer()
    attest.register(app)
    done = CliRunner().invoke(app, [whole, "--only", "metadata", "--only", "holder"])
    lines = done.stdout.splitlines()
    assert done.exit_code == 0
    assert [line.split()[0] for line in lines[:-1]].count("✔") >= 8
    holder = say("WORD_ATTEST_HOLDER")
    assert f"- niet geprobeerd A7   {holder}: an assertion a second time: {NEEDS_CLIENT}" in lines
    assert lines[-1].startswith(f"{len(lines) - 1 - 5} geslaagd, 0 gezakt, 5 niet geprobeerd")
    brief = CliRunner().invoke(app, [whole, "--only", "metadata", "--brief", "--lang", "fr"])
    assert brief.stdout.splitlines()[0].endswith("demandes.")
    wrong = CliRunner().invoke(app, [whole.replace("127.0.0.1", "localhost"), "--only", "metadata"])
    assert wrong.exit_code == 1
    assert wrong.stdout.splitlines()[-1] == f"META {say('RULE_META')}"


WEAK: list[tuple[str, Callable[[ASGIApp], ASGIApp], dict[str, Any], str, str]] = [
    ("it takes any token", questions(no_credentials), {}, "tokens", "T06"),
    ("no content policy", answers(without(b"content-security-policy")), {}, "headers", "T24"),
    ("refusals may be kept", answers(without(b"cache-control")), {}, "headers", "T18"),
    ("any host will do", questions(own_host), {}, "transport", "T18"),
    ("errors repeat the input", answers(echoing), {}, "addresses", "T19"),
    ("large bodies", lambda app: app, {"max_body_bytes": 4_000_000}, "bodies", "T28"),
    (
        "a private key is published",
        answers(swapped("/v1/jwks", b'"kty"', b'"d":0,"kty"')),
        {},
        "metadata",
        "T04",
    ),
    (
        "it calls itself otherwise",
        answers(swapped("/.well-known/oauth-protected-resource", b"127.0.0.1", b"127.0.0.2")),
        {},
        "metadata",
        "T02",
    ),
    (
        "its log is rewritten",
        answers(swapped("/v1/audit/checkpoint", b"/audit\n", b"/audit\n1")),
        {},
        "log",
        "L01",
    ),
    (
        "its log has a key of somebody else",
        answers(swapped("/v1/jwks", b'"x"', b'"y"')),
        {},
        "log",
        "L01",
    ),
]


@pytest.mark.parametrize(
    ("why", "weaken", "settings", "topic", "rule"), WEAK, ids=[row[0] for row in WEAK]
)
def test_a_weakened_node_fails_where_it_is_weak(
    tmp_path: Path,
    why: str,
    weaken: Callable[[ASGIApp], ASGIApp],
    settings: dict[str, Any],
    topic: str,
    rule: str,
) -> None:
    # A changed body has another length than was announced; servers would cut it.
    app = (
        weaken
        if topic == "headers"
        else lambda made: answers(without(b"content-length"))(weaken(made))
    )
    with node(tmp_path / "aalst", app, **settings) as url:
        found = run(url, topic)
    assert rule in failed(found), why


def test_a_server_without_deadlines_fails_on_slow_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gates, "SLOW_SECONDS", 7.0)
    monkeypatch.setattr(gates, "SLOW_SOCKETS", 1)
    monkeypatch.setattr(serving, "Deadline", "h11")
    with node(tmp_path / "aalst") as url:
        assert "T27" in failed(run(url, "slowness"))


def test_a_greedy_caller_is_looked_for_only_when_asked(tmp_path: Path) -> None:
    app = typer.Typer()
    attest.register(app)
    for burst, outcome in ((20, 0), (5_000, 1)):
        with node(tmp_path / str(burst), rate_per_second=5, rate_burst=burst) as url:
            done = CliRunner().invoke(app, [url, "--only", "load", "--load", "60"])
            assert done.exit_code == outcome, done.output


def test_nobody_there_and_a_topic_that_is_none_are_said() -> None:
    with pytest.raises(Unavailable, match="ATTEST_AWAY"):
        run(f"http://127.0.0.1:{free_port()}", "headers")
    with pytest.raises(Invalid, match="ATTEST_TOPIC"):
        run("http://127.0.0.1:1", "everything")
    with pytest.raises(Invalid):
        run("http://127.0.0.1:1/path", "headers")
