"""Runs an application on a socket: the one way both roles are served."""

import importlib.util
from typing import Final, Literal

import uvicorn
from starlette.types import ASGIApp

from hanse.web.deadline import Deadline

KEEP_ALIVE_SECONDS: Final = 60
MAX_CONNECTIONS: Final = 1_000
MAX_HEAD_BYTES: Final = 32_768
GRACEFUL_SECONDS: Final = 10


def server(app: ASGIApp, host: str, port: int) -> uvicorn.Server:
    """Return a server that is not running yet; port 0 asks the system for a free one.

    No access log: requests are counted and traced by `hanse.telemetry`, addresses hold questions.
    """
    loop: Literal["uvloop", "asyncio"] = (
        "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"
    )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            loop=loop,
            http=Deadline,
            ws="none",
            access_log=False,
            log_config=None,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=MAX_CONNECTIONS,
            h11_max_incomplete_event_size=MAX_HEAD_BYTES,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACEFUL_SECONDS,
        )
    )


def serve(app: ASGIApp, host: str, port: int) -> None:
    """Serve until the process is asked to stop."""
    server(app, host, port).run()
