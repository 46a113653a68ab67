"""Collected figures of thirteen cities, compared by each engine: the same answer, and its price.

Generated cells lie in a folder and behind an S3 server on loopback; the cluster is Sail with two
workers. Every engine answers the same two questions: how all cities spread over everything (every
cell is read, few come back), and one year of every sector, per inhabitant and ranked (many come
back). Answers are held against each other before a figure is printed.
"""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
from pyarrow import fs
from tests.bench.measure import cpu_seconds
from tests.bench.report import Report, Table
from tests.support import engines
from tests.support.themes import CITIES
from tests.support.tiny_node import TinyNode, TinyRelease

from hanse.areas import Registry
from hanse.client.collection.comparing import compare
from hanse.client.collection.engine import EMBEDDED, engine
from hanse.client.collection.place import Place
from hanse.client.collection.statements import Comparing, Source
from hanse.client.comparison import Comparison, gathered
from hanse.client.conversation import Pulled
from hanse.client.federation import Wish
from hanse.client.shape import Shape
from hanse.wire import Manifest, MemberEntry

YEARS = tuple(str(year) for year in range(2015, 2025))
SUBJECTS = ("inw", "geb")
LEVEL = "statsec@2025"
WISH = Wish(level="statsec", periods="2024", shape=Shape(per="inw", times=1_000, rank=True))


@dataclass(frozen=True, slots=True)
class Way:
    """One engine over one place."""

    name: str
    engine: str
    place: Place


def run(rows: int) -> Report:
    """Compare by every engine; raises `AssertionError` where two answers differ."""
    os.environ.update(engines.KEYS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        s3 = stack.enter_context(engines.store(folder))
        spark = stack.enter_context(engines.cluster(folder, s3))
        bucket = fs.S3FileSystem(
            endpoint_override=s3.partition("://")[2], scheme="http", allow_bucket_creation=True
        )
        bucket.create_dir("figuren")
        near, far = Place.open(str(folder / "kept")), Place.open("s3://figuren/kept", s3)
        cells = sum(_filled((near, far), *each, rows) for each in enumerate(CITIES.items()))
        ways = (
            Way("DuckDB over a folder", EMBEDDED, near),
            Way("DuckDB over S3", EMBEDDED, far),
            Way("Sail, two workers, over S3", spark, far),
        )
        measured = [_measured(way) for way in ways]
    first = measured[0]
    for other in measured[1:]:
        _alike(first, other)
    table = Table(
        ("engine", "spread of all: wall s", "CPU s", "one year: wall s", "CPU s", "cells back"),
        tuple((way.name, *each.figures) for way, each in zip(ways, measured, strict=True)),
    )
    return Report(
        name="scale",
        command=f"python -m tests.bench scale --rows {rows}",
        tables=[table],
        notes=[
            f"{cells:,} cells of {len(CITIES)} cities; the answers are the same on every engine,"
            " means and deviations to one part in 10⁹",
            "CPU: of the engine; for one year also of what marks every cell, in this process",
        ],
    )


@dataclass(frozen=True, slots=True)
class _Measured:
    spread: pa.Table
    year: Comparison
    figures: tuple[float, ...]


def _measured(way: Way) -> _Measured:
    _spread(way)  # the first one also starts threads and workers
    with _cost(way) as whole:
        spread = _spread(way)
    with _cost(way) as year:
        found = compare(way.place, engine(way.engine), "geb", WISH, _no_registry)
    return _Measured(spread, found, (*whole, *year, float(found.table.num_rows)))


def _spread(way: Way) -> pa.Table:
    kept = way.place.kept(SUBJECTS)
    columns = tuple(kept[0].about.columns)
    with closing(engine(way.engine)) as opened:
        opened.view("figures_0", way.place, [each.path for each in kept])
        return opened.ask(Comparing((Source("figures_0", columns),)).spreads())


def _no_registry() -> Registry:
    raise AssertionError("nobody asked for other areas")


def _alike(first: _Measured, other: _Measured) -> None:
    assert first.year.table.equals(other.year.table)
    for ours, theirs in zip(first.spread.to_pylist(), other.spread.to_pylist(), strict=True):
        for name, value in ours.items():
            near = isinstance(value, float) and abs(value - theirs[name]) <= 1e-9 * abs(value)
            assert near or value == theirs[name], name


@contextmanager
def _cost(way: Way) -> Iterator[list[float]]:
    """Give wall and processor seconds of a block, this process and the cluster's together."""
    found: list[float] = []
    wall, spent = time.perf_counter(), _cpu(way)
    yield found
    found += [time.perf_counter() - wall, _cpu(way) - spent]


def _cpu(way: Way) -> float:
    if way.engine == EMBEDDED:
        return time.process_time()
    children = psutil.Process().children()
    cluster = next(each for each in children if any("sail" in word for word in each.cmdline()))
    return time.process_time() + cpu_seconds(cluster.pid)


def _filled(places: tuple[Place, ...], number: int, city: tuple[str, str], rows: int) -> int:
    """Keep one city's figures in every place; return how many cells."""
    code, name = city
    sectors = max(1, rows // (len(CITIES) * len(SUBJECTS) * len(YEARS)))
    table = _cells(code, number, sectors)
    node = TinyNode(f"NIS{code}", name, [])
    few = table.take([0, table.num_rows - 1])  # one row of every subject says all it must
    manifest = Manifest.model_validate(TinyRelease(few, "buurten").manifest(node.agency))
    member = MemberEntry.model_validate({**node.member(), "base_url": "http://127.0.0.1"})
    pulled = Pulled(
        table=table,
        node=member.base_url,
        agency=node.agency,
        name=name,
        release=manifest.release_id,
        manifest=manifest,
        manifest_digest="sha-256:" + "0" * 64,
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    for place in places:
        place.keep(member, pulled, gathered([pulled]), at)
    return int(table.num_rows)


def _cells(code: str, number: int, sectors: int) -> pa.Table:
    """Return generated figures; one in a hundred births is hidden."""
    draw = np.random.default_rng(number)
    areas = np.array([f"{code}A{each:05d}" for each in range(sectors)])
    size = sectors * len(YEARS)
    tables = []
    for subject in SUBJECTS:
        value = draw.integers(1, 5_000, size).astype(float)
        hidden = (draw.random(size) < 0.01) & (subject == "geb")
        tables.append(
            pa.table(
                {
                    "indicator": pa.array([subject] * size),
                    "level": pa.array([LEVEL] * size),
                    "area": pa.array(np.tile(areas, len(YEARS))),
                    "period": pa.array(np.repeat(np.array(YEARS), sectors)),
                    "obs_value": pa.array(value, mask=hidden),
                    "obs_status": pa.array(np.where(hidden, "Q", "A")),
                    "conf_status": pa.array(np.where(hidden, "C", "F")),
                }
            )
        )
    return pa.concat_tables(tables)
