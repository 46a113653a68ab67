"""A document as a tagged PDF (PDF/UA-1), typeset by Typst without a browser or a network.

The document travels to the typesetter as data, never as markup: no text of it can be an
instruction. Typst itself refuses a document that breaks PDF/UA-1.
"""

import json
from dataclasses import asdict
from functools import cache
from importlib import resources
from threading import Lock
from typing import Final, Literal

import typst

from hanse.errors import Unavailable
from hanse.messages import say
from hanse.report import formats
from hanse.report.document import Block, Document

MEDIA_TYPE = "application/pdf"
STANDARD: Final = "ua-1"
PIXELS_PER_INCH = 96

_ONE_AT_A_TIME = Lock()
"""A warm typesetter holds one document at a time."""


def render(document: Document) -> bytes:
    """Return the PDF; the same document gives the same bytes.

    Raises Unavailable where the typesetter cannot set it.
    """
    return _pages(document, "pdf", [STANDARD])[0]


def pictures(document: Document) -> list[bytes]:
    """Return every page as a PNG image."""
    return _pages(document, "png", [])


def _pages(
    document: Document, form: Literal["pdf", "png"], standards: list[Literal["ua-1"]]
) -> list[bytes]:
    """Return what the typesetter makes: one PDF, or an image of every page."""
    try:
        with _ONE_AT_A_TIME:
            made = _typesetter().compile(
                _template(),
                format=form,
                ppi=PIXELS_PER_INCH,
                sys_inputs={"document": json.dumps(_content(document), ensure_ascii=False)},
                pdf_standards=[*standards],
                timestamp=int(document.made_at.timestamp()),
            )
    except typst.TypstError as fault:
        raise Unavailable("REPORT_TYPESET", fault=fault.message[:200]) from fault
    return made if isinstance(made, list) else [made or b""]


@cache
def _typesetter() -> typst.Compiler:
    """Return the one that is kept warm, so that fonts and what stays the same are read once."""
    return typst.Compiler(ignore_system_fonts=True)


@cache
def _template() -> bytes:
    return (resources.files("hanse.report") / "templates" / "document.typ").read_bytes()


def _content(document: Document) -> dict[str, object]:
    """Return the document as plain values, each block with its kind."""
    sections = [
        {
            "heading": section.heading,
            "new_page": section.new_page,
            "blocks": [_block(block) for block in section.blocks],
        }
        for section in document.sections
    ]
    return {
        "lang": document.lang,
        "title": document.title,
        "subtitle": document.subtitle,
        "author": document.author,
        "marking": document.marking,
        "footer": document.footer,
        "compact": document.compact,
        "landscape": document.landscape,
        "made_at": formats.day(document.made_at, document.lang),
        "page": say("REPORT_PAGE", document.lang),
        "facts": [asdict(fact) for fact in document.facts],
        "sections": sections,
    }


def _block(block: Block) -> dict[str, object]:
    return {"kind": type(block).__name__, **asdict(block)}
