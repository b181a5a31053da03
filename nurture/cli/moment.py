"""The instant that `--at` names, as a person writes it, in the shop's zone. What is planned is not known here."""

import re
import unicodedata
from datetime import UTC, date, datetime, timedelta

from nurture.mistake import Mistake, MistakesFound, Place
from nurture.zone import parse_time_of_day, zone_table

DAYS = {
    "今日": 0,
    "本日": 0,
    "today": 0,
    "明日": 1,
    "tomorrow": 1,
    "明後日": 2,
    "あさって": 2,
    "昨日": -1,
    "yesterday": -1,
}
_DATE = re.compile(r"(?P<year>\d{4})[-/年](?P<month>\d{1,2})[-/月](?P<day>\d{1,2})日?")
_CLOCK = re.compile(r"(?P<day>.*?)[ tT]?(?P<clock>\d{1,2}:\d{2})(:\d{2})?")


def read_moment(text: str, zone: str, now: datetime) -> datetime:
    """`2026-12-01 09:00`, `2026-12-01` (its first instant), `明日 10:00`, `tomorrow 10:00`, or ISO 8601 with an offset.

    Without an offset it is local time of `zone`; `now` is aware and says which day is today. Gives aware UTC. Raises
    MistakesFound for what is none of these.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).split())
    if exact := _with_offset(plain):
        return exact
    table = zone_table(zone)
    try:
        spoken = _CLOCK.fullmatch(plain)
        seconds = parse_time_of_day(spoken["clock"]) if spoken else 0
        day = _day(spoken["day"].strip() if spoken else plain, table.local_date(int(now.timestamp())))
        return datetime.fromtimestamp(table.at(day, seconds), UTC)
    except ValueError:
        raise MistakesFound([Mistake(Place("--at"), "cli.at", {"found": text})]) from None


def _with_offset(plain: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(plain)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else None


def _day(text: str, today: date) -> date:
    """The date of a word or of figures; a clock time alone means today."""
    if not text:
        return today
    if text.lower() in DAYS:
        return today + timedelta(days=DAYS[text.lower()])
    found = _DATE.fullmatch(text)
    if not found:
        raise ValueError(text)
    return date(int(found["year"]), int(found["month"]), int(found["day"]))
