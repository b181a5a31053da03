"""Birthdays, as other systems got them wrong. Alice was born on an ordinary day, bob on 29 February."""

import pytest
from sqlalchemy import Engine

from .people import Shop, instant, letter, shown

GREETING = letter("greeting", "{anniversary: birthday}", step='at: "10:00"')
TWO_STEPS = """
campaign: greeting
title: 誕生日
trigger: {anniversary: birthday}
steps:
  - {step: card, at: "10:00", template: card}
  - {step: gift, wait: 2 days, at: "10:00", template: gift}
"""


def test_the_second_step_follows_two_days_after_alices_birthday(engine: Engine) -> None:
    """mautic #6439: "birthday = today" is no longer true on the second day, so step two never ran."""
    shop = Shop(engine, TWO_STEPS)
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20)
    shop.ticks("2026-11-20 09:00", "2026-11-20 10:00", "2026-11-21 10:00", "2026-11-22 10:00")
    assert shop.got(alice) == ["greeting/card 2026-11-20 10:00", "greeting/gift 2026-11-22 10:00"]
    assert shop.enrollments(alice) == ["greeting birthday:2026"]


@pytest.mark.parametrize(
    ("zone", "here"),
    [
        ("Asia/Tokyo", "2026-11-20 10:00"),
        ("Pacific/Kiritimati", "2026-11-20 05:00"),
        ("Pacific/Pago_Pago", "2026-11-21 06:00"),
    ],
)
def test_alices_birthday_is_the_day_on_her_own_wall(engine: Engine, zone: str, here: str) -> None:
    """mautic #9040, #10621: a day early or late around midnight UTC."""
    shop = Shop(engine, GREETING)
    alice = shop.customer("alice", zone=zone)
    shop.birthday(alice, 11, 20, 1990)
    shop.ticks("2026-11-19 04:00", "2026-11-20 04:59", "2026-11-20 12:00", here, "2026-11-21 20:00")
    (got,) = shop.got(alice, zone)
    assert got.startswith("greeting/letter 2026-11-20 ")
    assert shop.told(alice)[0].occurrence == "birthday:2026"
    assert shop.the(alice).at >= here


@pytest.mark.parametrize(
    ("kept_on", "year", "day"),
    [
        ("02-28", 2027, "2027-02-28"),
        ("03-01", 2027, "2027-03-01"),
        ("leap", 2027, None),
        ("02-28", 2028, "2028-02-29"),
        ("03-01", 2028, "2028-02-29"),
        ("leap", 2028, "2028-02-29"),
    ],
)
def test_bob_of_the_29th_of_february_is_greeted_once_a_year_by_the_shops_rule(
    engine: Engine, kept_on: str, year: int, day: str | None
) -> None:
    """MailPoet #6625, nextcloud/contacts #2102, SMF #5955: nobody, or twice, in common years."""
    shop = Shop(engine, GREETING, feb29=kept_on)
    bob = shop.customer("bob")
    shop.birthday(bob, 2, 29, 1992)
    shop.ticks(*(f"{year}-{day} 10:00" for day in ("02-27", "02-28", *(["02-29"] if year == 2028 else []), "03-01")))
    assert shop.got(bob) == ([f"greeting/letter {day} 10:00"] if day else [])


def test_alice_is_greeted_every_year_and_never_twice_in_one(engine: Engine) -> None:
    """MailPoet #6858, mautic #5279, django-drip's prune: sent once and then never again."""
    shop = Shop(engine, GREETING)
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20)
    for year in (2025, 2026, 2027):
        shop.ticks(f"{year}-11-20 10:00", f"{year}-11-20 15:00", f"{year}-11-21 10:00")
    assert shop.got(alice) == [f"greeting/letter {year}-11-20 10:00" for year in (2025, 2026, 2027)]
    assert [each.occurrence for each in shop.told(alice)] == ["birthday:2025", "birthday:2026", "birthday:2027"]


def test_a_corrected_birthday_brings_no_second_greeting(engine: Engine) -> None:
    """A birthday that a later file corrects by some days: at most one greeting in 300 days."""
    shop = Shop(engine, GREETING)
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20)
    shop.ticks("2026-11-20 10:00")
    shop.birthday(alice, 11, 25)
    shop.ticks("2026-11-24 10:00", "2026-11-25 10:00")
    assert shop.got(alice) == ["greeting/letter 2026-11-20 10:00"]
    shop.ticks("2027-11-25 10:00")
    assert shop.got(alice)[1:] == ["greeting/letter 2027-11-25 10:00"]


