"""What the generated worlds found: each fault with the smallest shop that shows it."""

from sqlalchemy import Engine

from .people import Shop, letter


def test_who_entered_before_the_campaign_starts_is_not_enrolled_in_it(engine: Engine) -> None:
    regulars = "segments: [{segment: regulars, condition: [{tag: regular}]}]"
    shop = Shop(engine, regulars, letter("welcome", "{entered: regulars}", "starts: 2026-11-24"))
    alice = shop.customer("alice")
    shop.tick("2026-11-22 10:00")
    shop.tag(alice, "regular")
    shop.tick("2026-11-22 11:00")
    assert shop.enrollments(alice) == []
