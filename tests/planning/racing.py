"""Races for the same customers: eight processes plan, commit and deliver at once on one database.

Four ways to race. `leased`: as daemons do, one of them plans. `free`: each has a right of its own to commit, so that
plans made from different snapshots stand beside each other, and the fence must hold the caps. `bare`: what was claimed
is written into the ledger by SQL of our own without asking anybody, so that only the triggers are left. `naive`: a
table without any of that, where each counts first and writes then: it has to fail, or the race is none.
"""

import asyncio
import multiprocessing
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random
from typing import Any, Literal
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import IntegrityError, OperationalError, SQLAlchemyError

from nurture.channels.outcome import Accepted
from nurture.clock import Clock
from nurture.daemon.lease import PLANNER, hold, take
from nurture.delivery.claiming import claim
from nurture.delivery.freezing import Press
from nurture.delivery.values import Claimed
from nurture.delivery.worker import Shift, Worker
from nurture.gates.cap import QUARTER, periods_in
from nurture.gates.situation import Situation
from nurture.message.template import Templates
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.store import change, open_engine, planning, writing
from nurture.store.backstop import refusal_of
from nurture.store.facts import refresh_facts
from nurture.store.tables import Order
from tests.delivery.post import INSTANCE, LETTER, Postman, Standing
from tests.planning.people import TOKYO, Shop, add, instant, letter

Mode = Literal["leased", "free", "bare", "naive"]
NAMES = ("thanks", "how", "review", "again")
CAMPAIGNS = [letter(each, "{after: order}", step="valid_for: 4 days") for each in NAMES]
MOST, DAYS = 2, 3
SETTINGS: Mapping[str, Any] = {
    "caps": [{"at_most": MOST, "per": f"{DAYS} days"}, {"at_most": 1, "per": "day"}],
    "email": {"from_address": "minato@minato.example"},
    "opt_out_mailbox": "stop@minato.example",
}
BEGAN = instant("2026-11-20 09:00")
PATIENCE = 900
"""Seconds that one waits for the others."""
NAIVE = "CREATE TABLE naive (owner_id INTEGER, at BIGINT)"
CONTACTING = """
INSERT INTO contact (customer_id, owner_id, channel, direction, at, counts, touch_id, periods, source, note)
VALUES (:customer_id, :owner_id, 'email', 'out', :at, true, :touch_id, :periods, 'race', '')
"""


