"""Caps against their definition, counted out one by one: legal where no N + 1 contacts lie within less than W."""

import zoneinfo
from bisect import insort
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nurture.config import Settings
from nurture.gates.cap import CapRule, blocking, cap_rules, longest_memory
from nurture.zone import DAY, Unit, zone_table

NOW = int(datetime(2026, 11, 1, 5, 30, tzinfo=UTC).timestamp())  # half an hour before the clocks of New York go back
TOKYO, NEW_YORK, LORD_HOWE = "Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"
ZONES = (TOKYO, NEW_YORK, LORD_HOWE)


def rolling(limit: int, seconds: int) -> CapRule:
    return CapRule("rolling", limit, seconds, None, None)


def calendar(limit: int, unit: Unit) -> CapRule:
    return CapRule("calendar", limit, 0, unit, None)


def within(seconds: int, limit: int, contacts: list[int]) -> bool:
    """The definition itself, over all pairs."""
    ordered = sorted(contacts)
    return all(ordered[first + limit] - ordered[first] >= seconds for first in range(len(ordered) - limit))


def local_period(instant: int, unit: str, zone: str) -> tuple[int, ...]:
    """Which day, week or month of the wall an instant lies in, from zoneinfo alone."""
    day = datetime.fromtimestamp(instant, zoneinfo.ZoneInfo(zone)).date()
    if unit == "week":
        return tuple(day.isocalendar()[:2])
    return (day.year, day.month) if unit == "month" else (day.year, day.month, day.day)


def room_in_period(unit: str, limit: int, contacts: list[int], instant: int, zone: str) -> bool:
    mine = local_period(instant, unit, zone)
    return sum(local_period(each, unit, zone) == mine for each in contacts) < limit


INSTANTS = st.integers(-400, 400).map(lambda step: NOW + step * 600) | st.integers(NOW - 3 * DAY, NOW + 3 * DAY)
LISTS = st.lists(INSTANTS, max_size=9).map(sorted)
WIDTHS = st.sampled_from([1, 600, 3600, 20 * 3600, DAY, 2 * DAY]) | st.integers(1, 3 * DAY)


@settings(max_examples=500)
@given(LISTS, INSTANTS, st.integers(1, 4), WIDTHS)
@example([NOW, NOW], NOW + DAY, 2, DAY)
@example([NOW], NOW + DAY, 1, DAY)
@example([NOW], NOW + DAY - 1, 1, DAY)
@example([NOW], NOW - DAY + 1, 1, DAY)
def test_an_instant_is_open_exactly_where_one_more_contact_breaks_nothing(
    contacts: list[int], instant: int, limit: int, width: int
) -> None:
    """The future counts like the past. A ledger that is over its cap already closes only its runs."""
    block = blocking(rolling(limit, width), contacts, instant, zone_table(TOKYO))
    runs = [contacts[begin : begin + limit] for begin in range(len(contacts) - limit + 1)]
    closing = [run for run in runs if run[-1] - run[0] < width and not within(width, limit, [*run, instant])]
    assert (block is not None) == bool(closing)
    if within(width, limit, contacts):
        assert (block is None) == within(width, limit, [*contacts, instant])


@settings(max_examples=400)
@given(LISTS, INSTANTS, st.integers(1, 4), WIDTHS)
def test_a_block_is_closed_to_its_last_second_and_its_causes_are_the_run_that_makes_it(
    contacts: list[int], instant: int, limit: int, width: int
) -> None:
    rule, zone = rolling(limit, width), zone_table(TOKYO)
    block = blocking(rule, contacts, instant, zone)
    if block is None:
        return
    run = [contacts[place] for place in block.causes]
    assert len(run) == limit
    assert (block.start, block.end) == (run[-1] - width + 1, run[0] + width)
    assert block.start <= instant < block.end
    for inside in (block.start, block.end - 1):
        assert not within(width, limit, [*run, inside])
    for outside in (block.start - 1, block.end):
        assert within(width, limit, [*run, outside])


@settings(max_examples=300)
@given(LISTS, INSTANTS, st.integers(1, 3), st.sampled_from(["day", "week", "month"]), st.sampled_from(ZONES))
def test_a_calendar_cap_counts_the_days_weeks_and_months_of_the_wall(
    contacts: list[int], instant: int, limit: int, unit: Unit, zone: str
) -> None:
    block = blocking(calendar(limit, unit), contacts, instant, zone_table(zone))
    assert (block is None) == room_in_period(unit, limit, contacts, instant, zone)
    if block:
        assert block.start <= instant < block.end
        assert local_period(block.start, unit, zone) == local_period(block.end - 1, unit, zone)
        assert local_period(block.end, unit, zone) != local_period(block.end - 1, unit, zone)
        assert len(block.causes) >= limit


