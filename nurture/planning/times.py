"""When steps are due and expire, in every customer's own zone.

Where no zone in use changes its offset within reach (Japan never does), a calendar day is 86,400 seconds and SQL sums.
Else the few distinct (zone, instant) pairs are calculated once in Python and joined: the same arithmetic inside SQL
needs nested look-ups that SQLite takes half a second to parse.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    FromClause,
    Integer,
    Select,
    Table,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    union_all,
)

from nurture.gates.situation import PlannedStep, Situation
from nurture.store import insert_into
from nurture.store.tables import Account, Customer, table
from nurture.zone import DAY, ZoneTable, zone_table

from .workspace import DUE_TIME, SHOP_DAY

CUSTOMER, ACCOUNT = table(Customer), table(Account)
MARGIN = 10 * DAY
FEW_ZONES = 8
BATCH = 5_000
INSERT_SHOP_DAYS = insert(SHOP_DAY)


def due_time(step: PlannedStep, zone: ZoneTable, occurred_at: int) -> tuple[int, int]:
    """When a step is due and when it expires, for one occurrence in one zone; epoch seconds."""
    due = zone.add_days(occurred_at, step.days) + step.seconds
    if step.step.at is not None:
        due = max(due, zone.at(zone.local_date(due), step.step.at))
    if step.valid_for is None:
        return due, zone.day_start(zone.local_date(due) + timedelta(days=1))
    return due, zone.add_days(due, step.valid_for.days) + step.valid_for.seconds


@dataclass(frozen=True)
class Times:
    """The zones in use and how to calculate in them."""

    shop: str
    alone: bool
    """Nobody lives in another zone than the shop's."""
    steady: tuple[tuple[str, int], ...] | None
    """Each zone with its one offset, where none of them changes within reach; else None."""
    of_accounts: bool = True
    """Some company has a zone, so that it must be asked for."""
    zones: tuple[str, ...] = field(default=(), compare=False)
    """Zones in use, the shop's first. No statement depends on them."""

    def zone_of(self, customer: Any) -> ColumnElement[str]:
        """The customer's zone: their own, their account's, or the shop's."""
        if self.alone:
            return literal(self.shop)
        if not self.of_accounts:
            return func.coalesce(customer.c.zone, self.shop)
        account = select(ACCOUNT.c.zone).where(ACCOUNT.c.id == customer.c.account_id).scalar_subquery()
        return func.coalesce(customer.c.zone, account, self.shop)

    def calculate(self, connection: Connection, pairs: Any, steps: tuple[PlannedStep, ...]) -> None:
        """Fills `due_time` for the distinct (zone, occurred_at) of `pairs`, where plain sums would be wrong."""
        if self.steady is not None:
            return
        found = connection.execute(pairs).all()
        rows = list(_due_times(steps, found))
        for start in range(0, len(rows), BATCH):
            # What opens and what is asked again may share an instant, and a crowd is staged twice.
            connection.execute(_insert_new(connection.dialect.name), rows[start : start + BATCH])

    def join(
        self, step: PlannedStep, source: FromClause, zone: ColumnElement[str], occurred_at: ColumnElement[int]
    ) -> tuple[FromClause, ColumnElement[int], ColumnElement[int]]:
        """(FROM, due, expires) of a step, for a FROM that has the occurrence's instant."""
        if self.steady is not None:
            due = self._due(step, zone, occurred_at)
            return source, due, self._expires(step, zone, due)
        same = and_(DUE_TIME.c.step_id == step.id, DUE_TIME.c.zone == zone, DUE_TIME.c.occurred_at == occurred_at)
        return source.join(DUE_TIME, same), DUE_TIME.c.due_at, DUE_TIME.c.expires_at

    def _due(self, step: PlannedStep, zone: ColumnElement[str], occurred: ColumnElement[int]) -> ColumnElement[int]:
        later = step.days * DAY + step.seconds
        wish = occurred + later if later else occurred
        if step.step.at is None:
            return wish
        hour = self._midnight(zone, wish) + step.step.at
        return case((hour > wish, hour), else_=wish)

    def _expires(self, step: PlannedStep, zone: ColumnElement[str], due: ColumnElement[int]) -> ColumnElement[int]:
        if step.valid_for is None:
            return self._midnight(zone, due) + DAY
        return due + (step.valid_for.days * DAY + step.valid_for.seconds)

    def _midnight(self, zone: ColumnElement[str], instant: ColumnElement[int]) -> ColumnElement[int]:
        return instant - (instant + self._offset(zone)) % DAY

    def _offset(self, zone: ColumnElement[str]) -> ColumnElement[int]:
        assert self.steady is not None
        others = {name: shift for name, shift in self.steady if name != self.shop}
        shop = dict(self.steady)[self.shop]
        # CASE zone WHEN …, not CASE WHEN zone = …, which would look the zone up once for each.
        return case(others, value=zone, else_=shop) if others else literal(shop, Integer)


