"""Fact sheets and table reports: thirteen cities, three languages, two pages, no hidden number."""

import re
from dataclasses import replace
from io import BytesIO
from itertools import product
from typing import Any

import pytest
from pypdf import PdfReader
from tests.support.reports import NASTY, pdf_text
from tests.support.themes import CITIES, PERIODS, theme

from hanse.errors import Invalid
from hanse.messages import LANGUAGES
from hanse.report import page, pdf, tables
from hanse.report.document import Document
from hanse.report.pictures.cell import Cell
from hanse.report.sheet import PAGES, Sheet
from hanse.report.theme import Entry, Theme

WIDE = theme()


def _reader(document: Document) -> Any:
    return PdfReader(BytesIO(pdf.render(document)))


def _numbers(text: str, lang: str) -> set[str]:
    """Return every number of a text without its thousands separators."""
    separators = {"nl": ".", "fr": ".\u202f\u00a0", "en": ","}[lang]
    found = re.findall(rf"\d[\d{re.escape(separators)}]*\d|\d", text)
    return {re.sub(f"[{re.escape(separators)}]", "", each) for each in found}


@pytest.mark.parametrize(("area", "lang"), list(product(CITIES, LANGUAGES)))
def test_a_fact_sheet_is_two_tagged_pages_in_its_language(area: str, lang: str) -> None:
    """Typst refuses what breaks PDF/UA-1; another reader sees the marks that it must leave."""
    document = Sheet(WIDE, area, lang).document()
    read = _reader(document)
    root = read.trailer["/Root"]
    assert len(read.pages) == PAGES
    assert root["/MarkInfo"]["/Marked"] == True  # noqa: E712 a PDF boolean
    assert root["/Lang"] == lang
    assert root["/ViewerPreferences"]["/DisplayDocTitle"] == True  # noqa: E712
    assert read.metadata is not None
    assert read.metadata.title == document.title
    assert b"<pdfuaid:part>1</pdfuaid:part>" in root["/Metadata"].get_data()
    assert CITIES[area] in document.title


@pytest.mark.parametrize("lang", LANGUAGES)
def test_page_and_pdf_say_the_same(lang: str) -> None:
    document = Sheet(WIDE, "44021", lang).document()
    shown = re.sub(r"\s+", "", pdf_text(pdf.render(document)))
    texts = [re.sub(r"\s+", "", text) for text in document.texts()]
    described = {
        re.sub(r"\s+", "", picture.description)
        for section in document.sections
        for block in section.blocks
        for picture in getattr(block, "pictures", ())
    }
    assert [text for text in texts if text not in shown and text not in described] == []
    html = page.render(document).decode("utf-8")
    assert f'<html lang="{lang}">' in html
    assert len(described) == 3


def test_what_is_compared_with_is_the_mean_of_what_is_released() -> None:
    subject = WIDE.subjects[0]
    told = [subject.at(area, "2024").cell.value for area in CITIES]
    known = [value for value in told if value is not None]
    mean = subject.mean(CITIES, "2024")
    assert mean is not None
    assert mean.value == pytest.approx(sum(known) / len(known))
    assert (mean.counted, mean.areas) == (len(known), 13)
    assert 0 < mean.counted < 13


def test_the_mean_of_a_single_figure_is_not_given() -> None:
    subject = WIDE.subjects[0]
    alone = {("41002", "2024"): Entry(Cell(5.0))}
    assert replace(subject, entries=alone).mean(CITIES, "2024") is None


def _only(cell: Cell) -> Theme:
    """Return the theme with this figure for Aalst wherever there could be one."""
    subjects = tuple(
        replace(
            each,
            entries={**each.entries, **{("41002", period): Entry(cell) for period in PERIODS}},
        )
        for each in WIDE.subjects
    )
    return replace(WIDE, subjects=subjects)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_hidden_figure_changes_nothing_else_on_the_sheet_of_another_area(lang: str) -> None:
    """Two worlds that differ in why Aalst has no number differ in the sign alone."""
    hidden, empty = (
        page.render(Sheet(_only(Cell(None, status)), "44021", lang).document()).decode("utf-8")
        for status in ("Q", "O")
    )
    signs = {"url(#hatch", "url(#empty", ">x<", ">-<"}
    assert hidden != empty
    assert _numbers(hidden, lang) == _numbers(empty, lang)
    assert any(sign in hidden for sign in signs)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_sheet_of_hidden_figures_says_that_they_are_hidden(lang: str) -> None:
    document = Sheet(_only(Cell(None, "Q")), "41002", lang).document()
    shown = " ".join(document.texts())
    word = {"nl": "verborgen", "en": "hidden", "fr": "masqué"}[lang]
    (sentence,) = re.findall(r"[^.]*2024[^.]*" + word + r"[^.]*\.", shown)
    assert "Aalst" in sentence
    rows = document.sections[2].blocks[0].rows  # type: ignore[union-attr]
    assert {row[2] for row in rows} == {"x"}


