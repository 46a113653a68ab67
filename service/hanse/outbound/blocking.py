"""The asynchronous core for code that waits: one loop on one thread of its own.

One loop for the life of the object, so that connections stay warm between calls and no caller needs
to know that there is a loop at all.
"""

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine
from typing import Any, Self, TypeVar

from hanse.outbound.way import Outbound

T = TypeVar("T")


class Blocking:
    """Runs coroutines of one `Outbound` to their end; closes both when closed or collected."""

    def __init__(self, make: Callable[[], Outbound]) -> None:
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=self._loop.run_forever, name="hanse-outbound", daemon=True)
        thread.start()
        self.way = self.run(_make(make))
        self._stop = weakref.finalize(self, _stop, self._loop, thread, self.way)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Wait for the outcome of a coroutine; when the wait is interrupted, it is cancelled."""
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            future.cancel()
            raise

    def close(self) -> None:
        """Close every connection and end the thread; a second time does nothing."""
        self._stop()


async def _make(make: Callable[[], Outbound]) -> Outbound:
    return make()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread, way: Outbound) -> None:
    asyncio.run_coroutine_threadsafe(_wind_down(way), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _wind_down(way: Outbound) -> None:
    await way.aclose()
    await asyncio.get_running_loop().shutdown_default_executor()
