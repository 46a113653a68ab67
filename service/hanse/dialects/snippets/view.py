"""What a snippet pulls: a part of one release of one node, pinned by name and by digest."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from hanse.dialects.snippets import quoting


@dataclass(frozen=True, slots=True)
class View:
    """A part of a release.

    `base_url` is the node's address, `manifest` the digest of the release's signed description.
    What is left empty is not narrowed. `governed` says that a credential is needed; `purpose`
    is for tools that can send no header of their own.
    """

    base_url: str
    agency: str
    dataset: str
    release: str
    manifest: str
    indicators: tuple[str, ...] = ()
    level: str = ""
    areas: tuple[str, ...] = ()
    period: str = ""
    governed: bool = False
    purpose: str = ""

    @property
    def name(self) -> str:
        """What it is called in a program: agency and dataset."""
        return quoting.name(f"{self.agency}_{self.dataset}")

    @property
    def subject(self) -> str:
        """What it is called on our own command line."""
        return f"{self.dataset}/{','.join(self.indicators)}" if self.indicators else self.dataset

    @property
    def parameters(self) -> dict[str, str]:
        """The question, in one fixed order."""
        told = {
            "indicator": ",".join(self.indicators),
            "level": self.level,
            "area": ",".join(self.areas),
            "period": self.period,
            "release": self.release,
            "extent": "permitted",
        }
        return {name: value for name, value in told.items() if value}

    @property
    def node(self) -> str:
        """The node's address without a final slash, as ASCII."""
        return quote(self.base_url.rstrip("/"), safe=":/[]@%")

    @property
    def path(self) -> str:
        """Where the dataset's figures stand on the node, without a slash before it."""
        return f"v1/datasets/{quote(self.dataset, safe='')}/data"

    @property
    def said(self) -> dict[str, str]:
        """The question with its purpose, as a CSV file."""
        return {**self.parameters, **self._purpose, "format": "csv"}

    @property
    def _purpose(self) -> dict[str, str]:
        return {"purpose": self.purpose} if self.purpose else {}

    def address(self, form: str) -> str:
        """Return the whole address of the view as a file of some form."""
        ending = ".parquet" if form == "parquet" else ""
        asked = self.parameters if ending else {**self.parameters, "format": form}
        return self._at(ending, asked)

    @property
    def plain_address(self) -> str:
        """The address of the CSV file for a tool that sends no header: with the purpose in it."""
        return self._at("", self.said)

    def _at(self, ending: str, asked: dict[str, str]) -> str:
        return f"{self.node}/{self.path}{ending}?{urlencode(asked, safe=',:@')}"
