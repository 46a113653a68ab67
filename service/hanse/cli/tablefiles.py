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


def table_of(path: Path) -> Any:
    """Return a Parquet table; raise Invalid for another file, or one without rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    bounded(path, TABLE_BYTES_MAX)
    try:
        found = pq.read_table(path)
    except (pa.ArrowException, OSError):
        raise Invalid("DISCLOSURE_FILE", path=path.name) from None
    if not found.num_rows:
        raise Invalid("DISCLOSURE_EMPTY", path=path.name)
    return found


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
