"""Under a wrong clock nothing is planned and nothing leaves; when it is right again, all goes on by itself."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.clock import system_clock
from nurture.daemon.daemon import Daemon, Shop
from nurture.daemon.guard import Guard
from nurture.daemon.reload import Watched
from nurture.daemon.trust import Doubt, Trust
from nurture.delivery.freezing import Press
from nurture.store import reading, writing
from nurture.store.alarming import standing_alarms
from nurture.store.timing import clock_mark, database_time, put_clock_mark
from tests.delivery.post import INSTANCE, Post, Standing
from tests.delivery.test_worker import MEETING, THANKS
from tests.planning.people import instant, letter

TEN = "2026-11-20 10:00"


class Village:
    """A live shop, its daemon on a clock that the test sets, and a database server with a clock of its own."""

    def __init__(self, engine: Engine, folder: Path, *campaigns: str, **settings: object) -> None:
        self.engine, self.post = engine, Post(engine, folder, *campaigns, **{**MEETING, **settings})
        self.standing = self.post.standing
        self.standing.at = instant(TEN)
        self.theirs: datetime | None = None
        self.start()

    def start(self) -> None:
        """The daemon begins, and knows nothing of the one before."""
        engine = self.engine
        self.guard = Guard(engine, self.standing.clock(), "host", witness=lambda _: self.theirs)
        live = self.post.shop.settings.model_copy(update={"mode": "live"})
        shop = Shop(live, self.post.shop.campaigns, self.post.templates)
        senders = {"email": [self.post.mail], "line": [self.post.line]}
        self.daemon = Daemon(
            "daemon",
            engine,
            self.standing.clock(),
            Watched(lambda: shop, (), shop, digest=""),
            lambda _: Press(self.post.shop.settings, self.post.templates, INSTANCE),
            senders,
            alone=True,
            guard=self.guard,
        )

    def tick(self) -> list[str]:
        """One tick; what has arrived until now."""
        asyncio.run(self.daemon.tick())
        return self.post.arrived()

    def alarms(self) -> list[tuple[str, str, dict[str, object]]]:
        with reading(self.engine) as connection:
            return [(each.kind, each.subject, each.about) for each in standing_alarms(connection)]


@pytest.fixture
def village(engine: Engine, tmp_path: Path) -> Village:
    """Alice ordered at ten, and her thanks are due."""
    found = Village(engine, tmp_path, THANKS)
    found.post.shop.order(found.post.shop.customer("alice"), "2026-11-20 09:59")
    return found


def test_a_right_clock_sends_and_is_written_down(village: Village) -> None:
    village.theirs = instant(TEN) + timedelta(seconds=5)
    assert village.tick() == ["thanks"]
    with reading(village.engine) as connection:
        assert clock_mark(connection) == instant(TEN)


def test_a_clock_six_seconds_off_the_servers_sends_nothing_until_it_is_right(village: Village) -> None:
    village.theirs = instant(TEN) + timedelta(seconds=6)
    assert village.tick() == []
    assert village.alarms() == [("clock", "host", {"by": "database", "seconds": -6})]
    village.theirs = instant(TEN) - timedelta(seconds=6)
    assert village.tick() == []
    assert village.alarms() == [("clock", "host", {"by": "database", "seconds": 6})]
    village.theirs = instant(TEN)
    assert village.tick() == ["thanks"]
    assert village.alarms() == []


def test_a_wrong_clock_leaves_no_mark_that_would_stop_the_others(village: Village) -> None:
    village.theirs = instant(TEN) - timedelta(hours=1)
    village.tick()
    with reading(village.engine) as connection:
        assert clock_mark(connection) is None


def test_a_clock_set_back_before_the_start_sends_nothing_until_it_has_caught_up(village: Village) -> None:
    with writing(village.engine) as connection:
        put_clock_mark(connection, instant(TEN) + timedelta(minutes=10))
    assert village.tick() == []
    assert village.alarms() == [("clock", "host", {"by": "mark", "seconds": -600})]
    village.standing.move(600)
    assert village.tick() == ["thanks"]
    assert village.alarms() == []


@pytest.mark.parametrize("restarted", [False, True])
def test_who_orders_under_a_clock_set_back_is_seen_when_it_has_caught_up(village: Village, restarted: bool) -> None:
    village.tick()
    village.standing.at = instant("2026-11-20 10:30")
    village.tick()
    village.standing.at = instant("2026-11-20 10:10")
    assert village.tick() == ["thanks"]
    village.post.shop.order(village.post.shop.customer("bob"), "2026-11-20 10:12")
    village.standing.at = instant("2026-11-20 10:40")
    if restarted:
        village.start()
    assert village.tick() == ["thanks", "thanks"]


def test_nothing_expires_under_a_clock_that_runs_a_week_ahead(village: Village) -> None:
    village.tick()
    bob = village.post.shop.customer("bob")
    village.post.shop.order(bob, "2026-11-20 10:00")
    village.standing.at += timedelta(days=7)
    assert village.guard.look() == 7 * 86_400
    village.tick()
    assert village.post.shop.told(bob) == []
    village.standing.at -= timedelta(days=7)
    for _ in range(4):
        village.guard.look()
    assert village.tick() == ["thanks", "thanks"]


def test_after_a_step_forward_it_is_believed_when_it_went_on_evenly_three_times(village: Village) -> None:
    village.standing.at += timedelta(hours=1)
    assert village.guard.look() == 3600
    assert village.tick() == []
    assert village.alarms() == [("clock", "host", {"by": "step", "seconds": 3600})]
    for _ in range(3):
        village.standing.move(1)
        village.guard.look()
    assert village.tick() == ["thanks"]
    assert village.alarms() == []


def test_a_message_between_claim_and_fence_is_held_back_when_the_clock_steps(village: Village) -> None:
    village.theirs = instant(TEN)

    def step(_: object) -> None:
        village.theirs = instant(TEN) + timedelta(minutes=1)
        village.guard.inspect()

    village.post.mail.before_fence = step
    assert village.tick() == []
    assert village.post.shop.the(1).status == "planned"


def test_three_days_asleep_what_is_valid_goes_out_spread_and_the_rest_expires(engine: Engine, tmp_path: Path) -> None:
    short = letter("short", "{after: order}", "priority: 90", step="wait: 1 hour, valid_for: 2 days")
    long = letter("long", "{after: order}", step="wait: 1 hour, valid_for: 10 days")
    email = {"from_address": "minato@minato.example", "per_hour": 60}
    village = Village(engine, tmp_path, short, long, email=email)
    people = [village.post.shop.customer(f"person{number}") for number in range(5)]
    for each in people:
        village.post.shop.order(each, "2026-11-20 09:59")
    assert village.tick() == []
    village.standing.move(3 * 86_400)
    assert village.guard.look() == 0.0
    village.tick()
    told = [each for who in people for each in village.post.shop.told(who)]
    assert {each.status for each in told if each.name == "short/letter"} == {"expired"}
    assert [each.status for each in told if each.name == "long/letter"].count("sent") == 1
    arrived = []
    for _ in range(6):
        village.standing.move(60)
        arrived.append(len(village.tick()))
    assert arrived == [2, 3, 4, 5, 5, 5]


def test_the_servers_clock_is_read_where_there_is_a_server(engine: Engine) -> None:
    before = system_clock().now()
    with reading(engine) as connection:
        found = database_time(connection)
    if engine.dialect.name == "sqlite":
        assert found is None
    else:
        assert found is not None
        assert found.tzinfo is UTC
        assert before - timedelta(seconds=5) < found < system_clock().now() + timedelta(seconds=5)


def test_a_slow_answer_of_the_server_is_no_difference() -> None:
    standing = Standing(instant(TEN))
    trust = Trust(standing.clock())
    late = instant(TEN) + timedelta(seconds=20)
    trust.weigh(instant(TEN), instant(TEN) + timedelta(seconds=10), late, None)
    assert trust.doubt is None
    trust.weigh(instant(TEN), late + timedelta(seconds=6), late, None)
    assert trust.doubt == Doubt("database", -6)


def test_a_machine_that_slept_is_no_step() -> None:
    standing = Standing(instant(TEN))
    trust = Trust(standing.clock())
    standing.move(8 * 3600)
    assert trust.look() == 0.0
    assert trust.doubt is None