@dataclass(frozen=True)
class Race:
    """What is raced for."""

    url: str
    folder: Path
    """Where the letter lies."""
    mode: Mode
    processes: int
    customers: int
    rounds: int
    seed: int = 1

    def at(self, number: int) -> datetime:
        """The instant of a round: six a day, in the hours."""
        return BEGAN + timedelta(days=number // 6, hours=2 * (number % 6))


@dataclass(frozen=True)
class Ran:
    """What came of it."""

    over: list[str]
    """Windows over a cap, each in a sentence."""
    overplanned: int
    """The most windows over a cap among the slots of plans: harmless, and what the fence is there for."""
    counts: Counter[str]
    """What the processes counted, added up."""
    alarms: int
    """How often the triggers had to refuse the engine."""
    contacts: int


def run(race: Race) -> Ran:
    """Runs a race to its end, in processes of their own."""
    context: ForkServerContext = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    (race.folder / "letter.txt.j2").write_text(LETTER, encoding="utf-8")
    engine = open_engine(race.url)
    _fill(engine, race)
    barrier, results = context.Barrier(race.processes + 1, timeout=PATIENCE), context.SimpleQueue()
    racers = [context.Process(target=_run, args=(race, each, barrier, results)) for each in range(race.processes)]
    for each in racers:
        each.start()
    counts: Counter[str] = Counter()
    try:
        overplanned = max([_between(engine, barrier) for _ in range(race.rounds)], default=0)
        for _ in racers:
            counts.update(results.get())
    finally:
        for each in racers:
            each.join(PATIENCE)
    with engine.connect() as connection:
        rows = "SELECT owner_id, at FROM naive" if race.mode == "naive" else "SELECT owner_id, at FROM contact"
        found = [(owner, at) for owner, at in connection.execute(text(rows))]
        alarms = connection.scalar(text("SELECT count(*) FROM alarm WHERE kind = 'backstop'")) or 0
    engine.dispose()
    return Ran(list(windows_over(found)), overplanned, counts, alarms, len(found))


def windows_over(contacts: Sequence[tuple[int, int]]) -> Iterator[str]:
    """Every window of a cap that holds too many, by looking at every pair."""
    by_owner: dict[int, list[int]] = defaultdict(list)
    for owner, at in contacts:
        by_owner[owner].append(at)
    for owner, instants in by_owner.items():
        for first in instants:
            count = sum(1 for each in instants if first <= each < first + DAYS * 86_400)
            if count > MOST:
                yield f"{owner} has {count} within {DAYS} days of {first}"
        days = Counter(datetime.fromtimestamp(each, ZoneInfo(TOKYO)).date() for each in instants)
        yield from (f"{owner} has {count} on {day}" for day, count in days.items() if count > 1)


def _between(engine: Engine, barrier: Any) -> int:
    """A round as the judge sees it: windows over a cap among slots and contacts, between planning and delivery."""
    barrier.wait()
    barrier.wait()
    slots = "SELECT owner_id, at FROM touch WHERE at IS NOT NULL AND status IN ('planned', 'sent', 'unknown')"
    with engine.connect() as connection:
        found = len(list(windows_over([(owner, at) for owner, at in connection.execute(text(slots))])))
    barrier.wait()
    barrier.wait()
    return found


def _fill(engine: Engine, race: Race) -> None:
    shop = Shop(engine, *CAMPAIGNS, **SETTINGS)
    shop.now = BEGAN - timedelta(days=1)
    for number in range(race.customers):
        shop.customer(f"c{number}")
    with writing(engine) as connection:
        connection.execute(text(NAIVE))


# A racer


def _run(race: Race, number: int, barrier: Any, results: Any) -> None:
    structlog.configure(
        processors=[structlog.processors.KeyValueRenderer()], logger_factory=structlog.ReturnLoggerFactory()
    )
    racer = Racer(race, number)
    try:
        for each in range(race.rounds):
            barrier.wait()
            racer.plan(each)
            barrier.wait()
            barrier.wait()
            racer.deliver(each)
            barrier.wait()
    except BaseException:
        traceback.print_exc()
        racer.counts["crashed"] += 1
        barrier.abort()
    finally:
        racer.engine.dispose()
        results.put(racer.counts)


class Racer:
    """One process."""

    def __init__(self, race: Race, number: int) -> None:
        self.race, self.name = race, f"racer-{number}"
        self.random = Random(f"{race.seed} {number}")
        self.engine = open_engine(race.url)
        self.shop = Shop(self.engine, *CAMPAIGNS, **SETTINGS)
        self.press = Press(self.shop.settings, Templates.load(race.folder), INSTANCE)
        self.standing = Standing(BEGAN)
        self.counts: Counter[str] = Counter()

    def plan(self, number: int) -> None:
        """Some people order, and everybody plans what they can see of that."""
        now = self.standing.at = self.race.at(number)
        if self.race.mode == "naive":
            return
        if number % 3 == 0:
            self._order(number, now)
        try:
            self._plan(now)
        except (OperationalError, IntegrityError):
            # SQLite stayed busy, two waited for each other, or wrote the same new version: the next tick plans it.
            self.counts["turned away"] += 1

    def deliver(self, number: int) -> None:
        """Whatever is due leaves, by whoever gets it."""
        if self.race.mode == "naive":
            for owner in range(1, self.race.customers + 1):
                self._count_then_insert(owner)
        elif self.race.mode == "bare":
            self._deliver_bare()
        else:
            asyncio.run(self._deliver())

    def _order(self, number: int, now: datetime) -> None:
        for who in self.random.sample(range(1, self.race.customers + 1), max(1, self.race.customers // 4)):
            with writing(self.engine) as connection:
                change(connection, [who], now)
                add(
                    connection,
                    Order,
                    key=f"{number}-{self.name}-{who}",
                    customer_id=who,
                    ordered_at=now,
                    received_at=now,
                )
                refresh_facts(connection, [who])

    def _plan(self, now: datetime) -> None:
        situation, verify = Situation(self.shop.settings, self.shop.campaigns, {}, now), None
        if self.race.mode == "leased":
            with writing(self.engine) as connection:
                token = take(connection, PLANNER, self.name, now, 180)
            if token is None:
                self.counts["waited"] += 1
                return

            def verify(connection: Connection) -> None:
                hold(connection, PLANNER, token)

        with planning(self.engine, prepare, verify) as open_:
            commit(open_, situation, plan(open_.connection, situation))
        self.counts["planned"] += 1

    async def _deliver(self) -> None:
        clock = Clock(now=lambda: self.standing.at, boottime=lambda: 0.0, sleep=asyncio.sleep)
        shift = Shift(self.shop.campaigns, self.press)
        mails = [Postman(lambda _: Accepted("250"), self.standing) for _ in range(2)]
        worker = Worker(self.name, self.engine, clock, shift, {"email": mails})
        self.counts.update((await worker.deliver_due()).counts)
        await worker.close()
        self.counts["arrived"] += sum(len(each.arrived) for each in mails)

    # Without the engine's own care

    def _deliver_bare(self) -> None:
        """Claims under the engine's gates, and then writes contacts as if nobody had ever heard of a fence."""
        now = self.standing.at
        situation = Situation(self.shop.settings, self.shop.campaigns, {}, now)
        forward = "UPDATE touch SET at = :at WHERE status = 'planned' AND due_at <= :at"
        held: list[Claimed] = []
        for _ in NAMES:
            # One touch of an owner each time, and none of them in the ledger yet.
            try:
                with writing(self.engine) as connection:
                    connection.execute(text(forward), {"at": int(now.timestamp())})
            except OperationalError:
                self.counts["turned away"] += 1  # two that wait for each other: the other does the same
            with writing(self.engine) as connection:
                held += claim(connection, situation, worker=self.name, channels=["email"], limit=100, lease=120)
        for each in held:
            try:
                with writing(self.engine) as connection:
                    self._insert(connection, each, int(now.timestamp()))
                self.counts["written"] += 1
            except SQLAlchemyError as problem:
                self.counts[f"refused: {refusal_of(problem) or type(problem).__name__}"] += 1

    def _insert(self, connection: Connection, held: Claimed, at: int) -> None:
        """PostgreSQL's trigger sees what is committed only: the customer's lock is left to it."""
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT id FROM customer WHERE id = :id FOR UPDATE"), {"id": held.customer_id})
        sending = "UPDATE touch SET status = 'sending', at = :at WHERE id = :id AND status = 'claimed'"
        connection.execute(text(sending), {"at": at, "id": held.touch_id})
        values = {
            "customer_id": held.customer_id,
            "owner_id": held.owner_id,
            "touch_id": held.touch_id,
            "at": at,
            "periods": str(list(periods_in(TOKYO, at // QUARTER))),
        }
        connection.execute(text(CONTACTING), values)

    def _count_then_insert(self, owner: int) -> None:
        at = int(self.standing.at.timestamp())
        with self.engine.connect() as connection:
            since = {"owner": owner, "since": at - DAYS * 86_400}
            counted = "SELECT count(*) FROM naive WHERE owner_id = :owner AND at > :since"
            count = connection.scalar(text(counted), since) or 0
            connection.rollback()
        if count < MOST:
            with writing(self.engine) as connection:
                connection.execute(
                    text("INSERT INTO naive (owner_id, at) VALUES (:owner, :at)"), {"owner": owner, "at": at}
                )
            self.counts["written"] += 1
