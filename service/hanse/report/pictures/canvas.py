"""What every picture is drawn with: elements of SVG 2, patterns, colours, labels that fit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from hanse.report.document import Picture
from hanse.report.drawing import FONT, INK, LINE, QUIET

WIDTH, HALF = 640, 312
"""Of a picture over the whole width of a page, and of one beside another."""

ACCENT, SOFT, PAPER = "#0b4a6f", "#9dc0d6", "#ffffff"
CONTRAST = "#b84300"
STEPS = ("#e3eef5", "#b3d0e2", "#74a9c9", "#2f7ba8", "#0b4a6f")
"""One hue from light to dark: the order of the classes survives grey print and colour blindness."""

HATCH, EMPTY = "url(#hatch)", "url(#empty)"
LETTER = 6.4
"""About the width of a letter of 13 units, to judge what fits."""

__all__ = ["INK", "LINE", "QUIET"]

_PATTERNS = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="6" fill="{PAPER}"/>'
    f'<path d="M-1,1 l2,-2 M0,6 l6,-6 M5,7 l2,-2" stroke="{QUIET}" stroke-width="1.2"/></pattern>'
    '<pattern id="empty" width="6" height="6" patternUnits="userSpaceOnUse">'
    f'<rect width="6" height="6" fill="{PAPER}"/>'
    f'<circle cx="3" cy="3" r="0.8" fill="{QUIET}"/></pattern></defs>'
)


_NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Words:
    """What a picture says in words: its title, what it shows, and the language of its numbers."""

    title: str
    description: str
    lang: str
    decimals: int = 0


def element(name: str, content: str = "", **attributes: object) -> str:
    """Return one element; its text is escaped, lengths are rounded to a tenth of a unit."""
    said = "".join(
        f" {key.rstrip('_').replace('_', '-')}={quoteattr(plain(_spelled(value)))}"
        for key, value in attributes.items()
        if value is not None
    )
    return f"<{name}{said}>{escape(plain(content))}</{name}>" if content else f"<{name}{said}/>"


def drawn(words: Words, size: tuple[float, float], body: Iterable[str]) -> Picture:
    """Return the picture: the elements, on a sheet of this width and height."""
    width, height = size
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_spelled(width)} '
        f'{_spelled(height)}" font-family="{FONT}" font-size="13" fill="{INK}">'
        f"<title>{escape(plain(words.title))}</title><desc>{escape(plain(words.description))}</desc>"
        f"{_PATTERNS}{''.join(body)}</svg>"
    )
    return Picture(svg, words.title, words.description, width)


def plain(text: str) -> str:
    """Return a text without the characters that XML cannot hold; names come from other houses."""
    return _NOT_XML.sub("", text)


def cut(text: str, room: float, size: float = 13) -> str:
    """Return a label that fits; the table beside the picture has it whole."""
    letters = max(2, int(room / (LETTER * size / 13)))
    return text if len(text) <= letters else text[: letters - 1].rstrip() + "…"


def key(x: float, y: float, fill: str, label: str) -> str:
    """Return one line of a legend: a swatch and its words."""
    swatch = element(
        "rect", x=x, y=y, width=14, height=12, fill=fill, stroke=QUIET, stroke_width=0.6
    )
    return swatch + element("text", label, x=x + 20, y=y + 10.5, font_size=12, fill=QUIET)


def _spelled(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
