"""A sending window: hours of the local day, on some weekdays. It knows no calendar; that is asked through `open_on`.

An instant is allowed if its wall time lies in the window *and* it lies in the unbroken interval from the window's
opening to its closing. The second half decides what happens when the clocks change: an hour that comes twice neither
prolongs a window nor opens it early, and a window swallowed by a gap does not open.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from nurture.window import Window
from nurture.zone import DAY, ZoneTable

Interval = tuple[int, int]
"""Half-open [start, end) in epoch seconds UTC."""
OpenOn = Callable[[date], bool]
"""Whether sending may begin on a local date."""

_ONE_DAY = timedelta(days=1)


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


def next_allowed(starts: Sequence[int], ends: Sequence[int], instant: int) -> int | None:
    """The first instant from `instant` on inside intervals, given as sorted starts and ends; None if none is left."""
    index = bisect_right(ends, instant)
    if index == len(ends):
        return None
    start = starts[index]
    return start if start > instant else instant


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
