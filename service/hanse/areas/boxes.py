"""Which geometries touch a rectangle of longitudes and latitudes: exactly, not by their extent."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from hanse.areas.boundaries import Geometry, Position

Box = tuple[float, float, float, float]
"""West, south, east, north; west beyond east crosses the antimeridian (RFC 7946 §5.2)."""


def overlap(one: Box, other: Box) -> bool:
    """Say whether two extents have a point in common; neither crosses the antimeridian."""
    return not (one[0] > other[2] or one[2] < other[0] or one[1] > other[3] or one[3] < other[1])


def halves(box: Box) -> tuple[Box, ...]:
    """Return the box, in two where it crosses the antimeridian."""
    west, south, east, north = box
    if west <= east:
        return (box,)
    return (west, south, 180.0, north), (-180.0, south, east, north)


def touches(geometry: Geometry, box: Box) -> bool:
    """Say whether a geometry has a point in common with a box."""
    kind, held = geometry["type"], geometry["coordinates"]
    for part in halves(box):
        if kind in ("Polygon", "MultiPolygon"):
            polygons = [held] if kind == "Polygon" else held
            if any(_polygon_touches(polygon, part) for polygon in polygons):
                return True
        elif any(_crosses(a, b, part) for a, b in _segments(kind, held)):
            return True
    return False


def _segments(kind: str, held: Any) -> Iterator[tuple[Position, Position]]:
    """Yield the pieces of points and lines; a point is a piece without length."""
    if kind == "Point":
        yield held, held
    elif kind == "MultiPoint":
        yield from ((each, each) for each in held)
    else:
        for line in [held] if kind == "LineString" else held:
            yield from pairwise(line)


def _polygon_touches(rings: Sequence[Sequence[Position]], box: Box) -> bool:
    if any(_crosses(a, b, box) for ring in rings for a, b in pairwise(ring)):
        return True
    # No edge comes into the box: it lies wholly inside the polygon, or wholly outside.
    return sum(_holds(ring, (box[0], box[1])) for ring in rings) % 2 == 1


def _holds(ring: Sequence[Position], point: Position) -> bool:
    """Say whether a point lies in a ring, by the parity of the edges to its east."""
    x, y = point
    inside = False
    for (ax, ay), (bx, by) in pairwise(ring):
        if (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax:
            inside = not inside
    return inside


def _crosses(a: Position, b: Position, box: Box) -> bool:
    """Say whether a piece of a line has a point in a box (Liang and Barsky's clipping)."""
    first, last = 0.0, 1.0
    for start, step, low, high in (
        (a[0], b[0] - a[0], box[0], box[2]),
        (a[1], b[1] - a[1], box[1], box[3]),
    ):
        if step == 0:
            if not low <= start <= high:
                return False
            continue
        enter, leave = sorted(((low - start) / step, (high - start) / step))
        first, last = max(first, enter), min(last, leave)
        if first > last:
            return False
    return True
