"""Survey questions at the door of a draft: whole ones are rebuilt, others refused."""

from pathlib import Path

import pytest
from pyarrow import Table, parquet
from tests.support.needs import shared_data
from tests.support.questionnaires import Answers, book
from tests.support.workbooks import HEAD, Rows, drafted, order, registry

from hanse.cube.indicator import Aggregation, Indicator, MeasureType
from hanse.cube.survey import Method
from hanse.dialects.swing import combine, decode
from hanse.dialects.swing.surveys import families
from hanse.errors import Invalid
from hanse.node.intake import build, tables
from hanse.node.intake.columns import Columns
from hanse.node.intake.draft import Draft
from hanse.node.intake.jobs import Limits

EXAMPLE: Answers = (4602.75, 11626.85, 408)
PLACE = ("2023", "gemeente", "41002")
HEADS = (*HEAD, "veilig_gt", "veilig_gn", "veilig_n")
LIMITS = Limits()


def from_table(folder: Path, heads: tuple[str, ...], *rows: tuple[object, ...], form: str) -> Draft:
    """Return the draft of a bare table: its column names are all that is said of it."""
    path = folder / f"enquete.{form}"
    measures = {name: f"measure:{name}" for name in heads[3:]}
    columns = Columns(measures)
    if form == "csv":
        lines = [",".join(map(str, line)) for line in (heads, *rows)]
        path.write_text("\n".join(lines), "utf-8")
        grids = tables.csv_grids(path, path.name, columns, LIMITS)
    else:
        table = dict(zip(heads, map(list, zip(*rows, strict=True)), strict=True))
        parquet.write_table(Table.from_pydict(table), path)
        grids = tables.parquet_grids(path, path.name, columns, LIMITS)
    return build.build(combine(grids), order(), registry(), (path.name,))


def one(draft: Draft, code: str) -> Indicator:
    found = draft.contract.indicator(code)
    assert found is not None
    return found


def test_a_workbook_makes_one_survey_indicator_of_four_rows() -> None:
    draft = drafted(book({PLACE: EXAMPLE}))
    result = one(draft, "veilig_p")
    assert result.sample is not None
    assert (result.numerator, result.denominator) == ("veilig_gt", "veilig_gn")
    assert (result.sample.n_indicator, result.sample.base_indicator) == ("veilig_n", "veilig_gn")
    assert result.sample.ci_method == Method.WEIGHTED.value
    assert (result.sample.question[:9], result.sample.mode) == ("Voelt u z", "post en web")
    assert [each.id for each in draft.contract.indicators if each.visible] == ["veilig_p"]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_bare_table_is_known_by_the_names_of_its_columns(tmp_path: Path, form: str) -> None:
    draft = from_table(tmp_path, HEADS, (*PLACE, *EXAMPLE), form=form)
    result = one(draft, "veilig_p")
    assert result.sample is not None
    assert result.measure_type is MeasureType.SHARE
    assert result.formula == "veilig_gt / veilig_gn * 100"
    assert one(draft, "veilig_n").aggregate_geo is Aggregation.SUM
    assert not one(draft, "veilig_gt").visible


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_percentage_that_a_table_gives_itself_has_a_decimal_too(
    tmp_path: Path, form: str
) -> None:
    heads, row = (*HEADS, "veilig_p"), (*PLACE, *EXAMPLE, 39.587)
    assert one(from_table(tmp_path, heads, row, form=form), "veilig_p").decimals == 1


@pytest.mark.parametrize(("rounds", "decimals"), [("", 1), (1, 0), (0.1, 1), (0.01, 2)])
def test_a_percentage_has_the_decimals_of_its_sheet_or_one(rounds: object, decimals: int) -> None:
    named = book({PLACE: EXAMPLE})
    head, *rows = named["Onderwerpen"]
    sheet = [(*head, "Afronding"), *((*row, "") for row in rows[:3]), (*rows[3], rounds)]
    draft = drafted({**named, "Onderwerpen": sheet})
    assert one(draft, "veilig_p").decimals == decimals
    assert one(draft, "veilig_n").decimals == 0


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize("gone", ["veilig_gt", "veilig_gn", "veilig_n"])
def test_a_question_without_one_of_its_figures_is_refused(
    tmp_path: Path, form: str, gone: str
) -> None:
    kept = [at for at, name in enumerate(HEADS) if name != gone]
    row = (*PLACE, *EXAMPLE)
    heads = tuple(HEADS[at] for at in kept)
    with pytest.raises(Invalid) as raised:
        from_table(tmp_path, heads, tuple(row[at] for at in kept), form=form)
    assert raised.value.code == "SURVEY_INCOMPLETE"
    assert raised.value.parameters["missing"] == gone
    assert raised.value.parameters["indicator"] == "veilig_p"


def sheets(*rows: tuple[object, ...]) -> dict[str, Rows]:
    return {**book({PLACE: EXAMPLE}), "data": [HEADS, *rows]}


@pytest.mark.parametrize(
    ("row", "code", "told"),
    [
        ((4602.75, 11626.85, None), "SURVEY_INCOMPLETE", {"missing": "veilig_n", "row": 3}),
        ((None, 11626.85, 408), "SURVEY_INCOMPLETE", {"missing": "veilig_gt", "row": 3}),
        ((10.0, 300.0, 408), "SURVEY_LARGE", {"n": 408.0, "base": 300.0}),
        ((900.0, 700.0, 408), "SURVEY_PART", {"n": 900.0, "base": 700.0}),
        ((9.0, 700.0, -1), "SURVEY_LARGE", {"n": -1.0, "base": 700.0}),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_place(
    row: tuple[object, ...], code: str, told: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as raised:
        drafted(sheets((*PLACE, *EXAMPLE), ("2023", "gemeente", "11002", *row)))
    assert raised.value.code == code
    assert {name: raised.value.parameters[name] for name in told} == told


def test_nobody_asked_is_no_missing_answer() -> None:
    drafted(sheets((*PLACE, *EXAMPLE), ("2023", "gemeente", "11002", 0, 0, 0)))


def test_a_method_that_does_not_exist_is_refused() -> None:
    named = book({PLACE: EXAMPLE})
    head, *rows = named["Onderwerpen"]
    sheet = [(*head, "Intervalmethode"), *((*row, "") for row in rows[:3]), (*rows[3], "bootstrap")]
    with pytest.raises(Invalid) as raised:
        drafted({**named, "Onderwerpen": sheet})
    assert (raised.value.code, raised.value.parameters["text"]) == ("SURVEY_WORD", "bootstrap")


@pytest.mark.needs("shared_data")
def test_the_city_survey_of_antwerp_gives_147_questions_and_17_scores() -> None:
    path = shared_data() / "swing_uploads" / "template_enquete_AMON_metadata.xlsx"
    found = decode({path.name: path.read_bytes()}).indicators
    surveys = [each for each in found if each.sample is not None]
    methods = [each.sample.ci_method for each in surveys if each.sample]
    assert methods.count(Method.WEIGHTED.value) == 147
    assert methods.count(Method.NONE.value) == 17
    told = families(found)
    questions = {name for name in told.background if name.endswith(("_gt", "_gn"))}
    answers = {each.sample.n_indicator for each in surveys if each.sample and each.formula}
    assert len(questions | answers) == 441
    assert all(each.threshold and each.threshold.value == 79 for each in surveys)
