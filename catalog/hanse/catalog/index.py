"""The index in tables: applies a snapshot, and answers what is known of datasets and indicators.

A snapshot is applied whole or not at all, and twice is once. A dataset is never deleted because a
later snapshot leaves it out: only its node's signed tombstone removes it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, delete, or_, select, update

from hanse.catalog.concepts import Concepts
from hanse.catalog.snapshots import Snapshot
from hanse.catalog.tables import (
    DatasetRow,
    IndicatorRow,
    LevelRow,
    LookRow,
    PeriodRow,
    RevisionRow,
    TombstoneRow,
)
from hanse.errors import Conflict, HanseError, NotFound
from hanse.policies.canonical import digest
from hanse.wire import DatasetEntry, IndicatorEntry, Tombstone

PAGE_SIZE = 50

_OF_A_DATASET = (DatasetRow, IndicatorRow, LevelRow, PeriodRow)


@dataclass(frozen=True, slots=True)
class Published:
    """An indicator as one node publishes it in one dataset."""

    agency: str
    subject: str
    dataset: DatasetEntry
    indicator: IndicatorEntry


@dataclass(frozen=True, slots=True)
class Known:
    """A dataset of one node, with what that node withdrew of it."""

    agency: str
    dataset: DatasetEntry
    absent: bool
    tombstones: tuple[Tombstone, ...]


def look(session: Session, agency: str) -> LookRow:
    """Return the row on a node's looks, new when it was never looked at."""
    row = session.get(LookRow, agency)
    if row is None:
        row = LookRow(agency=agency)
        session.add(row)
        session.flush()
    return row


def apply(
    session: Session, snapshot: Snapshot, concepts: Concepts, etag: str, now: datetime
) -> bool:
    """Bring the index up to a snapshot; say whether anything changed.

    Raises `Conflict`: FEED_ROLLBACK for a sequence older than the one in force, FEED_FORKED for
    other content under the same sequence, FEED_REWRITTEN for a release that is another one now.
    """
    feed = snapshot.feed
    row = look(session, feed.agency)
    _check_sequence(row, snapshot)
    changed = feed.sequence > row.sequence
    if changed:
        _check_releases(session, feed.agency, feed.datasets)
        _replace(session, feed.agency, feed.datasets, concepts)
        _bury(session, feed.agency, feed.datasets, feed.tombstones)
        row.sequence, row.snapshot = feed.sequence, snapshot.digest
        row.issued_at, row.applied_at = feed.issued_at.isoformat(), now.isoformat()
        row.revision, row.alarm = _next_revision(session), ""
    row.etag = etag
    _confirm(row, now)
    return changed


def confirm(session: Session, agency: str, now: datetime) -> None:
    """Note that a node said that nothing changed."""
    _confirm(look(session, agency), now)


def _confirm(row: LookRow, now: datetime) -> None:
    row.checked_at = row.confirmed_at = now.isoformat()
    row.code, row.parameters, row.failures, row.refused = "", "{}", 0, False


ALARMS = frozenset({"FEED_ROLLBACK", "FEED_FORKED", "FEED_REWRITTEN"})
"""What a node cannot do by accident: it contradicted what it signed before."""


def refuse(
    session: Session, agency: str, fault: HanseError, now: datetime, *, answered: bool
) -> None:
    """Note why the last look at a node changed nothing; what it said before stays."""
    row = look(session, agency)
    row.checked_at, row.code, row.refused = now.isoformat(), fault.code, answered
    row.parameters = json.dumps(dict(fault.parameters))
    row.failures += 1
    if fault.code in ALARMS:
        row.alarm = fault.code


def _check_sequence(row: LookRow, snapshot: Snapshot) -> None:
    feed = snapshot.feed
    if feed.sequence < row.sequence:
        raise Conflict("FEED_ROLLBACK", sequence=feed.sequence, known=row.sequence)
    if feed.sequence == row.sequence and snapshot.digest != row.snapshot:
        raise Conflict("FEED_FORKED", sequence=feed.sequence)


def _check_releases(session: Session, agency: str, entries: Iterable[DatasetEntry]) -> None:
    known = {row.slug: row for row in _datasets_of(session, agency)}
    for entry in entries:
        row, release = known.get(entry.slug), entry.current
        if row is None or release is None or row.release_id != release.release_id:
            continue
        if row.manifest != release.manifest:
            raise Conflict("FEED_REWRITTEN", dataset=entry.slug, release=release.release_id)


def _datasets_of(session: Session, agency: str) -> Sequence[DatasetRow]:
    return session.exec(select(DatasetRow).where(DatasetRow.agency == agency)).all()


def _replace(
    session: Session, agency: str, entries: Iterable[DatasetEntry], concepts: Concepts
) -> None:
    session.exec(update(DatasetRow).where(col(DatasetRow.agency) == agency).values(absent=True))
    known = {row.slug: row for row in _datasets_of(session, agency)}
    for entry in entries:
        row = known.get(entry.slug)
        if row is not None and row.entry == _digest(entry):
            row.absent = False
            continue
        _drop(session, agency, entry.slug)
        session.add_all(_rows(agency, entry, concepts))
    session.flush()


