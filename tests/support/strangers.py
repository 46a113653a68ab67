"""A node of a town with many small counts, and strangers who pool what they may pull.

The town is small enough to attack in a second: sectors in districts, school zones that cross the
districts, two municipalities, both sexes, two years. The strangers know what everybody knows (which
sector lies where, that men and women are everybody) and what the node answers them, nothing else.
"""

import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from fastapi import FastAPI
from tests.support import agreed, callers, presses
from tests.support.callers import BASE_URL, CATALOGUE, KBO, Moment, credentials

from hanse.areas import Registry
from hanse.areas.area import Area
from hanse.areas.correspondence import Correspondence, Row, RowType
from hanse.areas.level import Level
from hanse.cube.contract import Contract
from hanse.node import areas, home
from hanse.node.app import create_app
from hanse.node.publish import Intent, Press, publish
from hanse.node.running import Node
from hanse.node.settings import NodeSettings
from hanse.policies.attackers import (
    Codes,
    Needs,
    Published,
    System,
    audit,
    determined,
    equations,
    narrowed,
    read,
)
from hanse.policies.attackers.intervals import INFINITE
from hanse.policies.profile import Profile
from hanse.store.engine import create
from hanse.store.session import transaction

SECTOR, DISTRICT, ZONE, TOWN = "statsec@2025", "wijk@2025", "zone@2025", "gemeente@2025"
LEVELS = (SECTOR, DISTRICT, ZONE, TOWN)
TOWNS, SECTORS = ("11002", "41002"), 12
SEXES, YEARS, SMALL = ("F", "M"), (2023, 2024), 5
SLUG = "bevolking"

Key = tuple[str, str, str]
"""Area (`level:code`), sex, year."""
Counts = Mapping[tuple[str, str, int], int]
"""Sector, sex, year → people."""


def codes() -> list[tuple[str, str, str, str]]:
    """Return every sector with its district, its school zone and its municipality."""
    return [
        (f"{town}S{number:02}", f"{town}W{number // 3}", f"{town}Z{(number + 2) // 4}", town)
        for town in TOWNS
        for number in range(SECTORS)
    ]


@dataclass(frozen=True, slots=True)
class Map:
    """Which area of every level each sector lies in; `rows` have one code per level."""

    levels: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def plus(self, level: str, area_of: Mapping[str, str]) -> "Map":
        """Return the map with one more level, told by sector."""
        rows = tuple((*row, area_of[row[0]]) for row in self.rows)
        return Map((*self.levels, level), rows)

    def registry(self) -> Registry:
        """Return the areas as a node keeps them: every level is made of sectors."""
        found = Registry()
        for at, level in enumerate(self.levels):
            plain = [Area(code=code, name=code) for code in sorted({row[at] for row in self.rows})]
            name, vintage = level.split("@")
            rank = 30 if name == "gemeente" else 10 + 10 * bool(at)
            found = found.with_level(Level(name, vintage, {"nl": name}, rank), plain)
        for child, parent in self._nested():
            pairs = sorted({(row[child], row[parent]) for row in self.rows})
            rows = tuple(Row(one, other, RowType.AGGREGATE) for one, other in pairs)
            link = Correspondence(self.levels[child], self.levels[parent], rows)
            found = found.with_correspondence(link)
        return found

    def _nested(self) -> list[tuple[int, int]]:
        """Return the pairs of levels of which one lies in the other."""
        pairs = []
        for one in range(len(self.levels)):
            for other in range(len(self.levels)):
                joint = {(row[one], row[other]) for row in self.rows}
                if one != other and len(joint) == len({row[one] for row in self.rows}):
                    pairs.append((one, other))
        return [pair for pair in pairs if pair[::-1] not in pairs or pair[0] < pair[1]]

    def codes(self) -> Codes:
        """Return which sectors every area holds, as everybody can see."""
        pieces: dict[str, set[str]] = {}
        for row in self.rows:
            for level, code in zip(self.levels, row, strict=True):
                pieces.setdefault(f"{level}:{code}", set()).add(row[0])
        return Codes("area", {code: frozenset(held) for code, held in sorted(pieces.items())})

    def truth(self, counts: "Counts") -> dict[Key, int]:
        """Return every count there is, added up here and nowhere else; sectors as pieces too."""
        found: dict[Key, int] = {}
        areas = {
            row[0]: (
                f"piece:{row[0]}",
                *(f"{level}:{code}" for level, code in zip(self.levels, row, strict=True)),
            )
            for row in self.rows
        }
        for (code, sex, year), count in counts.items():
            for area in areas[code]:
                for each in (sex, "_T"):
                    key = (area, each, str(year))
                    found[key] = found.get(key, 0) + count
        return found


