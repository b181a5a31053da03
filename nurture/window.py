"""A sending window as a person writes it: hours of the local day and weekdays. Which instants that opens is not known here."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nurture.zone import parse_time_of_day

WEEKDAYS: Mapping[str, int] = {
    **{name: number for number, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))},
    **{name: number for number, name in enumerate("月火水木金土日")},
}
_RANGE = re.compile(r"(?P<start>\S+?)\s*[-–〜~]\s*(?P<end>[0-9:]+)(?:\s+(?P<days>.+))?\Z")


@dataclass(frozen=True)
class Window:
    """Half-open hours `[start, end)` of the local day in seconds; start > end crosses midnight."""

    start: int
    end: int
    weekdays: frozenset[int] | None = None
    """Weekdays (Monday 0) on which the window opens; None = every day."""
    all_day: bool = False

    def __post_init__(self) -> None:
        if self.start == self.end and not self.all_day:
            raise ValueError("a window needs a length; write 'all day' if that is meant")


def parse_window(text: object) -> Window:
    """`10:00-19:00`, `21:00-08:00`, `09:00-18:00 mon-fri`, `月-金` too, or `all day`. Raises ValueError."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is not a window; write it like 10:00-19:00")
    if text.strip().lower() in ("all day", "終日"):
        return Window(0, 0, None, all_day=True)
    found = _RANGE.match(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a window; write it like 10:00-19:00")
    days = parse_weekdays(found["days"]) if found["days"] else None
    return Window(parse_time_of_day(found["start"]), parse_time_of_day(found["end"]), days)


def parse_weekdays(text: str) -> frozenset[int]:
    """`mon-fri`, `fri-sun`, `mon,wed` or `月-金` as weekday numbers, Monday 0. Raises ValueError."""
    days: set[int] = set()
    for part in re.split(r"[,、・]\s*", text.strip().lower()):
        first, _, last = part.partition("-")
        if first not in WEEKDAYS or (last and last not in WEEKDAYS):
            raise ValueError(f"{part!r} is not a weekday; write mon, tue, wed, thu, fri, sat or sun")
        start, end = WEEKDAYS[first], WEEKDAYS[last or first]
        days.update((start + step) % 7 for step in range((end - start) % 7 + 1))
    return frozenset(days)