def _digest(entry: DatasetEntry) -> str:
    return digest(entry.model_dump_json().encode("utf-8"))


def _drop(session: Session, agency: str, slug: str) -> None:
    for table in _OF_A_DATASET:
        session.exec(delete(table).where(col(table.agency) == agency, col(table.slug) == slug))


def _rows(
    agency: str, entry: DatasetEntry, concepts: Concepts
) -> Iterator[DatasetRow | IndicatorRow | LevelRow | PeriodRow]:
    release = entry.current
    yield DatasetRow(
        agency=agency,
        slug=entry.slug,
        theme=entry.theme,
        access=entry.access,
        release_id=release.release_id if release else "",
        release_no=release.release_no if release else 0,
        manifest=release.manifest if release else "",
        published_at=release.published_at.isoformat() if release else "",
        entry=_digest(entry),
        body=entry.model_copy(update={"indicators": []}).model_dump_json(),
    )
    for each in entry.indicators:
        yield IndicatorRow(
            agency=agency,
            slug=entry.slug,
            indicator=each.id,
            subject=concepts.subject(each.id, each.concept),
            theme=each.theme or entry.theme,
            state=each.state,
            definition_version=each.definition_version,
            body=each.model_dump_json(),
        )
    yield from (LevelRow(agency=agency, slug=entry.slug, level=each) for each in set(entry.levels))
    for period in set(entry.periods):
        yield PeriodRow(agency=agency, slug=entry.slug, period=period)


def _bury(
    session: Session,
    agency: str,
    entries: Iterable[DatasetEntry],
    tombstones: Iterable[Tombstone],
) -> None:
    """Keep every tombstone, and remove the withdrawn datasets that the snapshot no longer lists."""
    listed = {entry.slug for entry in entries}
    for stone in tombstones:
        session.merge(
            TombstoneRow(
                agency=agency,
                kind=stone.kind,
                id=stone.id,
                release_no=stone.release_no,
                at=stone.at.isoformat(),
                body=stone.model_dump_json(),
            )
        )
        if stone.kind == "dataset" and stone.id not in listed:
            _drop(session, agency, stone.id)


def _next_revision(session: Session) -> int:
    """Count on; the row stays locked, so that no two snapshots share a number."""
    counted = update(RevisionRow).where(col(RevisionRow.id) == 1)
    if not session.exec(counted.values(value=RevisionRow.value + 1)).rowcount:
        session.add(RevisionRow(id=1, value=1))
        session.flush()
    return session.exec(select(RevisionRow.value)).one()


def revision(session: Session) -> int:
    """Return how often the index has changed."""
    return session.exec(select(RevisionRow.value)).first() or 0


def changed_since(session: Session, known: int) -> tuple[str, ...]:
    """Return the agencies whose part of the index changed after revision `known`."""
    rows = session.exec(select(LookRow.agency).where(col(LookRow.revision) > known)).all()
    return tuple(rows)


def regroup(session: Session, concepts: Concepts) -> None:
    """Group every indicator anew: the registry of concepts is another one."""
    for row in session.exec(select(IndicatorRow)):
        claim = IndicatorEntry.model_validate_json(row.body).concept
        row.subject = concepts.subject(row.indicator, claim)


def looks(session: Session) -> Mapping[str, LookRow]:
    """Return how the last look at every node went, by agency."""
    return {row.agency: row for row in session.exec(select(LookRow))}


def subjects_of(session: Session, agency: str) -> frozenset[str]:
    """Return the subjects that an agency publishes."""
    chosen = select(IndicatorRow.subject).where(IndicatorRow.agency == agency).distinct()
    return frozenset(session.exec(chosen).all())


def published(session: Session, subjects: Iterable[str] | None = None) -> Iterator[Published]:
    """Yield publications ordered by subject; all of them, or those of `subjects`."""
    chosen = select(IndicatorRow, DatasetRow).where(
        IndicatorRow.agency == DatasetRow.agency, IndicatorRow.slug == DatasetRow.slug
    )
    if subjects is not None:
        chosen = chosen.where(col(IndicatorRow.subject).in_(tuple(subjects)))
    ordered = chosen.order_by(
        col(IndicatorRow.subject), col(IndicatorRow.agency), col(IndicatorRow.slug)
    )
    return _published(session.exec(ordered).all())


def publishes(session: Session, subject: str) -> bool:
    """Say whether anybody publishes a subject, by the id of a concept or of an indicator."""
    either = or_(IndicatorRow.subject == subject, IndicatorRow.indicator == subject)
    return session.exec(select(IndicatorRow.indicator).where(either).limit(1)).first() is not None


