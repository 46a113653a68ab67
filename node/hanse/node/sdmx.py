"""Answers questions in SDMX: finds the dataset that is meant, asks the door, and chooses the words.

What is empty is told as each family's clients need it: 404 with code 100 in SDMX 2.1, 204 in 3.0.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain
from typing import Final

from hanse.cube.cleared import Cleared
from hanse.dialects.edition import Edition, slug_of, text_in
from hanse.dialects.sdmx import csv, messages, names, negotiation, question, structures, xml
from hanse.dialects.sdmx.address import HELD, Address
from hanse.dialects.sdmx.cells import Layout
from hanse.dialects.sdmx.limits import of_series
from hanse.errors import Invalid, NotFound
from hanse.node.answer import Answer, Changed, told
from hanse.node.readers import Reader, edition, editions
from hanse.node.releases import tables
from hanse.node.running import Node
from hanse.node.tables import moment
from hanse.policies.decision import Permit
from hanse.store.session import reading

_VERSION: Final = re.compile(r"[0-9]+(\.[0-9]+)*")


@dataclass(frozen=True, slots=True)
class Wanted:
    """How a reader wants to be answered: `Accept`, a language, and the moment of asking."""

    accept: str
    lang: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its bytes in pieces, their type, and what the headers say of the release.

    `permit` is what opened the cells in it, None where it holds structures alone.
    """

    body: Iterable[bytes]
    media_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    permit: Permit | None = None


class Empty(NotFound):
    """A question that was understood and selects nothing."""


def answer(node: Node, reader: Reader, address: Address, wanted: Wanted) -> Said:
    """Return the answer to a question; raises the words of the door, and `Empty`."""
    match address.resource:
        case "structure":
            return _structures(node, reader, address, wanted)
        case "schema":
            return _schema(node, reader, address, wanted)
        case "availability":
            return _availability(node, reader, address, wanted)
    return _data(node, reader, address, wanted)


def _structures(node: Node, reader: Reader, address: Address, wanted: Wanted) -> Said:
    chosen = negotiation.structure(address.family, wanted.accept, address.parameter("format"))
    found = [
        structures.Described(each, wanted.lang)
        for each in editions(node, reader)
        if _agency_fits(each, address) and _version_fits(each.contract.version, address.version)
    ]
    artefacts = _unique(chain.from_iterable(_chosen(each, address) for each in found))
    if not artefacts:
        raise Empty("SDMX_EMPTY")
    return _message(node, artefacts, chosen.form, wanted)


def _chosen(found: structures.Described, address: Address) -> Iterator[structures.Artefact]:
    """Yield the artefacts of one dataset that are asked for, and those that are referred to."""
    of_dataset = address.kind in ("dataflow", "datastructure")
    if of_dataset and not _id_fits(found.edition.dialect_id, address):
        return
    asked = HELD if address.kind == "*" else (address.kind,)
    own = [each for kind in asked for each in _of_kind(found, kind) if _id_fits(each.id, address)]
    yield from own
    if own:
        yield from _references(found, address)


def _of_kind(found: structures.Described, kind: str) -> tuple[structures.Artefact, ...]:
    match kind:
        case "dataflow":
            return (found.flow,)
        case "datastructure":
            return (found.structure,)
        case "conceptscheme":
            return (found.concepts,)
        case "codelist":
            return found.codelists
    return ()


def _references(found: structures.Described, address: Address) -> Iterator[structures.Artefact]:
    references = address.parameter("references") or "none"
    if references == "none" or (references == "children" and address.kind == "codelist"):
        return
    if references == "children" and address.kind == "dataflow":
        yield found.structure
        return
    if references == "children":
        yield found.concepts
        yield from found.codelists
        return
    if references in HELD:
        yield from _of_kind(found, references)
        return
    if references in ("parents", "ancestors") and address.kind == "dataflow":
        return
    yield from found.every


def _schema(node: Node, reader: Reader, address: Address, wanted: Wanted) -> Said:
    found = structures.Described(_edition(node, reader, address), wanted.lang)
    parts = [each for each in found.every if each is not found.flow]
    return _message(node, parts, "json20", wanted)


def _availability(node: Node, reader: Reader, address: Address, wanted: Wanted) -> Said:
    chosen = negotiation.structure(address.family, wanted.accept, address.parameter("format"))
    found = _edition(node, reader, address)
    layout = Layout(found)
    selection = _selection(layout, address)
    present: dict[str, dict[str, None]] = {name: {} for name in layout.key}
    count = 0
    for cleared in _cells(node, reader, layout, selection, None)[0]:
        table = layout.observations(cleared)
        count += cleared.rows
        for name, codes in present.items():
            codes.update(dict.fromkeys(table.column(name).unique().to_pylist()))
    if not count:
        raise Empty("SDMX_EMPTY")
    told = {name: sorted(codes) for name, codes in present.items() if _is_asked(name, address)}
    constraint = structures.availability(found, told, count)
    described = structures.Described(found, wanted.lang)
    referred = described.every if address.parameter("references") in ("all", "descendants") else ()
    return _message(node, (constraint, *referred), chosen.form, wanted)


