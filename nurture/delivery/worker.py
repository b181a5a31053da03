"""A worker: claims what is due, writes it, and hands it over on its connections until nothing is left.

The order is always claim, freeze, fence, send, record. Each connection has one message in its payload phase. A worker
that can't renew its leases stops handing over: its touches belong to somebody else soon.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import BigInteger, Connection, Engine, literal, update
from sqlalchemy.exc import SQLAlchemyError

from nurture.campaign import Campaigns
from nurture.channels.fence import Fence
from nurture.channels.outcome import Outcome
from nurture.clock import Clock
from nurture.gates.situation import Situation
from nurture.store.tables import Touch, table

from .breaker import pause_campaign
from .claiming import claim
from .composing import compose_one, read_material
from .freezing import Press, Unwritable
from .handing import HandingOver, Queue
from .passage import Passage
from .reaping import Reaped, reap
from .recording import Tried, fail_unwritable, release
from .repeating import judged, take_again
from .settling import Settler
from .values import Claimed, Ready
from .writer import Writer

log = structlog.get_logger()
TOUCH = table(Touch)
BATCH = 100
IN_A_ROW = 5
"""Messages composed before connections have their turn: about a millisecond; one by one they take a tenth longer."""
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
        self, name: str, engine: Engine, clock: Clock, shift: Shift, senders: Mapping[str, Sequence[Sender]]
    ) -> None:
        self.name, self.engine, self.clock, self.shift = name, engine, clock, shift
        self.senders = senders
        self.writer = Writer(engine, sum(map(len, senders.values())), clock.boottime)
        self.settler = Settler(clock, self.writer)
        self.stopping = False
        self.lost = False
        """Leases could not be renewed: nothing more is handed over in this round."""
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
        self.lost = False  # the round before gave back whatever it held
        renewing = asyncio.create_task(self._renew())
        try:
            while await self._round():
                pass  # what came back, such as the next channel of a refused address, may be due at once
        finally:
            renewing.cancel()
        return Delivered(self.counts - before)

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
        finally:
            for name, senders in self.senders.items():
                for _ in senders:
                    queues[name].put_nowait(None)
            await asyncio.gather(*connections)
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
        self.writer.close()

    async def _claim_batch(self, queues: Mapping[str, Queue], channels: Collection[str]) -> bool:
        now, apart = self.clock.now(), self.apart
        situation = self.shift.situation(now)

        def claiming(connection: Connection) -> list[Claimed]:
            return claim(
                connection, situation, worker=self.name, channels=channels, limit=BATCH, lease=LEASE, apart=apart
            )

        left = {each.touch_id: each for each in await self.writer.run(claiming)}
        if not left:
            return False
        try:
            await self._prepare(left, queues, now)
        except Exception:
            # Renewed with the others, these leases would keep the touches from everybody.
            await self.writer.run(lambda connection: [release(connection, each, now) for each in left.values()])
            raise
        return True

    async def _prepare(self, left: dict[int, Claimed], queues: Mapping[str, Queue], now: datetime) -> None:
        """Writes the messages of what is `left` and takes out of it what waits to be sent, or was written off.

        On the event loop, a few at a time, as it has nothing to do while a commit is awaited: on a thread of their own
        they take the interpreter from connections and writer for milliseconds.
        """
        press, claimed = self.shift.press, list(left.values())
        material = await asyncio.to_thread(read_material, self.engine, press, claimed, now)
        failed: list[Unwritable] = []
        tripped: set[str] = set()
        for number, each in enumerate(claimed):
            if number % IN_A_ROW == 0:
                await self._write_off(failed, tripped, now)
                await asyncio.sleep(0)
                await self.writer.rest()
            written = compose_one(press, each, material, now)
            if isinstance(written, Unwritable):
                failed.append(written)
            else:
                queues[each.channel].put_nowait(written)
                del left[each.touch_id]
        await self._write_off(failed, tripped, now)

    async def _write_off(self, failed: list[Unwritable], tripped: set[str], now: datetime) -> None:
        """At once, not when the batch ends: of a campaign that this pauses, what was written before passes no fence."""
        if failed:
            failing = partial(self._fail, unwritable=tuple(failed), tripped=tripped, now=now)
            self.counts["failed"] += await self.writer.run(failing)
            failed.clear()

    def _fail(
        self, connection: Connection, *, unwritable: Sequence[Unwritable], tripped: set[str], now: datetime
    ) -> int:
        """Writes off what can't be written, but not a whole campaign: once it is paused, the rest waits planned.

        `tripped`: campaigns of the batch that were paused, added to.
        """
        failed = 0
        for each in unwritable:
            campaign = each.claimed.campaign.campaign
            if campaign in tripped:
                release(connection, each.claimed, now)
                continue
            fail_unwritable(connection, each.claimed, f"{each.fault} {each.why}", now)
            failed += 1
            if trip := self.settler.breaker.note(campaign, each.fault, each.why):
                pause_campaign(connection, trip, now)
                tripped.add(campaign)
        return failed

    async def _serve(self, sender: Sender, queue: Queue) -> None:
        while (ready := await queue.get()) is not None:
            handing = HandingOver(self.settler, queue, ready, self._ending)
            try:
                await sender.send_many(handing.messages(), handing.fence_of, handing.settle)
            except Exception as problem:  # a bug of one connection must not take the others along
                log.error("sender_failed", error=type(problem).__name__)
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
                await self.writer.run(partial(_extend, name=self.name, until=until))
            except SQLAlchemyError:
                self.lost = True
            self.lost |= self.clock.boottime() - renewed > LEASE
            renewed = self.clock.boottime()


def _extend(connection: Connection, *, name: str, until: int) -> None:
    mine = update(TOUCH).where(TOUCH.c.worker == name, TOUCH.c.status == "claimed")
    connection.execute(mine.values(lease_until=literal(until, BigInteger)))
