"""Who asks, for routes: nobody or a verified token; and which scope a route needs.

`Caller` is anybody, also nobody. `needs("audit:read")` is somebody whose token has that scope, and
shows in OpenAPI. A token that was verified before costs microseconds on the event loop; a first one
is verified in a worker thread, because an issuer's keys may have to be looked up.
"""

import asyncio
from typing import Annotated, Any, Final

from fastapi import Depends, Request, Security
from fastapi.openapi.models import OAuth2 as OAuth2Model
from fastapi.openapi.models import OAuthFlowClientCredentials, OAuthFlows
from fastapi.security import SecurityScopes
from fastapi.security.base import SecurityBase
from starlette.types import Scope

from hanse.auth.gate import Asked, Gate
from hanse.auth.principal import Principal
from hanse.auth.scopes import SCOPES
from hanse.errors import Refused, Unauthenticated
from hanse.web.rates import address_of, networks
from hanse.web.site import Site

API_DIALECT: Final = "api"
_KNOWN: Final = "hanse.principal"


async def identify(request: Request) -> Principal:
    """Return who asks: `NOBODY` without a credential; raises `Unauthenticated` for a bad one.

    Asked once a request: a proof of possession is good once.
    """
    scope = request.scope
    if _KNOWN not in scope:
        gate, asked = _gate(request.app), _asked(scope, request.app.state.site)
        known = gate.quickly(asked)
        if known is None:
            known = await asyncio.to_thread(gate.identify, asked)
        scope[_KNOWN] = known
    principal: Principal = scope[_KNOWN]
    return principal


def _gate(app: Any) -> Gate:
    """Return the role's gate; a role that only sets a verifier knows tokens alone."""
    found: Gate | None = getattr(app.state, "gate", None)
    return found or Gate(app.state.verifier)


def _asked(scope: Scope, site: Site) -> Asked:
    raw = scope.get("raw_path") or scope["path"].encode("ascii", "replace")
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    first = path.split("/", 2)[1] if "/" in path else ""
    dialect = API_DIALECT if first in {"v1", ""} else first.lower()
    peer = scope.get("client")
    address = address_of(peer[0] if peer else "", scope["headers"], networks(site.rate.proxies))
    return Asked(scope["headers"], scope["method"], raw.decode("latin-1"), dialect, address)


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
