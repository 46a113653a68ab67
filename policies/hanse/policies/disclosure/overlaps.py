"""The overlaps of areas that cross: sector 12 where it lies in district B, with its counts.

Two zonings that cross may be shown side by side only where somebody knows their overlaps, for their
difference is one. An overlap is never shown, and protected where it is small.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from hanse.policies.disclosure.tree import Link

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """The pieces of a finest overlay, and what is counted in them.

    `inside` says of every piece which areas (`level:code`, one per level) it lies in; a sector that
    no border crosses is a piece by its own name. `counts` are by indicator, period, piece and the
    codes of the breakdowns.
    """

    inside: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    counts: Mapping[Key, float] = field(default_factory=lambda: MappingProxyType({}))

    def links(self) -> Iterator[Link]:
        """Yield the links from the pieces to the areas they lie in, a tree per level."""
        for piece, areas in sorted(self.inside.items()):
            for area in areas:
                if area != piece:
                    yield f"piece>{area.partition(':')[0]}", piece, area

    def of(
        self, indicators: Collection[str], periods: Collection[str]
    ) -> Iterator[tuple[Key, float]]:
        """Yield the counts of some indicators and periods."""
        for key, count in self.counts.items():
            if key[0] in indicators and key[1] in periods:
                yield key, count
