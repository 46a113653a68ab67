"""The first attacker: which hidden cells follow from what is published by linear algebra alone.

Elimination modulo two primes; a cell is determined when it is zero in a random solution of the
homogeneous system, under both.
"""

from collections.abc import Iterable

import numpy as np

from hanse.policies.attackers.system import System

PRIMES = (2_147_483_629, 2_147_483_587)


def determined(system: System) -> set[int]:
    """Return the unknowns that have one possible value only, by their place in the system."""
    found = set(range(system.size))
    for prime in PRIMES:
        found &= _determined(system, prime)
    return found


def _determined(system: System, prime: int) -> set[int]:
    """Return the unknowns that vanish in a random homogeneous solution modulo a prime."""
    steps = _echelon(system, prime)
    draw = np.random.default_rng(prime)
    solution = draw.integers(1, prime, size=system.size).tolist()
    for pivot, row in reversed(steps):
        rest = sum(value * solution[column] for column, value in row.items() if column != pivot)
        solution[pivot] = -rest * pow(row[pivot], -1, prime) % prime
    return {place for place, value in enumerate(solution) if value == 0}


def _echelon(system: System, prime: int) -> list[tuple[int, dict[int, int]]]:
    """Return the pivots with their rows, in the order of elimination: shortest rows first."""
    matrix = system.matrix
    rows: dict[int, dict[int, int]] = {}
    holders: list[set[int]] = [set() for _ in range(system.size)]
    for number in range(matrix.shape[0]):
        span = slice(matrix.indptr[number], matrix.indptr[number + 1])
        rows[number] = {
            column: value % prime
            for column, value in zip(
                matrix.indices[span].tolist(), matrix.data[span].tolist(), strict=True
            )
        }
        for column in rows[number]:
            holders[column].add(number)
    queue = _Shortest((number, len(row)) for number, row in rows.items())
    steps = []
    while (shortest := queue.pop(rows)) is not None:
        row = rows.pop(shortest)
        pivot = min(row, key=lambda column: (len(holders[column]), column))
        for column in row:
            holders[column].discard(shortest)
        inverse = pow(row[pivot], -1, prime)
        for other in sorted(holders[pivot]):
            _subtract(rows[other], row, rows[other][pivot] * inverse % prime, prime)
            for column in row:
                if column in rows[other]:
                    holders[column].add(other)
                else:
                    holders[column].discard(other)
            queue.push(other, len(rows[other]))
        steps.append((pivot, row))
    return steps


def _subtract(row: dict[int, int], pivot: dict[int, int], factor: int, prime: int) -> None:
    """Replace a row by row - factor · pivot."""
    for column, value in pivot.items():
        left = (row.get(column, 0) - factor * value) % prime
        if left:
            row[column] = left
        else:
            row.pop(column, None)


class _Shortest:
    """Rows by length, kept lazily: a row stands in as many buckets as it has had lengths."""

    def __init__(self, lengths: Iterable[tuple[int, int]]) -> None:
        self._buckets: dict[int, list[int]] = {}
        for number, length in lengths:
            self.push(number, length)

    def push(self, number: int, length: int) -> None:
        """Put a row in the bucket of its length."""
        self._buckets.setdefault(length, []).append(number)

    def pop(self, rows: dict[int, dict[int, int]]) -> int | None:
        """Take the shortest row that is not empty, None when all are done."""
        while self._buckets:
            length = min(self._buckets)
            bucket = self._buckets[length]
            number = bucket.pop()
            if not bucket:
                del self._buckets[length]
            if length and number in rows and len(rows[number]) == length:
                return number
        return None
