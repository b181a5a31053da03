"""Anniversaries: which local days come round within reach, and whose dates fall on them."""

from calendar import isleap
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    cast,
    delete,
    func,
    insert,
    literal,
    null,
    or_,
    select,
)

from nurture.campaign import Anniversary, Campaign
from nurture.gates.situation import Situation
from nurture.rules.joining import join_in_order
from nurture.store.tables import Customer, CustomerFact, DatedFact, Enrollment, seconds, table
from nurture.zone import DAY, ZoneTable, zone_table

from .opening import complete, life_of
from .times import Times
from .workspace import ANNIVERSARY_DAY, count_rows

CUSTOMER, FACT, DATED, ENROLLMENT = (table(each) for each in (Customer, CustomerFact, DatedFact, Enrollment))
APART = 300 * DAY
"""No second greeting of one campaign within 300 days, even when a date was corrected or a person moved."""
OLDEST = 60
"""Years back to which a first order is looked for."""
FIRST_ORDER = "first_order"
FIRST_EVER = select(func.min(seconds(FACT.c.first_order_at)))
NO_DAYS, INSERT_DAYS = delete(ANNIVERSARY_DAY), insert(ANNIVERSARY_DAY)


def fill_days(connection: Connection, situation: Situation, campaign: Campaign, times: Times) -> int:
    """Writes the days that are due by the horizon and can still be valid, per zone; gives their number."""
    assert isinstance(campaign.trigger, Anniversary)
    connection.execute(NO_DAYS)
    first_order = connection.scalar(FIRST_EVER) if campaign.trigger.anniversary == FIRST_ORDER else None
    rows = [row for name in times.zones for row in _days(situation, campaign, zone_table(name), first_order)]
    if rows:
        connection.execute(INSERT_DAYS, rows)
        count_rows(connection, ANNIVERSARY_DAY)
    return len(rows)


def open_anniversaries(situation: Situation, campaign: Campaign, times: Times) -> Iterator[Select[object]]:
    """One statement for dates known by day, one for those known by month only, or one over first orders."""
    trigger = campaign.trigger
    assert isinstance(trigger, Anniversary)
    if trigger.anniversary == FIRST_ORDER:
        born = _first_orders()
        joined = join_in_order(born, CUSTOMER, CUSTOMER.c.id == born.c.customer_id)
        found = select(CUSTOMER.c.id).select_from(joined).where(born.c.zone == times.zone_of(CUSTOMER))
        yield _complete(situation, campaign, found, born)
        return
    for by_month in (False, True) if trigger.month_only else (False,):
        yield _complete(situation, campaign, _of_dates(trigger, times, by_month=by_month), ANNIVERSARY_DAY)


def _complete(situation: Situation, campaign: Campaign, found: Select[object], day: FromClause) -> Select[object]:
    trigger = campaign.trigger
    assert isinstance(trigger, Anniversary)
    at = seconds(day.c.base_at)
    near = (
        select(1)
        .where(
            ENROLLMENT.c.customer_id == CUSTOMER.c.id,
            ENROLLMENT.c.campaign == campaign.campaign,
            seconds(ENROLLMENT.c.occurred_at) > at - APART,
            seconds(ENROLLMENT.c.occurred_at) < at + APART,
        )
        .exists()
    )
    head = ":".join(filter(None, (trigger.anniversary, trigger.relative)))
    occurrence = literal(f"{head}:") + cast(day.c.year, Text)
    return complete(situation, campaign, found, occurrence, at, cast(null(), BigInteger), ~near)


def _of_dates(trigger: Anniversary, times: Times, *, by_month: bool) -> Select[object]:
    day = and_(DATED.c.day.is_(None), ANNIVERSARY_DAY.c.day == 0) if by_month else DATED.c.day == ANNIVERSARY_DAY.c.day
    return (
        select(CUSTOMER.c.id)
        .select_from(
            join_in_order(
                join_in_order(ANNIVERSARY_DAY, DATED, and_(DATED.c.month == ANNIVERSARY_DAY.c.month, day)),
                CUSTOMER,
                CUSTOMER.c.id == DATED.c.customer_id,
            )
        )
        .where(
            DATED.c.name == trigger.anniversary,
            DATED.c.relative == trigger.relative,
            or_(DATED.c.year.is_(None), DATED.c.year < ANNIVERSARY_DAY.c.year),
            ANNIVERSARY_DAY.c.zone == times.zone_of(CUSTOMER),
        )
    )


