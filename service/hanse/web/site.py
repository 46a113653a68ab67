"""What a role tells the web edge about itself: its name, its address, its limits, its pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

MAX_BODY_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Rate:
    """What one caller may ask: `per_second` on average, `burst` at once, `together` in progress.

    0 requests a second is no limit. `proxies` are the networks whose word about the address of
    whoever asked is taken.
    """

    per_second: float = 200.0
    burst: int = 2_000
    together: int = 64
    proxies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Site:
    """One role's web edge.

    `base_url` is the only source of absolute addresses and of the trusted host name; `hosts` adds
    further trusted names. `templates` and `statics` are folders of the role's own pages. `bodies`
    gives a path another body limit, in bytes, than `max_body_bytes`. `rate` is what one caller may
    ask.
    """

    title: str
    base_url: str
    language: str = "nl"
    max_body_bytes: int = MAX_BODY_BYTES
    bodies: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    hosts: tuple[str, ...] = ()
    feed_tokens: bool = False
    templates: Path | None = None
    statics: Path | None = None
    rate: Rate = field(default_factory=Rate)

    @property
    def base(self) -> str:
        """The base URL without a final slash: absolute addresses are `base` + path."""
        return self.base_url.rstrip("/")

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """The host names, lower case and without port, that a request may name."""
        own = urlsplit(self.base_url).hostname or ""
        return frozenset({own.lower(), *(host.lower() for host in self.hosts)})
