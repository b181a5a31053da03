"""A post office for tests of delivery: real planning, claims, fences and records; only the last hop is a function.

`Post.deliver(when)` runs the real worker on a clock that stands at `when`. What arrived is kept with its time, so that
tests can compare it with what the ledger says.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import Engine

from nurture.channels.outcome import Accepted, NotSent, Outcome
from nurture.clock import Clock
from nurture.delivery.composer import Composer
from nurture.delivery.freezing import Press
from nurture.delivery.values import Ready
from nurture.delivery.worker import FenceOf, Settle, Shift, Worker
from nurture.message.template import Templates
from tests.planning.people import Shop, instant

INSTANCE = UUID(int=7)
LETTER = """---
subject: "{{ customer.called }}へ"
---
{{ customer.called }}
いつもありがとうございます。
配信停止はこちら: {{ unsubscribe_url }}
"""


@dataclass
class Standing:
    """A clock that moves only when it is told to, or when somebody sleeps on it."""

    at: datetime
    booted: float = 0.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.at, boottime=lambda: self.booted, sleep=self.sleep)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.booted += seconds


@dataclass
class Postman:
    """A sender that is a function: it asks the fence and then answers what the test wants."""

    answer: Callable[[Ready], Outcome]
    clock: Standing
    arrived: list[tuple[datetime, Ready]] = field(default_factory=list)
    before_fence: Callable[[Ready], None] = lambda _: None

    async def send_many(self, messages: Iterator[Ready], fence_of: FenceOf, settle: Settle) -> None:
        for ready in messages:
            settle(ready, await self._send(ready, fence_of))

    async def _send(self, ready: Ready, fence_of: FenceOf) -> Outcome:
        self.before_fence(ready)
        permit = await fence_of(ready)()
        if permit is None or not permit.check():
            return NotSent("the fence was shut")
        outcome = self.answer(ready)
        if isinstance(outcome, Accepted):
            self.arrived.append((self.clock.at, ready))
        return outcome

    async def close(self) -> None:
        pass


class Post:
    """A shop with a post office."""

    def __init__(self, engine: Engine, folder: Path, *campaigns: str, **settings: object) -> None:
        self.shop = Shop(engine, *campaigns, **settings)
        self.engine = engine
        self.standing = Standing(instant("2026-11-01 00:00"))
        self.answer: Callable[[Ready], Outcome] = lambda _: Accepted("250")
        self.templates = _letters(folder, self.shop)
        self.mail = Postman(lambda ready: self.answer(ready), self.standing)
        self.line = Postman(lambda ready: self.answer(ready), self.standing)

    @property
    def press(self) -> Press:
        return Press(self.shop.settings, self.templates, INSTANCE)

    @property
    def shift(self) -> Shift:
        return Shift(self.shop.campaigns, self.press)

    def worker(self, name: str = "worker", composer: Composer | None = None) -> Worker:
        """A worker with one connection a channel."""
        senders = {"email": [self.mail], "line": [self.line]}
        return Worker(name, self.engine, self.standing.clock(), self.shift, senders, composer)

    def tick(self, when: str) -> dict[str, int]:
        """Plans, commits and delivers at a time of Tokyo."""
        self.shop.tick(when)
        return self.deliver(when)

    def deliver(self, when: str) -> dict[str, int]:
        """Delivers what is due, without planning first."""
        self.standing.at = instant(when)
        return asyncio.run(self._deliver())

    async def _deliver(self) -> dict[str, int]:
        worker = self.worker()
        try:
            await worker.reap()
            return dict((await worker.deliver_due()).counts)
        finally:
            await worker.close()

    def arrived(self) -> list[str]:
        """Campaigns of what arrived, in order."""
        return [ready.claimed.campaign.campaign for _, ready in (*self.mail.arrived, *self.line.arrived)]


def _letters(folder: Path, shop: Shop) -> Templates:
    """One letter under the name of each step, in the folder too, where a test may change it."""
    names = frozenset(step.template for campaign in shop.campaigns.campaigns for step in campaign.steps)
    _write(folder, names)
    return _templates(names)


@cache
def _templates(names: frozenset[str]) -> Templates:
    with TemporaryDirectory() as folder:
        _write(Path(folder), names)
        return Templates.load(Path(folder))


def _write(folder: Path, names: frozenset[str]) -> None:
    for name in names:
        (folder / f"{name}.txt.j2").write_text(LETTER, encoding="utf-8")
