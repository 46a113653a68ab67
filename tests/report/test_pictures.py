"""Pictures of protected figures: what they show, what they never show, and what says the same."""

import math
import re
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.support.reports import NASTY
from tests.support.tiny_node import cells

from hanse.cube.cleared import scrub
from hanse.errors import Invalid
from hanse.report.document import Illustration
from hanse.report.pictures import scale
from hanse.report.pictures.bars import UNKNOWN_WIDTH, Beside, Comparator, Item
from hanse.report.pictures.canvas import STEPS, Words
from hanse.report.pictures.cell import Cell, cells_of
from hanse.report.pictures.lines import Line, OverTime
from hanse.report.pictures.maps import Map, Region, layout

HIDDEN, EMPTY = Cell(None, "Q"), Cell(None, "O")
WORDS = Words("Inwoners", "Drie gebieden naast elkaar.", "nl")
SQUARE: dict[str, Any] = {
    "type": "Polygon",
    "coordinates": [[[3.0, 51.0], [3.2, 51.0], [3.2, 51.2], [3.0, 51.2], [3.0, 51.0]]],
}
ISLANDS: dict[str, Any] = {
    "type": "MultiPolygon",
    "coordinates": [[[[4.0, 51.0], [4.1, 51.0], [4.1, 51.1], [4.0, 51.0]]]],
}


def _root(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)  # noqa: S314 what we drew ourselves


def _of(picture: str, tag: str) -> list[ElementTree.Element]:
    return list(_root(picture).iter(f"{{http://www.w3.org/2000/svg}}{tag}"))


def _hatched(picture: str) -> list[ElementTree.Element]:
    drawn = _of(picture, "rect") + _of(picture, "path")
    return [each for each in drawn if each.get("fill") == "url(#hatch)"]


def _every_kind(middle: Cell, words: Words = WORDS) -> dict[str, Illustration]:
    """Return each kind of picture of three figures, the middle one given."""
    figures = (Cell(10.0), middle, Cell(30.0))
    names = ("Aalst", "Gent", "Genk")
    codes = ("41002", "44021", "71016")
    items = [Item(name, cell, name == "Aalst") for name, cell in zip(names, figures, strict=True)]
    regions = [
        Region(code, name, cell, code == "41002")
        for code, name, cell in zip(codes, names, figures, strict=True)
    ]
    beside = Beside(words, items, Comparator("gemiddelde", 20.0))
    over = OverTime(words, ("2022", "2023", "2024"), [Line("Aalst", figures)])
    shapes = {"41002": SQUARE, "44021": ISLANDS}
    return {
        "bars": beside.bars(),
        "dots": beside.dots(),
        "tiles": Map(words, regions).drawing(),
        "shapes": Map(words, regions, shapes, attribution="Grenzen: wij").drawing(),
        "line": over.chart(),
        "multiples": over.multiples(),
        "spark": Illustration(over.spark(), over.table()),
    }


KINDS = sorted(_every_kind(HIDDEN))


@pytest.mark.parametrize("kind", KINDS)
def test_every_picture_has_a_title_a_description_and_a_table_that_says_the_same(kind: str) -> None:
    made = _every_kind(HIDDEN)[kind]
    root = _root(made.picture.svg)
    title, described = list(root)[:2]
    assert (title.text, described.text) == (WORDS.title, WORDS.description)
    assert (made.picture.title, made.picture.description) == (WORDS.title, WORDS.description)
    shown = [cell for row in made.table.rows for cell in row]
    assert {"10", "x", "30"} <= set(shown)


@pytest.mark.parametrize("kind", KINDS)
def test_a_hidden_figure_is_hatched_in_every_picture(kind: str) -> None:
    assert _hatched(_every_kind(HIDDEN)[kind].picture.svg)
    # The legend of a map has a hatched swatch only where a figure is hidden.
    assert _hatched(_every_kind(Cell(20.0))[kind].picture.svg) == []
    assert _hatched(_every_kind(EMPTY)[kind].picture.svg) == []


def test_the_mark_of_a_hidden_figure_is_as_large_whatever_stands_beside_it() -> None:
    for others in ((1.0, 2.0), (1_000_000.0, 3.0)):
        items = [Item("a", Cell(others[0])), Item("b", HIDDEN), Item("c", Cell(others[1]))]
        (mark,) = _hatched(Beside(WORDS, items).bars().picture.svg)
        assert float(mark.get("width", "0")) == UNKNOWN_WIDTH


@pytest.mark.parametrize(
    "made",
    [
        lambda: Cell(5.0, "Q"),
        lambda: Cell(None, "Q", 1.0, 2.0),
        lambda: Cell(0.0, "O"),
        lambda: Cell(5.0, ""),
    ],
)
def test_a_hidden_or_missing_figure_cannot_hold_a_number(made: object) -> None:
    with pytest.raises(Invalid) as refused:
        made()  # type: ignore[operator]
    assert refused.value.code == "CELLS_HIDDEN_NUMBER"


