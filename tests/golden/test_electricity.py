"""A real upload of electricity and gas on sectors of 2019, carried to every vintage and level.

All nine series in all four years: what comes out is what went in, and every cell that shows no
number says why, about which parts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import pairwise

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from tests.golden.test_areas import electricity, indicator, registry, rolled

from hanse.areas.recalculation import recalculated
from hanse.areas.statements import findings
from hanse.cube import encoding
from hanse.cube.status import FORMS, CellState

pytestmark = pytest.mark.needs("shared_data")

SECTORS = "statsec@2019"
LEVELS = (
    "statsec@2024", "deelgemeente@2024", "gemeente@2024", "gemeente@2025", "arrondiss@2025",
    "provincie@2024", "provincie@2025", "gewest@2025",
)  # fmt: skip
"""Every level from which nothing is lost: three vintages of areas of five kinds."""

CONNECTIONS = {
    "v2506_elek_res_n": (2_808_621, 2_847_630, 2_871_577, 2_896_891),
    "v2506_elek_nietres_n": (645_411, 641_879, 656_816, 666_206),
    "v2506_gas_res_n": (1_901_615, 1_945_085, 1_978_607, 2_015_406),
    "v2506_gas_nietres_n": (315_283, 314_221, 320_674, 322_872),
}
"""By year from 2018 to 2021."""

NO_ROW = frozenset(
    f"{code}ZZZZ"
    for code in ("12034", "44029", "44049", "44072", "44080", "45057", "71047", "72029")
)
"""Unlocated items of municipalities that merged in 2019, which the table of sectors leaves out."""

Sums = Mapping[tuple[str, str], float]


def sums(cells: pa.Table) -> Sums:
    """Return the sum of what shows, by series and year."""
    added = cells.group_by(["indicator", "period"]).aggregate([("value", "sum")])
    columns = (added[name].to_pylist() for name in ("indicator", "period", "value_sum"))
    return {(series, year): value or 0.0 for series, year, value in zip(*columns, strict=True)}


def of(cells: pa.Table, areas: Iterable[str]) -> pa.Table:
    wanted = pa.array(sorted(areas), pa.string())
    return cells.filter(pc.is_in(cells["area"].cast(pa.string()), value_set=wanted))


def without_number(cells: pa.Table) -> pa.Table:
    return cells.filter(pc.is_null(cells["value"]))


def areas_of(cells: pa.Table) -> frozenset[str]:
    return frozenset(cells["area"].to_pylist())


@cache
def carried(*path: str) -> pa.Table:
    """Return all series of all years, carried from the sectors of 2019 along a path of levels."""
    cells, series = electricity()
    start = carried(*path[:-1]) if len(path) > 1 else cells
    last = pairwise((SECTORS, *path))
    return rolled(start, [indicator(each) for each in series], *list(last)[-1])


def published(cells: pa.Table) -> pa.Table:
    """Return a draft as the protected cells that a node would release of it."""
    keys = {name: cells[name] for name in ("indicator", "level", "area", "period")}
    shown = pc.is_valid(cells["value"])
    unknown = FORMS[CellState.UNKNOWN].obs_status
    measures = {
        "obs_value": cells["value"],
        "obs_status": pc.if_else(shown, "A", unknown),
        "conf_status": encoding.constant("F", cells.num_rows),
    }
    return pa.table(keys | measures)


def test_the_upload_has_nine_series_of_four_years() -> None:
    cells, series = electricity()
    found = sums(cells)
    years = ("2018", "2019", "2020", "2021")
    assert found.keys() == {(each, year) for each in series for year in years}
    assert {each: tuple(found[each, year] for year in years) for each in CONNECTIONS} == CONNECTIONS
    assert areas_of(cells) == {
        code for code, area in registry().areas(SECTORS).items() if not code.startswith("9999")
    }


@pytest.mark.parametrize("level", LEVELS)
def test_every_total_of_every_series_and_year_is_kept(level: str) -> None:
    found, given = sums(carried(level)), sums(electricity()[0])
    assert found == {key: pytest.approx(given[key], rel=1e-12) for key in given}


def places(cells: pa.Table) -> frozenset[tuple[str, str, str]]:
    """Return which series, area and year the cells are of."""
    columns = (cells[name].to_pylist() for name in ("indicator", "area", "period"))
    return frozenset(zip(*columns, strict=True))


def told(level: str, areas: Iterable[str]) -> list[dict[str, str]]:
    """Return what readers are told of cells of these areas that show no number, all of them."""
    cells, series = electricity()
    way = registry().recalculation(SECTORS, level).to_pylist()
    below = {row["child"] for row in way if row["parent"] in areas and row["child"]}
    indicators = [indicator(each) for each in series]
    found = recalculated(published(of(cells, below)), indicators, registry(), level)
    rows = found.filter(pc.is_null(found["obs_value"])).to_pylist()
    return [row for row in rows if row["area"] in areas]


BRUSSELS = {
    "gemeente@2024": frozenset(f"210{number:02}" for number in range(1, 20)),
    "gemeente@2025": frozenset(f"210{number:02}" for number in range(1, 20)),
    "provincie@2025": frozenset({"4000"}),
}


@pytest.mark.parametrize("level", ["gemeente@2025", "provincie@2025"])
def test_only_brussels_shows_no_number_and_every_cell_names_its_sectors(level: str) -> None:
    """The source has no figures of Brussels: 743 sectors of 19 municipalities say unknown."""
    silent = areas_of(without_number(electricity()[0]))
    empty = without_number(carried(level))
    assert (len(silent), areas_of(empty)) == (743, BRUSSELS[level])
    rows = told(level, BRUSSELS[level])
    assert {(row["indicator"], row["area"], row["period"]) for row in rows} == places(empty)
    assert {row["note"] for row in rows} == {"RECAST_PART_MISSING"}
    for row in rows:
        below = registry().below(level, row["area"], SECTORS)
        assert set(row["parts"].split()) == below & silent


MERGED_2019 = {
    "12041": ("12030", "12034"), "44083": ("44011", "44049"), "44084": ("44001", "44029"),
    "44085": ("44036", "44072", "44080"), "45068": ("45017", "45057"), "72042": ("71047", "72040"),
    "72043": ("72025", "72029"),
}  # fmt: skip


def test_what_nobody_could_locate_stays_with_the_merged_municipality() -> None:
    """Without the eight items that the table of sectors leaves out, every total falls short."""
    given = sums(of(electricity()[0], NO_ROW))
    years = ("2018", "2019", "2020", "2021")
    assert [given["v2506_elek_res_n", year] for year in years] == [1_189, 8, 8, 9]
    assert sum(value > 0 for value in given.values()) == 30
    for new, old in MERGED_2019.items():
        before = sums(of(electricity()[0], [f"{code}ZZZZ" for code in (new, *old)]))
        after = sums(of(carried("statsec@2024"), [f"{new}ZZZZ"]))
        assert after == {key: pytest.approx(before[key], rel=1e-12) for key in before}


def lost(path: tuple[str, ...]) -> Sums:
    """Return what the upload says below the cells that show no number at the end of a path."""
    silent = without_number(carried(*path)).select(["indicator", "area", "period"])
    with duckdb.connect() as engine:
        engine.register("given", electricity()[0].select(["indicator", "area", "period", "value"]))
        engine.register("links", registry().parent_table(SECTORS, path[-1]))
        engine.register("silent", silent)
        found = engine.execute(
            "select given.indicator, given.period, sum(value) from given"
            " join links on given.area = child"
            " join silent on silent.area = parent and silent.indicator = given.indicator"
            " and silent.period = given.period group by all"
        ).fetchall()
    return {(series, year): value or 0.0 for series, year, value in found}


BEACHES = frozenset(
    {"31004", "31005", "31043", "35002", "35011", "35013", "35029", "38008", "38014", "38016"}
)
"""Municipalities whose unlocated figures the table of 2024 splits with a beach, without a share."""

NEW_SECTOR = "11002P6PK"
"""A sector that no sector of 2019 leads to, in Antwerp."""


def noted(name: str) -> frozenset[str]:
    """Return the areas that the check of all tables lists under this code, from sectors of 2019."""
    (listed,) = (each.areas for each in findings(registry()) if each.code == name)
    return frozenset(listed)


def test_new_sectors_show_no_number_and_say_which_figure_was_not_divided() -> None:
    silent = areas_of(without_number(electricity()[0]))
    empty = without_number(carried("statsec@2024"))
    new = areas_of(empty) - silent
    assert new == noted("AREAS_UNFED")
    assert noted("AREAS_SPLIT") == {f"{code}ZZZZ" for code in BEACHES}
    rows = told("statsec@2024", new)
    assert {(row["indicator"], row["area"], row["period"]) for row in rows} | {
        place for place in places(empty) if place[1] in {NEW_SECTOR, *silent}
    } == places(empty)
    assert {(row["note"], row["parts"]) for row in rows} == {
        ("RECAST_SPLIT", f"{code}ZZZZ") for code in BEACHES
    }


@pytest.mark.parametrize(
    ("path", "connections_2021"),
    [
        (("ggw7@2024",), 2_774),
        (("statsec@2024", "ggw7@2024"), 2_790),
        (("statsec@2024", "gemeente@2024"), 346_351),
        (("statsec@2024", "gemeente@2024", "gemeente@2025"), 351_458),
        (("statsec@2024", "gemeente@2025"), 351_458),
    ],
)
def test_what_does_not_show_is_what_lies_below_the_cells_without_a_number(
    path: tuple[str, ...], connections_2021: int
) -> None:
    """By way of the sectors of 2024 ten coasts and Antwerp show nothing: directly they all do."""
    shown, hidden, given = sums(carried(*path)), lost(path), sums(electricity()[0])
    whole = {key: shown[key] + hidden.get(key, 0.0) for key in given}
    assert whole == {key: pytest.approx(given[key], rel=1e-12) for key in given}
    assert hidden["v2506_elek_res_n", "2021"] == connections_2021


def test_every_municipality_that_shows_nothing_holds_a_sector_that_shows_nothing() -> None:
    sectors = places(without_number(carried("statsec@2024")))
    towns = registry().parent_table("statsec@2024", "gemeente@2024")
    whole = dict(zip(towns["child"].to_pylist(), towns["parent"].to_pylist(), strict=True))
    empty = places(without_number(carried("statsec@2024", "gemeente@2024")))
    assert empty == {(series, whole[area], year) for series, area, year in sectors}
    assert {area for _, area, _ in empty} == BRUSSELS["gemeente@2024"] | BEACHES | {"11002"}


def test_a_ward_without_a_number_says_which_unlocated_figure_is_not_divided() -> None:
    silent = areas_of(without_number(electricity()[0]))
    empty = without_number(carried("ggw7@2024"))
    new = {each for each in areas_of(empty) if not each.startswith("21")}
    for brussels in areas_of(empty) - new:
        assert registry().below("ggw7@2024", brussels, SECTORS) & silent, brussels
    rows = told("ggw7@2024", new)
    assert Counter((row["area"], row["note"], row["parts"]) for row in rows) == {
        ("31005ZB", "RECAST_SPLIT", "31005ZZZZ"): 36,
        ("35029STRA", "RECAST_SPLIT", "35029ZZZZ"): 24,
        ("38008ADIN", "RECAST_SPLIT", "38008ZZZZ"): 24,
        ("38014STRAND", "RECAST_SPLIT", "38014ZZZZ"): 24,
        ("35002DS", "RECAST_SPLIT", "35002ZZZZ"): 23,
    }
    (unfed,) = new - {row["area"] for row in rows}
    assert registry().below("ggw7@2024", unfed, "statsec@2024") == {NEW_SECTOR}


def test_two_tables_that_contradict_move_one_sector_and_the_check_names_it() -> None:
    """By way of the wards one sector of Beveren counts for Kruibeke; no figure gets lost."""
    (sector,) = noted("AREAS_TWO_WAYS")
    direct, wards = carried("gemeente@2024"), carried("ggw7@2024", "gemeente@2024")
    given = sums(of(electricity()[0], [sector]))
    for town, sign in (("46003", -1), ("46013", 1)):
        one, other = sums(of(direct, [town])), sums(of(wards, [town]))
        assert other == {key: pytest.approx(one[key] + sign * given[key]) for key in one}
    others = areas_of(wards) - areas_of(without_number(wards)) - {"46003", "46013"}
    assert len(others) == 292
    one, other = sums(of(direct, others)), sums(of(wards, others))
    assert other == {key: pytest.approx(one[key]) for key in one}
