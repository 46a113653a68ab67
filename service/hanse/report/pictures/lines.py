"""Figures over time: lines with a dashed comparator, sparklines, and many small lines alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from hanse.messages import say
from hanse.report.document import Column, Illustration, Picture, Table
from hanse.report.formats import NONE
from hanse.report.pictures.canvas import (
    ACCENT,
    CONTRAST,
    EMPTY,
    HATCH,
    INK,
    LINE,
    QUIET,
    WIDTH,
    Words,
    cut,
    drawn,
    element,
)
from hanse.report.pictures.cell import ABSENT, Cell
from hanse.report.pictures.scale import Scale, over

HEIGHT, TOP, BOTTOM = 220, 14, 40
INKS = (ACCENT, CONTRAST, INK, QUIET)
STROKES = ("", "5 3", "1 3", "8 3 2 3")
"""Lines differ in stroke as well as in colour."""
LINES_MAX = len(STROKES)
MULTIPLES_MAX = 60
SMALL_WIDTH, SMALL_HEIGHT = 152.0, 96.0
SPARK_WIDTH, SPARK_HEIGHT = 120.0, 28.0


@dataclass(frozen=True, slots=True)
class Line:
    """One series: its name, and a figure for every period of the chart."""

    name: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a line is drawn: a place per period, and a scale of heights."""

    left: float
    right: float
    heights: Scale
    periods: int

    def x(self, number: int) -> float:
        """Return the place of a period."""
        if self.periods < 2:
            return (self.left + self.right) / 2
        return self.left + (self.right - self.left) * number / (self.periods - 1)


