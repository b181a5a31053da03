"""Calendars and openings. Alice is a person in Tokyo, charlie's firm keeps business hours, bob lives abroad."""

import zoneinfo
from datetime import date, datetime, timedelta
from time import process_time

import holidays
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.gates.opening import Calendar, Openings, is_national_holiday, openings_in
from nurture.gates.window import allowed
from nurture.window import Window, parse_window
from nurture.zone import DAY, zone_table

ZONES = sorted(zoneinfo.available_timezones())
INDIVIDUALS = Calendar("individuals", parse_window("09:00-20:00"))
COMPANIES = Calendar("companies", parse_window("09:00-18:00 mon-fri"), holidays=False)


def instant(text: str, zone: str = "Asia/Tokyo") -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


def in_tokyo(calendar: Calendar, first: str, last: str, narrower: Window | None = None) -> Openings:
    return openings_in(calendar, "Asia/Tokyo", date.fromisoformat(first), date.fromisoformat(last), narrower)


@pytest.mark.parametrize("year", range(2024, 2028))
def test_the_national_holidays_are_those_of_another_library(year: int) -> None:
    days = [date(year, 1, 1) + timedelta(days=day) for day in range(366)]
    found = {day for day in days if is_national_holiday(day)}
    assert {day for day in found if day.year == year} == set(holidays.country_holidays("JP", years=year))


def test_substitute_and_in_between_holidays_are_closed_for_charlie() -> None:
    # Constitution Day 2026 is a Sunday and the two days after it are holidays: the substitute is Wednesday.
    assert not COMPANIES.is_open(date(2026, 5, 6))
    assert COMPANIES.is_open(date(2026, 5, 7))
    # 22 September 2026 lies between Respect for the Aged Day and the Autumn Equinox.
    assert not COMPANIES.is_open(date(2026, 9, 22))
    # 11 February 2024 is a Sunday.
    assert not COMPANIES.is_open(date(2024, 2, 12))
    assert INDIVIDUALS.is_open(date(2026, 5, 6))


def test_what_is_due_on_saturday_evening_goes_to_charlie_on_monday_at_nine() -> None:
    openings = in_tokyo(COMPANIES, "2026-08-01", "2026-08-31")
    assert openings.first_open(instant("2026-08-01T18:13")) == instant("2026-08-03T09:00")
    assert openings.closed_block(instant("2026-08-01T18:13")) == (
        instant("2026-08-01T00:00"),
        instant("2026-08-03T09:00"),
    )


def test_what_is_due_before_the_golden_week_waits_until_it_is_over() -> None:
    openings = in_tokyo(COMPANIES, "2026-04-27", "2026-05-31")
    assert openings.first_open(instant("2026-05-01T18:00")) == instant("2026-05-07T09:00")
    assert openings.closed_block(instant("2026-05-04T12:00")) == (
        instant("2026-05-01T18:00"),
        instant("2026-05-07T09:00"),
    )


def test_an_open_instant_is_its_own_first_and_has_no_closed_block() -> None:
    openings = in_tokyo(INDIVIDUALS, "2026-08-03", "2026-08-04")
    for open_instant in (instant("2026-08-03T09:00"), instant("2026-08-03T19:59:59")):
        assert openings.is_open(open_instant)
        assert openings.first_open(open_instant) == open_instant
        assert openings.closed_block(open_instant) is None
    assert not openings.is_open(instant("2026-08-03T20:00"))


def test_closed_dates_working_dates_and_closing_days_each_have_their_say() -> None:
    shop = Calendar(
        "shop",
        parse_window("10:00-19:00"),
        holidays=False,
        closed_weekdays=frozenset({2}),
        closed_dates=frozenset({date(2026, 8, 13)}),
        extra_holidays=frozenset({date(2026, 8, 14)}),
        working_dates=frozenset({date(2026, 8, 11), date(2026, 8, 12)}),
    )
    assert shop.is_open(date(2026, 8, 10))
    assert shop.is_open(date(2026, 8, 11))  # Mountain Day, but they work
    assert shop.is_open(date(2026, 8, 12))  # a Wednesday, but they work
    assert not shop.is_open(date(2026, 8, 13))
    assert not shop.is_open(date(2026, 8, 14))
    assert not shop.is_open(date(2026, 8, 19))  # a Wednesday


