"""Somebody who has the database and not the key: one changed byte, and that protocol is dead."""

import logging
import shutil
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.support import agreed
from tests.support.callers import KBO, NOW, PARTNER

from hanse.areas import Registry
from hanse.node import accessions, home, migrations, protocols
from hanse.node.accessions import AccessionRow, AuthorisationRow
from hanse.node.office import day
from hanse.policies.protocol import load
from hanse.store.engine import create
from hanse.store.session import reading, transaction

NAME = "urn:protocol:aalst:2026-001"
PROVINCE = "0207725597"
NUMBER = "FO 04/2017"

FLIPPED = "substr({0}, 1, length({0}) - 1) || CASE substr({0}, -1) WHEN '0' THEN '1' ELSE '0' END"

TAMPERINGS = {
    "a letter of the text": "UPDATE protocol SET content = replace(content, '2023', '1923')",
    "its digest": f"UPDATE protocol SET content_hash = {FLIPPED.format('content_hash')}",  # noqa: S608 the attacker
    "its version": "UPDATE protocol SET version = 9 WHERE id LIKE '%aalst%'",
    "its number": "UPDATE protocol SET id = replace(id, 'aalst:2026-001', 'aalst:2026-009')",
    "when it changed": "UPDATE protocol SET changed_at = replace(changed_at, '2026', '2025')",
    "who proposed it": "UPDATE protocol SET proposed_by = 'x'",
    "its seal": "UPDATE protocol SET seal = substr(seal, 2)",
    "a letter of a statement": "UPDATE statement SET text = replace(text, 'e', 'f')",
    "the digest of a statement": f"UPDATE statement SET digest = {FLIPPED.format('digest')}",  # noqa: S608 the attacker
    "who signed": "UPDATE statement SET person = 'x'",
    "a statement left out": (
        "DELETE FROM statement WHERE digest = "
        "(SELECT max(digest) FROM statement WHERE protocol LIKE '%aalst%')"
    ),
    "the text left out": "DELETE FROM protocol WHERE id LIKE '%aalst%'",
    "a partner's key": "UPDATE partner_key SET x = substr(x, 2) WHERE state = 'confirmed'",
    "a partner's number": "UPDATE partner_key SET kbo = '0207437469' WHERE state = 'confirmed'",
    "a partner's state": "UPDATE partner_key SET state = 'own' WHERE state = 'confirmed'",
    "a partner's seal": "UPDATE partner_key SET seal = '' WHERE state = 'confirmed'",
}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with open data, and a protocol that requires an accession, both in force."""
    folder = tmp_path_factory.mktemp("rows") / "aalst"
    key = home.init(folder, {"agency": "NIS41002", "name": "Aalst", "kbo": KBO})
    engine = create(f"sqlite:///{folder / 'node.db'}")
    migrations.upgrade(engine)
    form = PARTNER.format(datasets="zorg").replace(
        "version: 1", f"version: 1\nrequires: [{NUMBER}]"
    )
    with transaction(engine) as session:
        agreed.in_force(session, folder, home.open_data_form("NIS41002", KBO), NOW)
        agreed.in_force(session, folder, form, NOW)
        accessions.grant(session, AuthorisationRow(number=NUMBER))
        joined = AccessionRow(number=NUMBER, kbo=PROVINCE, since="2026-01-01", changed_at="")
        accessions.join(session, key, joined, NOW)
    engine.dispose()
    return folder


@pytest.fixture
def folder(original: Path, tmp_path: Path) -> Path:
    """A copy of it, to be attacked."""
    return Path(shutil.copytree(original, tmp_path / "aalst"))


def opened(folder: Path) -> tuple[set[str], tuple[str, ...], dict[str, frozenset[str]]]:
    """Return what is in force after a start, what is damaged, and who joined what."""
    engine = create(f"sqlite:///{folder / 'node.db'}")
    own = home.signing_key(folder).public_jwk()
    with reading(engine) as session:
        register, book = protocols.load_register(session, Registry(), own, day(NOW))
        joined = accessions.joined(session, own, day(NOW))
    engine.dispose()
    active = {each.protocol.id for each in register.agreements if each.state == "active"}
    return active, book.damaged, joined


def attack(folder: Path, statement: str) -> None:
    engine = create(f"sqlite:///{folder / 'node.db'}")
    with engine.begin() as connection:
        connection.execute(text("PRAGMA query_only = OFF"))
        assert connection.execute(text(statement)).rowcount > 0
    engine.dispose()


def test_untouched_it_is_in_force(folder: Path) -> None:
    active, damaged, joined = opened(folder)
    assert active == {NAME, "urn:protocol:nis41002:open-data"}
    assert damaged == ()
    assert joined == {PROVINCE: frozenset({NUMBER})}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_one_changed_byte_and_that_protocol_opens_nothing(
    folder: Path, what: str, caplog: pytest.LogCaptureFixture
) -> None:
    attack(folder, TAMPERINGS[what])
    active, damaged, _ = opened(folder)
    assert NAME not in active
    assert damaged
    alarms = {each.message for each in caplog.records if each.levelno == logging.ERROR}
    assert alarms & {"protocol.damaged", "partner.damaged"}
    if "aalst" in TAMPERINGS[what] or "P5Y" in TAMPERINGS[what]:
        assert "urn:protocol:nis41002:open-data" in active


@pytest.mark.parametrize(
    "change", ["kbo = '0207437468'", "since = '2025-01-01'", "until = '2099-01-01'", "seal = ''"]
)
def test_an_accession_that_was_changed_counts_for_nothing(folder: Path, change: str) -> None:
    attack(folder, f"UPDATE accession SET {change}")  # noqa: S608 the attacker
    assert opened(folder)[2] == {}


def test_rows_of_another_node_are_not_ours(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "elders"
    home.init(other, {"agency": "NIS11002", "name": "Elders", "kbo": KBO})
    shutil.copy(folder / "node.db", other / "node.db")
    assert opened(other)[0] == set()


def test_a_statement_of_somebody_who_owns_the_database_is_nobodys(folder: Path) -> None:
    from datetime import timedelta

    from hanse.policies.signatures import SigningKey
    from hanse.policies.statements import Saying

    read = load(
        PARTNER.format(datasets="zorg").replace("version: 1", f"version: 1\nrequires: [{NUMBER}]")
    )
    late = NOW + timedelta(seconds=9)
    forged = agreed.said(read, KBO, Saying("suspend", "supplier"), late, SigningKey.generate())
    digest = protocols.digest_of(forged)
    row = f"('{digest}', '{NAME}', 1, '{forged}', '', 'x')"
    columns = "(digest, protocol, version, text, person, kept_at)"
    attack(folder, f"INSERT INTO statement {columns} VALUES {row}")  # noqa: S608 the attacker
    active, damaged, _ = opened(folder)
    assert (NAME in active, damaged) == (False, (NAME,))
