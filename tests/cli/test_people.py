"""`hanse people`: from an empty list to somebody who may approve."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hanse.cli import people
from hanse.errors import Conflict, HanseError, Invalid, NotFound
from hanse.node import home

ISSUER = "https://id.aalst.example/realms/stad"


@pytest.fixture
def node(tmp_path: Path) -> Path:
    home.init(tmp_path / "node", {"agency": "NIS41002", "name": "Aalst"})
    return tmp_path / "node"


def run(node: Path, *arguments: str) -> str:
    app = typer.Typer()
    people.register(app)
    done = CliRunner().invoke(app, ["people", *arguments, "--home", str(node)])
    if done.exception:
        raise done.exception
    return done.stdout


def listed(node: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(run(node, "list", "--json"))["people"]
    return found


def provider(node: Path, tmp_path: Path) -> str:
    secret = tmp_path / "secret"
    secret.write_text("geheim-4711\n")
    return run(
        node, "provider", "add", "stad", "--issuer", ISSUER, "--client-id", "hanse",
        "--title", "Stad Aalst", "--secret-file", str(secret),
    )  # fmt: skip


def test_a_person_is_added_given_a_role_and_removed(node: Path, tmp_path: Path) -> None:
    assert "/nl/sign-in/stad/return" in provider(node, tmp_path)
    assert "Nog niemand" in run(node, "list")
    who = ("--provider", "stad", "--subject", "u-1")
    assert run(node, "add", "An Peeters", *who, "--role", "checker") == "1 An Peeters: checker\n"
    assert run(node, "role", "1", "dpo") == "1 An Peeters: checker, dpo\n"
    assert run(node, "role", "1", "dpo") == "1 An Peeters: checker, dpo\n"
    assert run(node, "role", "1", "checker", "--take") == "1 An Peeters: dpo\n"
    assert listed(node) == [
        {
            "number": 1,
            "name": "An Peeters",
            "alias": "",
            "roles": ["dpo"],
            "issuer": ISSUER,
            "subject": "u-1",
        }
    ]
    assert "An Peeters" in run(node, "list")
    with pytest.raises(Conflict, match="PERSON_EXISTS"):
        run(node, "add", "Bo Claes", *who)
    run(node, "remove", "1")
    assert listed(node) == []


REFUSED = [
    (("add", "An", "--provider", "geen", "--subject", "u"), Invalid, "PERSON_SUBJECT"),
    (("add", "An", "--provider", "stad", "--subject", ""), Invalid, "PERSON_SUBJECT"),
    (("add", " ", "--provider", "stad", "--subject", "u"), Invalid, "PERSON_NAME"),
    (
        ("add", "An", "--provider", "stad", "--subject", "u", "--role", "administrator"),
        Invalid,
        "ROLE_UNKNOWN",
    ),
    (("role", "7", "dpo"), NotFound, "PERSON_UNKNOWN"),
    (("remove", "7"), NotFound, "PERSON_UNKNOWN"),
    (("provider", "remove", "geen"), NotFound, "PROVIDER_UNKNOWN"),
    (
        ("provider", "add", "twee", "--issuer", ISSUER, "--client-id", "x"),
        Conflict,
        "PROVIDER_EXISTS",
    ),
    (
        ("provider", "add", "../stad", "--issuer", "https://x.example", "--client-id", "x"),
        Invalid,
        "PROVIDER_FORM",
    ),
    (
        ("provider", "add", "drie", "--issuer", "file:///etc", "--client-id", "x"),
        Invalid,
        "OUTBOUND_BASE_URL",
    ),
    (("break-glass",), Conflict, "GLASS_CLOSED"),
]


@pytest.mark.parametrize(("given", "word", "code"), REFUSED, ids=[row[2] for row in REFUSED])
def test_what_cannot_be_is_refused_and_changes_nothing(
    node: Path, tmp_path: Path, given: tuple[str, ...], word: type[HanseError], code: str
) -> None:
    provider(node, tmp_path)
    with pytest.raises(word, match=code):
        run(node, *given)
    assert listed(node) == []


def test_a_provider_keeps_its_secret(node: Path, tmp_path: Path) -> None:
    provider(node, tmp_path)
    file = node / "providers" / "stad.json"
    assert file.stat().st_mode & 0o077 == 0
    for told in (run(node, "provider", "list"), run(node, "provider", "list", "--json")):
        assert "Stad Aalst" in told
        assert "geheim-4711" not in told
    file.write_text("{")
    with pytest.raises(Invalid, match="PROVIDER_FORM"):
        run(node, "provider", "list")


def test_the_way_in_by_force_is_printed_once_where_the_setting_allows(
    node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSE_NODE_BREAK_GLASS", "true")
    one, other = (run(node, "break-glass").split()[-1] for _ in range(2))
    assert one != other
    assert len(other) == 43


def test_a_folder_that_is_no_node_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="HOME_UNKNOWN"):
        run(tmp_path, "list")
    assert list(tmp_path.iterdir()) == []
