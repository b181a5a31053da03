"""Time zones as plain integer arithmetic: instants are epoch seconds UTC, days are local calendar dates.

It holds no `now`, no opening hours and no I/O beyond reading the machine's compiled zone files (RFC 9636).
"""

import re
import struct
import unicodedata
import zoneinfo
from bisect import bisect_left, bisect_right
from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from io import BytesIO
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Literal

DAY = 86_400
FIRST_YEAR, LAST_YEAR = 1990, 2045
DURATION_EXAMPLES = '"3 days", "72 hours", "2 weeks", "1 month"'
TIME_OF_DAY_EXAMPLES = '"09:00", "21:30", "24:00"'

Unit = Literal["day", "week", "month"]

_EPOCH = date(1970, 1, 1).toordinal()
_FOREVER = 1 << 60
# How far a zone's offset can fall or rise between two instants of 1990-2045: Vostok Station went from +7 to 0, and
# Samoa left out 30 December 2011 with summer time on top. The tests ask every zone.
_LARGEST_FALL = 7 * 3600
_LARGEST_RISE = 25 * 3600


class ZoneTable:
    """The offsets of one zone, exact from 1990 to 2045; before and after, the nearest known offset goes on.

    A wall time in a gap means the first instant after the gap, one that comes twice means its first occurrence.
    """

    __slots__ = ("_fresh", "_offsets", "_reached", "_starts", "name")

    def __init__(self, name: str, transitions: list[tuple[int, int]], first_offset: int) -> None:
        """`transitions` are (instant, offset in seconds from then on), ascending."""
        self.name = name
        self._starts = [-_FOREVER, *(instant for instant, _ in transitions), _FOREVER]
        self._offsets = [first_offset, *(offset for _, offset in transitions)]
        # The wall time (seconds since 1970 as the wall shows it) that has been reached when each stretch ends; the
        # first stretch that reaches beyond a wall time is the one that shows it first, so one bisection resolves
        # gaps and folds alike.
        ends = (end + offset for end, offset in zip(self._starts[1:], self._offsets, strict=True))
        self._reached = list(accumulate(ends, max))
        # In each stretch, the first instant that shows a wall time for the first time.
        before = zip(self._starts[1:], self._reached, self._offsets[1:], strict=False)
        self._fresh = [-_FOREVER, *(max(start, wall - offset) for start, wall, offset in before)]

    def offset(self, instant: int) -> int:
        """Seconds to add to UTC."""
        return self._offsets[bisect_right(self._starts, instant) - 1]

    def local_date(self, instant: int) -> date:
        """The date on the wall."""
        return date.fromordinal((instant + self.offset(instant)) // DAY + _EPOCH)

    def local_seconds(self, instant: int) -> int:
        """Seconds since midnight as the wall shows them, so 32,400 at 09:00 on every day of the year."""
        return (instant + self.offset(instant)) % DAY

    def day_start(self, day: date) -> int:
        """The first instant of a local day, also where midnight is in a gap (01:00 in Santiago on 2026-09-06)."""
        return self._first((day.toordinal() - _EPOCH) * DAY)

    def at(self, day: date, seconds_of_day: int) -> int:
        """The instant of a wall time; 86,400 is the midnight that ends the day."""
        return self._first((day.toordinal() - _EPOCH) * DAY + seconds_of_day)

    def add_days(self, instant: int, days: int) -> int:
        """The same wall time so many calendar days later (or earlier, if negative); none leaves the instant alone."""
        stretch = bisect_right(self._starts, instant) - 1
        target = instant + days * DAY
        if self._fresh[stretch] <= target < self._starts[stretch + 1] or not days:
            return target
        return self._first(target + self._offsets[stretch])

    def add_months(self, instant: int, months: int) -> int:
        """The same wall time so many calendar months later; 31 January + 1 month is the last day of February."""
        if not months:
            return instant
        days, seconds = divmod(instant + self.offset(instant), DAY)
        return self.at(_month_later(date.fromordinal(days + _EPOCH), months), seconds)

    def pieces(self, start: int, end: int) -> list[tuple[int, int, int]]:
        """[start, end) cut at the zone's transitions, each piece as (start, end, offset); empty if start >= end."""
        if start >= end:
            return []
        first, last = bisect_right(self._starts, start), bisect_left(self._starts, end)
        cuts = [start, *self._starts[first:last], end]
        return [(*cut, self._offsets[first - 1 + index]) for index, cut in enumerate(pairwise(cuts))]

    def day_number(self, instant: int) -> int:
        """The ordinal of the local day; where a fold takes the wall back past midnight, the new day goes on."""
        stretch = bisect_right(self._starts, instant) - 1
        wall = instant + self._offsets[stretch]
        if instant < self._fresh[stretch]:
            wall = self._reached[stretch - 1] - 1
        return wall // DAY + _EPOCH

    def _first(self, wall: int) -> int:
        stretch = bisect_right(self._reached, wall)
        return max(wall - self._offsets[stretch], self._starts[stretch])


@lru_cache(maxsize=1024)
def zone_table(name: str) -> ZoneTable:
    """The table of an IANA zone; an unknown name is a ValueError."""
    compiled = _compiled(name)
    offset = _reader(zoneinfo.ZoneInfo.from_file(BytesIO(compiled), key=name))
    begin, until = _new_year(FIRST_YEAR), _new_year(LAST_YEAR + 1)
    changes = [instant for instant in _written_transitions(compiled) if begin < instant < until]
    if b"," in compiled[compiled.rindex(b"\n", 0, -1) :]:
        changes += _rule_transitions(offset, changes[-1] if changes else begin, until)
    first_offset = previous = offset(begin)
    transitions: list[tuple[int, int]] = []
    for instant in changes:
        if (following := offset(instant)) != previous:
            transitions.append((instant, following))
            previous = following
    return ZoneTable(name, transitions, first_offset)


def period_number(table: ZoneTable, instant: int, unit: Unit) -> int:
    """The ordinal of the local day, week (from Monday) or month that an instant lies in; it never falls."""
    day = table.day_number(instant)
    if unit == "day":
        return day
    if unit == "week":
        return (day - 1) // 7
    month = date.fromordinal(day)
    return month.year * 12 + month.month - 1


def period_start(table: ZoneTable, instant: int, unit: Unit) -> int:
    """The first instant of the local day, week or month that an instant lies in."""
    return table.day_start(_first_day(period_number(table, instant, unit), unit))


def period_end(table: ZoneTable, instant: int, unit: Unit) -> int:
    """The first instant after the local day, week or month that an instant lies in."""
    return table.day_start(_first_day(period_number(table, instant, unit) + 1, unit))


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time as a person means it: "3 days" keeps the wall time, "72 hours" does not."""

    days: int = 0
    """Calendar days in the customer's zone."""
    seconds: int = 0
    """Elapsed seconds, whatever the zone does."""
    months: int = 0
    """Calendar months in the customer's zone, clipped to the end of the month."""

    def after(self, table: ZoneTable, instant: int) -> int:
        """The instant so much later."""
        return table.add_days(table.add_months(instant, self.months), self.days) + self.seconds

    def before(self, table: ZoneTable, instant: int) -> int:
        """The instant so much earlier."""
        return table.add_months(table.add_days(instant - self.seconds, -self.days), -self.months)

    @property
    def longest_seconds(self) -> int:
        """It never takes longer than this, in any zone and season."""
        return self.seconds + (self.days + 31 * self.months) * DAY + (_LARGEST_FALL if self._is_calendar else 0)

    @property
    def shortest_seconds(self) -> int:
        """It never takes less than this, in any zone and season."""
        calendar = (self.days + 28 * self.months) * DAY - (_LARGEST_RISE if self._is_calendar else 0)
        return self.seconds + max(0, calendar)

    @property
    def _is_calendar(self) -> bool:
        return bool(self.days or self.months)


def parse_duration(text: object) -> Duration:
    """Read "3 days", "72 hours", "1 month", "2週間", "1か月"; anything else, or over 10 years, is a ValueError."""
    found = _DURATION.fullmatch(unicodedata.normalize("NFKC", text)) if isinstance(text, str) else None
    per_one = _UNITS.get(found["unit"].lower()) if found else None
    if found is None or per_one is None:
        raise ValueError(f"{text!r} is not a duration: write a whole number and a unit, such as {DURATION_EXAMPLES}")
    count = int(found["count"])
    duration = Duration(count * per_one.days, count * per_one.seconds, count * per_one.months)
    if duration.longest_seconds > 3721 * DAY:
        raise ValueError(f"{text!r} is too long: write at most 10 years")
    return duration


def parse_time_of_day(text: object) -> int:
    """Seconds from local midnight for "09:00"; "24:00" is 86,400; a number or another form is a ValueError."""
    if isinstance(text, int):
        # YAML 1.1 readers turn an unquoted 21:00 into 21 * 60.
        meant = f"{text // 60:02}:{text % 60:02}" if 0 <= text <= 1440 else "21:00"
        raise ValueError(f'{text} is a number, not a time of day: write it in quotes, such as "{meant}"')
    found = _TIME_OF_DAY.fullmatch(unicodedata.normalize("NFKC", text)) if isinstance(text, str) else None
    minutes = int(found["hour"]) * 60 + int(found["minute"]) if found else DAY
    if minutes > 1440:
        raise ValueError(f"{text!r} is not a time of day: write hours and minutes, such as {TIME_OF_DAY_EXAMPLES}")
    return minutes * 60


_TIME_OF_DAY = re.compile(r"\s*(?P<hour>[0-9]{1,2}):(?P<minute>[0-5][0-9])\s*")
_DURATION = re.compile(r"\s*(?P<count>[0-9]{1,9})\s*(?P<unit>[^\W\d]+)\s*")
_ONE = {
    Duration(seconds=1): "second seconds sec 秒 秒間",
    Duration(seconds=60): "minute minutes min 分 分間",
    Duration(seconds=3600): "hour hours 時間",
    Duration(days=1): "day days 日 日間",
    Duration(days=7): "week weeks 週 週間",
    Duration(months=1): "month months か月 ヶ月 ケ月 カ月 ヵ月 ヵ月間 箇月 か月間 ヶ月間 ケ月間 カ月間",
    Duration(months=12): "year years 年 年間",
}
_UNITS = {word: one for one, words in _ONE.items() for word in words.split()}


def _month_later(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def _first_day(number: int, unit: Unit) -> date:
    if unit == "month":
        return date(number // 12, number % 12 + 1, 1)
    return date.fromordinal(number if unit == "day" else number * 7 + 1)


def _compiled(name: str) -> bytes:
    """The zone file that ZoneInfo would load, found in the same order (PEP 615)."""
    try:
        # Trees that count leap seconds ("right/") would be off by half a minute.
        if name.startswith(("right/", "posix/")):
            raise ValueError(name)
        zoneinfo.ZoneInfo(name)
    except (KeyError, ValueError, OSError, TypeError, AttributeError):
        raise ValueError(f"{name!r} is not a time zone: write an IANA name such as Asia/Tokyo") from None
    for path in (Path(folder, name) for folder in zoneinfo.TZPATH):
        if path.is_file():
            return path.read_bytes()
    return files("tzdata").joinpath("zoneinfo", name).read_bytes()


def _written_transitions(compiled: bytes) -> list[int]:
    """The instants listed in a zone file, from its 64-bit block where it has one (RFC 9636 section 3)."""
    counts = struct.unpack_from(">6l", compiled, 20)
    is_ut, is_standard, leaps, times, types, characters = counts
    if compiled[4:5] == b"\0":
        return list(struct.unpack_from(f">{times}l", compiled, 44))
    second = 44 + times * 5 + types * 6 + characters + leaps * 8 + is_standard + is_ut
    (times,) = struct.unpack_from(">l", compiled, second + 32)
    return list(struct.unpack_from(f">{times}q", compiled, second + 44))


def _rule_transitions(offset: Callable[[int], int], begin: int, until: int) -> list[int]:
    """The transitions after those listed, by the file's yearly rule, found by probes and bisection.

    A rule has two transitions a year; none of the world's lies within three weeks of the other (the tests ask every
    zone). Probing agrees with zoneinfo by construction, where a reader of the rule's grammar could err.
    """
    probes = [(instant, offset(instant)) for instant in range(begin, until, 21 * DAY)]
    return [
        _change(offset, start, end, before)
        for (start, before), (end, after) in pairwise([*probes, (until, offset(until))])
        if before != after
    ]


def _change(offset: Callable[[int], int], start: int, end: int, before: int) -> int:
    """The first instant after `start` at which the offset is no longer `before`; clocks mostly change on a quarter."""

    def changed(instant: int) -> bool:
        return offset(instant) != before

    found = min(end, start + bisect_left(range(start, end, 900), True, key=changed) * 900)
    return found if not changed(found - 1) else found - 899 + bisect_left(range(found - 899, found), True, key=changed)


def _reader(zone: zoneinfo.ZoneInfo) -> Callable[[int], int]:
    """The offset at an instant: fromutc takes a fifth of the time of datetime.fromtimestamp(instant, zone)."""
    epoch = datetime(1970, 1, 1, tzinfo=zone)

    def offset(instant: int) -> int:
        moment = epoch + timedelta(seconds=instant)
        passed = zone.fromutc(moment) - moment
        return passed.days * DAY + passed.seconds

    return offset


def _new_year(year: int) -> int:
    return int(datetime(year, 1, 1, tzinfo=UTC).timestamp())
