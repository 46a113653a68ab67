"""Proof bundles of this node's log: chosen entries, for whoever must be shown them."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Engine
from sqlmodel import col, select

from hanse.audit import bundle
from hanse.audit.checkpoint import Verifier
from hanse.errors import NotFound
from hanse.node import checkpoints, reports
from hanse.node.log import BodyRow, EntryRow
from hanse.node.reports import Wanted
from hanse.store.session import reading

ENTRIES_MAX: Final = 50_000


def make(engine: Engine, keys: Sequence[Verifier], wanted: Wanted, ref: str = "") -> bytes:
    """Return the bundle of the entries that are wanted and under a checkpoint.

    `keys` are those of the log and its witnesses; `ref` names one entry. `NotFound` where nothing
    is, or no checkpoint was made yet.
    """
    with reading(engine) as session:
        stood = checkpoints.latest(session)
        if ref:
            one = select(BodyRow.idx, BodyRow.body).join(
                EntryRow, col(EntryRow.idx) == col(BodyRow.idx)
            )
            chosen = list(session.exec(one.where(EntryRow.ref == ref)))
        else:
            chosen = list(reports.entries(session, wanted))
        covered = [each for each in chosen if each[0] < stood.size][-ENTRIES_MAX:]
        if not covered:
            raise NotFound("AUDIT_NOTHING")
        proofs = [
            (body.encode(), checkpoints.proof_at(session, place, stood)) for place, body in covered
        ]
    return bundle.write(proofs, stood.note, keys)
