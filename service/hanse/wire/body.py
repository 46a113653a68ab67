"""What every body is: strict where it is read, and the forms of its smallest parts."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
Decimal = Annotated[str, Field(pattern=r"^-?[0-9]+(\.[0-9]+)?$")]
"""A decimal number as text: a signed statement holds no floats (see `hanse.policies.canonical`)."""
Digest = Annotated[str, Field(pattern=r"^sha-256:[0-9a-f]{64}$")]
Text = dict[str, str]


class Body(BaseModel):
    """A body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)
