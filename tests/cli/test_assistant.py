"""`hanse mcp`, started by the official client: a federation for an assistant on this machine."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.client.test_compare import INDICATOR, node
from tests.support import environments
from tests.support.tiny_catalogue import TinyWorld, world

from hanse.cli import assistant
from hanse.client.settings import ClientConfig, write_config


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TinyWorld, dict[str, str]]]:
    home = tmp_path_factory.mktemp("province")
    closed = node("NIS11002", access="protocol", purposes=("beleid",))
    with world([node("NIS41002"), node("NIS44021"), closed]) as running:
        key = home / "key.jwk"
        running.catalogue.client.write(key)
        url = running.catalogue.url
        config = ClientConfig(catalogue=url, client_id="provincie", key=key, issuers=(url,))
        write_config(home / "client.json", config)
        environ = {
            "HANSE_CONFIG": str(home / "client.json"),
            "HANSE_CACHE": str(home / "cache"),
            "HANSE_LANG": "en",
        }
        yield running, environ


def ask(known: tuple[TinyWorld, dict[str, str]], tool: str, **asked: Any) -> dict[str, Any]:
    question = {
        "command": [str(Path(sys.executable).parent / "hanse"), "mcp"],
        "environ": known[1],
        "tool": tool,
        "arguments": asked,
        "mode": "auto",
    }
    (found,) = environments.run("mcp", "read.py", question)
    assert found["tools"] == ["compare", "describe", "explain", "pull", "search"]
    return dict(found)


def test_a_comparison_names_every_city_and_its_source(
    known: tuple[TinyWorld, dict[str, str]],
) -> None:
    found = ask(known, "compare", indicator=INDICATOR)
    assert not found["failed"], found["text"]
    told = found["structured"]
    assert {each["state"] for each in told["cities"]} == {"answered", "refused"} or told["complete"]
    origins = {row["origin"] for row in told["rows"]}
    assert origins >= {"NIS41002", "NIS44021"}
    assert {each["origin"] for each in told["sources"]} == origins
    for source in told["sources"]:
        assert source["licence"]
        assert source["citation"] in found["text"]
    for row in told["rows"]:
        assert row["mark_meaning"]
        assert (row["value"] is None) == (row["status"] in "QOML")


def test_a_pull_is_counted_and_goes_on(known: tuple[TinyWorld, dict[str, str]]) -> None:
    dataset = ask(known, "describe", indicator=INDICATOR)["structured"]["publications"][0]
    asked = {"dataset": dataset["dataset"], "cities": [dataset["agency"]]}
    first = ask(known, "pull", **asked, limit=1)["structured"]
    assert (len(first["rows"]), first["more"]) == (1, first["total"] - 1)
    rest = ask(known, "pull", **asked, **first["next"])["structured"]
    assert rest["more"] == 0
    assert len(rest["rows"]) == first["more"]


def test_what_nobody_publishes_is_told_and_not_made_up(
    known: tuple[TinyWorld, dict[str, str]],
) -> None:
    found = ask(known, "compare", indicator="bestaat_niet")
    assert found["failed"]
    assert found["structured"]["code"]


def test_a_message_that_is_too_long_is_one_bad_message(tmp_path: Path) -> None:
    file = tmp_path / "in"
    file.write_bytes(b'{"a": "' + b"x" * (2 * assistant.LINE_BYTES) + b'"}\n\n{"b": 1}\n')
    with file.open("rb") as stream:
        lines = list(assistant._lines(stream))
    assert [len(line) for line in lines] == [assistant.LINE_BYTES, 9]
