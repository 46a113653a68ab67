"""What is asked of one dataset of one node, and how it is spelled in a URL."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import quote, urlencode


@dataclass(frozen=True, slots=True)
class Question:
    """A question to a dataset; what is left empty is not narrowed.

    `level` is `level@vintage`, or several with commas between; `periods` a period or `from:to` in
    canonical spelling. `permitted` asks for exactly what the permit opens where the question leaves
    room; without it a question that is wider than the permit is refused whole, for an answer is
    never silently partial.
    """

    dataset: str
    indicators: tuple[str, ...] = ()
    level: str = ""
    areas: tuple[str, ...] = ()
    periods: str = ""
    breakdowns: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    release: str = ""
    purpose: str = ""
    permitted: bool = False

    @property
    def path(self) -> str:
        """Where the dataset's data stands on a node."""
        return f"/v1/datasets/{quote(self.dataset, safe='')}/data"

    def parameters(self, file_format: str) -> dict[str, str]:
        """Return the query parameters, in one fixed order."""
        told = {
            "indicator": ",".join(self.indicators),
            "level": self.level,
            "area": ",".join(self.areas),
            "period": self.periods,
            **{name: ",".join(codes) for name, codes in sorted(self.breakdowns.items())},
            "release": self.release,
            "extent": "permitted" if self.permitted else "",
            "format": file_format,
        }
        return {name: value for name, value in told.items() if value}

    def target(self, file_format: str) -> str:
        """Return path and query."""
        return f"{self.path}?{urlencode(self.parameters(file_format), safe=',:@')}"

    def digest(self, node: str, party: str, file_format: str) -> str:
        """Return what names this question, by this party to this node, in a cache."""
        told = "\n".join((node, party, self.purpose, self.target(file_format)))
        return hashlib.sha256(told.encode("utf-8")).hexdigest()
