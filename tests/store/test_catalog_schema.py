"""The catalogue's schema: its steps and its models are the same thing, up, down and up again."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine
from sqlmodel import SQLModel
from tests.support import postgres
from tests.support.needs import need

from hanse.catalog import clients, log, members, migrations, revocations, tables, witness
from hanse.store import engine as store

ROWS: tuple[type[SQLModel], ...] = (
    members.MemberRow,
    clients.ClientRow,
    clients.SpentRow,
    revocations.RevocationRow,
    tables.LookRow,
    tables.RevisionRow,
    tables.DatasetRow,
    tables.IndicatorRow,
    tables.LevelRow,
    tables.PeriodRow,
    tables.TombstoneRow,
    witness.WitnessedRow,
    witness.EvidenceRow,
    *log.ROWS,
)
OURS = {str(row.__tablename__) for row in ROWS}


def _ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or name in OURS


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_name": _ours, "compare_type": True}
        )
        found = compare_metadata(context, SQLModel.metadata)
    return [each for each in found if _concerns(each)]


def _concerns(difference: object) -> bool:
    return any(f"'{name}'" in repr(difference) for name in OURS)


def up_down_up(url: str) -> None:
    engine = store.create(url)
    migrations.upgrade(engine)
    assert migrations.current(engine) == migrations.head()
    assert differences(engine) == []
    migrations.downgrade(engine, "base")
    assert migrations.current(engine) is None
    migrations.upgrade(engine, "0001")
    migrations.upgrade(engine)
    assert differences(engine) == []
    engine.dispose()


def test_steps_equal_models_in_sqlite(tmp_path: Path) -> None:
    up_down_up(f"sqlite:///{tmp_path / 'catalog.db'}")


@pytest.mark.needs("postgresql")
def test_steps_equal_models_in_postgresql() -> None:
    need("postgresql")
    with postgres.cluster() as server:
        up_down_up(postgres.database(server))
