"""Migrations and models say the same, in both directions, on both databases."""

import importlib

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect
from tests.support.needs import ROOT

from hanse.errors import Conflict
from hanse.node import migrations
from hanse.node.tables import TABLES

NODE = ROOT / "node" / "hanse"


@pytest.fixture(autouse=True)
def every_table() -> None:
    for path in NODE.rglob("*.py"):
        if "table=True" in path.read_text("utf-8"):
            parts = path.relative_to(NODE.parent).with_suffix("").parts
            importlib.import_module(".".join(parts))


def differences(engine: Engine) -> list[object]:
    with engine.connect() as connection:
        options = {"version_table": migrations.VERSION_TABLE, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, TABLES))


def test_the_models_are_what_the_migrations_make(engine: Engine) -> None:
    migrations.upgrade(engine)
    assert differences(engine) == []


def test_down_to_nothing_and_up_again_gives_the_models(engine: Engine) -> None:
    migrations.upgrade(engine)
    migrations.downgrade(engine, "base")
    assert set(inspect(engine).get_table_names()) == {migrations.VERSION_TABLE}
    migrations.upgrade(engine)
    assert differences(engine) == []


def test_upgrading_twice_changes_nothing(engine: Engine) -> None:
    migrations.upgrade(engine)
    migrations.upgrade(engine)
    migrations.check(engine)


def test_a_schema_of_another_revision_is_refused(engine: Engine) -> None:
    with pytest.raises(Conflict, match="SCHEMA_REVISION"):
        migrations.check(engine)
