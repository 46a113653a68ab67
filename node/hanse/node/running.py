"""A node while it runs: its parts, put together once and handed to whoever needs them."""

import json
import threading
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from sqlalchemy import Engine

from hanse.auth.dpop import Nonces, ProofRule
from hanse.auth.gate import Gate
from hanse.auth.issuer import Issuer
from hanse.auth.jwks import Issuers, KeyCache, OwnKeys
from hanse.auth.principal import Principal
from hanse.auth.revoked import MAX_CHARACTERS, RevocationFeed
from hanse.auth.revoked import PATH as REVOCATIONS_PATH
from hanse.auth.tokens import NOTHING_REVOKED, Revocations
from hanse.auth.verifier import Verifier
from hanse.errors import Invalid, Unavailable
from hanse.node import credentials, home, issuing, migrations
from hanse.node.credentials import Feeds
from hanse.node.door import Door
from hanse.node.feed import Publisher
from hanse.node.guard import Backlog, Guard
from hanse.node.issuing import Recipients
from hanse.node.settings import NodeSettings
from hanse.node.spent import SpentNames
from hanse.outbound import Ask, Blocking, Limits, Origin, Outbound, Transport
from hanse.store import engine as store

Clock = Callable[[], datetime]

KEY_LIMITS: Final = Limits(deadline_seconds=5.0, body_bytes=MAX_CHARACTERS)
KEYS_PATH: Final = "/v1/jwks"
REVOCATIONS_FILE: Final = Path("keys") / "revocations.json"


@dataclass(frozen=True, slots=True)
class Node:
    """The parts of a running node; `principal` is the dependency that says who asks."""

    settings: NodeSettings
    engine: Engine
    home: Path
    publisher: Publisher
    door: Door
    gate: Gate
    issuer: Issuer
    spent: SpentNames
    keys: KeyCache | None
    revocations: RevocationFeed | None
    guard: Guard
    principal: Callable[[Request], Awaitable[Principal]]

    @property
    def verifier(self) -> Verifier:
        """What reads the tokens of both issuers."""
        return self.gate.verifier

    def close(self) -> None:
        """Close every connection to the database."""
        self.door.close()
        self.spent.close()
        self.engine.dispose()


def start(
    settings: NodeSettings,
    clock: Clock,
    principal: Callable[[Request], Awaitable[Principal]],
    transport: Transport | None = None,
) -> Node:
    """Return the node in `settings.home`, its database brought up to date.

    `transport` replaces the network on the way to the catalogue. Raises `NotFound` where no node
    lives there.
    """
    key = home.signing_key(settings.home)
    engine = store.create(settings.database)
    migrations.upgrade(engine)
    keys = _keys(settings, clock, transport)
    seconds = _seconds(clock)
    revocations = _revocations(settings, seconds, transport)
    guard = Guard(settings, revocations, Backlog(engine, settings, clock))
    door = Door(engine, settings.home, clock, record_open=settings.record_open, guard=guard)
    pepper = credentials.secret(settings.home)
    nonces = Nonces(pepper, seconds) if settings.proof_nonce else None
    spent = SpentNames(engine)
    proofs = ProofRule(settings.resource, spent, seconds, nonces)
    recipients = Recipients(settings.resource, door.register, guard.revoked)
    own = issuing.issuer(settings.home, recipients, proofs)
    trusted: dict[str, KeyCache | OwnKeys] = {settings.resource: OwnKeys(own.published)}
    issuers = Issuers(trusted | ({settings.issuer: keys} if keys else {}))
    verifier = Verifier(issuers, settings.resource, seconds, guard.revoked)
    feeds = Feeds(engine, pepper, clock, door.register, guard.revoked)
    return Node(
        settings=settings,
        engine=engine,
        home=settings.home,
        publisher=Publisher(
            agency=settings.agency,
            name=settings.name,
            kbo=settings.kbo,
            base_url=settings.base_url,
            home=settings.home,
            key=key,
            clock=clock,
        ),
        door=door,
        gate=Gate(verifier, proofs, feeds, settings.private),
        issuer=own,
        spent=spent,
        keys=keys,
        revocations=revocations,
        guard=guard,
        principal=principal,
    )


def _keys(settings: NodeSettings, clock: Clock, transport: Transport | None) -> KeyCache | None:
    if not settings.issuer:
        return None
    return KeyCache(
        fetch=_Fetch(settings, KEYS_PATH, transport),
        path=settings.home / "keys" / "catalogue.jwks",
        clock=lambda: clock().timestamp(),
        anchor=_anchor(settings),
    )


def _seconds(clock: Clock) -> Callable[[], float]:
    return lambda: clock().timestamp()


def _revocations(
    settings: NodeSettings, seconds: Callable[[], float], transport: Transport | None
) -> RevocationFeed | None:
    if not settings.issuer:
        return None
    return RevocationFeed(
        fetch=_Fetch(settings, REVOCATIONS_PATH, transport),
        path=settings.home / REVOCATIONS_FILE,
        clock=seconds,
        catalogue=settings.issuer,
        anchor=_anchor(settings),
    )


def revoked_as_kept(settings: NodeSettings) -> Revocations:
    """Return what is revoked by the copy on disk, for commands beside the node; asks nobody."""
    if not settings.issuer or not (settings.home / REVOCATIONS_FILE).exists():
        return NOTHING_REVOKED
    feed = _revocations(settings, lambda: 0.0, None)
    return NOTHING_REVOKED if feed is None else feed.current()


class _Fetch:
    """Looks up a document of the catalogue; opens its way out when it is first needed."""

    def __init__(self, settings: NodeSettings, path: str, transport: Transport | None) -> None:
        self._issuer = settings.issuer
        self._networks = settings.reachable
        self._path = path
        self._transport = transport
        self._blocking: Blocking | None = None
        self._lock = threading.Lock()

    def __call__(self) -> str:
        with self._lock:
            if self._blocking is None:
                self._blocking = Blocking(self._open)
        url = self._issuer + self._path
        ask = Ask(Origin.of(self._issuer), url, limits=KEY_LIMITS)
        answer = self._blocking.run(self._blocking.way.fetch(ask))
        if answer.status != 200:
            raise Unavailable("KEYS_UNREADABLE")
        return answer.text()

    def _open(self) -> Outbound:
        return Outbound(networks=self._networks, transport=self._transport)


def _anchor(settings: NodeSettings) -> Sequence[dict[str, str]]:
    if not settings.catalogue_keys:
        return ()
    try:
        document: Any = json.loads(Path(settings.catalogue_keys).read_text("utf-8"))
        return [{str(name): str(value) for name, value in key.items()} for key in document["keys"]]
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as fault:
        raise Invalid("KEYS_UNREADABLE") from fault