@pytest.mark.parametrize(("value", "status"), [(None, "A"), (math.nan, "A"), (math.inf, "P")])
def test_a_figure_that_is_no_number_is_not_drawn(value: float | None, status: str) -> None:
    with pytest.raises(Invalid) as refused:
        Cell(value, status)
    assert refused.value.code == "CELLS_TYPE"


def test_cells_of_a_protected_table_are_drawn_as_they_are() -> None:
    rows = [("v1", "gemeente@2025", "41002", "2024", 12.0, "P")]
    hidden = [("v1", "gemeente@2025", "44021", "2024", None, "Q")]
    drawn = list(cells_of(scrub(cells([*rows, *hidden]))))
    assert drawn == [("v1", "41002", "2024", Cell(12.0, "P")), ("v1", "44021", "2024", HIDDEN)]


@pytest.mark.parametrize("kind", KINDS)
def test_a_name_from_elsewhere_is_a_text_and_never_markup(kind: str) -> None:
    made = _every_kind(HIDDEN, Words(NASTY + "\x00\x1b[31m", NASTY, "fr"))[kind]
    assert _of(made.picture.svg, "script") == []
    assert next(iter(_root(made.picture.svg))).text == NASTY + "[31m"


def test_dots_say_the_margin_and_the_table_has_it_too() -> None:
    items = [Item("Aalst", Cell(4.0, "A", 3.5, 4.5)), Item("Gent", Cell(5.0))]
    made = Beside(Words("Tevreden", "Met marge.", "nl", 1), items).dots()
    assert made.table.rows == (("Aalst", "4,0", "3,5", "4,5"), ("Gent", "5,0", "", ""))
    dots = _of(made.picture.svg, "circle")
    assert len([each for each in dots if each.get("r") == "5"]) == 2


def test_a_comparator_is_a_dashed_line_and_a_row_of_the_table() -> None:
    made = _every_kind(HIDDEN)["bars"]
    dashed = [each for each in _of(made.picture.svg, "path") if each.get("stroke-dasharray")]
    assert len(dashed) == 1
    assert made.table.rows[-1] == ("gemiddelde", "20")


def test_a_line_breaks_where_a_figure_is_hidden() -> None:
    figures = (Cell(1.0), Cell(2.0), HIDDEN, Cell(3.0), Cell(4.0))
    periods = tuple(str(2020 + number) for number in range(5))
    svg = OverTime(WORDS, periods, [Line("Aalst", figures)]).chart().picture.svg
    strokes = [each for each in _of(svg, "path") if each.get("stroke-width") == "2.2"]
    assert len(strokes) == 2
    assert all(each.get("d", "").count("L") == 1 for each in strokes)


def test_boundaries_are_drawn_and_what_has_none_stands_in_the_table_alone() -> None:
    made = _every_kind(HIDDEN)["shapes"]
    assert len([each for each in _of(made.picture.svg, "path") if each.get("fill-rule")]) == 2
    assert "Genk" in [row[0] for row in made.table.rows]
    assert "Grenzen: wij" in made.picture.svg


def test_tiles_lie_about_where_their_areas_lie_and_never_on_one_another() -> None:
    codes = ["31005", "44021", "11002", "71016", "46021", "34022", "odd", "44045", "44083"]
    grid = layout(codes)
    assert len(set(grid.values())) == len(codes)
    west_to_east = [grid[code][0] for code in ("31005", "44021", "11002", "71016")]
    assert west_to_east == sorted(west_to_east)
    assert grid["11002"][1] < grid["34022"][1]
    assert grid["odd"][1] > max(grid[code][1] for code in codes if code != "odd")


def _lightness(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts
    ]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_classes_of_a_map_differ_in_lightness_so_that_nobody_needs_to_tell_hues_apart() -> None:
    light = [_lightness(each) for each in STEPS]
    assert light == sorted(light, reverse=True)
    assert all((a + 0.05) / (b + 0.05) > 1.25 for a, b in pairwise(light))


@given(st.lists(st.floats(-1e12, 1e12), max_size=40), st.booleans())
def test_a_scale_holds_every_number_between_its_round_marks(
    numbers: list[float], nought: bool
) -> None:
    made = scale.over(numbers, 0.0, 100.0, nought=nought)
    places = [made.at(each) for each in numbers]
    assert all(-1e-6 <= each <= 100 + 1e-6 for each in places)
    assert 2 <= len(made.ticks) <= 12
    assert list(made.ticks) == sorted(set(made.ticks))


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60))
def test_every_visible_number_has_a_class_and_classes_keep_the_order(numbers: list[float]) -> None:
    bounds = scale.classes(numbers, 5)
    found = [scale.place(each, bounds) for each in sorted(numbers)]
    assert found == sorted(found)
    assert 0 <= min(found) <= max(found) < len(bounds) <= 5
    assert set(found) == set(range(len(bounds)))


def test_a_picture_of_hidden_figures_only_says_so_and_no_number() -> None:
    regions = [Region("41002", "Aalst", HIDDEN), Region("44021", "Gent", HIDDEN)]
    svg = Map(WORDS, regions).drawing().picture.svg
    texts = [each.text or "" for each in _of(svg, "text")]
    assert [text for text in texts if re.search(r"\d", text)] == []
    assert any("verborgen" in text for text in texts)