def test_alice_who_flies_west_is_not_greeted_again(engine: Engine) -> None:
    """The key is the year of the local date, never an instant: the same day comes twice for nobody."""
    shop = Shop(engine, GREETING)
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20)
    shop.ticks("2026-11-20 10:00")
    shop.correct(alice, zone="America/Los_Angeles")
    shop.ticks("2026-11-21 03:00", "2026-11-21 06:00")
    assert len(shop.got(alice)) == 1


def test_a_newborn_is_not_congratulated_on_the_day_of_birth_but_a_year_later(engine: Engine) -> None:
    """A date with a year counts from the year after; one without a year always."""
    shop = Shop(engine, letter("child", "{anniversary: birthday, relative: daughter}", step='at: "10:00"'))
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20, 2026, relative="daughter")
    shop.ticks("2026-11-20 10:00")
    assert shop.got(alice) == []
    shop.ticks("2027-11-20 10:00")
    assert shop.got(alice) == ["child/letter 2027-11-20 10:00"]
    assert shop.the(alice).occurrence == "birthday:daughter:2027"


def test_where_only_the_month_is_known_the_campaign_says_which_day_or_nobody_is_greeted(engine: Engine) -> None:
    """Month-only birthdays are the rule in Japanese shops; other systems read them as the first or as an error."""
    first = letter("first", "{anniversary: birthday, month_only: 1}", step='at: "10:00"')
    shop = Shop(engine, GREETING, first)
    alice = shop.customer("alice")
    shop.birthday(alice, 11, None)
    shop.ticks("2026-11-01 10:00", "2026-11-20 10:00")
    assert shop.got(alice) == ["first/letter 2026-11-01 10:00"]


def test_three_days_before_and_three_days_after_are_days_of_the_calendar(engine: Engine) -> None:
    """Offsets that survive the day passing, and a year that begins in between."""
    before = letter("before", "{anniversary: birthday, before: 3 days}", step='at: "10:00"')
    after = letter("after", "{anniversary: birthday, after: 3 days}", step='at: "10:00"')
    shop = Shop(engine, before, after)
    alice = shop.customer("alice")
    shop.birthday(alice, 1, 2)
    shop.ticks("2026-12-29 10:00", "2026-12-30 10:00", "2027-01-02 10:00", "2027-01-05 10:00")
    assert shop.got(alice) == ["before/letter 2026-12-30 10:00", "after/letter 2027-01-05 10:00"]
    assert [each.occurrence for each in shop.told(alice)] == ["birthday:2027", "birthday:2027"]


def test_a_birthday_that_the_shop_slept_through_is_not_made_up_for(engine: Engine) -> None:
    """A daemon that slept three days: a greeting past its day is an embarrassment, so nothing goes out."""
    shop = Shop(engine, GREETING)
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20)
    shop.ticks("2026-11-17 10:00", "2026-11-21 08:00", "2026-11-21 10:00")
    assert shop.got(alice) == []


def test_a_greeting_that_a_cap_pushes_past_the_day_dies_with_a_reason(engine: Engine) -> None:
    """Braze, Klaviyo, HubSpot: dropped without a word, or sent on the wrong day."""
    shop = Shop(engine, GREETING, min_gap="20 hours")
    alice = shop.customer("alice")
    shop.birthday(alice, 11, 20)
    shop.contact(alice, "2026-11-20 08:30", "call")
    shop.ticks("2026-11-20 09:00")
    assert shop.plans(alice) == []  # before it is due nothing is concluded
    shop.ticks("2026-11-20 10:00")
    assert shop.plans(alice) == ["greeting/letter expired capped -"]


def test_the_year_of_the_first_order_comes_round_on_alices_own_date(engine: Engine) -> None:
    """The anniversary of the first order: midnight in her zone, never in the year itself."""
    shop = Shop(engine, letter("year", "{anniversary: first_order}", step='at: "10:00"'))
    alice = shop.customer("alice")
    shop.order(alice, "2025-11-20 00:30")
    bob = shop.customer("bob", zone="America/New_York")
    shop.order(bob, "2025-11-20 00:30")
    shop.ticks("2025-11-20 10:00", "2026-11-20 00:00", "2026-11-20 10:00", "2026-11-20 23:59")
    assert shop.got(alice) == ["year/letter 2026-11-20 10:00"]
    assert shop.got(bob, "America/New_York") == [
        f"year/letter {shown(instant('2026-11-20 00:00'), 'America/New_York')}"
    ]
