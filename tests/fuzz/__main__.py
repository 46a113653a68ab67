"""`python -m tests.fuzz NAME|all --runs N [--seconds S]`: fuzz one reader, or each in turn.

Each reader runs in a process of its own. Ends with a line of counts; exit status 1 when a reader
raised what it may not, with the bytes that made it do so.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import atheris

# What is measured is which lines of the readers were reached; the libraries below stay as they are.
with atheris.instrument_imports(include=["hanse"]):
    from tests.fuzz.readers import READERS

MAX_BYTES = 4_096
SEED = 20_261_101


def fuzz(name: str, runs: int, seconds: int) -> None:
    """Fuzz a reader; does not return: the process ends with the fuzzer's status."""
    reader = READERS[name]

    def once(content: bytes) -> None:
        try:
            reader.read(content)
        except reader.words:
            return

    with tempfile.TemporaryDirectory() as folder:
        for number, seed in enumerate(reader.seeds):
            (Path(folder) / str(number)).write_bytes(seed)
        arguments = [name, f"-runs={runs}", f"-max_len={MAX_BYTES}", f"-seed={SEED}"]
        arguments += [
            "-timeout=10",
            "-rss_limit_mb=2048",
            "-verbosity=0",
            f"-artifact_prefix={folder}/",
        ]
        if seconds:
            arguments.append(f"-max_total_time={seconds}")
        atheris.Setup([*arguments, folder], once)
        atheris.Fuzz()


def apart(name: str, runs: int, seconds: int) -> bool:
    """Fuzz a reader in a process of its own; say whether it held."""
    child = os.fork()
    if child == 0:
        fuzz(name, runs, seconds)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    held = os.waitstatus_to_exitcode(status) == 0
    sys.stdout.write(f"{name}: {runs} runs, {'held' if held else 'BROKE'}\n")
    sys.stdout.flush()
    return held


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("name", choices=["all", *READERS])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--seconds", type=int, default=0)
    given = parser.parse_args()
    names = list(READERS) if given.name == "all" else [given.name]
    broken = [name for name in names if not apart(name, given.runs, given.seconds)]
    total = len(names) * given.runs
    sys.stdout.write(f"{len(names)} readers, {total} runs, broken: {', '.join(broken) or 'none'}\n")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
