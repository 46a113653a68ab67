"""Figures on a map: by their boundaries, or as tiles of equal area where nobody gave boundaries."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hanse.messages import say
from hanse.report.document import Column, Illustration, Table
from hanse.report.formats import NONE
from hanse.report.pictures.canvas import (
    CONTRAST,
    EMPTY,
    HATCH,
    INK,
    PAPER,
    QUIET,
    STEPS,
    WIDTH,
    Words,
    cut,
    drawn,
    element,
    key,
)
from hanse.report.pictures.cell import Cell
from hanse.report.pictures.places import place as place_of
from hanse.report.pictures.scale import classes, place

NEAREST = 0.4
"""Corners closer to the last one than this, in units of the drawing, are left out."""
DARK_FROM = 3
"""From this class on, letters on it are white."""
LEGEND_ROW = 17
TILE_MAX = 64.0
TILE_LETTER = 0.56
"""Width of a letter in a tile, of its height: that of the widest usual typeface."""
GAP = 3.0

Geometry = Mapping[str, Any]
Spot = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Region:
    """One area: its code, its name, its figure; `marked` for the one that the map is about."""

    code: str
    name: str
    cell: Cell
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Map:
    """Areas with a figure each.

    `boundaries` are GeoJSON geometries by code (RFC 7946: longitude and latitude); areas without
    one are in the table only, and no boundary at all makes it a tile map. `background` are
    boundaries of areas that the map does not speak of; `attribution` is said under the map.
    """

    words: Words
    regions: Sequence[Region]
    boundaries: Mapping[str, Geometry] = field(default_factory=dict)
    background: Sequence[Geometry] = ()
    attribution: str = ""
    width: float = WIDTH

    def drawing(self) -> Illustration:
        """Return the map with its legend and its table."""
        bounds = self._bounds()
        shapes, height = self._shapes(bounds) if self.boundaries else self._tiles(bounds)
        legend = list(self._legend(bounds))
        body = [
            *shapes,
            *(key(2, height + 8 + n * LEGEND_ROW, *each) for n, each in enumerate(legend)),
        ]
        foot = height + 10 + len(legend) * LEGEND_ROW
        if self.attribution:
            said = cut(self.attribution, self.width, 10)
            body.append(element("text", said, x=2, y=foot + 10, font_size=10, fill=QUIET))
            foot += 14
        return Illustration(drawn(self.words, (self.width, foot), body), self.table())

    def table(self) -> Table:
        """Return what the map says as a table."""
        words = self.words
        columns = (
            Column(say("PICTURE_AREA", words.lang)),
            Column(say("PICTURE_FIGURE", words.lang), figure=True),
        )
        rows = tuple(
            (each.name, each.cell.shown(words.lang, words.decimals)) for each in self.regions
        )
        return Table(words.title, columns, rows)

    def _bounds(self) -> tuple[float, ...]:
        known = [each.cell.value for each in self.regions if each.cell.value is not None]
        return classes(known, len(STEPS))

    def _legend(self, bounds: tuple[float, ...]) -> Iterator[tuple[str, str]]:
        """Yield a swatch and its words per class; what has no number stands last."""
        known = [each.cell.value for each in self.regions if each.cell.value is not None]
        for number in range(len(bounds)):
            inside = [each for each in known if place(each, bounds) == number]
            ends = [self._spelled(min(inside)), self._spelled(max(inside))]
            yield _step(number, bounds), f" {NONE} ".join(dict.fromkeys(ends))
        lang = self.words.lang
        if any(each.cell.hidden for each in self.regions):
            yield HATCH, say("PICTURE_HIDDEN", lang)
        if any(each.cell.value is None and not each.cell.hidden for each in self.regions):
            yield EMPTY, say("PICTURE_MISSING", lang)

    def _spelled(self, value: float) -> str:
        return Cell(value).shown(self.words.lang, self.words.decimals)

    def _shapes(self, bounds: tuple[float, ...]) -> tuple[list[str], float]:
        known = [each for each in self.regions if each.code in self.boundaries]
        outlines = [*self.background, *(self.boundaries[each.code] for each in known)]
        project, height = _projection(outlines, self.width)
        body = [
            element(
                "path", d=_path(each, project), fill=PAPER, stroke="#b9c4cd", stroke_width=0.5,
                fill_rule="evenodd",
            )
            for each in self.background
        ]  # fmt: skip
        body += [
            element(
                "path", d=_path(self.boundaries[region.code], project),
                fill=_fill(region.cell, bounds), fill_rule="evenodd", stroke_linejoin="round",
                stroke=CONTRAST if region.marked else QUIET,
                stroke_width=2.4 if region.marked else 0.6,
            )
            for region in sorted(known, key=lambda each: each.marked)
        ]  # fmt: skip
        return body, height

    def _tiles(self, bounds: tuple[float, ...]) -> tuple[list[str], float]:
        grid = layout([each.code for each in self.regions])
        across = max((column for column, _ in grid.values()), default=0) + 1
        down = max((row for _, row in grid.values()), default=0) + 1
        side = min(TILE_MAX, self.width / across)
        body: list[str] = []
        for region in sorted(self.regions, key=lambda each: each.marked):
            column, row = grid[region.code]
            body += self._tile(region, (column * side, row * side), side - GAP, bounds)
        return body, down * side

    def _tile(
        self, region: Region, corner: Spot, side: float, bounds: tuple[float, ...]
    ) -> list[str]:
        left, top = corner
        cell, marked = region.cell, region.marked
        dark = cell.value is not None and _shade(place(cell.value, bounds), bounds) >= DARK_FROM
        ink, size = (PAPER if dark else INK), max(7.0, min(11.0, side / 5))
        middle = left + side / 2
        words: dict[str, Any] = {"x": middle, "text_anchor": "middle", "fill": ink}
        size = max(6.0, min(size, (side - 4) / (TILE_LETTER * max(1, len(region.name)))))
        name = cut(region.name, side - 2, size)
        figure = cut(cell.shown(self.words.lang, self.words.decimals), side - 2, size)
        # On a pattern letters need a plain ground of their own.
        plain: dict[str, Any] = {
            "x": left + 3,
            "y": top + side * 0.2,
            "width": side - 6,
            "height": side * 0.6,
        }
        ground = [element("rect", fill=PAPER, **plain)] if cell.value is None else []
        return [
            element(
                "rect", x=left + 1.5, y=top + 1.5, width=side, height=side, rx=2,
                fill=_fill(cell, bounds), stroke=CONTRAST if marked else QUIET,
                stroke_width=2.6 if marked else 0.6,
            ),
            *ground,
            element("text", name, y=top + side * 0.46, font_size=size, **words),
            element(
                "text", figure, y=top + side * 0.46 + size * 1.35, font_size=size,
                font_weight="bold", **words,
            ),
        ]  # fmt: skip


def layout(codes: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Return column and row of a tile for each code: where the area lies, as near as is free.

    Codes whose place is not known follow in reading order below the others.
    """
    known = {code: spot for code in codes if (spot := place_of(code))}
    grid = _near(known)
    first = max((row for _, row in grid.values()), default=-1) + 1
    across = max(4, math.isqrt(max(1, len(codes) - len(known))) + 1)
    rest = (code for code in codes if code not in known)
    grid |= {code: (n % across, first + n // across) for n, code in enumerate(rest)}
    return grid


def _near(known: Mapping[str, Spot]) -> dict[str, tuple[int, int]]:
    if not known:
        return {}
    wests = [spot[0] * 0.63 for spot in known.values()]
    norths = [-spot[1] for spot in known.values()]
    wide = max(max(wests) - min(wests), 0.05)
    high = max(max(norths) - min(norths), 0.05)
    # About two places per area: room to lie where one lies, without a map that is mostly empty.
    unit = math.sqrt(wide * high / (2 * len(known)))
    grid: dict[str, tuple[int, int]] = {}
    for code in sorted(known, key=lambda each: (known[each][0], -known[each][1], each)):
        lon, lat = known[code]
        wish = ((lon * 0.63 - min(wests)) / unit, (-lat - min(norths)) / unit)
        grid[code] = _free(wish, set(grid.values()))
    # Columns and rows that nobody lies in are left out: tiles are larger, and still in order.
    columns, rows = (sorted({spot[axis] for spot in grid.values()}) for axis in (0, 1))
    return {code: (columns.index(x), rows.index(y)) for code, (x, y) in grid.items()}


def _free(wish: Spot, taken: set[tuple[int, int]]) -> tuple[int, int]:
    reach = 0
    while True:
        near = [
            (round(wish[0]) + x, round(wish[1]) + y)
            for x in range(-reach, reach + 1)
            for y in range(-reach, reach + 1)
        ]
        free = [spot for spot in near if spot not in taken]
        if free:
            return min(free, key=lambda spot: (math.dist(spot, wish), spot))
        reach += 1


def _fill(cell: Cell, bounds: tuple[float, ...]) -> str:
    if cell.value is None:
        return HATCH if cell.hidden else EMPTY
    return _step(place(cell.value, bounds), bounds)


def _step(number: int, bounds: tuple[float, ...]) -> str:
    return STEPS[_shade(number, bounds)]


def _shade(number: int, bounds: tuple[float, ...]) -> int:
    """Return the step of a class: few classes are spread over the whole of the scale."""
    if len(bounds) < 2:
        return 2
    return round(number * (len(STEPS) - 1) / (len(bounds) - 1))


@dataclass(frozen=True, slots=True)
class _Projection:
    """Longitude and latitude to units of the drawing: equirectangular, true in its middle."""

    west: float
    north: float
    squeeze: float
    unit: float

    def __call__(self, spot: Sequence[float]) -> Spot:
        return (
            (spot[0] * self.squeeze - self.west) * self.unit + 2,
            (self.north - spot[1]) * self.unit + 2,
        )


def _projection(outlines: Sequence[Geometry], width: float) -> tuple[_Projection, float]:
    spots = [spot for each in outlines for ring in _rings(each) for spot in ring] or [
        (0, 0),
        (1, 1),
    ]
    south, north = min(spot[1] for spot in spots), max(spot[1] for spot in spots)
    west, east = min(spot[0] for spot in spots), max(spot[0] for spot in spots)
    squeeze = math.cos(math.radians((south + north) / 2))
    unit = (width - 4) / max((east - west) * squeeze, (north - south) / 1.2, 1e-9)
    return _Projection(west * squeeze, north, squeeze, unit), (north - south) * unit + 4


def _rings(geometry: Geometry) -> Iterator[Sequence[Sequence[float]]]:
    """Yield every ring of a polygon or of many; what has no surface is not drawn."""
    kind = geometry.get("type")
    if kind == "Polygon":
        yield from geometry["coordinates"]
    elif kind == "MultiPolygon":
        for polygon in geometry["coordinates"]:
            yield from polygon


def _path(geometry: Geometry, project: _Projection) -> str:
    return "".join(_ring(ring, project) for ring in _rings(geometry))


def _ring(ring: Sequence[Sequence[float]], project: _Projection) -> str:
    kept: list[Spot] = []
    for spot in map(project, ring):
        if not kept or math.dist(spot, kept[-1]) >= NEAREST:
            kept.append(spot)
    if len(kept) < 3:
        return ""
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in kept) + "Z"
