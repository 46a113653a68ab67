"""A table is read back in every form it is written in, and a figure that is none is told where."""

import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import xlsxwriter
from tests.support.reports import city
from typer.testing import CliRunner

from hanse.cli.main import build
from hanse.cli.protected import writer_of
from hanse.errors import HanseError, Invalid

FORMS = ("parquet", "csv", "xlsx")


def _run(folder: Path, *words: str) -> tuple[int, str]:
    placed = [str(folder / word) if "." in word else word for word in words]
    result = CliRunner().invoke(build(), placed)
    if isinstance(result.exception, HanseError):
        raise result.exception
    return result.exit_code, result.output


def _inner(folder: Path, form: str) -> str:
    """Write the city's inner counts in a form, and return the file's name."""
    city(folder)
    writer_of(Path(f"x.{form}"))(pq.read_table(folder / "table.parquet"), folder / f"inner.{form}")
    return f"inner.{form}"


def _made(folder: Path, form: str) -> tuple[str, str, str]:
    names = (_inner(folder, form), f"shown.{form}", f"proof.{form}")
    words = ["protect", names[0], "--plan", "plan.yaml", "--out", names[1]]
    assert _run(folder, *words, "--certificate", "c.json", "--proof", names[2])[0] == 0
    return names


@pytest.mark.parametrize("form", FORMS)
def test_a_table_is_protected_verified_and_attacked_in_the_form_it_is_written_in(
    form: str, tmp_path: Path
) -> None:
    inner, shown, proof = _made(tmp_path, form)
    words = ["verify", inner, "--plan", "plan.yaml", "--published", shown]
    exit_, told = _run(tmp_path, *words, "--certificate", "c.json", "--proof", proof, "--json")
    found = json.loads(told)
    assert (exit_, found["holds"], found["differs"]) == (0, True, [])
    words = ["attack", shown, "--plan", "plan.yaml", "--structure", inner, "--width", "1", "--json"]
    exit_, told = _run(tmp_path, *words)
    assert exit_ == 0
    assert json.loads(told)["hidden"] > json.loads(told)["exact"] == 0


def test_a_sheet_that_came_back_from_a_spreadsheet_program_is_read(tmp_path: Path) -> None:
    inner, shown, proof = _made(tmp_path, "csv")
    text = (tmp_path / shown).read_text("utf-8").replace('"', "").replace(",", ";")
    (tmp_path / "saved.csv").write_text(text.replace("\n", "\r\n"), "utf-8-sig", newline="")
    words = ["verify", inner, "--plan", "plan.yaml", "--published", "saved.csv", "--json"]
    exit_, told = _run(tmp_path, *words, "--certificate", "c.json", "--proof", proof)
    assert (exit_, json.loads(told)["holds"]) == (0, True)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_figure_that_was_altered_is_found_in_any_form(form: str, tmp_path: Path) -> None:
    inner, shown, proof = _made(tmp_path, form)
    pq_name = _made(tmp_path, "parquet")[1]
    table = pq.read_table(tmp_path / pq_name)
    values = table["obs_value"].to_pylist()
    at = next(row for row, value in enumerate(values) if value is not None)
    values[at] += 1
    place = table.column_names.index("obs_value")
    writer_of(Path(shown))(table.set_column(place, "obs_value", [values]), tmp_path / shown)
    words = ["verify", inner, "--plan", "plan.yaml", "--published", shown, "--json"]
    exit_, told = _run(tmp_path, *words, "--certificate", "c.json", "--proof", proof)
    assert (exit_, json.loads(told)["holds"]) == (1, False)


def test_a_code_of_a_csv_file_keeps_its_zero(tmp_path: Path) -> None:
    city(tmp_path)
    rows = ["sector,wijk,age,agegrp,sex,freq"]
    rows += [f"0{s},00{s // 3},1,0,2,{s + 7}" for s in range(9)]
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n", "utf-8")
    words = ["protect", "table.csv", "--plan", "plan.yaml", "--out", "o.csv"]
    assert _run(tmp_path, *words, "--certificate", "c.json")[0] == 0
    told = (tmp_path / "o.csv").read_text("utf-8")
    assert '"08","1","2",15' in told
    assert '"002","1","2",42' in told


BROKEN = {
    "freq,freq\n1,2\n": ("DISCLOSURE_COLUMN_TWICE", None),
    "sector,,freq\na,b,2\n": ("DISCLOSURE_COLUMN_TWICE", None),
    "sector,wijk,age,agegrp,sex,freq\na,b,c,d,e,7\na,b,c\n": ("DISCLOSURE_ROW", 3),
    "sector,wijk,age,agegrp,sex,freq\na,b,c,d,e,7\na,b,c,d,e,twaalf\n": ("DISCLOSURE_FIGURE", 2),
    'sector,wijk,age,agegrp,sex,freq\na,b,c,d,e,"7,5"\n': ("DISCLOSURE_FIGURE", 1),
    "sector,wijk,age,agegrp,sex,freq\na,b,c,d,e,7.5\n": ("DISCLOSURE_NOT_WHOLE", 1),
    "sector,wijk,age,agegrp,sex,freq\n": ("DISCLOSURE_EMPTY", None),
    "sector,wijk,age,agegrp,freq\na,b,c,d,7\n": ("DISCLOSURE_COLUMN", None),
    "": ("DISCLOSURE_ROW", "-"),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.items())
def test_a_csv_file_that_is_wrong_is_refused_with_its_place(
    text: str, told: tuple[str, int | str | None], tmp_path: Path
) -> None:
    code, row = told
    city(tmp_path)
    (tmp_path / "table.csv").write_text(text, "utf-8")
    words = ["protect", "table.csv", "--plan", "plan.yaml", "--out", "o.csv"]
    with pytest.raises(Invalid, match=code) as caught:
        _run(tmp_path, *words, "--certificate", "c.json")
    assert caught.value.parameters.get("row") == row
    assert not (tmp_path / "o.csv").exists()


@pytest.mark.parametrize("name", ["table.csv", "table.xlsx", "table.parquet", "table.dat"])
def test_bytes_that_are_no_table_are_refused_whatever_their_name(name: str, tmp_path: Path) -> None:
    city(tmp_path)
    (tmp_path / name).write_bytes(b"\xff\xd8\xff\xe0 no table \x00\xff\n\xfe;;\n")
    words = ["protect", name, "--plan", "plan.yaml", "--out", "o.csv", "--certificate", "c.json"]
    with pytest.raises(Invalid):
        _run(tmp_path, *words)


def test_a_workbook_with_two_full_sheets_is_refused(tmp_path: Path) -> None:
    city(tmp_path)
    with xlsxwriter.Workbook(tmp_path / "two.xlsx") as book:
        for _ in range(2):
            book.add_worksheet().write_row(0, 0, ["sector", "freq"])
    words = ["attack", "two.xlsx", "--plan", "plan.yaml", "--structure", "table.parquet"]
    with pytest.raises(Invalid, match="DISCLOSURE_SHEETS") as caught:
        _run(tmp_path, *words)
    assert caught.value.parameters["count"] == 2