def prepare_times(connection: Connection, situation: Situation) -> Times:
    """Finds the zones in use and whether they are steady within reach of any step."""
    begin, until = _reach(situation)
    shop = situation.settings.timezone
    found: dict[str, set[str]] = {"customer": set(), "account": set()}
    for whose, zone in connection.execute(_zones_in_use()):
        found[whose].add(zone)
    zones = (shop, *sorted((found["customer"] | found["account"]) - {shop}))
    pieces = {name: zone_table(name).pieces(begin, until) for name in zones}
    steady = len(zones) <= FEW_ZONES and all(len(each) == 1 for each in pieces.values())
    offsets = tuple((name, each[0][2]) for name, each in pieces.items()) if steady else None
    return Times(shop, len(zones) == 1, offsets, bool(found["account"]), zones)


def fill_shop_days(connection: Connection, situation: Situation) -> None:
    """Fills `shop_day` as far as any step may reach."""
    zone = situation.shop_zone
    first, last = (zone.local_date(each) for each in _reach(situation))
    connection.execute(INSERT_SHOP_DAYS, _shop_days(zone.name, first, last))


def _reach(situation: Situation) -> tuple[int, int]:
    back = max((situation.lookback(each) for each in situation.campaigns.campaigns), default=DAY)
    return situation.instant - 2 * back - MARGIN, situation.horizon + 2 * back + MARGIN


@lru_cache(maxsize=2)
def _insert_new(dialect: str) -> Any:
    return insert_into(dialect, DUE_TIME).on_conflict_do_nothing()


def _due_times(steps: tuple[PlannedStep, ...], pairs: Any) -> Iterator[dict[str, object]]:
    for zone, occurred_at in pairs:
        for step in steps:
            due, expires = due_time(step, zone_table(zone), occurred_at)
            yield {
                "step_id": step.id,
                "zone": zone,
                "occurred_at": occurred_at,
                "due_at": due,
                "expires_at": expires,
            }


@lru_cache(maxsize=1)
def _zones_in_use() -> CompoundSelect[Any]:
    return union_all(_distinct(CUSTOMER), _distinct(ACCOUNT))


def _distinct(owner: Table) -> Select[Any]:
    # One probe per distinct zone: DISTINCT would read a million rows.
    zone = owner.c.zone
    found = select(func.min(zone).label("zone")).cte(f"zones_of_{owner.name}", recursive=True)
    following = select(func.min(zone)).where(zone > found.c.zone).scalar_subquery()
    found = found.union_all(select(following).where(found.c.zone.is_not(None)))
    return select(literal(owner.name), found.c.zone).where(found.c.zone.is_not(None))


@lru_cache(maxsize=8)
def _shop_days(zone_name: str, day: date, last: date) -> list[dict[str, object]]:
    zone, rows = zone_table(zone_name), []
    while day <= last:
        ask_at = zone.day_start(day - timedelta(days=1))
        rows.append({"starts_at": zone.day_start(day), "ask_at": ask_at, "label": day.isoformat()})
        day += timedelta(days=1)
    return rows
