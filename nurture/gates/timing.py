"""The gates that time opens, made ready for placing: the shop's calendars, each step's window, the pauses in force."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import lru_cache

from sqlalchemy import Connection, func, select

from nurture.store.tables import Pause, seconds, table
from nurture.window import Window
from nurture.zone import DAY, zone_table

from .opening import Calendar, Openings, openings_in
from .placing import FAR, Block, Placer, StepRule
from .situation import Situation

PAUSE = table(Pause)


def make_placer(connection: Connection, situation: Situation, full: Mapping[int, list[Block]] | None = None) -> Placer:
    """The placer of this tick, pauses read from the database."""
    return placer_of(situation, _pauses(connection, situation), full)


def placer_of(
    situation: Situation, pauses: Sequence[tuple[str, Block]], full: Mapping[int, list[Block]] | None = None
) -> Placer:
    """The placer of a situation with these pauses in force."""
    steps = tuple(
        StepRule(
            f"{each.campaign.campaign}/{each.step.step}",
            each.campaign.campaign,
            each.position,
            each.campaign.priority,
            each.step.channels,
            each.campaign.obeys_cap,
            each.campaign.obeys_cap,
            each.step.when_capped == "drop",
        )
        for each in situation.steps
    )
    windows = tuple(each.step.window for each in situation.steps)
    longest = max((each.reach_seconds for each in situation.steps), default=DAY)
    found = _Calendars(situation, windows, longest)
    return Placer(situation.instant, steps, situation.caps, found.openings, pauses, full or {})


class _Calendars:
    """The shop's calendars, narrowed by each step's window, per zone; computed once for a tick."""

    def __init__(self, situation: Situation, windows: Sequence[Window | None], longest: int) -> None:
        self.situation, self.windows, self.longest = situation, windows, longest
        self.openings = lru_cache(maxsize=None)(self._openings)

    def _openings(self, step_id: int, zone: str, kind: str) -> tuple[Sequence[int], Sequence[int]]:
        table, now = zone_table(zone), self.situation.instant
        first = table.local_date(now) - timedelta(days=2)
        last = table.local_date(self.situation.horizon + self.longest) + timedelta(days=2)
        found: Openings = openings_in(calendar_of(self.situation, kind), zone, first, last, self.windows[step_id])
        return found.starts, found.ends


def calendar_of(situation: Situation, kind: str) -> Calendar:
    """When the shop sends to a kind of customer, `individual` or `company`."""
    hours, closed = situation.settings.hours, situation.settings.closed
    company = kind == "company"
    return Calendar(
        name=kind,
        window=hours.company if company else hours.individual,
        holidays=hours.company_on_holidays if company else hours.individual_on_holidays,
        closed_weekdays=frozenset(closed.weekdays),
        closed_dates=frozenset(closed.dates),
        extra_holidays=frozenset(closed.holidays),
        working_dates=frozenset(closed.working),
    )


def _pauses(connection: Connection, situation: Situation) -> list[tuple[str, Block]]:
    found = select(PAUSE.c.scope, seconds(PAUSE.c.began_at), seconds(PAUSE.c.until_at)).where(
        func.coalesce(seconds(PAUSE.c.ended_at), situation.instant + 1) > situation.instant
    )
    return [
        (scope, Block(began, FAR if until is None else until, "paused", scope, 1, 0))
        for scope, began, until in connection.execute(found)
    ]
