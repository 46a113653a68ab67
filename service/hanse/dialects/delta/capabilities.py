"""What a client says it can read, and what it is told back: the header of capabilities."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hanse.errors import Invalid

HEADER: Final = "delta-sharing-capabilities"
FORMATS: Final = ("delta", "parquet")
"""In order of preference: a client that reads both fetches a file in one piece in the first."""

Form = Literal["delta", "parquet"]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The form of the answer, and whether its end is marked."""

    form: Form = "parquet"
    marks_end: bool = False

    @property
    def header(self) -> str:
        """What the answer says; clients compare the text, so nothing else stands in it."""
        end = ";includeendstreamaction=true" if self.marks_end else ""
        return f"responseformat={self.form}{end}"


def read(text: str) -> Capabilities:
    """Return what a header asks for: Parquet where it names no form.

    Raises `Invalid` (DELTA_FORMAT) where it names only forms that are not made here.
    """
    given = _pairs(text)
    end = given.get("includeendstreamaction", "") == "true"
    named = given.get("responseformat", "")
    if not named:
        return Capabilities("parquet", end)
    wanted = [each.strip() for each in named.split(",")]
    for form in FORMATS:
        if form in wanted:
            return Capabilities("delta" if form == "delta" else "parquet", end)
    raise Invalid("DELTA_FORMAT", choice=", ".join(FORMATS))


def file_hash(text: str) -> Mapping[str, str]:
    """Return the header that answers a wish for ids of files in one form's way."""
    if not text:
        return {}
    if text.lower() not in FORMATS:
        raise Invalid("DELTA_FORMAT", choice=", ".join(FORMATS))
    return {"fileidhash": text.lower()}


def _pairs(text: str) -> dict[str, str]:
    parts = (each.partition("=") for each in text.lower().split(";"))
    return {name.strip(): value.strip() for name, _, value in parts}