@dataclass(frozen=True, slots=True)
class OverTime:
    """Series over the same periods; the first is what it is about, the second its comparator."""

    words: Words
    periods: tuple[str, ...]
    lines: Sequence[Line]
    width: float = WIDTH

    def chart(self) -> Illustration:
        """Return one chart of at most four lines; a figure without a number is a gap, marked."""
        lines = self.lines[:LINES_MAX]
        room = min(150.0, self.width * 0.26)
        heights = over(_numbers(lines), HEIGHT - BOTTOM, TOP, nought=False)
        frame = Frame(58, self.width - room, heights, len(self.periods))
        body = [*self._grid(frame), *self._spans(frame)]
        for number, line in enumerate(lines):
            body += _stroke(line, frame, INKS[number], STROKES[number])
            # A comparator that nobody can compute for a period says so by its gap alone.
            unsaid = ABSENT if number else None
            body += _gaps(line, frame, HEIGHT - BOTTOM - 2 - 12 * number, unsaid=unsaid)
        body += self._names(lines, frame)
        return Illustration(drawn(self.words, (self.width, HEIGHT), body), self.table())

    def multiples(self) -> Illustration:
        """Return a small chart per series, all on one scale so that heights compare."""
        lines = self.lines[:MULTIPLES_MAX]
        across = max(1, int(self.width // SMALL_WIDTH))
        body: list[str] = []
        for number, line in enumerate(lines):
            left = (number % across) * SMALL_WIDTH
            top = (number // across) * SMALL_HEIGHT
            body += self._small(line, left, top, _numbers(lines))
        rows = -(-len(lines) // across)
        size = (self.width, rows * SMALL_HEIGHT + 4)
        return Illustration(drawn(self.words, size, body), self.table())

    def spark(self) -> Picture:
        """Return the first series as small as a word, without axes."""
        line = self.lines[0]
        heights = over(_numbers([line]), SPARK_HEIGHT - 5, 5, nought=False)
        frame = Frame(4, SPARK_WIDTH - 6, heights, len(self.periods))
        body = [*_stroke(line, frame, ACCENT, ""), *_gaps(line, frame, SPARK_HEIGHT - 2, 6)]
        return drawn(self.words, (SPARK_WIDTH, SPARK_HEIGHT), body)

    def table(self) -> Table:
        """Return what the lines say as a table: a row per period, a column per series."""
        words = self.words
        named = [Column(line.name, figure=True) for line in self.lines]
        rows = tuple(
            (
                period,
                *(line.cells[number].shown(words.lang, words.decimals) for line in self.lines),
            )
            for number, period in enumerate(self.periods)
        )
        return Table(words.title, (Column(say("PICTURE_PERIOD", words.lang)), *named), rows)

    def _grid(self, frame: Frame) -> list[str]:
        body = []
        for tick in frame.heights.ticks:
            y = frame.heights.at(tick)
            spelled = Cell(tick).shown(self.words.lang, frame.heights.decimals)
            body += [
                element("path", d=f"M{frame.left - 4},{y:.1f} H{frame.right:.1f}", stroke=LINE),
                element(
                    "text", spelled, x=frame.left - 8, y=y + 4, text_anchor="end", font_size=11,
                    fill=QUIET,
                ),
            ]  # fmt: skip
        return body

    def _spans(self, frame: Frame) -> list[str]:
        """Return the names of as many periods as fit without touching, the last among them."""
        widest = max((len(each) for each in self.periods), default=1) * 7 + 10
        gap = (frame.right - frame.left) / max(1, len(self.periods) - 1)
        every = max(1, -(-int(widest) // max(1, int(gap))))
        last = len(self.periods) - 1
        return [
            element(
                "text", period, x=frame.x(number), y=HEIGHT - BOTTOM + 18, text_anchor="middle",
                font_size=11, fill=QUIET,
            )
            for number, period in enumerate(self.periods)
            if (last - number) % every == 0
        ]  # fmt: skip

    def _names(self, lines: Sequence[Line], frame: Frame) -> list[str]:
        """Return the name of each line at its end, moved apart where they would cover another."""
        ends = [(_end(line, frame), number) for number, line in enumerate(lines)]
        body, lowest = [], float(TOP) - 16
        for y, number in sorted(ends):
            lowest = max(y, lowest + 15)
            name = cut(lines[number].name, self.width - frame.right - 10, 12)
            body.append(
                element(
                    "text", name, x=frame.right + 10, y=lowest + 4, font_size=12,
                    fill=INKS[number], font_weight="bold" if number == 0 else None,
                )
            )  # fmt: skip
        return body

    def _small(self, line: Line, left: float, top: float, numbers: Sequence[float]) -> list[str]:
        base = top + SMALL_HEIGHT - 22
        heights = over(numbers, base, top + 24, nought=False)
        frame = Frame(left + 6, left + SMALL_WIDTH - 18, heights, len(self.periods))
        name = cut(line.name, SMALL_WIDTH - 14, 12)
        last = line.cells[-1].shown(self.words.lang, self.words.decimals)
        ends = f"{self.periods[0]} {NONE} {self.periods[-1]}: {last}"
        return [
            element("text", name, x=left + 4, y=top + 13, font_size=12, font_weight="bold"),
            element("path", d=f"M{left + 4:.1f},{base:.1f} h{SMALL_WIDTH - 16:.1f}", stroke=LINE),
            *_stroke(line, frame, ACCENT, ""),
            *_gaps(line, frame, base, 7),
            element("text", ends, x=left + 4, y=base + 14, font_size=10, fill=QUIET),
        ]


def _end(line: Line, frame: Frame) -> float:
    """Return the height of a line's last number; a line without one has its name at the foot."""
    known = [each.value for each in line.cells if each.value is not None]
    return frame.heights.at(known[-1]) if known else float(HEIGHT - BOTTOM)


def _stroke(line: Line, frame: Frame, ink: str, dashes: str) -> list[str]:
    parts = []
    points = list(enumerate(line.cells))
    for known, group in groupby(points, lambda point: point[1].value is not None):
        if not known:
            continue
        places = [(frame.x(number), frame.heights.at(cell.value or 0.0)) for number, cell in group]
        path = "M" + " L".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(
            element(
                "path", d=path, fill="none", stroke=ink, stroke_width=2.2, stroke_linejoin="round",
                stroke_dasharray=dashes or None,
            )
        )  # fmt: skip
        if not dashes or len(places) == 1:
            ends = places if len(places) == 1 else places[-1:]
            parts += [element("circle", cx=x, cy=y, r=2.8, fill=ink) for x, y in ends]
    return parts


def _gaps(
    line: Line, frame: Frame, foot: float, size: float = 9, unsaid: str | None = None
) -> list[str]:
    """Return a mark at the foot for every figure without a number: hatched where it is hidden.

    A figure with the status `unsaid` has no mark.
    """
    return [
        element(
            "rect", x=frame.x(number) - size / 2, y=foot - size, width=size, height=size,
            fill=HATCH if cell.hidden else EMPTY, stroke=QUIET, stroke_width=0.6,
        )
        for number, cell in enumerate(line.cells)
        if cell.value is None and cell.status != unsaid
    ]  # fmt: skip


def _numbers(lines: Sequence[Line]) -> list[float]:
    return [each.value for line in lines for each in line.cells if each.value is not None]
