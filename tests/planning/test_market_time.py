"""Hours, zones and clock changes, as other systems got them wrong. Alice lives in Tokyo, bob where the clocks change.

Charlie is a firm that can be written to at any hour, so that nights can be tried at all.
"""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.catalogue import say_mistakes
from nurture.config import load_settings
from nurture.mistake import MistakesFound

from .people import Shop, instant, letter, shown

NEW_YORK = "America/New_York"
ANY_HOUR = {"individual": "08:00-21:00", "company": "all day", "company_on_holidays": True}
THANKS = letter("thanks", "{after: order}", step="valid_for: 20 days")
BY_NIGHT = letter("night", "{after: order}", step='valid_for: 5 days, window: "21:00-08:00"')
WEEKDAYS = letter("weekdays", "{after: order}", step='valid_for: 9 days, window: "09:00-18:00 mon-fri"')


@pytest.mark.parametrize(
    ("due", "slot"),
    [
        ("2026-11-20 12:00", "2026-11-20 21:00"),
        ("2026-11-20 21:00", "2026-11-20 21:00"),
        ("2026-11-21 07:59", "2026-11-21 07:59"),
        ("2026-11-21 08:00", "2026-11-21 21:00"),
    ],
)
def test_a_window_across_midnight_is_the_night_and_not_the_day(engine: Engine, due: str, slot: str) -> None:
    """mautic, Interval.php: start and end are swapped, so that 21:00-08:00 becomes 08:00-21:00."""
    shop = Shop(engine, BY_NIGHT, hours=ANY_HOUR)
    charlie = shop.customer("charlie", kind="company")
    shop.order(charlie, due)
    shop.tick(due)
    assert shop.the(charlie).at == slot
    assert shop.the(charlie).verdict == ("ok" if slot == due else "outside_window")


def test_a_night_window_never_reaches_alice_who_is_a_private_person(engine: Engine) -> None:
    """A step's window narrows the shop's hours: no night is left of it, and the row says so when it is due."""
    shop = Shop(engine, BY_NIGHT)
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 12:00")
    shop.tick("2026-11-20 12:00")
    assert shop.plans(alice) == ["night/letter expired outside_window -"]


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{individual: 21:00-08:00}", "sending hours for private people must lie inside 08:00-21:00"),
        ("{individual: all day}", "sending hours for private people must lie inside 08:00-21:00"),
        ("{individual: 10:00-10:00}", "'10:00-10:00' is not a sending window"),
        ("{company: 09:00-09:00}", "'09:00-09:00' is not a sending window"),
    ],
)
def test_hours_that_open_and_close_at_once_are_refused(tmp_path: Path, written: str, told: str) -> None:
    """worldmonitor PR #3075: quiet hours whose ends were equal kept silent around the clock."""
    (tmp_path / "config.yaml").write_text(f"shop: {{name: みなと}}\nhours: {written}\n", encoding="utf-8")
    with pytest.raises(MistakesFound) as found:
        load_settings(tmp_path, {})
    assert told in say_mistakes("en", found.value)


def test_what_comes_on_saturday_evening_reaches_alice_on_monday_at_nine_in_tokyo(engine: Engine) -> None:
    """mautic PR #17283: contacts ahead of UTC were written to at 18:13 instead of 09:00."""
    shop = Shop(engine, WEEKDAYS)
    alice, charlie = shop.customer("alice"), shop.customer("charlie", kind="company")
    for who in (alice, charlie):
        shop.order(who, "2026-11-14 18:13")
    shop.tick("2026-11-14 18:13")
    assert shop.plans(alice) == ["weekdays/letter planned outside_window 2026-11-16 09:00"]
    assert shop.plans(charlie) == ["weekdays/letter planned outside_window 2026-11-16 09:00"]


def test_a_firm_is_left_in_peace_on_labour_thanksgiving_day_and_alice_is_not(engine: Engine) -> None:
    """HubSpot's weekdays know no holidays: 23 November 2026 is a Monday and a national holiday."""
    shop = Shop(engine, WEEKDAYS)
    alice, charlie = shop.customer("alice"), shop.customer("charlie", kind="company")
    for who in (alice, charlie):
        shop.order(who, "2026-11-21 18:13")
    shop.tick("2026-11-21 18:13")
    assert (shop.the(alice).at, shop.the(charlie).at) == ("2026-11-23 09:00", "2026-11-24 09:00")


