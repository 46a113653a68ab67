"""All attacks that need nothing but a published table, one after the other.

Without the truth nobody can say which hidden cell was small; so every hidden cell is attacked, and
what is found is named by its codes.
"""

from dataclasses import dataclass

import numpy as np

from hanse.policies.attackers.bounds import Needs, audit
from hanse.policies.attackers.intervals import INFINITE, narrowed
from hanse.policies.attackers.linear import determined
from hanse.policies.attackers.system import System


@dataclass(frozen=True, slots=True)
class Finding:
    """What one attack found: the unknowns it knows exactly, and those it knows too closely."""

    attack: str
    exact: tuple[int, ...]
    narrow: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Campaign:
    """What all attacks found together among so many hidden cells; places in the system."""

    hidden: int
    findings: tuple[Finding, ...]

    @property
    def exact(self) -> tuple[int, ...]:
        """Return the unknowns that some attack knows exactly."""
        return tuple(sorted({place for each in self.findings for place in each.exact}))

    @property
    def narrow(self) -> tuple[int, ...]:
        """Return the unknowns that some attack knows too closely, exact ones included."""
        return tuple(sorted({place for each in self.findings for place in each.narrow}))


def campaign(system: System, least: int, width: int) -> Campaign:
    """Return what each attack finds among the hidden cells of a published table.

    `least` is what a hidden cell is known to be at least, `width` how far apart two values that
    remain possible must lie. Raises Invalid where no table fits what is published.
    """
    hidden = np.flatnonzero(system.row >= 0)
    lower = np.where(system.row >= 0, least, 0)
    algebra = tuple(sorted(set(hidden.tolist()) & determined(system)))
    low, high = narrowed(system, lower, np.full(system.size, INFINITE))
    apart = (high - low)[hidden]
    whole = Finding("whole numbers", _places(hidden[apart < 1]), _places(hidden[apart < width]))
    verdict = audit(system, Needs(hidden, lower, np.zeros_like(lower), width))
    bounds = Finding("linear programs", _places(verdict.exact), _places(verdict.below))
    return Campaign(hidden.size, (Finding("linear algebra", algebra, algebra), whole, bounds))


def _places(cells: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[int, ...]:
    return tuple(cells.tolist())
