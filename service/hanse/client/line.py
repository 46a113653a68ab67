"""One user's line to the federation: connections, tokens and kept answers, shared by all calls."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Self, TypeVar

from hanse.client.cache import AnswerCache
from hanse.client.conversation import Conversation
from hanse.client.deadline import Deadline
from hanse.client.signin import Credentials, Tokens
from hanse.client.verification import NO_PIN, Pin
from hanse.outbound import Blocking, Origin, Outbound, Transport

T = TypeVar("T")
DEADLINE_SECONDS: Final = 10.0
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


@dataclass(slots=True)
class Line:
    """Opened once, closed once; everything the SDK asks goes through it."""

    blocking: Blocking
    credentials: Credentials | None = None
    cache: AnswerCache | None = None
    deadline_seconds: float = DEADLINE_SECONDS
    tokens: Tokens | None = field(init=False, default=None)
    _talks: dict[str, Conversation] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Keep one set of tokens for all nodes."""
        if self.credentials:
            self.tokens = Tokens(self.blocking.way, self.credentials)

    @classmethod
    def open(
        cls,
        credentials: Credentials | None = None,
        *,
        networks: Sequence[str] = (),
        transport: Transport | None = None,
        cache: AnswerCache | None = None,
        deadline_seconds: float = DEADLINE_SECONDS,
    ) -> "Line":
        """Open a line; `networks` (CIDR) lists private networks that may be reached."""
        make = partial(Outbound, networks=tuple(networks), transport=transport)
        return cls(Blocking(make), credentials, cache, deadline_seconds)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self.blocking.close()

    def conversation(self, url: str, pin: Pin = NO_PIN) -> Conversation:
        """Return the conversation with the node at `url`; it goes on while the pin is the same."""
        known = self._talks.get(url)
        if known is None or known.pin != pin:
            known = Conversation(
                url,
                self.blocking.way,
                tokens=self.tokens,
                party=self.credentials.key.kid if self.credentials else "",
                pin=pin,
                cache=self.cache,
            )
            self._talks[url] = known
        return known

    def wait(
        self, step: Callable[[Deadline], Coroutine[Any, Any, T]], seconds: float | None = None
    ) -> T:
        """Run one step to its end, within `seconds` or the line's own deadline."""
        return self.blocking.run(step(Deadline.after(seconds or self.deadline_seconds)))


def networks_of(*urls: str) -> tuple[str, ...]:
    """Return the networks to reach because a person gave these URLs: loopback, where one is there.

    Whoever signs in at a catalogue on loopback runs a demonstration; its nodes are there too.
    """
    hosts = {Origin.of(url).host for url in urls}
    local = any(host == "localhost" or host == "::1" or host.startswith("127.") for host in hosts)
    return _LOOPBACK if local else ()