def _first_orders() -> FromClause:
    """The days with those whose first order fell on them in an earlier year."""
    first = seconds(FACT.c.first_order_at)
    born = and_(first >= ANNIVERSARY_DAY.c.born_from, first < ANNIVERSARY_DAY.c.born_to)
    columns = (ANNIVERSARY_DAY.c.zone, ANNIVERSARY_DAY.c.year, ANNIVERSARY_DAY.c.base_at, FACT.c.customer_id)
    found = select(*columns).select_from(join_in_order(ANNIVERSARY_DAY, FACT, born))
    # OFFSET 0 keeps PostgreSQL from joining each day with every customer of its zone first.
    return found.offset(0).subquery("born")


def _days(
    situation: Situation, campaign: Campaign, zone: ZoneTable, first_order: int | None
) -> Iterator[dict[str, Any]]:
    trigger = campaign.trigger
    assert isinstance(trigger, Anniversary)
    of_orders, rule = trigger.anniversary == FIRST_ORDER, situation.settings.feb29
    for day, base in _bases(situation, campaign, zone):
        anniversary = day - timedelta(days=trigger.offset_days)
        shared = {"zone": zone.name, "year": anniversary.year, "base_at": base}
        if of_orders:
            yield from ({**shared, **born} for born in _births(zone, anniversary, rule, first_order))
        else:
            by_month = trigger.month_only == anniversary.day
            yield from ({**shared, **each} for each in _of_day(anniversary, rule, by_month=by_month))


def _bases(situation: Situation, campaign: Campaign, zone: ZoneTable) -> Iterator[tuple[date, int]]:
    """The local days in reach that lie in the campaign's life, with their first instants."""
    oldest, horizon = situation.instant - situation.lookback(campaign), situation.horizon
    earliest, latest = life_of(situation, campaign)
    day, last = zone.local_date(oldest) - timedelta(days=1), zone.local_date(horizon)
    while day <= last:
        base = zone.day_start(day)
        alive = (earliest is None or base >= earliest) and (latest is None or base < latest)
        if oldest < base < horizon and alive:
            yield day, base
        day += timedelta(days=1)


def _of_day(anniversary: date, feb29: str, *, by_month: bool) -> Iterator[dict[str, Any]]:
    for month, day in celebrated_on(anniversary, feb29):
        yield {"month": month, "day": day, "born_from": None, "born_to": None}
    if by_month:
        yield {"month": anniversary.month, "day": 0, "born_from": None, "born_to": None}


def celebrated_on(day: date, feb29: str) -> Iterator[tuple[int, int]]:
    """Months and days whose anniversary is celebrated on `day`: its own, and 29 February by the shop's rule.

    `feb29`: `02-28` or `03-01` in common years, or `leap` = in leap years only.
    """
    yield day.month, day.day
    if not isleap(day.year) and f"{day.month:02}-{day.day:02}" == feb29:
        yield 2, 29


def _births(zone: ZoneTable, anniversary: date, feb29: str, first_order: int | None) -> Iterator[dict[str, Any]]:
    """The days in earlier years that are celebrated, from the shop's first order on: each is a probe."""
    if first_order is None:
        return
    first = max(zone.local_date(first_order).year, anniversary.year - OLDEST)
    for month, day in celebrated_on(anniversary, feb29):
        for year in range(first, anniversary.year):
            if (month, day) != (2, 29) or isleap(year):
                born = date(year, month, day)
                begin, end = zone.day_start(born), zone.day_start(born + timedelta(days=1))
                yield {"month": month, "day": day, "born_from": begin, "born_to": end}
