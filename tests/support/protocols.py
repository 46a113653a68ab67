"""Protocols and questions in one line: fragments of the review form laid over a usual one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from hanse.cube.period import Period
from hanse.cube.query import PeriodWindow
from hanse.policies import protocol, register, yamlform
from hanse.policies.protocol import Protocol
from hanse.policies.register import Register
from hanse.policies.request import Request

TODAY = date(2026, 6, 1)
KEY = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
OTHER_KEY = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbW"

USUAL = f"""
schema: 1
id: urn:protocol:gent:2026-007
version: 3
parties:
  - {{kbo: "0207451227", role: supplier}}
  - kbo: "0207725597"
    role: recipient
    client_id: provincie
    keys: [{KEY}]
    bearer: false
    territory: "provincie:40000"
basis: {{kind: legal_protocol}}
purposes: [statistiek, beleid]
data:
  datasets: [bevolking-wijk]
  indicators: [bevolking, huishoudens]
  levels: [gemeente, wijk]
  areas: own
  periods: {{from: 2018, until: 2025}}
  formats: [json, csv]
actions: [read]
terms: {{profile: standaard-5, group_size_min: 5, retention: P5Y}}
valid: {{from: "2026-01-01", until: "2029-01-01"}}
"""

OPEN = """
id: urn:protocol:gent:open-data
version: 1
parties: [{kbo: "0207451227", role: supplier}, {role: recipient, everybody: true}]
basis: {kind: open_licence}
purposes: all
data: {datasets: all, indicators: all, levels: all, areas: all, periods: all, breakdowns: all}
terms: {profile: all, group_size_min: 0, onward: open_licence}
"""

JOINED = MappingProxyType({"0207725597": frozenset({"FO 04/2017"})})

LEVELS = MappingProxyType({"wijk": 20, "deelgemeente": 20, "gemeente": 30, "provincie": 50})
WITHIN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"41002": ("41002A01", "41002A02"), "44021": ("44021A01",)}
)


@dataclass(frozen=True, slots=True)
class SmallCountry:
    """Two municipalities in one province with three districts, one vintage of each level."""

    level_ids: Sequence[str] = tuple(f"{name}@2025" for name in LEVELS)

    def rank(self, level: str) -> int | None:
        return LEVELS.get(level.partition("@")[0])

    def below(self, level: str, code: str, target: str) -> frozenset[str]:
        here, there = level.partition("@")[0], target.partition("@")[0]
        if here == there:
            return frozenset({code})
        towns = WITHIN if here == "provincie" else {code: WITHIN.get(code, ())}
        if there == "gemeente" and here == "provincie":
            return frozenset(towns)
        return (
            frozenset(area for areas in towns.values() for area in areas)
            if there == "wijk"
            else frozenset()
        )


COUNTRY = SmallCountry()


def form(fragment: str = "", base: str = USUAL) -> dict[str, Any]:
    """Return the usual form with a fragment over it; a mapping is merged, all else replaced."""
    return _merged(_read(base), _read(fragment))


@cache
def _read(text: str) -> Mapping[str, Any]:
    return yamlform.load(text) if text.strip() else {}


def one(fragment: str = "") -> Protocol:
    """Return the usual protocol with a fragment of YAML laid over it."""
    return protocol.from_document(form(fragment))


def everybody(fragment: str = "") -> Protocol:
    """Return a protocol for open data."""
    return protocol.from_document(_merged(form(OPEN), _read(fragment)))


def registered(*protocols: Protocol, state: str = "active") -> Register:
    """Return a register that holds these protocols in one state."""
    return of_states((each, state) for each in protocols)


def of_states(entries: Iterable[tuple[Protocol, str]]) -> Register:
    """Return a register of (protocol, state) pairs."""
    return register.build(entries, COUNTRY, JOINED)


def question(fragment: str = "", **changes: Any) -> Request:
    """Return the usual question with a fragment of YAML (`purpose: reclame`) laid over it."""
    given: dict[str, Any] = {
        "client": "provincie",
        "thumbprint": KEY,
        "scopes": ["dataset:read"],
        "purpose": "statistiek",
        "action": "read",
        "dataset": "bevolking-wijk",
        "theme": "demografie",
        "access": "protocol",
        "profile": "standaard-5",
        "indicators": ["bevolking"],
        "areas": {"gemeente@2025": ["41002"]},
        "periods": ["2020", "2024"],
        "format": "json",
        "breakdowns": {},
        "protocol": "",
        "protocol_hash": "",
        "bound": True,
        "narrow": [],
    }
    given |= _read(fragment)
    given |= changes
    bound = bool(given.pop("bound") and given["thumbprint"])
    areas = {level: frozenset(codes) for level, codes in given.pop("areas").items()}
    start, end = (Period.parse(str(text)) if text else None for text in given.pop("periods"))
    breakdowns = {name: frozenset(codes) for name, codes in given.pop("breakdowns").items()}
    sets = {name: frozenset(given.pop(name)) for name in ("scopes", "indicators", "narrow")}
    rest: dict[str, Any] = {**sets, **{name: value or None for name, value in given.items()}}
    return Request(
        **rest,
        bound=bound,
        levels=frozenset(areas),
        areas=MappingProxyType(areas),
        periods=PeriodWindow(start, end),
        breakdowns=MappingProxyType(breakdowns),
    )


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        both = isinstance(below, dict) and isinstance(value, dict)
        merged[key] = _merged(dict(below or {}), value) if both else value
    return merged
