"""Real area tables and real figures: known totals through three vintages of municipalities."""

from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from python_calamine import CalamineWorkbook
from tests.support.needs import shared_data

from hanse.areas import Registry
from hanse.areas.correspondence import RowType
from hanse.areas.tables import registry_from, to_files
from hanse.cube import encoding
from hanse.cube.aggregate import complete, derive, roll_up, uncovered
from hanse.cube.algebra import sum_cells
from hanse.cube.cells import draft_schema
from hanse.cube.formula import evaluate, parse
from hanse.cube.indicator import Aggregation, Indicator
from hanse.cube.status import SWING_CODES

pytestmark = pytest.mark.needs("shared_data")

NAME = {"nl": "naam"}

COUNTS = {
    "statsec@2025": (10_902, 10_594), "statsec@2024": (10_241, 9_918),
    "statsec@2019": (10_237, 9_906), "ggw7@2025": (3_074, 2_767), "ggw7@2024": (3_052, 2_730),
    "deelgemeente@2025": (1_344, 1_119), "deelgemeente@2024": (1_375, 1_140),
    "gemeente@2025": (308, 304), "gemeente@2024": (323, 319), "gemeente@2018": (331, 327),
    "arrondiss@2025": (27, 23), "arrondiss@2024": (27, 23), "provincie@2025": (9, 6),
    "provincie@2024": (9, 6), "gewest@2025": (4, 2), "belgie@2025": (2, 1), "elz@2025": (61, 57),
    "politiezone@2025": (111, 107), "vervoerregio@2025": (17, 15),
}  # fmt: skip
"""Areas per level, and how many are located; ten that are not have a beach for land."""


@cache
def registry() -> Registry:
    folder = shared_data() / "pinc_areas"
    files = {path.name: path.read_text("utf-8") for path in folder.glob("*.csv")}
    mergers = shared_data() / "nis" / "nis_mergers_2019_2025.csv"
    return registry_from({**files, mergers.name: mergers.read_text("utf-8")})


def sheet(name: str) -> tuple[list[str], Sequence[Sequence[object]]]:
    rows = CalamineWorkbook.from_path(
        str(shared_data() / "swing_uploads" / name)
    ).get_sheet_by_index(0)
    header, *body = rows.to_python()
    return [str(each) for each in header], body


def code_of(entry: object) -> str:
    return str(int(entry)) if isinstance(entry, float) else str(entry)


def draft_of(keys: Mapping[str, pa.Array | str], numbers: pa.Array) -> pa.Table:
    """Return a draft of numbers in which Swing's missing codes are states."""
    rows = len(numbers)
    states = pc.if_else(pc.is_null(numbers), "empty", "value")
    for code, state in SWING_CODES.items():
        states = pc.if_else(
            pc.fill_null(pc.equal(numbers, float(code)), False), state.value, states
        )
    columns = {
        **{
            name: encoding.constant(each, rows) if isinstance(each, str) else encoding.encode(each)
            for name, each in keys.items()
        },
        "value": pc.if_else(pc.equal(states, "value"), numbers, pa.scalar(None, pa.float64())),
        "state": encoding.encode(states),
        "flag": encoding.constant("A", rows),
        "source_sheet": encoding.constant("data", rows),
        "source_row": pa.array(range(2, rows + 2), pa.int32()),
    }
    return pa.table({each.name: columns[each.name] for each in draft_schema()})


def indicator(code: str, rule: Aggregation = Aggregation.SUM, **more: str) -> Indicator:
    return Indicator(code, NAME, NAME, "aantal", aggregate_geo=rule, **more)  # type: ignore[arg-type]


def rolled(cells: pa.Table, indicators: Sequence[Indicator], *path: str) -> pa.Table:
    """Return the cells at the last level of a path, each level computed from the one before."""
    for finer, coarser in pairwise(path):
        found = registry().correspondence(finer, coarser)
        assert found is not None
        cells = roll_up(cells, indicators, found.table(), finer, coarser)
    return cells


def values(cells: pa.Table) -> dict[str, float | None]:
    return dict(zip(cells["area"].to_pylist(), cells["value"].to_pylist(), strict=True))


def total(cells: pa.Table) -> float:
    return float(pc.sum(cells["value"]).as_py())


