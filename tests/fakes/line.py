"""LINE's Messaging API, as far as pushes go: it remembers retry keys for its lifetime and fails as its script says.

With LINE's own API description at hand (`$NURTURE_TEST_TOOLS/line-openapi/messaging-api.strict.yml`, from
github.com/line/line-openapi with its `discriminator`s made binding) every request is held to it.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

from aiohttp import web
from openapi_core import Config, OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from pydantic import SecretStr

from nurture.channels.line import LineAccount

TOKEN = "channel-access-token"
TOOLS = "NURTURE_TEST_TOOLS"


@dataclass(frozen=True)
class Fails:
    """One answer out of order."""

    status: int = 0
    """0 = none at all: the connection is closed."""
    message: str = ""
    body: str | None = None
    """Instead of an error's JSON."""
    keep: bool = False
    """Whether the push counts as accepted all the same."""
    lasts: bool = False
    """It never answers, and never closes."""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class FakeLine:
    """The API, to be run by `speaking`."""

    script: list[Fails] = field(default_factory=list)
    """Used up push by push; where none is left, it behaves."""
    blocked: set[str] = field(default_factory=set)
    """Users who blocked the account: pushes to them are accepted and reach nobody."""
    shown: list[tuple[str, Any]] = field(default_factory=list)
    """What people see: (user id, message object)."""
    requests: list[bytes] = field(default_factory=list)
    """Bodies of all pushes."""
    keys: dict[str, tuple[bytes, str]] = field(default_factory=dict)
    """Retry key → the body it was first accepted with, and the request id of that."""
    offences: list[str] = field(default_factory=list)
    """What a client must never do."""
    tokens: dict[str, int] = field(default_factory=dict)
    """Reply tokens that may be used, and how often they were tried; an unknown one counts as too old."""
    replies: list[tuple[str, str]] = field(default_factory=list)
    """Answers that reached a chat: reply token and text."""
    bot: str = f"U{0xB07:032x}"
    quota: int | None = 200
    used: int = 0
    port: int = 0

    def account(self, token: str = TOKEN) -> LineAccount:
        """How to reach it."""
        return LineAccount(f"http://127.0.0.1:{self.port}", SecretStr(token))

    def accept(self, key: str, body: bytes) -> str:
        """Takes a push over; its request id."""
        number = f"request-{len(self.keys) + 1}"
        self.keys[key] = (body, number)
        found = json.loads(body)
        self.used += found["to"] not in self.blocked
        if found["to"] not in self.blocked:
            self.shown += [(found["to"], each) for each in found["messages"]]
        return number


@asynccontextmanager
async def speaking(fake: FakeLine) -> AsyncIterator[FakeLine]:
    """Runs the API on a free port of this machine."""
    description()
    application = web.Application(client_max_size=2 << 20)
    application.router.add_post("/v2/bot/message/push", partial(_push, fake))
    application.router.add_post("/v2/bot/message/reply", partial(_reply, fake))
    application.router.add_get("/v2/bot/info", partial(_info, fake))
    application.router.add_get("/v2/bot/message/quota", partial(_quota, fake))
    application.router.add_get("/v2/bot/message/quota/consumption", partial(_consumption, fake))
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.port = runner.addresses[0][1]
    try:
        yield fake
    finally:
        await runner.cleanup()


async def _push(fake: FakeLine, request: web.Request) -> web.StreamResponse:
    body, key = await request.read(), request.headers.get("X-Line-Retry-Key", "")
    fake.requests.append(body)
    fake.offences += _offences(fake, request, key, body)
    fails = fake.script.pop(0) if fake.script else None
    if fails:
        return await _failing(fake, request, fails, key, body)
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return _error(401, "Authentication failed due to the following reason: invalid token.")
    if key in fake.keys:
        accepted = {"X-Line-Request-Id": "request-again", "X-Line-Accepted-Request-Id": fake.keys[key][1]}
        return _error(409, "The retry key is already accepted", accepted)
    if fake.quota is not None and fake.used >= fake.quota:
        return _error(429, "You have reached your monthly limit.")
    return _accepted(fake.accept(key, body))