def atlas() -> Map:
    """Return the map of the two towns."""
    return Map(LEVELS, tuple(codes()))


@cache
def inner() -> Counts:
    """Return the counts by sector, sex and year; about a quarter of them small."""
    draw = np.random.default_rng(41)
    return {
        (row[0], sex, year): int(draw.poisson(draw.choice([2, 9, 30, 80])))
        for row in codes()
        for sex in SEXES
        for year in YEARS
    }


def lines(counts: Counts | None = None) -> list[presses.Line]:
    """Return the counts of the sectors as a supplier loads them, both sexes together too."""
    told = counts or inner()
    found: list[presses.Line] = []
    for code in sorted({key[0] for key in told}):
        for year in sorted({key[2] for key in told}):
            parts = [told[code, sex, year] for sex in SEXES]
            found += [
                ("inw", SECTOR, code, year, sex, count)
                for sex, count in zip(("_T", *SEXES), (sum(parts), *parts), strict=True)
            ]
    return found


def contract(**changes: object) -> Contract:
    """Return the contract of the town's figures."""
    plain = presses.contract(
        presses.indicator("inw"), slug=SLUG, levels=LEVELS, dimensions=(callers.SEX,)
    )
    return replace(plain, profile="standaard-5", **changes)  # type: ignore[arg-type]


@dataclass(slots=True)
class Town:
    """A node with one press and its application."""

    home: Path
    press: Press
    app: FastAPI
    node: Node

    def client(self, **claims: object) -> httpx.AsyncClient:
        """Return somebody at its address: nobody, or a client with a token."""
        headers = dict(credentials("stranger", **claims)) if claims else {}
        transport = httpx.ASGITransport(app=self.app)
        return httpx.AsyncClient(transport=transport, base_url=BASE_URL, headers=headers)

    def publish(self, made_of: Contract, told: Sequence[Sequence[object]], why: str = "") -> str:
        """Release these figures; return the release's id."""
        intent = Intent("corrected", why) if why else Intent()
        return publish(self.press, presses.draft(told, made_of), intent, "an").release_id

    def moved(self, where: Map) -> None:
        """Let the node know another map from now on."""
        areas.store(self.home, where.registry())
        self.press = replace(self.press, registry=where.registry())

    def agree(self, *texts: str) -> None:
        """Put protocols in force."""
        with transaction(self.press.engine) as session:
            for text in texts:
                agreed.in_force(session, self.home, text, callers.NOW)

    def close(self) -> None:
        """Let go of the databases."""
        self.node.close()
        self.press.engine.dispose()


def town(
    folder: Path, profiles: Mapping[str, Profile] | None = None, like: Town | None = None
) -> Town:
    """Return a node that knows the areas and has published nothing; it may sign `like` another."""
    given = {"agency": "NIS41002", "name": "Stad Aalst", "kbo": KBO, "base_url": BASE_URL}
    home.init(folder, {**given, "catalogue_url": CATALOGUE, "territory": "gemeente:41002"})
    if like is not None:
        (folder / home.KEY).write_bytes((like.home / home.KEY).read_bytes())
    settings = NodeSettings(_env_file=folder / "node.env", home=folder, audit_lag_seconds=0)
    areas.store(folder, atlas().registry())
    engine = create(settings.database)
    press = presses.press(
        folder,
        engine,
        key=home.signing_key(folder),
        registry=atlas().registry(),
        own_profiles=dict(profiles or {}),
    )
    with transaction(engine) as session:
        agreed.in_force(session, folder, home.open_data_form("NIS41002", KBO), callers.NOW)
    transport = httpx.ASGITransport(app=callers.catalogue())
    app = create_app(settings, clock=Moment(), transport=transport)
    return Town(folder, press, app, app.state.node)


