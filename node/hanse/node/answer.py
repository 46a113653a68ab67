"""What the door says: which formats there are, and what an answer or a description holds."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from hanse.areas.registry import Registry
from hanse.cube.changes import Transition
from hanse.cube.cleared import Cleared, Pieces
from hanse.cube.query import Extent
from hanse.dialects.heading import METHOD_HEADER
from hanse.node.releases.views import Runs
from hanse.node.shape import Shape
from hanse.policies.decision import Permit
from hanse.wire import Manifest

Format = Literal[
    "json",
    "csv",
    "xlsx",
    "parquet",
    "arrow",
    "sdmx",
    "odata",
    "delta",
    "pxweb",
    "ogc",
    "swing",
    "mcp",
]
"""What a protocol may let a figure leave as: a file format, or a dialect with its own clients."""

DIALECTS: Final = frozenset({"sdmx", "odata", "pxweb", "ogc", "swing", "mcp"})
"""The formats that are answered piece by piece."""

STREAMED: Final = frozenset({"json", "csv", "xlsx"})
"""The formats that are answered piece by piece where there is more than is rendered at once."""

WHOLE_ROWS: Final = 20_000
"""Up to how many cells an answer is rendered before its first byte leaves."""

FILES: Final = frozenset({"parquet", "delta"})
"""The formats that are answered with a Parquet file."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What leaves: exactly one of `cleared`, `runs` of bytes that exist, a `file` or `pieces`.

    `decision` is the reference of its record, "" where answers of open data are not recorded;
    `receipt` is what the recipient keeps of it.
    """

    manifest: Manifest
    digest: str
    permit: Permit
    extent: Extent
    decision: str
    rows: int
    cleared: Cleared | None = None
    runs: Runs | None = None
    file: Path | None = None
    receipt: str = ""
    exchange: str = ""
    pieces: Pieces | None = None


@dataclass(frozen=True, slots=True)
class Permitted:
    """What somebody may see of a dataset's current release, and on which terms."""

    manifest: Manifest
    digest: str
    permit: Permit
    extent: Extent


@dataclass(frozen=True, slots=True)
class Described:
    """A release as far as somebody may see it in one format: its permit, and every code it has."""

    manifest: Manifest
    digest: str
    permit: Permit
    extent: Extent
    shape: Shape
    register: str
    registry: Registry


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as an explanation sees it: never its figure, only whether and why there is none."""

    manifest: Manifest
    permit: Permit
    status: str | None


@dataclass(frozen=True, slots=True)
class Changed:
    """What changed for a reader between an earlier release and a later one.

    `since` is the release that was compared with, None where there was none yet.
    """

    manifest: Manifest
    digest: str
    permit: Permit
    decision: str
    since: str | None
    changes: Transition
    receipt: str = ""


def told(answer: Answer | Changed) -> dict[str, str]:
    """Return what the headers of every dialect say of an answer: release, protocol, decision.

    `X-Release-Id` is the name that clients of statistical standards look for.
    """
    release = answer.manifest.release_id
    said = {
        "Release": release,
        "X-Release-Id": release,
        "Release-Digest": answer.digest,
        "Protocol": answer.permit.protocol,
    }
    if answer.decision:
        said |= {"Decision": answer.decision, "Audit-Receipt": answer.receipt}
    if answer.manifest.sdc_method:
        said[METHOD_HEADER] = answer.manifest.sdc_method
    return said