@cache
def population() -> pa.Table:
    """Inhabitants in 2015, of every municipality that Flanders and Brussels had until 2018."""
    path: Path = shared_data() / "statbel" / "TF_SOC_POP_STRUCT_2015.csv.gz"
    options = pyarrow.csv.ConvertOptions(column_types={"CD_MUNTY_REFNIS": pa.string()})
    table = pyarrow.csv.read_csv(path, convert_options=options)
    here = pa.array(registry().areas("gemeente@2018").keys(), pa.string())
    table = table.filter(pc.is_in(table["CD_MUNTY_REFNIS"], value_set=here))
    assert table.num_rows > 200_000
    keys = {
        "indicator": "inwoners",
        "level": "gemeente@2018",
        "area": table["CD_MUNTY_REFNIS"],
        "period": "2015",
    }
    people = draft_of(keys, pc.cast(table["MS_POPULATION"], pa.float64()).combine_chunks())
    sums = sum_cells(people, ["indicator", "level", "area", "period"])
    return draft_of(
        {name: sums[name] for name in ("indicator", "level", "area", "period")},
        sums["value"].combine_chunks(),
    )


PEOPLE = (indicator("inwoners"),)


def flanders(cells: pa.Table, level: str) -> float:
    """Return the sum over the municipalities of Flanders at a level of municipalities."""
    brussels = {code for code in registry().areas(level) if code.startswith("21")}
    return sum(value or 0.0 for area, value in values(cells).items() if area not in brussels)


def test_every_level_has_its_areas() -> None:
    found = {
        level.id: (
            len(registry().areas(level.id)),
            sum(area.kind == "located" for area in registry().areas(level.id).values()),
        )
        for level in registry().levels
    }
    assert found == COUNTS
    assert len(registry().tables) == 24 + 1  # and the bridge that the mergers make to 2018


def test_flanders_has_as_many_inhabitants_in_every_vintage() -> None:
    assert flanders(population(), "gemeente@2018") == 6_444_127
    assert len(values(population())) == 308 + 19
    cells = population()
    for older, newer, count in (
        ("gemeente@2018", "gemeente@2024", 300),
        ("gemeente@2024", "gemeente@2025", 285),
    ):
        cells = rolled(cells, PEOPLE, older, newer)
        assert flanders(cells, newer) == 6_444_127
        assert len(values(cells)) == count + 19


def test_merged_municipalities_have_the_inhabitants_of_their_parts() -> None:
    old = values(rolled(population(), PEOPLE, "gemeente@2018", "gemeente@2024"))
    new = values(rolled(population(), PEOPLE, "gemeente@2018", "gemeente@2025"))
    assert (old["11002"], old["11007"], new["11002"]) == (513_570, 10_465, 524_035)
    assert (old["71022"], old["73040"], new["71072"]) == (76_331, 8_380, 84_711)
    assert (new["46030"], new["41002"], new["44021"]) == (82_780, 83_709, 253_266)
    assert new["73028"] == 86


def test_provinces_differ_by_the_municipality_that_moved() -> None:
    old = values(rolled(population(), PEOPLE, "gemeente@2018", "gemeente@2024", "provincie@2024"))
    new = values(rolled(population(), PEOPLE, "gemeente@2018", "gemeente@2025", "provincie@2025"))
    assert (old["10000"], new["10000"]) == (1_813_282, 1_794_346)
    assert (old["40000"], new["40000"]) == (1_477_346, 1_496_282)
    for unchanged in ("20001", "30000", "70000", "4000"):
        assert old[unchanged] == new[unchanged]


def test_a_municipality_that_spans_two_old_provinces_is_never_put_in_one() -> None:
    assert registry().correspondence("gemeente@2025", "provincie@2024") is None
    parts = registry().below("gemeente@2025", "46030", "gemeente@2024")
    assert parts == {"46003", "46013", "11056"}


def test_a_hidden_part_of_a_merger_hides_the_merged_municipality() -> None:
    cells = rolled(population(), PEOPLE, "gemeente@2018", "gemeente@2024")
    numbers = pc.if_else(
        pc.equal(cells["area"].cast(pa.string()), "11007"), -99997.0, cells["value"]
    )
    keys = {name: cells[name] for name in ("indicator", "level", "area", "period")}
    known = pc.is_valid(numbers)
    hidden = draft_of(keys, numbers.combine_chunks()).filter(known)
    merged = rolled(hidden, PEOPLE, "gemeente@2024", "gemeente@2025")
    states = dict(zip(merged["area"].to_pylist(), merged["state"].to_pylist(), strict=True))
    poisoned = {area for area, state in states.items() if state.startswith("suppressed")}
    assert poisoned == {"11002"}


