"""Periods as the index reads them: by their canonical spelling alone.

A feed does not say when a reporting year starts; `2024-A1` is read as a Flemish school year, from
1 September, which orders it rightly among the others.
"""

from functools import lru_cache

from hanse.cube.period import Period

SCHOOL_YEAR = "--09-01"


@lru_cache(maxsize=10_000)
def read_period(text: str) -> Period:
    """Return a period; raises `Invalid` (PERIOD_UNKNOWN) for one that does not exist."""
    return Period.parse(text, SCHOOL_YEAR if "-A" in text else "")
