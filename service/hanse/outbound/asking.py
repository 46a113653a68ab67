"""What is asked of a peer, and how much of its time, patience and memory the answer may take."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from hanse.outbound.origin import Origin

IDEMPOTENT: Final = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one request, all its tries together.

    `deadline_seconds` is total: connecting, headers and body. A read timeout would never fire on a
    peer that sends a byte now and then.
    """

    deadline_seconds: float = 10.0
    connect_seconds: float = 3.0
    body_bytes: int = 20_000_000
    header_count: int = 100
    header_bytes: int = 32_768
    tries: int = 3


@dataclass(frozen=True, slots=True)
class Ask:
    """One request to one registered origin.

    `fresh` gives headers that are good once: it is called for every try, also of the same request.
    """

    origin: Origin
    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    body: bytes | None = None
    limits: Limits = field(default_factory=Limits)
    fresh: Callable[[], Mapping[str, str]] | None = None

    @property
    def all_headers(self) -> dict[str, str]:
        """The headers of one try."""
        return {**self.headers, **(self.fresh() if self.fresh else {})}

    @property
    def tries(self) -> int:
        """How often it may be sent: a request that changes something is sent once."""
        return self.limits.tries if self.method in IDEMPOTENT else 1
