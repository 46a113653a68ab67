"""Bytes that no person would write, at every reader and at a running node and catalogue.

`HANSE_FUZZ_RUNS` and `HANSE_FUZZ_EXAMPLES` make it as long as one has patience for.
"""

import os
import subprocess
import sys

import pytest
from tests.support.needs import ROOT

RUNS = int(os.environ.get("HANSE_FUZZ_RUNS", "1000"))


@pytest.mark.skipif(sys.platform != "linux", reason="the fuzzer is built for Linux")
def test_no_reader_raises_what_it_may_not() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "all", "--runs", str(RUNS)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=280 + RUNS / 100,
    )
    counted = done.stdout.splitlines()[-1]
    sys.stdout.write(f"{counted}\n")
    assert done.returncode == 0, done.stderr[-4_000:]
    assert counted.endswith("broken: none")


def test_a_reader_that_breaks_is_seen() -> None:
    program = (
        "from tests.fuzz import readers, __main__ as m\n"
        "def read(content):\n"
        "    if len(content) > 2 and content[0] == 72: raise IndexError('planted')\n"
        "m.READERS = {'planted': readers.Reader(read, seeds=(b'Haa',))}\n"
        "print(m.apart('planted', 1000, 0))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "planted: 1000 runs, BROKE" in done.stdout, done.stderr[-2_000:]
    assert done.stdout.endswith("False\n")
