"""What every body is: strict where it is read, and the forms of its smallest parts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Decimal = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A decimal number as text: a signed statement holds no floats (see `hanse.policies.canonical`)."""
Digest = Annotated[str, Field(pattern=r"^sha-256:[0-9a-f]{64}$")]
ReleaseId = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$")]
"""The name of a release, such as `2026-10-01.1`: safe in an address, a file name and a script."""
StartDay = Annotated[str, Field(pattern=r"^(--(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8]))?$")]
"""The day a reporting year starts, `--09-01`; empty where it is the calendar year."""
Text = dict[str, str]


class Body(BaseModel):
    """A body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
