"""Bodies of the log across the steps that made them smaller, on both databases."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import col, select
from tests.support.logs import ledger, said

from hanse.errors import HanseError
from hanse.node import inspection, migrations
from hanse.node.log import BodyRow
from hanse.node.tables import moment
from hanse.store.session import reading, transaction

AT_MS = 1_793_523_600_482
"""2026-11-01 09:00:00.482 UTC."""


def test_one_step_back_writes_every_body_out_again(engine: Engine, tmp_path: Path) -> None:
    held = ledger(tmp_path, engine)
    held.write(3)
    before = said(engine)
    migrations.downgrade(engine, "r0008")
    with reading(engine) as session:
        asked = text("SELECT body FROM audit_body ORDER BY idx")
        assert list(session.connection().execute(asked).scalars()) == before


def test_moments_are_numbers_that_are_looked_up_by_day(engine: Engine, tmp_path: Path) -> None:
    held = ledger(tmp_path, engine)
    migrations.downgrade(engine, "r0009")
    at = datetime.fromtimestamp(AT_MS / 1000, UTC).replace(microsecond=482_913)
    rows = [
        {"idx": number, "at": moment(each), "client": "klant", "body": f'{{"v":{number}}}'}
        for number, each in enumerate((at - timedelta(days=1), at, at + timedelta(days=1)))
    ]
    insert = text(
        "INSERT INTO audit_body (idx, kind, at, client, outcome, body) "
        "VALUES (:idx, 'release', :at, :client, '', :body)"
    )
    kept = [{**row, "body": kept_as(engine, str(row["body"]))} for row in rows]
    with transaction(engine) as session:
        session.connection().execute(insert, kept)
    migrations.upgrade(engine)
    with reading(engine) as session:
        numbers = session.connection().execute(text("SELECT at FROM audit_body ORDER BY idx"))
        day_ms = 24 * 3_600_000
        assert list(numbers.scalars()) == [AT_MS - day_ms, AT_MS, AT_MS + day_ms]
        day = [col(BodyRow.at) >= "2026-11-01", col(BodyRow.at) < "2026-11-02"]
        (found,) = session.exec(select(BodyRow).where(*day)).all()
        assert (found.idx, found.at) == (1, "2026-11-01T09:00:00.482000+00:00")
        assert (found.client, found.body) == ("klant", '{"v":1}')
        past = col(BodyRow.at) < moment(at)
        assert session.exec(select(BodyRow.idx).where(past)).all() == [0]
    migrations.downgrade(engine, "r0009")
    with reading(engine) as session:
        told = session.connection().execute(text("SELECT at FROM audit_body ORDER BY idx"))
        assert list(told.scalars()) == [f"{str(row['at'])[:23]}000+00:00" for row in rows]
    migrations.upgrade(engine)
    with pytest.raises(HanseError, match="DATABASE_CONFLICT"), transaction(engine) as session:
        session.connection().execute(text("UPDATE audit_body SET client = 'iemand'"))
    assert said(held.engine) == [row["body"] for row in rows]


def kept_as(engine: Engine, body: str) -> str | bytes:
    return body if engine.dialect.name == "sqlite" else body.encode()


def test_bodies_of_before_the_step_are_read_after_it(engine: Engine, tmp_path: Path) -> None:
    held = ledger(tmp_path, engine)
    held.write(3)
    before = said(engine)
    migrations.downgrade(engine, "r0008")
    migrations.upgrade(engine)
    held.write(2)
    assert said(engine)[:3] == before
    assert inspection.inspect(engine, held.signer.verifier).entries == 5
