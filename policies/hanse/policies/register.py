"""The register: every protocol of a node as clauses ready to be asked, indexed by who asks.

Immutable. A change builds a new register, which takes the old one's place whole; a protocol that
cannot be compiled is not in it, and the others go on.
"""

import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from hanse.cube.period import read_period
from hanse.cube.query import PeriodWindow
from hanse.policies import clauses, extents
from hanse.policies.canonical import canonical, digest
from hanse.policies.protocol import OPEN_END, Data, Party, PeriodRange, Protocol
from hanse.policies.request import Request

CHECKS: typing.Final = (
    "scope",
    "recipient",
    "key",
    "status",
    "valid",
    "action",
    "purpose",
    "dataset",
    "access",
    "accession",
    "profile",
    "indicator",
    "level",
    "area",
    "period",
    "breakdown",
    "format",
)
"""The names of the checks, in the order they are made and told."""


Accessions = Mapping[str, frozenset[str]]
"""The numbers of the general authorisations each party has joined, by enterprise number."""

NO_ACCESSIONS: typing.Final[Accessions] = MappingProxyType({})

_Name = typing.TypeVar("_Name")


class Geography(typing.Protocol):
    """What the clauses on areas have to know of the areas of a node."""

    @property
    def level_ids(self) -> Sequence[str]:
        """Every `level@vintage` that is known."""

    def rank(self, level: str) -> int | None:
        """Return the rank of a level, by name or id; the finest is the smallest."""

    def below(self, level: str, code: str, target: str) -> frozenset[str]:
        """Return the codes of level id `target` that lie in an area; empty where nothing is known.

        `level` is a name (`gemeente`, any vintage) or an id (`gemeente@2025`).
        """


@dataclass(frozen=True, slots=True)
class Agreement:
    """A protocol as it stands in the register: its clauses for one recipient, in fixed order.

    `rank` orders agreements by how little they open: fewest datasets, fewest indicators, id.
    """

    protocol: Protocol
    content_hash: str
    state: str
    client: str | None
    conditions: tuple[clauses.Clause, ...]
    rank: tuple[float, float, str, int]

    def clause(self, name: str) -> clauses.Clause:
        """Return the clause of one check."""
        return self.conditions[CHECKS.index(name)]

    def holds(self, request: Request, today: date) -> bool:
        """Say whether every clause holds."""
        for clause in self.conditions:  # noqa: SIM110 a generator costs a third of the decision
            if not clause.holds(request, today):
                return False
        return True


@dataclass(frozen=True, slots=True)
class Register:
    """All agreements, by who asks; None is what everybody may."""

    agreements: tuple[Agreement, ...]
    by_dataset: Mapping[tuple[str | None, str], tuple[Agreement, ...]]
    by_theme: Mapping[tuple[str | None, str], tuple[Agreement, ...]]
    by_client: Mapping[str | None, tuple[Agreement, ...]]
    hash: str

    def candidates(self, client: str | None, dataset: str, theme: str) -> tuple[Agreement, ...]:
        """Return the agreements that could open a dataset to a client, in no order."""
        found = self._naming(None, dataset, theme)
        return found if client is None else self._naming(client, dataset, theme) + found

    def _naming(self, client: str | None, dataset: str, theme: str) -> tuple[Agreement, ...]:
        named = self.by_dataset.get((client, dataset), ())
        every = self.by_dataset.get((client, "*"), ())
        return named + every + self.by_theme.get((client, theme), ())

    def of(self, client: str | None) -> tuple[Agreement, ...]:
        """Return the agreements that name a client; those for everybody for None."""
        return self.by_client.get(client, ())


def build(
    entries: Iterable[tuple[Protocol, str]],
    geography: Geography,
    accessions: Accessions = NO_ACCESSIONS,
) -> Register:
    """Return the register of (protocol, state) pairs; their order changes nothing.

    `accessions` are the general authorisations that each party has joined, as of today.
    """
    known = [(protocol, state, protocol.content_hash) for protocol, state in entries]
    agreements = sorted(
        (
            agreement((protocol, content_hash, state), party, geography, accessions)
            for protocol, state, content_hash in known
            for party in protocol.recipients
        ),
        key=lambda each: (each.rank, each.client or ""),
    )
    by_client = _grouped((each.client, each) for each in agreements)
    by_dataset = _grouped(
        ((each.client, name), each) for each in agreements for name in _datasets(each)
    )
    by_theme = _grouped(
        ((each.client, theme), each) for each in agreements for theme in _themes(each)
    )
    told = register_hash(known, accessions)
    return Register(tuple(agreements), by_dataset, by_theme, by_client, told)


def register_hash(
    entries: Iterable[tuple[Protocol, str, str]], accessions: Accessions = NO_ACCESSIONS
) -> str:
    """Return the digest over (id, version, content hash, state) of all: a silent edit shows.

    Accessions that count now are part of it.
    """
    lines: list[list[str | int]] = [
        [protocol.id, protocol.version, content_hash, state]
        for protocol, state, content_hash in entries
    ]
    joined = [[party, *sorted(numbers)] for party, numbers in accessions.items() if numbers]
    return digest(canonical([sorted(lines, key=str), sorted(joined)] if joined else sorted(lines)))


