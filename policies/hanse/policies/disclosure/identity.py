"""Sums that hold between indicators and over time: the stock of a year is that of the year before,
and what came, less what went.

Whoever knows three of the four figures knows the fourth, so they are relations like any total.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse

from hanse.policies.disclosure.dimension import Dimension, Ints, Sparse


@dataclass(frozen=True, slots=True)
class Term:
    """A number of times an indicator in a period."""

    coefficient: int
    indicator: str
    period: str


Identity = tuple[Term, ...]
"""Terms that add up to zero, for every area and every breakdown."""


def stock_and_flow(
    stock: str, more: Sequence[str], less: Sequence[str], periods: Sequence[str]
) -> tuple[Identity, ...]:
    """Return, for each pair of neighbouring periods: stock then = stock before + more - less.

    `more` and `less` are the flows of the period before, as births within a year add to the count
    on the first day of the next; `periods` are in order.
    """
    return tuple(
        (
            Term(1, stock, after),
            Term(-1, stock, before),
            *(Term(-1, flow, before) for flow in more),
            *(Term(1, flow, before) for flow in less),
        )
        for before, after in pairwise(periods)
    )


def rows_of(identities: Sequence[Identity], dimensions: Sequence[Dimension], period: str) -> Sparse:
    """Return one row of cells per identity and combination of published codes of the others.

    The dimensions are the indicator and whatever else; or the period first, where there is one.
    Identities about indicators or periods the table does not hold are left out.
    """
    shape = tuple(dimension.size for dimension in dimensions)
    firsts = 2 if dimensions[0].name == PERIOD else 1
    others = [np.arange(dimension.published) for dimension in dimensions[firsts:]]
    within = np.ravel_multi_index(np.ix_(*others), shape[firsts:]).ravel()
    size = int(np.prod(shape[firsts:]))
    parts = [sparse.csr_matrix((0, size * int(np.prod(shape[:firsts]))), dtype=np.int64)]
    for identity in identities:
        terms = list(_located(identity, dimensions[:firsts], period))
        if len(terms) == len(identity):
            parts.append(_rows(terms, within, size, parts[0].shape[1]))
    rows = sparse.vstack(parts, format="csr")
    rows.sort_indices()
    return rows


PERIOD = "period"


def _located(
    identity: Identity, dimensions: Sequence[Dimension], period: str
) -> Iterator[tuple[int, int]]:
    """Yield coefficient and place of every term that the table holds."""
    for term in identity:
        codes = (term.period, term.indicator)[-len(dimensions) :]
        here = len(dimensions) > 1 or term.period == period
        if here and all(code in d.codes for code, d in zip(codes, dimensions, strict=True)):
            places = [d.codes.index(code) for code, d in zip(codes, dimensions, strict=True)]
            shape = tuple(dimension.size for dimension in dimensions)
            yield term.coefficient, int(np.ravel_multi_index(tuple(places), shape))


def _rows(terms: Sequence[tuple[int, int]], within: Ints, size: int, cells: int) -> Sparse:
    """Return one row per cell of `within`: the coefficient of every term at that cell."""
    columns = np.concatenate([place * size + within for _, place in terms])
    data = np.repeat([coefficient for coefficient, _ in terms], within.size).astype(np.int64)
    row = np.tile(np.arange(within.size), len(terms))
    return sparse.csr_matrix((data, (row, columns)), shape=(within.size, cells))
