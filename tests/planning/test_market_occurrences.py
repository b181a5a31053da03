"""When something opens, and that it opens once: orders, schedules, segments, ticks that overlap or come late."""

import pytest
from sqlalchemy import Engine, delete, func, select

from nurture.gates.situation import Situation
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.store import planning, writing
from nurture.store.tables import Cadence, Enrollment, Touch, table

from .people import Shop, instant, letter

THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")
FIRST = letter("first", "{after: order}", "audience: [this: {order: first}]", step="wait: 1 day")


def test_two_orders_on_the_first_day_are_one_first_order_and_one_thank_you(engine: Engine) -> None:
    """うちでのこづち leaves out people with two orders on the first day: it counts by date."""
    shop = Shop(engine, FIRST)
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.order(alice, "2026-11-20 10:00")
    shop.order(alice, "2026-11-20 12:00")
    shop.ticks("2026-11-20 13:00", "2026-11-21 12:00")
    assert shop.got(alice) == ["first/letter 2026-11-21 10:00"]
    assert shop.the(alice).occurrence == "order:o1"


@pytest.mark.parametrize(("again", "times"), [("per occurrence", 2), ("once", 1), ("after 30 days", 1)])
def test_two_orders_of_a_day_are_thanked_for_as_the_file_says(engine: Engine, again: str, times: int) -> None:
    """One thank-you per order, or one in so many days, also where both come in one file."""
    shop = Shop(engine, letter("thanks", "{after: order}", f"again: {again}"))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.order(alice, "2026-11-20 11:00")
    shop.ticks("2026-11-20 12:00", "2026-11-20 13:00")
    assert len(shop.got(alice)) == times


def test_a_monthly_letter_on_the_15th_reaches_alice_in_february_and_in_march(engine: Engine) -> None:
    """Braze: re-entry after "one month" is thirty days there, and 15 February + 30 days lies after 15 March."""
    monthly = letter("monthly", '{schedule: {every: month, day: 15, at: "10:00"}}', "again: after 1 month")
    shop = Shop(engine, monthly)
    alice = shop.customer("alice")
    shop.ticks("2027-01-15 10:00", "2027-02-15 10:00", "2027-03-15 10:00")
    assert shop.got(alice) == [f"monthly/letter 2027-{month}-15 10:00" for month in ("01", "02", "03")]


def test_the_31st_of_every_month_is_the_last_day_of_a_short_one(engine: Engine) -> None:
    """A month without a 31st has its letter all the same, once."""
    for day, name in (("31", "fixed"), ("last", "last")):
        shop = Shop(engine, letter(name, f'{{schedule: {{every: month, day: {day}, at: "10:00"}}}}'))
        alice = shop.customer(f"alice {name}")
        shop.ticks("2027-02-27 10:00", "2027-02-28 10:00", "2027-03-01 10:00", "2027-03-31 10:00")
        assert shop.got(alice) == [f"{name}/letter 2027-{when} 10:00" for when in ("02-28", "03-31")]


def test_after_three_weeks_of_sleep_only_the_newest_newsletter_goes_out(engine: Engine) -> None:
    """A daemon that slept: what is repeated becomes the newest one, what belongs to somebody stays, no storm."""
    news = letter("news", '{schedule: {every: week, on: mon, at: "10:00"}}', step="valid_for: 30 days")
    shop = Shop(engine, news, THANKS)
    alice = shop.customer("alice")
    shop.ticks("2026-11-02 10:00")
    shop.order(alice, "2026-11-23 18:00")
    shop.ticks("2026-11-24 12:00", "2026-11-24 12:01", "2026-11-24 13:00")
    assert shop.got(alice) == [
        "news/letter 2026-11-02 10:00",
        "news/letter 2026-11-24 12:00",
        "thanks/letter 2026-11-24 12:00",
    ]


def test_an_order_that_is_imported_late_is_thanked_for_while_it_is_worth_it(engine: Engine) -> None:
    """listmonk #2278: a checkpoint that had moved on lost people; there is no cursor here."""
    shop = Shop(engine, THANKS)
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.ticks("2026-11-20 10:00")
    shop.order(alice, "2026-11-18 10:00", received_at=instant("2026-11-20 10:02"))
    shop.order(bob, "2026-11-10 10:00", received_at=instant("2026-11-20 10:02"))
    shop.ticks("2026-11-20 10:03")
    assert (len(shop.got(alice)), len(shop.got(bob))) == (1, 0)


def test_a_tick_that_is_repeated_writes_nothing(engine: Engine) -> None:
    """mautic #3669, #2215, #9880, #8802: two runs in one second, two copies."""
    shop = Shop(engine, THANKS, letter("news", '{schedule: {every: day, at: "10:00"}}'))
    people = [shop.customer(name) for name in ("alice", "bob", "charlie")]
    for who in people:
        shop.order(who, "2026-11-20 09:59")
    shop.tick("2026-11-20 09:59")
    before = [shop.plans(who) for who in people]
    for _ in range(2):
        again = shop.tick("2026-11-20 09:59").committed
        assert (again.enrollments, again.touches, again.changed) == (0, 0, 0)
    assert [shop.plans(who) for who in people] == before


