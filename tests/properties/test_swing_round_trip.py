"""Whatever a workbook says comes back from the workbook written of it."""

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.workbooks import HEAD, Rows, workbook

from hanse.dialects.swing import decode, encode

FIGURES = st.one_of(
    st.none(),
    st.sampled_from([-99996.0, -99997.0, -99998.0, -99999.0, 0.0]),
    st.floats(-1e300, 1e300),
    st.integers(-(10**9), 10**9).map(float),
)
KEYS = st.lists(
    st.tuples(st.sampled_from(["2023", "2024", "2024KW1"]), st.sampled_from(["a1", "01000", "x-"])),
    min_size=1,
    unique=True,
)


@settings(max_examples=40, deadline=None)
@given(KEYS, st.data())
def test_cells_survive_the_way_out_and_back(
    keys: list[tuple[str, str]], data: st.DataObject
) -> None:
    rows = [
        (period, "gemeente", area, data.draw(FIGURES), data.draw(FIGURES)) for period, area in keys
    ]
    before = decode({"f.xlsx": workbook({"s": [(*HEAD, "v1", "V2"), *rows]})})
    after = decode(
        {"g.xlsx": encode(before.cells, before.indicators, before.dimensions, before.shapes)}
    )
    assert said(after.cells.to_pylist()) == said(before.cells.to_pylist())


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("MV"), st.sampled_from(["1", "2 of meer", "é"])),
        FIGURES,
        min_size=1,
    )
)
def test_a_cube_without_its_sheets_is_laid_out_and_read_again(
    figures: dict[tuple[str, str], float | None],
) -> None:
    rows = [("2024", "gemeente", "a1", sex, age, value) for (sex, age), value in figures.items()]
    sheets: dict[str, Rows] = {
        "s": [(*HEAD, "sex", "age", "k1"), *rows],
        "s_def": [("col", "type"), ("sex", "dim"), ("age", "dim")],
    }
    before = decode({"f.xlsx": workbook(sheets)})
    after = decode({"g.xlsx": encode(before.cells, before.indicators, before.dimensions)})
    names = ["indicator", "area", "period", "SEX", "AGE", "value", "state"]
    if before.cells.num_rows:
        assert keyed(after.cells.select(names).to_pylist()) == keyed(
            before.cells.select(names).to_pylist()
        )


def said(rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
    names = ("indicator", "level", "area", "period", "value", "state")
    return {tuple(row[name] for name in names) for row in rows}


def keyed(rows: list[dict[str, object]]) -> set[tuple[object, ...]]:
    return {tuple(row.values()) for row in rows}
