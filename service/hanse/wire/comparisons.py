"""The body of a comparison: figures in columns, every node's account, every reason."""

from typing import Literal

from pydantic import AwareDatetime, Field

from hanse.wire.body import Body


class NodeAccount(Body):
    """What one node gave to a question that went to many, or why it gave nothing."""

    agency: str
    name: str
    node: str
    dataset: str
    state: str
    code: str
    sentence: str
    cells: int
    release: str
    manifest: str
    published_at: AwareDatetime | None
    protocol: str
    decision: str
    reused: bool
    seconds: float
    index_age_seconds: int | None


class ReasonEntry(Body):
    """Why figures of one origin do not simply compare, and of how many cells it is said."""

    origin: str
    origin_name: str
    mark: str
    code: str
    sentence: str
    cells: int


class ElsewhereEntry(Body):
    """Periods without a figure on a level, where the dataset has other vintages of that level."""

    origin: str
    origin_name: str
    dataset: str
    level: str
    periods: list[str]
    levels: list[str]
    sentence: str


class SpreadEntry(Body):
    """How the areas of one level lie in one period; `coverage` is the part that has a number."""

    indicator: str
    level: str
    period: str
    of: int
    shown: int
    coverage: float
    lowest: float | None
    median: float | None
    mean: float | None
    highest: float | None
    deviation: float | None


class TrendEntry(Body):
    """How a series went from its first number to its last; None where it cannot be said."""

    indicator: str
    level: str
    area: str
    first: str
    last: str
    change: float | None
    percent: float | None
    yearly: float | None
    broken: bool


class End(Body):
    """One side of a difference."""

    area: str
    period: str


class DifferenceEntry(Body):
    """What lies between two figures of samples, and whether it is sure."""

    indicator: str
    level: str
    first: End
    second: End
    difference: float | None
    margin: float | None
    significant: bool | None
    code: str
    sentence: str


class ComparisonAnswer(Body):
    """Figures of many nodes side by side; `data` has a list per column, all of one length.

    Every cell has its key, value and status, whose it is and from which release, its mark and the
    codes of the reasons; `reasons` says those in words. A cell without a number has null.
    """

    schema_: Literal[1] = Field(1, alias="schema")
    seconds: float
    deadline_seconds: float
    complete: bool
    nodes: list[NodeAccount]
    reasons: list[ReasonEntry]
    elsewhere: list[ElsewhereEntry] = Field(default_factory=list)
    columns: list[str]
    rows: int
    data: dict[str, list[float | str | None]]
    spread: list[SpreadEntry] = Field(default_factory=list)
    trends: list[TrendEntry] = Field(default_factory=list)
    differences: list[DifferenceEntry] = Field(default_factory=list)
