"""What an answer says about itself in every form: its release, its terms, and how to cite it.

Renderers take cells and a heading and nothing else: no renderer asks, decides or looks anything up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hanse.messages import say

Text = Mapping[str, str]
METHOD_HEADER = "Sdc-Method"
"""The header of an answer whose figures are all perturbed; where small ones are hidden it is not.
"""


@dataclass(frozen=True, slots=True)
class Heading:
    """The facts around a table of cells.

    `manifest` is the digest of the release's signed description, `published_at` an ISO 8601 moment,
    `protocol` the id of the protocol the answer rests on, `decision` the reference it is recorded
    under, `asked` the question as parameters, `url` where the same answer can be had again.
    `sdc_method` says by which method every figure was perturbed, empty where small ones are hidden;
    `indicators` are entries of the index as plain JSON, `onward` and `retention` what the recipient
    is held to.
    """

    dataset: str
    agency: str
    title: Text
    release: str
    manifest: str
    published_at: str
    licence: str
    contact: str
    profile: str
    sdc_method: str = ""
    protocol: str | None = None
    decision: str = ""
    onward: str = ""
    retention: str = ""
    url: str = ""
    publisher: str = ""
    asked: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    indicators: Sequence[Mapping[str, object]] = ()

    def title_in(self, lang: str) -> str:
        """Return the title in a language, in Dutch where that is not there."""
        return self.title.get(lang) or self.title.get("nl", self.dataset)

    def citation(self, lang: str) -> str:
        """Return how to cite: publisher, year, title, release, digest."""
        publisher = self.publisher or self.agency
        year = self.published_at[:4]
        return f"{publisher} ({year}). {self.title_in(lang)}, {self.release}. {self.manifest}"


def perturbed_in(method: str, lang: str) -> str:
    """Return in words what a mark such as `ROUND_SMALL_5` says of figures; empty for no mark."""
    if not method:
        return ""
    kind, _, base = method.rpartition("_")
    if kind == "ROUND_SMALL":
        return say("SDC_ROUND_SMALL", lang, base=base)
    return say("SDC_CELL_KEY", lang)


def described_in(description: str, method: str, lang: str) -> str:
    """Return a description of data, and after it how its figures are perturbed where they are."""
    return "\n\n".join(part for part in (description, perturbed_in(method, lang)) if part)
