"""A worker: claims what is due, writes it, and hands it over on its connections until nothing is left.

The order is always claim, freeze, fence, send, record. Each connection has one message in its payload phase. A worker
that can't renew its leases stops handing over: its touches belong to somebody else soon.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

import structlog
from sqlalchemy import BigInteger, Connection, Engine, literal, update
from sqlalchemy.exc import SQLAlchemyError

from nurture.campaign import Campaigns
from nurture.channels.fence import Fence, Permit
from nurture.channels.outcome import Accepted, NotSent, Outcome, Unknown
from nurture.clock import Clock
from nurture.gates.situation import Situation
from nurture.store.backstop import refusal_of
from nurture.store.tables import Message, Touch, table

from .breaker import BROKEN, Breaker, Trip, pause_campaign, report_backstop
from .claiming import GUARD, claim
from .composing import compose_all
from .fencing import let_pass, lock_people
from .freezing import Press, Unwritable, store_frozen
from .reaping import Reaped, reap
from .recording import Tried, fail_unwritable, record, release
from .repeating import judged, take_again
from .values import Claimed, Ready
from .writer import Writer

log = structlog.get_logger()
TOUCH, MESSAGE = table(Touch), table(Message)
BATCH = 100
LEASE = 120
"""Seconds for which a claim holds; renewed every third of it."""
SENDING_LEASE = 11 * 60
"""Seconds for which an outcome is waited for: ten minutes after the dot (RFC 5321 section 4.5.3.2.6) and one more."""
RECORD_TRIES = 5
STEP = 2.0
"""Seconds by which wall clock and boot time may part between claim and payload."""


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
        self.writer = Writer(engine, parties=sum(map(len, senders.values())))
        self.counts: Counter[str] = Counter()
        self.breaker = Breaker()
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
        queues: dict[str, asyncio.Queue[Ready | None]] = {name: asyncio.Queue() for name in self.senders}
        connections = [
            asyncio.create_task(self._serve(sender, queues[name]))
            for name, senders in self.senders.items()
            for sender in senders
        ]
        claimed = False
        try:
            while not self._ending:
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

    async def _claim_batch(
        self, queues: Mapping[str, "asyncio.Queue[Ready | None]"], channels: Collection[str]
    ) -> bool:
        now, apart = self.clock.now(), self.apart
        situation = self.shift.situation(now)

        def claiming(connection: Connection) -> list[Claimed]:
            return claim(connection, situation, worker=self.name, channels=channels, limit=BATCH, lease=LEASE)

        claimed = [replace(each, apart=apart) for each in await self.writer.run(claiming)]
        if not claimed:
            return False
        try:
            await self._prepare(claimed, queues, now)
        except Exception:
            # Renewed with the others, these leases would keep the touches from everybody.
            await self.writer.run(lambda connection: [release(connection, each, now) for each in claimed])
            raise
        return True

    async def _prepare(
        self, claimed: Sequence[Claimed], queues: Mapping[str, "asyncio.Queue[Ready | None]"], now: datetime
    ) -> None:
        written = await asyncio.to_thread(compose_all, self.engine, self.shift.press, claimed, now)
        ready = [each for each in written if isinstance(each, Ready)]
        failed = [each for each in written if isinstance(each, Unwritable)]

        def storing(connection: Connection) -> list[Ready]:
            self.counts["failed"] += self._fail(connection, failed, now)
            return store_frozen(connection, ready, now)

        for each in await self.writer.run(storing):
            queues[each.claimed.channel].put_nowait(each)

    def _fail(self, connection: Connection, unwritable: Sequence[Unwritable], now: datetime) -> int:
        """Writes off what can't be written, but not a whole campaign: once it is paused, the rest waits planned."""
        tripped: set[str] = set()
        failed = 0
        for each in unwritable:
            campaign = each.claimed.campaign.campaign
            if campaign in tripped:
                release(connection, each.claimed, now)
                continue
            fail_unwritable(connection, each.claimed, f"{each.fault} {each.why}", now)
            failed += 1
            if trip := self.breaker.note(campaign, each.fault, each.why):
                pause_campaign(connection, trip, now)
                tripped.add(campaign)
        return failed

    async def _serve(self, sender: Sender, queue: "asyncio.Queue[Ready | None]") -> None:
        while (ready := await queue.get()) is not None:
            handing = _HandingOver(self, queue, ready)
            try:
                await sender.send_many(handing.messages(), handing.fence_of, handing.settle)
            except Exception as problem:  # a bug of one connection must not take the others along
                log.error("sender_failed", error=type(problem).__name__)
            await handing.recorded()
            if handing.ended:
                return

    async def _repeat(self, touch_id: int, *, everything: bool) -> None:
        senders = self.senders.get("line")
        if not senders or self._ending:
            return
        now, boot, apart = self.clock.now(), self.clock.boottime(), self.apart
        campaigns = self.shift.campaigns
        found = await self.writer.run(
            lambda connection: take_again(connection, campaigns, touch_id, now, everything=everything)
        )
        if found is None:
            return
        passage = _Passage(self, replace(found.claimed, apart=apart))
        passage.wall, passage.boot = now, boot
        outcomes: list[Outcome] = []
        await senders[0].send_many(iter([found]), lambda _: passage.pass_by, lambda _, each: outcomes.append(each))
        await self.record(Tried(found.claimed, judged(outcomes[0]), fenced=True))

    async def record(self, tried: Tried) -> None:
        """Has an outcome written, tried again while the database is busy."""
        for attempt in range(RECORD_TRIES):
            try:
                await self.writer.submit(self.settling, tried)
            except SQLAlchemyError:
                await self.clock.sleep(0.1 * 2**attempt)
            else:
                if trip := self.counted(tried):
                    await self.pause(trip)
                return
        # The lease will run out and the reaper settles it: a fenced message becomes unknown, never a second one.

    def counted(self, tried: Tried) -> Trip | None:
        """Counts an outcome that was written; gives the reason to pause its campaign."""
        if isinstance(tried.outcome, Unknown) and tried.outcome.retry_same_key:
            return None  # it will be repeated, and that decides
        self.counts[_word(tried)] += 1
        return self.breaker.note_outcome(tried.claimed.campaign.campaign, tried.outcome)

    async def pause(self, trip: Trip) -> None:
        """Pauses a campaign; what is claimed of it passes no fence any more."""
        now = self.clock.now()
        await self.writer.run(lambda connection: pause_campaign(connection, trip, now))

    def settling(self, connection: Connection, items: list[Tried | Claimed]) -> list[bool]:
        """Writes outcomes and lets through the fence, for all connections at once; whether each claim passed."""
        tried = [each for each in items if isinstance(each, Tried)]
        now = self.clock.now()
        # Asked again by the instant that is written: the clock may have been set since the message asked to pass.
        claims = [each for each in items if isinstance(each, Claimed) and not self.stepped(each, now)]
        # At once for both, so that two workers can't wait for each other.
        sharers = lock_people(connection, [*(each.claimed for each in tried), *claims])
        if tried:
            record(connection, tried, now)
        passed = let_pass(connection, claims, now, SENDING_LEASE, sharers) if claims else set()
        return [isinstance(each, Tried) or each.touch_id in passed for each in items]

    def stepped(self, claimed: Claimed, now: datetime) -> bool:
        """Whether the clock, which shows `now`, stepped since the claim: what was open then may not have opened yet."""
        apart = claimed.apart
        return apart is not None and abs(now.timestamp() - self.clock.boottime() - apart) > STEP

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


