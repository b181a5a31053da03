"""A sending window: hours of the local day, on some weekdays. It knows no calendar; that is asked through `open_on`.

An instant is allowed if its wall time lies in the window *and* it lies in the unbroken interval from the window's
opening to its closing. The second half decides what happens when the clocks change: an hour that comes twice neither
prolongs a window nor opens it early, and a window swallowed by a gap does not open.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from nurture.zone import DAY, ZoneTable, parse_time_of_day

WINDOW_EXAMPLES = '"10:00-19:00", "21:00-08:00", "10:00-19:00 mon-fri", "all day"'

Interval = tuple[int, int]
"""Half-open [start, end) in epoch seconds UTC."""
OpenOn = Callable[[date], bool]
"""Whether sending may begin on a local date."""

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Window:
    """Half-open hours of the local day; a window that crosses midnight belongs to the day on which it opens."""

    start: int
    """Seconds from local midnight, the first one inside."""
    end: int
    """Seconds from local midnight, the first one outside; less than `start` when the window crosses midnight."""
    weekdays: frozenset[int] | None = None
    """The weekdays on which it opens, Monday is 0; None is every day."""
    all_day: bool = False
    """Midnight to midnight; `start` and `end` are then set to 0 and 86,400."""

    def __post_init__(self) -> None:
        if self.all_day:
            object.__setattr__(self, "start", 0)
            object.__setattr__(self, "end", DAY)
        if self.start == self.end:
            raise ValueError('a window can\'t open and close at the same time: write "all day" for no limit')
        if not (0 <= self.start < DAY and 0 <= self.end <= DAY):
            raise ValueError("a window opens between 00:00 and 23:59 and closes by 24:00")
        if self.weekdays is not None and not (self.weekdays and self.weekdays <= set(range(7))):
            raise ValueError("a window needs at least one weekday, Monday is 0 and Sunday is 6")

    def shows(self, seconds_of_day: int) -> bool:
        """Whether a wall time lies in the window's hours."""
        if self.start < self.end:
            return self.start <= seconds_of_day < self.end
        return seconds_of_day >= self.start or seconds_of_day < self.end

    @property
    def closing(self) -> int:
        """Seconds from the midnight before it opened to its end, so more than a day if it crosses midnight."""
        return self.end if self.start < self.end else self.end + DAY


def allowed(window: Window, table: ZoneTable, instant: int, open_on: OpenOn) -> bool:
    """Whether an instant lies in an opening of the window."""
    if not window.shows(table.local_seconds(instant)):
        return False
    day = table.local_date(instant)
    spans = (_span(window, table, each, open_on) for each in (day, day - _ONE_DAY, day + _ONE_DAY))
    return any(start <= instant < end for start, end in spans)


def openings(window: Window, table: ZoneTable, first: date, last: date, open_on: OpenOn) -> list[Interval]:
    """The openings that begin on dates from the day before `first` to `last`: sorted, disjoint, merged.

    They tell all about the instants from the start of `first` to the end of `last`; the last one may run on.
    """
    found: list[Interval] = []
    for ordinal in range(first.toordinal() - 1, last.toordinal() + 1):
        for start, end in _opening(window, table, date.fromordinal(ordinal), open_on):
            if found and found[-1][1] == start:
                found[-1] = (found[-1][0], end)
            else:
                found.append((start, end))
    return found


def intersect(one: Sequence[Interval], other: Sequence[Interval]) -> list[Interval]:
    """What lies in both of two sorted lists of disjoint intervals."""
    both: list[Interval] = []
    left = right = 0
    while left < len(one) and right < len(other):
        start, end = max(one[left][0], other[right][0]), min(one[left][1], other[right][1])
        if start < end:
            both.append((start, end))
        if one[left][1] < other[right][1]:
            left += 1
        else:
            right += 1
    return both


def closed_blocks(intervals: Sequence[Interval], start: int, end: int) -> list[Interval]:
    """What [start, end) holds outside a sorted list of disjoint intervals."""
    blocks: list[Interval] = []
    for opening, closing in intervals:
        if start < min(opening, end):
            blocks.append((start, min(opening, end)))
        start = max(start, closing)
    return [*blocks, (start, end)] if start < end else blocks


