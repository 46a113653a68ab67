"""Figures from a city's own database: read, never written, never more than was allowed."""

import sqlite3
from pathlib import Path

import pytest
from tests.support.workbooks import order, registry

from hanse.errors import Invalid
from hanse.node.intake import queries
from hanse.node.intake.build import build
from hanse.node.intake.columns import Columns
from hanse.node.intake.jobs import Limits

ROLES = {"jaar": "period", "niveau": "level", "gebied": "area", "inwoners": "measure:bev_totaal"}
QUESTION = "select jaar, niveau, gebied, inwoners from bevolking order by jaar"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "stad.db"
    with sqlite3.connect(path) as connection:
        connection.execute("create table bevolking (jaar int, niveau text, gebied, inwoners real)")
        rows = [
            (2022, "gemeente", "41002", 5),
            (2023, "gemeente", 41002, None),
            (2024, "gemeente", "41002", -99997),
        ]
        connection.executemany("insert into bevolking values (?, ?, ?, ?)", rows)
    connection.close()
    return path


def ask(path: Path, question: str, roles: dict[str, str] = ROLES, limits: Limits = Limits()) -> int:  # noqa: B008
    reading = queries.read(f"sqlite:///{path}", question, Columns(roles), limits)
    return int(build(reading, order(), registry(), ("sql",)).cells.num_rows)


def test_the_rows_of_a_question_become_cells(database: Path) -> None:
    reading = queries.read(f"sqlite:///{database}", QUESTION, Columns(ROLES), Limits())
    made = build(reading, order(), registry(), ("sql",))
    assert [
        (r["period"], r["value"], r["state"], r["source_row"]) for r in made.cells.to_pylist()
    ] == [
        ("2022", 5.0, "value", 1),
        ("2024", None, "suppressed_source", 3),
    ]
    assert made.contract.indicators[0].id == "bev_totaal"


REFUSED = {
    "delete from bevolking": "SQL_NOT_A_QUESTION",
    "select 1; drop table bevolking": "SQL_FAILED",
    "with x as (select 1) delete from bevolking": "SQL_FAILED",
    "pragma query_only = off": "SQL_NOT_A_QUESTION",
    "select * from nergens": "SQL_FAILED",
    "": "SQL_NOT_A_QUESTION",
    "select " + "1," * 60_000 + "1": "SQL_NOT_A_QUESTION",
}


@pytest.mark.parametrize("statement", REFUSED, ids=lambda text: text[:40])
def test_a_statement_that_does_more_than_ask_is_refused(statement: str, database: Path) -> None:
    with pytest.raises(Invalid) as caught:
        ask(database, statement)
    assert caught.value.code == REFUSED[statement]
    assert ask(database, QUESTION) == 2


def test_a_row_too_many_and_a_column_nobody_named_are_refused(database: Path) -> None:
    with pytest.raises(Invalid, match="INTAKE_ROWS"):
        ask(database, QUESTION, limits=Limits(rows=2))
    with pytest.raises(Invalid, match="INTAKE_COLUMN_ROLE"):
        ask(database, QUESTION, roles={"jaar": "period"})
    with pytest.raises(Invalid, match="INTAKE_COLUMN_ABSENT"):
        ask(database, QUESTION, roles={**ROLES, "leeftijd": "dimension"})
    with pytest.raises(Invalid, match="INTAKE_ROLE_UNKNOWN"):
        ask(database, QUESTION, roles={**ROLES, "jaar": "tijd"})


ADDRESSES = {
    "sqlite:////nergens/x.db": "SQL_UNREACHABLE",
    "mysql://u:geheim@127.0.0.1/x": "SQL_DATABASE",
    "geheim": "SQL_ADDRESS",
    "postgresql+psycopg://u:geheim@127.0.0.1:1/x": "SQL_UNREACHABLE",
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_database_that_is_not_there_is_told_without_its_password(address: str) -> None:
    from hanse.errors import HanseError

    with pytest.raises(HanseError) as caught:
        queries.read(address, "select 1", Columns(ROLES), Limits())
    assert caught.value.code == ADDRESSES[address]
    assert "geheim" not in str(caught.value)


def test_asking_never_makes_a_database(tmp_path: Path) -> None:
    with pytest.raises(Exception, match="SQL_UNREACHABLE"):
        queries.read(f"sqlite:///{tmp_path / 'nieuw.db'}", "select 1", Columns(ROLES), Limits())
    assert not (tmp_path / "nieuw.db").exists()
