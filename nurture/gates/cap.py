"""Frequency caps as blocks of time: which instants a set of contacts closes. Pure arithmetic on epoch seconds.

A rolling cap of N in W is kept when any N+1 counted contacts span at least W. So every run of N contacts that spans
less than W closes the open interval (last - W, first + W). The minimum gap is the rolling cap of one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from nurture.config import Settings
from nurture.zone import Unit, ZoneTable, period_end, period_start, zone_table

QUARTER = 900
"""Seconds of a quarter of an hour."""


@dataclass(frozen=True)
class CapRule:
    """One cap, ready for arithmetic."""

    name: str
    """As it is shown: `2 per 7 days`."""
    limit: int
    seconds: int
    """Length of the rolling window; 0 for a calendar cap."""
    unit: Unit | None
    """day, week or month in the recipient's zone for a calendar cap."""
    channel: str | None
    """Counts only this channel; None = every contact."""


class CapBlock(NamedTuple):
    """A stretch `[start, end)` that a cap closes, and the contacts that caused it, as positions in the list given."""

    start: int
    end: int
    causes: tuple[int, ...]


def cap_rules(settings: Settings) -> tuple[CapRule, ...]:
    """The caps of a shop with the minimum gap as the last; `unlimited` ones are left out."""
    rules = [
        CapRule(cap.name, cap.at_most, cap.seconds or 0, cap.calendar, cap.channel)  # type: ignore[arg-type]
        for cap in settings.caps
        if isinstance(cap.at_most, int)
    ]
    gap = settings.min_gap.days * 86_400 + settings.min_gap.seconds
    return (*rules, CapRule("min_gap", 1, gap, None, None)) if gap else tuple(rules)


def cap_rows(rules: Sequence[CapRule]) -> list[tuple[str, int, int, str | None, str | None]]:
    """The rules as the database keeps those in force, in its order."""
    return sorted(((each.name, each.limit, each.seconds, each.unit, each.channel) for each in rules), key=repr)


@lru_cache(maxsize=4096)
def periods_in(zone: str, quarter: int) -> list[int]:
    """Bounds of the day, week and month of a quarter of an hour (epoch seconds / 900): six instants, each end open.

    No zone shifts by less than a quarter, so that a whole quarter lies in the same periods.
    """
    table, instant = zone_table(zone), quarter * QUARTER
    units: tuple[Unit, ...] = ("day", "week", "month")
    return [bound for unit in units for bound in (period_start(table, instant, unit), period_end(table, instant, unit))]


def longest_memory(rules: Sequence[CapRule]) -> int:
    """How many seconds back a contact can still matter to one of the rules."""
    spans = {"day": 2 * 86_400, "week": 9 * 86_400, "month": 33 * 86_400}
    return max((rule.seconds or spans[rule.unit or "day"] for rule in rules), default=0)


def blocking(rule: CapRule, contacts: Sequence[int], instant: int, zone: ZoneTable) -> CapBlock | None:
    """The block of one rule that holds `instant`, or None. `contacts` are counted instants, ascending."""
    if len(contacts) < rule.limit:
        return None
    return _rolling(rule, contacts, instant) if rule.unit is None else _calendar(rule, contacts, instant, zone)


@lru_cache(maxsize=4096)
def _period(zone: ZoneTable, instant: int, unit: Unit) -> tuple[int, int]:
    # The instants asked about are few: now, and when the hours begin.
    return period_start(zone, instant, unit), period_end(zone, instant, unit)


def _rolling(rule: CapRule, contacts: Sequence[int], instant: int) -> CapBlock | None:
    width, limit = rule.seconds, rule.limit
    first = bisect_right(contacts, instant - width)
    last = bisect_left(contacts, instant + width)
    if last - first < limit:
        return None
    # The run that ends the block latest is the one that begins latest.
    for begin in range(last - limit, first - 1, -1):
        head, tail = contacts[begin], contacts[begin + limit - 1]
        if tail - head < width and tail - width < instant < head + width:
            return CapBlock(tail - width + 1, head + width, tuple(range(begin, begin + limit)))
    return None


def _calendar(rule: CapRule, contacts: Sequence[int], instant: int, zone: ZoneTable) -> CapBlock | None:
    assert rule.unit is not None
    start, end = _period(zone, instant, rule.unit)
    first, last = bisect_left(contacts, start), bisect_left(contacts, end)
    if last - first < rule.limit:
        return None
    return CapBlock(start, end, tuple(range(first, last)))
