"""Receipts: what a recipient gets to prove what it was given, and nobody else gets to see.

An entry opens to the client it is about, to whoever signs in for the same party, and to whoever
audits; that somebody audited is an entry itself.
"""

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine
from sqlmodel import select

from hanse.audit.entry import Entry, Who, read
from hanse.audit.proof import Proof
from hanse.auth.principal import Principal
from hanse.errors import NotFound, Unauthenticated
from hanse.node import checkpoints, log, record
from hanse.node.log import EntryRow
from hanse.store.session import reading, transaction

AUDITS = "audit:read"


def proof(engine: Engine, caller: Principal, ref: str, at: datetime) -> Proof:
    """Return the proof that an entry is in the log.

    Raises `NotFound` (RECEIPT_UNKNOWN) for an entry that there is not or that is somebody else's,
    `Conflict` (RECEIPT_EARLY) while no checkpoint covers it. An entry that has expired says no more
    whose it was: to whoever holds its reference, the proof still shows that it existed.
    """
    if not _expired(engine, caller, ref):
        _opened(engine, caller, ref, at)
    with reading(engine) as session:
        return checkpoints.prove(session, ref)


def body(engine: Engine, caller: Principal, ref: str, at: datetime) -> bytes:
    """Return what an entry says; raises as `proof` does."""
    return _opened(engine, caller, ref, at)


def _opened(engine: Engine, caller: Principal, ref: str, at: datetime) -> bytes:
    if not caller.known:
        raise Unauthenticated("SIGN_IN_NEEDED")
    with reading(engine) as session:
        content = (record.body_of(session, ref) or "").encode()
    if not content:
        raise NotFound("RECEIPT_UNKNOWN")
    if not _own(caller, read(content).get("who", {})):
        if not caller.may(AUDITS):
            raise NotFound("RECEIPT_UNKNOWN")
        looked(engine, caller, ref, at)
    return content


def _expired(engine: Engine, caller: Principal, ref: str) -> bool:
    with reading(engine) as session:
        placed = select(EntryRow.idx).where(EntryRow.ref == ref)
        stands = session.exec(placed).first() is not None
        return caller.known and stands and record.body_of(session, ref) is None


def _own(caller: Principal, who: Mapping[str, Any]) -> bool:
    same_client = caller.client_id == who.get("client")
    return same_client or (caller.party is not None and caller.party == who.get("kbo"))


def looked(engine: Engine, caller: Principal, ref: str, at: datetime) -> None:
    """Write down that somebody who audits looked at an entry."""
    seen = Entry(
        kind="audit",
        what={"event": "read", "ref": ref},
        who=Who(caller.client_id, caller.party, caller.thumbprint),
    )
    with transaction(engine) as session:
        log.note(session, seen, at)


def lines(hashes: Iterable[bytes]) -> str:
    """Return hashes as lines of base64."""
    return "".join(f"{base64.b64encode(each).decode()}\n" for each in hashes)
