"""What a role tells the web edge about itself: its name, its address, its limits, its pages."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

MAX_BODY_BYTES = 1_048_576


@dataclass(frozen=True, slots=True)
class Site:
    """One role's web edge.

    `base_url` is the only source of absolute addresses and of the trusted host name; `hosts` adds
    further trusted names. `templates` and `statics` are folders of the role's own pages. `bodies`
    gives a path another body limit, in bytes, than `max_body_bytes`.
    """

    title: str
    base_url: str
    language: str = "nl"
    max_body_bytes: int = MAX_BODY_BYTES
    bodies: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    hosts: tuple[str, ...] = ()
    templates: Path | None = None
    statics: Path | None = None

    @property
    def base(self) -> str:
        """The base URL without a final slash: absolute addresses are `base` + path."""
        return self.base_url.rstrip("/")

    @property
    def trusted_hosts(self) -> frozenset[str]:
        """The host names, lower case and without port, that a request may name."""
        own = urlsplit(self.base_url).hostname or ""
        return frozenset({own.lower(), *(host.lower() for host in self.hosts)})
