"""The catalogue as witness: it cosigns the logs of its members' nodes, and sees no entry of them.

A node's log is known by the address and the keys it enrolled with, so a member needs no more than
its membership. The witness has a key of its own, apart from those that vouch for tokens.
"""

import re
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Response
from sqlalchemy import BigInteger, Engine, Integer, LargeBinary, Text
from sqlmodel import Field, SQLModel

from hanse.audit.checkpoint import Signer, Verifier, origin_of, verifier_of
from hanse.auth.ring import write_secret
from hanse.catalog import members
from hanse.catalog.catalogue import Catalogue
from hanse.policies.signatures import SigningKey
from hanse.store.session import reading
from hanse.web import witnessing
from hanse.web.witnessing import Witness

KEY_FILE: Final = "witness.jwk"
BIG: Final = BigInteger().with_variant(Integer, "sqlite")
HASH: Final = LargeBinary(32)

_SUFFIX: Final = re.compile(r"(-[2-9])?")


class WitnessedRow(SQLModel, table=True):
    """The last checkpoint of a node's log that was cosigned."""

    __tablename__ = "witness_log"

    origin: str = Field(primary_key=True, max_length=255)
    size: int = Field(sa_type=BIG)
    root: bytes = Field(sa_type=HASH)
    at: str = Field(max_length=32)


class EvidenceRow(SQLModel, table=True):
    """A checkpoint that contradicts the one cosigned at its size: signed by the log itself."""

    __tablename__ = "witness_evidence"

    origin: str = Field(primary_key=True, max_length=255)
    size: int = Field(primary_key=True, sa_type=BIG, sa_column_kwargs={"autoincrement": False})
    root: bytes = Field(primary_key=True, sa_type=HASH)
    at: str = Field(max_length=32)
    note: str = Field(sa_type=Text)


def signer(home: Path, base_url: str) -> Signer:
    """Return what cosigns; its key is made when it is first needed."""
    file = home / "keys" / KEY_FILE
    if not file.exists():
        write_secret(file, SigningKey.generate().private_jwk())
    name = origin_of(base_url).removesuffix("audit") + "witness"
    return Signer.from_jwk(name, file.read_text("ascii"))


def keys_of(engine: Engine, origin: str) -> tuple[Verifier, ...]:
    """Return the keys of the log with this origin; none where no active member has it."""
    with reading(engine) as session:
        known = members.identities(session)
    for each in known:
        own = origin_of(each.base_url)
        if origin.startswith(own) and _SUFFIX.fullmatch(origin[len(own) :]):
            return tuple(verifier_of(origin, jwk) for jwk in each.keys)
    return ()


def routes(catalogue: Catalogue) -> APIRouter:
    """Return the witness's routes and the line its key is pinned by."""
    own = signer(catalogue.settings.home, catalogue.settings.issuer)
    witness = Witness(
        engine=catalogue.engine,
        seen=WitnessedRow.__table__,  # type: ignore[attr-defined]
        evidence=EvidenceRow.__table__,  # type: ignore[attr-defined]
        logs=lambda origin: keys_of(catalogue.engine, origin),
        signer=own,
        clock=catalogue.clock,
    )
    router = witnessing.routes(witness)

    @router.get("/v1/witness/key", response_class=Response)
    def key() -> Response:
        """The public key of this witness, as a line nodes pin it by."""
        headers = {"Cache-Control": "public, max-age=300"}
        return Response(f"{own.verifier}\n", media_type="text/plain", headers=headers)

    return router
