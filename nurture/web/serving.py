"""Serves the app on a port, inside a process that has its own signals and its own log."""

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

DRAIN = 5
"""Seconds in which requests under way may end when the daemon stops."""
CONNECTIONS = 500
"""Past it the answer is 503: a flood must not take the memory of the process that sends."""


async def serve(
    app: ASGIApp, host: str, port: int, stop: asyncio.Event, *, listening: Callable[[int], None] | None = None
) -> None:
    """Serves until `stop` is set, then lets requests under way end.

    `port` 0 takes a free one; `listening` is told which. Raises OSError where the port can't be had.
    """
    opened = _open(host, port)
    config = uvicorn.Config(
        app,
        # Access logs would keep the tokens of opt-out links.
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws="none",
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=DRAIN,
    )
    server = _Quiet(config)
    if listening:
        listening(opened.getsockname()[1])
    stopping = asyncio.create_task(_stop(server, stop))
    try:
        await server.serve(sockets=[opened])
    finally:
        stopping.cancel()
        opened.close()


class _Quiet(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The daemon has its own."""
        yield


async def _stop(server: uvicorn.Server, stop: asyncio.Event) -> None:
    await stop.wait()
    server.should_exit = True


def _open(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=512)
