"""When a shop may write, asked instant by instant on the wall clock of the recipient."""

from datetime import date, timedelta
from functools import cache

import holidays

from nurture.config import Settings
from nurture.window import Window

from .state import Customer
from .time import instant_of, midnight, wall


@cache
def _national_holidays(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year))


def is_open(instant: int, person: Customer, zone: str, window: Window | None, settings: Settings) -> bool:
    """Whether the shop's hours for this kind of customer, narrowed by a step's window, hold the instant."""
    began = began_on(instant, person, zone, settings)
    if began is None or is_closed(began, person, settings):
        return False
    return window is None or _began(window, instant, zone) is not None


def began_on(instant: int, person: Customer, zone: str, settings: Settings) -> date | None:
    """The local day on which the shop's hours began that hold the instant; None where the shop is closed."""
    return _began(settings.hours.company if person.kind == "company" else settings.hours.individual, instant, zone)


def is_closed(day: date, person: Customer, settings: Settings) -> bool:
    """Whether the shop sends nothing on a local day."""
    closed, hours = settings.closed, settings.hours
    on_holidays = hours.company_on_holidays if person.kind == "company" else hours.individual_on_holidays
    if day in closed.dates or day in closed.working:
        return day in closed.dates
    is_holiday = day in _national_holidays(day.year) or day in closed.holidays
    return day.weekday() in closed.weekdays or (is_holiday and not on_holidays)


def _began(window: Window, instant: int, zone: str) -> date | None:
    """The day on which the window opened that holds the instant; None where none does.

    The wall must show a time of the window, and the window must not have closed yet: an hour that comes twice does not
    prolong it.
    """
    shown = wall(instant, zone)
    today = shown.date()
    seconds = shown.hour * 3600 + shown.minute * 60 + shown.second
    start, end = (0, 86_400) if window.all_day else (window.start, window.end)
    if start < end:
        day = today if start <= seconds < end else None
    else:
        day = today if seconds >= start else today - timedelta(days=1) if seconds < end else None
    if day is None or (window.weekdays is not None and day.weekday() not in window.weekdays):
        return None
    closing = midnight(day) + timedelta(seconds=end, days=0 if start < end else 1)
    opened, closed = (instant_of(each, zone) for each in (midnight(day) + timedelta(seconds=start), closing))
    return day if opened <= instant < closed else None
