"""How far a reader can rely on what the index says of a node: its last look, and its age."""

import json
from datetime import datetime
from typing import Literal

from hanse.catalog.tables import LookRow
from hanse.messages import LANGUAGES, catalogue, explain
from hanse.wire import Harvest

STALE_AFTER_LOOKS = 3
"""Looks that may be missed before what is known of a node is called stale."""

_SAID = ("what", "where", "why")


def freshness(row: LookRow | None, now: datetime, every_seconds: int) -> Harvest:
    """Return the state of what is known of a node, `every_seconds` being the time between looks."""
    if row is None or not row.checked_at:
        return Harvest(state="never")
    confirmed = datetime.fromisoformat(row.confirmed_at) if row.confirmed_at else None
    age = max(0, int((now - confirmed).total_seconds())) if confirmed else None
    return Harvest(
        state=_state(row, age, every_seconds),
        sequence=row.sequence,
        snapshot=row.snapshot or None,
        checked_at=datetime.fromisoformat(row.checked_at),
        confirmed_at=confirmed,
        age_seconds=age,
        code=row.code,
        why={lang: sentence(row.code, row.parameters, lang) for lang in LANGUAGES},
        alarm=bool(row.alarm),
    )


def _state(
    row: LookRow, age: int | None, every_seconds: int
) -> Literal["never", "fresh", "stale", "refused"]:
    if row.code and row.refused:
        return "refused"
    if row.code or age is None or age > STALE_AFTER_LOOKS * every_seconds:
        return "stale"
    return "fresh"


def sentence(code: str, parameters: str, lang: str) -> str:
    """Return why a look failed, in words; empty when it did not."""
    if code not in catalogue():
        return ""
    parts = explain(code, lang, **json.loads(parameters))
    return " ".join(parts[name] for name in _SAID if parts.get(name))
