"""Pictures as SVG, drawn on the server: the same drawing for page, PDF and print.

Colours are written in the drawing, so that it looks the same everywhere; parts of one bar also
differ in pattern, so that nobody needs to tell colours apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from hanse.report.document import Picture

FONT = "Libertinus Serif"
"""The typeface that a PDF carries; a page sets its own over it."""

WIDTH = 640
LABEL_WIDTH = 240
VALUE_WIDTH = 90
BAR_HEIGHT = 16
ROW_HEIGHT = 26
LEGEND_HEIGHT = 28
LABEL_LETTERS = 38
BARS_MAX = 40

INK, QUIET, LINE = "#14212b", "#47586a", "#d5dde4"
COLOURS = ("#0b4a6f", "#7fb0cc", "#c9d6df")


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its parts in the order of the legend, and how its value is written beside it."""

    label: str
    parts: tuple[float, ...]
    shown: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar chart lying on its side; `most` is the value of a full bar."""

    title: str
    description: str
    legend: tuple[str, ...]
    bars: tuple[Bar, ...]
    most: float

    def picture(self) -> Picture:
        """Return the drawing."""
        return Picture(_svg(self), self.title, self.description)


def _svg(chart: Bars) -> str:
    bars = chart.bars[:BARS_MAX]
    height = LEGEND_HEIGHT + ROW_HEIGHT * len(bars) + 6
    body = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" '
        f'font-family="{FONT}" font-size="13" fill="{INK}">',
        f"<title>{escape(chart.title)}</title><desc>{escape(chart.description)}</desc>",
        '<defs><pattern id="dots" width="5" height="5" patternUnits="userSpaceOnUse">'
        f'<rect width="5" height="5" fill="{COLOURS[1]}"/>'
        f'<circle cx="2.5" cy="2.5" r="1" fill="{COLOURS[0]}"/></pattern></defs>',
        *_legend(chart.legend),
    ]
    for number, bar in enumerate(bars):
        body += _bar(bar, LEGEND_HEIGHT + number * ROW_HEIGHT, chart.most)
    return "".join([*body, "</svg>"])


def _legend(names: Sequence[str]) -> list[str]:
    drawn, left = [], 0
    for number, name in enumerate(names):
        drawn.append(
            f'<rect x="{left}" y="2" width="12" height="12" fill="{_fill(number)}"/>'
            f'<text x="{left + 18}" y="13" fill="{QUIET}">{escape(name)}</text>'
        )
        left += 42 + 7 * len(name)
    return drawn


def _bar(bar: Bar, top: int, most: float) -> list[str]:
    room = WIDTH - LABEL_WIDTH - VALUE_WIDTH
    middle = top + BAR_HEIGHT - 3
    drawn = [
        f'<text x="{LABEL_WIDTH - 10}" y="{middle}" text-anchor="end">{escape(_cut(bar.label))}'
        f'</text><rect x="{LABEL_WIDTH}" y="{top}" width="{room}" height="{BAR_HEIGHT}" '
        f'fill="{LINE}" fill-opacity="0.45"/>'
    ]
    left = float(LABEL_WIDTH)
    for number, part in enumerate(bar.parts):
        width = room * max(part, 0.0) / most if most > 0 else 0.0
        drawn.append(
            f'<rect x="{left:.1f}" y="{top}" width="{width:.1f}" height="{BAR_HEIGHT}" '
            f'fill="{_fill(number)}"/>'
        )
        left += width
    right = WIDTH - VALUE_WIDTH + 10
    return [*drawn, f'<text x="{right}" y="{middle}">{escape(bar.shown)}</text>']


def _fill(number: int) -> str:
    """Return the fill of a part: the second is dotted, so that it differs without its colour."""
    return "url(#dots)" if number == 1 else COLOURS[number % len(COLOURS)]


def _cut(text: str) -> str:
    """Return a label that fits; the table beside the drawing has it whole."""
    return text if len(text) <= LABEL_LETTERS else text[: LABEL_LETTERS - 1] + "…"
