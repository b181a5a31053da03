"""The daemon: a tick plans, commits and delivers; between ticks it delivers what falls due. APScheduler only rings."""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from apscheduler.events import (
    EVENT_JOB_ERROR,
    EVENT_JOB_EXECUTED,
    EVENT_JOB_MAX_INSTANCES,
    EVENT_JOB_MISSED,
    EVENT_JOB_SUBMITTED,
    JobExecutionEvent,
)
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from prometheus_client import CollectorRegistry
from sqlalchemy import Engine

from nurture.campaign import Campaigns
from nurture.clock import Clock
from nurture.config import Settings
from nurture.delivery.composer import Composer
from nurture.delivery.freezing import Press
from nurture.delivery.worker import Sender, Shift, Worker
from nurture.message.template import Templates
from nurture.planning.commit import Committed, commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.store import planning, writing
from nurture.store.sealing import settle_gap

from .guard import Guard
from .journal import spot_of
from .lease import PLANNER, LeaseLost, give_up, hold, take
from .metrics import Metrics
from .notifying import ALIVE, READY, STOPPING, Notify
from .reload import Watched
from .underway import Underway

log = structlog.get_logger()
TICK = 60
"""Seconds between ticks."""
POLL = 2
"""Seconds between looks for touches that have fallen due."""
LEASE = 3 * TICK
"""Seconds after which another process may plan when this one no longer does."""
AT_START = ("database", "email", "line", "web")
"""Sections of config.yaml whose connections are made once: a change of them needs a restart."""


@dataclass(frozen=True)
class Shop:
    """What a folder says: reloaded as a whole."""

    settings: Settings
    campaigns: Campaigns
    templates: Templates


Errand = Callable[[Shop, datetime], Awaitable[bool]]
"""What is looked after with a tick: it knows itself whether it is time. True = planning's limits have changed."""


@dataclass(frozen=True)
class Step:
    """What one tick did."""

    planned: Committed | None
    """None where another process plans, nothing is committed in preview mode, or the daemon is told to stop."""
    delivered: Mapping[str, int]


@dataclass
class Health:
    """What the outside may ask."""

    last_tick: datetime | None = None
    clock_steps: int = 0
    missed: int = 0


