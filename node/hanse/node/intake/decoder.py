"""The caged process: sets its own limits, reads one job from standard input, leaves cells or a
fault."""

import json
import resource
import sys
from collections.abc import Iterable, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

_OUTPUT_FACTOR = 20
"""How much larger than the largest file the decoded cells may be on disk."""

_OUTPUT_BYTES_MIN = 100_000_000


def main() -> int:
    """Run one job; the exit code is 0 when either cells or a fault were written."""
    order = json.loads(sys.stdin.buffer.read())
    confine(order["limits"])
    # Everything that can read a file is imported inside the cage.
    from hanse.errors import HanseError, Invalid

    names = ", ".join(name for name, _ in order["files"])[:200]
    try:
        run(order)
    except HanseError as fault:
        _leave(order, fault)
    except (MemoryError, RecursionError):
        limit = order["limits"]["memory_bytes"]
        _leave(order, Invalid("INTAKE_MEMORY", file=names, limit=limit))
    except BaseException:
        _leave(order, Invalid("INTAKE_UNREADABLE", file=names))
    return 0


def confine(limits: Mapping[str, int]) -> None:
    """Set the limits that the operating system keeps."""
    memory, seconds = limits["memory_bytes"], limits["cpu_seconds"]
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    most = max(limits["file_bytes"] * _OUTPUT_FACTOR, _OUTPUT_BYTES_MIN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))


def run(order: Mapping[str, Any]) -> None:
    """Read the files of a job and write what they say."""
    from hanse.dialects.swing import combine, decode, descriptions
    from hanse.node.intake import tables
    from hanse.node.intake.columns import Columns
    from hanse.node.intake.jobs import Limits
    from hanse.node.intake.result import write_result

    files = [(name, Path(path)) for name, path in order["files"]]
    if order["kind"] == "swing":
        workbook = decode({name: path.read_bytes() for name, path in files})
    else:
        limits = Limits(**order["limits"])
        columns = Columns(order["mapping"], order["level"], order["period"])
        reader = tables.csv_grids if order["kind"] == "csv" else tables.parquet_grids
        grids: Iterable[Any] = chain.from_iterable(
            reader(path, name, columns, limits) for name, path in files
        )
        sheets = {name: Path(path).read_bytes() for name, path in order["described"]}
        workbook = combine(grids, *(descriptions(sheets) if sheets else ()))
    write_result(workbook, Path(order["out"]))


def _leave(order: Mapping[str, Any], fault: Any) -> None:
    document = {
        "word": type(fault).__name__,
        "code": fault.code,
        "parameters": dict(fault.parameters),
    }
    Path(order["out"], "fault.json").write_text(json.dumps(document), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
