"""Instants and lengths of time as the owner reads them: 11月22日（日）10:00, 11/22, 20時間."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from nurture.catalogue import say
from nurture.zone import Duration, zone_table


def day_and_time(language: str, instant: int, zone: str, this_year: int | None = None) -> str:
    """11月22日（日）10:00 on the wall of `zone`; with the year where it is not `this_year`."""
    day = full_day(language, zone_table(zone).local_date(instant), this_year)
    return say(language, "moment.at", day=day, time=time_of_day(instant, zone))


def full_day(language: str, day: date, this_year: int | None = None) -> str:
    """11月22日（日）, or 2025年11月22日（土） where the year is not `this_year`."""
    key = "moment.day" if this_year in (None, day.year) else "moment.day.year"
    return say(language, key, year=day.year, **_words(language, day))


def year_of(instant: int, zone: str) -> int:
    """The year on the wall of `zone`."""
    return zone_table(zone).local_date(instant).year


def short_day(language: str, instant: int, zone: str, now: int | None = None) -> str:
    """11/22; 2025/11/22 where `now` lies in another year."""
    table = zone_table(zone)
    day = table.local_date(instant)
    key = "moment.short" if now is None or table.local_date(now).year == day.year else "moment.short.year"
    return say(language, key, year=day.year, **_words(language, day))


def short_moment(language: str, instant: int, zone: str, now: int | None = None, *, same_day: bool = False) -> str:
    """11/22 10:00, with the year where `now` lies in another; `same_day` leaves the day of `now` itself out."""
    table = zone_table(zone)
    if same_day and now is not None and table.local_date(now) == table.local_date(instant):
        return time_of_day(instant, zone)
    return f"{short_day(language, instant, zone, now)} {time_of_day(instant, zone)}"


def yearly_day(language: str, month: int, day: int) -> str:
    """11月22日, or 11月 where the day is 0."""
    words = _words(language, date(2000, month, day or 1))
    return say(language, "moment.month_day" if day else "moment.month", **words)


def time_of_day(instant: int, zone: str) -> str:
    """10:00."""
    return clock(zone_table(zone).local_seconds(instant))


def clock(seconds_of_day: int) -> str:
    """36,000 as 10:00."""
    return f"{seconds_of_day // 3600}:{seconds_of_day % 3600 // 60:02}"


def length(language: str, duration: Duration) -> str:
    """7日, 20時間, 1か月."""
    parts = [say(language, "period.months", count=duration.months)] if duration.months else []
    parts += [say(language, "period.days", count=duration.days)] if duration.days else []
    return " ".join([*parts, *_clock_time(language, duration.seconds)]) or say(language, "period.days", count=0)


def utc_text(instant: int | None) -> str | None:
    """2026-11-22T01:00:00Z."""
    return None if instant is None else f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%dT%H:%M:%SZ}"


def local_text(instant: int | None, zone: str) -> str | None:
    """2026-11-22T10:00:00+09:00."""
    return None if instant is None else datetime.fromtimestamp(instant, ZoneInfo(zone)).isoformat()


def _clock_time(language: str, seconds: int) -> list[str]:
    hours, minutes = seconds // 3600, seconds % 3600 // 60
    found = [say(language, "period.hours", count=hours)] if hours else []
    return found + ([say(language, "period.minutes", count=minutes)] if minutes else [])


def _words(language: str, day: date) -> dict[str, object]:
    weekdays = say(language, "moment.weekdays")
    names = weekdays.split() if " " in weekdays else list(weekdays)
    month = say(language, "moment.months").split()[day.month - 1]
    return {
        "month": day.month,
        "day": day.day,
        "weekday": names[day.weekday()],
        "month_name": month,
        "month_short": month[:3],
    }
