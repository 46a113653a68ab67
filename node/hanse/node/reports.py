"""What a data protection officer asks of the log: who got what, under which agreement, since when.

Read from the entries themselves, and from the protocols as they stand. Each report names the
register and the checkpoint it was made from, so it can be held against the log later. Whoever is a
party sees the lines about itself, and the protocols it is a party of; who audits sees all.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from hanse.audit.entry import read
from hanse.errors import Invalid, NotFound
from hanse.node import checkpoints, protocols, versions
from hanse.node.log import BodyRow
from hanse.node.protocols import Held
from hanse.policies.protocol import Party
from hanse.store.session import reading

ENDS_WITHIN: Final = timedelta(days=90)
UNUSED_FOR: Final = timedelta(days=182)
CHANGES: Final = ("protocol", "statement", "release", "key")
COUNTED: Final = ("rows", "hidden")
"""What an entry counts of an answer: its cells, and those of them that are hidden."""

Line = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Reader:
    """The party that a report is made for, by its client and its enterprise number."""

    client: str
    kbo: str

    def sees(self, client: object, kbo: object) -> bool:
        """Say whether something is about this party."""
        return client == self.client or (bool(self.kbo) and kbo == self.kbo)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a report is about: a protocol, dataset or exchange ("" for all), a span of days.

    `reader` keeps it to the lines about one party; None is for whoever audits.
    """

    protocol: str = ""
    dataset: str = ""
    exchange: str = ""
    since: str = ""
    until: str = ""
    reader: Reader | None = None

    def shows(self, document: Mapping[str, Any]) -> bool:
        """Say whether an entry is one for the reader."""
        who = document.get("who", {})
        return self.reader is None or self.reader.sees(who.get("client"), who.get("kbo"))


@dataclass(frozen=True, slots=True)
class Report:
    """Lines under their heads, and what they were made from."""

    name: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]
    checkpoint: str
    root: str
    register: str

    @property
    def document(self) -> Mapping[str, Any]:
        """The report as JSON."""
        told = [dict(zip(self.heads, line, strict=True)) for line in self.lines]
        made_from = {"checkpoint": self.checkpoint, "root": self.root, "register": self.register}
        return {"report": self.name, "made_from": made_from, "lines": told}


@dataclass(frozen=True, slots=True)
class Desk:
    """What reports are made from: the database, the node's public key, the day."""

    engine: Engine
    own: Mapping[str, str]
    today: date


def make(desk: Desk, name: str, wanted: Wanted) -> Report:
    """Return a report; `Invalid` (AUDIT_REPORT) for a name that is none of `REPORTS`."""
    if name not in REPORTS:
        raise Invalid("AUDIT_REPORT", report=name[:40], choice=", ".join(REPORTS))
    heads, lines = REPORTS[name]
    with reading(desk.engine) as session:
        found = tuple(lines(session, desk, wanted))
        register = protocols.stored_hash(session, desk.own, desk.today)
        size, root = _stood(session)
    return Report(name, heads, found, size, root, register)


def _stood(session: Session) -> tuple[str, str]:
    try:
        stood = checkpoints.newest(session)
    except NotFound:
        return "0", ""
    return str(stood.size), stood.root.hex()


def entries(session: Session, wanted: Wanted, kind: str = "") -> Iterator[tuple[int, str]]:
    """Return places and bodies of the entries that are wanted, in the order of the log."""
    asked = select(BodyRow.idx, BodyRow.body).order_by(col(BodyRow.idx))
    for column, value in (
        (col(BodyRow.kind), kind),
        (col(BodyRow.protocol), wanted.protocol),
        (col(BodyRow.dataset), wanted.dataset),
        (col(BodyRow.exchange), wanted.exchange),
    ):
        asked = asked.where(column == value) if value else asked
    if wanted.since:
        asked = asked.where(col(BodyRow.at) >= wanted.since)
    if wanted.until:
        after = (date.fromisoformat(wanted.until) + timedelta(days=1)).isoformat()
        asked = asked.where(col(BodyRow.at) < after)
    yield from session.exec(asked).all()


