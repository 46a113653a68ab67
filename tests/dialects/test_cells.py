"""One figure has one answer: the same cells in every format, and nothing under the hidden ones."""

import io
import json

import openpyxl
import pyarrow.parquet as pq
import pytest
from tests.support.cells import CANARY, ROWS, Row, cube, heading, leaky, spellings
from tests.support.forms import FORMS
from tests.support.hearing import unpacked

from hanse.cube.cleared import scrub
from hanse.dialects import csv, json_cells, parquet, xlsx
from hanse.errors import Invalid


@pytest.mark.parametrize("form", FORMS)
def test_every_format_gives_the_same_cells(form: str) -> None:
    render, read = FORMS[form]
    content = b"".join(render(scrub(cube()), heading()))
    assert read(content) == [tuple(row) for row in ROWS]


@pytest.mark.parametrize("form", FORMS)
def test_no_format_holds_what_stood_under_a_hidden_cell(form: str) -> None:
    render, read = FORMS[form]
    content = b"".join(render(scrub(leaky()), heading()))
    for layer in unpacked(content):
        assert not any(spelling in layer for spelling in spellings(CANARY))
    assert read(content) == [tuple(row) for row in ROWS]


@pytest.mark.parametrize("form", FORMS)
def test_the_search_for_hidden_values_finds_one_that_is_there(form: str) -> None:
    shown = [row if row[4] is not None else (*row[:4], CANARY, "A", "F") for row in ROWS]
    render, _ = FORMS[form]
    layers = list(unpacked(b"".join(render(scrub(cube(shown)), heading()))))
    assert any(spelling in layer for layer in layers for spelling in spellings(CANARY))


@pytest.mark.parametrize("form", FORMS)
def test_rows_outside_a_slice_do_not_travel(form: str) -> None:
    render, _ = FORMS[form]
    content = b"".join(render(scrub(leaky().slice(0, 3)), heading()))
    for layer in unpacked(content):
        assert b"groei" not in layer
        assert not any(spelling in layer for spelling in spellings(CANARY))


@pytest.mark.parametrize("form", FORMS)
def test_an_answer_without_cells_is_an_answer(form: str) -> None:
    render, read = FORMS[form]
    assert read(b"".join(render(scrub(cube([])), heading()))) == []


@pytest.mark.parametrize("form", FORMS)
def test_the_same_answer_is_the_same_bytes(form: str) -> None:
    render, _ = FORMS[form]
    once, twice = (b"".join(render(scrub(cube()), heading())) for _ in range(2))
    assert once == twice


@pytest.mark.parametrize("form", ["json", "csv", "arrow"])
def test_a_long_answer_comes_in_pieces(form: str) -> None:
    many: list[Row] = [
        ("bevolking", "statsec@2024", f"{number:06}", "2024", float(number), "A", "F")
        for number in range(70_000)
    ]
    render, read = FORMS[form]
    pieces = list(render(scrub(cube(many)), heading()))
    assert max(len(piece) for piece in pieces) < 4_000_000
    assert read(b"".join(pieces)) == many


def test_json_says_what_it_is() -> None:
    document = json.loads(b"".join(json_cells.render(scrub(cube()), heading())))
    assert list(document) == [
        "dataset",
        "agency",
        "release",
        "manifest",
        "published_at",
        "licence",
        "protocol",
        "profile",
        "columns",
        "rows",
        "data",
        "indicators",
    ]


def test_a_number_that_is_none_has_no_text() -> None:
    rows: list[Row] = [("a", "b@1", "c", "d", float("nan"), "A", "F")]
    for render in (json_cells.render, csv.render):
        with pytest.raises(Invalid, match="CELLS_TYPE"):
            b"".join(render(scrub(cube(rows)), heading()))


def test_text_with_quotes_separators_and_line_ends_survives_csv() -> None:
    odd = 'a "b", c\r\nd;e'
    rows: list[Row] = [(odd, "b@1", "c", "d", 1.5, "A", "F")]
    for form in ("csv", "csv for spreadsheets", "json"):
        render, read = FORMS[form]
        assert read(b"".join(render(scrub(cube(rows)), heading())))[0][0] == odd


def test_parquet_carries_no_schema_but_its_own() -> None:
    content = b"".join(parquet.render(scrub(cube()), heading()))
    file = pq.ParquetFile(io.BytesIO(content))
    assert not file.metadata.metadata
    assert {str(column.type) for column in file.schema_arrow} == {"string", "double"}
    values = file.metadata.row_group(0).column(4).statistics
    assert (values.min, values.max, values.null_count) == (-0.5, 90892.0, 2)


@pytest.mark.parametrize("lang", ["nl", "en", "fr"])
def test_a_workbook_says_what_it_is_and_shades_what_it_hides(lang: str) -> None:
    content = b"".join(xlsx.render(scrub(cube()), heading(), lang))
    read_me, cells, legend = openpyxl.load_workbook(io.BytesIO(content)).worksheets
    told = {str(value) for row in read_me.iter_rows(values_only=True) for value in row if value}
    assert {heading().manifest, "urn:protocol:aalst:2026-001", "CC-BY-4.0"} <= told
    hidden = cells.cell(5, 5)
    assert hidden.value is None
    assert hidden.fill.fgColor.rgb == "FFD9D9D9"
    assert cells.cell(4, 5).value == 0
    status = {"nl": "onderdrukt", "en": "suppressed", "fr": "supprimé"}[lang]
    assert cells.cell(5, 8).value == status
    assert ("Q", "x") in {(row[0], row[1]) for row in legend.iter_rows(values_only=True)}


def test_a_sheet_that_is_too_small_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(xlsx, "ROWS_MAX", 7)
    with pytest.raises(Invalid, match="XLSX_ROWS"):
        b"".join(xlsx.render(scrub(cube()), heading()))
