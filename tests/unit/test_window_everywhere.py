"""Windows in every zone there is: around each clock change from 2005 to 2037, against a walk through every minute."""

import sys
import zoneinfo
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest

from nurture.gates.window import allowed, openings
from nurture.window import Window, parse_window
from nurture.zone import DAY, zone_table
from tests.simulation.figures import record

ZONES = sorted(zoneinfo.available_timezones())
BEGIN, UNTIL = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2005, 2038))
SHARES = 12
HOUR, MINUTE = 3600, 60
FIXED = [parse_window(each) for each in ("08:00-21:00", "21:00-08:00", "00:00-24:00", "09:00-18:00 mon-fri")]


def every_day(_: date) -> bool:
    return True


def windows_near(wall: int) -> Iterator[Window]:
    """Those of a shop, and some that begin, end or lie within what the change takes away or shows twice."""
    yield from FIXED
    hour = wall % 1440 // 60 * HOUR
    for start, end in ((-1, 1), (0, 1), (1, 3), (-20, 0)):
        begins = (hour + start * HOUR + 30 * MINUTE * (start == 0)) % DAY
        ends = (hour + end * HOUR) % DAY or DAY
        if begins != ends:
            yield Window(begins, ends, None)


def shown(zone: str, minutes: range) -> list[int]:
    """What the wall shows at each minute, in minutes since 1970 as the wall shows it, by zoneinfo alone."""
    info = zoneinfo.ZoneInfo(zone)
    epoch = datetime(1970, 1, 1, tzinfo=info)
    found = (info.fromutc(epoch + timedelta(seconds=minute)) for minute in minutes)
    return [(wall.toordinal() - 719_163) * 1440 + wall.hour * 60 + wall.minute for wall in found]


def walked(window: Window, walls: Sequence[int], minutes: range) -> set[int]:
    """The open minutes, from the definition: those between a day's first minute at or behind the opening and its first
    at or behind the closing whose wall lies in the window. The first and last day are not looked at.
    """
    crosses = window.end < window.start
    found: set[int] = set()
    for midnight in range((walls[0] // 1440 + 1) * 1440, (walls[-1] // 1440 - 1) * 1440, 1440):
        opening, closing = midnight + window.start // MINUTE, midnight + window.end // MINUTE + 1440 * crosses
        first = next(index for index, wall in enumerate(walls) if wall >= opening)
        beyond = next(index for index, wall in enumerate(walls) if wall >= closing)
        day = date(1970, 1, 1) + timedelta(minutes=walls[first])
        if window.weekdays is not None and day.weekday() not in window.weekdays:
            continue
        for index in range(first, beyond):
            late, early = walls[index] % 1440 * 60 >= window.start, walls[index] % 1440 * 60 < window.end
            if (late or early) if crosses else (late and early):
                found.add(minutes[index])
    return found


def compared(zone: str, change: int) -> int:
    """Every window around one clock change; gives how many were compared."""
    table, middle = zone_table(zone), change // MINUTE * MINUTE
    minutes = range(middle - 4 * DAY, middle + 4 * DAY, MINUTE)
    walls = shown(zone, minutes)
    local = table.local_date(middle)
    first, last = local - timedelta(days=1), local + timedelta(days=1)
    begin, until = table.day_start(first), table.day_start(last + timedelta(days=1))
    count = 0
    for window in windows_near(walls[minutes.index(middle)]):
        found = openings(window, table, first, last, every_day)
        assert all(before[1] < after[0] for before, after in pairwise(found)), (zone, change, window)
        expected = {minute for minute in walked(window, walls, minutes) if begin <= minute < until}
        planned = {minute for start, end in found for minute in range(start, end, MINUTE) if begin <= minute < until}
        assert planned == expected, (zone, change, window)
        for probe in {edge + step for start, end in found for edge in (start, end) for step in (-1, 0)}:
            if begin <= probe < until:
                assert allowed(window, table, probe, every_day) == (probe // MINUTE * MINUTE in expected), (zone, probe)
        count += 1
    return count


def changes_of(zone: str) -> list[int]:
    """Clock changes, and a day of summer where there are none."""
    found = [start for start, _, _ in zone_table(zone).pieces(BEGIN, UNTIL)[1:]]
    return found or [BEGIN + 200 * DAY]


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "America/Santiago", "Asia/Tokyo"])
def test_windows_agree_with_a_walk_through_every_minute_at_a_zones_next_changes(zone: str) -> None:
    assert sum(compared(zone, each) for each in changes_of(zone)[-4:]) > 0


@pytest.mark.long
@pytest.mark.parametrize("share", range(SHARES))
def test_windows_agree_with_a_walk_through_every_minute_in_every_zone(share: int) -> None:
    changes = [(zone, each) for zone in ZONES[share::SHARES] for each in changes_of(zone)]
    count = sum(compared(zone, each) for zone, each in changes)
    sys.stdout.write(f"{len(ZONES[share::SHARES])} zones, {len(changes)} clock changes, {count} windows\n")
    assert count >= len(changes) * 6
    zones = len(ZONES[share::SHARES])
    what = "Openings of windows around clock changes from 2005 to 2037, against a walk through every minute"
    record(
        "windows", what, {"zones": zones, "clock changes": len(changes), "windows compared": count, "differences": 0}
    )
