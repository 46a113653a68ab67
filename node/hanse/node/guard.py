"""What governed data waits for: a fresh list of what is revoked, a log that keeps up, a witness.

Open figures never wait. Each reason is one an operator can see in `/health/ready`.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Engine

from hanse.auth.revoked import RevocationFeed
from hanse.auth.tokens import NOTHING_REVOKED, Revocations
from hanse.errors import Unavailable
from hanse.node import sequencer, witnesses
from hanse.node.settings import NodeSettings
from hanse.node.tables import read_moment
from hanse.store.session import reading

LOOK_SECONDS: Final = 1.0
"""How long one look at the log holds."""


class Guard:
    """What is revoked; called before governed data leaves, it raises where that has to wait."""

    def __init__(
        self, settings: NodeSettings, feed: RevocationFeed | None, backlog: "Backlog"
    ) -> None:
        self._hours = settings.revocation_hours
        self._feed = feed
        self._backlog = backlog

    def __call__(self) -> Revocations:
        """Return what is revoked.

        Raises `Unavailable` while that is too long unknown, while the log is too far behind, and
        where the node has to have a witness, while none answers.
        """
        if self.stale():
            raise Unavailable("REVOCATIONS_STALE", hours=self._hours)
        self._backlog.check()
        return self.revoked()

    def revoked(self) -> Revocations:
        """Return what is revoked, however old the list is."""
        return NOTHING_REVOKED if self._feed is None else self._feed.current()

    def stale(self) -> bool:
        """Say whether the list is older than governed data can bear."""
        if self._feed is None or not self._hours:
            return False
        return not self._feed.is_fresh(self._hours * 3600.0)


class Backlog:
    """How far the log is behind, and for how long nobody has witnessed it."""

    def __init__(
        self, engine: Engine, settings: NodeSettings, clock: Callable[[], datetime]
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._seconds = settings.audit_lag_seconds
        self._unwitnessed = timedelta(hours=settings.witness_hours)
        self._started = clock()
        self._looked = float("-inf")
        self._fault = ""

    def check(self) -> None:
        """Raise `Unavailable` where governed data has to wait for the log."""
        now = time.monotonic()
        if now - self._looked >= LOOK_SECONDS or self._fault:
            self._fault, self._looked = self._found(), now
        if self._fault:
            raise Unavailable(self._fault)

    def _found(self) -> str:
        if self._seconds:
            lag = sequencer.lag(self._engine, self._clock())
            if lag.seconds > self._seconds or lag.rows > sequencer.LAG_ROWS_MAX:
                return "AUDIT_BEHIND"
        return "AUDIT_UNWITNESSED" if self._unwitnessed and self._alone() else ""

    def _alone(self) -> bool:
        """Say whether no witness answered for longer than the settings allow."""
        with reading(self._engine) as session:
            seen = [each.at for each in witnesses.states(session) if each.at and not each.fault]
        last = max((read_moment(each) for each in seen), default=self._started)
        return self._clock() - last > self._unwitnessed
