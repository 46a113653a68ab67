"""What the door decided, written down before the first byte leaves: allowed and refused alike.

A record holds who asked, why, for what, by which protocol, with which outcome, and on a refusal
every check that failed. It never holds a figure. Where it cannot be written, nothing leaves. It is
an entry of the log; one that still waits for its place in the tree is found all the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert
from sqlmodel import Session, col, select

from hanse.audit.entry import Entry, Sealed, Who, Why, read
from hanse.errors import NotFound
from hanse.node.log import BodyRow, EntryRow, PendingRow, sealed_at
from hanse.policies.decision import Check
from hanse.policies.request import Request
from hanse.store.journal import Journal
from hanse.store.session import reading

PERMITTED, REFUSED = "permitted", "refused"

_CODES_TOLD = 50
_WORDS_TOLD = 80


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it is written down; `code` is that of a refusal, "" for a permit.

    `credential` is the id of the feed token that was used, if one was, and `user` the name a tool
    sent beside it.
    """

    request: Request
    release_id: str
    manifest: str
    register_hash: str
    checks: Sequence[Check]
    party: str | None = None
    code: str = ""
    protocol: str | None = None
    protocol_version: int | None = None
    content_hash: str | None = None
    rows: int | None = None
    hidden: int | None = None
    exchange: str = ""
    credential: str | None = None
    user: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A decision as it was written down; `checks` are those that failed."""

    ref: str
    at: str
    outcome: str
    code: str
    client: str | None
    party: str | None
    thumbprint: str | None
    purpose: str | None
    action: str
    dataset: str
    release_id: str
    manifest: str
    format: str
    protocol: str | None
    protocol_version: int | None
    content_hash: str | None
    register_hash: str
    rows: int | None
    hidden: int | None
    exchange: str
    credential: str | None
    user: str | None
    asked: Mapping[str, Any]
    checks: Sequence[Mapping[str, Any]]


def journal(engine: Engine) -> Journal:
    """Return the way decisions are written down."""
    return Journal(engine, insert(PendingRow).values(ref="", body=""))


def write(into: Journal, decision: Decision, at: datetime) -> Sealed:
    """Store a decision durably and return what was stored.

    Raises `Unavailable` where it cannot be stored: then nothing may leave.
    """
    sealed = sealed_at(_entry(decision), at)
    into.append({"ref": sealed.ref, "body": sealed.body.decode()})
    return sealed


def _entry(decision: Decision) -> Entry:
    asked = decision.request
    failed = [check for check in decision.checks if not check.passed] if decision.code else []
    what = {
        "dataset": asked.dataset,
        "release": decision.manifest,
        "release_id": decision.release_id,
        "action": asked.action,
        "format": asked.format,
        "filter": _asked(asked),
        "rows": decision.rows,
        "hidden": decision.hidden,
        "credential": decision.credential,
        "user": decision.user or None,
    }
    return Entry(
        kind="decision",
        what=what,
        who=Who(asked.client, decision.party, asked.thumbprint),
        why=Why(
            decision.protocol,
            decision.protocol_version,
            decision.content_hash,
            asked.purpose and asked.purpose[:63],
        ),
        decision="deny" if decision.code else "allow",
        code=decision.code,
        checks=[_plain(check) for check in failed],
        exchange=decision.exchange,
        register=decision.register_hash,
    )


def _plain(check: Check) -> dict[str, str]:
    return {
        "name": check.name,
        "wanted": check.wanted[:_WORDS_TOLD],
        "had": check.had[:_WORDS_TOLD],
        "clause": check.clause[:_WORDS_TOLD],
    }


def _asked(request: Request) -> dict[str, Any]:
    """Return the axes that were asked for; one that is empty is left out."""
    periods = [str(each) if each else None for each in (request.periods.start, request.periods.end)]
    told = {
        "indicators": _told(request.indicators),
        "areas": {level: _told(codes) for level, codes in request.areas.items()},
        "periods": periods if any(periods) else None,
        "breakdowns": {name: _told(codes) for name, codes in request.breakdowns.items()},
        "narrow": sorted(request.narrow),
    }
    return {name: value for name, value in told.items() if value}


def _told(codes: frozenset[str]) -> list[str] | dict[str, int]:
    # Thousands of codes say less than their number, and anybody may ask for all of open data.
    return sorted(codes) if len(codes) <= _CODES_TOLD else {"count": len(codes)}


def find(engine: Engine, ref: str) -> Recorded:
    """Return a recorded decision; `NotFound` where there is none, or what it said has expired."""
    with reading(engine) as session:
        body = body_of(session, ref)
    document = read(body.encode()) if body else {}
    if document.get("kind") != "decision":
        raise NotFound("DECISION_UNKNOWN")
    return recorded(document)


def body_of(session: Session, ref: str) -> str | None:
    """Return what an entry says, wherever it is; None where there is none, or it has expired."""
    waiting = session.exec(select(PendingRow.body).where(col(PendingRow.ref) == ref)).first()
    if waiting is not None:
        return waiting
    placed = select(BodyRow.body).join(EntryRow, col(EntryRow.idx) == col(BodyRow.idx))
    return session.exec(placed.where(col(EntryRow.ref) == ref)).first()


def newest(engine: Engine, limit: int, dataset: str | None = None) -> tuple[Recorded, ...]:
    """Return the newest decisions, of one dataset or of all."""
    placed = select(BodyRow.body).where(BodyRow.kind == "decision")
    if dataset is not None:
        placed = placed.where(BodyRow.dataset == dataset)
    waiting = select(PendingRow.body).order_by(col(PendingRow.id).desc())
    with reading(engine) as session:
        bodies = list(session.exec(waiting))
        bodies += session.exec(placed.order_by(col(BodyRow.idx).desc()).limit(limit))
    found = sorted(_decisions(bodies, dataset), key=lambda each: each.ref, reverse=True)
    return tuple(found[:limit])


def _decisions(bodies: Sequence[str], dataset: str | None) -> Iterator[Recorded]:
    for body in bodies:
        document = read(body.encode())
        if document["kind"] == "decision" and dataset in (None, document["what"]["dataset"]):
            yield recorded(document)


def recorded(document: Mapping[str, Any]) -> Recorded:
    """Return a decision's entry as its readers know it."""
    what, who, why = (document.get(part, {}) for part in ("what", "who", "why"))
    asked: dict[str, Any] = {"indicators": [], "areas": {}, "periods": [None, None]}
    return Recorded(
        ref=document["ref"],
        at=document["when"],
        outcome=PERMITTED if document["decision"] == "allow" else REFUSED,
        code=document.get("code", ""),
        client=who.get("client"),
        party=who.get("kbo"),
        thumbprint=who.get("key"),
        purpose=why.get("purpose"),
        action=what["action"],
        dataset=what["dataset"],
        release_id=what["release_id"],
        manifest=what["release"],
        format=what["format"],
        protocol=why.get("protocol"),
        protocol_version=why.get("version"),
        content_hash=why.get("content"),
        register_hash=document["register"],
        rows=what.get("rows"),
        hidden=what.get("hidden"),
        exchange=document.get("exchange", ""),
        credential=what.get("credential"),
        user=what.get("user"),
        asked={**asked, "breakdowns": {}, "narrow": [], **what["filter"]},
        checks=[{**check, "passed": False} for check in document.get("checks", ())],
    )


def as_document(row: Recorded) -> Mapping[str, Any]:
    """Return a decision as JSON for whoever audits."""
    return asdict(row)
