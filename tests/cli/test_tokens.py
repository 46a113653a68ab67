"""`hanse token`: a feed token is made where a protocol allows it, shown once, listed and ended."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.support import proofs
from tests.support.callers import CATALOGUE
from tests.support.holders import CLIENT, PROTOCOL, bound_house
from typer.testing import CliRunner, Result

from hanse.auth.feedtokens import is_feed_token
from hanse.auth.revoked import statement
from hanse.cli.main import build
from hanse.errors import Invalid, NotFound
from hanse.policies.signatures import SigningKey


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokens") / "aalst"
    bound_house(folder, proofs.key(), bearer=True).node.close()
    return folder


def run(home: Path, *words: str) -> Result:
    return CliRunner().invoke(build(), ["token", *words, "--home", str(home)])


def made(home: Path, label: str, *words: str) -> dict[str, Any]:
    told = ("--client", CLIENT, "--label", label, "--as", "an", "--json")
    return dict(json.loads(run(home, "new", *told, *words).stdout))


def test_it_is_shown_once_and_never_listed(home: Path) -> None:
    done = run(home, "new", "--client", CLIENT, "--label", "rekenblad", "--as", "an")
    token = done.stdout.strip()
    assert is_feed_token(token)
    assert "ft-" in done.stderr
    for listed in (run(home, "list"), run(home, "list", "--json", "--client", CLIENT)):
        assert "rekenblad" in listed.stdout
        assert token not in listed.stdout


def test_it_ends_at_a_word(home: Path) -> None:
    token = made(home, "kort", "--days", "5", "--dataset", "dossiers", "--dialect", "api")
    assert (token["datasets"], token["dialects"], token["state"]) == (["dossiers"], ["api"], "live")
    assert run(home, "revoke", token["id"]).stdout == f"{token['id']}: ingetrokken\n"
    listed = json.loads(run(home, "list", "--json").stdout)["tokens"]
    assert {each["id"]: each["state"] for each in listed}[token["id"]] == "revoked"


def test_what_cannot_be_is_said(home: Path) -> None:
    stranger = run(home, "new", "--client", "vreemde", "--label", "x", "--as", "an")
    assert isinstance(stranger.exception, Invalid)
    assert stranger.exception.code == "FEED_TOKEN_CLIENT"
    assert isinstance(run(home, "revoke", "ft-none").exception, NotFound)


def test_the_list_says_in_the_readers_language_what_opens_nothing(home: Path) -> None:
    made(home, "wat nog opent")
    assert "Toestand" in run(home, "list").stdout
    assert "geldig" in run(home, "list").stdout
    kept = home / "keys" / "revocations.json"
    before = kept.read_text("utf-8")
    text = statement(CATALOGUE, 9, 1, {"clients": [CLIENT]}, SigningKey.generate())
    kept.write_text(json.dumps({"since": 0, "statement": text}))
    assert "programma ingetrokken" in run(home, "list").stdout
    assert "client revoked" in run(home, "list", "--lang", "en").stdout
    text = statement(CATALOGUE, 10, 1, {"protocols": [PROTOCOL]}, SigningKey.generate())
    kept.write_text(json.dumps({"since": 0, "statement": text}))
    listed = json.loads(run(home, "list", "--json").stdout)["tokens"]
    states = {each["label"]: each["state"] for each in listed}
    assert states["wat nog opent"] == "no-protocol"
    kept.write_text(before)
