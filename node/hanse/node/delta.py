"""Answers questions of Delta Sharing: lists, versions, and the files that a table consists of."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from hanse.dialects.delta import actions, columns, labels, listing, names
from hanse.dialects.delta.actions import File, Line, Table
from hanse.dialects.delta.capabilities import Capabilities
from hanse.dialects.delta.listing import Item
from hanse.dialects.delta.names import Place
from hanse.dialects.delta.question import When
from hanse.dialects.edition import Edition, slug_of, text_in
from hanse.errors import HanseError, Invalid, NotFound, Unauthenticated
from hanse.messages import say
from hanse.node import continuing, deltafiles
from hanse.node.deltafiles import Told, Version
from hanse.node.readers import Reader, edition, editions
from hanse.node.running import Node

ROOT: Final = "/delta"
VERSIONS_MAX: Final = 200
"""How many versions one question about changes may go over; each is compared with others."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a reader wants an answer: which form of lines, and the language of what is told."""

    capabilities: Capabilities
    lang: str


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is asked for, and what list that is."""

    question: str
    size: int
    token: str = ""


@dataclass(frozen=True, slots=True)
class Said:
    """The lines of an answer, and the version they are about."""

    lines: Sequence[Line]
    version: int


def shares(node: Node, reader: Reader, page: Page) -> bytes:
    """Return a page of the shares that a reader finds something in."""
    return _page(node, reader, page, listing.shares(_places(node, reader)))


def share(node: Node, reader: Reader, name: str) -> bytes:
    """Return one share; one that a reader finds nothing in is absent."""
    found = [each for each in _places(node, reader) if each.within(name)]
    if not found:
        raise _absent(reader)
    return listing.line({"share": {"name": found[0].share}})


def schemas(node: Node, reader: Reader, page: Page, share: str) -> bytes:
    """Return a page of the schemas of a share."""
    found = [each for each in _places(node, reader) if each.within(share)]
    return _page(node, reader, page, listing.schemas(_some(reader, found)))


def tables(node: Node, reader: Reader, page: Page, share: str, schema: str | None = None) -> bytes:
    """Return a page of the tables of a share, or of one schema of it."""
    wanted = None if schema is None else schema.lower()
    found = [each for each in _places(node, reader) if each.within(share, wanted)]
    return _page(node, reader, page, listing.tables(_some(reader, found)))


def newest(node: Node, reader: Reader, place: Place, since: datetime | None = None) -> int:
    """Return the newest version of a table, or the first that came at or after a moment."""
    found = _edition(node, reader, place)
    if since is None:
        return found.release_no
    held = _standing(deltafiles.versions(node, found.slug))
    return next(each.number for each in _or_unknown([v for v in held if v.at >= since]))


def metadata(node: Node, reader: Reader, place: Place, when: When, wanted: Wanted) -> Said:
    """Return protocol and metadata of a table: two lines, no more."""
    found, version = _version(node, reader, place, when)
    form = wanted.capabilities.form
    table = _described(node, found, place, version.number, wanted.lang)
    return Said([actions.protocol(form), actions.metadata(form, table)], version.number)


def query(node: Node, reader: Reader, place: Place, when: When, wanted: Wanted) -> Said:
    """Return a table with the one file that holds exactly what its reader may see."""
    found, version = _version(node, reader, place, when)
    form = wanted.capabilities.form
    made = deltafiles.whole if _holds_figures(found, place) else deltafiles.named
    file = made(node, reader, found.slug, version)
    table = _described(node, found, place, version.number, wanted.lang)
    told = _file(file, version) if file else None
    lines = [actions.protocol(form), actions.metadata(form, table, told)]
    if told:
        lines.append(actions.snapshot(form, told))
    return Said([*lines, *_end(wanted, [told] if told else [])], version.number)


def changes(
    node: Node, reader: Reader, place: Place, bounds: tuple[When, When], wanted: Wanted
) -> Said:
    """Return what each version of a span changed, both ends included.

    A version that was withdrawn takes back what it said. Raises `Invalid` for a start that is
    beyond the newest version, for more versions than one question may go over, and for labels.
    """
    found = _edition(node, reader, place)
    if not _holds_figures(found, place):
        raise Invalid("DELTA_LABELS_CHANGES")
    every = deltafiles.versions(node, found.slug)
    first, last = _first(every, bounds[0]), _last(every, bounds[1])
    if last - first >= VERSIONS_MAX:
        raise Invalid("DELTA_SPAN", limit=VERSIONS_MAX)
    form = wanted.capabilities.form
    table = _table(node, found, first, wanted.lang, changes=True)
    files = []
    for version in every:
        if first <= version.number <= last:
            file = deltafiles.step(node, reader, found.slug, every, version)
            files += [_file(file, version)] if file else []
    lines = [actions.protocol(form, changes=True), actions.metadata(form, table)]
    lines += [actions.change(form, each) for each in files]
    return Said([*lines, *_end(wanted, files)], found.release_no)


def _places(node: Node, reader: Reader) -> list[Place]:
    """Return every table that a reader finds; the name of a dataset is never one of labels."""
    found = list(editions(node, reader))
    held = [names.place(each) for each in found]
    labels = [names.places(each)[1] for each in found]
    return [*held, *(each for each in labels if each not in held)]


def _some(reader: Reader, places: list[Place]) -> list[Place]:
    if not places:
        raise _absent(reader)
    return places


def _absent(reader: Reader) -> HanseError:
    """Return what is said of what is not there, and of what its reader may not know of."""
    return NotFound("NOT_FOUND") if reader.principal.known else Unauthenticated("SIGN_IN_NEEDED")


def _page(node: Node, reader: Reader, page: Page, items: list[Item]) -> bytes:
    start = 0
    if page.token:
        start = int(continuing.unseal(node, reader, page.question, page.token)["row"])
    end = start + page.size
    token = ""
    if end < len(items):
        token = continuing.seal(node, reader, "", page.question, {"row": end})
    return listing.page(items[start:end], token)


def _edition(node: Node, reader: Reader, place: Place, release: str | None = None) -> Edition:
    """Return the dataset whose figures or labels a table holds; a dataset's own name goes first."""
    named = place.figures
    known = {each.slug for each in node.door.visible(reader.principal)}
    table = place.table if named is None or slug_of(place.table) in known else named.table
    found = edition(node, reader, slug_of(table), release)
    if place not in names.places(found):
        raise _absent(reader)
    return found


