"""What a reader of a survey works out: groups of respondents, and what shares leave over.

He knows which numbers are sums of others and that nobody is counted less than not at all. From the
figures that are shown he gets the sum of any group of hidden ones that equations tell, and between
what bounds every other number must lie.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress, product
from typing import Any

import numpy as np
from scipy import linalg, optimize

Name = Hashable
Terms = Mapping[Name, float]
"""How often each number stands in a sum."""

GROUP_MAX = 14
"""Groups of so many hidden numbers are all tried: 16,384 of them."""

ROUNDING = 1e-6
"""A coefficient that is smaller is none."""


@dataclass(slots=True)
class Riddle:
    """Sums that are known: each holds some names, and comes to a number."""

    names: dict[Name, int] = field(default_factory=dict)
    sums: list[tuple[dict[Name, float], float]] = field(default_factory=list)

    def told(self, terms: Terms, value: float) -> None:
        """Add a sum that is known."""
        for name in terms:
            self.names.setdefault(name, len(self.names))
        self.sums.append((dict(terms), value))

    def _matrix(self) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        matrix = np.zeros((len(self.sums), len(self.names)))
        for row, (terms, _) in enumerate(self.sums):
            for name, times in terms.items():
                matrix[row, self.names[name]] += times
        return matrix, np.array([value for _, value in self.sums])

    def groups(self, hidden: Sequence[Name]) -> dict[frozenset[Name], float]:
        """Return every group of these numbers of which the sum is known, with that sum.

        Raises ValueError for more than `GROUP_MAX` of them.
        """
        if len(hidden) > GROUP_MAX:
            raise ValueError(len(hidden))
        matrix, right = self._matrix()
        free = linalg.null_space(matrix)
        solution = np.linalg.lstsq(matrix, right, rcond=None)[0]
        places = [self.names[name] for name in hidden]
        tried = np.array(list(product((False, True), repeat=len(hidden))), dtype=bool)[1:]
        if not tried.size:
            return {}
        known = (np.abs(tried @ free[places]) < ROUNDING).all(axis=1)
        sums = tried @ solution[places]
        return {
            frozenset(compress(hidden, row)): float(total)
            for row, total in zip(tried[known].tolist(), sums[known].tolist(), strict=True)
        }

    def bounds(self, name: Name) -> tuple[float, float]:
        """Return the least and the most that a number can be, when none is below nothing."""
        matrix, right = self._matrix()
        cost = np.zeros(len(self.names))
        cost[self.names[name]] = 1.0
        ends = []
        for sign in (1.0, -1.0):
            found = optimize.linprog(sign * cost, A_eq=matrix, b_eq=right, bounds=(0, None))
            ends.append(float(found.fun) * sign if found.status == 0 else -sign * np.inf)
        return ends[0], ends[1]
