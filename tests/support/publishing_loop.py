"""A process that publishes one release after another until it is killed; run as a script.

Arguments: the home folder, the database URL, the private key (JWK). One line per release on stdout.
"""

import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path

from tests.support.presses import SECTOR, TOWN, contract, draft, press

from hanse.node import publish
from hanse.node.publish import Intent
from hanse.policies.signatures import SigningKey
from hanse.store.engine import create


def lines(seed: int) -> list[tuple[object, ...]]:
    """Return figures of sectors that differ from those of every other seed."""
    sectors: list[tuple[object, ...]] = [
        ("inw", SECTOR, f"{town}{part}", str(year), 10 + seed + place)
        for place, (town, part) in enumerate(itertools.product(("11002", "41002"), "AB"))
        for year in range(2000, 2020)
    ]
    small = (("A", 10 + seed), ("B", 3))
    return [*sectors, *(("inw", SECTOR, f"41002{part}", "2020", n) for part, n in small)]


def main() -> None:
    """Publish for ever."""
    home, url, jwk = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    on = press(
        home,
        create(url),
        key=SigningKey.from_jwk(jwk),
        clock=lambda: datetime.now(UTC),
    )
    of = contract(levels=(SECTOR, TOWN), partition_level=TOWN)
    publish.prepare(on, draft(lines(0), of))  # so that what comes is publishing, not importing
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for _ in itertools.count():
        seed = int(datetime.now(UTC).timestamp() * 1e6) % 10**9
        row = publish.publish(on, draft(lines(seed), of), Intent(), "an")
        sys.stdout.write(f"{row.release_no}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
