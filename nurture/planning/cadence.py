"""Which periodic parts of planning are due at a tick: the full look-back, watched segments, scheduled instants."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import Connection, func, select

from nurture.campaign import Campaign, Schedule
from nurture.gates.situation import Situation, watched_segments
from nurture.store.tables import Cadence, Customer, Generation, Membership, seconds, table
from nurture.zone import ZoneTable

CADENCE, CUSTOMER, GENERATION, MEMBERSHIP = (table(each) for each in (Cadence, Customer, Generation, Membership))
HOUR = 3600
OVERLAP = 300
"""Seconds that a tick looks back beyond the last one, for writes that were committed late."""
MANY = 100_000
"""From so many customers on, watched segments are evaluated nightly instead of hourly."""
NIGHT = 4 * HOUR
"""Local second of the day from which the nightly evaluation is due."""
LAST_RUNS = select(CADENCE.c.name, seconds(CADENCE.c.last_at).label("at"))
NEWEST_GENERATION = select(GENERATION.c.id, GENERATION.c.digest).order_by(GENERATION.c.id.desc()).limit(1)
NEWEST_CUSTOMER = select(func.max(CUSTOMER.c.id))


@dataclass(frozen=True)
class ScheduledInstant:
    """One instant of a schedule that is open now."""

    campaign: Campaign
    instant: int
    label: str
    """Local date and time, as it stands in the occurrence's key."""
    last: bool
    """Its time has come: after this look it is done."""

    @property
    def name(self) -> str:
        """Its row in `cadence`."""
        return f"schedule:{self.campaign.campaign}:{self.label}"


@dataclass(frozen=True)
class Due:
    """What is due at this tick."""

    full: bool
    """Every trigger looks back all the way."""
    received_since: int
    """Else only at what was received after this instant."""
    segments: tuple[str, ...]
    """Watched segments to evaluate."""
    first_time: frozenset[str]
    """Those of them never evaluated before."""
    schedules: tuple[ScheduledInstant, ...]
    generation: int
    """Number of the state of config and campaigns in force."""
    generation_changed: bool
    rows: dict[str, dict[str, object]] = field(default_factory=dict, compare=False)
    """Cadence rows to write at the commit, by name."""


def find_due(connection: Connection, situation: Situation) -> Due:
    """Reads what ran when and compares it with now."""
    ran = {row.name: row.at for row in connection.execute(LAST_RUNS)}
    newest = connection.execute(NEWEST_GENERATION).first()
    changed = newest is None or newest.digest != situation.digest
    # A clock that was put back: what was received since then lies before the last tick, and no hour of it is a new one.
    back = situation.instant < ran.get("tick", 0)
    full = changed or back or "full" not in ran or situation.instant // HOUR > ran["full"] // HOUR
    watched = watched_segments(situation.campaigns)
    many = bool(watched) and (connection.scalar(NEWEST_CUSTOMER) or 0) > MANY
    segments = tuple(name for name in watched if _watch_due(situation, ran.get(f"entered:{name}"), many=many))
    return Due(
        full=full,
        received_since=ran.get("tick", 0) - OVERLAP,
        segments=segments,
        first_time=frozenset(name for name in segments if f"entered:{name}" not in ran),
        schedules=tuple(_open_instants(situation, ran)) if full else (),
        generation=(newest.id if newest else 0) + changed,
        generation_changed=changed,
    )


def _watch_due(situation: Situation, last: int | None, *, many: bool) -> bool:
    if last is None:
        return True
    if not many:
        return situation.instant // HOUR != last // HOUR
    zone = situation.shop_zone
    return zone.local_date(situation.instant - NIGHT) != zone.local_date(last - NIGHT)


def _open_instants(situation: Situation, ran: dict[str, int]) -> Iterator[ScheduledInstant]:
    for campaign in situation.campaigns.campaigns:
        if isinstance(campaign.trigger, Schedule):
            yield from _of_campaign(situation, campaign, campaign.trigger, ran)


def _of_campaign(
    situation: Situation, campaign: Campaign, trigger: Schedule, ran: dict[str, int]
) -> Iterator[ScheduledInstant]:
    zone = situation.shop_zone
    oldest = situation.instant - situation.lookback(campaign)
    listed = [
        ScheduledInstant(campaign, instant, label, last=instant <= situation.instant)
        for instant, label in instants(trigger, zone, oldest, situation.horizon)
        if _alive(campaign, zone, instant)
    ]
    past = [each for each in listed if each.last]
    # After a sleep, several instants of one schedule become the newest.
    for each in past[-1:] + [each for each in listed if not each.last]:
        if each.name not in ran or not _done(each, ran[each.name]):
            yield each


def _done(each: ScheduledInstant, last_at: int) -> bool:
    return last_at >= each.instant


def _alive(campaign: Campaign, zone: ZoneTable, instant: int) -> bool:
    day = zone.local_date(instant)
    return (campaign.starts is None or day >= campaign.starts) and (campaign.ends is None or day <= campaign.ends)


def instants(trigger: Schedule, zone: ZoneTable, after: int, before: int) -> Iterator[tuple[int, str]]:
    """The schedule's instants in (after, before), oldest first, with their local date and time."""
    every = trigger.schedule
    day, last = zone.local_date(after), zone.local_date(before)
    while day <= last:
        instant = zone.at(day, every.at)
        if after < instant < before and _falls_on(trigger, day):
            yield instant, f"{day.isoformat()}T{every.at // HOUR:02}:{every.at % HOUR // 60:02}"
        day += timedelta(days=1)


def _falls_on(trigger: Schedule, day: date) -> bool:
    every = trigger.schedule
    if every.dates:
        return day in every.dates
    if every.every == "day":
        return True
    if every.every == "week":
        return day.weekday() in (every.on or ())
    month_end = (day + timedelta(days=1)).day == 1
    if every.day == "last":
        return month_end
    assert isinstance(every.day, int)
    return day.day == every.day or (month_end and every.day > day.day)
