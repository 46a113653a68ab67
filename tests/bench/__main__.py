"""`python -m tests.bench bulk --rows 1000000`, `slices`, `guard`, `log`, `decisions`, `mutation`,
`all`; `--write` keeps them.

Peers are measured where `HANSE_BENCH_PEERS` names a virtual environment that has them.
"""

import argparse
from collections.abc import Iterator

from tests.bench import bulk, decisions, guard, log, mutation, slices
from tests.bench.report import Report, show, write

MEASURED = ("bulk", "slices", "guard", "log", "decisions")
SMALL, LARGE = 1_000_000, 10_000_000


def main() -> None:
    """Measure what is asked for and print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", nargs="?", default="all", choices=(*MEASURED, "mutation", "all"))
    parser.add_argument("--rows", type=int, help="cells of the generated release")
    parser.add_argument("--rounds", type=int)
    parser.add_argument(
        "--write", action="store_true", help="keep the tables in docs and bench.json"
    )
    told = parser.parse_args()
    for report in _reports(told):
        show(report)
        if told.write:
            write(report)


def _reports(told: argparse.Namespace) -> Iterator[Report]:
    if told.what in ("bulk", "all"):
        yield bulk.run(told.rows or SMALL, told.rounds or bulk.ROUNDS)
    if told.what in ("slices", "all"):
        yield slices.run(told.rows or SMALL, told.rounds or slices.ROUNDS)
    if told.what in ("guard", "all"):
        yield guard.run(told.rows or SMALL)
    if told.what in ("log", "all"):
        yield log.run()
    if told.what in ("decisions", "all"):
        yield decisions.run()
    if told.what == "mutation":  # no measure of speed, and many minutes
        yield mutation.run()


if __name__ == "__main__":
    main()
