"""The disclosure report: what it says, that it says it three times, and what it never says."""

import csv
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook
from tests.support.needs import shared_data
from tests.support.reports import AT, city, pdf_text
from typer.testing import CliRunner

from hanse.cli.main import build, exit_code
from hanse.errors import HanseError, Invalid
from hanse.messages import LANGUAGES
from hanse.policies import disclosure, yamlform
from hanse.report import disclosure as reports
from hanse.report import page, pdf
from hanse.report.disclosure import Conflict, Facts, Proof, Tally, Trial, findings, tally

ASKED = findings.Asked("table.parquet", AT, (3, 10), digest="sha-256:" + "0" * 64)


@cache
def _table() -> tuple[pa.Table, disclosure.Plan]:
    with TemporaryDirectory() as name:
        folder = city(Path(name))
        plan = disclosure.load(yamlform.load((folder / "plan.yaml").read_bytes()))
        return pq.read_table(folder / "table.parquet"), plan


@cache
def _facts() -> Facts:
    return findings.of_table(*_table(), ASKED, lambda *_: None)


@cache
def _protected() -> disclosure.Protected:
    return disclosure.protect(*_table())


def _numbers(text: str) -> set[str]:
    """Return every number of a text, its groups of thousands joined."""
    found = re.findall(r"\d(?:[\d.,\u202f\u00a0 ]*\d)?", text)
    return {re.sub(r"[.,\u202f\u00a0 ]", "", each) for each in found}


def _hidden_large() -> set[str]:
    rows = disclosure.inside(_protected()).to_pylist()
    hidden = {str(row["value"]) for row in rows if row["conf_status"] != "F"}
    shown = {str(row["value"]) for row in rows if row["conf_status"] == "F"}
    return {value for value in hidden - shown if len(value) > 4}


def test_the_counts_are_those_of_the_protected_table() -> None:
    found, summary = _facts(), _protected().certificate
    whole = (summary.published, summary.primary, summary.secondary)
    assert (found.whole.cells, found.whole.own, found.whole.others) == whole
    assert dict(found.rules) == {"small": summary.primary, "protects": summary.secondary}
    for parts in (found.levels, found.tables):
        assert sum(each.cells for each in parts) == summary.published
        assert sum(each.own for each in parts) == summary.primary
        assert sum(each.others for each in parts) == summary.secondary
    assert found.alternatives[0].others == summary.secondary
    assert found.areas_hit >= len(found.areas) > 0


def test_the_share_of_the_value_is_what_is_hidden_of_the_sum_of_all_cells() -> None:
    rows = disclosure.inside(_protected()).to_pylist()
    hidden = sum(row["value"] for row in rows if row["conf_status"] != "F")
    total = sum(row["value"] for row in rows)
    assert _facts().value_share == pytest.approx(hidden / total, abs=1e-4)


def test_other_rules_are_weighed_by_protecting_the_table_under_them() -> None:
    table, plan = _table()
    told = {(each.k, each.zeros, each.dropped): each for each in _facts().alternatives}
    stricter = disclosure.protect(table, replace(plan, rules=replace(plan.rules, k=10)))
    assert told[10, "publish", ""].own == stricter.certificate.primary
    assert told[10, "publish", ""].others == stricter.certificate.secondary
    assert {each.dropped for each in _facts().alternatives} == {"", "sector", "age"}
    assert told[5, "suppressible", ""].own == told[5, "publish", ""].own
    coarser = told[5, "publish", "sector"]
    assert coarser.cells < _facts().whole.cells / 2


def test_an_alternative_that_is_not_possible_says_so_and_stops_nothing() -> None:
    table, plan = _table()
    forced = replace(plan, always_shown=({"geo": ("wijk",), "age": ("Total",), "sex": ("Total",)},))
    weighed = list(disclosure.weigh(table, forced, (1_000,), 10))
    refused = [each.refused for each in weighed if each.certificate is None]
    assert refused == [] or set(refused) <= {"DISCLOSURE_SHOWN_AND_SMALL", "DISCLOSURE_NOT_PROVEN"}
    other = reports.Alternative(1_000, "publish", refused="DISCLOSURE_SHOWN_AND_SMALL")
    told = replace(_facts(), alternatives=(*_facts().alternatives, other))
    assert "kan niet" in list(reports.document(told, "nl").texts())


