"""From files to a draft that is kept whole or not at all."""

import json
from dataclasses import replace
from pathlib import Path
from unicodedata import is_normalized, normalize

import pyarrow as pa
import pytest
from pyarrow import csv, parquet
from tests.support.workbooks import HEAD, Rows, area_tables, drafted, order, registry, workbook

from hanse.areas import Registry
from hanse.cube.cells import draft_schema
from hanse.cube.contract import Contract
from hanse.dialects.swing import combine, decode
from hanse.errors import Invalid, NotFound
from hanse.messages import LANGUAGES, explain
from hanse.node import areas, contracts
from hanse.node.intake import build, draft, tables
from hanse.node.intake.columns import Columns
from hanse.node.intake.jobs import Limits

ONE = {"s": [(*HEAD, "v1"), (2024, "gemeente", "41002", 5), (2023, "gemeente", "41002", -99997)]}


def test_a_draft_has_the_draft_shape_with_vintage_period_and_place() -> None:
    made = drafted(ONE)
    assert made.cells.schema.equals(draft_schema())
    assert made.cells.to_pylist()[0] == {
        "indicator": "v1",
        "level": "gemeente@2025",
        "area": "41002",
        "period": "2024",
        "value": 5.0,
        "state": "value",
        "flag": "A",
        "source_sheet": "s",
        "source_row": 2,
    }
    assert (made.dataset, made.contract.levels) == ("proef", ("gemeente@2025",))


def test_forecasts_and_provisional_figures_are_flagged_from_their_first_period_on() -> None:
    head = ("Indicator code", "Provisional period", "Forecast period")
    rows = [(year, "gemeente", "41002", 1) for year in (2022, 2023, 2024)]
    made = drafted({"s": [(*HEAD, "v1"), *rows], "i": [head, ("v1", 2023, 2024)]})
    assert made.cells.column("flag").to_pylist() == ["A", "P", "F"]


def test_a_date_where_a_period_belongs_marks_nothing() -> None:
    made = drafted({**ONE, "i": [("Indicator code", "Provisional period"), ("v1", "1/18/2021")]})
    assert set(made.cells.column("flag").to_pylist()) == {"A"}


def test_quarters_give_the_indicator_its_frequency() -> None:
    rows = [(f"2024KW{quarter}", "gemeente", "41002", 1) for quarter in range(1, 5)]
    made = drafted({"s": [(*HEAD, "v1"), *rows]})
    assert made.contract.indicators[0].freq == "Q"
    assert made.cells.column("period").to_pylist()[0] == "2024-Q1"


def test_school_years_say_when_they_start() -> None:
    rows = [(year, "gemeente", "41002", 1) for year in ("2023/24", "2024SJ00")]
    made = drafted({"s": [(*HEAD, "v1"), *rows]})
    assert made.contract.indicators[0].reporting_year_start == "--09-01"
    assert made.cells.column("period").to_pylist() == ["2023-A1", "2024-A1"]
    assert drafted(ONE).contract.indicators[0].reporting_year_start == ""


