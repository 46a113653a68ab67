"""Which vintage of a level a file means: read from the codes it holds, not from its name alone."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Detection:
    """The answer. `level_id` is None when no vintage fits, or several fit equally well.

    `known` and `unknown` are the codes the best vintage has and has not; `candidates` are the level
    ids that fit best, newest first. `ambiguous` says that the codes do not tell the candidates
    apart: whoever loads must say which. `same_territory` says that it makes no difference, because
    every code is the same piece of land in all of them.
    """

    level_id: str | None
    known: frozenset[str]
    unknown: frozenset[str]
    candidates: tuple[str, ...] = ()
    ambiguous: bool = False
    same_territory: bool = False


def choose(areas: Mapping[str, Collection[str]], codes: Collection[str]) -> Detection:
    """Return which of the vintages fits the codes: the one that misses the fewest.

    `areas` holds the codes of every vintage that may be meant, newest first.
    """
    wanted = frozenset(codes)
    missing = {level_id: wanted.difference(known) for level_id, known in areas.items()}
    fewest = min((len(codes) for codes in missing.values()), default=0)
    best = tuple(level_id for level_id in missing if len(missing[level_id]) == fewest)
    if not best or fewest == len(wanted):
        return Detection(None, frozenset(), wanted, tuple(areas) if wanted else ())
    unknown = missing[best[0]]
    chosen = best[0] if len(best) == 1 else None
    return Detection(chosen, wanted - unknown, unknown, best, ambiguous=chosen is None)
