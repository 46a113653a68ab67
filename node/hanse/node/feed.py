"""The node's signed feed: one numbered snapshot of everything strangers may know that it offers.

The number grows only when the content does, so whoever holds the newest needs no other. What is
gone is said by a tombstone; a dataset that may no longer be known gets one too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import orjson
from sqlalchemy import Engine
from sqlmodel import Field, Session

from hanse.node import datasets, outbox
from hanse.node.datasets import Dataset
from hanse.node.releases import manifest, registration, tables
from hanse.node.tables import Row, read_moment
from hanse.policies.canonical import canonical, digest
from hanse.policies.signatures import FEED, SigningKey, sign
from hanse.store.session import reading, transaction
from hanse.wire import DatasetEntry, Feed, IndicatorEntry, Manifest, ReleaseEntry, Tombstone

_GONE = {
    "nl": "Niet langer aangeboden.",
    "en": "No longer offered.",
    "fr": "N'est plus proposé.",
}


class FeedRow(Row, table=True):
    """The newest snapshot: its number, the digest of what it says, and the signed text."""

    __tablename__ = "feed"

    id: int = Field(default=1, primary_key=True, sa_column_kwargs={"autoincrement": False})
    sequence: int
    content_digest: str = Field(max_length=72)
    slugs: str
    statement: str


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who speaks in the feed, and from where; `base_url` is where others reach the node."""

    agency: str
    name: str
    kbo: str
    base_url: str
    home: Path
    key: SigningKey
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The signed feed and its entity tag (quoted, as a header holds it)."""

    statement: str
    etag: str
    sequence: int


def snapshot(engine: Engine, publisher: Publisher) -> Snapshot:
    """Return the feed as it is now, signed anew only where its content changed."""
    with reading(engine) as session:
        known = session.get(FeedRow, 1)
        content = _content(session, publisher)
    if known is not None and known.content_digest == _digest(content, publisher):
        return _snapshot(known)
    with transaction(engine) as session:
        outbox.lock(session)
        known = session.get(FeedRow, 1)
        _bury_vanished(session, publisher, known)
        content = _content(session, publisher)
        return _snapshot(_renewed(session, publisher, known, content))


def _renewed(
    session: Session, publisher: Publisher, known: FeedRow | None, content: dict[str, object]
) -> FeedRow:
    at = publisher.clock()
    row = known or FeedRow(sequence=0, content_digest="", slugs="[]", statement="")
    row.sequence += 1
    feed = Feed.model_validate({**content, "sequence": row.sequence, "issued_at": at})
    row.content_digest = _digest(content, publisher)
    row.slugs = orjson.dumps([each.slug for each in feed.datasets]).decode()
    body = canonical(feed.model_dump(mode="json", by_alias=True))
    row.statement = sign(body, FEED, publisher.key)
    session.add(row)
    session.flush()
    return row


def _digest(content: dict[str, object], publisher: Publisher) -> str:
    """Return the digest of what is said and of the key that says it: a new key signs anew."""
    return digest(canonical({**content, "kid": publisher.key.kid}))


def _snapshot(row: FeedRow) -> Snapshot:
    return Snapshot(row.statement, f'"{digest(row.statement.encode())}"', row.sequence)


def _content(session: Session, publisher: Publisher) -> dict[str, object]:
    """Return everything the feed says but its number and moment, as plain JSON."""
    listed = [each for each in datasets.all(session) if each.in_feed]
    slugs = {each.slug for each in listed}
    entries = [entry(publisher.home, each) for each in listed]
    stones = [_in_feed(each) for each in tables.tombstones(session) if _may_tell(each, slugs)]
    return {
        "schema": 1,
        "agency": publisher.agency,
        "name": publisher.name,
        "kbo": publisher.kbo,
        "base_url": publisher.base_url,
        "software": f"hanse {version('hanse')}",
        "datasets": [each.model_dump(mode="json", by_alias=True) for each in entries],
        "tombstones": [each.model_dump(mode="json", by_alias=True) for each in stones],
    }


def entry(home: Path, dataset: Dataset) -> DatasetEntry:
    """Return a dataset as the feed lists it; counts of a governed dataset's cells are left out."""
    contract = dataset.contract
    current = manifest.load(home, dataset.current_digest) if dataset.current_digest else None
    return DatasetEntry.model_validate(
        {
            "slug": contract.slug,
            "title": contract.title,
            "description": contract.description,
            "theme": contract.theme,
            "keywords": list(contract.keywords),
            "access": contract.access.value,
            "licence": contract.licence,
            "contact": contract.contact,
            "contract_version": contract.version,
            "profile": contract.profile,
            "indicators": _listed(current.indicators) if current else [],
            "levels": current.coverage.levels if current else list(contract.levels),
            "periods": current.coverage.periods if current else [],
            "current": _current(dataset, current) if current else None,
        }
    )


def _current(dataset: Dataset, current: Manifest) -> ReleaseEntry:
    return ReleaseEntry.model_validate(
        {
            "release_id": current.release_id,
            "release_no": current.release_no,
            "manifest": dataset.current_digest,
            "published_at": current.published_at,
            "kind": current.kind,
            "coverage": current.coverage if dataset.access == "open" else None,
        }
    )


def _may_tell(stone: tables.TombstoneRow, listed: set[str]) -> bool:
    """Say whether a tombstone belongs in the feed: of a dataset that is listed, or was.

    A dataset that is offered again has no tombstone of its own any more.
    """
    if stone.kind == "dataset":
        return stone.dataset not in listed
    return stone.dataset in listed


def _in_feed(stone: tables.TombstoneRow) -> Tombstone:
    """Return a tombstone with its dataset before its id: `bevolking`, `bevolking/2026-10-01.1`."""
    name = stone.dataset if stone.kind == "dataset" else f"{stone.dataset}/{stone.subject}"
    return Tombstone.model_validate(
        {
            "kind": stone.kind,
            "id": name,
            "release_no": stone.release_no,
            "at": read_moment(stone.at),
            "reason": orjson.loads(stone.reason),
            "replaced_by": stone.replaced_by,
        }
    )


def _bury_vanished(session: Session, publisher: Publisher, known: FeedRow | None) -> None:
    """Set a tombstone for every dataset that the last snapshot named and this one may not."""
    before: Sequence[str] = orjson.loads(known.slugs) if known else []
    now = {each.slug: each for each in datasets.all(session)}
    at = publisher.clock()
    for slug in before:
        row = now.get(slug)
        if row is None or not row.in_feed:
            number = row.current_no if row and row.current_no else 0
            stone = Tombstone(kind="dataset", id=slug, release_no=number, at=at, reason=_GONE)
            registration.bury(session, slug, stone)


def _listed(entries: Sequence[IndicatorEntry]) -> list[IndicatorEntry]:
    """Return the indicators that readers look for: not those behind the figure of a survey."""
    behind = {
        name
        for entry in entries
        if entry.sample
        for name in (
            entry.numerator,
            entry.sample.n,
            entry.sample.base,
            entry.sample.stddev,
            entry.sample.counted,
            entry.sample.lower,
            entry.sample.upper,
        )
    }
    return [entry for entry in entries if entry.id not in behind]
