"""The desk where people sign in: what the pages need to know who is there, and let nobody else in.

Every method is one transaction on the node's database, or two around a word with the provider.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine
from sqlmodel import Session

from hanse.audit.entry import Entry
from hanse.auth.oidc import Begun, Identity, Provider, Returned
from hanse.errors import Invalid, NotFound
from hanse.node import log as ledger
from hanse.node import people, sessions
from hanse.node.providers import Providers
from hanse.node.sessions import Life, Signed
from hanse.node.settings import NodeSettings
from hanse.outbound import Transport
from hanse.store.session import reading, transaction

SECRET_MAX: Final = 200
"""Longer than any secret we ever gave a browser."""

log = logging.getLogger(__name__)


class Desk:
    """Signs people in and out of one node."""

    def __init__(
        self,
        engine: Engine,
        settings: NodeSettings,
        clock: Callable[[], datetime],
        transport: Transport | None = None,
    ) -> None:
        self.settings = settings
        self.engine = engine
        self.clock = clock
        self.providers = Providers(settings, clock, transport)
        self.life = Life(
            timedelta(seconds=settings.session_idle_seconds),
            timedelta(seconds=settings.session_seconds),
        )

    @property
    def open(self) -> bool:
        """Whether anybody can sign in at all."""
        return self.settings.break_glass or bool(self.providers.known())

    def choices(self) -> tuple[Provider, ...]:
        """Return the providers to choose from, by title."""
        return tuple(sorted(self.providers.known().values(), key=lambda each: each.title))

    def redirect_uri(self, name: str) -> str:
        """Return the one address a provider sends people back to."""
        return f"{self.settings.resource}/{self.settings.language}/sign-in/{name}/return"

    def begin(self, name: str, lang: str) -> tuple[str, str]:
        """Return where to send the browser, and the secret that binds the sign-in to it."""
        party, begun, browser = self.providers.party(name), Begun.new(), sessions.secret()
        address = party.address(begun, self.redirect_uri(name))
        with transaction(self.engine) as session:
            sessions.begin(session, begun, (name, lang, browser), self.clock())
        return address, browser

    def returned(
        self, name: str, state: str, browser: str, returned: Returned | None
    ) -> tuple[Identity, str]:
        """Return who came back and in which language; the sign-in is spent, whatever it was.

        `returned` is None where the provider said no.
        """
        if max(len(state), len(browser)) > SECRET_MAX:
            raise Invalid("SIGN_IN_FAILED")
        with transaction(self.engine) as session:
            pending = sessions.take(session, state, browser, name, self.clock())
        if returned is None:
            raise Invalid("SIGN_IN_REFUSED")
        party = self.providers.party(name)
        return party.finish(returned, pending.begun, self.redirect_uri(name)), pending.lang

    def admit(self, identity: Identity, old: str) -> str | None:
        """Return the secret of a new session, or None where this city does not know the person."""
        with transaction(self.engine) as session:
            person = people.find(session, identity.issuer, identity.subject)
            self._note(session, identity, known=person is not None)
            if person is None:
                log.info("people.unknown")
                return None
            opened = sessions.open_session(session, person, self.life, self.clock(), old)
        log.info("people.signed_in")
        return opened

    def _note(self, session: Session, identity: Identity, *, known: bool) -> None:
        entry = Entry(
            kind="login",
            what={"event": "opened" if known else "refused", "method": "oidc"},
            decision="allow" if known else "deny",
            code="" if known else "PERSON_UNKNOWN",
            people={"by": people.named(identity.issuer, identity.subject)},
        )
        ledger.note(session, entry, self.clock())

    def signed(self, shown: str) -> Signed | None:
        """Return who a browser's secret says; a session in use is kept from ending."""
        if not shown or len(shown) > SECRET_MAX:
            return None
        now = self.clock()
        try:
            with reading(self.engine) as session:
                found = sessions.find(session, shown, self.life, now)
                stale = found is not None and sessions.is_stale(session, shown, now)
        except NotFound:  # the person was removed this very moment
            return None
        if stale:
            with transaction(self.engine) as session:
                sessions.touch(session, shown, now)
        return found

    def leave(self, shown: str) -> None:
        """End a session."""
        with transaction(self.engine) as session:
            sessions.end(session, shown[:SECRET_MAX])

    def break_glass(self, shown: str, old: str) -> str:
        """Return the secret of an administrator's session for a break-glass one; raise the alarm.

        `NotFound` where this way in is closed.
        """
        if not self.settings.break_glass:
            raise NotFound("NOT_FOUND")
        with transaction(self.engine) as session:
            sessions.use_glass(session, shown[:SECRET_MAX], self.clock())
            opened = sessions.open_session(session, None, self.life, self.clock(), old)
            minutes = sessions.GLASS_SECONDS // 60
            entry = Entry(kind="break-glass", what={"event": "used", "minutes": minutes})
            ledger.note(session, entry, self.clock())
        log.critical("people.break_glass")
        return opened

    def close(self) -> None:
        """Close the connections to providers."""
        self.providers.close()
