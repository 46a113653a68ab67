"""Whatever an extent opens, the laid-out bytes give exactly what a naive filter gives."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hanse.cube.cleared import scrub
from hanse.cube.period import Period
from hanse.cube.query import Extent, PeriodWindow
from hanse.errors import Invalid
from hanse.node.releases import layout
from hanse.node.releases.cells import Codec, ReleaseCells, open_cells
from hanse.policies.canonical import canonical
from hanse.store.objects import DirectoryStore
from hanse.wire import Coverage, Manifest

INDICATORS = ("a", "b", "c")
LEVELS = {"statsec@2025": ("11A", "11B", "41A", "41B"), "gemeente@2025": ("11", "41")}
ANCESTORS = {
    "statsec@2025": {code: code[:2] for code in LEVELS["statsec@2025"]},
    "gemeente@2025": {code: code for code in LEVELS["gemeente@2025"]},
}
PERIODS = ("2023", "2024-Q1", "2024", "2024-A1")
SEXES = ("_T", "F", "M")
CALENDARS = {"c": "--09-01"}
NONE = "sha-256:" + "0" * 64

Row = tuple[str, str, str, str, str, float | None, str, str]


@dataclass(frozen=True, repr=False)
class Case:
    rows: tuple[Row, ...]
    cells: ReleaseCells


KEYS = [
    (indicator, level, area, period, sex)
    for indicator in INDICATORS
    for level, areas in LEVELS.items()
    for area in areas
    for period in PERIODS
    for sex in SEXES
]
NAMES = ("indicator", "level", "area", "period", "SEX", "obs_value", "obs_status", "conf_status")


def tabled(rows: tuple[Row, ...]) -> pa.Table:
    columns = list(zip(*rows, strict=True))
    types = [pa.float64() if name == "obs_value" else pa.string() for name in NAMES]
    return pa.table({n: pa.array(c, t) for n, c, t in zip(NAMES, columns, types, strict=True)})


def made(home: Path, rows: tuple[Row, ...], ancestors: dict[str, dict[str, str]]) -> ReleaseCells:
    arranged = layout.arrange(scrub(tabled(rows)), ancestors)
    store = DirectoryStore(home / "data")
    with store.drafting() as folder:
        parts = layout.write(arranged, folder, CALENDARS)
        described = Manifest(
            dataset="x",
            agency="NIS11002",
            release_id="2026-10-01.1",
            release_no=1,
            published_at="2026-10-01T08:00:00Z",
            contract=NONE,
            contract_version="1.0.0",
            profile="open-0",
            profile_digest=NONE,
            title={},
            description={},
            theme="",
            access="open",
            licence="",
            contact="",
            indicators=[],
            coverage=Coverage(cells=0, hidden=0, areas=0, indicators=0, periods=[], levels=[]),
            parts=list(parts),
        )
        address = store.keep(folder, canonical(described.model_dump(mode="json", by_alias=True)))
    return open_cells(home / "data" / address)


def row(key: tuple[str, ...], number: int) -> Row:
    indicator, level, area, period, sex = key
    hidden = number % 5 == 0
    value, status, conf = (None, "Q", "C") if hidden else (float(number), "A", "F")
    return indicator, level, area, period, sex, value, status, conf


@pytest.fixture(scope="module", params=["", "gemeente@2025"])
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    # Batches of a few rows, so that extents cut through them.
    rows = tuple(row(key, number) for number, key in enumerate(KEYS) if number % 7)
    before, layout.BATCH_ROWS = layout.BATCH_ROWS, 10
    try:
        with tempfile.TemporaryDirectory() as home:
            yield Case(rows, made(Path(home), rows, ANCESTORS if request.param else {}))
    finally:
        layout.BATCH_ROWS = before


def subset(codes: tuple[str, ...]) -> st.SearchStrategy[frozenset[str]]:
    return st.sets(st.sampled_from((*codes, "nowhere"))).map(frozenset)


AREAS = st.fixed_dictionaries(
    {}, optional={level: st.none() | subset(codes) for level, codes in LEVELS.items()}
)
PERIOD = st.none() | st.sampled_from([Period.parse(text) for text in ("2023", "2024", "2024-Q2")])
EXTENTS = st.builds(
    Extent,
    indicators=st.none() | subset(INDICATORS),
    areas=st.none() | AREAS,
    periods=st.none() | st.builds(PeriodWindow, PERIOD, PERIOD),
    breakdowns=st.just({}) | st.fixed_dictionaries({"SEX": subset(SEXES)}),
)
MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def naive(rows: tuple[Row, ...], extent: Extent) -> set[Row]:
    return {each for each in rows if opened(each, extent)}


def opened(each: Row, extent: Extent) -> bool:
    indicator, level, area, period, sex = each[:5]
    if extent.indicators is not None and indicator not in extent.indicators:
        return False
    if extent.areas is not None:
        codes = extent.areas.get(level, frozenset())
        if codes is not None and area not in codes:
            return False
    when = Period.parse(period, CALENDARS.get(indicator, ""))
    if extent.periods is not None and not extent.periods.holds(when):
        return False
    return sex in extent.breakdowns.get("SEX", SEXES)


def lines(table: pa.Table) -> list[Row]:
    return [tuple(line.values()) for line in table.to_pylist()]


@MANY
@given(extent=EXTENTS)
def test_a_selection_is_the_naive_filter(case: Case, extent: Extent) -> None:
    found = lines(case.cells.select(extent))
    assert len(found) == len(set(found))
    assert set(found) == naive(case.rows, extent)


@MANY
@given(extent=EXTENTS, codec=st.sampled_from(["raw", "zstd"]))
def test_runs_decode_to_the_naive_filter_and_have_their_length(
    case: Case, extent: Extent, codec: Codec
) -> None:
    runs = case.cells.runs(extent, codec)
    body = b"".join(runs.chunks())
    assert len(body) == runs.length
    found = pa.ipc.open_stream(body).read_all()
    assert found.num_rows == runs.rows
    assert len(set(lines(found))) == found.num_rows
    assert set(lines(found)) == naive(case.rows, extent)
    assert b"".join(case.cells.runs(extent, codec).chunks()) == body


@MANY
@given(extent=EXTENTS)
def test_no_code_outside_the_extent_stands_in_the_bytes(case: Case, extent: Extent) -> None:
    body = b"".join(case.cells.runs(extent, "raw").chunks())
    shown = {value for each in naive(case.rows, extent) for value in each[:5]}
    table = pa.ipc.open_stream(body).read_all()
    for name in ("area", "indicator"):
        for chunk in table.column(name).chunks:
            named = {code for code in chunk.dictionary.to_pylist() if not code.startswith("-")}
            assert named <= shown | _allowed(extent, name)


def _allowed(extent: Extent, name: str) -> set[str]:
    """Codes the extent names itself: the reader knows them already."""
    if name == "indicator":
        return set(INDICATORS if extent.indicators is None else extent.indicators)
    if extent.areas is None:
        return {code for codes in LEVELS.values() for code in codes}
    return {
        code
        for level, codes in extent.areas.items()
        for code in (LEVELS[level] if codes is None else codes)
    }


@settings(MANY, max_examples=40)
@given(extent=EXTENTS)
def test_the_parquet_view_is_the_naive_filter(case: Case, extent: Extent) -> None:
    path = case.cells.parquet(extent)
    assert set(lines(pq.read_table(path))) == naive(case.rows, extent)
    assert case.cells.parquet(extent) == path


@MANY
@given(extent=EXTENTS)
def test_only_an_extent_that_opens_every_cell_is_whole(case: Case, extent: Extent) -> None:
    if case.cells.whole(extent):
        assert naive(case.rows, extent) == set(case.rows)


def test_everything_is_the_file_as_it_was_published(case: Case) -> None:
    for codec, name in layout.FILES.items():
        runs = case.cells.runs(Extent(), codec)  # type: ignore[arg-type]
        assert b"".join(runs.chunks()) == (case.cells.folder / name).read_bytes()
        assert len(runs.ranges) == 1
    assert case.cells.parquet(Extent()) == case.cells.folder / layout.PARQUET


def test_whole_partitions_are_answered_with_bytes_that_exist(tmp_path: Path) -> None:
    rows = tuple(row(key, number) for number, key in enumerate(KEYS))
    cells = made(tmp_path, rows, ANCESTORS)
    extent = Extent(areas={"statsec@2025": frozenset({"11A", "11B"})})
    runs = cells.runs(extent, "raw")
    assert runs.cut == ()
    assert not (tmp_path / "views").exists()
    assert len(runs.ranges) == 1


def test_record_batches_never_cross_a_partition(case: Case) -> None:
    starts = {start for _, _, start, _ in case.cells.index["partitions"]}
    assert starts <= set(case.cells.bounds)


def test_equal_cells_have_one_fingerprint_and_others_another() -> None:
    rows = [row(key, number) for number, key in enumerate(KEYS, 1)]
    hidden = (*rows[0][:5], None, "Q", "C")
    changed = (*rows[0][:5], 77.0, "A", "F")
    prints = [
        layout.fingerprint(layout.arrange(scrub(tabled(tuple(each))), {}))
        for each in (rows, rows[::-1], [hidden, *rows[1:]], [changed, *rows[1:]], rows[1:])
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 4


def test_a_cell_that_stands_twice_is_refused() -> None:
    rows = (row(KEYS[0], 1), row(KEYS[1], 2), row(KEYS[0], 3))
    with pytest.raises(Invalid, match="RELEASE_TWIN"):
        layout.arrange(scrub(tabled(rows)), {})


def test_a_cut_that_is_too_fine_is_refused() -> None:
    count = layout.PARTITIONS_MAX + 1
    rows = tuple(row(("a", "x@2025", str(n), "2024", "_T"), 1) for n in range(count))
    with pytest.raises(Invalid, match="RELEASE_PARTITIONS"):
        layout.arrange(scrub(tabled(rows)), {"x@2025": {str(n): str(n) for n in range(count)}})
    limit = {"x@2025": {str(n): str(n) for n in range(1, count)} | {"0": "1"}}
    assert len(layout.arrange(scrub(tabled(rows)), limit).partitions) == layout.PARTITIONS_MAX


def test_the_parquet_twin_holds_plain_text(case: Case) -> None:
    schema = pq.read_schema(case.cells.folder / layout.PARQUET)
    assert b"ARROW:schema" not in (schema.metadata or {})
    assert {str(each.type) for each in schema} == {"string", "double"}
