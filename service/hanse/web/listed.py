"""What a list of datasets tells of one, out of the entry that its node signs for everybody."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from hanse.dialects.dcat.listing import Listing, Measure, Publisher, Release, State, Text
from hanse.wire import DatasetEntry, Tombstone

_NO_TEXT: Final[Text] = {}


def listing(
    entry: DatasetEntry,
    publisher: Publisher,
    *,
    root: str,
    landing: str,
    tombstones: Sequence[Tombstone] = (),
) -> Listing:
    """Return a listing of an entry; `tombstones` tell whether what is not there was withdrawn."""
    current = entry.current
    coverage = current.coverage if current else None
    release = (
        Release(
            id=current.release_id,
            number=current.release_no,
            kind=current.kind,
            published_at=current.published_at,
            cells=coverage.cells if coverage else None,
            hidden=coverage.hidden if coverage else None,
            sdc_method=next((each.sdc_method for each in entry.indicators if each.sdc_method), ""),
        )
        if current
        else None
    )
    gone = [each for each in tombstones if each.kind in ("release", "dataset")]
    state: State = "published" if release else "withdrawn" if gone else "planned"
    return Listing(
        root=root,
        publisher=publisher,
        slug=entry.slug,
        title=entry.title,
        description=entry.description or entry.title,
        theme=entry.theme,
        access=entry.access,
        licence=entry.licence,
        contact=entry.contact,
        version=entry.contract_version,
        landing=landing,
        state=state,
        keywords=_keywords(entry),
        measures=tuple(
            Measure(each.id, each.name, each.unit, each.source) for each in entry.indicators
        ),
        levels=tuple(entry.levels),
        periods=tuple(entry.periods),
        release=release,
        changed_at=_changed(current.published_at if current else None, gone),
        reason=gone[-1].reason if gone and not release else _NO_TEXT,
    )


def _keywords(entry: DatasetEntry) -> tuple[str, ...]:
    words = [*entry.keywords, *(word for each in entry.indicators for word in each.keywords)]
    return tuple(dict.fromkeys(word for word in words if word.strip()))


def _changed(published: datetime | None, gone: Sequence[Tombstone]) -> datetime | None:
    return max([*([published] if published else []), *(each.at for each in gone)], default=None)


def withdrawn(stone: Tombstone, publisher: Publisher, *, root: str, landing: str) -> Listing:
    """Return what is left of a dataset that its node withdrew whole: its URI and the reason."""
    return Listing(
        root=root,
        publisher=publisher,
        slug=stone.id,
        title={"nl": stone.id},
        description=stone.reason,
        theme="",
        access="open",
        licence="",
        contact="",
        version=str(stone.release_no),
        landing=landing,
        state="withdrawn",
        changed_at=stone.at,
        reason=stone.reason,
    )
