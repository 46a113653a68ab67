"""Every layout a Swing sheet may have says the same kind of cells."""

import io

import openpyxl
import pytest
from tests.support.workbooks import Rows, workbook

from hanse.cube.indicator import Aggregation, IndicatorState, MeasureType
from hanse.dialects.swing import SwingWorkbook, decode
from hanse.errors import Invalid

Cell = tuple[str, str, str, str, float | None, str]


def read(**sheets: Rows) -> SwingWorkbook:
    return decode({"f.xlsx": workbook(sheets)})


def cells(book: SwingWorkbook, *dimensions: str) -> set[tuple[object, ...]]:
    names = ("indicator", "level", "area", "period", *dimensions, "value", "state")
    return {tuple(row[name] for name in names) for row in book.cells.to_pylist()}


TWO = {
    ("v1", "gemeente", "41002", "2024", 7.0, "value"),
    ("v2", "gemeente", "41002", "2024", 0.0, "value"),
}

LAYOUTS: dict[str, dict[str, Rows]] = {
    "format 1": {
        "s": [("period", "geolevel", "geoitem", "v1", "v2"), (2024, "gemeente", "41002", 7, 0)]
    },
    "format 1, Dutch headers": {
        "s": [
            ("PERIODE", "Gebiedsniveau", " gebied ", "V1", "v2"),
            (2024, "gemeente", "41002", 7, 0),
        ]
    },
    "format 1, columns in another order": {
        "s": [("geoitem", "v2", "period", "v1", "geolevel"), ("41002", 0, 2024, 7, "gemeente")]
    },
    "format 1, codes that a spreadsheet made numbers": {
        "s": [("period", "geolevel", "geoitem", "v1", "v2"), ("2024", "gemeente", 41002, "7", "0")]
    },
    "format 2": {
        "s": [
            ("PERIODE", "GEBIEDSNIVEAU", "GEBIED", "ONDERWERP", "WAARDE"),
            (2024, "gemeente", "41002", "v1", 7),
            (2024, "gemeente", "41002", "V2", 0),
        ]
    },
    "definition sheet": {
        "s": [("jaar", "soort", "code", "v1", "v2"), (2024, "gemeente", "41002", 7, 0)],
        "s_def": [("col", "type"), ("jaar", "period"), ("soort", "geolevel"), ("code", "geoitem")],
    },
    "one definition for all sheets, format 2": {
        "s": [
            ("j", "n", "g", "o", "w"),
            (2024, "gemeente", "41002", "v1", 7),
            (2024, "gemeente", "41002", "v2", 0),
        ],
        "_def": [
            ("col", "type"),
            ("j", "period"),
            ("n", "geolevel"),
            ("g", "geoitem"),
            ("o", "var"),
            ("w", "data"),
        ],
    },
    "headers below an explanation": {
        "s": [
            ("uitleg",),
            ("period", "geolevel", "geoitem", "v1", "v2"),
            (2024, "gemeente", "41002", 7, 0),
        ]
    },
    "two sheets": {
        "a": [("period", "geolevel", "geoitem", "v1"), (2024, "gemeente", "41002", 7)],
        "b": [("period", "geolevel", "geoitem", "v2"), (2024, "gemeente", "41002", 0)],
    },
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_says_the_same_cells(name: str) -> None:
    assert cells(read(**LAYOUTS[name])) == TWO


def test_missing_codes_become_states_and_a_blank_is_no_cell() -> None:
    head = ("period", "geolevel", "geoitem", "a", "b", "c", "d", "e", "f")
    book = read(s=[head, (2024, "gemeente", "41002", -99996, -99997, -99998, -99999, None, -3)])
    found = {row["indicator"]: (row["value"], row["state"]) for row in book.cells.to_pylist()}
    assert found == {
        "a": (None, "empty"),
        "b": (None, "suppressed_source"),
        "c": (None, "not_applicable"),
        "d": (None, "unknown"),
        "f": (-3.0, "value"),
    }


def test_several_levels_in_one_sheet_keep_their_rows() -> None:
    rows = [
        ("period", "geolevel", "geoitem", "v1"),
        (2024, "statsec", "41002A00-", 3),
        (None, None, None, None),
        (2024, "gemeente", "41002", 9),
    ]
    book = read(s=rows)
    assert [(row["level"], row["source_row"]) for row in book.cells.to_pylist()] == [
        ("statsec", 2),
        ("gemeente", 4),
    ]


def test_a_cube_has_items_as_codes_and_a_dimension_with_a_total() -> None:
    book = read(
        data=[
            ("period", "geolevel", "geoitem", "geslacht", "leeftijd", "kubus1"),
            (2024, "gemeente", "41002", "M", 1, 10),
            (2024, "gemeente", "41002", "V", "2 of meer", 20),
        ],
        data_def=[
            ("col", "type"),
            ("period", "period"),
            ("geolevel", "geolevel"),
            ("geoitem", "geoitem"),
            ("geslacht", "dim"),
            ("leeftijd", "dim"),
            ("kubus1", "var"),
        ],
        leeftijd=[("Itemcode", "Naam", "Volgnr"), (1, "één", 1), ("2 of meer", "twee of meer", 2)],
        dimensieniveaus=[
            ("Dimensieniveaucode", "Naam", "Dimensiecode"),
            ("leeftijd", "Leeftijd", "l"),
        ],
    )
    ages = next(each for each in book.dimensions if each.id == "LEEFTIJD")
    minted = next(code for code in ages.codelist.codes if code.notation == "2 of meer")
    assert [code.id for code in ages.codelist.codes][:2] == ["_T", "1"]
    assert (ages.name["nl"], minted.name["nl"]) == ("Leeftijd", "twee of meer")
    assert cells(book, "GESLACHT", "LEEFTIJD") == {
        ("kubus1", "gemeente", "41002", "2024", "M", "1", 10.0, "value"),
        ("kubus1", "gemeente", "41002", "2024", "V", minted.id, 20.0, "value"),
    }
    assert [(each.rule, each.column) for each in book.remarks] == [("R013", "geslacht")]


def test_a_flat_indicator_beside_a_cube_stands_at_its_total() -> None:
    book = read(
        cube=[("period", "geolevel", "geoitem", "sex", "k"), (2024, "gemeente", "41002", "M", 1)],
        cube_def=[("col", "type"), ("sex", "dim")],
        flat=[("period", "geolevel", "geoitem", "v1"), (2024, "gemeente", "41002", 7)],
    )
    assert ("v1", "gemeente", "41002", "2024", "_T", 7.0, "value") in cells(book, "SEX")


@pytest.mark.parametrize("to", ["IDEM", "gemeente"])
def test_a_stream_goes_from_an_area_to_an_area(to: str) -> None:
    book = read(
        s=[
            ("STROOM", "gemeente", to, "vs1"),
            (2024, "41002", "11002", 5),
            (2024, "11002", "41002", 6),
        ]
    )
    assert cells(book, "TO_AREA") == {
        ("vs1", "gemeente", "41002", "2024", "11002", 5.0, "value"),
        ("vs1", "gemeente", "11002", "2024", "41002", 6.0, "value"),
    }
    assert book.indicators[0].geo_type == "stream"


def test_an_instruction_sheet_is_left_alone_and_told() -> None:
    book = read(uitleg=[("Lees dit eerst",), ("dan dat",)], s=LAYOUTS["format 1"]["s"])
    assert [(each.rule, each.sheet) for each in book.remarks] == [("R020", "uitleg")]
    assert cells(book) == TWO


def test_a_sheet_name_in_two_workbooks_gets_its_file() -> None:
    one = workbook({"s": LAYOUTS["two sheets"]["a"]})
    two = workbook({"s": LAYOUTS["two sheets"]["b"]})
    book = decode({"a.xlsx": one, "b.xlsx": two})
    assert {shape.sheet for shape in book.shapes} == {"a.xlsx:s", "b.xlsx:s"}


HEADERS = ("period", "geolevel", "geoitem", "v1")
ROW = (2024, "gemeente", "41002", 1)

FAULTS: dict[str, tuple[dict[str, Rows], str, dict[str, object]]] = {
    "text in a number": (
        {"s": [HEADERS, (2024, "gemeente", "41002", "x")]},
        "INTAKE_NUMBER",
        {"row": 2, "column": "v1"},
    ),
    "thousands separator": (
        {"s": [HEADERS, (2024, "gemeente", "41002", "1.234.567")]},
        "INTAKE_NUMBER",
        {"row": 2},
    ),
    "decimal comma": (
        {"s": [HEADERS, (2024, "gemeente", "41002", "1,5")]},
        "INTAKE_NUMBER",
        {"row": 2},
    ),
    "truth value": (
        {"s": [HEADERS, ROW, (2023, "gemeente", "41002", True)]},
        "INTAKE_NUMBER",
        {"row": 3},
    ),
    "too large for a number": (
        {"s": [HEADERS, (2024, "gemeente", "41002", "1e400")]},
        "INTAKE_NUMBER",
        {"row": 2},
    ),
    "blank area": (
        {"s": [HEADERS, ROW, (2024, "gemeente", None, 1)]},
        "INTAKE_KEY_BLANK",
        {"row": 3, "column": "geoitem"},
    ),
    "fraction as area": (
        {"s": [HEADERS, (2024, "gemeente", 0.5, 1)]},
        "INTAKE_KEY_TYPE",
        {"row": 2},
    ),
    "no level": (
        {"s": [("period", "geoitem", "v1"), (2024, "41002", 1)]},
        "INTAKE_ROLE_MISSING",
        {"role": "level"},
    ),
    "no figures": (
        {"s": [("period", "geolevel", "geoitem"), (2024, "gemeente", "41002")]},
        "INTAKE_ROLE_MISSING",
        {"role": "value"},
    ),
    "two periods": (
        {"s": [("period", "periode", "geolevel", "geoitem", "v"), (1, 2, "a", "b", 3)]},
        "INTAKE_ROLE_TWICE",
        {"role": "period"},
    ),
    "header twice": ({"s": [(*HEADERS, "V1"), (*ROW, 2)]}, "INTAKE_HEADER_TWICE", {"column": "V1"}),
    "data without header": ({"s": [HEADERS, (*ROW, 2)]}, "INTAKE_HEADER_BLANK", {"column": 5}),
    "no code": ({"s": [(*HEADERS[:3], "2 x"), ROW]}, "INTAKE_CODE", {"code": "2 x"}),
    "two indicators in a cube": (
        {"s": [(*HEADERS, "v2", "d"), (*ROW, 2, "M")], "s_def": [("col", "type"), ("d", "dim")]},
        "SWING_CUBE_INDICATORS",
        {"count": 2},
    ),
    "unknown type": (
        {"s": [HEADERS, ROW], "s_def": [("col", "type"), ("v1", "datum")]},
        "SWING_DEFINITION",
        {"type": "datum"},
    ),
    "stream to another level": (
        {"s": [("stroom", "gemeente", "provincie", "v"), (2024, "41002", "01000", 1)]},
        "SWING_STREAM_LEVELS",
        {},
    ),
    "interpolation": (
        {"s": [("Indicator code", "Interpolation"), ("v1", 2)]},
        "SWING_INTERPOLATION",
        {"code": "v1"},
    ),
    "described twice": (
        {"s": [("Indicator code", "Name"), ("v1", "a"), ("V1", "b")]},
        "SWING_INDICATOR_TWICE",
        {"row": 3},
    ),
    "threshold in words": (
        {"s": [("Indicator code", "Threshold value"), ("v1", "vijf")]},
        "SWING_INDICATOR_NUMBER",
        {},
    ),
    "only instructions": ({"s": [("lees dit",)]}, "INTAKE_NO_DATA", {}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_bad_input_gets_one_error_that_says_where(name: str) -> None:
    sheets, code, where = FAULTS[name]
    with pytest.raises(Invalid) as caught:
        read(**sheets)
    assert caught.value.code == code
    assert where.items() <= dict(caught.value.parameters).items()


def _with_openpyxl(rows: Rows) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("s", 0)
    for row in rows:
        sheet.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def test_an_error_value_is_refused_and_never_read_as_blank() -> None:
    content = _with_openpyxl([HEADERS, ROW, (2023, "gemeente", "41002", "#N/A")])
    with pytest.raises(Invalid) as caught:
        decode({"f.xlsx": content})
    assert caught.value.code == "SWING_ERROR_CELL"
    assert (caught.value.parameters["row"], caught.value.parameters["column"]) == (3, "D")


def test_a_formula_without_a_result_is_refused_unless_it_joins_text() -> None:
    content = _with_openpyxl([HEADERS, (2023, "gemeente", "41002", "=1+1")])
    with pytest.raises(Invalid) as caught:
        decode({"f.xlsx": content})
    assert caught.value.code == "SWING_FORMULA_CELL"


JOINING = {
    '=CONCATENATE(A2,"/",A4)': "v1/v3",
    '=A2&"/"&A3&"*100"': "v1/v2*100",
    '=MID(CONCATENATE("UITDOVEND - ",A2),1,5)': "UITDO",
    "=$A$2": "v1",
    '="a""b"': 'a"b',
    "=F2&F2": "33",
}


@pytest.mark.parametrize("formula", JOINING)
def test_formulas_that_join_text_are_worked_out(formula: str) -> None:
    head = ("Indicator code", "Name", "Description", "Unit", "Footnote", "Seq no")
    rows = [head, ("v1", "a", "", "", formula, 3), ("v2", "b"), ("v3", "c")]
    book = decode({"f.xlsx": _with_openpyxl(rows)})
    assert book.indicators[0].footnote == {"nl": JOINING[formula]}


@pytest.mark.parametrize("formula", ["=E2", "=E2&A1", "=SUM(A1:A3)", "=A1&", "=HYPERLINK(A1)"])
def test_formulas_that_do_more_or_go_round_are_refused(formula: str) -> None:
    rows = [("Indicator code", "Name", "Unit", "Source", "Footnote"), ("v1", "a", "", "", formula)]
    with pytest.raises(Invalid) as caught:
        decode({"f.xlsx": _with_openpyxl(rows)})
    assert caught.value.code == "SWING_FORMULA_CELL"


KINDS = {
    ("Numeric", "aantal", "[aantal]"): (MeasureType.COUNT, Aggregation.SUM),
    ("Numeriek", "kwh", ""): (MeasureType.AMOUNT, Aggregation.SUM),
    ("standaard", "aantal", ""): (MeasureType.COUNT, Aggregation.SUM),
    ("Percentage (sum)", "p", ""): (MeasureType.SHARE, Aggregation.NONE),
    ("Percentage (mean)", "kwh", ""): (MeasureType.RATE, Aggregation.NONE),
    ("Gemiddelde", "euro", ""): (MeasureType.MEAN, Aggregation.NONE),
    ("Numeric", "euro", "[mediaan] inkomen"): (MeasureType.MEDIAN, Aggregation.NONE),
    ("Label", "", ""): (MeasureType.LABEL, Aggregation.NONE),
}


@pytest.mark.parametrize("given", KINDS)
def test_what_an_indicator_measures_decides_how_it_is_added_up(given: tuple[str, str, str]) -> None:
    data_type, unit, description = given
    book = read(
        s=[
            ("Onderwerpcode", "Naam", "Datatype", "Eenheid", "Beschrijving"),
            ("v1", "n", data_type, unit, description),
        ]
    )
    assert (book.indicators[0].measure_type, book.indicators[0].aggregate_geo) == KINDS[given]


LIVES = {
    "UITDOVEND (sinds 2019/01) - x": (IndicatorState.PHASING_OUT, "2019/01"),
    "UITGEDOOFD (sinds 2021-07-01) - x": (IndicatorState.PHASED_OUT, "2021-07-01"),
    "ARCHIEF - x": (IndicatorState.ARCHIVED, ""),
    "x": (IndicatorState.PUBLISHED, ""),
}


@pytest.mark.parametrize("name", LIVES)
def test_the_word_before_a_name_says_where_an_indicator_is_in_its_life(name: str) -> None:
    indicator = read(s=[("Indicator code", "Name"), ("v1", name)]).indicators[0]
    assert (indicator.state, indicator.since) == LIVES[name]
    assert indicator.name == {"nl": "x"}


def test_an_accent_in_a_code_folds_and_its_spelling_stays() -> None:
    indicator = read(s=[("Indicator code", "Name"), ("Rest_België_gt", "x")]).indicators[0]
    assert (indicator.id, indicator.origin_code) == ("rest_belgie_gt", "Rest_België_gt")
