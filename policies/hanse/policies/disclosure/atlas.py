"""Dimensions kept while a release is closed: its populations have much the same ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hanse.policies.disclosure.dimension import Dimension
from hanse.policies.disclosure.tree import Forest, Link

Codes = Mapping[str, frozenset[str]]
"""Codes by the name of their dimension."""

NO_CODES: Codes = MappingProxyType({})


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
        self._forests: dict[object, Forest] = {}
        self._seen: dict[object, Dimension] = {}

    def nobody(self, name: str) -> frozenset[str]:
        """Return the codes of a dimension that are no part of anybody: unknown ones."""
        return self._nobody.get(name, frozenset())

    def dimension(
        self, name: str, links: tuple[Link, ...], loaded: frozenset[str], wrong: "Wrong"
    ) -> Dimension:
        """Return the dimension of the loaded codes; raise Invalid as `from_links` does."""
        partial = wrong.short | self._partial.get(name, frozenset())
        linked = {code for _, child, parent in links for code in (child, parent)}
        key = (name, links, loaded - linked, partial, wrong.apart)
        if key not in self._forests:
            held = [link for link in links if link[2] not in wrong.apart]
            loose = bool(wrong.apart)
            self._forests[key] = Forest.of(name, held, loaded, partial, loose=loose)
        seen = (key, loaded, wrong.inner)
        if seen not in self._seen:
            forest = self._forests[key]
            self._seen[seen] = forest.seen(loaded, self.nobody(name), wrong.inner)
        return self._seen[seen]
