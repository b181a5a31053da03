"""What the generated worlds found: each fault with the smallest shop that shows it."""

from sqlalchemy import Engine

from nurture.store.tables import Event
from .people import Shop, instant, letter


def test_who_entered_before_the_campaign_starts_is_not_enrolled_in_it(engine: Engine) -> None:
    regulars = "segments: [{segment: regulars, condition: [{tag: regular}]}]"
    shop = Shop(engine, regulars, letter("welcome", "{entered: regulars}", "starts: 2026-11-24"))
    alice = shop.customer("alice")
    shop.tick("2026-11-22 10:00")
    shop.tag(alice, "regular")
    shop.tick("2026-11-22 11:00")
    assert shop.enrollments(alice) == []


def test_two_people_may_share_an_instant_when_the_clocks_change_soon(engine: Engine) -> None:
    shop = Shop(engine, letter("thanks", "{event: visit}", step="wait: 2 days"), timezone="America/New_York")
    alice, bob = shop.customer("alice"), shop.customer("bob")
    visit = {"kind": "visit", "occurred_at": instant("2026-03-07 01:00"), "received_at": instant("2026-03-07 01:00")}
    shop.row(alice, Event, key="a", **visit)
    shop.tick("2026-03-07 01:01")
    shop.tag(alice, "guest")
    shop.row(bob, Event, key="b", **visit)
    shop.tick("2026-03-07 01:02")  # alice is asked again, bob's occurrence opens
    assert [shop.enrollments(each) for each in (alice, bob)] == [["thanks event:a"], ["thanks event:b"]]


def test_a_limit_of_one_a_day_holds_for_as_many_days_as_there_are_people(engine: Engine) -> None:
    """The rounds that push people on to the next day were numbered, and whoever was left shared the last day."""
    shop = Shop(engine, letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 20 days"))
    people = [shop.customer(f"guest{number}") for number in range(12)]
    for each in people:
        shop.event(each, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    days = sorted(shop.the(each).at[:10] for each in people)
    assert days == [f"2026-11-{20 + number}" for number in range(11)] + ["2026-12-01"]


def test_a_letter_that_is_overdue_takes_its_place_in_the_day_it_leaves_on(engine: Engine) -> None:
    shop = Shop(engine, letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 9 days"))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.event(alice, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 09:00")
    assert shop.the(alice).at == "2026-11-20 09:00"
    shop.event(bob, "visit", "2026-11-21 09:00")
    shop.tick("2026-11-21 10:00")  # nothing was delivered for a day
    assert [shop.the(each).at for each in (alice, bob)] == ["2026-11-20 09:00", "2026-11-22 08:00"]


def test_a_campaign_may_be_called_like_a_channel(engine: Engine) -> None:
    """Which limits are a channel's was read from the beginning of their names."""
    step = "channels: [line, email], valid_for: 3 days"
    shop = Shop(engine, letter("line-news", "{event: visit}", "at_most: {count: 1}", step=step))
    alice, bob = shop.customer("alice", line=True), shop.customer("bob", line=True)
    for each in (alice, bob):
        shop.event(each, "visit", "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    assert [(shop.the(each).channel, shop.the(each).at) for each in (alice, bob)] == [
        ("line", "2026-11-20 10:00"),
        ("line", "2026-11-21 08:00"),
    ]


def test_a_letter_of_an_ended_enrollment_is_cancelled_while_limits_are_shared_out(engine: Engine) -> None:
    visit = letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 9 days")
    shop = Shop(engine, visit, letter("thanks", "{after: order}", step="wait: 1 day"))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    order = shop.order(alice, "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    shop.cancel(alice, order)
    shop.event(bob, "visit", "2026-11-20 10:20")
    shop.event(alice, "visit", "2026-11-20 10:30")
    shop.tick("2026-11-20 11:00")  # alice, whose letter lasts longer, makes room
    assert shop.the(alice, "visit/letter").at == "2026-11-21 08:00"
    assert shop.the(alice, "thanks/letter").status == "cancelled"