def agreement(
    known: tuple[Protocol, str, str],
    party: Party,
    geography: Geography,
    accessions: Accessions = NO_ACCESSIONS,
) -> Agreement:
    """Compile a (protocol, content hash, state) for one of its recipients."""
    protocol, content_hash, state = known
    data, terms = protocol.data, protocol.terms
    client = None if party.everybody else party.client_id
    key = clauses.AnyKey() if party.everybody else clauses.Key(frozenset(party.keys), party.bearer)
    access = {"open"} if protocol.is_open else {"open", "protocol"}
    made: tuple[clauses.Clause, ...] = (
        clauses.Scope(party.everybody),
        clauses.Recipient(client),
        key,
        clauses.Status(state, content_hash),
        clauses.Valid(
            date.fromisoformat(protocol.valid.start), date.fromisoformat(protocol.valid.end)
        ),
        clauses.Action(frozenset(protocol.actions)),
        clauses.Purpose(_listed(protocol.purposes)),
        clauses.Dataset(_listed(data.datasets), frozenset(data.themes)),
        clauses.Access(frozenset(access)),
        clauses.Accession(
            frozenset(protocol.requires), accessions.get(party.kbo or "", frozenset())
        ),
        clauses.Profile(None if terms.profile == "all" else terms.profile),
        extents.Indicators(_listed(data.indicators)),
        _levels(data, geography),
        _areas(data, party, geography),
        extents.Periods(_window(data)),
        _breakdowns(data),
        clauses.Formats(frozenset(data.formats)),
    )
    rank = (_size(data.datasets), _size(data.indicators), protocol.id, protocol.version)
    return Agreement(protocol, content_hash, state, client, made, rank)


def _datasets(each: Agreement) -> list[str]:
    datasets = each.protocol.data.datasets
    return ["*"] if datasets == "all" else list(datasets)


def _themes(each: Agreement) -> list[str]:
    # Named twice, by dataset and by theme, it is still one candidate: the decision sorts that out.
    return [] if each.protocol.data.datasets == "all" else list(each.protocol.data.themes)


def _grouped(pairs: Iterable[tuple[_Name, Agreement]]) -> Mapping[_Name, tuple[Agreement, ...]]:
    groups: dict[_Name, list[Agreement]] = {}
    for name, each in pairs:
        groups.setdefault(name, []).append(each)
    return MappingProxyType({name: tuple(group) for name, group in groups.items()})


def _listed(values: str | Sequence[str]) -> frozenset[str] | None:
    return None if isinstance(values, str) else frozenset(values)


def _size(values: str | Sequence[str]) -> float:
    return float("inf") if isinstance(values, str) else len(values)


def _levels(data: Data, geography: Geography) -> extents.Levels:
    if data.levels == "all":
        return extents.Levels(None, "all")
    if data.level_ceiling is None:
        return extents.Levels(frozenset(data.levels), ", ".join(data.levels))
    finest = geography.rank(data.level_ceiling)
    coarser = (
        level
        for level in geography.level_ids
        if finest is not None and (geography.rank(level) or 0) > finest
    )
    # Two levels of one rank lie beside each other; only the one that is named is agreed.
    return extents.Levels(frozenset({data.level_ceiling, *coarser}), f">= {data.level_ceiling}")


def _areas(data: Data, party: Party, geography: Geography) -> extents.AreaScope:
    per_level = data.areas if isinstance(data.areas, dict) else {"*": data.areas}
    whole = frozenset(level for level, scope in per_level.items() if scope == "all")
    opened: dict[str, frozenset[str]] = {}
    for level in geography.level_ids:
        keys = (level, level.partition("@")[0], "*")
        scope = next((per_level[key] for key in keys if key in per_level), None)
        refs = _references(scope, party)
        codes = (geography.below(*ref.split(":"), level) for ref in refs)  # type: ignore[call-arg]
        opened[level] = frozenset().union(*codes)
    said, parts = _said(data, party), frozenset(per_level) - whole
    return extents.AreaScope(MappingProxyType(opened), whole, said, parts)


def _references(scope: str | Sequence[str] | None, party: Party) -> list[str]:
    if scope == "own":
        return [party.territory] if party.territory else []
    return [] if scope is None or isinstance(scope, str) else list(scope)


def _said(data: Data, party: Party) -> str:
    def one(scope: str | Sequence[str]) -> str:
        return "all" if scope == "all" else ", ".join(_references(scope, party))

    if isinstance(data.areas, dict):
        return "; ".join(f"{level}: {one(scope)}" for level, scope in sorted(data.areas.items()))
    return one(data.areas)


def _window(data: Data) -> PeriodWindow | None:
    if data.periods == "all":
        return PeriodWindow()
    if not isinstance(data.periods, PeriodRange):
        return None
    start, end = data.periods.start, data.periods.end
    return PeriodWindow(
        None if start == OPEN_END else read_period(start),
        None if end == OPEN_END else read_period(end),
    )


def _breakdowns(data: Data) -> extents.Breakdowns:
    if isinstance(data.breakdowns, str):
        return extents.Breakdowns(None)
    return extents.Breakdowns(
        MappingProxyType({name: frozenset(codes) for name, codes in data.breakdowns.items()})
    )
