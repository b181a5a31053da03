"""Zone arithmetic against zoneinfo, in every zone of the machine. Alice is in Tokyo, bob where the clocks change."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.zone import (
    DAY,
    Duration,
    Unit,
    ZoneTable,
    parse_duration,
    parse_time_of_day,
    period_end,
    period_number,
    period_start,
    zone_table,
)

ZONES = sorted(zoneinfo.available_timezones())
BEGIN, UNTIL = 631_152_000, 2_398_377_600  # 1990-01-01 and 2046-01-01
UNITS: tuple[Unit, ...] = ("day", "week", "month")


def instant(text: str, zone: str = "UTC") -> int:
    """The instant of an unambiguous wall time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


def wall(zone: str, when: int) -> datetime:
    """What the wall shows, from zoneinfo alone."""
    return datetime.fromtimestamp(when, zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)


def true_offset(zone: str, when: int) -> int:
    return int((wall(zone, when) - datetime.fromtimestamp(when, UTC).replace(tzinfo=None)).total_seconds())


def true_at(zone: str, shown: datetime) -> int:
    """The first instant that shows a wall time, else the first after the gap, from zoneinfo alone."""
    later, earlier = (int(shown.replace(fold=f, tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()) for f in (0, 1))
    if wall(zone, later) == shown:
        return later
    while later - earlier > 1:
        middle = (later + earlier) // 2
        earlier, later = (earlier, middle) if wall(zone, middle) > shown else (middle, later)
    return later


def changes(zone: str) -> list[int]:
    """The instants of a zone's clock changes, found by zoneinfo to the second, from daily probes."""
    found = []
    for start in range(BEGIN + DAY, UNTIL - 2 * DAY, DAY):
        end = start + DAY
        if true_offset(zone, start) != true_offset(zone, end):
            while end - start > 1:
                middle = (start + end) // 2
                changed = true_offset(zone, middle) != true_offset(zone, start)
                start, end = (start, middle) if changed else (middle, end)
            found.append(end)
    return found


def table_changes(zone: str) -> list[int]:
    return [start for start, _, _ in zone_table(zone).pieces(BEGIN, UNTIL)[1:]]


@st.composite
def moments(draw: st.DrawFn) -> tuple[str, int]:
    """A zone and an instant, three times in four within 25 hours of a clock change."""
    zone = draw(st.sampled_from(ZONES))
    near = [change for change in table_changes(zone) if BEGIN + 800 * DAY < change < UNTIL - 950 * DAY]
    if near and draw(st.integers(0, 3)):
        return zone, draw(st.sampled_from(near)) + draw(st.integers(-25 * 3600, 25 * 3600))
    return zone, draw(st.integers(BEGIN + 800 * DAY, UNTIL - 950 * DAY))


@pytest.mark.parametrize("zone", ["America/Santiago", "Australia/Lord_Howe", "Asia/Gaza", "Pacific/Apia"])
def test_a_table_has_exactly_the_clock_changes_that_zoneinfo_has(zone: str) -> None:
    assert table_changes(zone) == changes(zone)


def test_every_zone_of_the_machine_has_the_right_offset_in_every_week_and_at_every_change() -> None:
    # The last three years are asked daily: yearly rules repeat, so no change of theirs hides between two weeks.
    probes = [*range(BEGIN, UNTIL, 7 * DAY), *range(UNTIL - 1100 * DAY, UNTIL, DAY)]
    passed = [timedelta(seconds=probe) for probe in probes]
    for zone in _different_zones():
        table, epoch = zone_table(zone), datetime(1970, 1, 1, tzinfo=zoneinfo.ZoneInfo(zone))
        # fromutc is the fast way through a million instants.
        expected = [epoch.tzinfo.fromutc(epoch + each) - epoch - each for each in passed if epoch.tzinfo]
        assert [timedelta(seconds=table.offset(probe)) for probe in probes] == expected, zone
        for change in table_changes(zone):
            assert table.offset(change - 1) == true_offset(zone, change - 1), zone
            assert table.offset(change) == true_offset(zone, change), zone


def _different_zones() -> list[str]:
    """One zone of each set that shares its zone file's content."""
    folder = next((Path(each) for each in zoneinfo.TZPATH if Path(each, "Asia/Tokyo").is_file()), None)
    return sorted({folder.joinpath(zone).read_bytes(): zone for zone in ZONES}.values()) if folder else ZONES


@settings(max_examples=700, deadline=None)
@given(moments())
def test_what_the_wall_shows_agrees_with_zoneinfo(moment: tuple[str, int]) -> None:
    zone, when = moment
    table, shown = zone_table(zone), wall(*moment)
    assert table.offset(when) == true_offset(zone, when)
    assert table.local_date(when) == shown.date()
    assert table.local_seconds(when) == shown.hour * 3600 + shown.minute * 60 + shown.second


@settings(max_examples=700, deadline=None)
@given(moments(), st.integers(-2, 2), st.integers(0, 96))
def test_a_wall_time_is_its_first_occurrence_or_the_end_of_the_gap(
    moment: tuple[str, int], days: int, quarter: int
) -> None:
    zone, when = moment
    day = wall(zone, when).date() + timedelta(days=days)
    expected = true_at(zone, datetime.combine(day, datetime.min.time()) + timedelta(minutes=15 * quarter))
    assert zone_table(zone).at(day, quarter * 900) == expected


@settings(max_examples=700, deadline=None)
@given(moments(), st.integers(-400, 400).filter(bool))
def test_adding_days_keeps_the_wall_time(moment: tuple[str, int], days: int) -> None:
    zone, when = moment
    assert zone_table(zone).add_days(when, days) == true_at(zone, wall(zone, when) + timedelta(days=days))


@settings(max_examples=500, deadline=None)
@given(moments(), st.integers(-2, 2))
def test_a_day_lands_right_also_when_it_lands_near_a_clock_change(moment: tuple[str, int], days: int) -> None:
    zone, when = moment
    landed = zone_table(zone).add_days(when, days)
    assert landed == (true_at(zone, wall(zone, when) + timedelta(days=days)) if days else when)


@settings(max_examples=500, deadline=None)
@given(moments(), st.integers(1, 30))
def test_months_are_calendar_months_clipped_to_the_last_day(moment: tuple[str, int], months: int) -> None:
    zone, when = moment
    shown = wall(zone, when)
    year, month = divmod(shown.year * 12 + shown.month - 1 + months, 12)
    clipped = next(
        candidate for candidate in (shown.day - step for step in range(4)) if _is_date(year, month + 1, candidate)
    )
    expected = true_at(zone, shown.replace(year=year, month=month + 1, day=clipped))
    assert zone_table(zone).add_months(when, months) == expected


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


@settings(max_examples=500, deadline=None)
@given(moments(), st.integers(0, 60), st.sampled_from(["days", "months"]))
def test_a_duration_keeps_between_its_shortest_and_its_longest(moment: tuple[str, int], count: int, unit: str) -> None:
    zone, when = moment
    duration, table = Duration(**{unit: count if unit == "days" else count % 12}), zone_table(zone)
    assert duration.shortest_seconds <= duration.after(table, when) - when <= duration.longest_seconds
    assert duration.shortest_seconds <= when - duration.before(table, when) <= duration.longest_seconds


def test_the_largest_falls_and_rises_of_all_zones_are_within_the_bounds_of_a_duration() -> None:
    for zone in ZONES:
        offsets = [offset for _, _, offset in zone_table(zone).pieces(BEGIN, UNTIL)]
        for index, offset in enumerate(offsets):
            assert offset - min(offsets[index:]) <= Duration(days=1).longest_seconds - DAY, zone
            assert max(offsets[index:]) - offset <= 2 * DAY - Duration(days=2).shortest_seconds, zone


@settings(max_examples=700, deadline=None)
@given(moments(), st.sampled_from(UNITS))
def test_periods_follow_each_other_without_a_gap_and_their_numbers_never_fall(
    moment: tuple[str, int], unit: Unit
) -> None:
    zone, when = moment
    table = zone_table(zone)
    start, end = period_start(table, when, unit), period_end(table, when, unit)
    number = period_number(table, when, unit)
    assert start <= when < end
    assert period_number(table, start, unit) == number == period_number(table, end - 1, unit)
    assert period_number(table, start - 1, unit) < number < period_number(table, end, unit)
    assert period_start(table, end, unit) == end


@settings(max_examples=300, deadline=None)
@given(moments())
def test_a_cut_stretch_of_time_is_whole_again_when_put_together(moment: tuple[str, int]) -> None:
    zone, when = moment
    pieces = zone_table(zone).pieces(when, when + 300 * DAY)
    assert (pieces[0][0], pieces[-1][1]) == (when, when + 300 * DAY)
    assert all(before[1] == after[0] and before[2] != after[2] for before, after in pairwise(pieces))
    assert all(true_offset(zone, start) == offset == true_offset(zone, end - 1) for start, end, offset in pieces)
    assert zone_table(zone).pieces(when, when) == []


def test_in_santiago_the_day_begins_at_one_when_midnight_is_in_the_gap() -> None:
    table = zone_table("America/Santiago")
    assert table.day_start(date(2026, 9, 6)) == instant("2026-09-06T04:00")
    assert table.local_seconds(table.day_start(date(2026, 9, 6))) == 3600
    assert period_start(table, instant("2026-09-06T09:00", "America/Santiago"), "day") == instant("2026-09-06T04:00")


def test_in_samoa_the_day_that_never_was_begins_and_ends_at_once() -> None:
    table = zone_table("Pacific/Apia")
    assert table.day_start(date(2011, 12, 30)) == table.day_start(date(2011, 12, 31)) == instant("2011-12-30T10:00")
    assert table.add_days(instant("2011-12-29T10:00", "Pacific/Apia"), 1) == instant("2011-12-30T10:00")


def test_bob_on_lord_howe_has_a_change_of_half_an_hour() -> None:
    table = zone_table("Australia/Lord_Howe")
    assert table.at(date(2026, 10, 4), 2 * 3600 + 900) == instant("2026-10-03T15:30")  # 02:15 does not exist
    assert table.local_seconds(instant("2026-10-03T15:30")) == 2 * 3600 + 1800
    assert table.at(date(2026, 4, 5), 1 * 3600 + 2700) == instant("2026-04-04T14:45")  # 01:45 comes twice
    assert table.at(date(2026, 4, 5), 2 * 3600) == instant("2026-04-04T15:30")


def test_bobs_daily_half_past_two_comes_once_a_day_through_gap_and_fold() -> None:
    table = zone_table("America/New_York")
    days = [date(2026, 1, 1) + timedelta(days=day) for day in range(365)]
    sends = [table.at(day, 9000) for day in days]
    assert [table.local_date(send) for send in sends] == days
    assert table.at(date(2026, 3, 8), 9000) == instant("2026-03-08T07:00")  # 03:00, the first after the gap
    assert table.at(date(2026, 11, 1), 5400) == instant("2026-11-01T05:30")  # 01:30, the first of two


def test_a_fold_past_midnight_does_not_bring_yesterday_back() -> None:
    # Until 2011 the clocks of Newfoundland fell back at 00:01, so 23:01 came again after the new day had begun.
    table = zone_table("America/St_Johns")
    assert table.local_date(instant("2010-11-07T02:45")) == date(2010, 11, 6)
    assert period_number(table, instant("2010-11-07T02:45"), "day") == date(2010, 11, 7).toordinal()
    assert period_start(table, instant("2010-11-07T02:45"), "day") == instant("2010-11-07T02:30")


def test_alice_gets_the_monthly_greeting_of_15_february_again_on_15_march() -> None:
    table = zone_table("Asia/Tokyo")
    one_month = parse_duration("1 month")
    assert one_month.after(table, instant("2026-02-15T09:00", "Asia/Tokyo")) == instant(
        "2026-03-15T09:00", "Asia/Tokyo"
    )
    assert one_month.after(table, instant("2026-01-31T09:00", "Asia/Tokyo")) == instant(
        "2026-02-28T09:00", "Asia/Tokyo"
    )
    assert one_month.before(table, instant("2026-03-15T09:00", "Asia/Tokyo")) == instant(
        "2026-02-15T09:00", "Asia/Tokyo"
    )


def test_three_days_keep_bobs_wall_time_and_72_hours_do_not() -> None:
    table, bought = zone_table("America/New_York"), instant("2026-03-06T09:00", "America/New_York")
    assert parse_duration("3 days").after(table, bought) == instant("2026-03-09T09:00", "America/New_York")
    assert parse_duration("72 hours").after(table, bought) == instant("2026-03-09T10:00", "America/New_York")
    assert parse_duration("72 hours").before(table, parse_duration("72 hours").after(table, bought)) == bought


def test_waiting_no_days_in_the_second_of_two_equal_hours_does_not_go_back_in_time() -> None:
    second_half_past_one = instant("2026-11-01T06:30")
    assert parse_duration("0 days").after(zone_table("America/New_York"), second_half_past_one) == second_half_past_one
    assert zone_table("America/New_York").add_months(second_half_past_one, 0) == second_half_past_one


def test_a_week_begins_on_monday() -> None:
    table = zone_table("Asia/Tokyo")
    sunday = instant("2026-08-02T23:59", "Asia/Tokyo")
    assert period_start(table, sunday, "week") == instant("2026-07-27T00:00", "Asia/Tokyo")
    assert period_end(table, sunday, "week") == instant("2026-08-03T00:00", "Asia/Tokyo")
    assert period_end(table, sunday, "month") == instant("2026-09-01T00:00", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("3 days", Duration(days=3)),
        ("1 day", Duration(days=1)),
        ("72 hours", Duration(seconds=259_200)),
        ("90 minutes", Duration(seconds=5400)),
        ("2 weeks", Duration(days=14)),
        ("1 month", Duration(months=1)),
        ("1 year", Duration(months=12)),
        ("0 days", Duration()),
        ("3日", Duration(days=3)),
        ("３日間", Duration(days=3)),
        ("72時間", Duration(seconds=259_200)),
        ("2週間", Duration(days=14)),
        ("1か月", Duration(months=1)),
        ("1ヶ月", Duration(months=1)),
        ("１カ月", Duration(months=1)),
        ("90分", Duration(seconds=5400)),
        ("1年", Duration(months=12)),
    ],
)
def test_a_duration_reads_as_people_write_it(text: str, meant: Duration) -> None:
    assert parse_duration(text) == meant


