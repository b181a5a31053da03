"""When a shop may send: its calendar of open days and the openings that follow in one zone. It plans nothing."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from jpholiday import JPHoliday

from nurture.gates.window import Interval, intersect, next_allowed, openings
from nurture.window import Window
from nurture.zone import zone_table

_HOLIDAYS = JPHoliday()


@dataclass(frozen=True)
class Calendar:
    """The hours and days on which one kind of recipient may be sent to."""

    name: str
    """What the shop calls it, e.g. `individuals`."""
    window: Window
    """The hours, and the weekdays on which they begin; these weekdays bind working dates too."""
    holidays: bool = True
    """Whether Japanese national holidays are open."""
    closed_weekdays: frozenset[int] = frozenset()
    """The shop's weekly closing days, Monday is 0."""
    closed_dates: frozenset[date] = frozenset()
    """Single days on which nothing is sent, before everything else."""
    extra_holidays: frozenset[date] = frozenset()
    """Holidays that the law adds after this release, or the shop's own; they count as national holidays."""
    working_dates: frozenset[date] = frozenset()
    """Days that are open although a holiday or a weekly closing day falls on them."""

    def __post_init__(self) -> None:
        if both := self.closed_dates & self.working_dates:
            raise ValueError(f"{min(both)} can't be both a closed and a working date: keep one")
        if not self.closed_weekdays <= set(range(7)):
            raise ValueError("closed weekdays are numbers from 0 (Monday) to 6 (Sunday)")

    def is_open(self, day: date) -> bool:
        """Whether a window may open on a local date."""
        if day in self.closed_dates:
            return False
        if day in self.working_dates:
            return True
        if day.weekday() in self.closed_weekdays:
            return False
        return self.holidays or not (day in self.extra_holidays or is_national_holiday(day))


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of one calendar in one zone, complete for the instants in [begin, until)."""

    starts: tuple[int, ...]
    """First instants of the openings, ascending."""
    ends: tuple[int, ...]
    """First instants after them."""
    begin: int
    """The first instant that the openings speak of."""
    until: int
    """The first instant that they don't speak of."""

    def first_open(self, instant: int) -> int | None:
        """The first open instant from `instant` on, or None if there is none before `until`."""
        self._expect(instant)
        return next_allowed(self.starts, self.ends, instant)

    def is_open(self, instant: int) -> bool:
        """Whether an instant lies in an opening."""
        return self.first_open(instant) == instant

    def closed_block(self, instant: int) -> Interval | None:
        """The closed time around an instant, cut off at `begin` and `until`; None if the instant is open."""
        self._expect(instant)
        following = bisect_right(self.ends, instant)
        reopening = self.starts[following] if following < len(self.starts) else self.until
        if reopening <= instant:
            return None
        return self.ends[following - 1] if following else self.begin, reopening

    def _expect(self, instant: int) -> None:
        # An answer from beyond the computed days would be a guess, and a guess sends mail at night.
        if not self.begin <= instant < self.until:
            raise ValueError(f"instant {instant} lies outside the computed days, {self.begin} to {self.until}")


@lru_cache(maxsize=4096)
def openings_in(calendar: Calendar, zone: str, first: date, last: date, narrower: Window | None = None) -> Openings:
    """The openings of a calendar in a zone for the local days `first` to `last`.

    A step's own window narrows the calendar's hours and never widens them. An unknown zone is a ValueError.
    """
    table = zone_table(zone)
    begin, until = table.day_start(first), table.day_start(date.fromordinal(last.toordinal() + 1))
    found = openings(calendar.window, table, first, last, calendar.is_open)
    if narrower is not None:
        found = intersect(found, openings(narrower, table, first, last, _every_day))
    found = intersect(found, [(begin, until)])
    return Openings(tuple(start for start, _ in found), tuple(end for _, end in found), begin, until)


@lru_cache(maxsize=8192)
def is_national_holiday(day: date) -> bool:
    """Whether Japan has a national holiday, substitute and in-between days included (Act No. 178 of 1948)."""
    # Day by day, since a whole year takes 75 ms and a tick asks for a few days.
    return _HOLIDAYS.is_holiday(day)


def _every_day(_: date) -> bool:
    return True