def _is_asked(name: str, address: Address) -> bool:
    return not address.component or name in address.component.split("+")


def _message(node: Node, artefacts: Iterable[messages.Writable], form: str, wanted: Wanted) -> Said:
    known: Mapping[str, messages.Form] = {"xml21": "xml21", "xml30": "xml30", "json20": "json20"}
    chosen = known[form]
    body = messages.structures(
        tuple(artefacts), chosen, wanted.lang, node.settings.agency, wanted.now
    )
    return Said((body,), messages.MEDIA_TYPE[chosen], headers={"Content-Language": wanted.lang})


def _data(node: Node, reader: Reader, address: Address, wanted: Wanted) -> Said:
    chosen = negotiation.data(address.family, wanted.accept, address.parameter("format"))
    as_of = address.parameter("asOf")
    release = _release_at(node, address, as_of) if as_of else None
    found = _edition(node, reader, address, release)
    layout = Layout(found)
    selection = _selection(layout, address)
    since = address.parameter("updatedAfter")
    opened: Answer | Changed
    if since:
        parts, opened = _delta(node, reader, layout, selection, _moment("updatedAfter", since))
    else:
        pieces, opened = _cells(node, reader, layout, selection, found.release)
        kept = _first_full(of_series(pieces, layout, _bounds(address)))
        parts = [("Information" if address.family == "2.1" else "Replace", kept)]
    media_type, body = _written(parts, layout, chosen, address, wanted)
    headers = told(opened)
    return Said(body, media_type, headers=headers, permit=opened.permit)


def _written(
    parts: list[tuple[xml.Action, Iterable[Cleared]]],
    layout: Layout,
    chosen: negotiation.Chosen,
    address: Address,
    wanted: Wanted,
) -> tuple[str, Iterable[bytes]]:
    if chosen.form in ("csv1", "csv2"):
        style = _style(layout, chosen, address, wanted.lang)
        lines: list[tuple[csv.Action, Iterable[Cleared]]] = [
            ("D" if action == "Delete" else "R", pieces) for action, pieces in parts
        ]
        return csv.MEDIA_TYPE[style.version], csv.render(lines, layout, style)
    if address.parameter("attributes") not in (None, "all", "dsd"):
        raise Invalid("SDMX_PARAMETER", name="attributes", choice="all, dsd")
    shapes: Mapping[str, xml.Shape] = {
        "generic": "generic",
        "specific21": "specific21",
        "specific30": "specific30",
    }
    shape = shapes[chosen.form]
    prepared = wanted.now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    message = xml.Message(shape, prepared, f"{layout.edition.dialect_id}_data", _detail(address))
    return xml.MEDIA_TYPE[shape], xml.render(parts, layout, message)


def _style(layout: Layout, chosen: negotiation.Chosen, address: Address, lang: str) -> csv.Style:
    labels: Mapping[str, csv.Labels] = {"id": "id", "name": "name", "both": "both"}
    wanted = labels.get(chosen.parameters.get("labels", "id"))
    if wanted is None:
        raise Invalid("SDMX_PARAMETER", name="labels", choice="id, name, both")
    attributes = _attributes(address.parameter("attributes"), names.attributes_of(layout.edition))
    return csv.Style(
        version="1.0.0" if chosen.form == "csv1" else "2.0.0",
        labels=wanted,
        attributes=() if _detail(address) in ("dataonly", "serieskeysonly") else attributes,
        measure=address.parameter("measures") != "none",
        label_of=structures.labels(layout.edition, lang) if wanted != "id" else None,
        title=text_in(layout.edition.contract.title, lang, layout.edition.slug),
    )


def _attributes(text: str | None, known: tuple[str, ...]) -> tuple[str, ...]:
    if text in (None, "all", "dsd"):
        return known
    if text == "none":
        return ()
    wanted = (text or "").split(",")
    series = names.SERIES_ATTRIBUTES
    named = {"obs": tuple(each for each in known if each not in series), "series": series}
    found = {each for part in wanted for each in named.get(part, (part,))}
    unknown = sorted(found - set(known))
    if unknown:
        raise Invalid("SDMX_PARAMETER", name="attributes", choice=", ".join(known))
    return tuple(name for name in known if name in found)


def _detail(address: Address) -> xml.Detail:
    known: Mapping[str, xml.Detail] = {
        "full": "full",
        "dataonly": "dataonly",
        "serieskeysonly": "serieskeysonly",
        "nodata": "nodata",
    }
    detail = known.get(address.parameter("detail") or "full")
    if detail is None:
        raise Invalid("SDMX_PARAMETER", name="detail", choice=", ".join(known))
    return detail


def _bounds(address: Address) -> tuple[int | None, int | None]:
    """Return how many first and last observations of each series are wanted."""
    given = [address.parameter(f"{side}NObservations") for side in ("first", "last")]
    for text in given:
        if text is not None and not re.fullmatch(r"[1-9][0-9]{0,8}", text):
            raise Invalid("SDMX_PARAMETER", name="NObservations", choice="1, 2, 3")
    first, last = (int(text) if text else None for text in given)
    return first, last


