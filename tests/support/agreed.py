"""Protocols in force: every party has advised and signed with a key of its own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from sqlmodel import Session

from hanse.node import home, office, partners
from hanse.node.office import Office
from hanse.node.protocols import NO_PROFILES, Held
from hanse.policies import protocol, statements
from hanse.policies.profile import Profile
from hanse.policies.protocol import Protocol
from hanse.policies.signatures import SigningKey
from hanse.policies.statements import Saying
from hanse.wire import ProtocolBundle

PROPOSER, ADVISER, SIGNER = "an", "bo", "cas"


@cache
def party_key(kbo: str) -> SigningKey:
    """Return the signing key of a party; the same for as long as the tests run."""
    return SigningKey.generate()


def said(
    read: Protocol, party: str, saying: Saying, at: datetime, key: SigningKey | None = None
) -> str:
    """Return a signed statement of a party."""
    made = statements.make(read, party, saying, at)
    return statements.signed(made, key or party_key(party))


def all_said(
    read: Protocol, at: datetime, keys: Mapping[str, SigningKey] | None = None
) -> list[str]:
    """Return the statements by which every party agrees: proposal, advice, signatures."""
    own = keys or {}
    parties = read.signatories
    steps = [(parties[0], Saying("propose", "proposer"))]
    if not read.is_open:
        steps += [(kbo, Saying("advise", "dpo", "favourable")) for kbo in parties]
    steps += [(kbo, Saying("accept", "signatory")) for kbo in parties]
    begin = at - timedelta(seconds=len(steps))
    return [
        said(read, kbo, saying, begin + timedelta(seconds=place), own.get(kbo))
        for place, (kbo, saying) in enumerate(steps)
    ]


def copy_of(read: Protocol, said: list[str]) -> ProtocolBundle:
    """Return a protocol and what was said of it as it travels."""
    return ProtocolBundle.model_validate({"content": read.document, "statements": said})


def in_force(
    session: Session,
    folder: Path,
    text: str,
    at: datetime,
    profiles: Mapping[str, Profile] = NO_PROFILES,
) -> Held:
    """Put a protocol into force at the node in a folder, which signs for its first supplier."""
    read = protocol.load(text)
    own = Office(read.suppliers[0], home.signing_key(folder), profiles)
    office.settle(session, own, at)
    for kbo in read.signatories:
        if kbo != own.kbo:
            partners.pin(session, own.key, kbo, party_key(kbo).public_jwk(), at)
    spoken = all_said(read, at, {own.kbo: own.key})
    return office.take(session, own, copy_of(read, spoken), at).held


def step(session: Session, folder: Path, protocol_id: str, kind: str, at: datetime) -> Held:
    """Let the supplier suspend, resume or revoke a protocol."""
    kbo = _supplier(session, folder, protocol_id, at)
    role = "signatory" if kind == "revoke" else "supplier"
    own = Office(kbo, home.signing_key(folder))
    return office.say(session, own, protocol_id, Saying(kind, role), SIGNER, at)  # type: ignore[arg-type]


def _supplier(session: Session, folder: Path, protocol_id: str, at: datetime) -> str:
    from hanse.node import protocols

    own = home.signing_key(folder).public_jwk()
    book = protocols.open_book(session, own, office.day(at))
    return protocols.get(book, protocol_id).protocol.suppliers[0]
