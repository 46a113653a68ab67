"""Any document as a page and as a PDF: every text is there, none is read as an instruction."""

from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

import pytest
from pypdf import PdfReader
from tests.support.reports import AT, NASTY, a_document, pdf_text

from hanse.errors import Unavailable
from hanse.messages import LANGUAGES
from hanse.report import document as parts
from hanse.report import formats, page, pdf
from hanse.report.drawing import BARS_MAX, Bar, Bars


class _Page(HTMLParser):
    """What a page consists of: its tags, its ids, the texts outside style and drawing."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._inside: list[str] = []
        self.feed(content.decode("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in {"style", "svg"}:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside and data.strip():
            self.texts.append(" ".join(data.split()))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def _words(text: str) -> str:
    return " ".join(text.split())


def test_a_page_shows_every_text_of_its_document() -> None:
    told = a_document(text=NASTY)
    shown = " ".join(_Page(page.render(told)).texts)
    assert [text for text in told.texts() if _words(text) not in shown] == []


def test_a_page_needs_nothing_else_and_runs_nothing() -> None:
    made = _Page(page.render(a_document(text=NASTY)))
    assert {"script", "link", "img", "iframe", "object", "form"} & {
        tag for tag, _ in made.tags
    } == set()
    assert [
        attrs for _, attrs in made.tags if {"src", "href", "style", "onclick"} & set(attrs)
    ] == []
    policy = [each["content"] for each in made.of("meta") if "http-equiv" in each]
    assert policy == ["default-src 'none'; style-src 'unsafe-inline'"]


def test_a_page_names_its_language_and_gives_every_id_once() -> None:
    made = _Page(page.render(a_document("fr")))
    assert made.of("html") == [{"lang": "fr"}]
    ids = [attrs["id"] for _, attrs in made.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    pointed = [
        name
        for _, attrs in made.tags
        for key in ("aria-labelledby", "aria-describedby")
        for name in (attrs.get(key) or "").split()
    ]
    assert set(pointed) <= set(ids)


def test_every_table_has_a_caption_and_heads_for_columns_and_rows() -> None:
    made = _Page(page.render(a_document()))
    assert len(made.of("caption")) == len(made.of("table")) == 2
    scopes = [each["scope"] for each in made.of("th")]
    assert scopes.count("col") == 4
    assert scopes.count("row") == 4


@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_pdf_is_tagged_titled_and_says_its_language(lang: str) -> None:
    made = PdfReader(BytesIO(pdf.render(a_document(lang))))
    root: Any = made.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == lang
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert made.metadata is not None
    assert made.metadata.title == "Verslag van een wijk"
    assert made.metadata.author == "Stad Aalst"
    assert b"pdfuaid:part>1<" in made.xmp_metadata.stream.get_data()  # type: ignore[union-attr]


def test_a_pdf_shows_every_text_of_its_document_as_text() -> None:
    told = a_document(text=NASTY)
    words = _joined(pdf_text(pdf.render(told)))
    spoken = [text for text in told.texts() if "Twee staven" not in text]  # said, not shown
    assert [text for text in spoken if _joined(text) not in words] == []


def _joined(text: str) -> str:
    """Return a text without blanks: a narrow column breaks a word at any place."""
    return "".join(text.split())


def _structure(made: PdfReader) -> list[tuple[str, str]]:
    """Return the kind and the alternative text of every element of the structure tree."""
    found: list[tuple[str, str]] = []
    root: Any = made.trailer["/Root"]
    queue = [root["/StructTreeRoot"]]
    while queue:
        node = queue.pop().get_object()
        if not hasattr(node, "get"):
            continue
        if "/S" in node:
            found.append((str(node["/S"]), str(node.get("/Alt", ""))))
        kids = node.get("/K", [])
        kids = kids.get_object() if hasattr(kids, "get_object") else kids
        queue += kids if isinstance(kids, list) else [kids]
    return found


def test_a_pdf_has_headings_tables_and_a_described_figure_in_its_structure() -> None:
    found = _structure(PdfReader(BytesIO(pdf.render(a_document()))))
    kinds = [kind for kind, _ in found]
    assert {"/Table", "/TH", "/TD", "/H1", "/L", "/LI", "/Caption"} <= set(kinds)
    assert kinds.count("/Table") >= 2
    described = [alt for kind, alt in found if kind == "/Figure"]
    assert len(described) == 1
    assert described[0].startswith("Deel dat verborgen is. Twee staven.")


def test_every_page_of_a_pdf_says_who_may_read_it_and_which_it_is() -> None:
    long = parts.Listing(tuple(f"regel {number}" for number in range(150)))
    told = a_document()
    told = replace(told, sections=(*told.sections, parts.Section("Lang", (long,))))
    pages = PdfReader(BytesIO(pdf.render(told))).pages
    assert len(pages) > 2
    for number, each in enumerate(pages, 1):
        text = " ".join(each.extract_text().split())
        assert "INTERN" in text
        assert f"Bladzijde {number} / {len(pages)}" in text
        assert "22 november 2026" in text
        assert "bevolking · 2026-10-01.1" in text


def test_the_same_document_gives_the_same_bytes() -> None:
    assert pdf.render(a_document()) == pdf.render(a_document())
    assert page.render(a_document()) == page.render(a_document())


def test_what_the_typesetter_refuses_is_told_in_a_message() -> None:
    with pytest.raises(Unavailable, match="REPORT_TYPESET"):
        pdf.render(a_document(title=""))  # PDF/UA asks for a title


def test_a_drawing_is_well_formed_whatever_its_labels_say() -> None:
    bars = Bars(NASTY, NASTY, (NASTY, "b"), (Bar(NASTY, (0.5, 0.5), NASTY),), 1.0)
    root = ElementTree.fromstring(bars.picture().svg)  # noqa: S314 - our own
    space = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{space}title").text == NASTY  # type: ignore[union-attr]
    assert root.find(f"{space}desc").text == NASTY  # type: ignore[union-attr]
    assert len(root.findall(f".//{space}script")) == 0


@pytest.mark.parametrize(
    ("parts_", "widths"),
    [((0.5, 0.25), [155.0, 77.5]), ((0.0, 0.0), [0.0, 0.0]), ((1.0,), [310.0]), ((-1.0,), [0.0])],
)
def test_a_bar_is_as_long_as_its_share(parts_: tuple[float, ...], widths: list[float]) -> None:
    chart = Bars("t", "d", ("a", "b"), (Bar("x", parts_, "s"),), 1.0)
    root = ElementTree.fromstring(chart.picture().svg)  # noqa: S314 - our own
    rects = root.findall("{http://www.w3.org/2000/svg}rect")
    bars = [each for each in rects if each.get("height") == "16" and not each.get("fill-opacity")]
    assert [float(each.get("width", "")) for each in bars] == widths


def test_a_chart_of_very_many_bars_is_cut_off_and_never_divides_by_nothing() -> None:
    many = tuple(Bar(str(number), (0.1,), "") for number in range(1_000))
    svg = Bars("t", "d", ("a",), many, 0.0).picture().svg
    assert svg.count("text-anchor") == BARS_MAX


@pytest.mark.parametrize(
    ("part", "whole", "lang", "said"),
    [
        (1, 4, "nl", "25,0\u00a0%"),
        (1, 4, "en", "25.0\u00a0%"),
        (0, 4, "fr", "0,0\u00a0%"),
        (4, 4, "nl", "100,0\u00a0%"),
        (1, 1_000_000, "nl", "< 0,1\u00a0%"),
        (999_999, 1_000_000, "nl", "> 99,9\u00a0%"),
        (0, 0, "nl", formats.NONE),
    ],
)
def test_a_share_is_never_rounded_to_none_or_all(
    part: int, whole: int, lang: str, said: str
) -> None:
    assert formats.share(part, whole, lang) == said


def test_a_moment_says_its_zone() -> None:
    assert formats.moment(AT, "nl") == "22 november 2026, 10:30 UTC"
    assert formats.day(AT, "en") == "22 November 2026"