async def _reply(fake: FakeLine, request: web.Request) -> web.StreamResponse:
    body = await request.read()
    if "X-Line-Retry-Key" in request.headers:
        fake.offences.append("a reply with a retry key")
    if problem := complaint(request.method, request.path, dict(request.headers), body):
        fake.offences.append(problem)
    if fails := fake.script.pop(0) if fake.script else None:
        return await _failing(fake, request, fails, "", body)
    found = json.loads(body)
    token = found["replyToken"]
    tried = fake.tokens[token] = fake.tokens.get(token, 1) + 1
    if tried > 1:
        return _error(400, "Invalid reply token")
    fake.replies += [(token, each["text"]) for each in found["messages"]]
    return _accepted("request-reply")


async def _info(fake: FakeLine, request: web.Request) -> web.Response:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return _error(401, "Authentication failed due to the following reason: invalid token.")
    about = {"basicId": "@216ru", "displayName": "Minato", "chatMode": "bot", "markAsReadMode": "auto"}
    return web.json_response({"userId": fake.bot, **about})


async def _failing(fake: FakeLine, request: web.Request, fails: Fails, key: str, body: bytes) -> web.StreamResponse:
    number = fake.accept(key, body) if fails.keep else ""
    if fails.lasts:
        await asyncio.Event().wait()
    if not fails.status:
        assert request.transport
        request.transport.abort()
        return web.Response()
    if fails.body is not None:
        return web.Response(status=fails.status, text=fails.body, content_type="text/html")
    if fails.status == 200:
        return _accepted(number)
    return _error(fails.status, fails.message, dict(fails.headers))


async def _quota(fake: FakeLine, request: web.Request) -> web.Response:
    if request.headers.get("Authorization") != f"Bearer {TOKEN}":
        return _error(401, "Authentication failed due to the following reason: invalid token.")
    if fails := fake.script.pop(0) if fake.script else None:
        return _error(fails.status, fails.message)
    limited: dict[str, object] = {"type": "limited", "value": fake.quota}
    return web.json_response({"type": "none"} if fake.quota is None else limited)


async def _consumption(fake: FakeLine, request: web.Request) -> web.Response:
    return web.json_response({"totalUsage": fake.used})


def _accepted(number: str) -> web.Response:
    sent = {"sentMessages": [{"id": "461230966842064897", "quoteToken": "IStG5h1Tz7b"}]}
    return web.json_response(sent, headers={"X-Line-Request-Id": number})


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response({"message": message}, status=status, headers=headers)


def _offences(fake: FakeLine, request: web.Request, key: str, body: bytes) -> list[str]:
    found = []
    if not key:
        found.append("a push without a retry key")
    if key in fake.keys and fake.keys[key][0] != body:
        found.append("another body under the same retry key")
    if problem := complaint(request.method, request.path, dict(request.headers), body):
        found.append(problem)
    return found


@dataclass
class _Described:
    """A request as openapi-core wants to see it."""

    method: str
    path: str
    parameters: RequestParameters
    body: bytes
    content_type: str = "application/json"
    host_url: str = "https://api.line.me"


def complaint(method: str, path: str, headers: dict[str, str], body: bytes) -> str:
    """What LINE's own description has against a request; empty for nothing, or without a description."""
    known = description()
    if known is None:
        return ""
    try:
        known.validate_request(_Described(method.lower(), path, RequestParameters(header=headers), body))
    except OpenAPIError as problem:
        return f"{problem} {problem.__cause__ or ''}"
    return ""


@cache
def description() -> OpenAPI | None:
    """LINE's description of its API, None where it isn't at hand."""
    folder = os.environ.get(TOOLS)
    path = Path(folder or ".", "line-openapi", "messaging-api.strict.yml")
    # That the description itself is sound is LINE's affair, and takes three seconds to find out.
    sound = Config(spec_validator_cls=None)
    return OpenAPI.from_file_path(str(path), config=sound) if folder and path.exists() else None
