"""`/auth/…`: the same addresses as without it, where nobody is answered without a name.

Some clients send what they know only after a refusal. A list that is open to everybody would never
refuse them, so they would always see its public part alone.
"""

from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from hanse.errors import NotFound, Unauthenticated
from hanse.web.signin import identify

PREFIX: Final = "/auth"


class NamedOnly:
    """Asks for a credential before anything below the prefix; `roots` are what stands there."""

    def __init__(self, app: ASGIApp, roots: tuple[str, ...] = ("/v1/",)) -> None:
        self.app = app
        self.roots = tuple(PREFIX + root for root in roots)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, under its address without the prefix."""
        path = scope.get("path", "")
        if scope["type"] != "http" or not f"{path}/".startswith(f"{PREFIX}/"):
            await self.app(scope, receive, send)
            return
        below = {**scope, "root_path": PREFIX}
        caller = await identify(Request(below))
        if not caller.known:
            raise Unauthenticated("SIGN_IN_NEEDED")
        if not path.startswith(self.roots):
            raise NotFound("NOT_FOUND")
        await self.app(below, receive, send)