def test_a_median_is_copied_where_the_land_is_the_same() -> None:
    located = [a.code for a in registry().areas("gemeente@2024").values() if a.kind == "located"]
    level, areas = "gemeente@2024", pa.array(located)
    keys = {"indicator": "mediaan", "level": level, "area": areas, "period": "2022"}
    cells = draft_of(keys, pa.array([float(row) for row in range(len(located))]))
    medians = (indicator("mediaan", Aggregation.NONE),)
    found = values(rolled(cells, medians, "gemeente@2024", "gemeente@2025"))
    here = {a.code for a in registry().areas("gemeente@2025").values() if a.kind == "located"}
    copied = {area for area, value in found.items() if value is not None}
    unknown = {area for area, value in found.items() if value is None and area in here}
    assert (len(copied), len(unknown)) == (291, 13)
    assert "11002" in unknown


@cache
def electricity() -> tuple[pa.Table, tuple[str, ...]]:
    header, body = sheet("elektriciteit_gas_statsec2019_upload.xlsx")
    assert len(body) == 40_932
    column = {name: [row[at] for row in body] for at, name in enumerate(header)}
    series = tuple(name for name in header if name.startswith("v2506"))
    tables = [
        draft_of(
            {
                "indicator": name,
                "level": "statsec@2019",
                "area": pa.array([code_of(each) for each in column["geoitem"]]),
                "period": pa.array([code_of(each) for each in column["period"]]),
            },
            pa.array([None if each == "" else float(str(each)) for each in column[name]]),
        )
        for name in series
    ]
    return pa.concat_tables(tables).unify_dictionaries(), series


def connections(level: str, *path: str) -> dict[str, float | None]:
    cells, _ = electricity()
    chosen = cells.filter(
        pc.and_(
            pc.equal(cells["indicator"].cast(pa.string()), "v2506_elek_res_n"),
            pc.equal(cells["period"].cast(pa.string()), "2021"),
        )
    )
    return values(rolled(chosen, (indicator("v2506_elek_res_n"),), *path, level))


def test_sectors_add_up_to_municipalities_of_two_vintages() -> None:
    old = connections("gemeente@2024", "statsec@2019")
    new = connections("gemeente@2025", "statsec@2019", "gemeente@2024")
    assert (old["11002"], old["11007"], new["11002"]) == (244_126, 5_107, 249_233)
    assert (old["71022"], old["73040"], new["71072"]) == (37_102, 3_563, 40_665)
    assert (old["46003"], old["46013"], old["11056"]) == (20_777, 6_982, 8_343)
    assert (new["46030"], new["13040"], new["41002"]) == (36_102, 20_786, 39_402)
    assert new["44021"] == 121_195


def test_a_query_engine_that_knows_nothing_of_us_finds_the_same_sums() -> None:
    cells, series = electricity()
    links = registry().parent_table("statsec@2019", "gemeente@2024")
    plain = cells.select(["indicator", "area", "period", "value", "state"])
    with duckdb.connect() as engine:
        engine.register("cells", plain)
        engine.register("links", links)
        found = engine.execute(
            "select indicator, parent, period, sum(value), bool_or(state = 'unknown') "
            "from cells join links on area = child group by all"
        ).fetchall()
    expected = {row[:3]: None if row[4] else row[3] for row in found}
    computed = rolled(cells, [indicator(name) for name in series], "statsec@2019", "gemeente@2024")
    columns = (computed[name].to_pylist() for name in ("indicator", "area", "period"))
    assert (
        dict(zip(zip(*columns, strict=True), computed["value"].to_pylist(), strict=True))
        == expected
    )
    assert sum(value is None for value in expected.values()) > 0


def test_no_connection_is_lost_on_the_way_up() -> None:
    for path in (("gemeente@2024",), ("gemeente@2025",), ("gemeente@2024", "gemeente@2025")):
        found = connections(path[-1], "statsec@2019", *path[:-1])
        assert sum(value or 0.0 for value in found.values()) == 2_896_891
    cells, _ = electricity()
    assert (
        uncovered(cells, registry().parent_table("statsec@2019", "gemeente@2025"), "statsec@2019")
        == ()
    )


def test_a_city_that_loads_its_own_sectors_is_no_province() -> None:
    cells, _ = electricity()
    own = registry().below("gemeente@2025", "41002", "statsec@2019")
    aalst = cells.filter(pc.is_in(cells["area"].cast(pa.string()), value_set=pa.array(own)))
    each = (indicator("v2506_elek_res_n"),)
    found: dict[str, float | None] = {}
    for level in ("gemeente@2025", "provincie@2025"):
        links = registry().recalculation("statsec@2019", level)
        computed = roll_up(aalst, each, links, "statsec@2019", level)
        found |= values(computed.filter(pc.equal(computed["period"].cast(pa.string()), "2021")))
    assert found == {"41002": 39_402.0, "40000": None}