def test_the_attackers_found_nothing_and_the_report_says_it() -> None:
    (trial,) = _facts().trials
    assert (trial.determined, trial.exact, trial.narrow) == (0, 0, 0)
    assert trial.judged == _protected().certificate.primary
    assert not _facts().broken
    assert any("In orde." in text for text in reports.document(_facts(), "nl").texts())


def test_an_opened_cell_is_found_by_the_attackers_and_the_report_says_not_to_publish() -> None:
    found = _protected()
    hidden = found.primary.copy()  # what a plain threshold would hide
    (open_, *_) = [disclosure.attacked(replace(found, hidden=hidden))]
    assert open_ is not None
    assert open_.determined + open_.narrow > 0
    trial = findings.trial("t", replace(found, hidden=hidden))
    told = replace(_facts(), trials=(trial,))
    assert told.broken
    assert any(text.startswith("Niet publiceren.") for text in reports.document(told, "nl").texts())


@pytest.mark.parametrize(
    "change",
    [
        {"conflicts": (Conflict("DISCLOSURE_LEDGER", (("cell", "a"), ("count", "2"))),)},
        {"proofs": (Proof("p", 3, 2, 0, 1, 2, 1, "a" * 64, "b" * 64, "HiGHS"),)},
        {"trials": (Trial("p", 9, 3, 1, 0, 0, 2),)},
        {"trials": (Trial("p", 9, 3, 0, 1, 0, 2),)},
        {"trials": (Trial("p", 9, 3, 0, 0, 1, 2),)},
    ],
)
def test_anything_that_does_not_hold_makes_the_verdict_bad(change: dict[str, object]) -> None:
    told = replace(_facts(), **change)  # type: ignore[arg-type]
    texts = list(reports.document(told, "en").texts())
    assert told.broken
    assert any(text.startswith("Do not publish.") for text in texts)


def test_a_population_too_large_to_attack_is_no_attack_that_found_nothing() -> None:
    told = replace(_facts(), trials=(Trial("p", 9, 3, None, None, None, 2),))
    texts = list(reports.document(told, "en").texts())
    assert not told.broken
    assert any("too large to attack here" in text for text in texts)


def test_the_report_is_marked_internal_in_every_language_and_on_every_form() -> None:
    for lang, word in (("nl", "INTERN"), ("en", "INTERNAL"), ("fr", "INTERNE")):
        told = reports.document(_facts(), lang)
        assert word in told.marking
        assert told.marking in page.render(told).decode("utf-8")
        assert told.marking in pdf_text(pdf.render(told))


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_text_of_the_report_has_an_empty_slot(lang: str) -> None:
    texts = list(reports.document(_facts(), lang).texts())
    assert [text for text in texts if re.search(r"\{\w+\}|REPORT_|WORD_", text)] == []


def test_no_form_of_the_report_holds_a_hidden_figure() -> None:
    secret = _hidden_large()
    assert len(secret) >= 3
    forms = [reports.dump(_facts()).decode("utf-8")]
    for lang in LANGUAGES:
        told = reports.document(_facts(), lang)
        forms += [" ".join(told.texts()), page.render(told).decode("utf-8")]
        forms.append(pdf_text(pdf.render(told)))
    for form in forms:
        assert _numbers(form) & secret == set()


def test_the_search_for_hidden_figures_finds_one_that_is_planted() -> None:
    (value, *_) = _hidden_large()
    planted = replace(_facts(), subject=replace(_facts().subject, title=f"telt {int(value):,}"))
    assert value in _numbers(" ".join(reports.document(planted, "nl").texts()))


