"""Which hidden cells are small and which only protect them: nothing about an answer tells.

A classifier on everything but the figure: place, length, headers, bytes under a null, file size,
statistics of a file, wording, log, latency. Its area under the curve (by ranks) stays about a half.
Cells of one level and breakdown are compared: that larger areas are seldom small is no secret.
"""

import io
import logging
import time
from collections.abc import Iterator, Sequence

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support import strangers
from tests.support.disclosure import bench, secured
from tests.support.strangers import SECTOR, SLUG, Counts, Memory, Town, pulled

from hanse.policies.disclosure import Rules, inside, public

pytestmark = pytest.mark.anyio

BAND = 0.05
ROUNDS = 5
YEARS = range(2016, 2024)
FORMS = ("json", "csv", "csv-spreadsheet", "xlsx", "parquet", "arrow", "arrow&codec=zstd")
Cell = tuple[str, str, str]


def area_under_curve(small: Sequence[float], others: Sequence[float]) -> float:
    """Return how often a small cell scores above another one (ties count half): 0.5 tells nothing.

    Mann and Whitney's statistic, divided by the number of pairs.
    """
    ordered = np.sort(np.asarray(others, dtype=np.float64))
    left = np.searchsorted(ordered, small, side="left")
    right = np.searchsorted(ordered, small, side="right")
    return float((left + right).sum() / (2 * len(small) * len(others)))


def test_the_classifier_sees_a_channel_that_is_there() -> None:
    assert area_under_curve([2, 3, 4], [0, 1, 1]) == 1
    assert area_under_curve([5, 5], [5, 5, 5]) == 0.5


@pytest.mark.needs("shared_data")
def test_neither_place_nor_bytes_tell_in_a_protected_table() -> None:
    """On a large table: the row a cell stands in, and what its file holds of it."""
    found = secured("t10k_nested", Rules())
    shown, told = public(found), inside(found)
    finest = {name: set(bench("t10k_nested")[name].to_pylist()) for name in ("sector", "age")}
    rows: dict[str, list[int]] = {"A": [], "D": []}
    for row, (geo, age, sex, status) in enumerate(
        zip(*(told[name].to_pylist() for name in ("geo", "age", "sex", "conf_status")), strict=True)
    ):
        if geo in finest["sector"] and age in finest["age"] and sex != "Total" and status in rows:
            rows[status].append(row)
    assert min(len(rows["A"]), len(rows["D"])) > 300
    assert abs(area_under_curve(rows["A"], rows["D"]) - 0.5) < BAND
    values = shown["obs_value"].combine_chunks()
    under = np.frombuffer(values.buffers()[1], dtype=np.int64)[: len(values)]
    assert not under[[*rows["A"], *rows["D"]]].any()
    for name in ("obs_status", "conf_status"):
        assert len({shown[name][row].as_py() for row in [*rows["A"], *rows["D"]]}) == 1
    sink = io.BytesIO()
    pq.write_table(shown, sink)
    group = pq.ParquetFile(sink).metadata.row_group(0)
    statistics = [group.column(number).statistics for number in range(group.num_columns)]
    free = pa.array([value for value in values.to_pylist() if value is not None])
    bounds = (min(free.to_pylist()), max(free.to_pylist()))
    assert (statistics[3].min, statistics[3].max) == bounds


def counts() -> Counts:
    """Return figures of several years, so that there are enough hidden cells to compare."""
    draw = np.random.default_rng(6)
    return {
        (row[0], sex, year): int(draw.poisson(draw.choice([2, 9, 30, 80])))
        for row in strangers.codes()
        for sex in strangers.SEXES
        for year in YEARS
    }


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    built = strangers.town(tmp_path_factory.mktemp("node") / "aalst")
    told = {key: count + 1 for key, count in counts().items()}
    built.publish(strangers.contract(), strangers.lines(told))
    built.publish(strangers.contract(), strangers.lines(counts()), "Telfout.")
    yield built
    built.close()


async def kinds(town: Town) -> tuple[list[Cell], list[Cell]]:
    """Return hidden cells of sectors by sex: the small ones, and those that protect them."""
    memory = Memory()
    async with town.client() as client:
        memory.take(await pulled(client))
    true = strangers.atlas().truth(counts())
    cells = sorted(key for key in memory.hidden() if key[0].startswith(SECTOR) and key[1] != "_T")
    small = [key for key in cells if 1 <= true[key] < strangers.SMALL]
    others = [key for key in cells if true[key] >= strangers.SMALL]
    assert min(len(small), len(others)) > 40
    return small, others