class Daemon:
    """One process of a shop; on PostgreSQL several may run, and one of them plans."""

    def __init__(
        self,
        name: str,
        engine: Engine,
        clock: Clock,
        shop: Watched[Shop],
        press: Callable[[Shop], Press],
        senders: Mapping[str, Sequence[Sender]],
        *,
        plans: bool = True,
        alone: bool = False,
        registry: CollectorRegistry | None = None,
        notify: Notify = lambda word: None,
        before: Sequence[Errand] = (),
        after: Sequence[Errand] = (),
        guard: Guard | None = None,
        composer: Composer | None = None,
    ) -> None:
        """`plans`: False for a process that delivers only. `alone`: a lock proves that no other process lives.

        `registry`: where it counts, one of its own if none is given. `notify`: tells the service manager.
        `before` and `after` its planning: errands of whoever plans. `guard`: without one, boot time and the mark alone
        speak for the clock. `composer`: writes messages where much is due.
        """
        self.plans, self.alone = plans, alone
        self.name, self.engine, self.clock, self.shop, self.press = name, engine, clock, shop, press
        self.worker = Worker(name, engine, clock, self._shift(), senders, composer)
        self.health = Health()
        self.metrics = Metrics(registry or CollectorRegistry(), self.worker.counts)
        self.notify, self.before, self.after = notify, before, after
        self.guard = guard or Guard(engine, clock, name, witness=lambda _: None)
        self.worker.halted = self.guard.halted
        self._began = shop.current.settings
        self._settled = False
        self.stopping = asyncio.Event()
        self._delivering = asyncio.Lock()
        self._underway = Underway()
        self._ticking = self._asked = False
        """Whether a tick is running, and whether another one was asked for meanwhile."""

    @property
    def live(self) -> bool:
        """Whether anything is committed and sent at all."""
        return self.shop.current.settings.mode == "live"

    async def tick(self) -> Step:
        """Reloads, settles leases that ran out, plans, commits, and delivers what is due."""
        began = self.clock.boottime()
        self._reload()
        self.metrics.live.set(self.live)
        if self.live and not await self._safe():
            return Step(None, {})
        if self.live:
            # Before anything is claimed here: all leases that the lock proves dead, and none of our own.
            await self._underway.finish(self.worker.reap(everything=self.alone and not self._settled))
            self._settled = True
        planned = await self._planned() if self.live and self.plans else None
        delivered = await self.deliver()
        self.health.last_tick = self.clock.now()
        seconds = self.clock.boottime() - began
        self.metrics.tick_seconds.observe(seconds)
        self.metrics.ticks.labels("done").inc()
        if planned is not None:
            made = {"enrollments": planned.enrollments, "touches": planned.touches, "moved": planned.changed}
            log.info("tick", seconds=round(seconds, 3), **made, **delivered)
        return Step(planned, delivered)

    async def _safe(self) -> bool:
        """Whether clock and database can be relied on; what is committed or concluded under a wrong clock stays so."""
        was = self.guard.halted()
        safe = await asyncio.to_thread(self.guard.inspect)
        self.metrics.halted.set(not safe)
        if safe and was:
            self.worker.shift = self._shift()  # keys of messages are others after a restore
        return safe and not self.guard.halted()

    def _reload(self) -> None:
        """Takes what changed in the folder; what is broken is told once, and the last good version goes on."""
        told = self.shop.mistakes
        if self.shop.refresh():
            self.worker.shift = self._shift()
            self.metrics.reloads.labels("taken").inc()
            log.info("reloaded", campaigns=len(self.shop.current.campaigns.campaigns), live=self.live)
            settings = self.shop.current.settings
            if stale := [each for each in AT_START if getattr(settings, each) != getattr(self._began, each)]:
                log.warning("restart_needed", sections=", ".join(stale))
        elif self.shop.mistakes is not None and self.shop.mistakes is not told:
            self.metrics.reloads.labels("refused").inc()
            for each in self.shop.mistakes.mistakes:
                log.error("reload_refused", file=str(each.place), key=each.key, mistake=each.code)

    def age(self) -> float | None:
        """Seconds since the last tick was completed, None before the first."""
        last = self.health.last_tick
        return None if last is None else (self.clock.now() - last).total_seconds()

    async def deliver(self) -> dict[str, int]:
        """Delivers what is due; two never run at once."""
        if not self.live or self.stopping.is_set() or self.guard.halted():
            return {}
        return await self._underway.finish(self._deliver())

    async def _deliver(self) -> dict[str, int]:
        async with self._delivering:
            return dict((await self.worker.deliver_due()).counts)

    async def run(self) -> None:
        """Ticks until SIGTERM or SIGINT, then drains. SIGHUP: a tick at once, which takes changed files."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        scheduler = self._scheduler()
        scheduler.start()
        loop.add_signal_handler(signal.SIGHUP, self._tick_now, scheduler)
        watching = [asyncio.create_task(self._watch(scheduler)), asyncio.create_task(self._poll())]
        about = {"campaigns": len(self.shop.current.campaigns.campaigns), "channels": ", ".join(self.worker.senders)}
        log.info("started", name=self.name, live=self.live, plans=self.plans, **about)
        self.notify(READY)
        try:
            await self.stopping.wait()
        finally:
            self.notify(STOPPING)
            scheduler.pause()  # a shutdown would cancel the tick that runs
            for task in watching:
                task.cancel()
            await self.drain()
            scheduler.shutdown(wait=False)
            log.info("stopped", name=self.name)

    def stop(self) -> None:
        """Asks the daemon to finish: nothing more is claimed, what is handed over is awaited."""
        self.worker.stopping = True
        self.stopping.set()

    async def drain(self) -> None:
        """Waits for what is on its way and gives the planner's role up; `close` comes after."""
        await self._underway.rest()
        await asyncio.to_thread(self._give_up)

    async def close(self) -> None:
        """Closes connections and writer: when nobody, such as a page that takes an opt-out, writes any more.

        Whoever was interrupted without being told to stop waits for what is on its way here.
        """
        self.stop()
        await self._underway.rest()
        await self.worker.close()

    async def _planned(self) -> Committed | None:
        """None where another process plans, which runs the errands too, or where nothing may begin any more."""
        token = await asyncio.to_thread(self._take_lease)
        if token is None:
            return None
        if await self._run(self.before):
            self.worker.shift = self._shift()
        if self.stopping.is_set():
            return None
        try:
            planned = await asyncio.to_thread(self._plan, token)
        except LeaseLost:
            log.warning("planner_replaced", name=self.name)
            return None
        await self._run(self.after)
        return planned

    async def _run(self, errands: Sequence[Errand]) -> bool:
        """Whether any of them changed what limits planning. What goes wrong with one must not keep messages waiting."""
        changed = False
        for errand in errands:
            try:
                changed |= not self.stopping.is_set() and await errand(self.shop.current, self.clock.now())
            except Exception as problem:
                log.error("errand_failed", error=type(problem).__name__, spot=spot_of(problem))
        return changed

    def _take_lease(self) -> int | None:
        with writing(self.engine) as connection:
            return take(connection, PLANNER, self.name, self.clock.now(), LEASE)

    def _plan(self, token: int) -> Committed:
        situation = self.worker.shift.situation(self.clock.now())
        with planning(self.engine, prepare, lambda connection: hold(connection, PLANNER, token)) as session:
            planned = plan(session.connection, situation)
            committed = commit(session, situation, planned)
        with writing(self.engine) as connection:
            settle_gap(connection, situation.now)
        return committed

    def _give_up(self) -> None:
        with writing(self.engine) as connection:
            give_up(connection, PLANNER, self.name, self.clock.now())
        if self.live:
            self.guard.inspect()  # the last hand-overs are remembered

    def _shift(self) -> Shift:
        return Shift(self.shop.current.campaigns, self.press(self.shop.current))

    def _scheduler(self) -> AsyncIOScheduler:
        # All truth lies in the ledger: the scheduler holds no campaign and no job store, it only rings.
        defaults = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        scheduler = AsyncIOScheduler(timezone="UTC", job_defaults=defaults)
        scheduler.add_job(self._ring, "interval", seconds=TICK, id="tick", next_run_time=self.clock.now())
        scheduler.add_listener(self._missed, EVENT_JOB_ERROR | EVENT_JOB_MISSED | EVENT_JOB_MAX_INSTANCES)
        scheduler.add_listener(lambda _: self._note(scheduler, begun=True), EVENT_JOB_SUBMITTED)
        scheduler.add_listener(lambda _: self._note(scheduler, begun=False), EVENT_JOB_EXECUTED | EVENT_JOB_ERROR)
        return scheduler

    async def _ring(self) -> None:
        """A tick that a stop finds under way comes to its own end."""
        if not self.stopping.is_set():
            await self._underway.finish(self.tick())

    def _missed(self, event: JobExecutionEvent) -> None:
        self.health.missed += 1
        problem = getattr(event, "exception", None)
        self.metrics.ticks.labels("failed" if problem else "skipped").inc()
        if problem:
            log.error("tick_failed", error=type(problem).__name__, spot=spot_of(problem))
        else:
            log.warning("tick_skipped", why="the one before is not done")

    def _note(self, scheduler: AsyncIOScheduler, *, begun: bool) -> None:
        asked, self._asked, self._ticking = self._asked, False, begun
        if asked and not begun and not self.stopping.is_set():
            self._tick_now(scheduler)

    def _tick_now(self, scheduler: AsyncIOScheduler) -> None:
        # The running tick has read the folder and planned already, and the scheduler would skip a second one beside it.
        self._asked = self._ticking
        if not self._ticking:
            scheduler.modify_job("tick", next_run_time=self.clock.now())

    async def _watch(self, scheduler: AsyncIOScheduler) -> None:
        """Beside the scheduler: notices steps of the clock, after which its timers would sleep too long."""
        inspecting = asyncio.create_task(self._inspected())
        while True:
            halted = self.guard.halted()
            await self.clock.sleep(1)
            if step := self.guard.look():
                self.health.clock_steps += 1
                self.metrics.clock_steps.inc()
                log.warning("clock_step", seconds=round(step))
            if step or (halted and not self.guard.halted()):
                self._tick_now(scheduler)  # planning comes before sending
            if inspecting.done():
                inspecting = asyncio.create_task(self._inspected())
            scheduler.wakeup()
            self.notify(ALIVE)

    async def _inspected(self) -> None:
        try:
            if self.live:
                await self._safe()
        except Exception as problem:  # a busy database now must not end all later looks
            log.error("inspection_failed", error=type(problem).__name__, spot=spot_of(problem))

    async def _poll(self) -> None:
        while True:
            await self.clock.sleep(POLL)
            if not self._settled or self._delivering.locked():
                continue
            try:
                await self.deliver()
            except Exception as problem:  # a busy database now must not end all later looks
                log.error("delivery_failed", error=type(problem).__name__, spot=spot_of(problem))
