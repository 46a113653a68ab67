"""What is to be read, and what reading it may cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True, slots=True)
class Limits:
    """What one import may use: bytes of the file, memory and processor time of the process,
    rows."""

    file_bytes: int = 200_000_000
    memory_bytes: int = 4_000_000_000
    cpu_seconds: int = 300
    rows: int = 50_000_000
    columns: int = 500


@dataclass(frozen=True, slots=True)
class Job:
    """What to read: the kind, the files, and what their columns say.

    `mapping` is column → role (`period`, `measure`, `dimension:SEX`, `skip` …; `*` for all others).
    `level` and `period` stand for a column that is not there. `described` are workbooks with the
    indicator sheet of tables that have none.
    """

    kind: Literal["swing", "csv", "parquet"]
    files: tuple[Path, ...]
    mapping: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    level: str = ""
    period: str = ""
    described: tuple[Path, ...] = ()