class _HandingOver:
    """What one connection is given until its queue is empty, and what became of each."""

    def __init__(self, worker: Worker, queue: "asyncio.Queue[Ready | None]", first: Ready) -> None:
        self.worker, self.queue, self.first = worker, queue, first
        self.passages: dict[int, _Passage] = {}
        self.recording: set[asyncio.Future[bool]] = set()
        self.again: list[asyncio.Task[None]] = []
        self.ended = False

    def messages(self) -> Iterator[Ready]:
        """The first message and whatever waits by the time the connection could take another."""
        ready: Ready | None = self.first
        while ready is not None:
            self.passages[ready.claimed.touch_id] = _Passage(self.worker, ready.claimed)
            yield ready
            try:
                ready = self.queue.get_nowait()
            except asyncio.QueueEmpty:
                return
        self.ended = True

    def fence_of(self, ready: Ready) -> Fence:
        """The fence of one message."""
        return self.passages[ready.claimed.touch_id].ask

    def settle(self, ready: Ready, outcome: Outcome) -> None:
        """Has an outcome written, in the same commit as the next fence where one waits."""
        passage = self.passages.pop(ready.claimed.touch_id)
        self._record(Tried(ready.claimed, outcome, passage.fenced, passage.refused))

    async def recorded(self) -> None:
        """Waits until every outcome is written; what was drawn and never settled is given back or unknown."""
        for passage in list(self.passages.values()):
            outcome: Outcome = Unknown(BROKEN) if passage.fenced else NotSent(BROKEN)
            self._record(Tried(passage.claimed, outcome, passage.fenced, refused=not passage.fenced))
        while self.recording:
            await asyncio.wait(self.recording)
        await asyncio.gather(*self.again)

    def _record(self, tried: Tried) -> None:
        # A future with a callback, not a task: there is one for each message.
        writing = self.worker.writer.put(self.worker.settling, tried)
        self.recording.add(writing)
        writing.add_done_callback(lambda done: self._written(tried, done))

    def _written(self, tried: Tried, done: "asyncio.Future[bool]") -> None:
        self.recording.discard(done)
        if done.cancelled() or done.exception() is None:
            if trip := self.worker.counted(tried):
                self.again.append(asyncio.create_task(self.worker.pause(trip)))
        else:
            self.again.append(asyncio.create_task(self.worker.record(tried)))


