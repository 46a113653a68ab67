"""Who is signed in on the node's pages: sessions kept here, known to the browser by one secret.

The table holds digests only, so that who reads it can be nobody. A session gets a new secret at
every sign-in, ends after a while of nothing, and at the latest at the end of its day.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlmodel import Field, Session, col, delete, select

from hanse.auth.oidc import Begun
from hanse.errors import Invalid
from hanse.node import people
from hanse.node.people import Duty, Role
from hanse.node.tables import Row, moment, read_moment

SIGN_IN_SECONDS: Final = 600
"""How long a person may take at the provider."""
SIGN_INS_MAX: Final = 5_000
"""How many sign-ins can be under way; the oldest makes place."""
SEEN_SECONDS: Final = 60
"""How often, at most, a session's last use is written down."""
GLASS_SECONDS: Final = 3_600
"""How long a break-glass secret waits to be used, and how long the session it opens lasts."""

PERSON, BREAK_GLASS = "person", "break-glass"


class SessionRow(Row, table=True):
    """A session; `digest` is that of the browser's secret, `form_token` stands in its forms."""

    __tablename__ = "session"

    digest: str = Field(primary_key=True, max_length=64)
    kind: str = Field(max_length=16)
    person_id: int | None = Field(default=None, foreign_key="person.id", index=True)
    form_token: str = Field(max_length=64)
    seen_at: str = Field(max_length=32)
    ends_at: str = Field(max_length=32)


class SignInRow(Row, table=True):
    """A sign-in under way: bound to one browser, one provider, and one use."""

    __tablename__ = "sign_in"

    digest: str = Field(primary_key=True, max_length=64)
    browser: str = Field(max_length=64)
    provider: str = Field(max_length=63)
    nonce: str = Field(max_length=64)
    verifier: str = Field(max_length=64)
    lang: str = Field(max_length=2)
    begun_at: str = Field(max_length=32, index=True)


class GlassRow(Row, table=True):
    """A break-glass secret: one use, within the hour."""

    __tablename__ = "break_glass"

    digest: str = Field(primary_key=True, max_length=64)
    made_at: str = Field(max_length=32)
    used_at: str = Field(default="", max_length=32)


@dataclass(frozen=True, slots=True)
class Life:
    """How long a session lasts: unused, and at most."""

    idle: timedelta
    whole: timedelta


@dataclass(frozen=True, slots=True)
class Signed:
    """Somebody who is signed in; nobody's `number` is None (break-glass)."""

    number: int | None
    name: str
    alias: str
    roles: frozenset[Role]
    form_token: str
    ends_at: datetime
    kind: str

    def may(self, duty: Duty) -> bool:
        """Say whether one of their roles is a role of this duty."""
        return bool(self.roles & people.MAY[duty])


@dataclass(frozen=True, slots=True)
class Pending:
    """A sign-in that came back in the browser it began in."""

    provider: str
    begun: Begun
    lang: str


def secret() -> str:
    """Return a new secret for a browser."""
    return secrets.token_urlsafe(32)


def begin(session: Session, begun: Begun, pending: tuple[str, str, str], now: datetime) -> None:
    """Keep a sign-in; `pending` is (provider, language, the browser's secret)."""
    provider, lang, browser = pending
    session.exec(delete(SignInRow).where(col(SignInRow.begun_at) < _before(now, SIGN_IN_SECONDS)))
    kept = select(SignInRow).order_by(col(SignInRow.begun_at).desc()).offset(SIGN_INS_MAX - 1)
    for row in session.exec(kept):
        session.delete(row)
    session.add(
        SignInRow(
            digest=_digest(begun.state),
            browser=_digest(browser),
            provider=provider,
            nonce=begun.nonce,
            verifier=begun.verifier,
            lang=lang,
            begun_at=moment(now),
        )
    )
    session.flush()


def take(session: Session, state: str, browser: str, provider: str, now: datetime) -> Pending:
    """Return a sign-in and forget it; `Invalid` for another browser, provider, or a second use."""
    row = session.get(SignInRow, _digest(state))
    if (
        row is None
        or row.provider != provider
        or not secrets.compare_digest(row.browser, _digest(browser))
        or row.begun_at < _before(now, SIGN_IN_SECONDS)
    ):
        raise Invalid("SIGN_IN_FAILED")
    session.delete(row)
    session.flush()
    return Pending(row.provider, Begun(state, row.nonce, row.verifier), row.lang)


def open_session(
    session: Session, person: people.Person | None, life: Life, now: datetime, old: str = ""
) -> str:
    """Open a session and return its secret; `old` is one of this browser, and ends."""
    end(session, old)
    session.exec(delete(SessionRow).where(col(SessionRow.ends_at) < moment(now)))
    opened = secret()
    lasts = life.whole if person else timedelta(seconds=GLASS_SECONDS)
    session.add(
        SessionRow(
            digest=_digest(opened),
            kind=PERSON if person else BREAK_GLASS,
            person_id=person.number if person else None,
            form_token=secrets.token_urlsafe(32),
            seen_at=moment(now),
            ends_at=moment(now + lasts),
        )
    )
    session.flush()
    return opened


def find(session: Session, shown: str, life: Life, now: datetime) -> Signed | None:
    """Return who a browser's secret says, with the roles they have at this moment."""
    row = session.get(SessionRow, _digest(shown)) if shown else None
    if row is None or row.ends_at < moment(now) or row.seen_at < moment(now - life.idle):
        return None
    ends_at = read_moment(row.ends_at)
    if row.person_id is None:
        roles = frozenset({Role.ADMINISTRATOR})
        return Signed(None, "", "", roles, row.form_token, ends_at, row.kind)
    person = people.get(session, row.person_id)
    return Signed(
        person.number, person.name, person.alias, person.roles, row.form_token, ends_at, row.kind
    )


def is_stale(session: Session, shown: str, now: datetime) -> bool:
    """Say whether a session's last use is worth writing down again."""
    row = session.get(SessionRow, _digest(shown))
    return row is not None and row.seen_at < _before(now, SEEN_SECONDS)


def touch(session: Session, shown: str, now: datetime) -> None:
    """Write down that a session is used."""
    row = session.get(SessionRow, _digest(shown))
    if row is not None:
        row.seen_at = moment(now)
        session.add(row)


def end(session: Session, shown: str) -> None:
    """End a session; one that is not there changes nothing."""
    row = session.get(SessionRow, _digest(shown)) if shown else None
    if row is not None:
        session.delete(row)
        session.flush()


def end_all(session: Session, number: int) -> None:
    """End every session of a person."""
    session.exec(delete(SessionRow).where(col(SessionRow.person_id) == number))


def make_glass(session: Session, now: datetime) -> str:
    """Return a new break-glass secret; those that were not used end with it."""
    session.exec(delete(GlassRow).where(col(GlassRow.used_at) == ""))
    made = secret()
    session.add(GlassRow(digest=_digest(made), made_at=moment(now)))
    session.flush()
    return made


def use_glass(session: Session, shown: str, now: datetime) -> None:
    """Spend a break-glass secret; `Invalid` for a wrong, old or used one."""
    row = session.get(GlassRow, _digest(shown))
    if row is None or row.used_at or row.made_at < _before(now, GLASS_SECONDS):
        raise Invalid("SIGN_IN_FAILED")
    row.used_at = moment(now)
    session.add(row)
    session.flush()


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def _before(now: datetime, seconds: int) -> str:
    return moment(now - timedelta(seconds=seconds))
