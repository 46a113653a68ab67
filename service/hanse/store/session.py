"""One piece of work, one transaction: the only place that commits.

`transaction` commits when its block ends and undoes everything when it fails; `reading`
cannot write.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session

from hanse.errors import Conflict, Unavailable
from hanse.store.engine import WRITES


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Give a session that commits at the end of the block; rows stay readable after it.

    Raises `Conflict` where the database's own rules refuse the rows, `Unavailable` where it does
    not answer or another writer holds on too long.
    """
    with _session(engine.execution_options(**{WRITES: True})) as session:
        yield session
        session.commit()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """Give a session that sees one state of the database and cannot change it."""
    with _session(engine) as session:
        yield session


@contextmanager
def _session(engine: Engine) -> Iterator[Session]:
    try:
        with Session(engine, expire_on_commit=False) as session:
            yield session
    except IntegrityError as fault:
        raise Conflict("DATABASE_CONFLICT") from fault
    except OperationalError as fault:
        raise Unavailable("DATABASE_UNAVAILABLE") from fault
