"""How a peer that fails is treated: a breaker, a budget for trying again, and jitter.

Pure bookkeeping over a clock that is handed in; nothing here waits or sends.
"""

from collections import deque
from collections.abc import Callable
from typing import Final

Clock = Callable[[], float]
"""Seconds on a clock that never goes back."""

FAILURES: Final = 5
WINDOW_SECONDS: Final = 30.0
REST_SECONDS: Final = 30.0
REQUESTS_PER_TRY: Final = 10
BACKOFF_SECONDS: Final = 0.1
BACKOFF_MAX_SECONDS: Final = 2.0


class Breaker:
    """Leaves a peer alone after 5 failures in 30 s; after a rest one request may probe it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._opened_at: float | None = None
        self._probing = False

    def admits(self) -> bool:
        """Say whether a request may go out; at half open, the first that asks is the probe."""
        if self._opened_at is None:
            return True
        if self._probing or self._clock() - self._opened_at < REST_SECONDS:
            return False
        self._probing = True
        return True

    @property
    def rests_seconds(self) -> int:
        """How long the peer is still left alone, in whole seconds."""
        if self._opened_at is None:
            return 0
        return max(0, round(self._opened_at + REST_SECONDS - self._clock()))

    def succeeded(self) -> None:
        """The peer answered: everything before is forgiven."""
        self._failures.clear()
        self._opened_at = None
        self._probing = False

    def failed(self) -> None:
        """The peer did not answer, or nothing usable."""
        now = self._clock()
        self._failures.append(now)
        full = len(self._failures) == FAILURES and now - self._failures[0] <= WINDOW_SECONDS
        if full or self._probing:
            self._opened_at = now
        self._probing = False

    def judge(self, *, failing: bool) -> None:
        """Count an outcome."""
        if failing:
            self.failed()
        else:
            self.succeeded()

    def abandoned(self) -> None:
        """Whoever asked went away: nothing was learnt, and the next one may probe."""
        self._probing = False


class RetryBudget:
    """Second tries are at most a tenth of all requests, beyond a small reserve.

    Without it, everybody's tries would triple the load on a federation that is already struggling.
    """

    def __init__(self, reserve: int = 5, saved_max: int = 10) -> None:
        self._price = REQUESTS_PER_TRY
        self._left = reserve * self._price
        self._most = (reserve + saved_max) * self._price

    def earn(self) -> None:
        """Count one first request."""
        self._left = min(self._left + 1, self._most)

    def spend(self) -> bool:
        """Say whether a second try is in the budget, and take it out."""
        if self._left < self._price:
            return False
        self._left -= self._price
        return True


def backoff_seconds(tries: int, random: Callable[[], float]) -> float:
    """Return how long to wait after `tries` tries: full jitter, so that nobody moves in step."""
    return random() * min(BACKOFF_MAX_SECONDS, BACKOFF_SECONDS * float(2**tries))
