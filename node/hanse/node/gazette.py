"""What of the register of protocols is public: what is or was in force, and no person's name.

The readable document is rendered from the very text that decides.
"""

from datetime import date

from hanse.errors import NotFound
from hanse.messages import named, say
from hanse.node import phrases
from hanse.node.protocols import Book, Held
from hanse.policies.lifecycle import PUBLIC
from hanse.policies.points import points
from hanse.report import formats
from hanse.wire import ProtocolAct, ProtocolDocument, ProtocolLine, ProtocolPoint


def lines(book: Book) -> list[ProtocolLine]:
    """Return the newest public version of every protocol, by id."""
    newest: dict[str, Held] = {}
    for held in book.held:
        known = newest.get(held.row.id)
        if held.state in PUBLIC and (known is None or known.row.version < held.row.version):
            newest[held.row.id] = held
    return [_line(newest[name]) for name in sorted(newest)]


def document(book: Book, protocol_id: str, lang: str) -> ProtocolDocument:
    """Return the newest public version of a protocol as a document in `lang`.

    Raises `NotFound` for one that does not exist, and for one that was never in force.
    """
    held = next((each for each in book.versions(protocol_id) if each.state in PUBLIC), None)
    if held is None:
        raise NotFound("PROTOCOL_UNKNOWN", protocol=protocol_id[:140])
    told = [
        ProtocolPoint(
            number=point.number, title=say(f"POINT_{point.number}", lang), lines=list(point.lines)
        )
        for point in points(held.protocol)
    ]
    weaker = [party.client_id for party in held.protocol.recipients if party.bearer]
    return ProtocolDocument(
        **_line(held).model_dump(),
        points=told,
        acts=_acts(held),
        bearer=[client for client in weaker if client],
    )


def _line(held: Held) -> ProtocolLine:
    read = held.protocol
    return ProtocolLine(
        protocol=read.id,
        version=read.version,
        title=read.title or read.id,
        kind=read.basis.kind,
        state=held.state,
        start=read.valid.start,
        until=read.valid.end,
        content_hash=held.row.content_hash,
        parties=[party.name or party.kbo or "*" for party in read.parties],
    )


def _acts(held: Held) -> list[ProtocolAct]:
    return [
        ProtocolAct(
            at=said.signed_at,
            party=said.party,
            statement=said.statement,
            role=said.role,
            outcome=said.outcome or "",
            document=said.document,
        )
        for said in sorted(held.said, key=lambda said: said.signed_at)
    ]


def title(line: ProtocolLine, lang: str) -> str:
    """Return what a protocol is called; one without a title goes by its number."""
    number = line.protocol.rpartition(":")[2]
    return (
        line.title if line.title != line.protocol else say("GAZETTE_UNTITLED", lang, number=number)
    )


def summary(line: ProtocolLine, lang: str) -> dict[str, object]:
    """Return a line of the register in words: its title, state, days and parties."""
    everybody = say("PHRASE_EVERYBODY", lang)
    return {
        "protocol": line.protocol,
        "version": line.version,
        "title": title(line, lang),
        "state": named("protocol", line.state, lang),
        "kind": named("ground", line.kind, lang),
        "days": phrases.span(line.start, line.until, lang),
        "parties": [each if each != "*" else everybody for each in line.parties],
    }


def shown(document: ProtocolDocument, lang: str) -> dict[str, object]:
    """Return the words of a document's closed lists in a reader's language."""
    return {
        "title": title(document, lang),
        "state": named("protocol", document.state, lang),
        "points": [
            (point.number, point.title, [phrases.clause(line, lang) for line in point.lines])
            for point in document.points
        ],
        "kind": named("ground", document.kind, lang),
        "acts": [
            {
                "day": act.at[:10],
                "date": formats.day(date.fromisoformat(act.at[:10]), lang),
                "party": act.party,
                "statement": named("statement", act.statement, lang),
                "role": named("role", act.role, lang),
                "outcome": named("outcome", act.outcome, lang) if act.outcome else "",
            }
            for act in document.acts
        ],
    }