def test_a_day_both_closed_and_working_is_refused() -> None:
    both = frozenset({date(2026, 8, 13)})
    with pytest.raises(ValueError, match="2026-08-13 can't be both"):
        Calendar("shop", parse_window("all day"), closed_dates=both, working_dates=both)
    with pytest.raises(ValueError, match="numbers from 0"):
        Calendar("shop", parse_window("all day"), closed_weekdays=frozenset({7}))


def test_a_steps_window_narrows_the_shops_hours_and_never_widens_them() -> None:
    evening = in_tokyo(INDIVIDUALS, "2026-08-03", "2026-08-03", parse_window("18:00-22:00"))
    assert evening.starts == (instant("2026-08-03T18:00"),)
    assert evening.ends == (instant("2026-08-03T20:00"),)
    night = in_tokyo(INDIVIDUALS, "2026-08-03", "2026-08-09", parse_window("21:00-08:00"))
    assert night.first_open(instant("2026-08-03T12:00")) is None
    assert night.closed_block(instant("2026-08-03T12:00")) == (night.begin, night.until)


def test_an_instant_outside_the_computed_days_gets_no_guess() -> None:
    openings = in_tokyo(INDIVIDUALS, "2026-08-03", "2026-08-03")
    for ask in (openings.first_open, openings.closed_block, openings.is_open):
        with pytest.raises(ValueError, match="outside the computed days"):
            ask(instant("2026-08-04T00:00"))
        with pytest.raises(ValueError, match="outside the computed days"):
            ask(instant("2026-08-02T23:59:59"))


def test_an_unknown_zone_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'Asia/Tokio' is not a time zone"):
        openings_in(INDIVIDUALS, "Asia/Tokio", date(2026, 8, 3), date(2026, 8, 3))


def test_bobs_night_window_is_never_missed_and_never_doubled_through_a_year_of_clock_changes() -> None:
    nights = Calendar("nights", parse_window("01:15-01:45"))
    for zone in ("America/New_York", "Australia/Lord_Howe", "Europe/London", "America/Santiago"):
        openings = openings_in(nights, zone, date(2026, 1, 1), date(2026, 12, 31))
        days = [zone_table(zone).local_date(start) for start in openings.starts]
        assert len(days) == len(set(days))
        swallowed = {"Europe/London": {date(2026, 3, 29)}}
        assert set(days) ^ {date(2026, 1, 1) + timedelta(days=day) for day in range(365)} == swallowed.get(zone, set())


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(ZONES),
    st.dates(date(2010, 1, 1), date(2012, 12, 31)) | st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    st.sampled_from(["09:00-20:00", "21:00-08:00", "00:00-03:00 sun", "all day mon-fri", "02:30-02:15"]),
    st.integers(0, 9 * DAY),
)
def test_openings_say_what_the_window_says(zone: str, first: date, text: str, after: int) -> None:
    calendar = Calendar("any", parse_window(text), holidays=False, closed_weekdays=frozenset({2}))
    openings = openings_in(calendar, zone, first, first + timedelta(days=9))
    when = openings.begin + after
    table = zone_table(zone)
    if when >= openings.until:
        return
    assert openings.is_open(when) == allowed(calendar.window, table, when, calendar.is_open)
    block, following = openings.closed_block(when), openings.first_open(when)
    assert (block is None) == openings.is_open(when)
    if block:
        assert block[0] <= when < block[1] == (following or openings.until)
        assert block[0] == openings.begin or openings.is_open(block[0] - 1)


def test_all_zones_of_the_world_take_less_than_a_tenth_of_a_second() -> None:
    for zone in ZONES:
        zone_table(zone)
    assert not COMPANIES.is_open(date(2026, 10, 12))  # Sports Day
    taken = []
    for day in range(3):
        before = process_time()
        for zone in ZONES:
            openings_in(COMPANIES, zone, date(2026, 10, 24 + day), date(2026, 10, 26 + day))
        taken.append(process_time() - before)
    assert min(taken) < 0.1
