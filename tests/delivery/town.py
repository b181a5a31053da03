"""The world of the state machine: one or two processes of the engine on a virtual clock, and the shop around them.

What befalls them is not chance but said beforehand: the next commit that dies, the next reply that is lost, the opt-out
that comes between claim and fence. Loop, network, mail server, LINE and disk are those of `tests.simulation`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from pydantic import SecretStr
from sqlalchemy.exc import SQLAlchemyError

from nurture.channels.line import LineAccount, LineTransport
from nurture.channels.mail import MailTransport
from nurture.channels.server import MailServer
from nurture.clock import Clock
from nurture.config import Settings
from nurture.daemon import Daemon, Shop, Step, Watched
from nurture.daemon.reload import digest_of
from nurture.delivery.freezing import Press
from nurture.delivery.senders import LineSender, MailSender
from nurture.message.template import Templates
from nurture.store import writing
from nurture.store.tables import Address
from nurture.store.timing import put_clock_mark
from tests.planning import people
from tests.planning.people import LONG_AGO, add, loaded
from tests.simulation.dice import Dice
from tests.simulation.linehost import LineHost
from tests.simulation.loop import Process, VirtualLoop
from tests.simulation.mailhost import MailHost
from tests.simulation.network import Network
from tests.simulation.simulation import BEGAN, LINE, MAIL, inside
from tests.simulation.storage import Storage, folder
from tests.simulation.village import INSTANCE, LETTER, NEWS, RECEIPT, SETTINGS, THANKS

CAPS: Sequence[dict[str, Any]] = (
    {"caps": [{"at_most": 4, "per": "7 days"}, {"at_most": 1, "per": "day"}], "min_gap": "20 hours"},
    {"caps": [{"at_most": 2, "per": "3 days"}], "min_gap": "2 hours"},
    {"caps": [{"at_most": 1, "per": "week"}], "min_gap": "0 hours"},
)
"""Versions of the shop's caps; `judge.RULES` says the same."""
CAMPAIGNS = (
    (RECEIPT, THANKS % {"priority": 50}, NEWS % {"hour": 10}),
    (RECEIPT, NEWS % {"hour": 15}),
    (RECEIPT, THANKS % {"priority": 5}, NEWS % {"hour": 12}),
)
MERGES = """
CREATE TRIGGER town_merge AFTER UPDATE OF merged_into ON customer WHEN NEW.merged_into IS NOT NULL
    AND OLD.merged_into IS NULL BEGIN
    INSERT INTO sim_journal (kind, customer, touch, moment) VALUES ('merge', NEW.id, NEW.merged_into, sim_time()); END
"""
DATABASE_FAULTS = ("db_busy", "db_error", "db_commit_failed", "db_commit_unknown")
SERVER_FAULTS = (
    "smtp_greeting_close",
    "smtp_mail_close",
    "smtp_rcpt_450",
    "smtp_rcpt_421",
    "smtp_rcpt_550",
    "smtp_stall",
    "smtp_dot_451",
    "smtp_dot_554",
    "smtp_dot_closed_unaccepted",
    "smtp_dot_silent_unaccepted",
    "smtp_reply_lost",
    "smtp_reply_never",
    "smtp_reply_slow",
    "smtp_reply_garbage",
    "smtp_close_behind",
    "line_500",
    "line_429",
    "line_closed_unaccepted",
    "line_500_accepted",
    "line_reply_lost",
    "line_reply_never",
    "net_refused",
)


class Script(Dice):
    """Chance that does what it was told: a fault happens where it was asked for, and nowhere else."""

    def __init__(self, seed: int, now: Callable[[], float]) -> None:
        super().__init__(seed, now, 1)
        self.ordered: dict[str, int] = {}
        """Kind of fault → how many occasions pass before it happens."""

    def fault(self, kind: str, rate: float) -> bool:
        if kind not in self.ordered:
            return False
        self.ordered[kind] -= 1
        if self.ordered[kind] >= 0:
            return False
        del self.ordered[kind]
        self.note(kind)
        return True


@cache
def edition(caps: int, campaigns: int, here: Path) -> Shop:
    """The shop's folder in one of its versions."""
    settings = Settings.model_validate({**SETTINGS, **CAPS[caps]})
    return Shop(settings, loaded(settings, *CAMPAIGNS[campaigns]), templates(here))


