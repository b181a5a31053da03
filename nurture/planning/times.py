"""When steps are due and expire, in every customer's own zone.

Where no zone in use changes its offset within reach (Japan never does), a calendar day is 86,400 seconds and SQL sums.
Else the few distinct (zone, instant) pairs are calculated once in Python and joined: the same arithmetic inside SQL
needs nested look-ups that SQLite takes half a second to parse.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Integer,
    and_,
    case,
    func,
    insert,
    literal,
    select,
    type_coerce,
)
from sqlalchemy.dialects import postgresql, sqlite

from nurture.gates.situation import PlannedStep, Situation
from nurture.store.tables import Account, Customer, table
from nurture.zone import DAY, ZoneTable, zone_table

from .workspace import DUE_TIME, SHOP_DAY

CUSTOMER, ACCOUNT = table(Customer), table(Account)
MARGIN = 10 * DAY
FEW_ZONES = 8
BATCH = 5_000


def seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """An instant column as plain epoch seconds."""
    return type_coerce(column, BigInteger)


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
    zones: tuple[str, ...]
    """Zones in use, the shop's first."""
    steady: Mapping[str, int] | None
    """Zone → its one offset, where none of them changes within reach; else None."""
    of_accounts: bool = True
    """Some company has a zone, so that it must be asked for."""

    def zone_of(self, customer: Any) -> ColumnElement[str]:
        """The customer's zone: their own, their account's, or the shop's."""
        if len(self.zones) == 1:
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
            connection.execute(_insert_new(connection), rows[start : start + BATCH])

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
        others = {name: shift for name, shift in self.steady.items() if name != self.shop}
        shop = self.steady[self.shop]
        # CASE zone WHEN …, not CASE WHEN zone = …, which would look the zone up once for each.
        return case(others, value=zone, else_=shop) if others else literal(shop, Integer)


def prepare_times(connection: Connection, situation: Situation) -> Times:
    """Finds the zones in use and whether they are steady within reach of any step; fills `shop_day`."""
    campaigns = situation.campaigns.campaigns
    back = max((situation.lookback(each) for each in campaigns), default=DAY)
    begin, until = situation.instant - 2 * back - MARGIN, situation.horizon + 2 * back + MARGIN
    shop = situation.settings.timezone
    of_people, of_accounts = (_zones_in_use(connection, each) for each in (CUSTOMER.c.zone, ACCOUNT.c.zone))
    zones = (shop, *sorted((of_people | of_accounts) - {shop}))
    pieces = {name: zone_table(name).pieces(begin, until) for name in zones}
    steady = len(zones) <= FEW_ZONES and all(len(found) == 1 for found in pieces.values())
    connection.execute(insert(SHOP_DAY), list(_shop_days(situation.shop_zone, begin, until)))
    offsets = {name: found[0][2] for name, found in pieces.items()} if steady else None
    return Times(shop, zones, offsets, bool(of_accounts))


def _insert_new(connection: Connection) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(DUE_TIME).on_conflict_do_nothing()


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


def _zones_in_use(connection: Connection, column: ColumnElement[Any]) -> set[str]:
    # One probe per distinct zone: DISTINCT would read a million rows.
    found: set[str] = set()
    last = connection.scalar(select(func.min(column)))
    while last is not None:
        found.add(last)
        last = connection.scalar(select(func.min(column)).where(column > last))
    return found


def _shop_days(zone: ZoneTable, begin: int, until: int) -> Iterator[dict[str, object]]:
    day, last = zone.local_date(begin), zone.local_date(until)
    while day <= last:
        yield {
            "starts_at": zone.day_start(day),
            "ask_at": zone.day_start(day - timedelta(days=1)),
            "label": day.isoformat(),
        }
        day += timedelta(days=1)
