"""Figures of areas beside one another: bars from nought, or dots with their margin."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from hanse.messages import say
from hanse.report.document import Column, Illustration, Picture, Table
from hanse.report.pictures.canvas import (
    ACCENT,
    CONTRAST,
    EMPTY,
    HATCH,
    INK,
    LINE,
    QUIET,
    SOFT,
    WIDTH,
    Words,
    cut,
    drawn,
    element,
)
from hanse.report.pictures.cell import Cell
from hanse.report.pictures.scale import Scale, over

ROW, THICK, TOP = 21, 14, 22
UNKNOWN_WIDTH = 34
"""Of the mark of a figure without a number: the same for every one, so that it tells nothing."""
ROWS_MAX = 60


@dataclass(frozen=True, slots=True)
class Item:
    """One area with its figure; `marked` for the one that the picture is about."""

    label: str
    cell: Cell
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Comparator:
    """What the figures are held against: a dashed line over all of them."""

    label: str
    value: float


@dataclass(frozen=True, slots=True)
class Beside:
    """Areas under one another in the order given, never by a figure that is hidden."""

    words: Words
    items: Sequence[Item]
    comparator: Comparator | None = None
    width: float = WIDTH

    def bars(self) -> Illustration:
        """Return bars that start at nought."""
        return Illustration(self._picture(dots=False), self.table())

    def dots(self) -> Illustration:
        """Return dots, each with its margin: for figures of a sample, where a bar would mislead."""
        return Illustration(self._picture(dots=True), self.table())

    def table(self) -> Table:
        """Return what the picture says as a table; margins in columns of their own."""
        words = self.words
        margins = any(each.cell.low is not None for each in self.items)
        names = ["PICTURE_AREA", "PICTURE_FIGURE"]
        if margins:
            names += ["PICTURE_LOW", "PICTURE_HIGH"]
        columns = tuple(
            Column(say(name, words.lang), figure=at > 0) for at, name in enumerate(names)
        )
        rows = [self._row(each.label, each.cell, margins=margins) for each in self.items]
        if self.comparator:
            held = Cell(self.comparator.value)
            rows.append(self._row(self.comparator.label, held, margins=margins))
        return Table(words.title, columns, tuple(rows))

    def _row(self, label: str, cell: Cell, *, margins: bool) -> tuple[str, ...]:
        lang, decimals = self.words.lang, self.words.decimals
        shown = (label, cell.shown(lang, decimals))
        ends = [Cell(end).shown(lang, decimals) if end is not None else "" for end in _ends(cell)]
        return (*shown, *ends) if margins else shown

    def _picture(self, *, dots: bool) -> Picture:
        items = self.items[:ROWS_MAX]
        room = self.width * 0.3
        numbers = [number for each in items for number in _numbers(each.cell)]
        if self.comparator:
            numbers.append(self.comparator.value)
        scale = over(numbers, room + 8, self.width - 66, nought=not dots)
        height = TOP + ROW * len(items) + 22
        body = [*_axis(scale, height, self.words)]
        for number, item in enumerate(items):
            top = TOP + number * ROW
            body += [*self._label(item, top, room)]
            body += _dot(item, top, scale) if dots else _bar(item, top, scale)
        body += self._dashed(scale, height)
        return drawn(self.words, (self.width, height), body)

    def _label(self, item: Item, top: float, room: float) -> list[str]:
        weight = "bold" if item.marked else None
        shown = item.cell.shown(self.words.lang, self.words.decimals)
        base = top + 11.5
        name = cut(item.label, room)
        return [
            element("text", name, x=room, y=base, text_anchor="end", font_weight=weight),
            element("text", shown, x=self.width, y=base, text_anchor="end", font_weight=weight),
        ]

    def _dashed(self, scale: Scale, height: float) -> list[str]:
        if not self.comparator:
            return []
        x = scale.at(self.comparator.value)
        right = x > self.width * 0.6
        return [
            element(
                "path", d=f"M{x:.1f},{TOP - 4} V{height - 20}", stroke=CONTRAST, stroke_width=1.6,
                stroke_dasharray="5 3", fill="none",
            ),
            element(
                "text", self.comparator.label, x=x + (-4 if right else 4), y=TOP - 8, fill=CONTRAST,
                font_size=12, text_anchor="end" if right else "start",
            ),
        ]  # fmt: skip


def _axis(scale: Scale, height: float, words: Words) -> list[str]:
    drawn_marks = []
    named = {tick: Cell(tick).shown(words.lang, scale.decimals) for tick in scale.ticks}
    apart = scale.at(scale.ticks[1]) - scale.at(scale.ticks[0])
    every = max(1, math.ceil((6.5 * max(map(len, named.values())) + 10) / apart))
    for tick, spelled in list(named.items())[::every]:
        x = scale.at(tick)
        drawn_marks += [
            element("path", d=f"M{x:.1f},{TOP - 4} V{height - 20}", stroke=LINE, stroke_width=1),
            element(
                "text", spelled, x=x, y=height - 6, text_anchor="middle", font_size=11, fill=QUIET
            ),
        ]
    return drawn_marks


def _bar(item: Item, top: float, scale: Scale) -> list[str]:
    if item.cell.value is None:
        return [_unknown(item.cell, top, scale)]
    ends = sorted((scale.at(0.0), scale.at(item.cell.value)))
    fill = ACCENT if item.marked else SOFT
    width = ends[1] - ends[0]
    return [element("rect", x=ends[0], y=top + 0.5, width=width, height=THICK, fill=fill)]


def _dot(item: Item, top: float, scale: Scale) -> list[str]:
    cell, middle = item.cell, top + 7.5
    if cell.value is None:
        return [_unknown(cell, top, scale)]
    parts = []
    low, high = _ends(cell)
    if low is not None and high is not None:
        x, end = scale.at(low), scale.at(high)
        path = f"M{x:.1f},{middle - 4} v8 M{x:.1f},{middle} H{end:.1f} M{end:.1f},{middle - 4} v8"
        parts.append(element("path", d=path, stroke=INK, stroke_width=1.4, fill="none"))
    fill = ACCENT if item.marked else SOFT
    dot = element("circle", cx=scale.at(cell.value), cy=middle, r=5, fill=fill, stroke=INK)
    return [*parts, dot]


def _unknown(cell: Cell, top: float, scale: Scale) -> str:
    fill = HATCH if cell.hidden else EMPTY
    return element(
        "rect", x=scale.start, y=top + 0.5, width=UNKNOWN_WIDTH, height=THICK, fill=fill,
        stroke=QUIET, stroke_width=0.6,
    )  # fmt: skip


def _ends(cell: Cell) -> tuple[float | None, float | None]:
    return cell.low, cell.high


def _numbers(cell: Cell) -> list[float]:
    return [each for each in (cell.value, cell.low, cell.high) if each is not None]
