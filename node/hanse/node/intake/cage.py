"""Limits of the decoding process, and the way a file goes in and cells come out of it.

A file may be made to eat the machine: 471 bytes of Parquet become 100 GB. Declared sizes lie, so
the limits that count are the operating system's, set on a process that holds nothing else. It dies
alone.
"""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from hanse.dialects.swing import SwingWorkbook
from hanse.errors import Conflict, HanseError, Invalid, NotFound, Refused, Unavailable
from hanse.node.intake.jobs import Job, Limits
from hanse.node.intake.result import read_result
from hanse.node.settings import NodeSettings

_WORDS = {word.__name__: word for word in (Conflict, Invalid, NotFound, Refused, Unavailable)}
_WALL_FACTOR = 2
"""A process that waits uses no processor time; it may wait as long again."""

_START_SECONDS = 30
"""What starting the process may take on a busy machine."""


def limits(settings: NodeSettings) -> Limits:
    """Return the limits an operator set."""
    return Limits(
        file_bytes=settings.max_upload_bytes,
        memory_bytes=settings.decode_memory_bytes,
        cpu_seconds=settings.decode_seconds,
    )


def read(job: Job, within: Limits) -> SwingWorkbook:
    """Return what the files say, decoded in a process of their own.

    Raises `Invalid` with the first thing that is wrong, or that the limits were reached.
    """
    for path in (*job.files, *job.described):
        _refuse_size(path, within)
    with tempfile.TemporaryDirectory(prefix="hanse-intake-") as folder:
        out = Path(folder)
        _decode(job, within, out)
        return read_result(out)


def _refuse_size(path: Path, limits: Limits) -> None:
    if not path.is_file():
        raise Invalid("INTAKE_FILE_MISSING", file=_shown(path))
    size = path.stat().st_size
    if size > limits.file_bytes:
        raise Invalid("INTAKE_TOO_LARGE", file=_shown(path), bytes=size, limit=limits.file_bytes)


def _shown(path: Path) -> str:
    """Return a file's name fit for a message: no folder, no control or direction characters."""
    return "".join(each if each.isprintable() else "?" for each in path.name)[:100]


def _decode(job: Job, limits: Limits, out: Path) -> None:
    order = {
        "kind": job.kind,
        "mapping": dict(job.mapping),
        "level": job.level,
        "period": job.period,
        "files": [[_shown(path), str(path.resolve())] for path in job.files],
        "described": [[_shown(path), str(path.resolve())] for path in job.described],
        "limits": asdict(limits),
        "out": str(out),
    }
    names = ", ".join(_shown(path) for path in job.files)[:200]
    seconds = limits.cpu_seconds * _WALL_FACTOR + _START_SECONDS
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-m", "hanse.node.intake.decoder"],
            input=json.dumps(order).encode(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={"PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as fault:
        raise Invalid("INTAKE_TIME", file=names, seconds=limits.cpu_seconds) from fault
    if (out / "fault.json").exists():
        raise _fault(json.loads((out / "fault.json").read_text("utf-8")))
    if done.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise Invalid("INTAKE_TIME", file=names, seconds=limits.cpu_seconds)
    if done.returncode == -signal.SIGABRT:  # a library that cannot allocate aborts
        raise Invalid("INTAKE_MEMORY", file=names, limit=limits.memory_bytes)
    if done.returncode != 0:
        raise Invalid("INTAKE_UNREADABLE", file=names)


def _fault(document: Mapping[str, Any]) -> HanseError:
    return _WORDS[document["word"]](document["code"], **document["parameters"])
