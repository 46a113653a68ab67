"""Formula injection: eighteen cells, guarded for spreadsheets and untouched everywhere else."""

import io
import zipfile

import pytest
from tests.support.cells import Row, cube, heading
from tests.support.forms import FORMS

from hanse.cube.cleared import scrub
from hanse.dialects.csv import guarded

CELLS: dict[str, tuple[str, bool]] = {
    "C1": ("=1+1", True),
    "C2": ("+1", True),
    "C3": ("-1", True),
    "C4": ("@x", True),
    "C5": ("\t=1", True),
    "C6": ("\r=1", True),
    "C7": ("\n=1", True),
    "C8": (" =1", True),
    "C9": ("\u200b=1", True),
    "C10": ("\ufeff=1", True),
    "C11": ("\uff1d1", True),
    "C12": ("\uff0b1", True),
    "C13": ("\uff0d1", True),
    "C14": ("\uff20x", True),
    "C15": ("|cmd", True),
    "C16": ("%0A", True),
    "C17": ("'=1", False),
    "C18": ("a=1", False),
}


@pytest.mark.parametrize("case", CELLS)
def test_a_text_that_could_be_a_formula_is_guarded(case: str) -> None:
    text, guard = CELLS[case]
    assert guarded(text) == (f"'{text}" if guard else text)


@pytest.mark.parametrize("form", ["json", "csv", "parquet", "arrow"])
@pytest.mark.parametrize("case", CELLS)
def test_formats_for_machines_change_no_text(case: str, form: str) -> None:
    rows: list[Row] = [(CELLS[case][0], "b@1", "c", "d", -1.0, "A", "F")]
    render, read = FORMS[form]
    assert read(b"".join(render(scrub(cube(rows)), heading()))) == rows


@pytest.mark.parametrize("case", CELLS)
def test_a_workbook_holds_texts_and_never_formulas(case: str) -> None:
    text = CELLS[case][0]
    rows: list[Row] = [(text, "b@1", "c", "d", -1.0, "A", "F")]
    content = b"".join(FORMS["xlsx"][0](scrub(cube(rows)), heading()))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        sheet = archive.read("xl/worksheets/sheet2.xml")
    assert b"<f>" not in sheet
    assert b't="inlineStr"' in sheet


@pytest.mark.parametrize("case", CELLS)
def test_the_form_for_spreadsheets_guards_texts_and_no_numbers(case: str) -> None:
    text, guard = CELLS[case]
    rows: list[Row] = [(text, "b@1", "c", "d", -0.5, "A", "F")]
    content = b"".join(FORMS["csv for spreadsheets"][0](scrub(cube(rows)), heading()))
    line = content.decode("utf-8-sig").partition("\r\n")[2]
    shown = f"'{text}" if guard else text
    assert line.startswith((f"{shown};", f'"{shown}";'))
    assert ";-0,5;" in line