def test_unlocated_connections_follow_their_municipality() -> None:
    sectors = registry().correspondence("statsec@2019", "statsec@2024")
    assert sectors is not None
    assert sectors.uncovered == ()
    assert sectors.parent_of["12034ZZZZ"] == "12041ZZZZ"
    beaches = {row.parent for row in sectors.rows if row.type is RowType.SPLIT}
    assert len(beaches) == 11
    assert set(sectors.unfed) == beaches | {"11002P6PK"}


def test_a_ratio_of_the_indicator_sheet_follows_from_its_formula() -> None:
    cells, series = electricity()
    ratio = indicator(
        "vp2506_elek_res_n",
        Aggregation.WEIGHTED_MEAN,
        formula="v2506_elek_res_cons/v2506_elek_res_n",
    )
    indicators = (*(indicator(name) for name in series), ratio)
    year = cells.filter(pc.equal(cells["period"].cast(pa.string()), "2021"))
    towns = rolled(year, indicators, "statsec@2019", "gemeente@2024")
    own = towns.filter(pc.equal(towns["indicator"].cast(pa.string()), ratio.id))
    assert round(values(own)["41002"] or 0.0, 1) == 3_058.6
    assert derive(cells, indicators).num_rows == cells.num_rows + 40_932


@cache
def declarations() -> pa.Table:
    header, body = sheet("Aangiften_deelgemeente.xlsx")
    assert len(body) == 20_553
    column = {name: [row[at] for row in body] for at, name in enumerate(header)}
    tables = [
        draft_of(
            {
                "indicator": name,
                "level": "deelgemeente@2024",
                "area": pa.array([code_of(each) for each in column["geoitem"]]),
                "period": pa.array([code_of(each) for each in column["period"]]),
            },
            pa.array([None if each == "" else float(str(each)) for each in column[name]]),
        )
        for name in header
        if name.startswith("v1210")
    ]
    return pa.concat_tables(tables).unify_dictionaries()


def test_the_vintage_of_a_real_upload_is_told_from_its_codes() -> None:
    codes = set(declarations()["area"].to_pylist())
    found = registry().detect("deelgemeente", codes)
    assert (len(codes), found.level_id, found.unknown) == (1_371, "deelgemeente@2024", frozenset())
    now = registry().detect("deelgemeente2025", codes)
    assert (len(now.known), len(now.unknown)) == (1_034, 337)
    sectors = set(electricity()[0]["area"].to_pylist())
    assert registry().detect("statsec", sectors).level_id == "statsec@2019"


def test_no_sum_of_real_declarations_shows_a_hidden_part() -> None:
    cells = declarations()
    hidden = pc.sum(pc.equal(cells["state"].cast(pa.string()), "suppressed_source")).as_py()
    assert (cells.num_rows, hidden) == (431_613, 133_846)
    brackets = " + ".join(f"v1210_inkaang_{number}" for number in range(1, 10))
    sums = evaluate(parse(brackets), "som", cells)
    assert pc.sum(pc.is_valid(sums["value"])).as_py() == 11_053
    assert set(sums["state"].to_pylist()) == {"value", "suppressed_source"}
    difference = evaluate(
        parse("som - v1210_aangiften_tot"), "rest", pa.concat_tables([cells, sums])
    )
    assert set(difference["value"].to_pylist()) == {0.0, None}


def test_a_roll_up_of_real_declarations_is_hidden_wherever_a_part_is() -> None:
    cells = declarations()
    names = sorted(encoding.texts(encoding.encode(cells["indicator"])))
    computed = rolled(
        cells, [indicator(name) for name in names], "deelgemeente@2024", "gemeente@2024"
    )
    parents = registry().parent_table("deelgemeente@2024", "gemeente@2024")
    of = dict(zip(parents["child"].to_pylist(), parents["parent"].to_pylist(), strict=True))
    hidden = cells.filter(pc.equal(cells["state"].cast(pa.string()), "suppressed_source"))
    columns = ("indicator", "area", "period")
    expected = {
        (name, of[area], period)
        for name, area, period in zip(*(hidden[each].to_pylist() for each in columns), strict=True)
    }
    shown = computed.filter(pc.equal(computed["state"].cast(pa.string()), "suppressed_source"))
    assert set(zip(*(shown[each].to_pylist() for each in columns), strict=True)) == expected
    assert complete(cells, computed).num_rows == cells.num_rows + computed.num_rows


def test_the_registry_survives_being_written_and_read() -> None:
    assert registry_from(to_files(registry())) == registry()
