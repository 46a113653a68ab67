"""Dimensions kept while a release is closed: its populations have much the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from hanse.policies.disclosure.dimension import Dimension
from hanse.policies.disclosure.tree import Forest, Link

Codes = Mapping[str, frozenset[str]]
"""Codes by the name of their dimension."""

NO_CODES: Codes = MappingProxyType({})

KEPT = 16
"""So many are kept from one release, and from one part of it, to the next."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The codes of one dimension whose parts are `short` of them, or that stand `apart`.

    The `inner` ones are overlaps whose numbers are known.
    """

    short: frozenset[str] = frozenset()
    apart: frozenset[str] = frozenset()
    inner: frozenset[str] = frozenset()


class Atlas:
    """Dimensions made before: every population of a release has much the same ones."""

    def __init__(self, partial: Codes, nobody: Codes) -> None:
        self._partial = partial
        self._nobody = nobody
        self._seen: dict[object, Dimension] = {}

    def nobody(self, name: str) -> frozenset[str]:
        """Return the codes of a dimension that are no part of anybody: unknown ones."""
        return self._nobody.get(name, frozenset())

    def dimension(
        self, name: str, links: tuple[Link, ...], loaded: frozenset[str], wrong: "Wrong"
    ) -> Dimension:
        """Return the dimension of the loaded codes; raise Invalid as `from_links` does."""
        partial = wrong.short | self._partial.get(name, frozenset())
        seen = (name, links, partial, wrong.apart, loaded, wrong.inner)
        if seen not in self._seen:
            held = tuple(link for link in links if link[2] not in wrong.apart)
            linked = {code for _, child, parent in held for code in (child, parent)}
            grown = Grown(name, held, loaded - linked, partial, loose=bool(wrong.apart))
            self._seen[seen] = _seen(grown, loaded, self.nobody(name), wrong.inner)
        return self._seen[seen]


@dataclass(frozen=True, slots=True)
class Grown:
    """What a forest grows from: links, codes that stand alone, and what is known to be partial."""

    name: str
    links: tuple[Link, ...]
    alone: frozenset[str]
    partial: frozenset[str]
    loose: bool


@lru_cache(maxsize=KEPT)
def _forest(grown: Grown) -> Forest:
    return Forest.of(grown.name, grown.links, grown.alone, grown.partial, loose=grown.loose)


@lru_cache(maxsize=KEPT)
def _seen(
    grown: Grown, loaded: frozenset[str], nobody: frozenset[str], inner: frozenset[str]
) -> Dimension:
    return _forest(grown).seen(loaded, nobody, inner)
