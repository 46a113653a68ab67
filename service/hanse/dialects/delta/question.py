"""Questions about a table: the body of a query, and the bounds of a change feed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from hanse.errors import Invalid

FIELDS: Final = frozenset(
    {
        "predicateHints",
        "jsonPredicateHints",
        "limitHint",
        "version",
        "timestamp",
        "startingVersion",
        "endingVersion",
        "includeHistoricalProtocol",
        "maxFiles",
        "pageToken",
        "includeRefreshToken",
        "refreshToken",
        "idempotencyKey",
        "idempotency_key",
    }
)
CHANGES: Final = frozenset(
    {
        "startingVersion",
        "endingVersion",
        "startingTimestamp",
        "endingTimestamp",
        "includeHistoricalMetadata",
        "includeHistoricalProtocol",
        "maxFiles",
        "pageToken",
    }
)
SNAPSHOT: Final = frozenset({"version", "timestamp"})

_NOT_OFFERED: Final = ("startingVersion", "endingVersion", "refreshToken", "pageToken")
_DIGITS_MAX: Final = 9


@dataclass(frozen=True, slots=True)
class When:
    """Which version is meant: by its number, by a moment, or (neither) the newest."""

    version: int | None = None
    at: datetime | None = None

    @property
    def newest(self) -> bool:
        """Whether nothing was said."""
        return self.version is None and self.at is None


def of_body(body: bytes) -> When:
    """Return which version the body of a query means.

    Hints are wishes: wrong ones are no fault, and none of them is a protection. Raises `Invalid`
    for what is no question, what is not offered, and a number that cannot be.
    """
    given = _object(body)
    for name in given:
        if name not in FIELDS:
            raise Invalid("DELTA_FIELD", name=_shown(name), choice=", ".join(sorted(FIELDS)))
    for name in _NOT_OFFERED:
        if given.get(name) is not None:
            raise Invalid("DELTA_OPTION", name=name)
    if given.get("maxFiles") is not None:
        _positive("maxFiles", given["maxFiles"])
    return _when(given, "version", "timestamp")


def of_parameters(given: Mapping[str, str]) -> When:
    """Return which version the parameters of a question about metadata mean."""
    return _when(given, "version", "timestamp")


def span(given: Mapping[str, str]) -> tuple[When, When]:
    """Return the bounds of a change feed, both inclusive; the last may be left open.

    Raises `Invalid` where the first is missing.
    """
    if given.get("pageToken"):
        raise Invalid("DELTA_OPTION", name="pageToken")
    if given.get("maxFiles"):
        _positive("maxFiles", given["maxFiles"])
    first = _when(given, "startingVersion", "startingTimestamp")
    if first.newest:
        raise Invalid("DELTA_START")
    return first, _when(given, "endingVersion", "endingTimestamp")


def moment(name: str, text: object) -> datetime:
    """Return a moment from its ISO 8601 spelling, which must tell its zone."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError as fault:
        raise Invalid("DELTA_VALUE", name=name) from fault
    if found.tzinfo is None:
        raise Invalid("DELTA_VALUE", name=name)
    return found


def page_items(text: str, most: int) -> int:
    """Return how many items a page may have; raises `Invalid` for none or fewer."""
    return min(_positive("maxResults", text), most) if text else most


def _when(given: Mapping[str, Any], version: str, timestamp: str) -> When:
    number, text = given.get(version), given.get(timestamp)
    if number not in (None, "") and text not in (None, ""):
        raise Invalid("DELTA_TWICE", one=version, other=timestamp)
    if number not in (None, ""):
        return When(version=_whole(version, number))
    return When(at=moment(timestamp, text)) if text not in (None, "") else When()


def _whole(name: str, value: object) -> int:
    """Return a whole number of zero or more, given as one or as its digits."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise Invalid("DELTA_VALUE", name=name)
    text = str(value)
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX):
        raise Invalid("DELTA_VALUE", name=name)
    return int(text)


def _positive(name: str, value: object) -> int:
    number = _whole(name, value)
    if not number:
        raise Invalid("DELTA_VALUE", name=name)
    return number


def _object(body: bytes) -> dict[str, Any]:
    try:
        given = json.loads(body or b"{}")
    except (ValueError, RecursionError) as fault:
        raise Invalid("DELTA_BODY") from fault
    if not isinstance(given, dict):
        raise Invalid("DELTA_BODY")
    return given


def _shown(name: str) -> str:
    return name[:40] if name.isprintable() else "?"
