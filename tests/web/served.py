"""The app on a real port of this machine, served as the daemon serves it, on a thread of its own."""

import asyncio
import http.client
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from nurture.channels.line import LineTransport
from nurture.channels.outcome import Accepted, Outcome
from nurture.clock import Clock
from nurture.config import Settings
from nurture.web import make_app, serve
from nurture.web.office import Listed, Reply
from tests.feedback.people import NOON, settings


@dataclass
class Served:
    """A running app, and what it did."""

    port: int
    registry: CollectorRegistry
    replies: list[tuple[str, str]]
    times: "Times"

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> "Answer":
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, response.read().decode(), dict(response.getheaders()))
        finally:
            connection.close()

    def form(self, path: str, body: str = "confirm=yes", **headers: str) -> "Answer":
        """What a browser sends for a pressed button."""
        return self.ask("POST", path, body.encode(), {"Content-Type": "application/x-www-form-urlencoded", **headers})

    def counted(self, name: str, **labels: str) -> float:
        return self.registry.get_sample_value(name, labels) or 0.0


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    headers: dict[str, str]


@dataclass
class Times:
    """The clock's readings, which a test moves, and the age of the last tick."""

    now: datetime = NOON
    tick_age: float | None = 12.0
    slept: list[float] = field(default_factory=list)
    awake: threading.Event = field(default_factory=threading.Event)
    """Set by a test: whoever sleeps wakes."""

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now.astimezone(UTC), boottime=lambda: 0.0, sleep=self._sleep)

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        while not self.awake.is_set():
            await asyncio.sleep(0.02)
        self.awake.clear()


@contextmanager
def served(
    engine: Engine,
    *,
    bot: str = "",
    held: Listed | None = None,
    broken_reply: bool = False,
    answering: LineTransport | None = None,
    **changes: Any,
) -> Iterator[Served]:
    """Serves until the block ends; whatever the server raised is raised here. `changes`: keys of config.yaml.

    `answering`: answers chats over the real client; ended with the app.
    """
    times, replies, registry = Times(), [], CollectorRegistry()
    ports: list[int] = []
    ready, stop, loops = threading.Event(), asyncio.Event(), []

    def listening(port: int) -> None:
        ports.append(port)
        ready.set()

    async def run() -> None:
        loops.append(asyncio.get_running_loop())
        made: Settings = changes.pop("made", None) or settings(**changes)
        about = {"registry": registry, "reply": _replying(replies, broken_reply, answering), "bot": lambda: bot}
        app = make_app(engine, made, times.clock(), health=lambda: times.tick_age, held=held, **about)
        try:
            await serve(app, "127.0.0.1", 0, stop, listening=listening)
        finally:
            await _end(answering)

    failures: list[BaseException] = []

    def thread() -> None:
        try:
            asyncio.run(run())
        except BaseException as problem:
            failures.append(problem)
            ready.set()

    running = threading.Thread(target=thread)
    running.start()
    try:
        assert ready.wait(30)
        if not failures:
            yield Served(ports[0], registry, replies, times)
    finally:
        if loops and not failures:
            loops[0].call_soon_threadsafe(stop.set)
        running.join(30)
        assert not running.is_alive()
    if failures:
        raise failures[0]


def _replying(replies: list[tuple[str, str]], broken: bool, line: LineTransport | None) -> Reply:
    async def reply(token: str, text: str) -> Outcome:
        if broken:
            raise ConnectionError
        replies.append((token, text))
        return await line.reply(token, text) if line else Accepted("200")

    return reply


async def _end(line: LineTransport | None) -> None:
    if line:
        await line.close()
