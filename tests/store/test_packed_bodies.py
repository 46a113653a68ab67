"""Bodies of the log across the step that squeezed them, on both databases."""

from pathlib import Path

from sqlalchemy import Engine, text
from tests.support.logs import ledger, said

from hanse.node import inspection, migrations
from hanse.store.session import reading


def test_one_step_back_writes_every_body_out_again(engine: Engine, tmp_path: Path) -> None:
    held = ledger(tmp_path, engine)
    held.write(3)
    before = said(engine)
    migrations.downgrade(engine, "r0008")
    with reading(engine) as session:
        asked = text("SELECT body FROM audit_body ORDER BY idx")
        assert list(session.connection().execute(asked).scalars()) == before


def test_bodies_of_before_the_step_are_read_after_it(engine: Engine, tmp_path: Path) -> None:
    held = ledger(tmp_path, engine)
    held.write(3)
    before = said(engine)
    migrations.downgrade(engine, "r0008")
    migrations.upgrade(engine)
    held.write(2)
    assert said(engine)[:3] == before
    assert inspection.inspect(engine, held.signer.verifier).entries == 5
