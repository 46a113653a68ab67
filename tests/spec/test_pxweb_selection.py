"""Expressions that choose from a PxWeb table, as a table."""

import pytest

from hanse.dialects.jsonstat import Axis
from hanse.dialects.pxweb import selection
from hanse.errors import Invalid

YEARS = ("2020", "2021", "2022", "2023")
CUBE = (
    Axis("REF_AREA", "gebied", ("11002", "11007", "41002"), ("A", "B", "C"), "geo"),
    Axis("SEX", "geslacht", ("_T", "F", "M"), ("t", "v", "m")),
    Axis("TIME_PERIOD", "jaar", YEARS, YEARS, "time"),
)

EXPRESSIONS = [
    ("TIME_PERIOD", "*", YEARS),
    ("TIME_PERIOD", "202?", YEARS),
    ("TIME_PERIOD", "top(2)", ("2022", "2023")),
    ("TIME_PERIOD", "bottom(1)", ("2020",)),
    ("TIME_PERIOD", "TOP(1)", ("2023",)),
    ("TIME_PERIOD", "from(2022)", ("2022", "2023")),
    ("TIME_PERIOD", "to(2021)", ("2020", "2021")),
    ("TIME_PERIOD", "range(2021,2022)", ("2021", "2022")),
    ("REF_AREA", "11*", ("11002", "11007")),
    ("REF_AREA", "top(1)", ("11002",)),
    ("SEX", "f", ("F",)),
]


@pytest.mark.parametrize(("variable", "text", "codes"), EXPRESSIONS)
def test_an_expression_chooses_these_codes(
    variable: str, text: str, codes: tuple[str, ...]
) -> None:
    everything = {axis.id: ("*",) for axis in CUBE}
    found = selection.select(CUBE, everything | {variable: (text,)})
    assert next(axis.codes for axis in found if axis.id == variable) == codes


def test_what_is_left_out_is_its_total() -> None:
    found = selection.select(CUBE, {"REF_AREA": ("*",), "TIME_PERIOD": ("top(1)",)})
    assert [axis.codes for axis in found] == [("11002", "11007", "41002"), ("_T",), ("2023",)]


def test_no_choice_is_the_default_choice() -> None:
    found = selection.select(CUBE, {})
    assert [axis.codes for axis in found] == [("11002", "11007", "41002"), ("_T",), ("2023",)]


@pytest.mark.parametrize(
    ("chosen", "code"),
    [
        ({"SEX": ("_T",), "TIME_PERIOD": ("*",)}, "PXWEB_LEFT_OUT"),
        ({"HUTSPOT": ("*",)}, "PXWEB_VARIABLE"),
        ({"REF_AREA": ("99999",), "TIME_PERIOD": ("*",)}, "PXWEB_CODE"),
        ({"REF_AREA": ("*",), "TIME_PERIOD": ("range(2021)",)}, "PXWEB_CODE"),
        ({"REF_AREA": ("*",), "TIME_PERIOD": ("top(0)",)}, "PXWEB_CODE"),
    ],
)
def test_a_choice_that_cannot_be_is_refused(chosen: selection.Chosen, code: str) -> None:
    with pytest.raises(Invalid) as fault:
        selection.select(CUBE, chosen)
    assert fault.value.code == code


@pytest.mark.parametrize(
    "body",
    [[], {"selection": {}}, {"selection": [7]}, {"selection": [{"variableCode": 7}]},
     {"selection": [{"variableCode": "SEX", "valueCodes": [1]}]},
     {"selection": [{"variableCode": "SEX", "codelist": "agg"}]}],
)  # fmt: skip
def test_a_posted_choice_of_another_form_is_refused(body: object) -> None:
    with pytest.raises(Invalid) as fault:
        selection.of_body(body)
    assert fault.value.code == "PXWEB_BODY"
