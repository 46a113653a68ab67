"""`python -m tests.bench bulk --rows 1000000`, `slices`, `dialects`, `guard`, `log`, `decisions`,
`sheets`, `scale`, `oracles`, `mutation`, `all`; `--write` keeps them.

Peers are measured where `HANSE_BENCH_PEERS` names a virtual environment that has them.
"""

import argparse
from collections.abc import Callable, Iterator

from tests.bench import bulk, decisions, dialects, guard, log, mutation, scale, sheets, slices
from tests.bench.report import Report, show, write

MEASURED = ("bulk", "slices", "dialects", "guard", "log", "decisions", "sheets", "scale")
SMALL, LARGE = 1_000_000, 10_000_000


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "what", nargs="?", default="all", choices=(*MEASURED, "oracles", "mutation", "all")
    )
    parser.add_argument("--rows", type=int, help="cells of the generated release")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--only", default="", help="dialects with this in their name")
    parser.add_argument("--module", default="", help="the one module to make mutants of")
    parser.add_argument(
        "--write", action="store_true", help="keep the tables in docs and bench.json"
    )
    told = parser.parse_args()
    for report in _reports(told):
        show(report)
        if told.write:
            write(report)


def _reports(told: argparse.Namespace) -> Iterator[Report]:
    rows = told.rows or SMALL
    runs: dict[str, Callable[[], Report]] = {
        "bulk": lambda: bulk.run(rows, told.rounds or bulk.ROUNDS),
        "slices": lambda: slices.run(rows, told.rounds or slices.ROUNDS),
        "dialects": lambda: dialects.run(rows, _rounds(told), told.only),
        "guard": lambda: guard.run(rows),
        "log": log.run,
        "decisions": decisions.run,
        "oracles": decisions.oracles,
        "sheets": sheets.run,
        "scale": lambda: scale.run(rows),
        "mutation": lambda: mutation.run(told.module),  # no measure of speed; ten minutes
    }
    yield from (runs[name]() for name in (MEASURED if told.what == "all" else (told.what,)))


def _rounds(told: argparse.Namespace) -> int:
    """Return how often a dialect is read: none more than once is a number too."""
    return dialects.ROUNDS if told.rounds is None else told.rounds


if __name__ == "__main__":
    main()
