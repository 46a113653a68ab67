"""A process that lets children publish one release after another until they are killed; a script.

Arguments: the home folder, the database URL, the private key (JWK). Every line on stdin is one
life: a number of steps after which the child kills itself with SIGKILL, or 0 for a child that is
killed from outside. The child's process id is told on stdout, then `ready`, and how it ended.
"""

import itertools
import os
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, event
from tests.support.presses import SECTOR, TOWN, contract, draft, press

from hanse.node import publish
from hanse.node.publish import Intent, Press
from hanse.policies.signatures import SigningKey
from hanse.store.engine import create

OF = contract(levels=(SECTOR, TOWN), partition_level=TOWN)
EFFECTS = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.chmod", "os.link"})


def lines(seed: int) -> list[tuple[object, ...]]:
    """Return figures of sectors that differ from those of every other seed."""
    sectors: list[tuple[object, ...]] = [
        ("inw", SECTOR, f"{town}{part}", str(year), 10 + seed + place)
        for place, (town, part) in enumerate(itertools.product(("11002", "41002"), "AB"))
        for year in range(2000, 2020)
    ]
    small = (("A", 10 + seed), ("B", 3))
    return [*sectors, *(("inw", SECTOR, f"41002{part}", "2020", n) for part, n in small)]


def tell(text: str) -> None:
    """Say something to whoever started this."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def killed_at(step: int, engine: Engine) -> None:
    """Kill this process before its step so many: an effect on a file, or a word to the database."""
    steps: Iterator[int] = itertools.count(1)

    def one() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def hook(name: str, told: tuple[object, ...]) -> None:
        writes = name == "open" and len(told) == 3 and bool(int(str(told[2] or 0)) & os.O_ACCMODE)
        if name in EFFECTS or writes:
            one()

    sys.addaudithook(hook)
    for name in ("before_cursor_execute", "commit"):
        event.listen(engine, name, lambda *_: one())


def live(on: Press, step: int) -> None:
    """Publish for ever, or until a step; a life that ends by itself had all its steps."""
    publish.prepare(on, draft(lines(0), OF))  # so that what comes is publishing, not importing
    tell("ready")
    if step:
        killed_at(step, on.engine)
    for _ in itertools.count():
        seed = int(datetime.now(UTC).timestamp() * 1e6) % 10**9
        publish.publish(on, draft(lines(seed), OF), Intent(), "an")
        if step:
            break


def main() -> None:
    """Start one child per line, and wait for its end."""
    home, url, jwk = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    key = SigningKey.from_jwk(jwk)
    press(home, create(url)).engine.dispose()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live(press(home, create(url), key=key, clock=lambda: datetime.now(UTC)), int(line))
            os._exit(0)
        tell(str(pid))
        _, status = os.waitpid(pid, 0)
        tell(f"ended {os.waitstatus_to_exitcode(status)}")


if __name__ == "__main__":
    main()
