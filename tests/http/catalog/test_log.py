"""The catalogue's own log: every change is in it, nobody rewrites it unseen, nodes witness it."""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer
from sqlalchemy import Engine, text
from tests.support import postgres
from tests.support.asgi import Reply
from tests.support.callers import BASE_URL as NODE_URL
from tests.support.catalogues import federation
from tests.support.federation import BASE, NODE, Catalogue, Clock
from tests.support.needs import need
from typer.testing import CliRunner

from hanse.audit.checkpoint import Signer, read_checkpoint, read_note, read_verifier
from hanse.audit.entry import read
from hanse.audit.tree import leaf_hash, verify_consistency
from hanse.catalog import clients, log, members, migrations, revocations
from hanse.catalog.keeping import Keeper, Peer, peers
from hanse.catalog.log import BOOK
from hanse.catalog.settings import CatalogSettings
from hanse.cli import catalog as commands
from hanse.errors import Conflict, HanseError, Invalid, NotFound
from hanse.node import home
from hanse.node.app import create_app
from hanse.node.settings import NodeSettings
from hanse.outbound import Outbound
from hanse.store import engine as store
from hanse.store.session import reading, transaction

SIGNER = Signer.of("catalogus.example/audit", bytes(range(32)))


@pytest.fixture
def catalogue(tmp_path: Path) -> Catalogue:
    return Catalogue(tmp_path)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    need("postgresql")
    with postgres.cluster() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    url = f"sqlite:///{tmp_path / 'catalog.db'}"
    if request.param == "postgresql":
        url = postgres.database(request.getfixturevalue("server"))
    made = store.create(url)
    migrations.upgrade(made)
    yield made
    made.dispose()


def entries(engine: Engine, kind: str = "") -> list[dict[str, Any]]:
    with reading(engine) as session:
        return [dict(read(body.encode())) for _, body in BOOK.bodies(session, kind)]


def told(engine: Engine, kind: str = "") -> list[tuple[str, str]]:
    return [(each["kind"], each["what"]["event"]) for each in entries(engine, kind)]


def write(engine: Engine, count: int) -> list[str]:
    now = Clock()()
    refs = []
    for number in range(count):
        with transaction(engine) as session:
            refs.append(log.note(session, log.member("asked", f"NIS{number:05}"), now))
    return refs


def checkpoint(engine: Engine) -> None:
    with transaction(engine) as session:
        BOOK.sign(session, SIGNER, "2026-11-01T09:00:00.000000+00:00")


def test_every_change_of_members_and_clients_is_an_entry(catalogue: Catalogue) -> None:
    now, engine = catalogue.clock(), catalogue.engine
    assert told(engine) == [
        ("member", "asked"),
        ("member", "approved"),
        ("client", "registered"),
        ("client", "registered"),
    ]
    with transaction(engine) as session:
        clients.change_scopes(session, "prov", "dataset:read", now)
    with transaction(engine) as session:
        clients.suspend(session, "prov", now)
    with transaction(engine) as session:
        members.suspend(session, "NIS44021", now)
    with transaction(engine) as session:
        revocations.revoke(session, "client", "prov", now)
        revocations.revoke(session, "client", "prov", now)  # again changes nothing
    with transaction(engine) as session:
        members.enrol(session, catalogue.enrolment(agency="NIS11002"), catalogue=BASE, now=now)
        members.turn_down(session, "NIS11002", "", now)
    assert told(engine)[4:] == [
        ("client", "scopes-changed"),
        ("client", "suspended"),
        ("member", "suspended"),
        ("revocation", "revoked"),
        ("member", "asked"),
        ("member", "turned-down"),
    ]
    changed = entries(engine, "client")[2]
    assert changed["what"]["scopes"] == ["dataset:read"]
    assert changed["who"] == {"client": "prov", "kbo": "0253973219"}
    assert (
        entries(engine, "member")[1]["what"]["key"] == entries(engine, "member")[0]["what"]["key"]
    )


def test_a_change_that_fails_leaves_no_entry(catalogue: Catalogue) -> None:
    before = told(catalogue.engine)

    def fail() -> None:
        with transaction(catalogue.engine) as session:
            clients.suspend(session, "prov", catalogue.clock())
            raise RuntimeError("later")

    with pytest.raises(RuntimeError):
        fail()
    with pytest.raises(NotFound), transaction(catalogue.engine) as session:
        members.suspend(session, "NIS99999", catalogue.clock())
    assert told(catalogue.engine) == before


