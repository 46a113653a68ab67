"""Reads the files of somebody's table: the table itself, what belongs to it, and its digest."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hanse.errors import Invalid

TABLE_BYTES_MAX = 2_000_000_000
PLAN_BYTES_MAX = 65_536


def column_of(table: Any, name: str) -> Sequence[Any]:
    """Return a column of a table; raise Invalid where there is none of that name."""
    if name not in table.column_names:
        raise Invalid("DISCLOSURE_COLUMN", column=name, found=", ".join(table.column_names)[:200])
    return list(table[name].to_pylist())


def digest_of(path: Path) -> str:
    """Return the digest of a file, read in pieces."""
    bounded(path, TABLE_BYTES_MAX)
    with path.open("rb") as file:
        return f"sha-256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def json_of(path: Path) -> dict[str, object]:
    """Return a JSON mapping; raise Invalid for anything else."""
    try:
        content = json.loads(bytes_of(path, PLAN_BYTES_MAX))
    except ValueError:
        raise Invalid("DISCLOSURE_FILE", path=path.name) from None
    if not isinstance(content, dict):
        raise Invalid("DISCLOSURE_FILE", path=path.name)
    return content


def table_of(path: Path, *figures: str) -> Any:
    """Return a table (Parquet, CSV or Excel) with its columns of `figures` as numbers.

    Raises Invalid for another file, one that says two things, or one without rows.
    """
    from hanse.cli import tableforms

    bounded(path, TABLE_BYTES_MAX)
    found = tableforms.read(path, figures)
    if not found.num_rows:
        raise Invalid("DISCLOSURE_EMPTY", path=path.name)
    return found


def whole_of(table: Any, name: str) -> Sequence[Any]:
    """Return a column of whole numbers, None where hidden; raise Invalid for any other figure."""
    found = column_of(table, name)
    wrong = [row for row, value in enumerate(found, 1) if not _is_whole(value)]
    if wrong:
        raise Invalid("DISCLOSURE_NOT_WHOLE", column=name, row=wrong[0], count=len(wrong))
    return [None if value is None else int(value) for value in found]


def _is_whole(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and float(value).is_integer())


def codes_of(table: Any, name: str) -> Sequence[str]:
    """Return a column of codes as text, empty where there is none."""
    return ["" if code is None else str(code) for code in column_of(table, name)]


def bytes_of(path: Path, limit: int) -> bytes:
    """Return what a file holds; raise Invalid where it is absent or larger than the limit."""
    bounded(path, limit)
    return path.read_bytes()


def bounded(path: Path, limit: int) -> None:
    """Raise Invalid where a file is absent or larger than the limit, in bytes."""
    if not path.is_file():
        raise Invalid("DISCLOSURE_FILE", path=path.name or str(path))
    size = path.stat().st_size
    if size > limit:
        raise Invalid("DISCLOSURE_TOO_LARGE", what=path.name, found=size, limit=limit)
