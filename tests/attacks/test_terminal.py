"""What strangers write reaches an operator's terminal as text: no colour, no cursor, no crash."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from tests.support.callers import OPEN, House, house
from tests.support.presses import START
from typer.testing import CliRunner

from hanse.auth.principal import Principal
from hanse.catalog import members, migrations
from hanse.catalog.members import MemberRow
from hanse.catalog.settings import read_settings
from hanse.cli import catalog, node
from hanse.cube.query import Query
from hanse.errors import Invalid
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, SigningKey, sign
from hanse.store import engine as store
from hanse.store.session import transaction

HOSTILE = ("[/x]", "[link=http://evil.example]klik[/link]", "\x1b[2J\x1b]0;titel\x07", "\x9b31m")
NAMES = (
    "G\N{CYRILLIC SMALL LETTER IE}nt",
    "\N{RIGHT-TO-LEFT OVERRIDE}tneG",
    "Gent\N{ZERO WIDTH SPACE}",
    "\N{FULLWIDTH LATIN CAPITAL LETTER G}ent",
    "Gent\x1b[2J",
    "Gent\x00",
    "Gent\n",
    " ",
)
CATALOGUE = "https://catalogus.example"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def aalst(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A node that records what strangers ask."""
    built = house(tmp_path_factory.mktemp("node") / "aalst")
    yield built
    built.node.close()


@pytest.mark.anyio
@pytest.mark.parametrize("said", [*HOSTILE, "Beleid", "a" * 64, ""])
async def test_a_purpose_is_a_name(aalst: House, said: str) -> None:
    async with aalst.client() as stranger:
        path = f"/v1/datasets/{OPEN}/data"
        assert (await stranger.get(path, params={"purpose": said})).status_code == 400
        if said.isprintable():
            assert (await stranger.get(path, headers={"Purpose": said})).status_code == 400


@pytest.mark.parametrize("said", HOSTILE)
def test_a_decision_is_listed_whoever_asked(aalst: House, said: str) -> None:
    asker = Principal(said, frozenset({"dataset:read"}), None, said)
    aalst.node.door.answer(asker, Query(OPEN), said, "json")
    app = typer.Typer()
    node.register(app)
    shown = CliRunner().invoke(app, ["decisions", "--home", str(aalst.home)])
    assert shown.exception is None
    assert not set("\x1b\x07\x9b") & set(shown.output)


@pytest.mark.parametrize("name", NAMES)
def test_a_member_that_could_pass_for_another_is_not_noted(name: str) -> None:
    key = SigningKey.generate()
    document = {
        "schema": 1,
        "catalogue": CATALOGUE,
        "agency": "NIS44021",
        "name": name,
        "kbo": "0207451227",
        "base_url": "https://gent.example",
        "keys": [key.public_jwk()],
        "issued_at": START.isoformat(),
    }
    statement = sign(canonical(document), ENROLMENT, key)
    with pytest.raises(Invalid, match=r"ENROLMENT_(NAME|FORM)"):
        members.read_statement(statement, catalogue=CATALOGUE, now=START)
    good = sign(canonical({**document, "name": "Gent"}), ENROLMENT, key)
    assert members.read_statement(good, catalogue=CATALOGUE, now=START).name == "Gent"


def test_members_are_listed_whatever_they_are_called(tmp_path: Path) -> None:
    app = typer.Typer()
    catalog.register(app)
    home = tmp_path / "catalogue"
    run = CliRunner()
    app.command("other")(lambda: None)
    assert run.invoke(app, ["catalog", "init", "--home", str(home), "--json"]).exception is None
    engine = store.create(read_settings(home).database)
    migrations.upgrade(engine)
    with transaction(engine) as session:
        for number, name in enumerate(HOSTILE):
            row = MemberRow(
                agency=f"NIS{number:05}",
                fingerprint="f",
                name=name,
                kbo="0207451227",
                base_url="https://gent.example",
                keys="[]",
                added_at=START.isoformat(),
            )
            session.add(row)
    engine.dispose()
    shown = run.invoke(app, ["catalog", "members", "--home", str(home)])
    assert shown.exception is None
    assert not set("\x1b\x07\x9b") & set(shown.output)