def test_an_accent_written_as_a_sign_of_its_own_is_the_same_letter() -> None:
    apart = normalize("NFD", "Élèves per café")
    head = ("Indicator code", "Name", "Unit", "Keywords")
    sheets: dict[str, Rows] = {**ONE, "i": [head, ("v1", apart, apart, apart)]}
    made = drafted(sheets, title=apart, description=apart)
    written = json.dumps(contracts.dump(made.contract), ensure_ascii=False)
    assert made.contract.indicators[0].name["nl"] == "Élèves per café"
    assert is_normalized("NFC", written)
    assert made.contract.title == {"nl": "Élèves per café"}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_both_spellings_of_a_letter_are_one_code(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"f.{kind}"
    names = ["café", normalize("NFD", "café")]
    columns = {"jaar": [2023, 2024], "nis": ["41002"] * 2, "soort": names, "aantal": [3, 4]}
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    csv.write_csv(table, path) if kind == "csv" else parquet.write_table(table, path)
    roles = {"jaar": "period", "nis": "area", "soort": "dimension:SOORT", "aantal": "measure:bev"}
    told = Columns(roles, level="gemeente@2025")
    reader = tables.csv_grids if kind == "csv" else tables.parquet_grids
    reading = combine(reader(path, path.name, told, Limits()))
    made = build.build(reading, order(), registry(), (path.name,))
    assert len(set(made.cells.column("SOORT").to_pylist())) == 1


FAULTS = {
    "unknown area": ((2024, "gemeente", "99998", 1), "INTAKE_AREA"),
    "wrong vintage": ((2024, "gemeente", "11007", 1), "INTAKE_AREA"),
    "unknown level": ((2024, "planeet", "41002", 1), "INTAKE_LEVEL"),
    "no level at all": ((2024, "!", "41002", 1), "INTAKE_LEVEL"),
    "no period": (("ooit", "gemeente", "41002", 1), "INTAKE_PERIOD"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_what_cannot_be_looked_up_is_refused_with_its_row(name: str) -> None:
    row, code = FAULTS[name]
    with pytest.raises(Invalid) as caught:
        drafted({"s": [(*HEAD, "v1"), (2023, "gemeente", "41002", 1), row]})
    assert (caught.value.code, caught.value.parameters["row"]) == (code, 3)


def test_a_level_that_is_not_known_is_refused_with_those_that_are_the_likest_first() -> None:
    with pytest.raises(Invalid) as caught:
        drafted({"s": [(*HEAD, "v1"), (2024, "gemeenten", "41002", 1)]})
    known = str(caught.value.parameters["known"]).split(", ")
    assert known[0] == "gemeente@2025"
    newest = {each.code: registry().vintages(each.code)[0].id for each in registry().levels}
    assert set(known) == set(newest.values())
    for lang in LANGUAGES:
        told = explain(caught.value.code, lang, **caught.value.parameters)
        assert "gemeente@2025, " in told["why"]


def test_codes_that_fit_two_vintages_of_other_territory_ask_which() -> None:
    sheets = {"s": [(*HEAD, "v1"), (2024, "gemeente", "11002", 1)]}
    with pytest.raises(Invalid) as caught:
        drafted(sheets, levels=())
    assert caught.value.code == "INTAKE_VINTAGE"
    assert drafted(sheets, levels=("gemeente@2024",)).contract.levels == ("gemeente@2024",)


def test_codes_that_fit_two_vintages_of_the_same_territory_take_the_newest() -> None:
    assert drafted(ONE, levels=()).contract.levels == ("gemeente@2025",)


def test_the_codes_decide_the_vintage_not_the_name() -> None:
    rows = [(2024, "gemeente", code, 1) for code in ("11002", "11007")]
    assert drafted({"s": [(*HEAD, "v1"), *rows]}, levels=()).contract.levels == ("gemeente@2024",)


def test_a_key_that_stands_twice_is_refused_with_both_places() -> None:
    twice = {**ONE, "t": [(*HEAD, "V1"), (2024, "gemeente", "41002", 6)]}
    with pytest.raises(Invalid) as caught:
        drafted(twice)
    assert caught.value.code == "INTAKE_DUPLICATE"
    found = caught.value.parameters
    assert (found["other_sheet"], found["other_row"], found["sheet"], found["row"]) == (
        "s",
        2,
        "t",
        2,
    )


SECTORS = {
    "s": [
        (*HEAD, "v1"),
        *((2024, "statsec", code, 1) for code in ("41002A00-", "41002ZZZZ", "11002A00-")),
        (2024, "gemeente", "41002", 2),
        (2024, "gemeente", "11002", 1),
    ]
}


def test_a_scope_keeps_one_city_at_every_level() -> None:
    made = drafted(SECTORS, scope="gemeente:41002")
    assert made.cells.column("area").to_pylist() == ["41002A00-", "41002ZZZZ", "41002"]
    assert made.contract.levels == ("statsec@2025", "gemeente@2025")
    named = drafted(SECTORS, scope="gemeente@2025:11002")
    assert named.cells.column("area").to_pylist() == ["11002A00-", "11002"]


@pytest.mark.parametrize("scope", ["gemeente:99999", "gemeente", "x:41002", "gemeente@1999:41002"])
def test_a_scope_that_is_none_is_refused(scope: str) -> None:
    with pytest.raises(Invalid, match="INTAKE_SCOPE"):
        drafted(SECTORS, scope=scope)


@pytest.mark.parametrize("slug", ["", "A", "1a", "a/b", "../x", "a\n", "a" * 64])
def test_a_name_that_could_be_a_path_is_refused(slug: str, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="DATASET_SLUG"):
        build.build(decode({"f.xlsx": workbook(ONE)}), order(slug), registry(), ())
    with pytest.raises(Invalid, match="DATASET_SLUG"):
        draft.load(tmp_path, slug)


def test_a_draft_comes_back_as_it_was_kept(tmp_path: Path) -> None:
    made = draft.accept(drafted(SECTORS, scope="gemeente:41002"), "R001", "kleine proef", "bob")
    draft.save(tmp_path, made)
    again = draft.load(tmp_path, "proef")
    assert again.cells.equals(made.cells)
    assert replace(again, cells=made.cells, accepted=made.accepted) == made
    assert (again.waivers, again.accepted["R001"].by) == ({"R001": "kleine proef"}, "bob")


def test_a_new_draft_takes_the_place_of_the_old_one_at_once(tmp_path: Path) -> None:
    for sheets in (ONE, SECTORS):
        draft.save(tmp_path, drafted(sheets))
    assert draft.load(tmp_path, "proef").cells.num_rows == 5
    assert len(list((tmp_path / "drafts" / "proef").iterdir())) == 2
    assert draft.slugs(tmp_path) == ("proef",)


def test_half_a_draft_is_no_draft(tmp_path: Path) -> None:
    draft.save(tmp_path, drafted(ONE))
    torn = tmp_path / "drafts" / "proef" / ".new-torn"
    torn.mkdir()
    (torn / "draft.json").write_text("{")
    assert draft.load(tmp_path, "proef").cells.num_rows == 2


def test_a_draft_that_is_thrown_away_is_gone(tmp_path: Path) -> None:
    draft.save(tmp_path, drafted(ONE))
    draft.discard(tmp_path, "proef")
    for gone in (draft.load, draft.discard):
        with pytest.raises(NotFound, match="DRAFT_NONE"):
            gone(tmp_path, "proef")


def test_more_figures_replace_per_indicator_level_and_period() -> None:
    before = drafted(SECTORS)
    rows = [(2024, "gemeente", "41002", 9), (2025, "gemeente", "41002", 8)]
    after = build.add(before, drafted({"s": [(*HEAD, "v1", "v2"), *((*r, 1) for r in rows)]}))
    found = {
        (row["indicator"], row["level"], row["area"], row["period"]): row["value"]
        for row in after.cells.to_pylist()
    }
    assert found["v1", "gemeente@2025", "41002", "2024"] == 9.0
    assert ("v1", "gemeente@2025", "11002", "2024") not in found
    assert found["v1", "statsec@2025", "41002A00-", "2024"] == 1.0
    assert {each.id for each in after.contract.indicators} == {"v1", "v2"}
    assert {shape.sheet for shape in after.shapes} == {"s", "s (2)"}


def test_a_cube_added_to_flat_figures_leaves_them_at_the_total() -> None:
    cube: dict[str, Rows] = {
        "c": [(*HEAD, "sex", "k1"), (2024, "gemeente", "41002", "M", 3)],
        "c_def": [("col", "type"), ("sex", "dim")],
    }
    after = build.add(drafted(ONE), drafted(cube))
    assert after.cells.schema.equals(draft_schema(("SEX",)))
    assert after.cells.column("SEX").to_pylist() == ["_T", "_T", "M"]


def test_a_contract_survives_json() -> None:
    contract = drafted(SECTORS).contract
    assert contracts.load(contracts.dump(contract)) == contract


@pytest.mark.parametrize("field", ["indicators", "slug", "access"])
def test_a_contract_with_a_field_missing_or_wrong_is_refused_by_name(field: str) -> None:
    document = contracts.dump(drafted(ONE).contract)
    with pytest.raises(Invalid) as caught:
        contracts.load({**document, field: 5})
    assert caught.value.code == "CONTRACT_SHAPE"
    assert field in str(caught.value.parameters["field"])
    assert isinstance(contracts.load(document), Contract)


def test_the_areas_of_a_node_are_readable_tables(tmp_path: Path) -> None:
    source = tmp_path / "bron"
    source.mkdir()
    for name, content in area_tables().items():
        (source / name).write_text(content)
    assert areas.load(tmp_path) == Registry()
    for _ in range(2):
        areas.store(tmp_path, areas.read_folders([source]))
    kept = areas.load(tmp_path)
    assert kept.levels == registry().levels
    assert kept.below("gemeente@2025", "11002", "gemeente@2024") == {"11002", "11007"}
    assert not list(tmp_path.glob(".areas*"))


def test_a_folder_without_tables_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="AREA_TABLES_NONE"):
        areas.read_folders([tmp_path])


def test_dictionaries_hold_no_text_of_cells_that_were_left_out() -> None:
    made = drafted(SECTORS, scope="gemeente:41002")
    held = made.cells.column("area").unify_dictionaries().combine_chunks()
    shown = held.dictionary if isinstance(held, pa.DictionaryArray) else held.chunk(0).dictionary
    assert "11002A00-" not in shown.to_pylist()
