"""Enters releases and withdrawals in the node's database: row, pointer, tombstones, event at once.

Every function here runs inside the one transaction of its caller.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlmodel import Session, col, select

from hanse.audit.entry import Entry
from hanse.cube.contract import Contract
from hanse.errors import Conflict
from hanse.node import datasets, log, outbox
from hanse.node.releases import tables
from hanse.node.tables import moment, read_moment
from hanse.wire import Tombstone


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Which release is withdrawn, why, by whom and when."""

    dataset: str
    release_id: str
    reason: str
    by: str
    at: datetime


def enter(
    session: Session,
    contract: Contract,
    row: tables.ReleaseRow,
    stones: Sequence[Tombstone],
    previous: str | None,
) -> None:
    """Enter a release whose files stand, make it the current one, and put it in the outbox.

    `previous` is the digest of the current release it was compared with. Raises `Conflict` where
    another release of the dataset came in between.
    """
    outbox.lock(session)
    known = datasets.find(session, row.dataset)
    current = known.current_digest if known else None
    if current != previous or _last_no(session, row.dataset) != row.release_no - 1:
        raise Conflict("PUBLISH_OVERTAKEN", dataset=row.dataset)
    dataset = datasets.put(session, contract, row.published_at)
    session.add(row)
    session.flush()
    _point_at(session, dataset, row)
    for stone in stones:
        if stone.kind != "cell":  # those stand in the manifest: a feed of cells would tell figures
            bury(session, row.dataset, stone)
    event = outbox.happened(
        "release.published",
        read_moment(row.published_at),
        dataset=row.dataset,
        release_id=row.release_id,
        manifest=row.digest,
    )
    outbox.append(session, event, announced=dataset.in_feed)
    people = {"by": row.proposed_by, "second": row.approved_by}
    _note(session, "published", row, people, read_moment(row.published_at))


def withdraw(session: Session, withdrawal: Withdrawal) -> tables.ReleaseRow:
    """Mark a release as withdrawn; the newest that stands becomes current, or none does."""
    outbox.lock(session)
    row = tables.find(session, withdrawal.dataset, withdrawal.release_id)
    row.state = tables.WITHDRAWN
    row.withdrawn_at = moment(withdrawal.at)
    row.withdrawn_by = withdrawal.by
    row.withdrawn_reason = withdrawal.reason
    session.add(row)
    session.flush()
    dataset = datasets.get(session, withdrawal.dataset)
    standing = [
        each
        for each in tables.history(session, withdrawal.dataset)
        if each.state == tables.PUBLISHED
    ]
    _point_at(session, dataset, standing[0] if standing else None)
    stone = Tombstone(
        kind="release",
        id=row.release_id,
        release_no=row.release_no,
        at=withdrawal.at,
        reason={"nl": withdrawal.reason},
    )
    bury(session, withdrawal.dataset, stone)
    event = outbox.happened(
        "release.withdrawn",
        withdrawal.at,
        dataset=row.dataset,
        release_id=row.release_id,
        manifest=row.digest,
    )
    outbox.append(session, event, announced=dataset.in_feed)
    _note(session, "withdrawn", row, {"by": withdrawal.by}, withdrawal.at)
    return row


def _note(
    session: Session, event: str, row: tables.ReleaseRow, people: Mapping[str, str], at: datetime
) -> None:
    what = {
        "event": event,
        "dataset": row.dataset,
        "release": row.digest,
        "release_id": row.release_id,
        "kind": row.kind,
    }
    known = {role: name for role, name in people.items() if name}
    log.note(session, Entry(kind="release", what=what, people=known), at)


def bury(session: Session, dataset: str, stone: Tombstone) -> None:
    """Keep a tombstone of a dataset."""
    session.add(
        tables.TombstoneRow(
            dataset=dataset,
            kind=stone.kind,
            subject=stone.id,
            release_no=stone.release_no,
            at=moment(stone.at),
            reason=orjson.dumps(stone.reason).decode(),
            replaced_by=stone.replaced_by,
        )
    )
    session.flush()


def _last_no(session: Session, dataset: str) -> int:
    wanted = (
        select(tables.ReleaseRow.release_no)
        .where(tables.ReleaseRow.dataset == dataset)
        .order_by(col(tables.ReleaseRow.release_no).desc())
    )
    return session.exec(wanted).first() or 0


def _point_at(
    session: Session, dataset: datasets.Dataset, release: tables.ReleaseRow | None
) -> None:
    dataset.current_no = release.release_no if release else None
    dataset.current_id = release.release_id if release else None
    dataset.current_digest = release.digest if release else None
    session.add(dataset)
    session.flush()
