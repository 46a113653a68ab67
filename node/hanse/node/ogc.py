"""Answers questions about features: areas of one level with figures and boundaries."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import quote, urlencode

from hanse.areas.area import Area
from hanse.areas.boxes import Box
from hanse.cube.query import PeriodWindow, Query
from hanse.dialects.edition import Edition, slug_of_table
from hanse.dialects.ogc import documents, features
from hanse.dialects.ogc.documents import Described
from hanse.dialects.ogc.features import CELLS_MAX, GEOJSON, Cells, Counted, Cut
from hanse.dialects.ogc.question import Question, read
from hanse.errors import Invalid, NotFound, Refused
from hanse.node import boundaries
from hanse.node.answer import Answer
from hanse.node.boundaries import Drawing
from hanse.node.readers import Reader, edition, editions
from hanse.node.running import Node

ROOT: Final = "/ogc"
Given = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Found:
    """A dataset at one level, with its boundaries."""

    node: Node
    edition: Edition
    level: str
    drawing: Drawing

    @property
    def areas(self) -> tuple[Area, ...]:
        """The areas that the reader may see, by code."""
        return self.edition.areas[self.level]

    def described(self, lang: str, asked: str = "") -> Described:
        """Return what its documents are made of; `asked` is a question that links repeat."""
        root = f"{self.node.settings.resource}{ROOT}"
        return Described(
            edition=self.edition,
            level=self.level,
            root=root,
            lang=lang,
            box=self._box(),
            attribution=self.drawing.attribution,
            asked=asked,
        )

    def _box(self) -> Box | None:
        """Return the extent of the areas that the reader may see, not of all there are."""
        shapes = self.drawing.shapes
        held = [shapes[area.code].box for area in self.areas if area.code in shapes]
        if not held:
            return None
        west, south, east, north = zip(*held, strict=True)
        return min(west), min(south), max(east), max(north)


@dataclass(frozen=True, slots=True)
class Page:
    """The features of one answer, with the answer of the door where there are figures in it."""

    found: Found
    question: Question
    areas: Sequence[Area]
    cells: Cells = field(default_factory=lambda: MappingProxyType({}))
    matched: int = 0
    answer: Answer | None = None

    def features(self) -> Iterator[bytes]:
        """Yield every feature."""
        if self.question.cut is None:
            return
        shapes = self.found.drawing.shapes
        for area in self.areas:
            held = self.cells.get(area.code, {})
            yield features.feature(self.question.cut, area, held, shapes.get(area.code))


def every(node: Node, reader: Reader) -> Iterator[Found]:
    """Yield every collection that a reader may see."""
    for each in editions(node, reader):
        for level in each.areas:
            yield Found(node, each, level, boundaries.load(node.home, level))


def one(node: Node, reader: Reader, collection: str, release: str | None = None) -> Found:
    """Return a collection by its id; raises what the door raises, `NotFound` for no such level."""
    whole = edition(node, reader, slug_of_table(collection), release)
    level = whole.level_of(collection)
    if level is None:
        raise NotFound("NOT_FOUND")
    return Found(node, whole, level, boundaries.load(node.home, level))


def page(reader: Reader, found: Found, given: Given) -> Page:
    """Return the features that are asked for.

    Raises what `read` raises, and `Refused` (OGC_LARGE) for more cells than one answer may have.
    """
    question = read(given, found.edition, found.level)
    if question.cut is None:
        return Page(found, question, ())
    areas = [area for area in found.areas if question.names(area)]
    if question.box is not None:
        shapes, box = found.drawing.shapes, question.box
        areas = [each for each in areas if (s := shapes.get(each.code)) and s.touches(box)]
    cells: Cells = {}
    answer: Answer | None = None
    if question.by_figures:
        answer, cells = _figures(reader, found, question.cut, areas)
        areas = [each for each in areas if question.holds(each, cells.get(each.code, {}))]
    shown = areas[question.offset : question.offset + question.limit]
    if not question.by_figures:
        answer, cells = _figures(reader, found, question.cut, shown)
    return Page(found, question, shown, cells, len(areas), answer)


def feature(reader: Reader, found: Found, feature_id: str, given: Given) -> Page:
    """Return one feature; raises `NotFound` for an id that the reader's features do not have."""
    for name, _ in given:
        if name in ("limit", "offset", "bbox"):
            raise Invalid("QUERY_UNKNOWN", name=name, choice="indicator, period, datetime")
    question = read(given, found.edition, found.level)
    if question.wanted:
        name = next(iter(question.wanted))
        raise Invalid("QUERY_UNKNOWN", name=name[:40], choice="indicator, period, datetime")
    code, _, vintage = feature_id.rpartition("@")
    area = next((each for each in found.areas if each.code == code), None)
    if area is None or question.cut is None or vintage != question.cut.vintage:
        raise NotFound("NOT_FOUND")
    answer, cells = _figures(reader, found, question.cut, [area])
    return Page(found, question, [area], cells, 1, answer)


def _figures(
    reader: Reader, found: Found, cut: Cut, areas: Sequence[Area]
) -> tuple[Answer | None, Cells]:
    if not areas or not cut.columns:
        return None, {}
    count = len(areas) * len(cut.columns)
    if count > CELLS_MAX:
        raise Refused("OGC_LARGE", count=count, limit=CELLS_MAX)
    query = Query(
        dataset=found.edition.slug,
        indicators=frozenset(cut.columns),
        levels=frozenset({found.level}),
        areas=frozenset(area.code for area in areas),
        periods=PeriodWindow(cut.period, cut.period),
        breakdowns=MappingProxyType(
            {name: frozenset({code}) for name, code in cut.breakdowns.items()}
        ),
        release=found.edition.release,
        permitted_only=True,
    )
    answer = found.node.door.answer(reader.principal, query, reader.purpose, reader.form)
    return answer, features.gathered(answer.pieces or (), cut.period)


def counted(page: Page, given: Given) -> Counted:
    """Return what stands around a page; the next one is of the same release."""
    found, question = page.found, page.question
    address = (
        f"{found.node.settings.resource}{ROOT}/collections/"
        f"{quote(found.edition.table_id(found.level))}"
    )
    links = [
        documents.link("self", _address(address, given), GEOJSON),
        documents.link("collection", address, documents.JSON),
    ]
    stop = question.offset + len(page.areas)
    if page.areas and stop < page.matched:
        kept = [(name, text) for name, text in given if name not in ("limit", "offset", "release")]
        going = {"limit": question.limit, "offset": stop, "release": found.edition.release}
        following = [*kept, *((name, str(value)) for name, value in going.items())]
        links.append(documents.link("next", _address(address, following), GEOJSON))
    moment = found.node.publisher.clock().isoformat(timespec="seconds").replace("+00:00", "Z")
    return Counted(page.matched, len(page.areas), moment, links)


def _address(address: str, given: Given) -> str:
    return f"{address}/items" + (f"?{urlencode(list(given), quote_via=quote)}" if given else "")
