"""What a node says to its catalogue: that it wants to be a member, and that something changed."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from hanse.errors import HanseError, Invalid, Unavailable
from hanse.node.settings import NodeSettings
from hanse.outbound import Ask, Limits, Origin, Outbound, Transport
from hanse.policies.canonical import canonical
from hanse.policies.signatures import ENROLMENT, SigningKey, sign
from hanse.wire import EnrolmentAnswer

ANSWER_BYTES = 20_000
DEADLINE_SECONDS = 10.0


def statement(settings: NodeSettings, key: SigningKey, now: datetime) -> str:
    """Return the signed enrolment of this node at the catalogue its settings name.

    Raises `Invalid` where no catalogue is set.
    """
    if not settings.catalogue_url:
        raise Invalid("ENROLMENT_NO_CATALOGUE")
    asked = {
        "schema": 1,
        "catalogue": settings.issuer,
        "agency": settings.agency,
        "name": settings.name,
        "kbo": settings.kbo,
        "base_url": settings.resource,
        "keys": [key.public_jwk()],
        "issued_at": now.isoformat(),
    }
    return sign(canonical(asked), ENROLMENT, key)


def enrol(
    settings: NodeSettings,
    key: SigningKey,
    now: datetime,
    transport: Transport | None = None,
) -> EnrolmentAnswer:
    """Ask to become a member; the operator there compares the fingerprint and approves.

    Raises `Invalid` where the catalogue does not take the statement, `Unavailable` where it does
    not answer.
    """
    body = {"statement": statement(settings, key, now)}
    answer = asyncio.run(_post(settings, "/v1/members", body, transport))
    return EnrolmentAnswer.model_validate_json(answer)


def announce(settings: NodeSettings, transport: Transport | None = None) -> bool:
    """Tell the catalogue to look; say whether it heard. It would find out by itself as well."""
    if not settings.catalogue_url:
        return False
    try:
        asyncio.run(_post(settings, "/v1/announce", {"agency": settings.agency}, transport))
    except HanseError:
        return False
    return True


async def _post(
    settings: NodeSettings, path: str, body: Mapping[str, str], transport: Transport | None
) -> bytes:
    ask = Ask(
        Origin.of(settings.issuer),
        settings.issuer + path,
        method="POST",
        headers={"content-type": "application/json"},
        body=canonical(dict(body)),
        limits=Limits(body_bytes=ANSWER_BYTES, deadline_seconds=DEADLINE_SECONDS),
    )
    async with Outbound(networks=settings.reachable, transport=transport) as way:
        answer = await way.fetch(ask)
    if answer.status >= 500:
        raise Unavailable("ENROLMENT_NO_ANSWER", catalogue=settings.issuer)
    if answer.status >= 400:
        raise Invalid("ENROLMENT_REFUSED", catalogue=settings.issuer, status=answer.status)
    return answer.body