@cache
def templates(here: Path) -> Templates:
    """The one letter."""
    here.mkdir(exist_ok=True)
    (here / "letter.txt.j2").write_text(LETTER, encoding="utf-8")
    return Templates.load(here)


@dataclass
class Program:
    """A process and the daemon in it."""

    process: Process
    daemon: Daemon


class Town:
    """See the module."""

    def __init__(self, seed: int, programs: int, letters: Path) -> None:
        self.seed, self.letters = seed, letters
        self._folder = folder()
        self.here = self._folder.__enter__()
        self.loop = VirtualLoop(Random(seed))
        asyncio.set_event_loop(self.loop)
        self.dice = Script(seed, self.loop.time)
        self.storage = Storage(self.loop, self.dice)
        with writing(self.storage.engine) as connection:
            connection.exec_driver_sql(MERGES)
        self.mail, self.line = MailHost(self.dice, self.loop.time), LineHost(self.dice, self.loop.time)
        self.off = 0.0
        """Seconds that the shop's clock is ahead."""
        network = self.loop.network = Network(self.loop, self.dice, lambda: self.now().timestamp())
        network.hosts = {MAIL: self.mail.session, LINE: self.line.session}
        self.loop.set_exception_handler(lambda loop, context: self._complain(context.get("exception")))
        self.loop.on_step = self._step
        self.storage.interlude = self._interlude
        self.steps_to_live: int | None = None
        """Steps until whoever runs is killed."""
        self.interludes: dict[int, Callable[[], None]] = {}
        """What happens behind the n-th commit from now."""
        self.problems: list[str] = []
        self.caps = self.campaigns = 0
        self._publish()
        self.graves: list[Process] = []
        self.lines: list[LineTransport] = []
        self.spawned, self.alone = 0, programs == 1
        self.programs = [self._spawn() for _ in range(programs)]
        self.people = people.Shop(self.storage.engine, RECEIPT)
        self.people.now = self.now()

    # Time and edits

    def now(self) -> datetime:
        """What the shop's clock shows."""
        return BEGAN + timedelta(seconds=self.loop.time() + self.off)

    def shop(self) -> Shop:
        """The folder as it is now."""
        return edition(self.caps, self.campaigns, self.letters)

    def edit(self, *, caps: int | None = None, campaigns: int | None = None) -> None:
        """Another version of the folder."""
        self.caps = self.caps if caps is None else caps
        self.campaigns = self.campaigns if campaigns is None else campaigns
        self._publish()

    def wait(self, seconds: float) -> None:
        """Time passes; what is on the wire arrives."""
        self.loop.run_until_complete(asyncio.sleep(seconds))
        self.people.now = self.now()

    def step_clock(self, seconds: float) -> None:
        """The shop's clock jumps; whoever runs notices within a second or two."""
        self.off += seconds
        self.people.now = self.now()

    def look(self) -> None:
        """Every daemon watches its clock for a few seconds, as it does each second."""
        for _ in range(4):
            self.wait(1)
            for program in list(self.programs):
                program.daemon.guard.look()
                self.run(program, asyncio.to_thread(program.daemon.guard.inspect))

    def accept_clock(self) -> None:
        """A person says that the clock is right."""
        with writing(self.storage.engine) as connection:
            put_clock_mark(connection, self.now())

    def join(self, number: int, zone: str, *, mail: bool, line: bool) -> int:
        """Somebody becomes a customer; gives the id."""
        who = self.people.customer(f"c{number}", mail=mail, zone=zone)
        if line:
            with self.people.changing(who) as connection:
                add(connection, Address, customer_id=who, channel="line", value=f"U{number:032x}")
            self.people.allow(who, "line", LONG_AGO)
        return who

    # Processes

    def tick(self, number: int) -> Step | None:
        """A tick of one daemon; None when it did not come to its end."""
        program = self.programs[number % len(self.programs)]
        step: Step | None = self.run(program, program.daemon.tick())
        return step

    def deliver(self, number: int) -> None:
        """One look for what is due."""
        program = self.programs[number % len(self.programs)]
        if program.daemon._settled:
            self.run(program, program.daemon.deliver())

    def restart(self, number: int) -> None:
        """A process dies at rest, and another takes its place."""
        self.programs[number % len(self.programs)].process.kill()
        self._replace_the_dead()

    def run(self, program: Program, work: Coroutine[Any, Any, Any]) -> Any:
        """Runs work of a process until it ends or the process dies; what is raised and survived gives None."""
        ended = self.loop.create_future()

        def over(*_: object) -> None:
            if not ended.done():
                ended.set_result(None)

        with inside(program.process):
            task = self.loop.create_task(work)
        task.add_done_callback(over)
        program.process.deaths.append(over)
        self.loop.run_until_complete(ended)
        self.steps_to_live, self.interludes = None, {}
        program.process.deaths.remove(over)
        self.people.now = self.now()
        if program.process.dead:
            self._replace_the_dead()
            return None
        problem = task.exception()
        self._complain(problem)
        return None if problem else task.result()

    def _replace_the_dead(self) -> None:
        self.graves += [each.process for each in self.programs if each.process.dead]
        self.programs = [self._spawn() if each.process.dead else each for each in self.programs]

    def _spawn(self) -> Program:
        self.spawned += 1
        process, paths = Process(f"daemon-{self.spawned}"), (self.here / "edition",)
        watched = Watched(self.shop, paths, self.shop(), digest_of(paths))
        clock = Clock(now=self.now, boottime=self.loop.time, sleep=asyncio.sleep)
        server = MailServer(MAIL[0], MAIL[1], "none")
        line = LineTransport(LineAccount(f"http://{LINE[0]}:{LINE[1]}", SecretStr("token")))
        self.lines.append(line)
        senders: dict[str, Sequence[Any]] = {
            "email": [MailSender(MailTransport(server)) for _ in range(2)],
            "line": [LineSender(line)],
        }
        with inside(process):
            daemon = Daemon(process.name, self.storage.engine, clock, watched, press, senders, alone=self.alone)
        return Program(process, daemon)

    def _step(self, process: Process) -> None:
        if self.steps_to_live is not None:
            self.steps_to_live -= 1
            if self.steps_to_live < 0:
                self.steps_to_live = None
                process.kill()

    def _interlude(self) -> None:
        waiting, self.interludes = self.interludes, {}
        self.interludes = {count - 1: act for count, act in waiting.items() if count > 0}
        if 0 in waiting:
            with inside(None):
                self.people.now = self.now()
                waiting[0]()

    def _complain(self, problem: BaseException | None) -> None:
        if problem is not None and not isinstance(problem, SQLAlchemyError):
            self.problems.append(f"bug: {type(problem).__name__}: {problem}")

    def _publish(self) -> None:
        (self.here / "edition").write_text(f"{self.caps} {self.campaigns}", encoding="utf-8")

    def close(self) -> None:
        """Everything ends."""
        try:
            self._bury()
        finally:
            asyncio.set_event_loop(None)
            self.loop.close()
            self.storage.close()
            self._folder.__exit__(None, None, None)

    def _bury(self) -> None:
        """Clears the coroutines of all processes away; they reach nothing any more."""
        dead = [*self.graves, *(each.process for each in self.programs)]
        for each in dead:
            each.dead = each.buried = True
        self.loop.set_exception_handler(lambda loop, context: None)
        tasks = [each for process in dead for each in process.tasks]
        for _ in range(5):
            for task in (each for each in tasks if not each.done()):
                task.cancel()
            self.loop.run_until_complete(asyncio.sleep(700))
        for line in self.lines:
            self.loop.run_until_complete(line.close())
        for task in (each for each in tasks if not each.done()):
            # Its process died before its first step: it never runs, and nobody waits for it.
            task._log_destroy_pending = False  # type: ignore[attr-defined]
            with suppress(RuntimeError):
                task.get_coro().close()


def press(shop: Shop) -> Press:
    """What messages are made of."""
    return Press(shop.settings, shop.templates, INSTANCE)


def shown(at: datetime) -> str:
    """The minute as a clock in Tokyo shows it, rounded down."""
    return f"{at.astimezone(UTC) + timedelta(hours=9):%Y-%m-%d %H:%M}"