def question(cell: Cell) -> str:
    return f"area={cell[0].partition(':')[2]}&SEX={cell[1]}&period={cell[2]}&indicator=inw"


def shape(answer: httpx.Response, cell: Cell) -> tuple[object, ...]:
    """Return an answer without what names the cell itself, and without its hash and its time."""
    moving = {"etag", "date", "decision", "repr-digest", "x-request-id", "traceparent", "trace-id"}
    headers = {name: len(text) for name, text in answer.headers.items() if name not in moving}
    return answer.status_code, len(answer.content), tuple(sorted(headers.items()))


@pytest.mark.parametrize("form", FORMS)
async def test_the_answer_about_one_hidden_cell_is_shaped_like_that_about_any_other(
    town: Town, form: str
) -> None:
    small, others = await kinds(town)
    async with town.client() as client:
        lengths = []
        for cells in (small, others):
            answers = [
                await client.get(f"/v1/datasets/{SLUG}/data?format={form}&{question(cell)}")
                for cell in cells[:40]
            ]
            assert all(answer.status_code == 200 for answer in answers)
            shapes = [shape(a, c) for a, c in zip(answers, cells, strict=False)]
            lengths.append([float(each[1]) for each in shapes])  # type: ignore[arg-type]
            headers = {each[2] for each in shapes}
            assert len(headers) <= 2  # a length of one more digit at most
    assert abs(area_under_curve(*lengths) - 0.5) <= (0 if form != "xlsx" else 0.25)


async def test_the_explanation_of_a_hidden_cell_is_the_same_word_for_word(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    small, others = await kinds(town)
    said: dict[str, set[str]] = {"small": set(), "others": set()}
    logged: dict[str, list[float]] = {"small": [], "others": []}
    async with town.client() as client:
        for kind, cells in (("small", small), ("others", others)):
            for cell in cells[:40]:
                caplog.clear()
                with caplog.at_level(logging.DEBUG, logger="hanse"):
                    answer = await client.get(f"/v1/datasets/{SLUG}/explain?{question(cell)}")
                said[kind].add(answer.text)
                logged[kind].append(float(len(caplog.text)))
    assert len(said["small"] | said["others"]) == 1
    assert abs(area_under_curve(logged["small"], logged["others"]) - 0.5) < BAND


async def test_the_row_of_a_hidden_cell_does_not_tell(town: Town) -> None:
    """Rows go by code and not by kind: told apart within one sector, period by period."""
    async with town.client() as client:
        table = await pulled(client)
    names = ("level", "area", "period", "SEX")
    keys = [tuple(row[name] for name in names) for row in table.to_pylist()]
    others = await _again(town)
    assert keys == others  # the same question gives the same order
    by_area: dict[str, list[tuple[str, ...]]] = {}
    for key in keys:
        by_area.setdefault(key[1], []).append(key[2:])
    assert len({tuple(order) for order in by_area.values()}) == 1  # hidden or not: one order


async def _again(town: Town) -> list[tuple[str, ...]]:
    async with town.client() as client:
        table = await pulled(client)
    names = ("level", "area", "period", "SEX")
    return [tuple(row[name] for name in names) for row in table.to_pylist()]


async def test_the_time_an_answer_takes_does_not_tell(town: Town) -> None:
    """A channel that is there would show in every round; noise does not."""
    small, others = await kinds(town)
    cells = [*((cell, 0) for cell in small), *((cell, 1) for cell in others)]
    draw = np.random.default_rng(3)
    seen = []
    async with town.client() as client:
        for path in ("explain?", "data?format=csv&"):
            for _ in range(ROUNDS):
                taken: tuple[list[float], list[float]] = ([], [])
                for place in draw.permutation(len(cells)).tolist():
                    cell, kind = cells[place]
                    begin = time.perf_counter()
                    await client.get(f"/v1/datasets/{SLUG}/{path}{question(cell)}")
                    taken[kind].append(time.perf_counter() - begin)
                seen.append(area_under_curve(*taken))
                if abs(seen[-1] - 0.5) < BAND:
                    break
            assert abs(seen[-1] - 0.5) < BAND, seen
