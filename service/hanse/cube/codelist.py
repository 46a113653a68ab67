"""Codes of one breakdown dimension, with an explicit total."""

from dataclasses import dataclass, field

TOTAL = "_T"
NOT_APPLICABLE = "_Z"
UNKNOWN = "_U"


@dataclass(frozen=True, slots=True)
class Code:
    """One code; `parent` is the coarser code it is part of, `notation` its source's spelling."""

    id: str
    name: dict[str, str]
    parent: str | None = None
    notation: str = ""


@dataclass(frozen=True, slots=True)
class Codelist:
    """The codes of one dimension in display order; `version` is semver."""

    id: str
    codes: tuple[Code, ...]
    version: str = "1.0.0"
    name: dict[str, str] = field(default_factory=dict)

    def code(self, code_id: str) -> Code | None:
        """Return the code with this id, or None."""
        return next((code for code in self.codes if code.id == code_id), None)


@dataclass(frozen=True, slots=True)
class Dimension:
    """A breakdown of a cube: its upper-case id is also the column name in a cell table.

    `concept` names what it divides by, in words of the house (`age`): breakdowns of two datasets
    with one concept are the same, whatever they are called, with two concepts never.
    """

    id: str
    codelist: Codelist
    name: dict[str, str] = field(default_factory=dict)
    concept: str = ""
