"""Who asks, for routes: nobody or a verified token; and which scope a route needs.

`Caller` is anybody, also nobody. `needs("audit:read")` is somebody whose token has that scope, and
shows in OpenAPI. A token that was verified before costs microseconds on the event loop; a first one
is verified in a worker thread, because an issuer's keys may have to be looked up.
"""

import asyncio
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase

from hanse.auth.bearer import admit, credential, recalled
from hanse.auth.principal import NOBODY, Principal
from hanse.auth.scopes import SCOPES
from hanse.auth.verifier import Verifier
from hanse.errors import Refused, Unauthenticated


async def identify(request: Request) -> Principal:
    """Return who asks: `NOBODY` without a credential; raises `Unauthenticated` for a bad one."""
    presented = credential(request.scope["headers"])
    if presented is None:
        return NOBODY
    verifier: Verifier = request.app.state.verifier
    known = recalled(presented, verifier)
    if known is not None:
        return known
    return await asyncio.to_thread(admit, presented, verifier)


class _SignIn(SecurityBase):
    """Names the way to sign in for OpenAPI, and identifies the caller."""

    def __init__(self) -> None:
        flow = OAuthFlowClientCredentials(
            tokenUrl="/oauth/token", scopes={scope: scope for scope in SCOPES}
        )
        self.model = OAuth2Model(flows=OAuthFlows(clientCredentials=flow))
        self.scheme_name = "hanse"

    async def __call__(self, request: Request) -> Principal:
        return await identify(request)


_sign_in = _SignIn()


async def _holder(
    scopes: SecurityScopes, caller: Annotated[Principal, Depends(_sign_in)]
) -> Principal:
    if not caller.known:
        raise Unauthenticated("SIGN_IN_NEEDED")
    for scope in scopes.scopes:
        if not caller.may(scope):
            raise Refused("SCOPE_MISSING", scope=scope)
    return caller


Caller = Annotated[Principal, Depends(_sign_in)]
"""Anybody: nobody, or whoever a valid token names."""


def needs(*scopes: str) -> Any:
    """Return the marker of a parameter that is somebody whose token opens all of `scopes`.

    `Auditor = Annotated[Principal, needs("audit:read")]`
    """
    return Security(_holder, scopes=list(scopes))
