"""However snapshots arrive, the latest one decides what the index holds."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import SQLModel, select
from tests.support.feeds import NOW, FeedNode, dataset, indicator, release, tombstone

from hanse.catalog import concepts, index, snapshots, subjects, tables
from hanse.catalog.search import FACETS, Question
from hanse.catalog.search.engine import TantivySearch
from hanse.catalog.search.memory import MemorySearch
from hanse.catalog.snapshots import Identity, Snapshot
from hanse.errors import Conflict
from hanse.store import engine as store
from hanse.store.session import reading, transaction

REGISTRY = concepts.load()
SLUGS = ("bevolking", "werk", "wonen")
HELD = (
    tables.DatasetRow,
    tables.IndicatorRow,
    tables.LevelRow,
    tables.PeriodRow,
    tables.TombstoneRow,
)


@st.composite
def histories(draw: st.DrawFn) -> list[Snapshot]:
    """Draw what one node said over time: it publishes, revises and withdraws, each on record."""
    node = FeedNode(sequence=0, datasets=[])
    identity = Identity(node.agency, node.base_url, (node.key.public_jwk(),))
    numbers = dict.fromkeys(SLUGS, 0)
    listed: dict[str, object] = {}
    said: list[Snapshot] = []
    for slug in draw(st.lists(st.sampled_from(SLUGS), min_size=1, max_size=6)):
        if slug in listed and draw(st.booleans()):
            del listed[slug]
            node.tombstones.append(tombstone(slug, numbers[slug]))
        else:
            numbers[slug] += 1
            listed[slug] = dataset(
                slug,
                current=release(numbers[slug], slug),
                levels=draw(st.sampled_from([["gemeente@2025"], ["wijk@2025", "gemeente@2025"]])),
                indicators=[
                    indicator(f"{slug}_{number}") for number in range(draw(st.integers(1, 3)))
                ],
            )
        node.publish(*listed.values())  # type: ignore[arg-type]
        said.append(snapshots.read(node.statement(), identity))
    return said


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Snapshot], list[Snapshot]]:
    """Draw a history, and a delivery of it: reordered, repeated, with losses; the latest last."""
    said = draw(histories())
    arriving = draw(st.lists(st.sampled_from(said), max_size=10))
    return said, [*arriving, said[-1]]


def held_after(arriving: Iterable[Snapshot], folder: Path) -> list[list[dict[str, object]]]:
    """Deliver snapshots to a new index and return everything it then holds."""
    engine = store.create(f"sqlite:///{folder / 'catalog.db'}")
    with engine.execution_options(hanse_writes=True).begin() as connection:
        SQLModel.metadata.create_all(connection)
    search = TantivySearch(folder / "index")
    for snapshot in arriving:
        try:
            with transaction(engine) as session:
                index.apply(session, snapshot, REGISTRY, "", NOW)
        except Conflict as fault:
            if fault.code != "FEED_ROLLBACK":
                raise
        with reading(engine) as session:
            subjects.refresh(session, search, REGISTRY)
    with reading(engine) as session:
        rows = [[row.model_dump() for row in session.exec(select(table))] for table in HELD]
        reference = MemorySearch()
        reference.rebuild(subjects.records(index.published(session), REGISTRY), "1")
    engine.dispose()
    found = search.find(Question(size=100))
    expected = reference.find(Question(size=100))
    assert sorted(found.hits, key=lambda hit: hit.id) == sorted(
        expected.hits, key=lambda hit: hit.id
    )
    assert {facet: found.counts[facet] for facet in FACETS} == expected.counts
    return [sorted(each, key=str) for each in rows]


@given(deliveries())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_order_repetition_and_loss_then_the_latest_gives_the_same_index(
    drawn: tuple[Sequence[Snapshot], Sequence[Snapshot]],
) -> None:
    said, arriving = drawn
    with TemporaryDirectory() as one, TemporaryDirectory() as other, TemporaryDirectory() as third:
        straight = held_after(said, Path(one))
        assert held_after(arriving, Path(other)) == straight
        assert held_after([said[-1]], Path(third)) == straight
