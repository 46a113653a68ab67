"""Who the node is, its keys, its pages, its health; and that it starts only where a node lives."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support import presses
from tests.support.callers import (
    CLOSED,
    LISTED,
    OPEN,
    SECTOR_LINES,
    TOWN_LINES,
    UNLISTED,
    House,
    house,
)
from typer.testing import CliRunner

from hanse.cli.main import build
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node import home, publish
from hanse.node.app import create_app
from hanse.node.settings import NodeSettings
from hanse.policies.signatures import FEED, MANIFEST, verify
from hanse.store.session import transaction
from hanse.wire import Feed

pytestmark = pytest.mark.anyio


async def test_a_node_says_who_it_is(aalst: House) -> None:
    async with aalst.client() as client:
        told = (await client.get("/v1/node")).json()
    assert (told["agency"], told["name"], told["kbo"]) == ("NIS41002", "Stad Aalst", "0207437468")
    assert told["issuers"] == ["http://127.0.0.1:8100", "http://127.0.0.1:8101"]


async def test_its_keys_verify_what_it_publishes(aalst: House) -> None:
    async with aalst.client() as client:
        keys = (await client.get("/v1/jwks")).json()["keys"]
        known = (await client.get(f"/v1/datasets/{OPEN}")).json()["current"]
        path = f"/v1/datasets/{OPEN}/releases/{known['release_id']}/manifest.jws"
        signed = (await client.get(path)).text
    assert "d" not in keys[0]
    assert verify(signed, MANIFEST, keys)


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
async def test_the_first_page_shows_what_there_is(aalst: House, lang: str) -> None:
    async with aalst.client() as client:
        page = await client.get(f"/{lang}/", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert f'<html lang="{lang}"' in page.text
    assert "EDITION_" not in page.text
    assert "<script" not in page.text


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
async def test_a_release_has_a_page(aalst: House, lang: str) -> None:
    async with aalst.client() as client:
        known = (await client.get(f"/v1/datasets/{OPEN}")).json()["current"]
        path = f"/{lang}/datasets/{OPEN}/releases/{known['release_id']}"
        page = await client.get(path, headers={"Accept": "text/html"})
        first = await client.get("/", follow_redirects=False)
    assert page.status_code == 200
    assert known["manifest"] in page.text
    assert "cells.parquet" in page.text
    assert "EDITION_" not in page.text
    assert "<script" not in page.text
    assert first.headers["location"] == "/nl/"


@pytest.mark.parametrize("slug", [LISTED, UNLISTED, CLOSED, "bestaat-niet"])
async def test_a_page_of_what_is_not_open_is_for_whom_a_protocol_names(
    aalst: House, slug: str
) -> None:
    path = f"/nl/datasets/{slug}/releases/2026.1"
    async with aalst.client() as client:
        answer = await client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("lang", "theme"), [("nl", "demografie"), ("en", "demography"), ("fr", "démographie")]
)
async def test_a_theme_is_said_in_the_reader_s_language(
    aalst: House, lang: str, theme: str
) -> None:
    async with aalst.client() as client:
        offers = await client.get(f"/{lang}/")
        release = await client.get(f"/{lang}/datasets/{OPEN}/releases/{_release(aalst)}")
    assert f"<li>{theme}</li>" in offers.text
    assert f"<dd>{theme}</dd>" in release.text


def _release(made: House) -> str:
    return str(made.node.door.worlds.current().offers[OPEN].release_id)


async def test_pages_releases_and_feed_agree_after_a_withdrawal(own: House) -> None:
    first = _release(own)
    press = presses.press(
        own.home,
        own.node.engine,
        key=home.signing_key(own.home),
        clock=presses.clock(datetime(2026, 11, 2, 8, tzinfo=UTC)),
    )
    contract = own.node.door.worlds.current().offers[OPEN].contract
    lines = [*TOWN_LINES[:-1], (*TOWN_LINES[-1][:4], 481_000), *SECTOR_LINES]
    second = publish.publish(
        press, presses.draft(lines, contract), publish.Intent(kind="corrected", reason="Fout"), "an"
    )
    async with own.client() as client:
        before = (await client.get("/nl/")).text
        publish.withdraw(press, OPEN, second.release_id, "Verkeerd bestand.", "bo")
        after = (await client.get("/nl/")).text
        listed = (await client.get(f"/v1/datasets/{OPEN}/releases")).json()
        statement = (await client.get("/v1/feed")).text
        gone = await client.get(f"/nl/datasets/{OPEN}/releases/{second.release_id}")
    feed = Feed.model_validate_json(verify(statement, FEED, [press.key.public_jwk()]))
    command = CliRunner().invoke(build(), ["releases", OPEN, "--home", str(own.home), "--json"])
    states = {each["release"]: each["state"] for each in json.loads(command.stdout)}
    assert states == {first: "published", second.release_id: "withdrawn"}
    assert states == {each["release_id"]: each["state"] for each in listed["releases"]}
    current = next(each.current for each in feed.datasets if each.slug == OPEN)
    assert current is not None
    assert (current.release_id, listed["current"]) == (first, first)
    assert [each.id for each in feed.tombstones] == [f"{OPEN}/{second.release_id}"]
    assert _current(before) == second.release_id
    assert _current(after) == first
    assert _news(after)[0] == (second.release_id, "ingetrokken", "Verkeerd bestand.")
    assert gone.status_code == 200
    assert "Verkeerd bestand." in gone.text
    assert "format=csv" not in gone.text


def _current(page: str) -> str:
    found = re.search(rf'<h2><a href="/nl/datasets/{OPEN}/releases/([^"]+)">', page)
    assert found
    return found[1]


def _news(page: str) -> list[tuple[str, str, str]]:
    listed = page.partition('<ul class="news">')[2].partition("</ul>")[0]
    shape = r'releases/([^"]+)">[^<]*</a>\s*<span class="mark \w+">(\w+)</span> ?([^<]*)</li>'
    return re.findall(shape, listed)


async def test_it_is_ready(aalst: House) -> None:
    async with aalst.client() as client:
        assert (await client.get("/health/ready")).status_code == 200
        assert (await client.get("/health/live")).status_code == 200


@pytest.fixture
def own(tmp_path: Path) -> House:
    return house(tmp_path)


async def test_this_machine_is_told_which_register_is_in_force(own: House) -> None:
    async with own.client() as client:
        told = (await client.get("/health/ready")).json()
        strangers = [
            await client.get("/health/ready", headers=headers)
            for headers in ({"X-Forwarded-For": "203.0.113.9"}, {"Host": "data.aalst.be"})
        ]
    assert {"database", "register", "log"} <= set(told["checks"])
    assert set(told["checks"].values()) == {"ok"}
    assert told["register"] == own.node.door.worlds.current().register.hash
    assert [each.json() for each in strangers] == [{"status": "ready"}] * 2


async def test_a_register_edited_in_the_database_is_not_served_as_ready(own: House) -> None:
    own.node.door.worlds.current()
    with transaction(own.node.engine) as session:
        changed = "UPDATE protocol SET content = replace(content, 'P5Y', 'P9Y')"
        session.connection().execute(text(changed))
    async with own.client() as client:
        answer = await client.get("/health/ready")
    assert answer.status_code == 503
    told = answer.json()
    assert told["status"] == "not-ready"
    assert {name for name, how in told["checks"].items() if how != "ok"} == {"register"}
    assert told["checks"]["register"] == "differs"


async def test_a_register_that_cannot_be_read_is_not_ready(own: House) -> None:
    with transaction(own.node.engine) as session:
        session.connection().execute(text("DROP TABLE protocol"))
    async with own.client() as client:
        answer = await client.get("/health/ready", headers={"Host": "data.aalst.be"})
    assert (answer.status_code, answer.json()) == (503, {"status": "not-ready"})


async def test_a_node_starts_only_where_one_lives(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="HOME_UNKNOWN"):
        create_app(NodeSettings(_env_file=None, home=tmp_path))


async def test_a_home_is_made_once_and_its_key_is_its_owner_s(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    key = home.init(folder, {"agency": "NIS41002", "name": "Aalst"})
    assert (folder / home.KEY).stat().st_mode & 0o777 == 0o600
    assert (folder / "keys").stat().st_mode & 0o777 == 0o700
    assert home.signing_key(folder).kid == key.kid
    with pytest.raises(Conflict, match="HOME_EXISTS"):
        home.init(folder, {})


@pytest.mark.parametrize(
    ("settings", "code"),
    [
        ({"name": 'Aalst"\nHANSE_NODE_KBO="1'}, "SETTING_VALUE"),
        ({"name": "$(id)"}, "SETTING_VALUE"),
        ({"colour": "red"}, "SETTING_UNKNOWN"),
    ],
)
async def test_a_setting_that_could_be_read_otherwise_is_refused(
    tmp_path: Path, settings: dict[str, str], code: str
) -> None:
    with pytest.raises(Invalid, match=code):
        home.init(tmp_path / "new", settings)
    assert not (tmp_path / "new").exists()
