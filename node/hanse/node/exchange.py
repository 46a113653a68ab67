"""Signed copies of protocols by way of the catalogue: it carries them, and nobody trusts it.

Each copy is what the parties signed, and is verified here as if a stranger had sent it. A catalogue
can withhold a copy; it cannot change one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Engine

from hanse.errors import HanseError, Invalid, Unavailable
from hanse.node import office, protocols
from hanse.node.office import Office, Taken
from hanse.node.settings import NodeSettings
from hanse.outbound import Ask, Limits, Origin, Outbound, Transport
from hanse.policies.canonical import canonical
from hanse.policies.signatures import EXCHANGE, sign
from hanse.store.session import reading, transaction
from hanse.wire import ProtocolBundle, ProtocolBundles

PATH = "/v1/exchange/protocols"
ANSWER_BYTES = 20_000_000
DEADLINE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an exchange: how many copies went, and what came of those that came."""

    sent: int
    taken: tuple[Taken, ...]
    refused: tuple[tuple[str, str], ...]
    """Id and message code of each copy that does not verify here."""


def exchange(
    settings: NodeSettings,
    own: Office,
    engine: Engine,
    at: datetime,
    transport: Transport | None = None,
) -> Outcome:
    """Bring our copies to the catalogue, and take in those that other parties left there.

    Raises `Invalid` where no catalogue is set or it refuses us, `Unavailable` where it is away.
    """
    if not settings.catalogue_url:
        raise Invalid("ENROLMENT_NO_CATALOGUE")
    with reading(engine) as session:
        book = protocols.open_book(session, own.public, office.day(at))
    copies = [office.bundle(each, own) for each in book.held if not each.protocol.is_open]
    talk = _Talk(settings, own, at, transport)
    sent, came = asyncio.run(talk.whole(copies))
    taken: list[Taken] = []
    refused: list[tuple[str, str]] = []
    for bundle in came:
        try:
            with transaction(engine) as session:
                taken.append(office.take(session, own, bundle, at))
        except HanseError as fault:  # one bad copy stops no other
            refused.append((str(bundle.content.get("id", "?"))[:140], fault.code))
    return Outcome(sent, tuple(taken), tuple(refused))


class _Talk:
    """One conversation with the catalogue, each word signed by the node's key."""

    def __init__(
        self, settings: NodeSettings, own: Office, at: datetime, transport: Transport | None
    ) -> None:
        self._settings, self._own, self._at = settings, own, at
        self._open: Callable[[], Outbound] = lambda: Outbound(
            networks=settings.reachable, transport=transport
        )

    async def whole(self, copies: list[ProtocolBundle]) -> tuple[int, list[ProtocolBundle]]:
        """Leave our copies and fetch what waits for us."""
        async with self._open() as way:
            for each in copies:
                document = each.model_dump(mode="json", by_alias=True)
                body = canonical({"deposit": self._signed({"bundle": document})})
                await self._ask(way, "POST", {"content-type": "application/json"}, body)
            answer = await self._ask(way, "GET", {"exchange": self._signed({})}, None)
        try:
            return len(copies), ProtocolBundles.model_validate_json(answer).bundles
        except ValidationError as fault:
            raise Invalid("EXCHANGE_ANSWER", catalogue=self._settings.issuer) from fault

    def _signed(self, more: dict[str, Any]) -> str:
        told = {
            "catalogue": self._settings.issuer,
            "agency": self._settings.agency,
            "party": self._own.kbo,
            "issued_at": self._at.isoformat(),
        }
        return sign(canonical(told | more), EXCHANGE, self._own.key)

    async def _ask(
        self, way: Outbound, method: str, headers: dict[str, str], body: bytes | None
    ) -> bytes:
        ask = Ask(
            Origin.of(self._settings.issuer),
            self._settings.issuer + PATH,
            method=method,
            headers=headers,
            body=body,
            limits=Limits(body_bytes=ANSWER_BYTES, deadline_seconds=DEADLINE_SECONDS),
        )
        answer = await way.fetch(ask)
        if answer.status >= 500:
            raise Unavailable("ENROLMENT_NO_ANSWER", catalogue=self._settings.issuer)
        if answer.status >= 400:
            raise Invalid("EXCHANGE_REFUSED", catalogue=self._settings.issuer, status=answer.status)
        return answer.body