@settings(max_examples=150)
@given(LISTS, INSTANTS, st.sampled_from(ZONES), st.lists(st.integers(0, 5), min_size=1, max_size=3, unique=True))
def test_always_taking_the_first_open_instant_never_breaks_any_cap(
    contacts: list[int], start: int, zone: str, chosen: list[int]
) -> None:
    everything: list[CapRule] = [
        rolling(1, 20 * 3600),
        rolling(2, 2 * DAY),
        rolling(3, DAY),
        calendar(1, "day"),
        calendar(2, "week"),
        calendar(3, "month"),
    ]
    rules = [everything[number] for number in chosen]
    kept: list[int] = []
    for wish in sorted([*contacts, start]):
        instant = max(wish, NOW - 3 * DAY)
        while blocks := [each for rule in rules if (each := blocking(rule, kept, instant, zone_table(zone)))]:
            assert max(each.end for each in blocks) > instant
            instant = max(each.end for each in blocks)
        insort(kept, instant)
    for rule in rules:
        if rule.unit is None:
            assert within(rule.seconds, rule.limit, kept)
        else:
            periods = [local_period(each, rule.unit, zone) for each in kept]
            assert all(periods.count(each) <= rule.limit for each in periods)


def test_the_fourth_letter_of_bob_goes_a_week_after_his_first() -> None:
    """mautic PR #4761."""
    monday, tuesday, wednesday = NOW, NOW + DAY, NOW + 2 * DAY
    block = blocking(rolling(3, 7 * DAY), [monday, tuesday, wednesday], NOW + 3 * DAY, zone_table(TOKYO))
    assert block is not None
    assert block.end == monday + 7 * DAY
    assert block.causes == (0, 1, 2)


def test_of_several_runs_that_close_an_instant_the_one_that_ends_last_is_told() -> None:
    contacts = [NOW, NOW + 3600, NOW + 7200]
    block = blocking(rolling(1, DAY), contacts, NOW + 7200, zone_table(TOKYO))
    assert block is not None
    assert (block.end, block.causes) == (NOW + 7200 + DAY, (2,))


def test_the_day_on_which_an_hour_comes_twice_is_one_day_of_twenty_five_hours() -> None:
    """Bob was called at 01:30 before the clocks went back; at 01:30 after it, it is still the same day."""
    first, second = NOW, NOW + 3600
    zone = zoneinfo.ZoneInfo(NEW_YORK)
    assert datetime.fromtimestamp(first, zone).strftime("%H:%M") == "01:30"
    assert datetime.fromtimestamp(second, zone).strftime("%H:%M") == "01:30"
    block = blocking(calendar(1, "day"), [first], second, zone_table(NEW_YORK))
    assert block is not None
    assert block.end - block.start == 25 * 3600


def test_a_cap_that_is_not_reached_closes_nothing() -> None:
    assert blocking(rolling(2, 7 * DAY), [NOW], NOW, zone_table(TOKYO)) is None
    assert blocking(calendar(2, "day"), [NOW], NOW, zone_table(TOKYO)) is None
    assert blocking(rolling(1, DAY), [], NOW, zone_table(TOKYO)) is None


def test_the_shops_caps_become_rules_with_the_gap_as_the_last() -> None:
    written = {
        "shop": {"name": "みなと"},
        "caps": [
            {"at_most": 2, "per": "7 days"},
            {"at_most": "unlimited", "per": "day"},
            {"at_most": 1, "per": "calendar week", "channel": "line"},
        ],
        "min_gap": "20 hours",
    }
    rules = cap_rules(Settings.model_validate(written))
    assert [(each.name, each.limit, each.seconds, each.unit, each.channel) for each in rules] == [
        ("2 per 7 days", 2, 7 * DAY, None, None),
        ("1 per calendar week on line", 1, 0, "week", "line"),
        ("min_gap", 1, 20 * 3600, None, None),
    ]
    assert longest_memory(rules) == 9 * DAY
    assert cap_rules(Settings.model_validate({**written, "caps": [], "min_gap": "0 hours"})) == ()
    assert longest_memory(()) == 0


@pytest.mark.parametrize("unit", ["day", "week", "month"])
@pytest.mark.parametrize("zone", ZONES)
def test_what_is_older_than_the_longest_memory_can_close_nothing_any_more(unit: Unit, zone: str) -> None:
    rule = calendar(1, unit)
    for hours in range(0, 24 * 70, 7):
        now = NOW + hours * 3600
        old = now - longest_memory([rule]) - 1
        assert blocking(rule, [old], now, zone_table(zone)) is None
    assert timedelta(seconds=longest_memory([rule])) >= {"day": timedelta(hours=25)}.get(unit, timedelta(days=7))