class _Passage:
    """One message's way through the fence."""

    def __init__(self, worker: Worker, claimed: Claimed) -> None:
        self.worker, self.claimed = worker, claimed
        self.wall, self.boot = worker.clock.now(), worker.clock.boottime()
        self.fenced = False
        self.refused = False

    async def ask(self) -> Permit | None:
        worker = self.worker
        self.wall, self.boot = worker.clock.now(), worker.clock.boottime()
        if worker._ending or worker.stepped(self.claimed, self.wall):
            self.refused = True
            return None
        try:
            self.fenced = await self._fence()
        except SQLAlchemyError:
            # A COMMIT may fail behind its work: what the fence wrote is taken back, and it is tried again, but later.
            self.fenced = True
            return None
        self.refused = not self.fenced
        return self._permit() if self.fenced else None

    async def _fence(self) -> bool:
        try:
            passed: bool = await self.worker.writer.put(self.worker.settling, self.claimed)
        except SQLAlchemyError as problem:
            if refusal_of(problem) is None:
                raise
            # Not the batch but one of it was refused, and perhaps not this one.
            return await self._alone()
        return passed

    async def _alone(self) -> bool:
        """Asks the fence for this message only; what the backstop refuses now is a bug, and stops its campaign."""
        worker, name = self.worker, self.claimed.campaign.campaign
        try:
            (passed,) = await worker.writer.run(lambda connection: worker.settling(connection, [self.claimed]))
        except SQLAlchemyError as problem:
            if (check := refusal_of(problem)) is None:
                raise
            now = worker.clock.now()
            await worker.writer.run(lambda connection: report_backstop(connection, name, str(check), now))
            return False
        return passed

    async def pass_by(self) -> Permit:
        """For a push that is repeated: its fence was the transaction that took it again."""
        return self._permit()

    def _permit(self) -> Permit:
        return Permit(float(self.claimed.sendable_until), self._still)

    def _still(self) -> bool:
        """Whether neither clock moved further than the guard band since the fence, and the window is still open."""
        now = self.worker.clock.now()
        moved = max(abs((now - self.wall).total_seconds()), self.worker.clock.boottime() - self.boot)
        open_ = now < datetime.fromtimestamp(self.claimed.sendable_until, UTC)
        return moved < GUARD and open_ and not self.worker.stepped(self.claimed, now)


def _extend(connection: Connection, *, name: str, until: int) -> None:
    mine = update(TOUCH).where(TOUCH.c.worker == name, TOUCH.c.status == "claimed")
    connection.execute(mine.values(lease_until=literal(until, BigInteger)))


def _word(tried: Tried) -> str:
    if isinstance(tried.outcome, Accepted):
        return "sent"
    if tried.refused:
        return "refused"
    return {"Deferred": "deferred", "Rejected": "rejected", "Unknown": "unknown", "NotSent": "not_sent"}[
        type(tried.outcome).__name__
    ]