def test_a_row_as_its_reader_sees_it_has_no_value_where_it_is_hidden() -> None:
    seen = _facts().seen
    assert {each.obs_status for each in seen} == {"A", "Q"}
    assert all((each.value is None) == (each.obs_status == "Q") for each in seen)
    assert all((each.conf_status == "C") == (each.obs_status == "Q") for each in seen)


def test_facts_come_back_from_json_as_they_were() -> None:
    assert reports.load(reports.dump(_facts())) == _facts()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-20],
        lambda text: text.replace('"schema": 1', '"schema": 2'),
        lambda text: text.replace('"whole"', '"extra": 1, "whole"'),
        lambda text: text.replace('"own"', '"owned"', 1),
        lambda text: "[]",
    ],
)
def test_json_that_is_no_report_is_refused(spoil) -> None:  # type: ignore[no-untyped-def]
    text = json.dumps(json.loads(reports.dump(_facts())))
    with pytest.raises(Invalid, match="REPORT_FACTS"):
        reports.load(spoil(text).encode("utf-8"))


@pytest.mark.parametrize(
    ("value", "size"), [(0, 0), (1, 0), (9, 0), (10, 1), (99, 1), (100, 2), (1_000, 3), (-250, 2)]
)
def test_a_size_class_is_a_power_of_ten(value: float, size: int) -> None:
    assert tally.magnitude(value) == size


def test_cells_are_counted_by_any_column_with_why_they_are_hidden() -> None:
    account = pa.table(
        {
            "level": ["a", "a", "a", "b", "b"],
            "rule": ["", "small", "protects", "source", ""],
            "value": [90.0, 4.0, 6.0, None, 100.0],
        }
    )
    assert tally.counted(account, "level") == (Tally("a", 3, 1, 1), Tally("b", 2, source=1))
    assert tally.whole(account, "all") == Tally("all", 5, 1, 1, 1)
    assert tally.by_rule(account) == (("protects", 1), ("small", 1), ("source", 1))
    assert tally.value_share(account) == 0.05
    assert tally.value_share(account.slice(3, 1)) is None


def _run(*words: object) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(build(), [str(word) for word in words])
    return done.exit_code, done.output, done.exception


@pytest.mark.parametrize(
    ("name", "start"), [("r.html", b"<!doctype html>"), ("r.pdf", b"%PDF"), ("r.json", b"{")]
)
def test_the_command_writes_the_form_that_the_files_name_says(
    name: str, start: bytes, tmp_path: Path
) -> None:
    city(tmp_path)
    out = tmp_path / name
    table, plan = tmp_path / "table.parquet", tmp_path / "plan.yaml"
    code, said, fault = _run("protect-report", table, "--plan", plan, "-o", out, "--lang", "en")
    assert (code, fault) == (0, None), said
    assert out.read_bytes().startswith(start)
    assert out.stat().st_mode & 0o077 == 0
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(
        ["plan.yaml", "table.parquet", name]
    )


def test_a_rehearsal_of_a_table_prints_the_report_and_writes_nothing(tmp_path: Path) -> None:
    city(tmp_path)
    before = sorted(tmp_path.iterdir())
    told = ("--plan", tmp_path / "plan.yaml", "--dry-run")
    code, said, _ = _run("protect", tmp_path / "table.parquet", *told)
    assert code == 0, said
    assert "Afschermingsverslag: table.parquet" in said
    assert sorted(tmp_path.iterdir()) == before
    code, said, _ = _run("protect", tmp_path / "table.parquet", *told, "--json")
    assert json.loads(said)["whole"]["cells"] == _facts().whole.cells


REFUSED = {
    "a page without a file": (
        ("protect-report", "T", "--plan", "P", "--format", "pdf"),
        "--output",
    ),
    "no plan": (("protect-report", "T"), "--plan"),
    "no place for the table": (
        ("protect", "T", "--plan", "P", "--certificate", "D/c.json"),
        "--out",
    ),
    "no certificate": (("protect", "T", "--plan", "P", "--out", "D/o.parquet"), "--certificate"),
}


