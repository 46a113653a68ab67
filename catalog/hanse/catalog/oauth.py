"""The catalogue as issuer: its keys on disk, its storage for the authorization server, its routes.

Two kinds of key live in `<home>/keys`, readable by their owner only. The ring signs tokens and is
rotated. The anchor signs the document that publishes the ring; nodes pin it at enrolment, so
whoever takes over the catalogue's web site cannot make them trust another ring.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from sqlalchemy import Engine

from hanse.auth import issuer as authorization
from hanse.auth import revoked
from hanse.auth import ring as rings
from hanse.auth.issuer import Client, Issuer
from hanse.auth.issuer.issuer import IssuerParts
from hanse.auth.keys import KeySet
from hanse.auth.ring import Ring, RingFile
from hanse.catalog import clients, log, members, revocations
from hanse.catalog.settings import CatalogSettings
from hanse.errors import Conflict, Invalid
from hanse.policies.signatures import SigningKey
from hanse.store.clock import now
from hanse.store.session import reading, transaction
from hanse.wire import EnrolmentAnswer, EnrolmentRequest

RING_FILE: Final = "tokens.ring"
ANCHOR_FILE: Final = "anchor.jwk"

Clock = Callable[[], datetime]


def start_keys(home: Path, now: datetime) -> None:
    """Make the keys of a new catalogue; where both exist, leave them.

    Raises `Invalid` when one of the two is missing: making it anew would cut off every node that
    pinned the other.
    """
    ring, anchor = _files(home)
    if ring.exists() and anchor.exists():
        return
    if ring.exists() or anchor.exists():
        raise Invalid("KEY_RING", kid="-")
    rings.write_secret(anchor, SigningKey.generate().private_jwk())
    rings.save(Ring.start(int(now.timestamp())), ring)


def rotate_keys(home: Path, now: datetime, *, stolen: bool = False) -> str:
    """Add a next signing key and return its name.

    It signs after a day, when every node has it. With `stolen` the present keys go at once, and the
    tokens they signed with them.
    """
    ring_file, _ = _files(home)
    moment = int(now.timestamp())
    held = rings.load(ring_file)
    if stolen:
        fresh = Ring.start(moment)
        rings.save(fresh, ring_file)
        return fresh.keys[-1].kid
    rotated = held.rotated(moment)
    rings.save(rotated, ring_file)
    return rotated.keys[-1].kid


def anchor(home: Path) -> SigningKey:
    """Return the key that vouches for the published keys."""
    _, file = _files(home)
    try:
        return SigningKey.from_jwk(file.read_text("ascii"))
    except OSError as fault:
        raise Invalid("KEY_RING", kid="-") from fault


def routes(
    settings: CatalogSettings,
    engine: Engine,
    clock: Clock = now,
    themes: Sequence[str] = (),
) -> APIRouter:
    """Return the routes of token, keys, metadata and enrolment; makes a new catalogue's keys."""
    start_keys(settings.home, clock())
    router = APIRouter()
    served = authorization.routes(issuer(settings, engine, clock), anchor(settings.home), themes)
    router.include_router(served)
    router.include_router(_enrolment(settings, engine, clock))
    router.include_router(_revoked(settings, engine, clock))
    return router


def issuer(settings: CatalogSettings, engine: Engine, clock: Clock) -> Issuer:
    """Return the catalogue's authorization server over its database and key ring."""
    ring_file, _ = _files(settings.home)
    storage = _Storage(engine)
    return Issuer(
        IssuerParts(
            identifier=settings.issuer,
            registry=storage,
            assertions=storage,
            ring=RingFile(ring_file).current,
            clock=lambda: clock().timestamp(),
            token_seconds=settings.token_seconds,
            issued=lambda claims: log.issued(engine, claims, clock()),
        )
    )


def _enrolment(settings: CatalogSettings, engine: Engine, clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/v1", tags=["members"])

    @router.post("/members", status_code=202)
    def enrol(asked: EnrolmentRequest) -> EnrolmentAnswer:
        """Ask to take part, by a statement the node signed; the operator decides."""
        with transaction(engine) as session:
            row = members.enrol(session, asked.statement, catalogue=settings.issuer, now=clock())
            return EnrolmentAnswer.model_validate(
                {"agency": row.agency, "status": row.state, "fingerprint": row.fingerprint}
            )

    return router


def _revoked(settings: CatalogSettings, engine: Engine, clock: Clock) -> APIRouter:
    router = APIRouter(tags=["sign-in"])

    @router.get(revoked.PATH, response_class=Response)
    def list_of_revoked() -> Response:
        """What was revoked, as a numbered list signed by the anchor; nodes ask every minute."""
        now = clock()
        with reading(engine) as session:
            sequence, names = revocations.newest(session), revocations.lists(session, now)
        key = anchor(settings.home)
        text = revoked.statement(settings.issuer, sequence, int(now.timestamp()), names, key)
        return Response(text, media_type="application/jose", headers={"Cache-Control": "no-store"})

    return router


class _Storage:
    """The database as the authorization server sees it."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def client(self, client_id: str) -> Client | None:
        with reading(self._engine) as session:
            found = clients.find(session, client_id)
            keys = found.keys if found is not None else KeySet({})
            # One question for everybody: the time tells nobody who is known.
            gone = revocations.among(session, {client_id, *keys.thumbprints})
        if found is None or ("client", client_id) in gone:
            return None
        kept = {kid: key for kid, key in keys.by_kid.items() if ("key", key.thumbprint) not in gone}
        return replace(found, keys=KeySet(kept))

    def knows(self, resource: str) -> bool:
        with reading(self._engine) as session:
            return members.knows(session, resource)

    def spend(self, owner: str, jti: str, expires_at: int, now: int, /) -> bool:
        try:
            with transaction(self._engine) as session:
                return clients.spend(session, owner, jti, expires_at, now)
        except Conflict:
            return False


def _files(home: Path) -> tuple[Path, Path]:
    keys = home / "keys"
    return keys / RING_FILE, keys / ANCHOR_FILE
