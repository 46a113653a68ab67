"""What the door decides on: the register and the datasets on offer, in memory, swapped whole.

Looking whether anything changed costs one number from the database and one from the file system;
only a change is read again. A request sees one world from its beginning to its end.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from hanse.areas.registry import Registry
from hanse.cube.contract import Access, Contract
from hanse.errors import Unavailable
from hanse.node import areas, datasets, home, protocols
from hanse.node.protocols import Book
from hanse.policies.register import Register
from hanse.store.session import reading

Stamp = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Offer:
    """A dataset on offer. `release_id` and `digest` are None while nothing is published."""

    slug: str
    contract: Contract
    release_id: str | None
    digest: str | None

    @property
    def listed(self) -> bool:
        """Whether strangers may know that it exists."""
        return self.contract.listed and self.contract.access is not Access.INTERNAL


@dataclass(frozen=True, slots=True)
class World:
    """One state of the node."""

    register: Register
    offers: Mapping[str, Offer]
    registry: Registry
    book: Book

    def offer(self, slug: str) -> Offer | None:
        """Return the offer of a dataset; None where there is none, or it stays in the house."""
        found = self.offers.get(slug)
        return None if found is None or found.contract.access is Access.INTERNAL else found

    def known_to(self, offer: Offer, client: str | None) -> bool:
        """Say whether whoever asks may know that a dataset exists."""
        if offer.listed:
            return True
        if client is None:
            return False
        naming = self.register.candidates(client, offer.slug, offer.contract.theme)
        return any(each.client == client for each in naming)


class Worlds:
    """The newest world of a node."""

    def __init__(self, engine: Engine, home: Path, today: Callable[[], date]) -> None:
        self._engine = engine
        self._home = home
        self._areas = home / "areas"
        self._today = today
        self._lock = threading.Lock()
        self._held: tuple[Stamp, World] | None = None
        self._watch = _Watch(engine)

    def current(self) -> World:
        """Return the world as it stands now; raises `Unavailable` where it cannot be read."""
        stamp = self._stamp()
        held = self._held
        if held is not None and held[0] == stamp:
            return held[1]
        with self._lock:
            held = self._held
            if held is None or held[0] != stamp:
                held = (stamp, self._read())
                self._held = held
            return held[1]

    def is_stored(self) -> bool:
        """Say whether the register in force is the one in the database; a silent edit is not."""
        own = home.signing_key(self._home).public_jwk()
        for _ in range(2):  # a protocol may be signed between the two looks
            held = self.current().register.hash
            with reading(self._engine) as session:
                if protocols.stored_hash(session, own, self._today()) == held:
                    return True
        return False

    def close(self) -> None:
        """Let go of the database."""
        self._watch.close()

    def _stamp(self) -> Stamp:
        try:
            tables = self._areas.stat().st_mtime_ns
        except FileNotFoundError:
            tables = 0
        # Protocols start and end by themselves, on the day that stands in them.
        return self._watch.newest(), tables, self._today().toordinal()

    def _read(self) -> World:
        registry = areas.load(self._home)
        with reading(self._engine) as session:
            rows = datasets.all(session)
            own = home.signing_key(self._home).public_jwk()
            register, book = protocols.load_register(session, registry, own, self._today())
        offers = {
            row.slug: Offer(row.slug, row.contract, row.current_id, row.current_digest)
            for row in rows
        }
        return World(register, MappingProxyType(offers), registry, book)


class _Watch:
    """Asks one number of the database over a connection of its own, without a transaction.

    A session would cost more than the decision it precedes. A connection that broke is opened anew.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._connection: Any = None

    def newest(self) -> int:
        """Return the number of the last event; raises `Unavailable` where nothing answers."""
        with self._lock:
            try:
                return self._ask()
            except self._broken:
                self._forget()
            try:
                return self._ask()
            except self._broken as fault:
                self._forget()
                raise Unavailable("DATABASE_UNAVAILABLE") from fault

    @property
    def _broken(self) -> tuple[type[Exception], ...]:
        driver = self._engine.dialect.dbapi
        return (DBAPIError, *((driver.Error,) if driver else ()))

    def close(self) -> None:
        """Close the connection; a later look opens another."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        if self._connection is not None:
            self._connection.invalidate()
        self._connection = None

    def _ask(self) -> int:
        if self._connection is None:
            self._connection = self._engine.raw_connection()
            if self._engine.dialect.name == "postgresql":
                self._connection.driver_connection.autocommit = True
        cursor = self._connection.cursor()
        try:
            cursor.execute("SELECT max(id) FROM outbox")
            return int(cursor.fetchone()[0] or 0)
        finally:
            cursor.close()
