"""Which release comes next: its number, its name, and whether its version says enough."""

from datetime import UTC, datetime
from pathlib import Path

from sqlmodel import Session

from hanse.cube.contract import Contract
from hanse.errors import Conflict
from hanse.node.releases import manifest, tables
from hanse.node.releases.difference import Difference


def numbered(session: Session, dataset: str, at: datetime) -> tuple[str, int]:
    """Return the name and the number of the next release of a dataset: `2026-10-01.2`, 7."""
    earlier = tables.history(session, dataset)
    day = at.astimezone(UTC).date().isoformat()
    ids = [row.release_id.split(".") for row in earlier]
    same_day = [int(number) for date, number in ids if date == day]
    number = max((row.release_no for row in earlier), default=0) + 1
    return f"{day}.{max(same_day, default=0) + 1}", number


def check_version(home: Path, contract: Contract, previous: str | None, found: Difference) -> None:
    """Raise `Conflict` where what breaks for readers does not have a new major version."""
    if previous is None or not found.breaking:
        return
    was = manifest.load(home, previous).contract_version
    if int(contract.version.split(".")[0]) <= int(was.split(".")[0]):
        raise Conflict("PUBLISH_BREAKING", dataset=contract.slug, version=was)
