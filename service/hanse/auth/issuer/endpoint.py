"""The issuer's three addresses: the token endpoint, its keys, its metadata."""

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from hanse.auth.issuer.faults import TokenFault
from hanse.auth.issuer.form import MAX_BYTES, Form, read_form
from hanse.auth.issuer.issuer import ENDPOINT, Issuer
from hanse.auth.jwks import document
from hanse.auth.metadata import KEYS_PATH, authorization_server
from hanse.auth.ring import JWKS_MAX_AGE_SECONDS
from hanse.policies.signatures import SigningKey

RETRY_AFTER_SECONDS = 60

_PUBLIC = {
    "Cache-Control": f"public, max-age={JWKS_MAX_AGE_SECONDS}",
    "Access-Control-Allow-Origin": "*",
}


def routes(
    issuer: Issuer,
    anchor: SigningKey | None = None,
    themes: Sequence[str] = (),
    keys_path: str = KEYS_PATH,
) -> APIRouter:
    """Return the routes of an issuer; `anchor` signs the key document it publishes.

    `keys_path` is where that document stands: a node publishes the keys of its statements too.
    """
    router = APIRouter(tags=["sign-in"])
    described = authorization_server(issuer.parts.identifier, themes, keys_path)

    @router.post(ENDPOINT)
    async def token(request: Request) -> Response:
        """Issue an access token for one node (client credentials, private_key_jwt)."""
        try:
            form = await _form(request)
        except TokenFault as fault:
            return _answer(fault.status, fault.body())
        proofs = tuple(value for name, value in request.scope["headers"] if name == b"dpop")
        status, members = await asyncio.to_thread(issuer.token, form, proofs)
        return _answer(status, members, issuer.nonce)

    @router.get(keys_path)
    def jwks() -> Response:
        """Publish the keys that tokens of this issuer are verified with (RFC 7517)."""
        return JSONResponse(document(issuer.published(), anchor), headers=_PUBLIC)

    @router.get("/.well-known/oauth-authorization-server")
    async def metadata() -> Response:
        """Describe this issuer (RFC 8414)."""
        return JSONResponse(described, headers=_PUBLIC)

    return router


async def _form(request: Request) -> Form:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            break
    return read_form(
        bytes(body),
        request.headers.get("content-type", ""),
        request.scope["query_string"],
        [name for name, _ in request.scope["headers"]],
    )


def _answer(status: int, members: dict[str, Any], nonce: str = "") -> Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    if nonce:
        headers["DPoP-Nonce"] = nonce
    if status == 429:
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if status == 413:
        headers["Connection"] = "close"
    return JSONResponse(members, status, headers)
