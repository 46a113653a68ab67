"""Real uploads of the provinces: what they hold is known, counted independently, and comes back."""

import io
from collections import Counter
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import python_calamine
from tests.support.needs import shared_data

from hanse.dialects.swing import SwingWorkbook, decode, encode
from hanse.dialects.swing.headers import INDICATOR_COLUMNS
from hanse.dialects.swing.surveys import families

pytestmark = pytest.mark.needs("shared_data")

UPLOADS = shared_data() / "swing_uploads"


def upload(*names: str) -> SwingWorkbook:
    return decode({name: (UPLOADS / name).read_bytes() for name in names})


@pytest.fixture(scope="module")
def energy() -> SwingWorkbook:
    return upload("elektriciteit_gas_statsec2019_upload.xlsx", "elektriciteit_gas_Indicators.xlsx")


@pytest.fixture(scope="module")
def income() -> SwingWorkbook:
    return upload("Aangiften_deelgemeente.xlsx")


def states(book: SwingWorkbook) -> Counter[str]:
    return Counter(book.cells.column("state").cast(pa.string()).to_pylist())


def rows(book: SwingWorkbook) -> int:
    return len(pc.unique(book.cells.column("source_row")))


def test_the_energy_workbook_has_nine_indicators_and_four_formulas(energy: SwingWorkbook) -> None:
    assert rows(energy) == 40_932
    formulas = [each for each in energy.indicators if each.formula]
    assert (len(energy.indicators), len(formulas)) == (13, 4)
    assert len(pc.unique(energy.cells.column("indicator"))) == 9
    assert states(energy) == {"value": 9 * (40_932 - 2_972), "unknown": 9 * 2_972}
    ratio = next(each for each in formulas if each.id == "vp2506_elek_res_n")
    assert ratio.formula == "v2506_elek_res_cons/v2506_elek_res_n"
    assert (ratio.weight, ratio.denominator) == ("v2506_elek_res_n", "v2506_elek_res_n")


def test_the_income_workbook_has_its_hidden_cells_and_no_other_code(income: SwingWorkbook) -> None:
    assert rows(income) == 20_553
    assert states(income) == {"suppressed_source": 133_846, "value": 431_613 - 133_846}
    assert len(income.indicators) == 21


