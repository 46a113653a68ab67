"""How things are measured: whole process trees, interleaved rounds, medians, ratios of one table.

Processor seconds are the primary figure: these machines are shared, and wall time drifts with what
else runs. A round runs every variant once; the first round warms up and is not counted.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import psutil


@dataclass(frozen=True, slots=True)
class Sample:
    """One run of one variant: wall seconds, and processor seconds of server and client."""

    wall: float
    server_cpu: float
    client_cpu: float
    rows: int
    bytes: int


@dataclass(slots=True)
class Variant:
    """Something to measure: `run` answers a question and says what it cost."""

    name: str
    run: Callable[[], Sample]
    samples: list[Sample] = field(default_factory=list)
    absent: str = ""


def cpu_seconds(pid: int) -> float:
    """Return user and system seconds of a process and all below it."""
    try:
        tree = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0.0
    for process in tree:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


def rounds(variants: Sequence[Variant], count: int) -> None:
    """Run every variant once per round; a variant that fails leaves the rounds and says why."""
    for number in range(count + 1):
        for variant in variants:
            if variant.absent:
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


def wait_for(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    """Wait until something answers, or fail."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            raise RuntimeError("it did not start in time")
        time.sleep(0.05)