def publications(session: Session, subject: str) -> tuple[Published, ...]:
    """Return who publishes a subject, by the id of a concept or of an indicator.

    Raises `NotFound` when nobody does.
    """
    chosen = (
        select(IndicatorRow, DatasetRow)
        .where(IndicatorRow.agency == DatasetRow.agency, IndicatorRow.slug == DatasetRow.slug)
        .where(or_(IndicatorRow.subject == subject, IndicatorRow.indicator == subject))
        .order_by(col(IndicatorRow.agency), col(IndicatorRow.slug))
    )
    found = tuple(_published(session.exec(chosen).all()))
    if not found:
        raise NotFound("INDICATOR_UNKNOWN")
    return found


def _published(rows: Iterable[tuple[IndicatorRow, DatasetRow]]) -> Iterator[Published]:
    datasets: dict[tuple[str, str], DatasetEntry] = {}
    for indicator, dataset in rows:
        key = (dataset.agency, dataset.slug)
        if key not in datasets:
            datasets[key] = DatasetEntry.model_validate_json(dataset.body)
        entry = IndicatorEntry.model_validate_json(indicator.body)
        yield Published(indicator.agency, indicator.subject, datasets[key], entry)


def dataset(session: Session, agency: str, slug: str) -> Known:
    """Return what is known of one dataset; raises `NotFound` when nothing is."""
    row = session.get(DatasetRow, (agency, slug))
    if row is None:
        raise NotFound("INDEX_DATASET_UNKNOWN")
    return _known(session, [row])[0]


def datasets(session: Session, page: int) -> tuple[tuple[Known, ...], int]:
    """Return one page of datasets by agency and slug, and how many there are."""
    ordered = select(DatasetRow).order_by(col(DatasetRow.agency), col(DatasetRow.slug))
    rows = session.exec(ordered.offset((page - 1) * PAGE_SIZE).limit(PAGE_SIZE)).all()
    total = session.exec(select(func.count()).select_from(DatasetRow)).one()
    return _known(session, rows), total


def every_dataset(session: Session) -> tuple[Known, ...]:
    """Return every dataset by agency and slug, without its tombstones where it has a release."""
    ordered = select(DatasetRow).order_by(col(DatasetRow.agency), col(DatasetRow.slug))
    indicators: dict[tuple[str, str], list[IndicatorEntry]] = {}
    for each in session.exec(select(IndicatorRow).order_by(col(IndicatorRow.indicator))):
        entry = IndicatorEntry.model_validate_json(each.body)
        indicators.setdefault((each.agency, each.slug), []).append(entry)
    stones = _stones(session)
    return tuple(
        Known(
            row.agency,
            DatasetEntry.model_validate_json(row.body).model_copy(
                update={"indicators": indicators.get((row.agency, row.slug), [])}
            ),
            row.absent,
            () if row.release_id else tuple(stones.get((row.agency, row.slug), ())),
        )
        for row in session.exec(ordered)
    )


def _stones(session: Session) -> Mapping[tuple[str, str], list[Tombstone]]:
    """Return the tombstones of whole releases, by dataset, oldest first."""
    chosen = select(TombstoneRow).where(col(TombstoneRow.kind) == "release")
    found: dict[tuple[str, str], list[Tombstone]] = {}
    for row in session.exec(chosen.order_by(col(TombstoneRow.at), col(TombstoneRow.id))):
        stone = Tombstone.model_validate_json(row.body)
        found.setdefault((row.agency, row.id.partition("/")[0]), []).append(stone)
    return found


def withdrawn_datasets(session: Session) -> tuple[tuple[str, Tombstone], ...]:
    """Return what nodes withdrew whole: the agency and the newest tombstone of each dataset."""
    chosen = select(TombstoneRow).where(col(TombstoneRow.kind) == "dataset")
    newest = {
        (row.agency, row.id): Tombstone.model_validate_json(row.body)
        for row in session.exec(chosen.order_by(col(TombstoneRow.at)))
    }
    return tuple((agency, stone) for (agency, _), stone in newest.items())


def _known(session: Session, rows: Sequence[DatasetRow]) -> tuple[Known, ...]:
    agencies = {row.agency for row in rows}
    stones = session.exec(
        select(TombstoneRow)
        .where(col(TombstoneRow.agency).in_(agencies))
        .order_by(col(TombstoneRow.at), col(TombstoneRow.id))
    ).all()
    return tuple(
        Known(
            row.agency,
            _entry(session, row),
            row.absent,
            tuple(
                Tombstone.model_validate_json(stone.body)
                for stone in stones
                if stone.agency == row.agency and _concerns(stone, row.slug)
            ),
        )
        for row in rows
    )


def _concerns(stone: TombstoneRow, slug: str) -> bool:
    return stone.id == slug or stone.id.startswith(f"{slug}/")


def _entry(session: Session, row: DatasetRow) -> DatasetEntry:
    rows = session.exec(
        select(IndicatorRow)
        .where(IndicatorRow.agency == row.agency, IndicatorRow.slug == row.slug)
        .order_by(col(IndicatorRow.indicator))
    ).all()
    indicators = [IndicatorEntry.model_validate_json(each.body) for each in rows]
    return DatasetEntry.model_validate_json(row.body).model_copy(update={"indicators": indicators})