def test_a_token_is_written_down_before_it_is_given(catalogue: Catalogue) -> None:
    reply = asyncio.run(catalogue.post(catalogue.form(protocol="urn:protocol:gent:2026-001")))
    assert reply.status == 200
    (entry,) = entries(catalogue.engine, "token")
    assert entry["who"] == {"client": "prov", "kbo": "0253973219"}
    assert entry["why"] == {"protocol": "urn:protocol:gent:2026-001", "purpose": "statistiek"}
    assert entry["what"]["resource"] == NODE
    assert entry["what"]["scopes"] == ["dataset:read"]
    token = json.loads(reply.body)["access_token"]
    assert token.split(".")[2] not in json.dumps(entry)
    refused = asyncio.run(catalogue.post(catalogue.form(resource="https://elders.example")))
    assert refused.status == 400
    assert len(entries(catalogue.engine, "token")) == 1


def test_what_cannot_be_written_down_is_not_given(catalogue: Catalogue) -> None:
    with catalogue.engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        connection.exec_driver_sql(
            "CREATE TRIGGER full_disk BEFORE INSERT ON log_body "
            "BEGIN SELECT RAISE(FAIL, 'disk is full'); END"
        )

    async def ask() -> Reply:
        return await catalogue.post(catalogue.form())

    reply = asyncio.run(ask())
    assert reply.status >= 400
    assert b"access_token" not in reply.body
    with pytest.raises(Conflict), transaction(catalogue.engine) as session:
        clients.suspend(session, "prov", catalogue.clock())
    with reading(catalogue.engine) as session:
        assert clients.find(session, "prov") is not None


def test_every_size_has_its_root_and_every_entry_its_proof(engine: Engine) -> None:
    refs = write(engine, 21)
    checkpoint(engine)
    for _ in range(12):
        refs += write(engine, 1)
        checkpoint(engine)
    with reading(engine) as session:
        found = BOOK.inspect(session, SIGNER.verifier)
        assert (found.entries, found.checkpoints) == (33, 13)
        for ref, body in zip(refs, BOOK.bodies(session), strict=True):
            proof = BOOK.prove(session, ref)
            assert proof.check(leaf_hash(body[1].encode()), SIGNER.verifier) == 0
        stood = session.connection().execute(text("SELECT size, root FROM log_checkpoint")).all()
        for old, old_root in stood:
            hashes = BOOK.grown(session, old, 33)
            assert verify_consistency(old, 33, hashes, bytes(old_root), found.root)
        with pytest.raises(Invalid, match="AUDIT_SIZES"):
            BOOK.grown(session, 3, 34)
        with pytest.raises(NotFound, match="RECEIPT_UNKNOWN"):
            BOOK.prove(session, "0" * 32)
    (early,) = write(engine, 1)
    with reading(engine) as session, pytest.raises(Conflict, match="RECEIPT_EARLY"):
        BOOK.prove(session, early)


FORBIDDEN = (
    "UPDATE log_entry SET ref = 'x'",
    "UPDATE log_body SET body = '{}'",
    "UPDATE log_node SET level = 40",
    "UPDATE log_checkpoint SET note = ''",
    "DELETE FROM log_entry",
    "DELETE FROM log_body",
    "DELETE FROM log_node",
    "DELETE FROM log_checkpoint",
    "INSERT INTO log_entry (idx, ref, leaf) VALUES (99, 'x', '')",
)


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_catalogue_s_own_account_cannot_rewrite(engine: Engine, statement: str) -> None:
    write(engine, 5)
    checkpoint(engine)
    with pytest.raises(HanseError), transaction(engine) as session:
        session.connection().execute(text(statement))
    with reading(engine) as session:
        assert BOOK.inspect(session, SIGNER.verifier).entries == 5


TAMPERED = (
    "UPDATE log_body SET body = replace(body, 'NIS00003', 'NIS00009') WHERE idx = 3",
    "UPDATE log_entry SET leaf = (SELECT leaf FROM log_entry WHERE idx = 0) WHERE idx = 3",
    "DELETE FROM log_body WHERE idx = 3",
    "DELETE FROM log_entry WHERE idx > 5",
    "UPDATE log_node SET hash = (SELECT leaf FROM log_entry WHERE idx = 0) WHERE level = 1",
    "DELETE FROM log_node WHERE level = 2",
)


