"""What the log says after a restore: what it came back to, and which entries are gone for good.

A witness that saw more than there is now keeps refusing the log under its old name. So where
entries are lost, a signed entry says which, and the log goes on under a new name; the old one keeps
its end, and what was proven under it stays proven.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from hanse.audit.checkpoint import origin_of
from hanse.audit.entry import Entry
from hanse.errors import Conflict, Invalid
from hanse.node import home, log, sequencer
from hanse.node.settings import NodeSettings
from hanse.store.session import reading, transaction

SUFFIXES = ("", "-2", "-3", "-4", "-5", "-6", "-7", "-8", "-9")


@dataclass(frozen=True, slots=True)
class Restored:
    """A restore: the log's size now, the size its witnesses saw, who says so and why."""

    witnessed: int
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Told:
    """What was written down: the reference of the entry, and the log's origin from now on."""

    ref: str
    size: int
    lost: int
    origin: str
    suffix: str


def tell(engine: Engine, settings: NodeSettings, found: Restored, at: datetime) -> Told:
    """Write down a restore, and give the log a new name where entries are lost for good.

    `found.witnessed` is the largest size that a witness cosigned. Raises `Invalid` without a
    reason, `Conflict` where every name is used.
    """
    if not found.reason.strip() or found.witnessed < 0:
        raise Invalid("AUDIT_RESTORED", part="reason" if found.witnessed >= 0 else "witnessed")
    sequencer.catch_up(engine)
    with reading(engine) as session:
        size = sequencer.size(session)
    lost = max(found.witnessed - size, 0)
    suffix = _next(settings.audit_suffix) if lost else settings.audit_suffix
    origin = origin_of(settings.resource, suffix)
    what = {
        "event": "restored",
        "size": size,
        "witnessed": found.witnessed,
        "first": size if lost else None,
        "last": found.witnessed - 1 if lost else None,
        "origin": origin,
        "reason": found.reason[:300],
    }
    with transaction(engine) as session:
        ref = log.note(session, Entry(kind="restore", what=what, people={"by": found.by}), at)
    if lost:
        keep(settings.home, suffix)
    return Told(ref, size, lost, origin, suffix)


def keep(folder: Path, suffix: str) -> None:
    """Put the new end of the log's name into the node's settings file."""
    file = folder / home.ENVIRONMENT
    lines = file.read_text("utf-8").splitlines()
    name = "HANSE_NODE_AUDIT_SUFFIX="
    kept = [line for line in lines if not line.startswith(name)]
    file.write_text("\n".join([*kept, f'{name}"{suffix}"']) + "\n", "utf-8")


def _next(suffix: str) -> str:
    place = SUFFIXES.index(suffix) + 1
    if place == len(SUFFIXES):
        raise Conflict("AUDIT_RESTORED_OFTEN", limit=len(SUFFIXES))
    return SUFFIXES[place]