def test_every_reason_is_a_sentence_and_the_areas_own_come_first() -> None:
    listed = Sheet(WIDE, "44021", "en").document().sections[3].blocks[0]
    assert listed.items[0].startswith("Gent: ")  # type: ignore[union-attr]
    assert not any("COMPARE_" in text for text in Sheet(WIDE, "44021", "en").document().texts())


@pytest.mark.parametrize("lang", LANGUAGES)
def test_sources_release_licence_and_the_way_to_fetch_it_stand_on_the_sheet(lang: str) -> None:
    shown = " ".join(Sheet(WIDE, "44021", lang).document().texts())
    source = next(each for each in WIDE.sources if each.agency == "NIS44021")
    assert source.manifest in shown
    assert {"2026.1", "CC-BY-4.0", WIDE.command} <= {
        each for each in (source.release, source.licence, WIDE.command) if each in shown
    }


def test_names_from_elsewhere_are_texts_and_two_pages_stay_two() -> None:
    """The longest names, and more of everything than a sheet has room for."""
    long = {"nl": (NASTY + " ") * 8}
    subjects = tuple(replace(each, name=long, unit="eenheid") for each in WIDE.subjects * 3)
    areas = {**CITIES, **{str(number): f"Gemeente {number}" for number in range(50_000, 50_300)}}
    caveats = tuple(replace(each, who=NASTY * 5) for each in WIDE.caveats * 20)
    crowded = replace(WIDE, subjects=subjects, areas=areas, caveats=caveats, command="h" * 900)
    document = Sheet(crowded, "41002", "nl").document()
    assert len(_reader(document).pages) == PAGES
    html = page.render(document).decode("utf-8")
    assert "<script" not in html


def test_the_table_report_has_every_figure_of_every_area_with_its_sign() -> None:
    document = tables.document(WIDE, "nl")
    shown = [cell for section in document.sections for block in section.blocks
             for cell in _cells(block)]  # fmt: skip
    for subject in WIDE.subjects:
        for area in CITIES:
            for period in PERIODS:
                entry = subject.at(area, period)
                said = entry.cell.shown("nl", subject.decimals)
                assert said in shown or f"{said}\u00a0*" in shown
    assert len(document.sections) == len(WIDE.subjects) + 1
    assert len(_reader(document).pages) > PAGES


def _cells(block: object) -> list[str]:
    table = getattr(block, "table", block)
    return [cell for row in getattr(table, "rows", ()) for cell in row]


def test_a_theme_cannot_hold_a_hidden_number() -> None:
    with pytest.raises(Invalid):
        _only(Cell(713_927.0, "Q"))


def _known(*known: tuple[str, str]) -> Theme:
    """Return the theme with figures of its first subject for these areas and periods alone."""
    subject = WIDE.subjects[0]
    entries = {place: Entry(Cell(float(int(place[0])))) for place in known}
    return replace(WIDE, subjects=(replace(subject, entries=entries), *WIDE.subjects[1:]))


def test_the_mean_over_time_is_of_the_same_areas_in_every_period() -> None:
    """Who joins late, or leaves early, moves no line."""
    late, early, *whole = list(CITIES)[:4]
    places = [(area, period) for area in whole for period in PERIODS]
    places += [(late, PERIODS[-1]), (early, PERIODS[0])]
    steady = _known(*places).subjects[0].steady(CITIES, PERIODS)
    assert steady is not None
    assert steady.areas == tuple(area for area in CITIES if area in whole)
    assert len(set(steady.values)) == 1
    assert None not in steady.values


def test_the_line_of_the_mean_says_of_how_many_areas_it_is() -> None:
    late, *whole = list(CITIES)[:4]
    places = [(area, period) for area in whole for period in PERIODS] + [(late, PERIODS[-1])]
    told = {
        lang: " ".join(Sheet(_known(*places), whole[0], lang).document().texts())
        for lang in LANGUAGES
    }
    assert "Gemiddelde van 3" in told["nl"]
    assert "3 van de 13 gebieden" in told["nl"]
    assert "Mean of 3" in told["en"]
    assert "Moyenne de 3" in told["fr"]


def test_no_line_is_drawn_for_a_mean_of_nobody() -> None:
    first, second = list(CITIES)[:2]
    apart = _known((first, PERIODS[0]), (second, PERIODS[1]))
    assert apart.subjects[0].steady(CITIES, PERIODS) is None
    told = Sheet(_known((first, PERIODS[0]), (first, PERIODS[1])), first, "nl").document().texts()
    assert any("geen lijn voor het gemiddelde" in text for text in told)


def test_the_mean_of_a_table_says_of_how_many_areas_it_is() -> None:
    report = " ".join(tables.document(WIDE, "nl").texts())
    mean = WIDE.subjects[0].mean(CITIES, "2024")
    assert mean is not None
    assert f"({mean.counted})" in report
