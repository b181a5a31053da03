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
