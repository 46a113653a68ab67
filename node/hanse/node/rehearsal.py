"""What publishing a draft would hide, and what other rules would: nothing of it is written."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine

from hanse.areas.registry import Registry
from hanse.cube.status import CellState
from hanse.errors import Conflict, HanseError
from hanse.node import perturbing, recognising, shielding
from hanse.node.intake.draft import Draft
from hanse.node.ledger import Held
from hanse.node.protection import Work, of_release, zeros
from hanse.node.shielding import Shielded
from hanse.policies.profile import Profile
from hanse.policies.signatures import SigningKey
from hanse.report import disclosure as reports
from hanse.report.disclosure import Alternative, Facts
from hanse.report.disclosure.findings import within
from hanse.store.session import reading

Tell = Callable[[str, float], None]

WEIGHED_CELLS_MAX = 300_000
"""A larger release is not weighed against other rules: each of them takes minutes."""


class House(Protocol):
    """What a rehearsal reads of the press that would make the release."""

    @property
    def key(self) -> SigningKey:
        """The node's key, by which its proofs are signed."""

    @property
    def engine(self) -> Engine:
        """The node's database."""

    @property
    def home(self) -> Path:
        """The node's folder."""

    @property
    def registry(self) -> Registry:
        """The areas."""


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """A draft before it is published, with everything it would be judged by."""

    draft: Draft
    profile: Profile
    registry: Registry
    held: Held
    author: str = ""
    at: House | None = None

    @classmethod
    def of(cls, at: House, draft: Draft, profile: Profile, author: str = "") -> "Rehearsal":
        """Return a draft with what readers hold of its population already."""
        with reading(at.engine) as session:
            held = recognising.held_of(session, at.home, draft, at.registry)
        return cls(draft, profile, at.registry, held, author, at)

    def shield(self) -> tuple[Shielded, tuple[reports.Conflict, ...]]:
        """Return what the draft becomes, and what cannot be reconciled with earlier releases.

        Where it cannot, what it becomes is told as if nothing had been shown before.
        """
        try:
            return self._shielded(self.held), ()
        except Conflict as fault:
            nothing = Held({}, self.held.populations)
            alone = self._shielded(nothing)
            told = tuple((name, str(value)) for name, value in fault.parameters.items())
            return alone, (reports.Conflict(fault.code, told),)

    def _shielded(self, held: Held) -> Shielded:
        if self.at is None or self.profile.method is None:
            return shielding.shield(self.draft, self.profile, self.registry, held)
        return perturbing.shield(self.at, self.draft, self.profile, held, lasting=False)


def of_draft(asked: Rehearsal, minima: Sequence[int], at: datetime, tell: Tell) -> Facts:
    """Return the report of a draft as it would be published now; nothing is written.

    `minima` are other lowest counts to weigh; `tell` hears how far it is. Raises `Refused` or
    `Invalid` where the profile does not allow what the contract holds.
    """
    tell("repair", 0.05)
    shielded, conflicts = asked.shield()
    contract = asked.draft.contract
    work = Work(contract, asked.profile, asked.registry, shielded, author=asked.author)
    facts = of_release(work, at, within(tell, 0.35, 0.6))
    if shielded.figures is not None or shielded.cells.num_rows > WEIGHED_CELLS_MAX:
        return replace(facts, conflicts=conflicts)
    own = Alternative(
        asked.profile.min_count,
        zeros(asked.profile),
        cells=facts.whole.cells,
        own=facts.whole.own,
        others=facts.whole.others,
    )
    others = _weighed(asked, minima, within(tell, 0.6, 1.0))
    return replace(facts, conflicts=conflicts, alternatives=(own, *others))


def _weighed(asked: Rehearsal, minima: Sequence[int], tell: Tell) -> Iterator[Alternative]:
    """Yield what other minimums, the other way to treat zeros, and coarser areas would hide."""
    changes = list(_changes(asked, minima))
    for number, (profile, draft, dropped) in enumerate(changes):
        tell("weigh", number / len(changes))
        told = Alternative(profile.min_count, zeros(profile), dropped)
        other = replace(asked, draft=draft, profile=profile)
        try:
            found, _ = other.shield()
        except HanseError as fault:
            yield replace(told, refused=fault.code)
        else:
            states = Counter(map(CellState, found.cells.column("state").to_pylist()))
            own = states[CellState.SUPPRESSED_PRIMARY]
            beside = states[CellState.SUPPRESSED_SECONDARY]
            yield replace(told, cells=states.total(), own=own, others=beside)


def _changes(asked: Rehearsal, minima: Sequence[int]) -> Iterator[tuple[Profile, Draft, str]]:
    profile, draft = asked.profile, asked.draft
    for k in minima:
        if k != profile.min_count:
            yield replace(profile, min_count=k), draft, ""
    yield replace(profile, zero_shown=not profile.zero_shown), draft, ""
    ranked = [each for each in draft.contract.levels if asked.registry.has(each)]
    finest = min(ranked, key=lambda each: asked.registry.level(each).rank, default="")
    rest = tuple(each for each in draft.contract.levels if each != finest)
    if finest and rest:
        coarser = replace(draft, contract=replace(draft.contract, levels=rest))
        yield profile, coarser, finest
