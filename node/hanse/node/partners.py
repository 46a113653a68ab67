"""The keys that other parties sign with: pinned here by a person, one thumbprint at a time.

A key may be learned from what a partner sends, but it counts for nothing until somebody compared
its thumbprint with the partner by another way than the network and confirmed it.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from sqlmodel import Field, Session, col, select

from hanse.audit.entry import Entry, Who
from hanse.errors import Invalid, NotFound
from hanse.node import outbox, seals
from hanse.node.log import note
from hanse.node.tables import Row, moment
from hanse.policies.signatures import SigningKey

LEARNED, CONFIRMED, OWN = "learned", "confirmed", "own"

LEARNED_MAX: Final = 200
"""How many unconfirmed keys are kept: strangers may send them."""

log = logging.getLogger(__name__)


class PartnerKeyRow(Row, table=True):
    """A public key of a party; `x` is the Ed25519 point. Only a confirmed one is sealed."""

    __tablename__ = "partner_key"

    kbo: str = Field(primary_key=True, max_length=20)
    kid: str = Field(primary_key=True, max_length=43)
    x: str = Field(max_length=60)
    state: str = Field(max_length=16)
    added_at: str = Field(max_length=32)
    seal: str = ""

    @property
    def jwk(self) -> dict[str, str]:
        """The public key."""
        return {"kty": "OKP", "crv": "Ed25519", "x": self.x}

    @property
    def document(self) -> dict[str, object]:
        """What its seal closes."""
        named = {"kbo": self.kbo, "kid": self.kid, "x": self.x, "state": self.state}
        return {"kind": "partner", **named, "added_at": self.added_at}


def read_keys(text: str | bytes) -> list[dict[str, str]]:
    """Return the Ed25519 keys of a JWK or JWKS document; raises `Invalid` where there are none."""
    try:
        document = json.loads(text)
        listed = document.get("keys", [document])
        keys = [public(each) for each in listed if each.get("crv") == "Ed25519"]
    except (ValueError, AttributeError, TypeError, KeyError, JoseError) as fault:
        raise Invalid("KEY_UNREADABLE") from fault
    if not keys:
        raise Invalid("KEY_UNREADABLE")
    return keys


def public(jwk: Mapping[str, str]) -> dict[str, str]:
    """Return a public key, named by its thumbprint, and nothing else of what was sent."""
    x = jwk["x"]
    key = OKPKey.import_key({"kty": jwk["kty"], "crv": jwk["crv"], "x": x})
    return {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": key.thumbprint()}


def pin(
    session: Session, own: SigningKey, kbo: str, jwk: Mapping[str, str], at: datetime
) -> PartnerKeyRow:
    """Confirm a key of a party; the node's own key makes that party its own."""
    key = public(jwk)
    state = OWN if key["kid"] == own.kid else CONFIRMED
    row = session.get(PartnerKeyRow, (kbo, key["kid"])) or PartnerKeyRow(
        kbo=kbo, kid=key["kid"], x=key["x"], state=state, added_at=moment(at)
    )
    row.x, row.state = key["x"], state
    row.seal = seals.seal(row.document, own)
    session.add(row)
    outbox.append(session, outbox.happened("protocol.changed", at), announced=False)
    _note(session, "confirmed", row, at)
    return row


def confirm(
    session: Session, own: SigningKey, kbo: str, thumbprint: str, at: datetime
) -> PartnerKeyRow:
    """Confirm a key that was learned, by its whole thumbprint; `NotFound` where there is none."""
    row = session.get(PartnerKeyRow, (kbo, thumbprint))
    if row is None:
        raise NotFound("PARTNER_KEY_UNKNOWN", kbo=kbo[:20])
    return pin(session, own, kbo, row.jwk, at)


def drop(session: Session, kbo: str, thumbprint: str, at: datetime) -> None:
    """Forget a key: whatever rests on its signature opens nothing any more."""
    row = session.get(PartnerKeyRow, (kbo, thumbprint))
    if row is None or row.state == OWN:
        raise NotFound("PARTNER_KEY_UNKNOWN", kbo=kbo[:20])
    session.delete(row)
    outbox.append(session, outbox.happened("protocol.changed", at), announced=False)
    _note(session, "dropped", row, at)


def _note(session: Session, event: str, row: PartnerKeyRow, at: datetime) -> None:
    what = {"event": event, "key": row.kid, "purpose": row.state}
    note(session, Entry(kind="key", what=what, who=Who(kbo=row.kbo)), at)


def learn(session: Session, kbo: str, jwk: Mapping[str, str], at: datetime) -> None:
    """Note a key that somebody says is a party's; it counts for nothing until it is confirmed."""
    try:
        key = public(jwk)
    except (JoseError, ValueError, TypeError, KeyError):
        return
    waiting = select(PartnerKeyRow).where(PartnerKeyRow.state == LEARNED)
    known = session.get(PartnerKeyRow, (kbo, key["kid"]))
    if known is None and len(session.exec(waiting).all()) < LEARNED_MAX:
        kept = PartnerKeyRow(
            kbo=kbo, kid=key["kid"], x=key["x"], state=LEARNED, added_at=moment(at)
        )
        session.add(kept)
        session.flush()


def all(session: Session) -> tuple[PartnerKeyRow, ...]:  # noqa: A001 partners.all(session)
    """Return every key, also those nobody confirmed."""
    wanted = select(PartnerKeyRow).order_by(col(PartnerKeyRow.kbo), col(PartnerKeyRow.kid))
    return tuple(session.exec(wanted))


def trusted(session: Session, own: Mapping[str, str]) -> dict[str, list[dict[str, str]]]:
    """Return the confirmed keys by party; one whose seal does not hold is left out, with an alarm.

    `own` is the node's public key.
    """
    found: dict[str, list[dict[str, str]]] = {}
    for row in all(session):
        if row.state == LEARNED:
            continue
        if seals.holds(row.seal, row.document, own):
            found.setdefault(row.kbo, []).append(row.jwk)
        else:
            log.error("partner.damaged", extra={"party": row.kbo})
    return found


def own_numbers(session: Session, own: Mapping[str, str]) -> frozenset[str]:
    """Return the enterprise numbers that this node itself signs for."""
    return frozenset(
        row.kbo
        for row in all(session)
        if row.state == OWN and seals.holds(row.seal, row.document, own)
    )
