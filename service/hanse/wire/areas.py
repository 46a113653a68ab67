"""The area registry as a catalogue publishes it: tables by digest, in one signed list."""

from typing import Literal

from pydantic import AwareDatetime, ConfigDict, Field

from hanse.wire.body import Body, Digest


class AreaFile(Body):
    """One table: a level with its areas, a correspondence, the levels, or the mergers."""

    name: str = Field(pattern=r"^[A-Za-z0-9_.-]{1,120}$")
    sha256: Digest
    bytes: int


class AreaTables(Body):
    """Every table of the registry; `version` is the digest of their list, so equal is the same."""

    schema_: Literal[1] = Field(1, alias="schema")
    catalogue: str
    version: Digest
    issued_at: AwareDatetime
    files: list[AreaFile] = Field(max_length=400)

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
