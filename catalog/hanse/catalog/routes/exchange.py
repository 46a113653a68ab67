"""`/v1/exchange/protocols`: members leave signed copies of protocols for the parties to them."""

from typing import Annotated

from fastapi import APIRouter, Header

from hanse.catalog import exchange
from hanse.catalog.catalogue import Catalogue
from hanse.store.session import reading, transaction
from hanse.wire import ProtocolBundles, ProtocolDeposit, ProtocolDeposited


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the exchange; each word is signed by a member, and nothing is told to others."""
    router = APIRouter(prefix="/exchange/protocols", tags=["exchange"])
    issuer = catalogue.settings.issuer

    @router.post("", status_code=202)
    def leave(body: ProtocolDeposit) -> ProtocolDeposited:
        """Leave a copy with what its parties signed about it."""
        now = catalogue.clock()
        with transaction(catalogue.engine) as session:
            kept = exchange.leave(session, body.deposit, catalogue=issuer, now=now)
        return ProtocolDeposited(protocol=kept.id, content_hash=kept.content_hash)

    @router.get("")
    def fetch(word: Annotated[str, Header(alias="Exchange", max_length=4_096)]) -> ProtocolBundles:
        """Fetch the copies of which one's own party is a party."""
        now = catalogue.clock()
        with reading(catalogue.engine) as session:
            found = exchange.fetch(session, word, catalogue=issuer, now=now)
        return ProtocolBundles(bundles=list(found))

    return router
