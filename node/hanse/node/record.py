"""What the door decided, written down before the first byte leaves: allowed and refused alike.

A record holds who asked, why, for what, by which protocol and with which outcome of every check. It
never holds a figure. Where it cannot be written, nothing leaves.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Engine, insert
from sqlmodel import Field, col, select

from hanse.errors import NotFound
from hanse.node.tables import Row, moment
from hanse.policies.decision import Check
from hanse.policies.request import Request
from hanse.store.journal import Journal
from hanse.store.session import reading

PERMITTED, REFUSED = "permitted", "refused"

_CODES_TOLD = 50


class DecisionRow(Row, table=True):
    """One decision; `checks` and `asked` are JSON. References sort by time."""

    __tablename__ = "decision"

    ref: str = Field(primary_key=True, max_length=32)
    at: str = Field(max_length=32, index=True)
    outcome: str = Field(max_length=16)
    code: str = Field(max_length=40)
    client: str | None = Field(default=None, max_length=63, index=True)
    party: str | None = Field(default=None, max_length=20)
    thumbprint: str | None = Field(default=None, max_length=43)
    purpose: str | None = Field(default=None, max_length=63)
    action: str = Field(max_length=16)
    dataset: str = Field(max_length=63, index=True)
    release_id: str = Field(max_length=32)
    manifest: str = Field(max_length=72)
    format: str = Field(max_length=16)
    protocol: str | None = Field(default=None, max_length=140)
    protocol_version: int | None = None
    content_hash: str | None = Field(default=None, max_length=72)
    register_hash: str = Field(max_length=72)
    rows: int | None = None
    asked: str
    checks: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision as it is written down; `code` is that of a refusal, "" for a permit."""

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


def reference(at: datetime) -> str:
    """Return a new reference: the moment in ms, then chance, so that nobody guesses the next."""
    return f"{int(at.timestamp() * 1000):012x}{secrets.token_hex(10)}"


def journal(engine: Engine) -> Journal:
    """Return the way decisions are written down."""
    return Journal(engine, insert(DecisionRow))


def write(into: Journal, decision: Decision, at: datetime) -> str:
    """Store a decision durably and return its reference.

    Raises `Unavailable` where it cannot be stored: then nothing may leave.
    """
    ref = reference(at)
    into.append({**_values(decision), "ref": ref, "at": moment(at)})
    return ref


def _values(decision: Decision) -> dict[str, Any]:
    asked = decision.request
    return {
        "outcome": REFUSED if decision.code else PERMITTED,
        "code": decision.code,
        "client": asked.client,
        "party": decision.party,
        "thumbprint": asked.thumbprint,
        "purpose": asked.purpose and asked.purpose[:63],
        "action": asked.action,
        "dataset": asked.dataset,
        "release_id": decision.release_id,
        "manifest": decision.manifest,
        "format": asked.format,
        "protocol": decision.protocol,
        "protocol_version": decision.protocol_version,
        "content_hash": decision.content_hash,
        "register_hash": decision.register_hash,
        "rows": decision.rows,
        "asked": orjson.dumps(_asked(asked)).decode(),
        "checks": orjson.dumps([_plain(check) for check in decision.checks]).decode(),
    }


def _plain(check: Check) -> dict[str, Any]:
    # Spelled out: dataclasses.asdict copies deeply and costs more than the decision itself.
    return {
        "name": check.name,
        "passed": check.passed,
        "wanted": check.wanted,
        "had": check.had,
        "clause": check.clause,
    }


def _asked(request: Request) -> dict[str, Any]:
    periods = (request.periods.start, request.periods.end)
    return {
        "indicators": _told(request.indicators),
        "areas": {level: _told(codes) for level, codes in sorted(request.areas.items())},
        "periods": [str(each) if each else None for each in periods],
        "breakdowns": {name: _told(codes) for name, codes in sorted(request.breakdowns.items())},
        "narrow": sorted(request.narrow),
    }


def _told(codes: frozenset[str]) -> list[str] | dict[str, int]:
    # Thousands of codes say less than their number, and anybody may ask for all of open data.
    return sorted(codes) if len(codes) <= _CODES_TOLD else {"count": len(codes)}


def find(engine: Engine, ref: str) -> DecisionRow:
    """Return a recorded decision; `NotFound` where there is none."""
    with reading(engine) as session:
        found = session.get(DecisionRow, ref)
    if found is None:
        raise NotFound("DECISION_UNKNOWN")
    return found


def newest(engine: Engine, limit: int, dataset: str | None = None) -> tuple[DecisionRow, ...]:
    """Return the newest decisions, of one dataset or of all."""
    wanted = select(DecisionRow).order_by(col(DecisionRow.ref).desc()).limit(limit)
    if dataset is not None:
        wanted = wanted.where(DecisionRow.dataset == dataset)
    with reading(engine) as session:
        return tuple(session.exec(wanted))


def as_document(row: DecisionRow) -> Mapping[str, Any]:
    """Return a decision as JSON for whoever audits."""
    plain = row.model_dump()
    return {**plain, "asked": orjson.loads(row.asked), "checks": orjson.loads(row.checks)}
