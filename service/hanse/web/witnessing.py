"""Witnessing for other people's logs: `POST /v1/witness/add-checkpoint`, the same in both roles.

C2SP tlog-witness. What was seen is stored before anything is answered; looking, deciding and
storing are one transaction, so of two submissions at once one alone is cosigned. Two roots at one
size prove that a log was rewritten: they are kept, with an alarm, and never cosigned.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter, Request, Response
from sqlalchemy import Engine, Table, insert, select, text, update
from sqlmodel import Session

from hanse.audit.checkpoint import Signer
from hanse.audit.witness import (
    COSIGNED,
    SIZE_TYPE,
    STALE,
    Logs,
    Seen,
    Submission,
    Verdict,
    admit,
    judge,
)
from hanse.store.session import transaction

PATH: Final = "/v1/witness/add-checkpoint"
MEDIA_TYPE: Final = "application/octet-stream"
"""Of a submission: no page of another site can send it."""

_LOCK: Final = 4_211_985
"""The number of the advisory lock under which checkpoints are compared (PostgreSQL)."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Witness:
    """What a witness needs: whose logs, its own key, and where it remembers.

    `seen` holds origin, size, root, at; `evidence` holds those and the note.
    """

    engine: Engine
    seen: Table
    evidence: Table
    logs: Logs
    signer: Signer
    clock: Callable[[], datetime]


def answer(witness: Witness, content: bytes) -> tuple[Verdict, str]:
    """Return what a submission gets: the verdict, and the cosignature line where there is one."""
    submission = admit(content, witness.logs)
    if isinstance(submission, Verdict):
        return submission, ""
    with transaction(witness.engine) as session:
        verdict = _weigh(session, witness, submission)
    if verdict.evidence:
        origin = submission.checkpoint.origin
        log.error("witness.split_view", extra={"peer": origin, "size": submission.checkpoint.size})
    if verdict.status != COSIGNED:
        return verdict, ""
    seconds = int(witness.clock().timestamp())
    return verdict, witness.signer.cosign(submission.note, seconds).line


def _weigh(session: Session, witness: Witness, submission: Submission) -> Verdict:
    if session.get_bind().dialect.name == "postgresql":
        session.connection().execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": _LOCK})
    connection, told = session.connection(), submission.checkpoint
    columns, at = witness.seen.c, witness.clock().isoformat()
    ours = columns.origin == told.origin
    row = connection.execute(select(columns.size, columns.root).where(ours)).first()
    verdict = judge(submission, Seen(row.size, row.root) if row else Seen())
    values = {"size": told.size, "root": told.root, "at": at}
    if verdict.status == COSIGNED and row:
        connection.execute(update(witness.seen).where(ours).values(**values))
    elif verdict.status == COSIGNED:
        connection.execute(insert(witness.seen).values(origin=told.origin, **values))
    elif verdict.evidence:
        _keep(session, witness.evidence, submission, at)
    return verdict


def _keep(session: Session, evidence: Table, submission: Submission, at: str) -> None:
    told, columns = submission.checkpoint, evidence.c
    same = (columns.origin == told.origin, columns.size == told.size, columns.root == told.root)
    if session.connection().execute(select(columns.size).where(*same)).first() is None:
        values = {"origin": told.origin, "size": told.size, "root": told.root, "at": at}
        kept = insert(evidence).values(note=str(submission.note), **values)
        session.connection().execute(kept)


def routes(witness: Witness) -> APIRouter:
    """Return the routes of a witness; who signed is checked by the log's own key."""
    router = APIRouter(tags=["audit"])

    @router.post(
        PATH,
        response_class=Response,
        responses={
            status: {"description": said}
            for status, said in (
                (400, "Malformed, or an old size beyond the checkpoint's."),
                (403, "Not signed by the log's key."),
                (404, "A log this witness does not know."),
                (409, "Another old size; the body is the one last cosigned."),
                (422, "The proof does not hold, or another root at the same size."),
            )
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def add_checkpoint(request: Request) -> Response:
        """Cosign a checkpoint that extends the last one (C2SP tlog-witness)."""
        content = await request.body()
        verdict, line = await asyncio.to_thread(answer, witness, content)
        if verdict.status == STALE:
            return Response(f"{verdict.size}\n", STALE, media_type=SIZE_TYPE)
        return Response(line, verdict.status, media_type="text/plain")

    return router