async def pulled(client: httpx.AsyncClient, question: str = "", slug: str = SLUG) -> pa.Table:
    """Return what one question brings, as its asker reads it."""
    answer = await client.get(f"/v1/datasets/{slug}/data?format=parquet{question}")
    assert answer.status_code == 200, answer.text[:400]
    return pq.read_table(io.BytesIO(answer.content))


@dataclass(slots=True)
class Memory:
    """Everything a group of strangers was ever told: a number, or that there is none."""

    told: dict[Key, float | None] = field(default_factory=dict)
    differing: int = 0

    def take(self, table: pa.Table) -> None:
        """Add an answer; a number is never forgotten, another number for it is the newer one."""
        for row in table.to_pylist():
            sex = row.get("SEX") or "_T"
            key = (f"{row['level']}:{row['area']}", sex, row["period"])
            value = row["obs_value"]
            known = self.told.get(key)
            self.differing += value is not None and known is not None and value != known
            self.told[key] = known if value is None else value

    def hidden(self) -> set[Key]:
        """Return the cells without a number."""
        return {key for key, value in self.told.items() if value is None}


BOTH = Codes("SEX", {"F": frozenset("F"), "M": frozenset("M"), "_T": frozenset("FM")})


def systems(memory: Memory, where: Codes) -> Iterator[tuple[str, System]]:
    """Yield the equations of each year."""
    for year in sorted({key[2] for key in memory.told}):
        mine = [(key, value) for key, value in memory.told.items() if key[2] == year]
        columns = [[key[0] for key, _ in mine], [key[1] for key, _ in mine]]
        values = [None if value is None else round(value) for _, value in mine]
        table: Published = read((where, BOTH), columns, values)
        yield year, equations(table)


@dataclass(frozen=True)
class Score:
    """How many small counts there are, and how many fall exactly or nearly."""

    small: int
    exact: int
    near: int


def score(memory: Memory, counts: Counts | None = None, where: Map | None = None) -> Score:
    """Attack with everything the strangers hold; the counts are for scoring only."""
    on = where or atlas()
    true = on.truth(counts or inner())
    small_count = exact = near = 0
    for year, system in systems(memory, on.codes()):
        values = np.array(
            [true.get((area, sex, year), 0) for area, sex in system.keys], dtype=np.int64
        )
        small = np.flatnonzero((values >= 1) & (values < SMALL))
        lower = np.where(system.row >= 0, 1, 0)
        found = pinned(system, Needs(small, lower, values + 1, 2))
        small_count += found.small
        exact += found.exact
        near += found.near
    return Score(small_count, exact, near)


def pinned(system: System, needs: Needs) -> Score:
    """Attack one system: eliminate, narrow, and bound the cells that need room."""
    small = needs.cells
    low, high = narrowed(system, needs.lower, np.full(system.size, INFINITE))
    verdict = audit(system, needs)
    near = set(verdict.below.tolist()) | set(small[(high - low)[small] < 2].tolist())
    return Score(small.size, len(determined(system) & set(small.tolist())), len(near))


Cell = TypeVar("Cell", bound=tuple[str, ...])


def attacked(
    codes: Sequence[Codes], told: Mapping[Cell, float | None], true: Mapping[Cell, int]
) -> Score:
    """Attack all that was told, a code per column in each key; the true counts are for scoring."""
    columns = [[key[at] for key in told] for at in range(len(codes))]
    values = [None if value is None else round(value) for value in told.values()]
    system = equations(read(tuple(codes), columns, values))
    counts = {tuple(key): count for key, count in true.items()}
    shown = {tuple(key) for key in told}
    real = np.array([counts.get(tuple(key), 0) for key in system.keys], dtype=np.int64)
    out = np.array([tuple(key) in shown for key in system.keys], dtype=bool)
    small = np.flatnonzero((real >= 1) & (real < SMALL) & out)
    lower = np.where(system.row >= 0, 1, 0)
    return pinned(system, Needs(small, lower, real + 1, 2))
