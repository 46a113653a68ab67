"""The index's tables: what every node said of its datasets, and how every look at a node went.

Whatever is filtered on is a column; what is only shown is JSON text. Moments are ISO 8601 text in
UTC. Nothing here is a figure.
"""

from sqlalchemy import BigInteger
from sqlmodel import Field, SQLModel


class RevisionRow(SQLModel, table=True):
    """One row that counts the changes of the index, so that an engine knows how far it has come."""

    __tablename__ = "index_revision"

    id: int = Field(default=1, primary_key=True)
    value: int = 0


class LookRow(SQLModel, table=True):
    """What is in force of one node's feed, and how the last look at it went.

    `sequence`, `snapshot` (digest of the signed content) and `etag` belong to what was applied;
    `code` is empty when the last look was right, else the message that says why it was not.
    `alarm` names the last sign of a node that contradicted itself, until what it says moves on.
    """

    __tablename__ = "index_look"

    agency: str = Field(primary_key=True, max_length=64)
    sequence: int = Field(default=0, sa_type=BigInteger)
    snapshot: str = ""
    etag: str = ""
    issued_at: str = ""
    applied_at: str = ""
    checked_at: str = ""
    confirmed_at: str = ""
    code: str = ""
    parameters: str = "{}"
    refused: bool = False
    failures: int = 0
    alarm: str = ""
    revision: int = Field(default=0, index=True)


class DatasetRow(SQLModel, table=True):
    """A dataset as its node signed it; `absent` when a later snapshot left it out unexplained.

    `entry` is the digest of the whole entry: what did not change is not written again.
    """

    __tablename__ = "index_dataset"

    agency: str = Field(primary_key=True, max_length=64)
    slug: str = Field(primary_key=True, max_length=64)
    theme: str = Field(index=True)
    access: str = Field(index=True)
    release_id: str = ""
    release_no: int = 0
    manifest: str = Field(default="", index=True)
    published_at: str = Field(default="", index=True)
    absent: bool = False
    entry: str
    body: str


class IndicatorRow(SQLModel, table=True):
    """One indicator of one dataset of one node; `subject` groups those about the same thing."""

    __tablename__ = "index_indicator"

    agency: str = Field(primary_key=True, max_length=64)
    slug: str = Field(primary_key=True, max_length=64)
    indicator: str = Field(primary_key=True, max_length=64, index=True)
    subject: str = Field(index=True, max_length=64)
    theme: str = Field(index=True)
    state: str = Field(index=True)
    definition_version: str = ""
    body: str


class LevelRow(SQLModel, table=True):
    """An area level (with its vintage) of one dataset."""

    __tablename__ = "index_level"

    agency: str = Field(primary_key=True, max_length=64)
    slug: str = Field(primary_key=True, max_length=64)
    level: str = Field(primary_key=True, max_length=64, index=True)


class PeriodRow(SQLModel, table=True):
    """A period that a dataset's current release holds."""

    __tablename__ = "index_period"

    agency: str = Field(primary_key=True, max_length=64)
    slug: str = Field(primary_key=True, max_length=64)
    period: str = Field(primary_key=True, max_length=32, index=True)


class TombstoneRow(SQLModel, table=True):
    """Something a node withdrew, for ever."""

    __tablename__ = "index_tombstone"

    agency: str = Field(primary_key=True, max_length=64)
    kind: str = Field(primary_key=True, max_length=16)
    id: str = Field(primary_key=True, max_length=200)
    release_no: int = Field(primary_key=True)
    at: str
    body: str