TABLE = ("protect", "T", "--plan", "P", "--certificate", "D/c.json")


@pytest.mark.parametrize("name", REFUSED)
def test_an_option_that_is_missing_is_named_and_nothing_is_written(
    name: str, tmp_path: Path
) -> None:
    words, option = REFUSED[name]
    _, fault = _refused(words, tmp_path)
    assert fault.code == "PROTECT_NEEDS"
    assert fault.parameters["option"] == option


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("protect-report", "T", "--plan", "P", "-o", "D/r.docx"), "REPORT_SUFFIX"),
        (("protect", "T", "--plan", "P", "--dry-run", "-o", "D/report"), "REPORT_SUFFIX"),
        ((*TABLE, "--out", "D/o.txt"), "PROTECT_SUFFIX"),
        ((*TABLE, "--out", "D/o"), "PROTECT_SUFFIX"),
        ((*TABLE, "--out", "D/o.csv", "--inside", "D/i.json"), "PROTECT_SUFFIX"),
    ],
)
def test_a_name_that_says_no_form_is_refused_before_the_work_is_done(
    words: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    _, fault = _refused(words, tmp_path)
    assert (exit_code(fault), fault.code) == (2, code)
    assert ".csv" in str(fault.parameters["known"]) or ".pdf" in str(fault.parameters["known"])


def test_a_table_is_written_in_the_form_that_its_name_says(tmp_path: Path) -> None:
    city(tmp_path)
    told: list[tuple[tuple[object, ...], ...]] = []
    for suffix in ("parquet", "csv", "xlsx"):
        out = tmp_path / f"o.{suffix}"
        words = ["protect", "table.parquet", "--plan", "plan.yaml", "--out", out.name]
        words += ["--certificate", "c.json", "--proof", "p.parquet"]
        placed = [str(tmp_path / word) if "." in word else word for word in words]
        assert _run(*placed)[0] == 0
        told.append(_cells(out))
    first, *others = told
    assert any(row[-3] is None for row in first)
    assert all(each == first for each in others)


def _cells(path: Path) -> tuple[tuple[object, ...], ...]:
    """Return the header and rows of a file: texts, numbers as such, None where nothing stands."""
    rows: list[list[object]]
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        columns = [column.to_pylist() for column in table.columns]
        rows = [table.column_names, *(list(row) for row in zip(*columns, strict=True))]
    elif path.suffix == ".csv":
        rows = [list(row) for row in csv.reader(path.read_text("utf-8").splitlines())]
    else:
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_index(0)
        rows = [list(row) for row in sheet.to_python()]
    return tuple((*map(str, row[:-3]), _number(row[-3]), *map(str, row[-2:])) for row in rows)


def _number(value: object) -> object:
    if value in {None, ""}:
        return None
    return value if value == "obs_value" else float(str(value))


def test_a_figure_that_is_not_the_true_one_is_a_finding(tmp_path: Path) -> None:
    city(tmp_path)
    words = ["protect", "table.parquet", "--plan", "plan.yaml", "--out", "o.parquet"]
    words += ["--certificate", "c.json", "--proof", "p.parquet"]
    assert _run(*[str(tmp_path / each) if "." in each else each for each in words])[0] == 0
    shown = pq.read_table(tmp_path / "o.parquet")
    values = [None if n is None else n + 1 for n in shown["obs_value"].to_pylist()]
    at = shown.column_names.index("obs_value")
    pq.write_table(shown.set_column(at, "obs_value", pa.array(values)), tmp_path / "o.parquet")
    words = ["verify", "table.parquet", "--plan", "plan.yaml", "--published", "o.parquet"]
    words += ["--certificate", "c.json", "--proof", "p.parquet", "--json"]
    code, said, _ = _run(*[str(tmp_path / each) if "." in each else each for each in words])
    found = json.loads(said)
    assert (code, found["holds"]) == (1, False)
    assert found["differs"][0].startswith("obs_value (")


def _refused(words: tuple[str, ...], folder: Path) -> tuple[int, HanseError]:
    city(folder)
    before = {each.name: each.read_bytes() for each in folder.iterdir()}
    places = {"T": f"{folder}/table.parquet", "P": f"{folder}/plan.yaml"}
    told = [places.get(word, word.replace("D/", f"{folder}/")) for word in words]
    code, _, fault = _run(*told)
    assert isinstance(fault, HanseError)
    assert {each.name: each.read_bytes() for each in folder.iterdir()} == before
    return code, fault


OUT = ("protect", "T", "--plan", "P", "--out", "D/o.parquet")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((*OUT, "--certificate", "D/o.parquet"), "PROTECT_SAME_FILE"),
        ((*OUT, "--certificate", "D/table.parquet"), "PROTECT_SAME_FILE"),
        ((*OUT, "--certificate", "D/nowhere/c.json"), "PROTECT_FOLDER"),
        ((*OUT, "--certificate", "D/c.json", "--proof", "D/nowhere/p.parquet"), "PROTECT_FOLDER"),
        (
            ("protect-report", "T", "--plan", "P", "--by", "nobody", "-o", "D/r.json"),
            "DISCLOSURE_PLAN",
        ),
    ],
)
def test_outputs_that_cannot_all_be_written_are_not_written_at_all(
    words: tuple[str, ...], code: str, tmp_path: Path
) -> None:
    _, fault = _refused(words, tmp_path)
    assert fault.code == code


