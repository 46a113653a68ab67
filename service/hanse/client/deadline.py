"""One total deadline over many steps: each step may use what the steps before it left."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hanse.outbound import Limits

LEAST_SECONDS: Final = 0.001
ANSWER_BYTES: Final = 64_000_000


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on a clock that never goes back."""

    at: float
    clock: Callable[[], float] = time.monotonic
    answer_bytes: int = ANSWER_BYTES

    @classmethod
    def after(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> "Deadline":
        """Return the moment `seconds` from now."""
        return cls(clock() + seconds, clock)

    @property
    def seconds_left(self) -> float:
        """What is left, never quite nothing: a step that starts too late fails as late."""
        return max(LEAST_SECONDS, self.at - self.clock())

    def limits(self, body_bytes: int = 0) -> Limits:
        """Return the limits of a request that may use all that is left; 0: an answer's bytes."""
        return Limits(
            deadline_seconds=self.seconds_left, body_bytes=body_bytes or self.answer_bytes
        )