def test_two_daemons_that_plan_the_same_tick_write_it_once(engine: Engine) -> None:
    """mautic #11763, #13070: overlapping runs. Both have planned before either has written."""
    shop = Shop(engine, THANKS)
    people = [shop.customer(name) for name in ("alice", "bob", "charlie")]
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    situation = Situation(shop.settings, shop.campaigns, {}, instant("2026-11-20 10:00"))
    with planning(engine, prepare) as one, planning(engine, prepare) as other:
        plans = [plan(each.connection, situation) for each in (one, other)]
        for each, planned in zip((one, other), plans, strict=True):
            commit(each, situation, planned)
    for who in people:
        assert shop.plans(who) == ["thanks/letter planned ok 2026-11-20 10:00"]
        assert shop.enrollments(who) == ["thanks order:o" + str(who)]


def test_what_a_delivery_has_claimed_in_the_meantime_stays_as_it_is(engine: Engine) -> None:
    """mautic PR #15348: an update without a guard overwrote what another process had taken."""
    shop = Shop(engine, THANKS)
    alice = shop.customer("alice")
    order = shop.order(alice, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    shop.cancel(alice, order)
    situation = Situation(shop.settings, shop.campaigns, {}, instant("2026-11-20 10:01"))
    with planning(engine, prepare) as late:
        planned = plan(late.connection, situation)
        if engine.dialect.name == "sqlite":
            late.connection.commit()  # its reader must not keep the writer out
        shop.send(alice, "thanks/letter")
        commit(late, situation, planned)
    assert shop.plans(alice) == ["thanks/letter sent ok 2026-11-20 10:00"]


def test_a_commit_that_broke_off_half_way_is_finished_by_the_next_tick(engine: Engine) -> None:
    """listmonk #2070, #3022: resumed from the start, three copies for two thirds of the list."""
    shop = Shop(engine, THANKS)
    people = [shop.customer(name) for name in ("alice", "bob", "charlie")]
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    shop.send(people[0], "thanks/letter")
    # As if the power had gone after alice's rows: bob's enrollment without touch, nothing about charlie, no cadence.
    touch, enrollment = table(Touch), table(Enrollment)
    with writing(engine) as connection:
        connection.execute(delete(touch).where(touch.c.customer_id > people[0]))
        connection.execute(delete(enrollment).where(enrollment.c.customer_id == people[2]))
        connection.execute(delete(table(Cadence)))
        connection.execute(enrollment.update().values(next_at=instant("2026-11-20 10:00")))
    shop.ticks("2026-11-20 10:01")
    assert [len(shop.got(who)) for who in people] == [1, 1, 1]


def test_a_backup_put_back_five_hours_later_sends_nothing_that_has_lost_its_worth(engine: Engine) -> None:
    """listmonk #1801: a restored snapshot sent the campaign again, five hours late."""
    shop = Shop(engine, letter("lunch", '{schedule: {every: day, at: "10:00"}}', step="valid_for: 2 hours"))
    alice = shop.customer("alice")
    shop.tick("2026-11-20 09:00")
    assert shop.plans(alice)[0] == "lunch/letter planned ok 2026-11-20 10:00"
    shop.tick("2026-11-20 15:00")  # what stood in the snapshot
    assert shop.plans(alice)[0] == "lunch/letter expired expired -"
    shop.ticks("2026-11-20 15:01", "2026-11-20 20:00")
    assert shop.got(alice) == []


def test_ticks_without_news_ask_nobody_again(engine: Engine) -> None:
    """mautic PR #6507, #2870, #10648: a run over everybody every minute. A tick costs what changed."""
    shop = Shop(engine, THANKS, letter("week", "{after: order}", step="wait: 7 days"))
    people = [shop.customer(f"person {number}") for number in range(8)]
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    shop.ticks("2026-11-20 10:00")
    assert shop.tick("2026-11-20 10:01").planned.owners == 8  # they were just sent to
    for when in ("2026-11-20 10:02", "2026-11-20 11:00", "2026-11-21 11:00"):
        assert shop.tick(when).planned.owners == 0
    shop.order(people[3], "2026-11-21 11:30")
    assert shop.tick("2026-11-21 11:30").planned.owners == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(table(Enrollment))) == 18


def test_a_person_who_enters_at_two_evaluations_of_one_hour_enters_once(engine: Engine) -> None:
    """APScheduler #129, #231: a job store that two schedulers share; here the key is the shop's day."""
    friends = "segments: [{segment: friends, condition: [tag: friend]}]"
    shop = Shop(engine, friends, letter("hello", "{entered: friends}"), letter("hi", "{entered: friends}"))
    alice = shop.customer("alice")
    shop.tick("2026-11-20 09:00")
    shop.tag(alice, "friend")
    shop.ticks("2026-11-20 09:30", "2026-11-20 10:00", "2026-11-20 10:01", "2026-11-20 11:00")
    assert shop.got(alice) == ["hello/letter 2026-11-20 10:00", "hi/letter 2026-11-20 10:00"]
    assert [each.occurrence for each in shop.told(alice)] == ["entered:2026-11-20"] * 2


def test_a_campaign_that_ends_on_the_last_day_of_the_calendar_still_runs(engine: Engine) -> None:
    """For ever is written as 9999-12-31 by half of the world's systems; there is no day after it."""
    shop = Shop(engine, letter("thanks", "{after: order}", "starts: 2026-11-20", "ends: 9999-12-31"))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.order(alice, "2026-11-20 00:00")
    shop.order(bob, "2026-11-19 23:59")
    shop.ticks("2026-11-20 10:00")
    assert (len(shop.got(alice)), len(shop.got(bob))) == (1, 0)