def test_the_shops_own_closing_days_hold_for_everybody(engine: Engine) -> None:
    """Movable and own days off: mautic #6803 advises to clone the campaign for every festival."""
    closed = {"weekdays": ["wed"], "dates": ["2026-11-26"], "holidays": ["2026-11-27"], "working": ["2026-11-25"]}
    shop = Shop(engine, WEEKDAYS, closed=closed)
    alice, charlie = shop.customer("alice"), shop.customer("charlie", kind="company")
    for who in (alice, charlie):
        shop.order(who, "2026-11-24 20:00")
    shop.tick("2026-11-24 20:00")
    assert (shop.the(alice).at, shop.the(charlie).at) == ("2026-11-25 09:00", "2026-11-25 09:00")
    shop.settle(closed={**closed, "working": []})
    shop.tick("2026-11-24 20:01")
    assert (shop.the(alice).at, shop.the(charlie).at) == ("2026-11-27 09:00", "2026-11-30 09:00")


@pytest.mark.parametrize(
    ("ordered", "slot"),
    [
        ("2026-11-20 09:59", "2026-11-20 10:00"),
        ("2026-11-20 10:01", "2026-11-20 10:01"),
        ("2026-11-20 21:30", "2026-11-21 08:00"),
    ],
)
def test_who_comes_a_minute_after_the_daily_slot_is_served_the_same_day(
    engine: Engine, ordered: str, slot: str
) -> None:
    """Lステップ sends a day later when the start is one minute past the slot; `at` only ever moves a wish forward."""
    shop = Shop(engine, letter("daily", "{after: order}", step='at: "10:00"'))
    alice = shop.customer("alice")
    shop.order(alice, ordered)
    shop.tick(ordered)
    assert shop.the(alice).at == slot


@pytest.mark.parametrize(
    "looked",
    ["2026-11-20 10:00", "2026-11-20 14:30"],
)
def test_a_tick_that_comes_late_still_sends_the_newsletter_of_ten_o_clock(engine: Engine, looked: str) -> None:
    """Parcelvoy forgives thirty minutes; here an instant is open for as long as its letter is worth sending."""
    shop = Shop(engine, letter("news", '{schedule: {every: day, at: "10:00"}}'))
    alice = shop.customer("alice")
    shop.ticks(looked)
    assert shop.got(alice) == [f"news/letter {looked}"]
    shop.ticks("2026-11-20 20:00")
    assert len(shop.got(alice)) == 1


def test_a_newsletter_a_day_late_is_not_sent_in_the_name_of_yesterday(engine: Engine) -> None:
    """listmonk #1801: a server that came back sent what was due long before."""
    shop = Shop(engine, letter("news", '{schedule: {every: month, day: 20, at: "10:00"}}'))
    alice = shop.customer("alice")
    shop.ticks("2026-11-21 10:00", "2026-11-21 11:00")
    assert shop.got(alice) == []


@pytest.mark.parametrize(
    ("day", "at", "slot"),
    [
        ("03-08", "02:30", "2026-03-08 03:00"),  # the clocks of New York jump from 02:00 to 03:00
        ("03-08", "03:00", "2026-03-08 03:00"),
        ("11-01", "01:30", "2026-11-01 01:30"),  # and go from 02:00 back to 01:00
        ("11-01", "02:00", "2026-11-01 02:00"),
    ],
)
def test_bob_gets_one_greeting_on_the_days_on_which_his_clock_jumps(
    engine: Engine, day: str, at: str, slot: str
) -> None:
    """Braze warns of days with two entries and days with none; mautic #10612 shifted by the hour."""
    month, number = (int(part) for part in day.split("-"))
    shop = Shop(engine, letter("greeting", "{anniversary: birthday}", step=f'at: "{at}"'), hours=ANY_HOUR)
    bob = shop.customer("bob", kind="company", zone=NEW_YORK)
    shop.birthday(bob, month, number)
    eve = instant(f"2026-{day} 00:00", NEW_YORK)
    for hours in (-6, 1.5, 2.5, 3.5, 26):
        shop.ticks(shown(eve + timedelta(hours=hours)))
    assert shop.got(bob, NEW_YORK) == [f"greeting/letter {slot}"]
    first = instant(slot, NEW_YORK)
    assert shop.got(bob, "UTC") == [f"greeting/letter {shown(first, 'UTC')}"]


