"""A sending window as a person writes it: hours of the local day, on some weekdays. What it opens is not known here."""

import re
import unicodedata
from dataclasses import dataclass

from nurture.zone import DAY, parse_time_of_day

WINDOW_EXAMPLES = '"10:00-19:00", "21:00-08:00", "10:00-19:00 mon-fri", "all day"'


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
WEEKDAYS = {name: number for number, names in enumerate(_DAY_NAMES) for name in names.split()} | {
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
    if any(name not in WEEKDAYS for name in names):
        raise ValueError(f"{word!r} is not a weekday: write days such as mon-fri, sat, 月-金 or 土日")
    numbers = [WEEKDAYS[name] for name in names]
    if len(numbers) == 2 and set(word) - set(_DAY_SIGNS):
        return [(numbers[0] + step) % 7 for step in range((numbers[1] - numbers[0]) % 7 + 1)]
    if len(numbers) > 2 and set(word) - set(_DAY_SIGNS):
        raise ValueError(f"{word!r} is not a range of weekdays: write two days, such as mon-fri")
    return numbers
