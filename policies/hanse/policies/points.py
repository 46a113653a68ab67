"""The fourteen points of a federal protocol, read from the same data that decides.

Art. 20 of the Belgian law of 30 July 2018 lists what a protocol may provide for; the Flemish
protocol (art. 8 §1 of the decree of 18 July 2008) is covered by the same list. A point nobody
filled in shows as empty, so that a reader sees what was left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from hanse.policies.clauses import listed
from hanse.policies.protocol import PeriodRange, Protocol

FUNCTIONAL: Final = (
    "avg",
    "dpo",
    "fg",
    "gdpr",
    "gegevensbescherming",
    "informatieveiligheid",
    "privacy",
)
"""Mailboxes of an office: any other address may be a person's name, and is never published."""


@dataclass(frozen=True, slots=True)
class Point:
    """One point of the law, by its number from 1, and what the protocol says of it."""

    number: int
    lines: tuple[str, ...]


def points(protocol: Protocol) -> tuple[Point, ...]:
    """Return the fourteen points; a line is a value as it stands in the text, without names of
    persons.
    """
    return tuple(
        Point(number, tuple(line for line in tell(protocol) if line))
        for number, tell in enumerate(_POINTS, 1)
    )


def empty(protocol: Protocol) -> tuple[int, ...]:
    """Return the numbers of the points that the protocol says nothing about."""
    return tuple(point.number for point in points(protocol) if not point.lines)


def office(address: str) -> str:
    """Return a mailbox that is an office's, "" for what may be a person."""
    return address if address.partition("@")[0].lower() in FUNCTIONAL else ""


def _bodies(protocol: Protocol) -> list[str]:
    return [
        f"{party.role}: {party.name or party.client_id or '*'} {party.kbo or ''}".strip()
        for party in protocol.parties
    ]


def _controllers(protocol: Protocol) -> list[str]:
    # The body itself controls where nobody else is named; a person's name is not published.
    return [f"{party.role}: {party.name or party.kbo}" for party in protocol.parties if party.kbo]


def _officers(protocol: Protocol) -> list[str]:
    return [office(party.dpo) for party in protocol.parties]


def _purposes(protocol: Protocol) -> list[str]:
    return [_said(protocol.purposes)]


def _data(protocol: Protocol) -> list[str]:
    data = protocol.data
    shown = {
        "themes": ", ".join(data.themes),
        "datasets": _said(data.datasets),
        "indicators": _said(data.indicators),
        "levels": f">= {data.level_ceiling}" if data.level_ceiling else _said(data.levels),
        "areas": _areas(protocol),
        "periods": _periods(protocol),
        "breakdowns": _breakdowns(protocol),
        "formats": ", ".join(data.formats),
    }
    return [f"{name}: {value}" for name, value in shown.items() if value]


def _areas(protocol: Protocol) -> str:
    areas = protocol.data.areas
    if isinstance(areas, dict):
        return "; ".join(f"{level}: {_said(scope)}" for level, scope in sorted(areas.items()))
    own = [party.territory or "" for party in protocol.recipients] if areas == "own" else []
    return ", ".join(own) or _said(areas)


def _periods(protocol: Protocol) -> str:
    window = protocol.data.periods
    return f"{window.start} / {window.end}" if isinstance(window, PeriodRange) else window or ""


def _breakdowns(protocol: Protocol) -> str:
    cut = protocol.data.breakdowns
    return cut if isinstance(cut, str) else "; ".join(f"{name}: {_said(cut[name])}" for name in cut)


def _categories(protocol: Protocol) -> list[str]:
    terms = protocol.terms
    return [terms.recipients, f"onward: {terms.onward}"]


def _ground(protocol: Protocol) -> list[str]:
    basis = protocol.basis
    return [f"{basis.kind}: {basis.text}".rstrip(": "), *basis.regulation, *protocol.requires]


def _communication(protocol: Protocol) -> list[str]:
    named = (
        f"{party.client_id}: {'bearer' if party.bearer else 'dpop'}, {len(party.keys)} keys"
        for party in protocol.recipients
        if party.client_id
    )
    return [protocol.terms.communication, *named, f"actions: {listed(protocol.actions)}"]


def _proportionality(protocol: Protocol) -> list[str]:
    terms = protocol.terms
    shown = [f"profile: {terms.profile}", f"group_size_min: {terms.group_size_min}"]
    kept = f"retention: {terms.retention}" if terms.retention else ""
    taken = f"measures: {', '.join(terms.measures)}" if terms.measures else ""
    return [terms.proportionality, *shown, taken, kept]


_POINTS: Final[tuple[Callable[[Protocol], list[str]], ...]] = (
    _bodies,
    _controllers,
    _officers,
    _purposes,
    _data,
    _categories,
    _ground,
    _communication,
    _proportionality,
    lambda protocol: [protocol.terms.limits],
    lambda protocol: [protocol.terms.rights],
    lambda protocol: [protocol.terms.periodicity],
    lambda protocol: [f"{protocol.valid.start} / {protocol.valid.end}"],
    lambda protocol: [protocol.terms.sanctions],
)


def _said(values: str | list[str]) -> str:
    return values if isinstance(values, str) else ", ".join(values)
