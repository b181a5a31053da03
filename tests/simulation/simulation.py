"""One world from one seed: processes of the engine, the village around it, and a gremlin.

The daemon's parts are the real ones, wired as the command wires them; only the ringing of its scheduler is ours.
"""

import asyncio
import gc
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from nurture.channels.line import LineAccount, LineTransport
from nurture.channels.mail import MailTransport
from nurture.channels.server import MailServer
from nurture.clock import Clock
from nurture.daemon import Daemon
from nurture.delivery.senders import LineSender, MailSender

from .dice import Dice
from .linehost import LineHost
from .loop import PROCESS, Process, VirtualLoop
from .mailhost import MailHost
from .network import Network
from .oracle import Found, look
from .storage import Storage, folder
from .village import Village

BEGAN = datetime(2026, 10, 21, 15, 0, tzinfo=UTC)
"""Midnight in Tokyo, before the clocks change in London and New York. A Thursday: the shop closes on Wednesdays."""
MINUTES_AT_WORK = 60
"""Minutes after which whoever still holds a message is stuck."""
DAY = 86_400.0
LOOKS, TICKS = (2400, 16_000), (14_400, 32_400)
"""Seconds between two looks for what is due, and between two ticks, by day; by night three times as many."""
LONGEST_REST = 18 * 3600
"""A night and a morning, in seconds. With a whole day between two ticks, the last one of a world may come before the
lease that it should have settled is over."""
SECONDS_WATCHED = 4
"""After a step of the clock."""
EVENING, MORNING = 20.5 * 3600, 7 * 3600
"""Night, in seconds of Tokyo's day: hardly anybody may be written to then."""
PEOPLE = 24
MAIL, LINE = ("mail.test", 25), ("127.0.0.1", 8001)


@dataclass
class Report:
    """What became of a world."""

    seed: int
    days: int
    counted: int
    """Days with at least 20 fences and 10 faults."""
    fences: int
    faults: Counter[str]
    steps: int
    statuses: Counter[str]
    violations: list[str]
    moment: float = 0.0
    """The world's seconds at its end, those of its rest included."""
    trace: str = ""
    """A digest of all that happened: the same for the same seed."""


