"""A short scene: three people order, a daemon writes to them, and dies at one point; another goes on, and is judged.

A point is a commit (before or after it), a packet of the client's (before or after it left) or a packet for the client
(before it is heard). They are counted in a run without a death; since nothing is left to chance, a run that dies at
point n is the same up to there.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Engine, text

from nurture.channels.line import LineAccount, LineTransport
from nurture.channels.mail import MailTransport
from nurture.channels.server import MailServer
from nurture.clock import Clock
from nurture.daemon import Daemon
from nurture.delivery.senders import LineSender, MailSender
from tests.simulation.dice import Dice
from tests.simulation.linehost import LineHost
from tests.simulation.loop import PROCESS, Killed, Process, VirtualLoop
from tests.simulation.mailhost import MailHost
from tests.simulation.network import Link, Network
from tests.simulation.oracle import Found, settled
from tests.simulation.simulation import bury, inside
from tests.simulation.village import Village

BEGAN = datetime(2026, 11, 20, 0, 0, tzinfo=UTC)
"""Nine in the morning in Tokyo."""
MAIL, LINE = ("mail.test", 25), ("127.0.0.1", 8001)
LATER = (1_000, 2_000, 6_000, 40_000)
"""Seconds after which the one who goes on looks: leases have ended by the first."""


@dataclass(frozen=True)
class Ended:
    """How a scene ended."""

    points: tuple[str, ...]
    """Every point that was passed before the death, or all."""
    violations: list[str]
    statuses: Counter[str]


class Scene:
    """One run; `point`: the number of the point to die at, None for none."""

    def __init__(self, engine: Engine, here: Path, point: int | None) -> None:
        self.engine, self.point = engine, point
        self.points: list[str] = []
        self.loop = VirtualLoop(Random(1))
        self.dice = Dice(1, self.loop.time, level=0)
        self.village = Village(engine, here, self.dice)
        self.mail, self.line = MailHost(self.dice, self.loop.time), LineHost(self.dice, self.loop.time)
        network = Network(self.loop, self.dice, self.wall)
        network.hosts = {MAIL: self.mail.session, LINE: self.line.session}
        network.link = self.make_link
        self.loop.network = network
        self.commit = engine.dialect.do_commit
        self.commits = 0
        self.processes: list[Process] = []

    def wall(self) -> float:
        return BEGAN.timestamp() + self.loop.time()

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.wall(), UTC)

    def run(self) -> Ended:
        """From the orders to the judgement."""
        asyncio.set_event_loop(self.loop)
        self.engine.dialect.do_commit = self._committing  # type: ignore[method-assign]
        try:
            self.loop.run_until_complete(self._run())
        finally:
            self.engine.dialect.do_commit = self.commit  # type: ignore[method-assign]
            bury(self.loop, self.processes)
            asyncio.set_event_loop(None)
            self.loop.close()
        with self.engine.connect() as connection:
            statuses = Counter(connection.scalars(text("SELECT status FROM touch WHERE campaign = 'receipt'")))
        return Ended(tuple(self.points), [*self._judged(), *_unfinished(statuses)], statuses)

    async def _run(self) -> None:
        for _ in range(6):
            self.village.join(self.now())
        for _ in range(4):
            self.village.order(self.now(), self.loop.time())
        first = Process("first")
        self.processes.append(first)
        await self._alive(first, self._work(first))
        if first.dead:
            second = Process("second")
            self.processes.append(second)
            await self._alive(second, self._go_on(second))

    async def _alive(self, process: Process, work: Any) -> None:
        """Until the process has done its work, or is dead."""
        with inside(process):
            task = asyncio.ensure_future(work)
        while not task.done() and not process.dead:
            await asyncio.sleep(60)
        if task.done():
            task.result()

    async def _work(self, process: Process) -> None:
        daemon = self._daemon(process)
        await daemon.tick()
        await daemon.tick()
        await daemon.worker.close()

    async def _go_on(self, process: Process) -> None:
        daemon = self._daemon(process)
        for seconds in LATER:
            await asyncio.sleep(seconds)
            await daemon.tick()
        await daemon.worker.close()

    def _daemon(self, process: Process) -> Daemon:
        clock = Clock(now=self.now, boottime=self.loop.time, sleep=asyncio.sleep)
        line = LineTransport(LineAccount(f"http://{LINE[0]}:{LINE[1]}", SecretStr("token")))
        senders = {
            "email": [MailSender(MailTransport(MailServer(MAIL[0], MAIL[1], "none")))],
            "line": [LineSender(line)],
        }
        alone = self.engine.dialect.name == "sqlite"
        watched, press = self.village.watched(), self.village.press
        return Daemon(process.name, self.engine, clock, watched, press, senders, alone=alone)

    def passes(self, name: str) -> bool:
        """One point; True when the process has died there."""
        process = PROCESS.get()
        if process is None or process.name != "first" or process.dead:
            return False
        self.points.append(name)
        if self.point == len(self.points) - 1:
            process.kill()
            return True
        return False

    def _committing(self, connection: Any) -> None:
        self.commits += 1
        number = self.commits
        if self.passes(f"before commit {number}"):
            connection.rollback()  # the kernel closes what a dead process held
            raise Killed
        self.commit(connection)
        if self.passes(f"after commit {number}"):
            raise Killed

    def make_link(self, network: Network, protocol: Any, process: Process | None) -> Link:
        return _Watched(self, network, protocol, process)

    def _judged(self) -> list[str]:
        arrivals = sorted((*self.mail.arrivals, *self.line.arrivals), key=lambda each: each.taken_at)
        orders = [(who, key) for who, key, _ in self.village.orders]
        offences = [*self.mail.offences, *self.line.offences]
        found = Found(arrivals, {**self.mail.digests, **self.line.digests}, offences, orders, self.wall())
        with self.engine.connect() as connection:

            def rows(query: str) -> list[dict[str, Any]]:
                return [dict(row) for row in connection.execute(text(query)).mappings()]

            return settled(rows, found)


class _Watched(Link):
    """A connection each of whose packets is a point."""

    def __init__(self, scene: Scene, network: Network, protocol: Any, process: Process | None) -> None:
        super().__init__(network, protocol, process)
        self.scene = scene

    def write(self, data: Any) -> None:
        word = bytes(data[:12])
        if not self.scene.passes(f"before writing {word!r}"):
            super().write(data)
            self.scene.passes(f"after writing {word!r}")

    def _hear(self, data: bytes) -> None:
        if not self.scene.passes(f"before hearing {data[:12]!r}"):
            super()._hear(data)


def _unfinished(statuses: Counter[str]) -> list[str]:
    return [
        f"{number} receipts are {status}" for status, number in statuses.items() if status not in ("sent", "unknown")
    ]
