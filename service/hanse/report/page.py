"""A document as one web page that needs nothing else: no script, no style sheet, no network.

The page is read by screen readers and printed by browsers; it is the same document as the PDF.
"""

import re
from functools import cache, partial

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from hanse.messages import say
from hanse.report import formats
from hanse.report.document import Document, Picture

MEDIA_TYPE = "text/html; charset=utf-8"
PATTERNS = ("dots", "hatch", "empty")

_NAMED = re.compile(rf'(?:\bid="|url\(#)(?:{"|".join(PATTERNS)})(?=["\)])')


def render(document: Document) -> bytes:
    """Return the page, UTF-8."""
    template = _environment().get_template("document.html")
    text = template.render(
        d=document,
        t=partial(_label, document.lang),
        made_at=formats.day(document.made_at, document.lang),
        drawing=_drawing,
        kind=lambda block: type(block).__name__,
    )
    return text.encode("utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("hanse.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _label(lang: str, code: str) -> str:
    return say(code, lang)


def _drawing(picture: Picture, number: int) -> Markup:
    """Return the drawing's own markup, its patterns named apart from those of other drawings.

    The markup comes from `hanse.report.drawing`, which escapes every text it is given.
    """
    svg = _NAMED.sub(rf"\g<0>{number}", picture.svg)
    return Markup(svg.replace("<svg ", '<svg role="presentation" focusable="false" ', 1))  # noqa: S704
