"""A question as the rules see it: resolved against one release, nothing left to guess."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hanse.cube.query import PeriodWindow

Areas = Mapping[str, frozenset[str]]
"""Area codes per `level@vintage`."""

AXES = frozenset({"indicators", "levels", "areas", "periods", "breakdowns"})

_NOTHING: Mapping[str, frozenset[str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Request:
    """A question, resolved against one release: who asks, why, and for exactly which part.

    `areas` holds the codes asked per `level@vintage`; `breakdowns` the codes asked per dimension.
    `thumbprint` is the key a token is bound to, `bound` whether the client proved to hold it.
    `protocol` and `protocol_hash` are what the token names, if it names one. An axis in `narrow` is
    asked for as far as it is permitted; every other axis is asked for whole. `profile` is that of
    the release's protected cube; `access` the dataset's own (`open`, `protocol`, `internal`).
    """

    client: str | None
    thumbprint: str | None
    scopes: frozenset[str]
    purpose: str | None
    action: str
    dataset: str
    theme: str
    access: str
    profile: str
    indicators: frozenset[str]
    levels: frozenset[str]
    areas: Areas
    periods: PeriodWindow
    format: str
    breakdowns: Mapping[str, frozenset[str]] = field(default_factory=lambda: _NOTHING)
    protocol: str | None = None
    protocol_hash: str | None = None
    bound: bool = False
    narrow: frozenset[str] = frozenset()