@dataclass
class World:
    """See the module. `level` is how much goes wrong."""

    seed: int
    days: int
    here: Path
    level: float = 1.0
    problems: list[str] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)
    graves: list[Process] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    """Errors that a process survived, by kind."""

    def __post_init__(self) -> None:
        random = Random(self.seed)
        self.loop = VirtualLoop(Random(random.random()))
        self.dice = Dice(random.randrange(1 << 48), self.loop.time, self.level)
        self.storage = Storage(self.loop, self.dice)
        self.storage.interlude = self._interlude
        self.village = Village(self.storage.engine, self.here, self.dice)
        self.mail = MailHost(self.dice, self.loop.time)
        self.line = LineHost(self.dice, self.loop.time)
        self.network = self.loop.network = Network(self.loop, self.dice, self.wall)
        self.network.hosts = {MAIL: self.mail.session, LINE: self.line.session}
        self.loop.on_step = self._gremlin
        self.loop.set_exception_handler(self._complain)
        self.off = 0.0
        """Seconds that the shop's clock is ahead."""
        self.stepped = asyncio.Event()
        """Set at the next step of the clock."""
        self.spawned = 0
        self._nested = False

    # Time

    def wall(self) -> float:
        """Unix seconds that the shop's clock shows."""
        return BEGAN.timestamp() + self.loop.time() + self.off

    def now(self) -> datetime:
        """What the shop's clock shows."""
        return datetime.fromtimestamp(self.wall(), UTC)

    def clock(self) -> Clock:
        """The clock that a process is given."""
        return Clock(now=self.now, boottime=self.loop.time, sleep=asyncio.sleep)

    # A run

    def run(self) -> Report:
        """Lives for its days, comes to rest, and is looked at."""
        asyncio.set_event_loop(self.loop)
        try:
            self.loop.run_until_complete(self._run())
            moment = self.loop.time()
            verdict = look(self.storage.path, self._evidence())
            bury(self.loop, [*self.processes, *self.graves])
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()
            self.storage.close()
        counted = sum(1 for day in range(self.days) if verdict.fences_by_day[day] >= 20 and self.dice.by_day[day] >= 10)
        return Report(
            seed=self.seed,
            days=self.days,
            counted=counted,
            fences=verdict.fences,
            faults=self.dice.faults,
            steps=self.loop.steps,
            statuses=verdict.statuses,
            violations=[*self.problems, *verdict.violations],
            moment=moment,
            trace=verdict.trace,
        )

    async def _run(self) -> None:
        for _ in range(PEOPLE):
            self.village.join(self.now())
        many = self.level > 0 and self.dice.chance(0.7)
        layout = ["daemon", "daemon", "worker"] if many else ["alone"]
        for kind in layout:
            self._spawn(kind)
        happening = [asyncio.create_task(each) for each in (self._days(), self._sleeps(), self._steps_of_clock())]
        await asyncio.sleep(self.days * DAY)
        for each in happening:
            each.cancel()
        self.dice.calm = True
        self._set_clock(0.0)
        self.village.tend(self.now())
        for process in self.processes:
            if process.paused:
                self.loop.resume(process)
        await asyncio.sleep(DAY)
        for _ in range(MINUTES_AT_WORK):
            if not self._at_work():
                break
            await asyncio.sleep(60)

    def _at_work(self) -> bool:
        """Whether somebody is just handing something over, as may be at any moment."""
        with self.storage.engine.connect() as connection:
            held = connection.scalar(text("SELECT count(*) FROM touch WHERE status IN ('claimed', 'sending')"))
        return bool(held)

    def _evidence(self) -> Found:
        arrivals = sorted((*self.mail.arrivals, *self.line.arrivals), key=lambda each: each.taken_at)
        digests = {**self.mail.digests, **self.line.digests}
        offences = [*self.mail.offences, *self.line.offences]
        orders = [(who, key) for who, key, moment in self.village.orders if moment < (self.days - 1) * DAY]
        with self.storage.engine.connect() as connection:
            alarms = connection.scalars(text("SELECT subject FROM alarm WHERE kind = 'backstop'")).all()
        return Found(arrivals, digests, offences, orders, self.now().timestamp(), alarms)

    # Processes

    def _spawn(self, kind: str) -> None:
        self.spawned += 1
        process = Process(f"{kind}-{self.spawned}")
        process.deaths.append(lambda: self._succeed(process, kind))
        self.processes.append(process)
        with inside(process):
            process.main = asyncio.ensure_future(self._live(process, kind))

    def _succeed(self, process: Process, kind: str) -> None:
        """A new process takes the place of a killed one."""
        self.processes.remove(process)
        self.graves.append(process)
        with inside(None):
            self.loop.call_later(self.dice.between(1, 900), self._spawn, kind)

    async def _live(self, process: Process, kind: str) -> None:
        daemon = Daemon(
            process.name,
            self.storage.engine,
            self.clock(),
            self.village.watched(),
            self.village.press,
            self._senders(),
            plans=kind != "worker",
            alone=kind == "alone",
        )
        while not await self._survives(daemon.tick()):
            await asyncio.sleep(60)
        process.beside = [asyncio.ensure_future(each) for each in (self._poll(daemon), self._watch(daemon))]
        while True:
            await self._rest(TICKS)
            await self._survives(daemon.tick())

    async def _poll(self, daemon: Daemon) -> None:
        while True:
            await self._rest(LOOKS)
            await self._survives(daemon.deliver())

    async def _rest(self, seconds: tuple[int, int]) -> None:
        """Until the next look; one that would fall into the night waits for its end, or most of it."""
        found, hour = self.dice.between(*seconds), self.loop.time() % DAY
        night = hour < MORNING or hour >= EVENING
        await asyncio.sleep(min(3 * found, LONGEST_REST) if night else found)

    async def _watch(self, daemon: Daemon) -> None:
        """The daemon looks at its clock each second; here only after a step, and while it is in doubt."""
        looks = SECONDS_WATCHED
        while True:
            while looks < SECONDS_WATCHED or daemon.guard.halted():
                daemon.guard.look()
                await self._survives(asyncio.to_thread(daemon.guard.inspect))
                looks += 1
                await asyncio.sleep(1 if looks < 2 * SECONDS_WATCHED else 1800)
            await self.stepped.wait()
            await asyncio.sleep(self.dice.between(0, 1))
            looks = 0

    async def _survives(self, work: Any) -> bool:
        """Whether it went well; the scheduler and the poll survive whatever is raised, and so does this."""
        try:
            await work
        except SQLAlchemyError as problem:
            self.failures[type(problem).__name__] += 1
            return False
        except Exception as problem:
            self.problems.append(f"bug: {_told(problem)}")
            return False
        return True

    def _senders(self) -> dict[str, Any]:
        server = MailServer(MAIL[0], MAIL[1], "none")
        line = LineTransport(LineAccount(f"http://{LINE[0]}:{LINE[1]}", SecretStr("token")))
        return {"email": [MailSender(MailTransport(server)) for _ in range(3)], "line": [LineSender(line)]}

    # What happens

    async def _days(self) -> None:
        """People and the shop, about forty times a day."""
        village, dice = self.village, self.dice
        while True:
            await asyncio.sleep(dice.random.expovariate(1 / 6500))
            self._happen(village, dice.random.random())

    def _happen(self, village: Village, chance: float) -> None:
        now = self.now()
        if chance < 0.45:
            village.order(now, self.loop.time())
        elif chance < 0.53:
            village.call(now)
        elif chance < 0.57:
            village.refuse(now)
            village.join(now)
        elif chance < 0.60:
            village.edit()
        elif chance < 0.66:
            village.tend(now)

    async def _sleeps(self) -> None:
        """The machine sleeps for three days: its boot time goes on, and nothing runs."""
        while True:
            await asyncio.sleep(DAY * self.dice.between(0.5, 1.5))
            if self.dice.fault("three_days_asleep", 0.015):
                for process in list(self.processes):
                    self._pause(process, 3 * DAY)

    async def _steps_of_clock(self) -> None:
        while True:
            await asyncio.sleep(DAY * self.dice.between(0.1, 1))
            if self.dice.fault("clock_step", 0.3):
                self._step_clock()

    def _step_clock(self) -> None:
        back = self.off != 0 and self.dice.chance(0.6)
        size = self.dice.random.choice((2, 20, 40, 400, 4000, 12_000))
        self._set_clock(0.0 if back else self.dice.between(-size, size))

    def _set_clock(self, off: float) -> None:
        self.off = off
        stepped, self.stepped = self.stepped, asyncio.Event()
        stepped.set()

    def _gremlin(self, process: Process) -> None:
        """Asked at each step of a process: kills and pauses hit it at work, and so does the clock."""
        dice = self.dice
        if dice.calm:
            return
        if dice.fault("kill", 0.0007):
            process.kill()
        elif dice.fault("pause", 0.0007):
            self._pause(process, dice.random.choice((0.5, 5, 20, 45, 150, 700, 4000, 12_000)))
        elif dice.fault("clock_step_at_work", 0.0003):
            self._step_clock()
        elif dice.chance(0.0003):
            self.village.refuse_at_the_last_moment(self.now())
            self.village.join(self.now())

    def _pause(self, process: Process, seconds: float) -> None:
        if process.dead or process.paused:
            return
        process.paused = True
        with inside(None):
            self.loop.call_later(seconds, self._go_on, process)

    def _go_on(self, process: Process) -> None:
        if process.paused:
            self.loop.resume(process)

    def _interlude(self) -> None:
        """Between two transactions of one call, others write."""
        if self._nested or self.dice.calm or not self.dice.chance(0.1):
            return
        self._nested = True
        try:
            ready = [each for each in self.loop.ahead() if each.process is not PROCESS.get()]
            if ready and self.dice.chance(0.9):
                self.loop.begin(self.dice.random.choice(ready))
            else:
                with inside(None):
                    self._happen(self.village, self.dice.random.random())
        finally:
            self._nested = False

    # The end

    def _complain(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        problem = context.get("exception")
        if not isinstance(problem, SQLAlchemyError):
            self.problems.append(f"loop: {context.get('message')} {_told(problem) if problem else ''}")


def bury(loop: VirtualLoop, processes: Sequence[Process]) -> None:
    """Clears the coroutines of all processes away; they reach nothing any more."""
    for process in processes:
        process.dead = process.buried = True
        # A task whose awakening was held back would sleep for ever: nobody can cancel it.
        loop.resume(process)
    loop.set_exception_handler(lambda loop, context: None)
    tasks = [each for process in processes for each in process.tasks]
    for _ in range(20):
        waiting = [each for each in tasks if not each.done()]
        if not waiting:
            break
        for each in waiting:
            each.cancel()
        loop.run_until_complete(asyncio.sleep(700))
    gc.collect()


@contextmanager
def inside(process: Process | None) -> Iterator[None]:
    """What is begun in the block belongs to the process, or to nobody."""
    token = PROCESS.set(process)
    try:
        yield
    finally:
        PROCESS.reset(token)


def simulate(seed: int, days: int, level: float = 1.0) -> Report:
    """One world from its beginning to its end."""
    with folder() as here:
        return World(seed, days, here, level).run()


def _told(problem: BaseException) -> str:
    trace, spots = problem.__traceback__, []
    while trace:
        spots.append(f"{Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}")
        trace = trace.tb_next
    return f"{type(problem).__name__}: {str(problem)[:200]} at {' '.join(spots[-4:])}"


def shown(moment: float) -> str:
    """An instant of a world, for people."""
    return f"{BEGAN + timedelta(seconds=moment):%m-%d %H:%M:%S}"
