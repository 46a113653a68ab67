"""Many small questions at once: `wrk` where it is installed, else a reader of our own.

Both ask for a random indicator per request over kept connections and say how many answers came,
how many were no 200, and the median and 99th percentile of the time one took.
"""

import http.client
import json
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

SLOT = "INDICATOR"
"""Stands in a path where the name of the indicator goes."""

SEED = 7

SCRIPT = """
math.randomseed({seed})
local path, count = "{path}", {count}
{headers}
request = function()
  local name = string.format("i%05d", math.random(0, count - 1))
  return wrk.format("GET", (string.gsub(path, "{slot}", name)))
end
done = function(summary, latency)
  io.write(string.format('\\n{{"requests": %d, "bad": %d, "p50": %f, "p99": %f}}\\n',
    summary.requests, summary.errors.status + summary.errors.timeout + summary.errors.read,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


@dataclass(frozen=True, slots=True)
class Load:
    """What to ask: `path` has `SLOT` where one of `count` indicators goes."""

    port: int
    path: str
    count: int
    headers: Mapping[str, str]
    connections: int = 1
    seconds: float = 2.0


@dataclass(frozen=True, slots=True)
class Measured:
    """What came; milliseconds."""

    requests: int
    bad: int
    p50: float
    p99: float


def tool() -> str:
    """Return what the load is made with."""
    return "wrk" if shutil.which("wrk") else "tests.bench.load"


def press(asked: Load) -> Measured:
    """Ask for as long as is said, from another process."""
    with tempfile.TemporaryDirectory(prefix="hanse-load-") as folder:
        command = _wrk(asked, Path(folder)) if shutil.which("wrk") else _own()
        done = subprocess.run(
            command, input=json.dumps(asdict(asked)), capture_output=True, text=True,
            timeout=asked.seconds + 60, check=False,
        )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr.strip()[-200:] or done.stdout[-200:])
    return Measured(**json.loads(done.stdout.strip().splitlines()[-1]))


def _wrk(asked: Load, folder: Path) -> list[str]:
    headers = "\n".join(
        f"wrk.headers[{json.dumps(name)}] = {json.dumps(value)}"
        for name, value in asked.headers.items()
    )
    path = asked.path.replace("\\", "\\\\").replace('"', '\\"')
    script = SCRIPT.format(seed=SEED, path=path, count=asked.count, headers=headers, slot=SLOT)
    file = folder / "ask.lua"
    file.write_text(script)
    return [
        "wrk", "-t1", f"-c{asked.connections}", f"-d{max(round(asked.seconds), 1)}s",
        "--timeout", "20s", "-s", str(file), f"http://127.0.0.1:{asked.port}",
    ]  # fmt: skip


def _own() -> list[str]:
    return [sys.executable, "-m", "tests.bench.load"]


def _answered(asked: Load) -> Measured:
    """Ask over kept connections, a thread for each."""
    times: list[float] = []
    bad: list[int] = []
    end = time.monotonic() + asked.seconds
    threads = [
        threading.Thread(target=_reader, args=(asked, number, end, times, bad))
        for number in range(asked.connections)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=100)
    return Measured(len(times), len(bad), statistics.median(times) * 1e3, cuts[98] * 1e3)


def _reader(asked: Load, number: int, end: float, times: list[float], bad: list[int]) -> None:
    chance = random.Random(SEED + number)  # noqa: S311 which indicator is no secret
    connection = http.client.HTTPConnection("127.0.0.1", asked.port, timeout=20)
    while time.monotonic() < end:
        name = f"i{chance.randrange(asked.count):05d}"
        began = time.perf_counter()
        connection.request("GET", asked.path.replace(SLOT, name), headers=dict(asked.headers))
        response = connection.getresponse()
        response.read()
        times.append(time.perf_counter() - began)
        if response.status != 200:
            bad.append(response.status)
    connection.close()


if __name__ == "__main__":
    print(json.dumps(asdict(_answered(Load(**json.load(sys.stdin))))))