def _selection(layout: Layout, address: Address) -> question.Selection:
    over = address.parameter("dimensionAtObservation")
    if over not in (None, names.TIME_PERIOD, "AllDimensions"):
        raise Invalid("SDMX_PARAMETER", name="dimensionAtObservation", choice=names.TIME_PERIOD)
    new = address.family == "3.0"
    texts = [text for text in (address.key.split(",") if new else [address.key]) if text]
    marks = ("*", ",") if new else ("", "+")
    keys = [question.read_key(text, layout.series, *marks) for text in texts]
    filters = question.filters_of(address.parameters)
    span = question.window(address.parameter("startPeriod"), address.parameter("endPeriod"))
    return question.select(layout, keys, filters, span)


def _cells(
    node: Node,
    reader: Reader,
    layout: Layout,
    selection: question.Selection,
    release: str | None,
) -> tuple[Iterator[Cleared], Answer]:
    """Return the cells that are selected, piece by piece, and the answer they come from."""
    if selection.nothing:
        raise Empty("SDMX_EMPTY")
    query = question.query(layout.edition, selection, release)
    given = node.door.answer(reader.principal, query, reader.purpose, reader.form)
    held = given.pieces.coded() if given.pieces is not None else ()
    pieces = (question.selected(each, layout, selection) for each in held)
    return pieces, given


def _delta(
    node: Node, reader: Reader, layout: Layout, selection: question.Selection, since: datetime
) -> tuple[list[tuple[xml.Action, Iterable[Cleared]]], Changed]:
    """Return what was deleted and what is new or revised since a moment, in this order."""
    if selection.nothing:
        raise Empty("SDMX_EMPTY")
    query = question.query(layout.edition, selection, None)
    changed = node.door.changed(reader.principal, query, reader.purpose, reader.form, since)
    steps: tuple[tuple[xml.Action, Iterator[Cleared]], ...] = (
        ("Delete", changed.changes.removed()),
        ("Replace", changed.changes.put()),
    )
    parts: list[tuple[xml.Action, Iterable[Cleared]]] = []
    for action, pieces in steps:
        kept = _full(question.selected(each, layout, selection) for each in pieces)
        if kept is not None:
            parts.append((action, kept))
    if not parts:
        raise Empty("SDMX_EMPTY")
    return parts, changed


def _first_full(pieces: Iterator[Cleared]) -> Iterator[Cleared]:
    """Return the pieces that hold something; raises `Empty` where none does."""
    found = _full(pieces)
    if found is None:
        raise Empty("SDMX_EMPTY")
    return found


def _full(pieces: Iterator[Cleared]) -> Iterator[Cleared] | None:
    """Return the pieces that hold something; None where none does."""
    full = (each for each in pieces if each.rows)
    first = next(full, None)
    return None if first is None else chain((first,), full)


def _edition(node: Node, reader: Reader, address: Address, release: str | None = None) -> Edition:
    """Return the dataset that an address names; raises what the door raises."""
    if len(address.ids) != 1:
        raise Invalid("SDMX_PATH", given=",".join(address.ids)[:60])
    slug = slug_of(address.ids[0])
    found = edition(node, reader, slug, release)
    fits = _agency_fits(found, address) and _version_fits(found.contract.version, address.version)
    if not fits or found.dialect_id != address.ids[0]:
        raise NotFound("NOT_FOUND")
    return found


def _agency_fits(found: Edition, address: Address) -> bool:
    return not address.agencies or found.agency in address.agencies


def _id_fits(id_: str, address: Address) -> bool:
    return not address.ids or id_ in address.ids


def _version_fits(version: str, wanted: str) -> bool:
    """Say whether a version is one that is meant: exact, newest, or a range (`1.+.0`)."""
    for each in wanted.split(","):
        if each in ("", "latest", "~", "+", "*", version):
            return True
        pattern = re.escape(each).replace(r"\+", "[0-9]+").replace(r"\~", "[0-9]+")
        if "+" in each and re.fullmatch(pattern, version):
            return True
    return False


def _unique(artefacts: Iterable[structures.Artefact]) -> tuple[structures.Artefact, ...]:
    """Return every artefact once: shared code lists stand with each dataset that uses them."""
    found = {f"{type(each).__name__}={each.id}({each.version})": each for each in artefacts}
    return tuple(found.values())


def _moment(name: str, text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as fault:
        raise Invalid("SDMX_PARAMETER", name=name, choice="2026-10-01T00:00:00Z") from fault
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _release_at(node: Node, address: Address, text: str) -> str:
    """Return the release that was current at a moment; raises `NotFound` where there was none."""
    at = moment(_moment("asOf", text))
    slug = slug_of(address.ids[0]) if address.ids else ""
    with reading(node.engine) as session:
        rows = tables.history(session, slug)
    held = [row for row in rows if row.published_at <= at and row.state == tables.PUBLISHED]
    if not held:
        raise Empty("SDMX_EMPTY")
    return held[0].release_id
