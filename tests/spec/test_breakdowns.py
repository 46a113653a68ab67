"""Which breakdowns of two datasets are the same, how their codes lie, and when nobody can tell."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support import presses

from hanse.cube.brackets import Bracket, brackets, gaps, read
from hanse.cube.codelist import Code, Codelist, Dimension
from hanse.cube.contract import Contract
from hanse.errors import Conflict, Invalid
from hanse.messages import LANGUAGES, say
from hanse.node import breakdowns, publish
from hanse.node.intake.check import check
from hanse.node.intake.draft import accept
from hanse.node.publish import Intent

AGES, SPELLED = ("0-17", "18-64", "65+"), ("Y0T17", "Y18T64", "Y_GE65")

READ: Mapping[str, tuple[int, int] | None] = {
    "0-4": (0, 4),
    "0 \N{EN DASH} 17 jaar": (0, 17),
    "18 t/m 64": (18, 64),
    "Y18T64": (18, 64),
    "7": (7, 7),
    "<15": (0, 14),
    "Y_LT15": (0, 14),
    "100-50": None,
    "A-B": None,
    "2024-05-01": None,
    "": None,
}


def codes(*names: str) -> Codelist:
    return Codelist("CL", tuple(Code(each, {}) for each in names))


def dataset(slug: str, **lists: Sequence[str]) -> Contract:
    """Return a contract with these breakdowns; a name that ends in `__x` has the concept `x`."""
    found = []
    for name, each in lists.items():
        plain, _, concept = name.partition("__")
        found.append(Dimension(plain, codes(*each), concept=concept))
    return presses.contract(slug=slug, dimensions=tuple(found))


@pytest.mark.parametrize("text", READ)
def test_a_bracket_is_what_its_code_says(text: str) -> None:
    wanted = READ[text]
    assert read(text) == (wanted and Bracket(*wanted))


@pytest.mark.parametrize(
    "text", ["65+", "65 en ouder", "65plus", ">=65", "Y_GE65", "65 jaar en ouder"]
)
def test_a_bracket_without_an_end_holds_all_that_is_older(text: str) -> None:
    found = read(text)
    assert found is not None
    assert found.holds(Bracket(65, 130))
    assert not found.holds(Bracket(64, 70))


@pytest.mark.parametrize(
    "names", [("1", "2", "3"), ("0-17", "18-64", "10-20"), ("0-17",), ("0-17", "Y0T17"), ("A", "B")]
)
def test_a_list_that_is_not_clearly_one_of_brackets_has_none(names: tuple[str, ...]) -> None:
    assert brackets(codes(*names)) == {}


def test_what_brackets_leave_of_another_is_named() -> None:
    assert [each.text for each in gaps(Bracket(0, 17), [Bracket(0, 4), Bracket(10, 14)])] == [
        "5-9",
        "15-17",
    ]


SAME: Mapping[str, tuple[Contract, Contract, Mapping[str, str]]] = {
    "one list, another name": (dataset("a", AGE=AGES), dataset("b", LFT=AGES), {"LFT": "AGE"}),
    "one list, other words": (dataset("a", AGE=AGES), dataset("b", LFT=SPELLED), {"LFT": "AGE"}),
    "the sexes": (dataset("a", SEX=("F", "M")), dataset("b", SEKSE=("F", "M")), {"SEKSE": "SEX"}),
    "one concept": (
        dataset("a", AGE__age=AGES),
        dataset("b", LFT__age=("0-4", "5+")),
        {"LFT": "AGE"},
    ),
    "a concept that is the other's name": (
        dataset("a", LFT__age=AGES),
        dataset("b", AGE=("0-4", "5+")),
        {"AGE": "LFT"},
    ),
    "two concepts": (dataset("a", AGE__child=AGES), dataset("b", LFT__mother=AGES), {}),
    "two of one dataset": (dataset("a", AGE=AGES, LFT=AGES), dataset("b", LFT=AGES), {}),
    "nothing alike": (dataset("a", AGE=AGES), dataset("b", SEX=("F", "M")), {}),
}


@pytest.mark.parametrize("name", SAME)
def test_breakdowns_of_two_datasets_are_the_same_where_something_says_so(name: str) -> None:
    own, other, wanted = SAME[name]
    found = breakdowns.names(own, (other,))
    assert dict(found.names) == wanted
    assert found.doubts == ()


def test_a_key_of_another_dataset_is_read_in_the_words_of_this_one() -> None:
    found = breakdowns.names(dataset("a", AGE=AGES, SEX=("F", "M")), (dataset("b", LFT=SPELLED),))
    assert found.key("inw\tstatsec@2025:A\tLFT=Y_GE65\tZ=1") == "inw\tstatsec@2025:A\tAGE=65+\tZ=1"
    assert found.key("inw\tstatsec@2025:A") == "inw\tstatsec@2025:A"


DOUBTS: Mapping[str, tuple[Contract, Contract, bool]] = {
    "two lists of brackets": (dataset("a", AGE=AGES), dataset("b", LFT=("0-9", "10+")), False),
    "half of the words": (
        dataset("a", STAND=("gehuwd", "ongehuwd", "gescheiden")),
        dataset("b", STAAT=("gehuwd", "ongehuwd", "weduwe")),
        False,
    ),
    "numbers": (dataset("a", A=("1", "2")), dataset("b", B=("1", "2")), False),
    "one of two in a dataset": (dataset("a", AGE=AGES), dataset("b", LFT=AGES, M=AGES), False),
    "codes of one name": (
        dataset("a", OPL=("laag", "midden", "hoog")),
        dataset("b", OPL=("laag", "hoger")),
        True,
    ),
    "brackets that do not reach as far": (
        dataset("a", AGE=("0-17", "18-64")),
        dataset("b", AGE=("0-9", "10-19")),
        True,
    ),
}


@pytest.mark.parametrize("name", DOUBTS)
def test_what_might_be_the_same_is_a_doubt_that_names_both(name: str) -> None:
    own, other, by_code = DOUBTS[name]
    found = breakdowns.names(own, (other,)).doubts
    assert found
    assert {each.dataset for each in found} == {"b"}
    assert all(bool(each.codes) == by_code for each in found)


def lines(dimension: Dimension) -> list[tuple[object, ...]]:
    return [
        ("inw", presses.SECTOR, f"41002{part}", "2024", code.id, 60 + number)
        for part in "AB"
        for number, code in enumerate(dimension.codelist.codes)
    ]


def test_a_doubt_stops_a_release_until_somebody_says_which_it_is(tmp_path: Path) -> None:
    on = presses.press(tmp_path, check=check)
    first, second = (
        replace(each, levels=(presses.SECTOR,))
        for each in (dataset("a", AGE=AGES), dataset("b", LFT=("0-9", "10+")))
    )
    publish.publish(on, presses.draft(lines(first.dimensions[0]), first), Intent(), "an")
    draft = presses.draft(lines(second.dimensions[0]), second)
    with pytest.raises(Conflict, match=r"PUBLISH_FINDINGS.*R021"):
        publish.publish(on, draft, Intent(), "an")
    said = publish.prepare(on, draft).findings
    mine = [each for each in said if each.rule == "R021"]
    assert [each.parameters["dataset"] for each in mine] == ["a"]  # type: ignore[attr-defined]
    for lang in LANGUAGES:
        assert "AGE" in mine[0].said(lang)["where"]
        assert say("R021_TITLE", lang)
    declared = replace(second.dimensions[0], concept="wage")
    other = replace(second, dimensions=(declared,))
    with pytest.raises(Conflict, match="R021"):  # the other dataset says nothing
        publish.publish(on, presses.draft(lines(declared), other), Intent(), "an")
    accepted = accept(draft, "R021", "Het zijn leeftijden van huizen.", "bo")
    publish.publish(on, accepted, Intent(), "an")
    on.engine.dispose()


def test_a_concept_is_said_of_a_breakdown_that_is_there() -> None:
    dimension = Dimension("AGE", codes(*AGES))
    (found,) = breakdowns.declared((dimension,), ("AGE",), {"AGE": "age"})
    assert found == replace(dimension, concept="age")
    with pytest.raises(Invalid, match="BREAKDOWN_NONE"):
        breakdowns.declared((dimension,), ("AGE",), {"LFT": "age"})
