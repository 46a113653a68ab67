"""The feed tokens of a node: who may read with one, how long, and what of it is kept.

Only a client that an active protocol lists with `bearer: true` can own one. The token is shown
once; the table holds its digest under the node's own secret. Every use looks it up again, so that
revoking one takes effect on the next request.
"""

import hmac
import ipaddress
import json
import secrets
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Engine
from sqlmodel import Field, Session, col, select

from hanse.audit.entry import Entry, Who
from hanse.auth import feedtokens
from hanse.auth.feedtokens import DEFAULT_DAYS, LIVE_MAX, MAX_DAYS, UNUSED_DAYS, FeedGrant
from hanse.auth.ring import make_secret
from hanse.auth.tokens import NOTHING_REVOKED, Revocations
from hanse.errors import Conflict, Invalid, NotFound, Unauthenticated
from hanse.node import log
from hanse.node.tables import Row, moment, read_moment
from hanse.policies.protocol import Party
from hanse.policies.register import Agreement, Register
from hanse.store.session import reading, transaction

PEPPER: Final = Path("keys") / "pepper"
LABEL_CHARACTERS: Final = 60
USED_STEP: Final = timedelta(days=1)
"""How exactly the last use is kept: a token's life is counted in days."""

FeedState = Literal["live", "revoked", "ended", "client-revoked", "no-protocol"]


class FeedTokenRow(Row, table=True):
    """One feed token. `datasets`, `dialects` and `networks` are JSON lists; an empty one narrows
    nothing. `purpose` is "" where each request says its own.
    """

    __tablename__ = "feed_token"

    id: str = Field(primary_key=True, max_length=16)
    digest: str = Field(unique=True, max_length=64)
    client: str = Field(index=True, max_length=63)
    label: str = Field(max_length=60)
    datasets: str
    dialects: str
    networks: str = "[]"
    purpose: str = Field(default="", max_length=63)
    made_by: str = Field(max_length=120)
    made_at: str = Field(max_length=32)
    expires_at: str = Field(max_length=32)
    used_at: str = Field(max_length=32)
    revoked_at: str | None = Field(default=None, max_length=32)

    def live(self, now: datetime) -> bool:
        """Say whether it may be used: not revoked, not expired, not forgotten by its owner."""
        unused = now - read_moment(self.used_at) > timedelta(days=UNUSED_DAYS)
        return self.revoked_at is None and now < read_moment(self.expires_at) and not unused


@dataclass(frozen=True, slots=True)
class NewFeedToken:
    """What is asked for: an owner, a label, and how it is narrowed."""

    client: str
    label: str
    made_by: str
    days: int = DEFAULT_DAYS
    datasets: tuple[str, ...] = ()
    dialects: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    purpose: str = ""


def secret(home: Path) -> bytes:
    """Return the node's own secret, made at first need; only its owner reads the file."""
    file = home / PEPPER
    make_secret(file, secrets.token_hex(32))
    return bytes.fromhex(file.read_text("ascii"))


def make(
    session: Session, new: NewFeedToken, register: Register, pepper: bytes, now: datetime
) -> tuple[str, FeedTokenRow]:
    """Make a feed token; the text it returns is shown once and kept nowhere.

    Raises `Invalid` for a field that cannot be, a client that no protocol lets in without proof or
    a purpose that none of these names; `Conflict` while two live tokens bear the label.
    """
    _check(new, register)
    live = [row for row in of(session, new.client) if row.label == new.label and row.live(now)]
    if len(live) >= LIVE_MAX:
        raise Conflict("FEED_TOKEN_LIVE", client=new.client, label=new.label)
    text = feedtokens.make()
    row = FeedTokenRow(
        id=f"ft-{secrets.token_hex(5)}",
        digest=feedtokens.digest(text, pepper),
        client=new.client,
        label=new.label,
        datasets=json.dumps(sorted(new.datasets)),
        dialects=json.dumps(sorted(new.dialects)),
        networks=json.dumps(sorted(new.networks)),
        purpose=new.purpose,
        made_by=new.made_by[:120],
        made_at=moment(now),
        expires_at=moment(now + timedelta(days=new.days)),
        used_at=moment(now),
    )
    session.add(row)
    _note(session, row, "made", now)
    return text, row


def _check(new: NewFeedToken, register: Register) -> None:
    label_fits = 0 < len(new.label.strip()) <= LABEL_CHARACTERS and new.label.isprintable()
    for field, fits in (("label", label_fits), ("days", 0 < new.days <= MAX_DAYS)):
        if not fits:
            raise Invalid("FEED_TOKEN_FORM", field=field, limit=MAX_DAYS)
    if not all(_is_network(text) for text in new.networks):
        raise Invalid("FEED_TOKEN_FORM", field="network", limit=MAX_DAYS)
    if party_of(register, new.client) is None:
        raise Invalid("FEED_TOKEN_CLIENT", client=new.client[:63])
    if new.purpose and new.purpose not in purposes_of(register, new.client):
        agreed = ", ".join(sorted(purposes_of(register, new.client)))
        raise Invalid("FEED_TOKEN_PURPOSE", choice=agreed or "-")


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def party_of(register: Register, client: str, revoked: Collection[str] = frozenset()) -> str | None:
    """Return the enterprise number of a client that may go without proof; None where none may.

    `revoked` are protocols that count no more, by id.
    """
    for each in register.of(client):
        party = _without_proof(each, client)
        stands = each.state == "active" and each.protocol.id not in revoked
        if stands and party is not None:
            return party.kbo or ""
    return None


