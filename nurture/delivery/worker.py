"""A worker: claims what is due, writes it, and hands it over on its connections until nothing is left.

The order is always claim, freeze, fence, send, record. Each connection has one message in its payload phase. A worker
that can't renew its leases stops handing over: its touches belong to somebody else soon.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import Connection, Engine

from nurture.campaign import Campaigns
from nurture.channels.fence import Fence
from nurture.channels.outcome import Outcome
from nurture.clock import Clock
from nurture.gates.situation import Situation

from .claiming import claim, take
from .composer import Composer
from .freezing import Press
from .handing import HandingOver, Queue
from .looking import Looked, still
from .lookout import Lookout
from .passage import Passage
from .preparing import Preparer
from .reaping import Reaped, extend_leases, give_back_claims, reap
from .recording import Tried, release
from .repeating import judged, take_again
from .settling import Settler
from .values import Claimed, Ready
from .writer import Writer

log = structlog.get_logger()
BATCH = 100
AHEAD = 1
"""Batches that are being written by another process when the next is given to it."""
LOOKS = 3
"""Times that a claim looks where whatever it saw has changed before it could be taken."""
LEASE = 120
"""Seconds for which a claim holds; renewed every third of it."""


FenceOf = Callable[[Ready], Fence]
Settle = Callable[[Ready, Outcome], None]


class Sender(Protocol):
    """One connection of a channel."""

    async def send_many(self, messages: Iterator[Ready], fence_of: FenceOf, settle: Settle) -> None:
        """Hands messages over in order, drawing each as late as it can; `settle` is told of every one drawn."""
        ...

    async def close(self) -> None:
        """Ends the connection."""
        ...


@dataclass(frozen=True)
class Shift:
    """What a worker works with; exchanged as a whole when campaigns are loaded anew."""

    campaigns: Campaigns
    press: Press

    def situation(self, now: datetime) -> Situation:
        """The surroundings of a claim."""
        requires = {each.name: each.requires for each in self.press.templates}
        return Situation(self.press.settings, self.campaigns, requires, now)


@dataclass(frozen=True)
class Delivered:
    """What became of the touches of a run, by outcome."""

    counts: Mapping[str, int]

    def __getitem__(self, outcome: str) -> int:
        return self.counts.get(outcome, 0)


class Worker:
    """Delivers from one process; any number of them work on PostgreSQL."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        clock: Clock,
        shift: Shift,
        senders: Mapping[str, Sequence[Sender]],
        composer: Composer | None = None,
    ) -> None:
        """`composer`: begun where much is due; without one everything is written in this process."""
        self.name, self.engine, self.clock, self.shift = name, engine, clock, shift
        self.senders = senders
        self.writer = Writer(engine, sum(map(len, senders.values())), clock.boottime)
        self.settler = Settler(clock, self.writer)
        self.preparer = Preparer(engine, self.settler, composer)
        self.lookout = Lookout(engine, composer)
        self._preparing: deque[asyncio.Task[None]] = deque()
        """Batches that are being written."""
        self.stopping = False
        self.lost = False
        """Leases could not be renewed: nothing more is handed over in this round."""
        self._broke_off = False
        """A run ended with an error or was cancelled: it may have left claims that nobody works on."""
        self.halted: Callable[[], bool] = lambda: False
        """Whether clock or database forbid to hand anything over; asked before each claim and each fence."""

    @property
    def apart(self) -> float:
        """Seconds between wall clock and boot time: the same while neither steps."""
        return self.clock.now().timestamp() - self.clock.boottime()

    @property
    def counts(self) -> Counter[str]:
        """What became of all touches so far, by outcome."""
        return self.settler.counts

    def _ending(self) -> bool:
        return self.stopping or self.lost or self.halted()

    async def deliver_due(self) -> Delivered:
        """Delivers until nothing can be claimed now."""
        before = Counter(self.counts)
        await self._forsake()
        self.lost = False  # nothing is held any more
        self.preparer.forget()
        renewing = asyncio.create_task(self._renew())
        try:
            while await self._round():
                pass  # what came back, such as the next channel of a refused address, may be due at once
        except BaseException:
            self._broke_off = True
            raise
        finally:
            renewing.cancel()
            await self.preparer.rest()
        return Delivered(self.counts - before)

    async def _forsake(self) -> None:
        """Gives back what a run that broke off had claimed: this worker's renewals would keep it from everybody."""
        if self._broke_off:
            now = self.clock.now()
            await self.writer.run(partial(give_back_claims, worker=self.name, now=now))
            self._broke_off = False

    async def _round(self) -> bool:
        """Claims and hands over until the claims run dry; False when there was nothing to claim."""
        queues: dict[str, Queue] = {name: asyncio.Queue() for name in self.senders}
        connections = [
            asyncio.create_task(self._serve(sender, queues[name]))
            for name, senders in self.senders.items()
            for sender in senders
        ]
        claimed = False
        try:
            while not self._ending():
                # One that hands over slowly keeps nothing of the others from being claimed.
                open_ = [name for name, queue in queues.items() if queue.qsize() <= BATCH]
                if open_ and await self._claim_batch(queues, open_):
                    claimed = True
                elif len(open_) == len(queues):
                    break
                else:
                    await self.clock.sleep(0.1 if open_ else 0.01)
        except asyncio.CancelledError:
            for connection in connections:
                connection.cancel()
            raise
        finally:
            written = await asyncio.gather(*self._preparing, return_exceptions=True)
            self._preparing.clear()
            for name, senders in self.senders.items():
                for _ in senders:
                    queues[name].put_nowait(None)
            await asyncio.gather(*connections)
        if problem := next(filter(None, written), None):
            raise problem
        return claimed

    async def reap(self, *, everything: bool = False) -> Reaped:
        """Settles leases that ran out (or `everything`, where nobody else lives), and repeats pushes."""
        now = self.clock.now()
        reaped: Reaped = await self.writer.run(lambda connection: reap(connection, now, everything=everything))
        for touch_id in reaped.repeatable:
            await self._repeat(touch_id, everything=everything)
        self.counts["unknown"] += reaped.unknown
        return reaped

    async def close(self) -> None:
        """Closes the connections and the writer."""
        for senders in self.senders.values():
            for sender in senders:
                await sender.close()
        await self.preparer.rest()
        self.lookout.close()
        await self.writer.finish()
        self.writer.close()

    async def _claim_batch(self, queues: Mapping[str, Queue], channels: Collection[str]) -> bool:
        now = self.clock.now()
        left = {each.touch_id: each for each in await self._claim(now, channels)}
        try:
            await self._prepared(AHEAD)
        except Exception:
            await self._give_back(left, now)
            raise
        if not left:
            return False
        self._preparing.append(asyncio.create_task(self._prepare(left, queues, now)))
        if len(left) == BATCH:
            self.preparer.expect_more(self.shift.press)
        if not self.preparer.beside:
            await self._prepared(0)
        return True

    async def _claim(self, now: datetime, channels: Collection[str]) -> list[Claimed]:
        """On SQLite what it only reads is read beside the writer, who is asked whether it still holds.

        It takes in a transaction of its own: connections that wait for their fences would wait longer with it.
        """
        situation, apart = self.shift.situation(now), self.apart
        if not self.lookout.beside:
            claiming = partial(claim, channels=channels, limit=BATCH, worker=self.name, lease=LEASE, apart=apart)
            return await self.writer.run(lambda connection: claiming(connection, situation))
        for _ in range(LOOKS):
            looked = await self.lookout.look(situation, channels, BATCH)
            if looked.empty:
                return []
            taken = await self.writer.run(partial(self._take, situation=situation, looked=looked, apart=apart))
            if taken is not None:
                return taken
        return []

    def _take(
        self, connection: Connection, *, situation: Situation, looked: Looked, apart: float
    ) -> list[Claimed] | None:
        """None where nothing of the look holds any more: that is not to say that nothing is due."""
        holds = still(connection, situation, looked)
        return None if holds.empty else take(connection, situation, holds, worker=self.name, lease=LEASE, apart=apart)

    async def _prepared(self, most: int) -> None:
        """Until at most so many batches are being written; what went wrong with one is raised."""
        while len(self._preparing) > most:
            await self._preparing.popleft()

    async def _prepare(self, left: dict[int, Claimed], queues: Mapping[str, Queue], now: datetime) -> None:
        try:
            await self.preparer.prepare(self.shift.press, left, queues, now)
        except Exception:
            await self._give_back(left, now)
            raise

    async def _give_back(self, left: Mapping[int, Claimed], now: datetime) -> None:
        """Renewed with the others, these leases would keep the touches from everybody."""
        await self.writer.run(lambda connection: [release(connection, each, now) for each in left.values()])

    async def _serve(self, sender: Sender, queue: Queue) -> None:
        while (ready := await queue.get()) is not None:
            handing = HandingOver(self.settler, queue, ready, self._ending)
            try:
                await sender.send_many(handing.messages(), handing.fence_of, handing.settle)
            except Exception as problem:  # a bug of one connection must not take the others along
                log.error("sender_failed", error=type(problem).__name__)
            finally:
                handing.settle_rest()
            await handing.recorded()
            if handing.ended:
                return

    async def _repeat(self, touch_id: int, *, everything: bool) -> None:
        senders = self.senders.get("line")
        if not senders or self._ending():
            return
        now, boot, apart = self.clock.now(), self.clock.boottime(), self.apart
        campaigns = self.shift.campaigns
        found = await self.writer.run(
            lambda connection: take_again(connection, campaigns, touch_id, now, everything=everything)
        )
        if found is None:
            return
        found = replace(found, claimed=replace(found.claimed, apart=apart))
        passage = Passage(self.settler, found, self._ending, begun=(now.timestamp(), boot))
        outcomes: list[Outcome] = []
        await senders[0].send_many(iter([found]), lambda _: passage.pass_by, lambda _, each: outcomes.append(each))
        await self.settler.record(Tried(found.claimed, judged(outcomes[0]), fenced=True))

    async def _renew(self) -> None:
        """Keeps the leases alive by a plain timer; if that fails or comes late, the worker hands nothing more over."""
        renewed = self.clock.boottime()
        while True:
            await self.clock.sleep(LEASE / 3)
            until = int(self.clock.now().timestamp()) + LEASE
            try:
                await self.writer.run(partial(extend_leases, worker=self.name, until=until))
            except Exception as problem:  # whatever it is, the touches belong to somebody else soon
                log.error("renewal_failed", error=type(problem).__name__)
                self.lost = True
            self.lost |= self.clock.boottime() - renewed > LEASE
            renewed = self.clock.boottime()