def test_in_santiago_a_day_without_midnight_has_its_greeting(engine: Engine) -> None:
    """APScheduler #606, #116: where the gap takes midnight, the whole day was skipped."""
    shop = Shop(engine, letter("greeting", "{anniversary: birthday}"), hours=ANY_HOUR)
    bob = shop.customer("bob", kind="company", zone="America/Santiago")
    shop.birthday(bob, 9, 6)
    shop.ticks("2026-09-05 12:00", "2026-09-06 12:59", "2026-09-06 13:00", "2026-09-06 20:00")
    assert shop.got(bob, "America/Santiago") == ["greeting/letter 2026-09-06 01:00"]


def test_a_daily_letter_of_a_shop_in_new_york_goes_once_on_every_day_of_the_change(engine: Engine) -> None:
    """APScheduler #1021, #1036: an endless loop in a gap; and its cron fires twice where an hour comes twice."""
    for days in (["03-07", "03-08", "03-09"], ["10-31", "11-01", "11-02"]):
        news = letter("news", '{schedule: {every: day, at: "02:30"}}', f"starts: 2026-{days[0]}")
        shop = Shop(engine, news, hours=ANY_HOUR, timezone=NEW_YORK)
        charlie = shop.customer(f"charlie {days[0]}", kind="company")
        begin = instant(f"2026-{days[0]} 00:10", NEW_YORK)
        for hours in (0, 25.5, 26.5, 27.5, 52):
            shop.ticks(shown(begin + timedelta(hours=hours)))
        times = {"03-08": "03:00"}
        assert shop.got(charlie, NEW_YORK) == [f"news/letter 2026-{day} {times.get(day, '02:30')}" for day in days]


def test_three_days_keep_bobs_wall_clock_and_seventy_two_hours_do_not(engine: Engine) -> None:
    """mautic #10612: "after 3 days" moved by an hour where the clocks changed in between."""
    by_day = letter("by-day", "{after: order}", step="wait: 3 days")
    by_hour = letter("by-hour", "{after: order}", step="wait: 72 hours")
    shop = Shop(engine, by_day, by_hour, hours=ANY_HOUR)
    bob = shop.customer("bob", kind="company", zone=NEW_YORK)
    shop.order(bob, shown(instant("2026-10-30 12:00", NEW_YORK)))
    shop.tick("2026-11-02 01:00")
    slots = {each.name: shown(instant(each.at), NEW_YORK) for each in shop.told(bob)}
    assert slots == {"by-day/letter": "2026-11-02 12:00", "by-hour/letter": "2026-11-02 11:00"}


def test_nothing_leaves_before_its_date(engine: Engine) -> None:
    """mautic #9616, #1759: events set for a date went out before it."""
    shop = Shop(engine, letter("news", '{schedule: {dates: [2026-11-22], at: "10:00"}}'))
    alice = shop.customer("alice")
    shop.ticks("2026-11-20 23:00", "2026-11-21 09:00", "2026-11-21 23:30", "2026-11-22 09:59")
    assert shop.got(alice) == []
    assert shop.plans(alice) == ["news/letter planned ok 2026-11-22 10:00"]
    shop.ticks("2026-11-22 10:00")
    assert shop.got(alice) == ["news/letter 2026-11-22 10:00"]


def test_bob_who_moves_abroad_is_planned_anew_in_his_new_hours(engine: Engine) -> None:
    """mautic #7665: times kept in the old zone."""
    shop = Shop(engine, letter("late", "{after: order}", step='at: "15:00", valid_for: 3 days'))
    bob = shop.customer("bob")
    shop.order(bob, "2026-11-20 12:00")
    shop.tick("2026-11-20 12:00")
    assert shop.the(bob).at == "2026-11-20 15:00"
    shop.correct(bob, zone=NEW_YORK)
    shop.tick("2026-11-20 12:30")
    assert shown(instant(shop.the(bob).at), NEW_YORK) == "2026-11-20 08:00"  # in New York it is half past ten at night


def test_a_pause_holds_everything_back_and_says_so(engine: Engine) -> None:
    """A person's stop is a gate like the others: it is shown, and what it outlasts expires."""
    shop = Shop(engine, THANKS, letter("brief", "{after: order}", step="valid_for: 1 day"))
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.pause("all", "2026-11-20 09:00", until="2026-11-22 12:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(alice) == [
        "brief/letter expired paused -",
        "thanks/letter planned paused 2026-11-22 12:00",
    ]
