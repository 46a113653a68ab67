"""Routes that answer in one form refuse a reader who accepts another, before anything is done."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from hanse.dialects.media import accepted


def accept_of(request: Request) -> str:
    """Return the `Accept` field of a request; lines of it are one list (RFC 9110 §5.3)."""
    return ", ".join(request.headers.getlist("accept"))


def offers(*media_types: str) -> Callable[[Request], Awaitable[None]]:
    """Return a dependency of a route that makes these media types.

    It raises `NotAcceptable` (MEDIA_NOT_OFFERED) for a reader who accepts none of them.
    """
    offered = {each.partition(";")[0]: each for each in media_types}

    async def checked(request: Request) -> None:
        accepted(accept_of(request), offered)

    return checked
