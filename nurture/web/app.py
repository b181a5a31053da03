"""The app: every public endpoint, wired. It decides nothing about customers."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nurture.clock import Clock
from nurture.config import Settings
from nurture.delivery.writer import Writer

from .approving import Approving
from .desk import Desk
from .health import Watching
from .linking import Linking
from .office import Health, Listed, Office, Reply, make_counters
from .page import POLICY
from .unsubscribing import Unsubscribing
from .webhook import Webhook

log = structlog.get_logger()
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex",
}


def make_app(
    engine: Engine,
    settings: Settings,
    clock: Clock,
    *,
    health: Health,
    registry: CollectorRegistry,
    reply: Reply,
    writer: Writer | None = None,
    bot: Callable[[], str] = lambda: "",
    held: Listed | None = None,
) -> Starlette:
    """Builds the app; its lifespan runs the desk that works off LINE's events.

    `health`: seconds since planning's last tick, None before the first. `registry`: one app a registry. `reply`: sends
    a text with a LINE reply token. `writer`: the process's own, where it has one; else the app makes and ends one.
    `bot`: the LINE bot's user id, empty while it is not known; events for another one are passed over.
    `held`: what waits for the owner's word.
    """
    own = writer or Writer(engine)
    office = Office(engine, settings, clock, own, health, registry, reply, bot, make_counters(registry), held)
    desk, watching = Desk(office), Watching(office)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        task = asyncio.create_task(desk.run())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            if writer is None:
                own.close()

    routes = [
        Route("/u/{token}", _endpoint(Unsubscribing(office)), methods=["GET", "POST"]),
        Route("/l/{token}", _endpoint(Linking(office)), methods=["GET", "POST"]),
        Route("/a/{token}", _endpoint(Approving(office)), methods=["GET", "POST"]),
        Route("/line/webhook", _endpoint(Webhook(office, desk.ring)), methods=["POST"]),
        Route("/healthz", watching.alive),
        Route("/readyz", watching.ready),
        Route("/metrics", watching.metrics),
    ]
    return Starlette(
        routes=routes,
        middleware=[Middleware(Guarded)],
        exception_handlers={HTTPException: _refused, Exception: _broken},
        lifespan=lifespan,
    )


class Guarded:
    """Puts the security headers on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes a request on."""

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, guarded if scope["type"] == "http" else send)


def _endpoint(endpoint: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A function: Starlette takes an object that can be called for a whole app."""

    async def call(request: Request) -> Response:
        return await endpoint(request)

    return call


async def _refused(request: Request, problem: Exception) -> Response:
    status = problem.status_code if isinstance(problem, HTTPException) else 500
    headers = problem.headers if isinstance(problem, HTTPException) else None
    return PlainTextResponse("", status, headers)


async def _broken(request: Request, problem: Exception) -> Response:
    log.error("web.bug", problem=type(problem).__name__)
    # Starlette answers this one outside its middleware.
    return PlainTextResponse("", 500, HEADERS)
