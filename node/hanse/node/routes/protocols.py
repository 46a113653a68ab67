"""`/v1/protocols`: the public register, and the steps of our own party in a protocol's life.

What is or was in force is public. Everything else takes a token with its scope and a key that our
own party pinned: whoever could mint tokens still could not sign in the city's name.
"""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlmodel import Session

from hanse.auth.principal import Principal
from hanse.errors import Refused
from hanse.node import gazette, office, partners, protocols
from hanse.node.office import Office
from hanse.node.press import own_profiles
from hanse.node.protocols import Held
from hanse.node.running import Clock, Node
from hanse.policies.difference import differences
from hanse.policies.statements import Outcome, Role, Saying
from hanse.store.session import reading, transaction
from hanse.web import language
from hanse.web.signin import needs
from hanse.wire import (
    ProtocolBundle,
    ProtocolDifference,
    ProtocolDifferences,
    ProtocolDocument,
    ProtocolLines,
    ProtocolStep,
    ProtocolTaken,
    ProtocolText,
)

ProtocolName = Annotated[
    str, Path(pattern=r"^urn:protocol:[a-z0-9-]{1,63}:[a-z0-9.-]{1,63}$", max_length=140)
]
Version = Annotated[int, Path(ge=1, le=100_000)]
Proposer = Annotated[Principal, needs("protocol:propose")]
Approver = Annotated[Principal, needs("protocol:approve")]
Revoker = Annotated[Principal, needs("protocol:revoke")]

_ROLES: dict[str, Role] = {
    "withdraw": "proposer",
    "advise": "dpo",
    "accept": "signatory",
    "reject": "signatory",
    "revoke": "signatory",
    "suspend": "supplier",
    "resume": "supplier",
}


def routes(node: Node, clock: Clock) -> APIRouter:
    """Return the routes; two are public."""
    router = APIRouter(prefix="/v1/protocols", tags=["protocols"])
    settings = node.settings
    own = office.of_settings(settings, own_profiles(settings.home))

    @router.get("")
    def register() -> ProtocolLines:
        """List the protocols that are or were in force."""
        return ProtocolLines(protocols=gazette.lines(node.door.worlds.current().book))

    @router.get("/{protocol}")
    def document(request: Request, protocol: ProtocolName) -> ProtocolDocument:
        """Return a protocol as a document of fourteen points, in the reader's language."""
        scope = request.scope
        lang = language.of_scope(scope["path"], scope["headers"], settings.language)
        return gazette.document(node.door.worlds.current().book, protocol, lang)

    @router.get("/{protocol}/copy")
    def copy(protocol: ProtocolName, caller: Proposer) -> ProtocolBundle:
        """Return the signed copy of the newest version, for the other parties."""
        with reading(node.engine) as session:
            _pinned(session, own, caller)
            return office.bundle(protocols.get(_book(session, own, clock), protocol), own)

    @router.get("/{protocol}/differences/{old}/{new}")
    def difference(
        request: Request, protocol: ProtocolName, old: Version, new: Version, caller: Proposer
    ) -> ProtocolDifferences:
        """Say what a later version changes: who gets more, who gets less."""
        scope = request.scope
        lang = language.of_scope(scope["path"], scope["headers"], settings.language)
        with reading(node.engine) as session:
            _pinned(session, own, caller)
            book = _book(session, own, clock)
        was, now = (protocols.get(book, protocol, each).protocol for each in (old, new))
        found = [
            ProtocolDifference(effect=each.effect, field=each.field, sentence=each.sentence(lang))
            for each in differences(was, now)
        ]
        return ProtocolDifferences(protocol=protocol, old=old, new=new, differences=found)

    _take_steps(router, node, own, clock)
    return router


def _take_steps(router: APIRouter, node: Node, own: Office, clock: Clock) -> None:
    """Add what our own party does."""

    @router.post("", status_code=201)
    def propose(body: ProtocolText, caller: Proposer) -> ProtocolTaken:
        """Propose a review form to its parties."""
        with transaction(node.engine) as session:
            by = _pinned(session, own, caller)
            return _told(office.propose(session, own, body.form, by, clock()))

    @router.post("/copies")
    def take(body: ProtocolBundle, caller: Proposer) -> ProtocolTaken:
        """Take in a signed copy; what another party signed is verified, word by word."""
        with transaction(node.engine) as session:
            _pinned(session, own, caller)
            taken = office.take(session, own, body, clock())
        return _told(taken.held, taken.unknown)

    @router.post("/{protocol}/statements")
    def state(protocol: ProtocolName, body: ProtocolStep, caller: Approver) -> ProtocolTaken:
        """Advise, sign, reject, suspend or resume in the name of our own party."""
        if body.statement == "revoke":
            raise Refused("SCOPE_MISSING", scope="protocol:revoke")
        return _step(node, own, clock, (protocol, body, caller))

    @router.post("/{protocol}/revocation")
    def revoke(protocol: ProtocolName, caller: Revoker) -> ProtocolTaken:
        """End a protocol at once, for good."""
        return _step(node, own, clock, (protocol, ProtocolStep(statement="revoke"), caller))


def _step(
    node: Node, own: Office, clock: Clock, asked: tuple[str, ProtocolStep, Principal]
) -> ProtocolTaken:
    protocol, body, caller = asked
    outcome: Outcome | None = body.outcome or None
    role = body.role or _ROLES[body.statement]
    said = Saying(body.statement, role, outcome, body.document)
    with transaction(node.engine) as session:
        by = _pinned(session, own, caller)
        return _told(office.say(session, own, protocol, said, by, clock()))


def _pinned(session: Session, own: Office, caller: Principal) -> str:
    """Return who acts here; raises `Refused` without proof of a key that our party pinned."""
    pinned = partners.trusted(session, own.public).get(own.kbo, ())
    known = {partners.public(key)["kid"] for key in pinned} - {own.key.kid}
    if not caller.bound or caller.thumbprint not in known:
        raise Refused("STEWARD_KEY")
    return str(caller.client_id)


def _book(session: Session, own: Office, clock: Clock) -> protocols.Book:
    return protocols.open_book(session, own.public, office.day(clock()))


def _told(held: Held, unknown: tuple[str, ...] = ()) -> ProtocolTaken:
    return ProtocolTaken(
        protocol=held.row.id,
        version=held.row.version,
        content_hash=held.row.content_hash,
        state=held.state,
        waits_for=list(held.standing.waits_for),
        unknown=list(unknown),
    )
