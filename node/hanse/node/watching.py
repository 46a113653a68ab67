"""An answer on its way, watched: when its protocol ends, what has not left yet stays here.

Between two pieces of the body the door is asked whether the permit still stands. Where it does not,
the connection breaks off: the reader sees an answer that is not whole, never one that looks whole.
Every route that sends cells sends them through `watched`, whatever its dialect.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from hanse.errors import Refused
from hanse.node.door import Door
from hanse.policies.decision import Permit

LOOK_SECONDS: Final = 0.25
"""How long one look holds: a fast reader takes hundreds of pieces in a second."""

log = logging.getLogger(__name__)

Stands = Callable[[], bool]


def watched(door: Door, permit: Permit | None, answer: Response) -> Response:
    """Return an answer that breaks off when what opened it ends.

    What is open to everybody, and what rests on no permit (None), is sent as it is.
    """
    if permit is None or permit.everybody:
        return answer
    return Watched(answer, partial(door.stands, permit))


class Watched(Response):
    """A response that stops when what it rests on stops."""

    def __init__(
        self, inner: Response, stands: Stands, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._inner = inner
        self._stands = stands
        self._clock = clock
        self.status_code = inner.status_code
        self.media_type = inner.media_type
        self.background = inner.background
        self.body = b""
        self.raw_headers = inner.raw_headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer, looking between its pieces."""
        # What was just decided needs no second look before its first piece.
        looked, begun = self._clock(), False

        async def watched(message: Message) -> None:
            nonlocal looked, begun
            more = message["type"] == "http.response.body" and message.get("more_body", False)
            if more and begun and self._clock() - looked >= LOOK_SECONDS:
                if not await asyncio.to_thread(self._stands):
                    log.warning("answer.broken_off")
                    raise Refused("PERMIT_ENDED")
                looked = self._clock()
            begun = begun or more
            await send(message)

        await self._inner(scope, receive, watched)
