"""The identity providers that people of this city sign in at: one file each in the home folder.

A file holds the issuer, our client there, and its secret where it has one; only the owner reads it.
"""

import json
import re
import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hanse.auth.oidc import Provider, RelyingParty
from hanse.auth.ring import write_secret
from hanse.errors import Conflict, Invalid, NotFound
from hanse.node.settings import NodeSettings
from hanse.outbound import Answer, Ask, Blocking, Origin, Outbound, Transport

FOLDER: Final = "providers"
PROVIDERS_MAX: Final = 20
NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class ProviderFile(BaseModel):
    """What a provider's file says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: str = Field(min_length=1, max_length=100)
    issuer: str = Field(max_length=300)
    client_id: str = Field(min_length=1, max_length=200)
    secret: str = Field(default="", max_length=500)


def add(home: Path, name: str, file: ProviderFile) -> Provider:
    """Write a provider's file; `Conflict` where one of that name or issuer is there."""
    if not NAME.fullmatch(name):
        raise Invalid("PROVIDER_FORM", name=name[:63])
    Origin.of(file.issuer)
    known = read(home)
    if name in known or any(each.issuer == file.issuer for each in known.values()):
        raise Conflict("PROVIDER_EXISTS", name=name)
    write_secret(home / FOLDER / f"{name}.json", json.dumps(file.model_dump()))
    return _provider(name, file)


def remove(home: Path, name: str) -> None:
    """Take a provider away; `NotFound` where there is none of that name."""
    if name not in read(home):
        raise NotFound("PROVIDER_UNKNOWN")
    (home / FOLDER / f"{name}.json").unlink()


def read(home: Path) -> Mapping[str, Provider]:
    """Return the providers by name; `Invalid` for a file that cannot be read."""
    files = sorted((home / FOLDER).glob("*.json"))[:PROVIDERS_MAX]
    return {file.stem: _read(file) for file in files if NAME.fullmatch(file.stem)}


def _read(path: Path) -> Provider:
    try:
        return _provider(path.stem, ProviderFile.model_validate_json(path.read_bytes()))
    except (OSError, ValidationError) as fault:
        raise Invalid("PROVIDER_FORM", name=path.stem) from fault


def _provider(name: str, file: ProviderFile) -> Provider:
    return Provider(name, file.title, file.issuer, file.client_id, file.secret)


class Providers:
    """The providers of a running node; a file that came or went counts at the next sign-in."""

    def __init__(
        self,
        settings: NodeSettings,
        clock: Callable[[], datetime],
        transport: Transport | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._transport = transport
        self._lock = threading.Lock()
        self._blocking: Blocking | None = None
        self._parties: dict[Provider, RelyingParty] = {}

    def known(self) -> Mapping[str, Provider]:
        """Return the providers by name."""
        return read(self._settings.home)

    def party(self, name: str) -> RelyingParty:
        """Return how to sign in at a provider; `NotFound` where there is none of that name."""
        provider = self.known().get(name)
        if provider is None:
            raise NotFound("PROVIDER_UNKNOWN")
        with self._lock:
            if provider not in self._parties:
                clock = self._clock
                party = RelyingParty(provider, self._fetch, lambda: clock().timestamp())
                self._parties[provider] = party
            return self._parties[provider]

    def close(self) -> None:
        """Close the connections to providers."""
        with self._lock:
            blocking, self._blocking = self._blocking, None
        if blocking is not None:
            blocking.close()

    def _fetch(self, ask: Ask) -> Answer:
        with self._lock:
            if self._blocking is None:
                self._blocking = Blocking(self._open)
            blocking = self._blocking
        return blocking.run(blocking.way.fetch(ask))

    def _open(self) -> Outbound:
        return Outbound(networks=self._settings.reachable, transport=self._transport)