def purposes_of(register: Register, client: str) -> frozenset[str]:
    """Return what the protocols that let a client in without proof were made for."""
    return frozenset(
        purpose
        for each in register.of(client)
        if each.state == "active" and _without_proof(each, client) is not None
        for purpose in each.protocol.purposes
    )


def _without_proof(agreement: Agreement, client: str) -> Party | None:
    """Return the recipient that a client is of, where it may go without proof."""
    named = (each for each in agreement.protocol.recipients if each.client_id == client)
    return next((each for each in named if each.bearer), None)


def grant_of(row: FeedTokenRow, register: Register) -> FeedGrant | None:
    """Return what a token stands for today; None where no protocol lets its client in any more."""
    party = party_of(register, row.client)
    if party is None:
        return None
    return FeedGrant(
        credential=row.id,
        client_id=row.client,
        party=party or None,
        datasets=_narrowed(row.datasets),
        dialects=_narrowed(row.dialects),
        networks=_narrowed(row.networks),
        purpose=row.purpose or None,
    )


def state_of(
    row: FeedTokenRow, register: Register, revoked: Revocations, now: datetime
) -> FeedState:
    """Say whether a token opens anything today, and else why not."""
    if row.revoked_at is not None:
        return "revoked"
    if not row.live(now):
        return "ended"
    if row.client in revoked.clients:
        return "client-revoked"
    return (
        "live" if party_of(register, row.client, revoked.protocols) is not None else "no-protocol"
    )


def of(session: Session, client: str | None = None) -> Sequence[FeedTokenRow]:
    """Return the feed tokens of one client, or all, newest first."""
    wanted = select(FeedTokenRow).order_by(col(FeedTokenRow.made_at).desc())
    if client is not None:
        wanted = wanted.where(FeedTokenRow.client == client)
    return session.exec(wanted).all()


def revoke(session: Session, credential: str, now: datetime) -> FeedTokenRow:
    """End a feed token at once; `NotFound` for an id that is none. Again changes nothing."""
    row = session.get(FeedTokenRow, credential)
    if row is None:
        raise NotFound("FEED_TOKEN_UNKNOWN", credential=credential[:16])
    if row.revoked_at is None:
        row.revoked_at = moment(now)
        session.add(row)
        _note(session, row, "revoked", now)
    return row


def _note(session: Session, row: FeedTokenRow, event: str, at: datetime) -> None:
    """Write into the log that a token was made or ended: its id, its owner, and by whom it was."""
    what = {"event": event, "token": row.id, "client": row.client, "expires": row.expires_at}
    people = {"by": row.made_by} if event == "made" else {}
    entry = Entry(kind="token", what=what, who=Who(row.client), people=people)
    log.note(session, entry, at)


class Feeds:
    """The feed tokens of a running node, as its gate asks for them."""

    def __init__(
        self,
        engine: Engine,
        pepper: bytes,
        clock: Callable[[], datetime],
        register: Callable[[], Register],
        revoked: Callable[[], Revocations] = lambda: NOTHING_REVOKED,
    ) -> None:
        self._revoked = revoked
        self._engine = engine
        self._pepper = pepper
        self._clock = clock
        self._register = register

    def find(self, token: str) -> FeedGrant | None:
        """Return what a live token stands for; None for a text that never was a token of ours.

        Raises `Unauthenticated` for one that opens nothing any more: its holder learns why
        (FEED_TOKEN_REVOKED, FEED_TOKEN_ENDED, FEED_TOKEN_CLOSED), a guesser nothing.
        """
        digest = feedtokens.digest(token, self._pepper)
        with reading(self._engine) as session:
            row = session.exec(select(FeedTokenRow).where(FeedTokenRow.digest == digest)).first()
        now = self._clock()
        if row is None or not hmac.compare_digest(row.digest, digest):
            return None
        if row.revoked_at is not None or row.client in self._revoked().clients:
            raise Unauthenticated("FEED_TOKEN_REVOKED")
        if not row.live(now):
            raise Unauthenticated("FEED_TOKEN_ENDED")
        found = grant_of(row, self._register())
        if found is None:  # its protocol ended, or asks for proof now
            raise Unauthenticated("FEED_TOKEN_CLOSED")
        self._used(row, now)
        return found

    def _used(self, row: FeedTokenRow, now: datetime) -> None:
        if now - read_moment(row.used_at) < USED_STEP:
            return
        with transaction(self._engine) as session:
            found = session.get(FeedTokenRow, row.id)
            if found is not None:
                found.used_at = moment(now)
                session.add(found)


def _narrowed(text: str) -> frozenset[str] | None:
    return frozenset(json.loads(text)) or None
