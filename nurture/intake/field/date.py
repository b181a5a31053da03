"""Dates as people and programs write them: western, by era, by month alone, as Excel numbers."""

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache

from nurture.intake.field.text import Unreadable, narrow

ERAS = {
    **dict.fromkeys(("明治", "M"), (1867, 45)),
    **dict.fromkeys(("大正", "T"), (1911, 15)),
    **dict.fromkeys(("昭和", "S"), (1925, 64)),
    **dict.fromkeys(("平成", "H"), (1988, 31)),
    **dict.fromkeys(("令和", "R"), (2018, 99)),
}
"""Name → (the year before its first, its last year). Any day of a last year is taken: 昭和64年4月 is plain."""

EXCEL_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001 - a wall time; Excel knows no zones
EXCEL_FIRST, EXCEL_LAST = 10_000, 90_000
"""Numbers in between are dates from 1927 to 2146; smaller and larger ones are something else."""

_CLOCK = r"(?P<hour>\d{1,2})(?:[:時](?P<minute>\d{1,2}|半)(?:[:分](?P<second>\d{1,2})(?:\.\d+)?)?[秒分]?|時)"
_TIME = rf"(?:(?P<half>午前|午後|[AP]M) ?)?{_CLOCK}(?: ?[~〜](?: ?\d{{1,2}}[:時](?:\d{{1,2}}分?|半)?)?)?"
"""A time, or the first of a span of time."""
_ZONE = r"(?P<zone>Z|UTC|[+-]\d{2}:?\d{2})"
_WEEKDAY = r"(?:\([月火水木金土日]\)|[月火水木金土日]曜日?)"
_AFTER = rf"(?:{_WEEKDAY})?(?:[ T]*(?:{_TIME}))?(?: ?{_ZONE})?"
_DAY = r"(?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?"
_WESTERN = re.compile(rf"(?P<year>\d{{4}})[-/.年]{_DAY}{_AFTER}")
_ERA = re.compile(
    rf"(?P<era>明治|大正|昭和|平成|令和|[MTSHR])\.?(?P<year>\d{{1,2}}|元)[-/.年]{_DAY}{_AFTER}", re.IGNORECASE
)
_DIGITS = re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d))?")
_EXCEL = re.compile(r"\d{5}(?:\.\d+)?")
_MONTH_DAY = re.compile(rf"(?:-{{2}})?{_DAY}")
_MONTH = re.compile(r"(\d{1,2})(?:月(?:生まれ|生)?|\.0)?")


@dataclass(frozen=True, slots=True)
class YearlyDay:
    """A day that comes round: its year may be unknown, and its day too."""

    year: int | None
    month: int
    day: int | None


@lru_cache(maxsize=16_384)
def read_yearly_day(text: str, latest: date) -> YearlyDay:
    """A birthday or the like: any form of `read_date`, or 4月, 4/1, 04-01, --04-01.

    Raises Unreadable, also for a day after `latest`.
    """
    plain = _plain(text)
    if found := _MONTH_DAY.fullmatch(plain):
        # 2000 has a 29 February, and a day without a year may be one.
        day = _day(2000, found, text)
        return YearlyDay(None, day.month, day.day)
    if plain.endswith(("月", "月生", "月生まれ")):
        return YearlyDay(None, read_month(plain), None)
    if plain.startswith("0000"):
        return read_yearly_day(plain[5:] if len(plain) > 8 else f"{plain[4:6]}-{plain[6:]}", latest)
    day = read_date(text)
    if day > latest:
        raise Unreadable("reject.date_future", found=text)
    return YearlyDay(day.year, day.month, day.day)


def read_month(text: str) -> int:
    """A month alone: 4, 4月, 4月生まれ. Raises Unreadable."""
    found = _MONTH.fullmatch(_plain(text))
    if not found or not 1 <= int(found[1]) <= 12:
        raise Unreadable("reject.month", found=text)
    return int(found[1])


@lru_cache(maxsize=16_384)
def read_date(text: str) -> date:
    """1980-04-01, 1980/4/1, 1980年4月1日, 19800401, S55.4.1, 昭和55年4月1日, H3/7/9 or an Excel number.

    A time behind it is passed over. Raises Unreadable, for 4/1/1980 too: nobody knows which is the month.
    """
    return _wall(text)[0].date()


@lru_cache(maxsize=16_384)
def read_moment(text: str, zone: tzinfo) -> int:
    """Epoch seconds of a date with or without a time (then 00:00), on the clocks of `zone` unless it names its own.

    Raises Unreadable.
    """
    if len(text) == 10 and text.isdigit() and text.startswith("1"):
        return int(text)
    wall, own = _wall(text)
    return int(wall.replace(tzinfo=own or zone).timestamp())


def _wall(text: str) -> tuple[datetime, tzinfo | None]:
    plain = _plain(text)
    if found := _WESTERN.fullmatch(plain):
        return _joined(int(found["year"]), found, text), _own_zone(found["zone"])
    if found := _DIGITS.fullmatch(plain):
        return _joined(int(found["year"]), found, text), None
    if found := _ERA.fullmatch(plain):
        return _joined(_western_year(found, text), found, text), _own_zone(found["zone"])
    if _EXCEL.fullmatch(plain) and EXCEL_FIRST <= float(plain) <= EXCEL_LAST:
        return EXCEL_ZERO + timedelta(seconds=round(float(plain) * 86_400)), None
    raise Unreadable("reject.date", found=text)


def _plain(text: str) -> str:
    # NFKC makes one letter of an era sign: ㍻ becomes 平成.
    return narrow(text).strip().replace("年 ", "年").replace("月 ", "月")


def _joined(year: int, found: re.Match[str], text: str) -> datetime:
    day = _day(year, found, text)
    parts = {"half": None, **found.groupdict()}
    try:
        hour, second = int(parts["hour"] or 0), int(parts["second"] or 0)
        minute = 30 if parts["minute"] == "半" else int(parts["minute"] or 0)
        if parts["half"]:
            hour = _hour(parts["half"], hour)
        return datetime.combine(day, time(hour, minute, second))
    except ValueError:
        raise Unreadable("reject.time", found=text) from None


def _hour(half: str, hour: int) -> int:
    """Of 24, from one of 12. 午前12時 and 午後12時 are noon both: no shop is open at midnight."""
    if hour > 12:
        raise ValueError
    if half in ("午後", "PM") and hour < 12:
        return hour + 12
    return 0 if (half, hour) == ("AM", 12) else hour


def _day(year: int, found: re.Match[str], text: str) -> date:
    try:
        return date(year, int(found["month"]), int(found["day"]))
    except ValueError:
        raise Unreadable("reject.no_such_day", found=text) from None


def _western_year(found: re.Match[str], text: str) -> int:
    before, last = ERAS[found["era"].upper()]
    year = 1 if found["year"] == "元" else int(found["year"])
    if not 1 <= year <= last:
        raise Unreadable("reject.no_such_day", found=text)
    return before + year


def _own_zone(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text in ("Z", "UTC"):
        return timezone.utc  # noqa: UP017 - one kind of object for every offset
    hours, minutes = int(text[1:3]), int(text[-2:])
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