@pytest.mark.parametrize("statement", TAMPERED)
def test_whoever_takes_the_guards_away_is_found_out(tmp_path: Path, statement: str) -> None:
    engine = store.create(f"sqlite:///{tmp_path / 'catalog.db'}")
    migrations.upgrade(engine)
    write(engine, 9)
    checkpoint(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
        triggers = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        for (name,) in connection.exec_driver_sql(triggers).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.exec_driver_sql(statement)
    with reading(engine) as session, pytest.raises(Conflict, match="AUDIT_TAMPERED"):
        BOOK.inspect(session, SIGNER.verifier)
    engine.dispose()


@pytest.mark.anyio
async def test_a_node_witnesses_the_catalogue_and_not_a_rewritten_one(tmp_path: Path) -> None:
    league = federation(tmp_path / "catalogus")
    keeper: Keeper = league.app.state.keeper
    folder = tmp_path / "node"
    home.init(folder, {"agency": "NIS41002", "name": "Aalst", "base_url": NODE_URL})
    settings = NodeSettings(
        _env_file=folder / "node.env", home=folder, witnessed=str(keeper.signer.verifier)
    )
    node = create_app(settings, clock=league.clock)
    witness: Keeper = node.state.keeper
    transport = httpx.ASGITransport(app=node)
    async with Outbound(networks=("127.0.0.0/8",), transport=transport) as way:
        told = CatalogSettings(witnesses=f"{witness.signer.verifier} {NODE_URL}")
        (peer,) = peers(told)
        kept = Keeper(keeper.engine, keeper.signer, (peer,), league.clock, way)
        write(keeper.engine, 3)
        await kept.step()
        async with league.client() as client:
            note = read_note((await client.get("/v1/audit/checkpoint")).content)
            key = read_verifier((await client.get("/v1/audit/key")).text)
            proof = await client.get("/v1/audit/consistency?old=1&size=3")
        assert key.signed(note) is not None
        assert peer.verifier.signed(note) is not None
        assert len(proof.text.split()) == 2
        assert await kept.offer(peer) == ""
        size = read_checkpoint(note).size
        # The same size with other entries: what a catalogue that was taken over would show.
        forged = store.create(f"sqlite:///{tmp_path / 'forged.db'}")
        migrations.upgrade(forged)
        write(forged, size)
        other = Keeper(forged, keeper.signer, (peer,), league.clock, way)
        other.sign()
        assert await other.offer(peer) == "WITNESS_422"
        shorter = store.create(f"sqlite:///{tmp_path / 'shorter.db'}")
        migrations.upgrade(shorter)
        write(shorter, size - 1)
        other = Keeper(shorter, keeper.signer, (peer,), league.clock, way)
        other.sign()
        assert await other.offer(peer) == "AUDIT_AHEAD"
    async with Outbound(networks=("127.0.0.0/8",)) as nowhere:
        away = Peer(peer.verifier, "http://127.0.0.1:9")
        write(keeper.engine, 1)
        alone = Keeper(keeper.engine, keeper.signer, (away,), league.clock, nowhere)
        await alone.step()
        assert await alone.offer(away) == "OUTBOUND_UNREACHABLE"
    node.state.node.close()


def test_it_is_read_and_looked_over_by_its_operator(tmp_path: Path) -> None:
    app = typer.Typer()
    commands.register(app)

    def run(*words: str) -> str:
        done = CliRunner().invoke(app, ["catalog", *words, "--home", str(tmp_path / "c")])
        assert done.exit_code == 0, done.exception
        return done.stdout

    run("init")
    run("revoke", "client", "prov")
    kid = run("rotate-key").strip()
    (entry,) = json.loads(run("log", "--kind", "key", "--json"))["entries"]
    assert entry["what"] == {"event": "rotated", "key": kid, "purpose": "tokens"}
    assert "revoked" in run("log")
    assert "2 regels kloppen" in run("log", "--verify")
    assert "2 entries hold" in run("log", "--verify", "--lang", "en")
