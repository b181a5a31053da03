"""Wall clocks and instants, from `zoneinfo` alone. Instants are whole seconds since 1970 UTC."""

from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

DAY = 86_400
HOUR = 3_600


@cache
def zone_of(name: str) -> ZoneInfo:
    return ZoneInfo(name)


@lru_cache(maxsize=1 << 16)
def wall(instant: int, zone: str) -> datetime:
    """What the clock on the wall shows, as a naive datetime."""
    return datetime.fromtimestamp(instant, zone_of(zone)).replace(tzinfo=None)


@lru_cache(maxsize=1 << 16)
def day_of(instant: int, zone: str) -> date:
    """The local day of an instant."""
    return wall(instant, zone).date()


@cache
def instant_of(shown: datetime, zone: str) -> int:
    """The first instant at which the clock shows `shown`; where it jumps over that time, the first after the jump."""
    instant = int(shown.replace(tzinfo=zone_of(zone), fold=0).timestamp())
    if wall(instant, zone) == shown:
        return instant
    instant -= instant % 60 + 3 * HOUR
    while wall(instant, zone) < shown:
        instant += 60
    return instant


@cache
def day_start(day: date, zone: str) -> int:
    """The first instant of a local day: searched for from the evening before, minute by minute around midnight."""
    instant = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - 15 * HOUR
    while day_of(instant + HOUR, zone) < day:
        instant += HOUR
    while day_of(instant, zone) < day:
        instant += 60
    return instant


def add_days(instant: int, days: int, zone: str) -> int:
    """The same wall time some calendar days later; the instant itself where there are none."""
    return instant_of(wall(instant, zone) + timedelta(days=days), zone) if days else instant


def at_hour(instant: int, seconds: int, zone: str) -> int:
    """The given time of the instant's local day."""
    day = day_of(instant, zone)
    return instant_of(midnight(day) + timedelta(seconds=seconds), zone)


def midnight(day: date) -> datetime:
    """What the clock shows when a day begins, as a naive datetime."""
    return datetime.combine(day, datetime.min.time())


def days_between(first: int, last: int, zone: str) -> list[date]:
    """The local days that two instants and everything between them belong to."""
    start, end = day_of(first, zone), day_of(last, zone)
    return [start + timedelta(days=number) for number in range((end - start).days + 1)]


@cache
def changes_of_offset(day: date, zone: str) -> tuple[int, ...]:
    """The instants of a local day (and the hours around it) at which its zone changes its offset, to the minute."""
    start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) - DAY
    found = []
    for hour in range(start, start + 3 * DAY, HOUR):
        if _offset(hour, zone) != _offset(hour + HOUR, zone):
            found.append(
                next(each for each in range(hour, hour + HOUR + 60, 60) if _offset(each, zone) != _offset(hour, zone))
            )
    return tuple(found)


@lru_cache(maxsize=1 << 16)
def _offset(instant: int, zone: str) -> timedelta | None:
    return datetime.fromtimestamp(instant, zone_of(zone)).utcoffset()


def period_of(instant: int, word: str, zone: str) -> tuple[int, int]:
    """The calendar day, week (from Monday) or month that holds an instant, as [first instant, first of the next)."""
    day = day_of(instant, zone)
    if word == "day":
        first, following = day, day + timedelta(days=1)
    elif word == "week":
        first = day - timedelta(days=day.weekday())
        following = first + timedelta(days=7)
    else:
        first = day.replace(day=1)
        following = (first + timedelta(days=32)).replace(day=1)
    return day_start(first, zone), day_start(following, zone)