def _decisions(session: Session, wanted: Wanted, decision: str) -> Iterator[Mapping[str, Any]]:
    for _, body in entries(session, wanted, "decision"):
        document = read(body.encode())
        if document["decision"] == decision and wanted.shows(document):
            yield document


def _part(document: Mapping[str, Any], part: str, name: str) -> str:
    return str(document.get(part, {}).get(name, ""))


def _received(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    held = _held(session, desk, wanted)
    known = {(each.row.id, each.row.version): each.protocol for each in held}
    names = _names(held)
    grouped: dict[tuple[Any, ...], list[Mapping[str, Any]]] = {}
    for each in _decisions(session, wanted, "allow"):
        version = each.get("why", {}).get("version") or 0
        agreed = (_part(each, "why", "protocol"), version, _part(each, "why", "purpose"))
        grouped.setdefault((*_who(each), _part(each, "what", "dataset"), *agreed), []).append(each)
    for key, found in sorted(grouped.items()):
        client, kbo, dataset, protocol, version, purpose = key
        whens = sorted(each["when"] for each in found)
        cells, hidden = (sum(each["what"].get(name) or 0 for each in found) for name in COUNTED)
        text = known.get((protocol, version))
        basis = f"{text.basis.kind} {text.basis.text}".strip() if text else ""
        onward = text.terms.onward if text else ""
        who = (client, kbo, names.get(kbo) or names.get(client, ""))
        yield (*who, dataset, protocol, version, basis, purpose,
               whens[0], whens[-1], len(found), cells, hidden, onward)  # fmt: skip


def _who(document: Mapping[str, Any]) -> tuple[str, str]:
    return _part(document, "who", "client"), _part(document, "who", "kbo")


def _names(held: Iterable[Held]) -> dict[str, str]:
    """Return what the protocols call their recipients, by enterprise number and by client."""
    return {
        known: party.name or party.kbo or ""
        for each in held
        for party in each.protocol.parties
        for known in (party.kbo, party.client_id)
        if known
    }


def _refused(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    names = _names(_held(session, desk, wanted))
    grouped: dict[tuple[str, ...], list[Mapping[str, Any]]] = {}
    for each in _decisions(session, wanted, "deny"):
        what = (_part(each, "what", "dataset"), _part(each, "why", "purpose"), each["code"])
        grouped.setdefault((*_who(each), *what), []).append(each)
    for key, found in sorted(grouped.items()):
        whens = sorted(each["when"] for each in found)
        failed = sorted({check["name"] for each in found for check in each.get("checks", ())})
        client, kbo, *asked = key
        who = (client, kbo, names.get(kbo) or names.get(client, ""))
        yield (*who, *asked, " ".join(failed), whens[0], whens[-1], len(found))


def _attention(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    last = _last_use(session, wanted)
    for each in _held(session, desk, wanted):
        row, end = each.row, each.protocol.valid.end
        if each.state != "active" or wanted.protocol not in ("", row.id):
            continue
        used = last.get(row.id, "")
        ends = end <= (desk.today + ENDS_WITHIN).isoformat()
        idle = max(used[:10], each.protocol.valid.start) < (desk.today - UNUSED_FOR).isoformat()
        if ends or idle:
            why = " ".join(word for word, holds in (("ends", ends), ("unused", idle)) if holds)
            yield row.id, row.version, why, end, used


def _last_use(session: Session, wanted: Wanted) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in _decisions(session, Wanted(reader=wanted.reader), "allow"):
        found[_part(each, "why", "protocol")] = each["when"]
    return found


def _terms(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    for each in _held(session, desk, wanted):
        if wanted.protocol not in ("", each.row.id):
            continue
        told = each.protocol.terms
        for party in each.protocol.parties:
            if party.role == "recipient" and _is_for(party, wanted):
                who = (party.kbo or "", party.client_id or "")
                rest = (told.onward, told.licence, told.retention, told.recipients)
                yield (*who, each.row.id, each.row.version, each.state, *rest)


def _processing(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    used = _last_use(session, wanted)
    for each in _held(session, desk, wanted):
        read, data = each.protocol, each.protocol.data
        if wanted.protocol not in ("", read.id):
            continue
        recipients = [party.kbo or "" for party in read.parties if party.role == "recipient"]
        yield (
            read.id,
            read.version,
            each.state,
            f"{read.basis.kind} {read.basis.text}".strip(),
            _listed(read.purposes),
            _listed(data.datasets),
            _listed(data.indicators),
            " ".join(recipients),
            read.terms.retention,
            " ".join(read.terms.measures),
            f"{read.valid.start} {read.valid.end}",
            used.get(read.id, ""),
        )


def _listed(given: Sequence[str] | str) -> str:
    return given if isinstance(given, str) else " ".join(given)


def _exchange(session: Session, _: Desk, wanted: Wanted) -> Iterator[Line]:
    if not wanted.exchange:
        raise Invalid("AUDIT_REPORT", report="exchange", choice="exchange --exchange ID")
    for place, body in entries(session, wanted):
        document = read(body.encode())
        if not wanted.shows(document):
            continue
        why, what = document.get("why", {}), document.get("what", {})
        yield (
            place,
            document["ref"],
            document["when"],
            document["kind"],
            _part(document, "who", "client"),
            str(what.get("dataset", "")),
            str(what.get("release", "")),
            str(why.get("protocol", "")),
            document.get("code") or document.get("decision", ""),
            what.get("rows") or 0,
        )


def _changes(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    own = {each.row.id for each in _held(session, desk, wanted)}
    found = [each for kind in CHANGES for each in entries(session, wanted, kind)]
    for place, body in sorted(found):
        document = read(body.encode())
        what = document["what"]
        if wanted.reader is not None and what.get("protocol") not in own:
            continue
        subject = what.get("protocol") or what.get("dataset") or what.get("key") or ""
        about = what.get("state") or what.get("release_id") or what.get("party") or ""
        yield place, document["when"], document["kind"], what["event"], subject, about


def _versions(session: Session, desk: Desk, wanted: Wanted) -> Iterator[Line]:
    return versions.lines(_held(session, desk, wanted), wanted.protocol)


def _is_for(party: Party, wanted: Wanted) -> bool:
    return wanted.reader is None or wanted.reader.sees(party.client_id, party.kbo)


def _held(session: Session, desk: Desk, wanted: Wanted) -> tuple[Held, ...]:
    """Return the protocols the reader may know: all of them, or those it is a party of."""
    held = protocols.open_book(session, desk.own, desk.today).held
    return tuple(
        each for each in held if any(_is_for(party, wanted) for party in each.protocol.parties)
    )


Lines = Callable[[Session, Desk, Wanted], Iterable[Line]]

REPORTS: Final[Mapping[str, tuple[tuple[str, ...], Lines]]] = {
    "received": (
        (
            "client",
            "kbo",
            "recipient",
            "dataset",
            "protocol",
            "version",
            "basis",
            "purpose",
            "since",
            "last",
            "times",
            "cells",
            "hidden",
            "onward",
        ),
        _received,
    ),
    "refused": (
        (
            "client",
            "kbo",
            "recipient",
            "dataset",
            "purpose",
            "code",
            "checks",
            "since",
            "last",
            "times",
        ),
        _refused,
    ),
    "attention": (("protocol", "version", "why", "until", "last_use"), _attention),
    "terms": (
        (
            "kbo",
            "client",
            "protocol",
            "version",
            "state",
            "onward",
            "licence",
            "retention",
            "recipients",
        ),
        _terms,
    ),
    "processing": (
        (
            "protocol",
            "version",
            "state",
            "basis",
            "purposes",
            "datasets",
            "indicators",
            "recipients",
            "retention",
            "measures",
            "valid",
            "last_use",
        ),
        _processing,
    ),
    "exchange": (
        (
            "place",
            "ref",
            "when",
            "kind",
            "client",
            "dataset",
            "release",
            "protocol",
            "outcome",
            "cells",
        ),
        _exchange,
    ),
    "changes": (("place", "when", "kind", "event", "subject", "about"), _changes),
    "versions": (versions.HEADS, _versions),
}
"""Every report by its name: its heads and its lines."""