def next_allowed(starts: Sequence[int], ends: Sequence[int], instant: int) -> int | None:
    """The first instant from `instant` on inside intervals, given as sorted starts and ends; None if none is left."""
    index = bisect_right(ends, instant)
    if index == len(ends):
        return None
    start = starts[index]
    return start if start > instant else instant


def parse_window(text: object) -> Window:
    """Read "10:00-19:00", "21:00-08:00", "10:00-19:00 mon-fri", "09:00-18:00 月-金" or "all day"; else a ValueError."""
    found = _WINDOW.fullmatch(unicodedata.normalize("NFKC", text).lower()) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"{text!r} is not a window: write {WINDOW_EXAMPLES}")
    weekdays = _weekdays(found["days"]) if found["days"] else None
    if found["whole"]:
        return Window(0, DAY, weekdays, all_day=True)
    return Window(parse_time_of_day(found["start"]), parse_time_of_day(found["end"]), weekdays)


_DASH = "[-\u2010-\u2015\u2212~\u301c\u30fc]"
_WINDOW = re.compile(
    rf"\s*(?:(?P<whole>all day|終日)|(?P<start>[\d:]+)\s*{_DASH}\s*(?P<end>[\d:]+))(?:\s+(?P<days>\S.*?))?\s*"
)
_DAY_NAMES = ("mon monday", "tue tuesday", "wed wednesday", "thu thursday", "fri friday", "sat saturday", "sun sunday")
_DAY_SIGNS = "月火水木金土日"
_WEEKDAYS = {name: number for number, names in enumerate(_DAY_NAMES) for name in names.split()} | {
    sign + ending: number for number, sign in enumerate(_DAY_SIGNS) for ending in ("", "曜", "曜日")
}


def _weekdays(text: str) -> frozenset[int]:
    """The days of "mon-fri", "sat, sun", "fri-mon", "月-金", "土日" or "平日"."""
    words = re.split(r"[\s,、・]+", re.sub(rf"\s*({_DASH})\s*", r"\1", text))
    return frozenset(day for word in words for day in _days(word))


def _days(word: str) -> list[int]:
    if word == "平日":
        return list(range(5))
    names = list(word) if set(word) <= set(_DAY_SIGNS) else re.split(_DASH, word)
    if any(name not in _WEEKDAYS for name in names):
        raise ValueError(f"{word!r} is not a weekday: write days such as mon-fri, sat, 月-金 or 土日")
    numbers = [_WEEKDAYS[name] for name in names]
    if len(numbers) == 2 and set(word) - set(_DAY_SIGNS):
        return [(numbers[0] + step) % 7 for step in range((numbers[1] - numbers[0]) % 7 + 1)]
    if len(numbers) > 2 and set(word) - set(_DAY_SIGNS):
        raise ValueError(f"{word!r} is not a range of weekdays: write two days, such as mon-fri")
    return numbers


def _opening(window: Window, table: ZoneTable, day: date, open_on: OpenOn) -> list[Interval]:
    """The openings of one day's window: one, or none, or, where an hour comes twice, several."""
    start, end = _span(window, table, day, open_on)
    pieces = table.pieces(start, end)
    if len(pieces) < 2:
        return [(start, end)] if pieces else []
    shown = [_shown(window, *piece) for piece in pieces]
    return [interval for piece in shown for interval in piece]


def _span(window: Window, table: ZoneTable, day: date, open_on: OpenOn) -> Interval:
    """From opening to closing of one day's window, empty where the day it really opens on is closed."""
    start = table.at(day, window.start)
    opens_on = table.local_date(start)
    if (window.weekdays is not None and opens_on.weekday() not in window.weekdays) or not open_on(opens_on):
        return start, start
    return start, table.at(day, window.closing)


def _shown(window: Window, start: int, end: int, offset: int) -> list[Interval]:
    """The parts of [start, end) whose wall time lies in the window's hours, under one offset."""
    hours = (
        (midnight - offset + window.start, midnight - offset + window.closing)
        for midnight in range((start + offset) // DAY * DAY - DAY, end + offset, DAY)
    )
    return intersect([(start, end)], list(hours))