@pytest.mark.parametrize(
    "text", ["", "3", 3, None, "days", "1.5 days", "-1 day", "3 fortnights", "3 days 2 hours", "1日半"]
)
def test_what_is_no_duration_is_told_what_to_write(text: object) -> None:
    with pytest.raises(ValueError, match='write a whole number and a unit, such as "3 days"'):
        parse_duration(text)


def test_a_duration_of_centuries_is_a_slip_of_the_pen() -> None:
    assert parse_duration("10 years") == Duration(months=120)
    with pytest.raises(ValueError, match="at most 10 years"):
        parse_duration("4000 days")


@pytest.mark.parametrize(
    ("text", "seconds"), [("09:00", 32_400), ("9:00", 32_400), ("21:30", 77_400), ("24:00", DAY), ("００：００", 0)]
)
def test_a_time_of_day_is_seconds_from_midnight(text: str, seconds: int) -> None:
    assert parse_time_of_day(text) == seconds


@pytest.mark.parametrize("text", ["", "9", "24:01", "25:00", "12:60", "noon", "12:30:00", None, 9.5])
def test_what_is_no_time_of_day_is_told_what_to_write(text: object) -> None:
    with pytest.raises(ValueError, match='write hours and minutes, such as "09:00"'):
        parse_time_of_day(text)


def test_an_unquoted_time_that_arrived_as_a_number_is_shown_in_quotes() -> None:
    with pytest.raises(ValueError, match='1260 is a number, not a time of day: write it in quotes, such as "21:00"'):
        parse_time_of_day(1260)


@pytest.mark.parametrize("name", ["", "JST", "Asia/Tokio", "Asia", "../etc/passwd", "/etc/passwd", "right/UTC", "a\0b"])
def test_an_unknown_zone_is_told_what_to_write(name: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone: write an IANA name such as Asia/Tokyo"):
        zone_table(name)


def test_a_table_is_built_once() -> None:
    assert zone_table("Asia/Tokyo") is zone_table("Asia/Tokyo")
    assert isinstance(zone_table("Asia/Tokyo"), ZoneTable)
