"""How things are measured: whole process trees, interleaved rounds, medians, ratios of one table.

Processor seconds are the primary figure: these machines are shared, and wall time drifts with what
else runs. A round runs every variant once; the first round warms up and is not counted.
"""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version

import psutil


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one variant: wall seconds, seconds to the first byte, processor seconds."""

    wall: float
    server_cpu: float
    client_cpu: float
    rows: int
    bytes: int
    first: float = 0.0


@dataclass(slots=True)
class Variant:
    """Something to measure: `run` answers a question and says what it cost.

    `once` is for what takes half a minute: one run, not warmed up.
    """

    name: str
    run: Callable[[], Sample]
    samples: list[Sample] = field(default_factory=list)
    absent: str = ""
    once: bool = False


def cpu_seconds(pid: int) -> float:
    """Return the processor seconds of a process and all below it, to the microsecond.

    Linux lets one process read the CPU clock of another (`clock_getcpuclockid(3)`): accounting in
    ticks of 10 ms would not see an answer that costs 1 ms.
    """
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    return sum(_cpu_clock(process.pid) for process in tree)


def _cpu_clock(pid: int) -> float:
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


def rounds(variants: Sequence[Variant], count: int) -> None:
    """Run every variant once per round; a variant that fails leaves the rounds and says why."""
    for number in range(count + 1):
        for variant in variants:
            if variant.absent or (variant.once and number != 1):
                continue
            try:
                sample = variant.run()
            except (OSError, ValueError, AssertionError, RuntimeError) as fault:
                variant.absent = f"failed: {str(fault)[:80]}"
                continue
            if number:
                variant.samples.append(sample)


def median(variant: Variant, figure: str) -> float:
    """Return the median of one figure over the counted rounds."""
    return float(statistics.median(getattr(each, figure) for each in variant.samples))


def best(variant: Variant, figure: str) -> float:
    """Return the smallest of one figure over the counted rounds."""
    return float(min(getattr(each, figure) for each in variant.samples))


def wait_for(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something answers, or fail."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError("it did not start in time")
        time.sleep(0.05)


def machine() -> str:
    """Return what was measured on, and what else it was busy with."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    memory = psutil.virtual_memory().total / 2**30
    parts = [
        f"{os.cpu_count()} cores ({platform.machine()})",
        f"{memory:.0f} GiB",
        f"{platform.system()} {platform.release().split('-')[0]}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("pyarrow", "fastapi", "uvicorn", "numpy")),
        f"load at the start {load:.1f}",
    ]
    return " · ".join(parts)
