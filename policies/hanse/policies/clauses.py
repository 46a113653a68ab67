"""Clauses: the single conditions of a protocol, each a frozen value that can say why it fails.

A clause answers `holds` fast, and `wanted` and `had` in words only when somebody asks. A clause
that does not know what it is asked for does not hold.
"""

import typing
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from hanse.policies.request import Request

_TEXT_LIMIT = 200


class Clause(typing.Protocol):
    """One condition: `name` is its check in a decision, `source` the field of the form it is from.

    The methods of every clause below are these.
    """

    @property
    def name(self) -> str:
        """The check it makes."""

    @property
    def source(self) -> str:
        """The field of the review form."""

    def holds(self, request: Request, today: date) -> bool:
        """Say whether the request meets it."""

    def wanted(self, request: Request, today: date) -> str:
        """Say what was asked."""

    def had(self) -> str:
        """Say what it allows."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A token carries a scope for what it does; what is open to everybody needs none."""

    everybody: bool
    name = "scope"
    source = "actions"

    def holds(self, request: Request, today: date) -> bool:
        if self.everybody or "dataset:read" in request.scopes:
            return True
        return f"theme:{request.theme}:read" in request.scopes

    def wanted(self, request: Request, today: date) -> str:
        return f"dataset:read, theme:{request.theme}:read"

    def had(self) -> str:
        return "-"


@dataclass(frozen=True, slots=True)
class Recipient:
    """The client belongs to a party that may receive; None means everybody does."""

    client: str | None
    name = "recipient"
    source = "parties"

    def holds(self, request: Request, today: date) -> bool:
        return self.client is None or request.client == self.client

    def wanted(self, request: Request, today: date) -> str:
        return request.client or "-"

    def had(self) -> str:
        return self.client or "everybody"


@dataclass(frozen=True, slots=True)
class Key:
    """The client proved to hold one of the keys the protocol names, or may go without proof."""

    thumbprints: frozenset[str]
    bearer: bool
    name = "key"
    source = "parties.keys"

    def holds(self, request: Request, today: date) -> bool:
        if request.thumbprint is None:
            return self.bearer
        return request.bound and request.thumbprint in self.thumbprints

    def wanted(self, request: Request, today: date) -> str:
        if request.thumbprint is None:
            return "bearer"
        return request.thumbprint if request.bound else f"{request.thumbprint} without proof"

    def had(self) -> str:
        return listed([*self.thumbprints, *(["bearer"] if self.bearer else [])])


@dataclass(frozen=True, slots=True)
class AnyKey:
    """Whoever asks, with whatever key: what is open to everybody."""

    name = "key"
    source = "parties"

    def holds(self, request: Request, today: date) -> bool:
        return True

    def wanted(self, request: Request, today: date) -> str:
        return request.thumbprint or "-"

    def had(self) -> str:
        return "everybody"


@dataclass(frozen=True, slots=True)
class Status:
    """It is active, and is the very text that the token names, if it names one."""

    state: str
    content_hash: str
    name = "status"
    source = "version"

    def holds(self, request: Request, today: date) -> bool:
        named = request.protocol_hash
        return self.state == "active" and (named is None or named == self.content_hash)

    def wanted(self, request: Request, today: date) -> str:
        return request.protocol_hash or "active"

    def had(self) -> str:
        return f"{self.state} {self.content_hash}"


@dataclass(frozen=True, slots=True)
class Valid:
    """Today lies in its validity: from `start`, up to and not on `end`."""

    start: date
    end: date
    name = "valid"
    source = "valid"

    def holds(self, request: Request, today: date) -> bool:
        return self.start <= today < self.end

    def wanted(self, request: Request, today: date) -> str:
        return today.isoformat()

    def had(self) -> str:
        return f"{self.start.isoformat()}/{self.end.isoformat()}"


@dataclass(frozen=True, slots=True)
class Action:
    """What is done is agreed."""

    actions: frozenset[str]
    name = "action"
    source = "actions"

    def holds(self, request: Request, today: date) -> bool:
        return request.action in self.actions

    def wanted(self, request: Request, today: date) -> str:
        return request.action

    def had(self) -> str:
        return listed(self.actions)


@dataclass(frozen=True, slots=True)
class Purpose:
    """What it is for is agreed; None agrees to every purpose, and to none being said."""

    purposes: frozenset[str] | None
    name = "purpose"
    source = "purposes"

    def holds(self, request: Request, today: date) -> bool:
        return self.purposes is None or request.purpose in self.purposes

    def wanted(self, request: Request, today: date) -> str:
        return request.purpose or "-"

    def had(self) -> str:
        return listed(self.purposes)


@dataclass(frozen=True, slots=True)
class Dataset:
    """The dataset is named, or its theme is; None names all of them."""

    datasets: frozenset[str] | None
    themes: frozenset[str]
    name = "dataset"
    source = "data.datasets"

    def holds(self, request: Request, today: date) -> bool:
        if self.datasets is None or request.dataset in self.datasets:
            return True
        return request.theme in self.themes

    def wanted(self, request: Request, today: date) -> str:
        return request.dataset

    def had(self) -> str:
        return "all" if self.datasets is None else listed([*self.datasets, *self.themes])


@dataclass(frozen=True, slots=True)
class Access:
    """The dataset's own contract lets a protocol of this kind open it."""

    kinds: frozenset[str]
    name = "access"
    source = "basis.kind"

    def holds(self, request: Request, today: date) -> bool:
        return request.access in self.kinds

    def wanted(self, request: Request, today: date) -> str:
        return request.access

    def had(self) -> str:
        return listed(self.kinds)


@dataclass(frozen=True, slots=True)
class Accession:
    """The recipient joined every general authorisation that is required."""

    required: frozenset[str]
    joined: frozenset[str]
    name = "accession"
    source = "requires"

    def holds(self, request: Request, today: date) -> bool:
        return self.required <= self.joined

    def wanted(self, request: Request, today: date) -> str:
        return listed(self.required)

    def had(self) -> str:
        return listed(self.required & self.joined)


@dataclass(frozen=True, slots=True)
class Profile:
    """The release has the protected cube that the protocol asks for; None takes any."""

    profile: str | None
    name = "profile"
    source = "terms.profile"

    def holds(self, request: Request, today: date) -> bool:
        return self.profile is None or request.profile == self.profile

    def wanted(self, request: Request, today: date) -> str:
        return request.profile

    def had(self) -> str:
        return self.profile or "all"


@dataclass(frozen=True, slots=True)
class Formats:
    """The form in which the figures leave is agreed."""

    formats: frozenset[str]
    name = "format"
    source = "data.formats"

    def holds(self, request: Request, today: date) -> bool:
        return request.format in self.formats

    def wanted(self, request: Request, today: date) -> str:
        return request.format

    def had(self) -> str:
        return listed(self.formats)


def listed(values: Collection[str] | None) -> str:
    """Return codes as a reader sees them, in order, shortened; None is all of them, `-` none."""
    if values is None:
        return "all"
    text = ", ".join(sorted(values)) or "-"
    return text if len(text) <= _TEXT_LIMIT else text[: _TEXT_LIMIT - 1] + "…"
