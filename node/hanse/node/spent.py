"""Which assertions and proofs of possession were used at this node: in memory, then for all.

Memory answers a replay at this very process without the database; the table's key lets one of any
number of workers through. What has expired is swept away now and then.
"""

import threading
from typing import Final

from sqlalchemy import Engine, delete, insert
from sqlmodel import Field, col

from hanse.errors import Conflict
from hanse.node.tables import Row
from hanse.store.journal import Journal
from hanse.store.session import transaction

MEMORY_MAX: Final = 50_000
SWEEP_SECONDS: Final = 60


class SpentRow(Row, table=True):
    """A name that was used, by its owner: a client, or `key:` and a thumbprint."""

    __tablename__ = "spent"

    owner: str = Field(primary_key=True, max_length=80)
    jti: str = Field(primary_key=True, max_length=200)
    expires_at: int = Field(index=True)


class SpentNames:
    """The names used at this node. What waits to be noted goes to the disk together."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._journal = Journal(engine, insert(SpentRow))
        self._lock = threading.Lock()
        self._seen: dict[tuple[str, str], int] = {}
        self._next_sweep = 0

    def spend(self, owner: str, jti: str, expires_at: int, now: int, /) -> bool:
        """Note a name as used until `expires_at`; False when it was used before.

        Raises `Unavailable` where it cannot be noted: then it may not be used either.
        """
        if not self._first_here((owner, jti), expires_at):
            return False
        if now >= self._next_sweep:
            self._sweep(now)
        try:
            self._journal.append({"owner": owner, "jti": jti, "expires_at": expires_at})
        except Conflict:
            return False
        return True

    def close(self) -> None:
        """Let go of the database."""
        self._journal.close()

    def _first_here(self, name: tuple[str, str], expires_at: int) -> bool:
        with self._lock:
            if name in self._seen:
                return False
            if len(self._seen) >= MEMORY_MAX:
                self._seen = {}  # the table still knows them
            self._seen[name] = expires_at
            return True

    def _sweep(self, now: int) -> None:
        with self._lock:
            self._next_sweep = now + SWEEP_SECONDS
            self._seen = {name: until for name, until in self._seen.items() if until >= now}
        with transaction(self._engine) as session:
            session.exec(delete(SpentRow).where(col(SpentRow.expires_at) < now))