@pytest.mark.parametrize("command", ["protect", "protect-report"])
def test_a_table_without_rows_is_refused(command: str, tmp_path: Path) -> None:
    city(tmp_path)
    table = tmp_path / "table.parquet"
    pq.write_table(pq.read_table(table).slice(0, 0), table)
    words = {
        "protect": ("--out", tmp_path / "o.parquet", "--certificate", tmp_path / "c.json"),
        "protect-report": ("-o", tmp_path / "r.pdf"),
    }
    _, _, fault = _run(command, table, "--plan", tmp_path / "plan.yaml", *words[command])
    assert isinstance(fault, Invalid)
    assert fault.code == "DISCLOSURE_EMPTY"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["plan.yaml", "table.parquet"]


@pytest.mark.parametrize("k", [-5, 0, 1, 1_001])
def test_a_minimum_that_protects_nothing_is_not_weighed(k: int, tmp_path: Path) -> None:
    city(tmp_path)
    table, plan = tmp_path / "table.parquet", tmp_path / "plan.yaml"
    code, _, _ = _run("protect-report", table, "--plan", plan, "--k", k)
    assert code == 2


def test_secret_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    city(tmp_path)
    words = ["protect", "table.parquet", "--plan", "plan.yaml", "--out", "o.parquet"]
    words += ["--certificate", "c.json", "--proof", "p.parquet", "--inside", "i.parquet"]
    told = [str(tmp_path / word) if "." in word else word for word in words]
    code, said, _ = _run(*told)
    assert code == 0, said
    modes = {name: (tmp_path / name).stat().st_mode & 0o077 for name in ("p.parquet", "i.parquet")}
    assert modes == {"p.parquet": 0, "i.parquet": 0}


@pytest.mark.needs("shared_data")
def test_the_report_of_a_city_is_a_few_pages(tmp_path: Path) -> None:
    table = pq.read_table(shared_data() / "disclosure_bench" / "t10k_nested.parquet")
    plan = disclosure.load(yamlform.load(city(tmp_path).joinpath("plan.yaml").read_bytes()))
    told: list[float] = []
    quick = replace(plan, rules=replace(plan.rules, effort=disclosure.plan.Effort.ONCE))
    asked = replace(ASKED, minima=())
    found = findings.of_table(table, quick, asked, lambda _, done: told.append(done))
    assert found.whole.own == 1_607
    assert not found.broken
    assert told == sorted(told)
    assert len(told) > 20
    made = pdf.render(reports.document(found, "nl"))
    assert "Bladzijde 1 / 3" in pdf_text(made)
