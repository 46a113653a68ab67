"""The clock of everything that is not a test; whoever needs the time is handed this."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return this moment, in UTC."""
    return datetime.now(UTC)