def _holds_figures(found: Edition, place: Place) -> bool:
    return place == names.place(found)


def _version(node: Node, reader: Reader, place: Place, when: When) -> tuple[Edition, Version]:
    """Return a table as of a version; a withdrawn one is told as such to whoever may see others."""
    found = _edition(node, reader, place)
    every = deltafiles.versions(node, found.slug)
    if when.newest:
        version = next(each for each in every if each.number == found.release_no)
        return found, version
    version = _at(node, every, when.at) if when.at else _numbered(every, when.version)
    return _edition(node, reader, place, version.release), version


def _numbered(every: Sequence[Version], number: int | None) -> Version:
    version = next(iter(_or_unknown([each for each in every if each.number == number])))
    if not version.stands:
        raise NotFound("DELTA_WITHDRAWN", version=version.number, reason=version.reason or "-")
    return version


def _at(node: Node, every: Sequence[Version], at: datetime) -> Version:
    """Return the newest version that stood at a moment; one that is still to come is unknown."""
    if at > node.publisher.clock():
        raise Invalid("DELTA_VERSION")
    return _or_unknown([each for each in _standing(every) if each.at <= at])[-1]


def _standing(every: Sequence[Version]) -> list[Version]:
    return [each for each in every if each.stands]


def _or_unknown(found: list[Version]) -> list[Version]:
    if not found:
        raise Invalid("DELTA_VERSION")
    return found


def _first(every: Sequence[Version], when: When) -> int:
    """Return the number that a span starts with; numbers before the first are no fault."""
    later: Callable[[Version], bool] = lambda each: (  # noqa: E731 one of two comparisons
        each.number >= (when.version or 0) if when.at is None else each.at >= when.at
    )
    found = _or_unknown([each for each in every if later(each)])
    return found[0].number if when.version is None else when.version


def _last(every: Sequence[Version], when: When) -> int:
    if when.newest:
        return every[-1].number
    if when.version is not None:
        return min(when.version, every[-1].number)
    assert when.at is not None  # noqa: S101 it is one of the three
    return max((each.number for each in every if each.at <= when.at), default=0)


def _described(node: Node, found: Edition, place: Place, version: int, lang: str) -> Table:
    table = _table(node, found, version, lang)
    if _holds_figures(found, place):
        return table
    title = say("DELTA_LABELS", lang, title=table.name)
    own = str(uuid.uuid5(uuid.UUID(table.id), names.LABELS))
    return replace(table, id=own, name=title, schema=labels.schema(lang))


def _table(node: Node, found: Edition, version: int, lang: str, *, changes: bool = False) -> Table:
    """Return what is told of a table; two protocols make two tables of it, so caches never mix."""
    address = f"{node.settings.resource}/v1/datasets/{found.slug}"
    view = "" if found.open_to_all else f"#{found.protocol}"
    contract = found.contract
    return Table(
        id=str(uuid.uuid5(uuid.NAMESPACE_URL, address + view)),
        name=text_in(contract.title, lang, found.slug),
        description=text_in(contract.description, lang),
        schema=columns.schema(found, lang),
        version=version,
        changes=changes,
    )


def _file(told: Told, version: Version) -> File:
    return File(
        url=told.url,
        id=told.digest,
        size=told.size,
        stats=told.stats,
        version=version.number,
        timestamp=_milliseconds(version.at),
        expires=told.expires * 1_000,
        kind="add" if told.whole else "cdf",
    )


def _milliseconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp() * 1_000)


def _end(wanted: Wanted, files: Sequence[File]) -> Iterator[dict[str, Any]]:
    if wanted.capabilities.marks_end:
        yield actions.end(min((each.expires for each in files), default=0))
