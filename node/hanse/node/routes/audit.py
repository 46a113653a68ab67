"""`/v1/audit` and `/v1/receipts`: checkpoints for everybody, each entry for its own party."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from hanse.audit.proof import MEDIA_TYPE
from hanse.node import checkpoints, receipts
from hanse.node.running import Node
from hanse.node.witnesses import EvidenceRow, WitnessedRow, logs
from hanse.store.session import reading
from hanse.web import witnessing
from hanse.web.signin import Caller
from hanse.web.witnessing import Witness

FRESH = "public, max-age=10"

Ref = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$", description="The reference of an entry.")]
Size = Annotated[int, Query(ge=0, le=2**53, description="A number of entries.")]


def routes(node: Node) -> APIRouter:
    """Return the routes; roots and proofs between them say nothing of any entry."""
    router = APIRouter(tags=["audit"])
    signer = checkpoints.signer(node.settings, node.publisher.key)

    @router.get("/v1/audit/key", response_class=Response)
    def key() -> Response:
        """The public key of this node's log, as a line others pin it by."""
        return _text(f"{signer.verifier}\n")

    @router.get("/v1/audit/checkpoint", response_class=Response)
    def checkpoint() -> Response:
        """The newest signed checkpoint, with the witnesses' signatures under it."""
        with reading(node.engine) as session:
            return _text(str(checkpoints.newest(session).note))

    @router.get("/v1/audit/consistency", response_class=Response)
    def consistency(old: Size, size: Size) -> Response:
        """The proof that the log of one size extends that of another: a hash on each line."""
        with reading(node.engine) as session:
            return _text(receipts.lines(checkpoints.grown(session, old, size)))

    @router.get("/v1/receipts/{ref}", response_class=Response)
    def receipt(ref: Ref, caller: Caller) -> Response:
        """The proof that an entry is in the log, for the party it is about, or who audits."""
        proof = receipts.proof(node.engine, caller, ref, node.publisher.clock())
        return _text(str(proof), "private, no-store")

    @router.get("/v1/receipts/{ref}/entry", response_class=Response)
    def entry(ref: Ref, caller: Caller) -> Response:
        """What an entry says, in the very bytes that are hashed."""
        body = receipts.body(node.engine, caller, ref, node.publisher.clock())
        headers = {"Cache-Control": "private, no-store", "Vary": "Authorization"}
        return Response(body, media_type="application/json", headers=headers)

    known = logs(node.settings)
    witness = Witness(
        engine=node.engine,
        seen=WitnessedRow.__table__,  # type: ignore[attr-defined]
        evidence=EvidenceRow.__table__,  # type: ignore[attr-defined]
        logs=lambda origin: known.get(origin, ()),
        signer=signer,
        clock=node.publisher.clock,
    )
    router.include_router(witnessing.routes(witness))
    return router


def _text(text: str, cached: str = FRESH) -> Response:
    vary = {"Vary": "Authorization"} if cached != FRESH else {}
    return Response(text, media_type=MEDIA_TYPE, headers={"Cache-Control": cached, **vary})