def test_sums_equal_those_of_another_engine_on_the_same_workbook(energy: SwingWorkbook) -> None:
    sheet = python_calamine.CalamineWorkbook.from_path(
        UPLOADS / "elektriciteit_gas_statsec2019_upload.xlsx"
    ).get_sheet_by_index(0)
    head, *body = sheet.to_python()
    raw = pa.table({str(name): [row[at] for row in body] for at, name in enumerate(head)})
    with duckdb.connect() as other:
        other.register("raw", raw)
        other.register("cells", energy.cells.select(["indicator", "period", "value", "area"]))
        theirs = other.sql(
            "select period, sum(v2506_elek_res_n), sum(v2506_gas_res_cons) from raw"
            " where v2506_elek_res_n <> -99999 group by 1 order by 1"
        ).fetchall()
        ours = other.sql(
            "select period::int, sum(value) filter (indicator = 'v2506_elek_res_n'),"
            " sum(value) filter (indicator = 'v2506_gas_res_cons') from cells group by 1 order by 1"
        ).fetchall()
        known = other.sql(
            "select sum(value), sum(value) filter (area like '41002%') from cells"
            " where indicator = 'v2506_elek_res_n' and period = '2021'"
        ).fetchone()
    assert [(float(a), b) for a, b, _ in ours] == [(a, b) for a, b, _ in theirs]
    assert np.allclose([row[2] for row in ours], [row[2] for row in theirs], rtol=1e-12)
    assert known == (2_896_891, 39_402)


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("elektriciteit_gas_statsec2019_upload.xlsx", "upload_elektriciteit_verbruik"),
        ("Aangiften_deelgemeente.xlsx", "Blad1"),
    ],
)
def test_export_gives_the_same_workbook_cell_for_cell(
    name: str, sheet: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    book = request.getfixturevalue("energy" if name.startswith("elek") else "income")
    written = tmp_path / "out.xlsx"
    written.write_bytes(encode(book.cells, book.indicators, book.dimensions, book.shapes))
    before = python_calamine.CalamineWorkbook.from_path(UPLOADS / name).get_sheet_by_name(sheet)
    after = python_calamine.CalamineWorkbook.from_path(written).get_sheet_by_name(sheet)
    assert after.to_python() == before.to_python()


def test_the_42_columns_are_read_and_written_back() -> None:
    book = upload("template_Indicators_kolommen.xlsx")
    indicator = book.indicators[0]
    assert (indicator.id, indicator.steward, indicator.checker) == ("v1101_t", "LI", "AN")
    assert indicator.threshold is not None
    assert (indicator.threshold.value, indicator.start, indicator.end) == (5.0, "1985", "2019")
    content = encode(book.cells, book.indicators)
    again = decode({"x.xlsx": content})
    sheet = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_name(
        "Indicators"
    )
    head, row = sheet.to_python()
    source = python_calamine.CalamineWorkbook.from_path(
        UPLOADS / "template_Indicators_kolommen.xlsx"
    ).get_sheet_by_index(0)
    _, _, wanted = source.to_python()
    assert head == [column.english for column in INDICATOR_COLUMNS]
    assert [spelled(value) for value in row] == [spelled(value) for value in wanted]
    assert again.indicators == book.indicators


def spelled(value: object) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def test_the_survey_workbook_gives_its_families_back() -> None:
    book = upload("template_enquete_AMON_metadata.xlsx")
    found = families(book.indicators)
    assert (len(found.quadruplets), len(found.scores)) == (147, 17)
    assert len(found.background) == 441 + 34
    by_id = {each.id: each for each in book.indicators}
    result, score = by_id["won_a_aangenaam_p"], by_id["schaalscore_antwerpen_bestuur"]
    assert result.sample is not None
    assert score.sample is not None
    assert (result.sample.n_indicator, result.sample.base_indicator) == (
        "won_a_aangenaam_n",
        "won_a_aangenaam_gn",
    )
    assert (result.sample.ci_method, score.sample.ci_method) == ("swing-p-weighted-fpc", "none")
    assert result.threshold is not None
    assert (result.threshold.value, result.threshold.on) == (79.0, "won_a_aangenaam_n")
    assert not any(by_id[each].visible for each in found.background)
    assert decode({"x.xlsx": encode(book.cells, book.indicators)}).indicators == book.indicators


def test_the_cube_workbook_is_read_but_for_its_overview() -> None:
    book = upload("template_kubus_metadata.xlsx")
    assert [(each.rule, each.sheet, each.column) for each in book.remarks] == [
        ("R020", "overzicht (niet inladen)", ""),
        ("R013", "data_def", "geslacht"),
    ]
    ages = next(each for each in book.dimensions if each.id == "V2301_LEEFTIJD")
    assert [code.id for code in ages.codelist.codes][:3] == ["_T", "2", "3"]
    assert ages.name["nl"] == "Leeftijd"
    again = decode({"x.xlsx": encode(book.cells, book.indicators, book.dimensions)})
    assert {each.id: each for each in again.dimensions} == {
        each.id: each for each in book.dimensions
    }


def test_the_workbook_of_ended_indicators_says_since_when() -> None:
    book = upload("template_uitdovend.xlsx")
    assert [(each.id, each.state.value, each.since) for each in book.indicators] == [
        ("v3132_gebka_ku", "phased-out", "2021-07-01"),
        ("vp3132_gebka_ku", "phased-out", "2021-07-01"),
        ("vp1303_wz_25_49", "phasing-out", "2019/01"),
    ]
    assert decode({"x.xlsx": encode(book.cells, book.indicators)}).indicators == book.indicators
