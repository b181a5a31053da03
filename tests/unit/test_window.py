"""Sending windows against a minute-by-minute scan with zoneinfo. Alice is in Tokyo, bob where the clocks change."""

import zoneinfo
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.gates.window import (
    Interval,
    allowed,
    intersect,
    next_allowed,
    openings,
)
from nurture.window import Window, parse_window
from nurture.zone import DAY, zone_table

ZONES = sorted(zoneinfo.available_timezones())
BEGIN, UNTIL = 694_224_000, 2_335_219_200  # 1992-01-01 and 2044-01-01
HOUR, MINUTE = 3600, 60


def every_day(_: date) -> bool:
    return True


def instant(text: str, zone: str) -> int:
    """The instant of an unambiguous wall time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


def on(day: str, window: str, zone: str, open_on: Callable[[date], bool] = every_day) -> list[tuple[str, str]]:
    """The openings that begin on one day, in UTC, as a person reads them."""
    first = date.fromisoformat(day)
    found = openings(parse_window(window), zone_table(zone), first + timedelta(days=1), first, open_on)
    return [(_utc(start), _utc(end)) for start, end in found]


def _utc(when: int) -> str:
    return datetime.fromtimestamp(when, UTC).strftime("%d %H:%M")


def scanned(window: Window, zone: str, minutes: range, open_on: Callable[[date], bool]) -> set[int]:
    """The open minutes, by walking through all of them for each day, from the definition and zoneinfo alone.

    The first and last day of `minutes` are only there to find where the windows of the others begin and end.
    """
    info = zoneinfo.ZoneInfo(zone)
    epoch = datetime(1970, 1, 1, tzinfo=info)
    # What the wall shows at each minute, in minutes since 1970 as the wall shows it.
    shown = (info.fromutc(epoch + timedelta(seconds=minute)) for minute in minutes)
    walls = [(wall.toordinal() - 719_163) * 1440 + wall.hour * 60 + wall.minute for wall in shown]
    crosses = window.end < window.start
    open_minutes: set[int] = set()
    for midnight in range((walls[0] // 1440 + 1) * 1440, (walls[-1] // 1440 - 1) * 1440, 1440):
        opening = midnight + window.start // MINUTE
        closing = midnight + window.end // MINUTE + 1440 * crosses
        first = next(index for index, wall in enumerate(walls) if wall >= opening)
        beyond = next(index for index, wall in enumerate(walls) if wall >= closing)
        day = date(1970, 1, 1) + timedelta(minutes=walls[first])
        if not open_on(day) or (window.weekdays is not None and day.weekday() not in window.weekdays):
            continue
        for index in range(first, beyond):
            after_start, before_end = walls[index] % 1440 * 60 >= window.start, walls[index] % 1440 * 60 < window.end
            if (after_start or before_end) if crosses else (after_start and before_end):
                open_minutes.add(minutes[index])
    return open_minutes


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and a whole minute, nine times in ten within 25 hours of a clock change."""
    zone = draw(st.sampled_from(ZONES))
    changes = [start for start, _, _ in zone_table(zone).pieces(BEGIN, UNTIL)[1:]]
    if changes and draw(st.integers(0, 9)):
        return zone, draw(st.sampled_from(changes)) + draw(st.integers(-25 * 60, 25 * 60)) * MINUTE
    return zone, draw(st.integers(BEGIN // MINUTE, UNTIL // MINUTE)) * MINUTE


@st.composite
def windows(draw: st.DrawFn) -> Window:
    """Any window, often with its ends at night, where clocks change."""
    weekdays = draw(st.none() | st.frozensets(st.integers(0, 6), min_size=1))
    if not draw(st.integers(0, 7)):
        return Window(0, 0, weekdays, all_day=True)
    times = st.sampled_from(range(0, 4 * HOUR, 15 * MINUTE)) | st.sampled_from(range(0, DAY, MINUTE))
    start = draw(times)
    return Window(start, draw((times | st.just(DAY)).filter(lambda end: end != start)), weekdays)


@settings(max_examples=150, deadline=None)
@given(moments(), windows(), st.none() | st.integers(2, 5))
def test_openings_and_allowed_agree_with_a_walk_through_every_minute(
    moment: tuple[str, int], window: Window, closed_every: int | None
) -> None:
    def open_on(day: date) -> bool:
        return closed_every is None or day.toordinal() % closed_every != 0

    zone, when = moment
    table = zone_table(zone)
    open_minutes = scanned(window, zone, range(when - 4 * DAY, when + 4 * DAY, MINUTE), open_on)
    middle = table.local_date(when)
    first, last = middle - timedelta(days=1), middle + timedelta(days=1)
    begin, until = table.day_start(first), table.day_start(last + timedelta(days=1))
    found = openings(window, table, first, last, open_on)
    assert all(start < end for start, end in found)
    assert all(before[1] < after[0] for before, after in pairwise(found))
    walked = {minute for minute in open_minutes if begin <= minute < until}
    assert {minute for start, end in found for minute in range(start, end, MINUTE) if begin <= minute < until} == walked
    edges = {edge + step for start, end in found for edge in (start, end) for step in (-1, 0, 1)}
    for probe in edges | set(range(begin, until, 97 * MINUTE)):
        if begin <= probe < until:
            assert allowed(window, table, probe, open_on) == (probe // MINUTE * MINUTE in open_minutes)


def test_a_window_from_21_to_8_opens_at_night_and_is_not_turned_round() -> None:
    night, tokyo = parse_window("21:00-08:00"), zone_table("Asia/Tokyo")
    assert on("2026-08-03", "21:00-08:00", "Asia/Tokyo") == [("03 12:00", "03 23:00")]
    assert allowed(night, tokyo, instant("2026-08-03T21:00", "Asia/Tokyo"), every_day)
    assert allowed(night, tokyo, instant("2026-08-04T07:59:59", "Asia/Tokyo"), every_day)
    assert not allowed(night, tokyo, instant("2026-08-04T08:00", "Asia/Tokyo"), every_day)
    assert not allowed(night, tokyo, instant("2026-08-04T12:00", "Asia/Tokyo"), every_day)


def test_a_night_window_belongs_to_the_day_on_which_it_opened() -> None:
    friday_night, tokyo = parse_window("22:00-02:00 fri"), zone_table("Asia/Tokyo")
    assert allowed(friday_night, tokyo, instant("2026-08-08T01:00", "Asia/Tokyo"), every_day)  # a Saturday
    assert not allowed(friday_night, tokyo, instant("2026-08-07T01:00", "Asia/Tokyo"), every_day)  # a Friday


def test_a_window_that_a_gap_swallows_does_not_open() -> None:
    assert on("2026-03-08", "02:15-02:45", "America/New_York") == []
    assert on("2026-03-09", "02:15-02:45", "America/New_York") == [("09 06:15", "09 06:45")]


def test_a_window_that_begins_in_a_gap_opens_at_its_end() -> None:
    assert on("2026-03-08", "02:30-05:00", "America/New_York") == [("08 07:00", "08 09:00")]


def test_a_window_within_the_hour_that_comes_twice_opens_once() -> None:
    assert on("2026-11-01", "01:15-01:45", "America/New_York") == [("01 05:15", "01 05:45")]


def test_a_fold_neither_prolongs_a_window_nor_reopens_it_before_its_start() -> None:
    assert on("2026-10-31", "22:00-01:30", "America/New_York") == [("01 02:00", "01 05:30")]
    # 01:30 to 02:00, then the clock shows 01:00 again and the window waits for its start.
    assert on("2026-11-01", "01:30-05:00", "America/New_York") == [("01 05:30", "01 06:00"), ("01 06:30", "01 10:00")]


def test_bob_on_lord_howe_loses_and_gains_half_an_hour() -> None:
    assert on("2026-10-04", "01:00-03:00", "Australia/Lord_Howe") == [("03 14:30", "03 16:00")]
    assert on("2026-04-05", "01:00-03:00", "Australia/Lord_Howe") == [("04 14:00", "04 16:30")]


def test_in_santiago_the_whole_day_opens_although_midnight_is_missing() -> None:
    assert on("2026-09-06", "all day", "America/Santiago") == [("06 04:00", "07 03:00")]
    assert on("2026-09-06", "00:30-09:00 sun", "America/Santiago") == [("06 04:00", "06 12:00")]


def test_in_samoa_no_window_opens_on_the_day_that_never_was() -> None:
    assert on("2011-12-30", "10:00-19:00", "Pacific/Apia") == []


def test_a_window_that_a_gap_pushes_past_midnight_opens_on_the_new_day() -> None:
    # In Nuuk the clocks go from 23:00 on Saturday to 00:00 on Sunday.
    assert on("2026-03-28", "23:30-02:00 sat", "America/Nuuk") == []
    assert on("2026-03-28", "23:30-02:00 sun", "America/Nuuk") == [("29 01:00", "29 03:00")]


def test_a_day_that_has_begun_goes_on_when_the_clock_falls_back_past_midnight() -> None:
    # In Newfoundland the clocks went from 00:01 on Sunday back to 23:01 on Saturday.
    second_half_past_eleven = instant("2010-11-07T03:00", "UTC")
    table = zone_table("America/St_Johns")
    assert allowed(parse_window("all day sun"), table, second_half_past_eleven, every_day)
    assert not allowed(parse_window("all day sat"), table, second_half_past_eleven, every_day)


def test_days_that_touch_are_one_opening() -> None:
    tokyo = zone_table("Asia/Tokyo")
    found = openings(parse_window("all day"), tokyo, date(2026, 8, 3), date(2026, 8, 9), every_day)
    assert found == [(instant("2026-08-02T00:00", "Asia/Tokyo"), instant("2026-08-10T00:00", "Asia/Tokyo"))]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("10:00-19:00", Window(36_000, 68_400)),
        ("21:00-08:00", Window(75_600, 28_800)),
        ("10:00-19:00 mon-fri", Window(36_000, 68_400, frozenset(range(5)))),
        ("09:00-18:00 月-金", Window(32_400, 64_800, frozenset(range(5)))),
        ("９：００〜１８：００ 平日", Window(32_400, 64_800, frozenset(range(5)))),
        ("9:00 - 18:00 fri-mon", Window(32_400, 64_800, frozenset({4, 5, 6, 0}))),
        ("9:00-18:00 Sat, Sun", Window(32_400, 64_800, frozenset({5, 6}))),
        ("9:00-18:00 mon, wed - fri", Window(32_400, 64_800, frozenset({0, 2, 3, 4}))),
        ("9:00-18:00 土日", Window(32_400, 64_800, frozenset({5, 6}))),
        ("9:00-18:00 月火・木", Window(32_400, 64_800, frozenset({0, 1, 3}))),
        ("9:00-18:00 日曜日", Window(32_400, 64_800, frozenset({6}))),
        ("9:00-18:00 月曜〜水曜", Window(32_400, 64_800, frozenset({0, 1, 2}))),
        ("20:00-24:00", Window(72_000, DAY)),
        ("20:00-00:00", Window(72_000, 0)),
        ("all day", Window(0, DAY, all_day=True)),
        ("終日 土", Window(0, DAY, frozenset({5}), all_day=True)),
    ],
)
def test_a_window_reads_as_people_write_it(text: str, meant: Window) -> None:
    assert parse_window(text) == meant


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("", 'write "10:00-19:00"'),
        (None, 'write "10:00-19:00"'),
        (1260, 'write "10:00-19:00"'),
        ("10:00", 'write "10:00-19:00"'),
        ("10-19", "write hours and minutes"),
        ("10:00-25:00", "write hours and minutes"),
        ("10:00-10:00", 'write "all day"'),
        ("24:00-08:00", "opens between 00:00 and 23:59"),
        ("10:00-19:00 weekdays", "write days such as mon-fri"),
        ("10:00-19:00 mon-", "write days such as mon-fri"),
        ("10:00-19:00 mon-wed-fri", "write two days"),
    ],
)
def test_what_is_no_window_is_told_what_to_write(text: object, advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        parse_window(text)


def test_a_window_on_no_weekday_would_never_open_and_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one weekday"):
        Window(0, HOUR, frozenset())
    with pytest.raises(ValueError, match="Sunday is 6"):
        Window(0, HOUR, frozenset({7}))


@st.composite
def interval_lists(draw: st.DrawFn) -> list[Interval]:
    cuts = sorted(draw(st.sets(st.integers(0, 60), max_size=16)))
    return list(zip(cuts[::2], cuts[1::2], strict=False))


def _inside(intervals: list[Interval]) -> set[int]:
    return {point for start, end in intervals for point in range(start, end)}


@given(interval_lists(), interval_lists())
def test_what_two_lists_share_is_in_both(one: list[Interval], other: list[Interval]) -> None:
    both = intersect(one, other)
    assert _inside(both) == _inside(one) & _inside(other)
    assert all(start < end for start, end in both)
    assert both == sorted(both)


@given(interval_lists(), st.integers(0, 62))
def test_the_next_allowed_instant_is_the_first_inside(intervals: list[Interval], when: int) -> None:
    starts, ends = [start for start, _ in intervals], [end for _, end in intervals]
    expected = min((point for point in _inside(intervals) if point >= when), default=None)
    assert next_allowed(starts, ends, when) == expected
