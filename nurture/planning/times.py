"""Zone arithmetic inside SQL: waits, hours of the day and ends of days for every customer in their own zone, exactly.

Where no zone in use changes its offset within reach (Japan never does), a calendar day is 86,400 seconds and the
expressions are plain sums; else they look the offsets up in the TEMP table `stretch`.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Integer, case, func, insert, literal, select, type_coerce
from sqlalchemy import cast as sql_cast

from nurture.store.tables import Account, Customer, table
from nurture.zone import ZoneTable, zone_table

from .situation import DAY, PlannedStep, Situation
from .workspace import SHOP_DAY, STRETCH

CUSTOMER, ACCOUNT = table(Customer), table(Account)
MARGIN = 10 * DAY
FEW_ZONES = 8


def seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """An instant column as plain epoch seconds."""
    return type_coerce(column, BigInteger)


@dataclass(frozen=True)
class Times:
    """The zones in use and how to calculate in them."""

    shop: str
    zones: tuple[str, ...]
    """Zones in use, the shop's first."""
    steady: Mapping[str, int] | None
    """Zone → its one offset, where none of them changes within reach; else None."""

    def zone_of(self, customer: Any) -> ColumnElement[str]:
        """The customer's zone: their own, their account's, or the shop's."""
        if len(self.zones) == 1:
            return literal(self.shop)
        account = select(ACCOUNT.c.zone).where(ACCOUNT.c.id == customer.c.account_id).scalar_subquery()
        return func.coalesce(customer.c.zone, account, self.shop)

    def due(self, step: PlannedStep, zone: ColumnElement[str], occurred: ColumnElement[int]) -> ColumnElement[int]:
        """When a step is wished for."""
        wish = self.add(zone, occurred, step.days, step.seconds)
        if step.step.at is None:
            return wish
        hour = self._instant_of(zone, self._midnight(zone, wish) + step.step.at)
        return case((hour > wish, hour), else_=wish)

    def expires(self, step: PlannedStep, zone: ColumnElement[str], due: ColumnElement[int]) -> ColumnElement[int]:
        """When a step is no longer valid."""
        valid = step.valid_for
        if valid is None:
            return self._instant_of(zone, self._midnight(zone, due) + DAY)
        return self.add(zone, due, valid.days, valid.seconds)

    def add(self, zone: ColumnElement[str], instant: ColumnElement[int], days: int, more: int) -> ColumnElement[int]:
        """So many calendar days later at the same wall time, then so many seconds."""
        if self.steady is not None or not days:
            return instant + (days * DAY + more) if days or more else instant
        later = self._instant_of(zone, instant + self._offset(zone, instant) + days * DAY)
        return later + more if more else later

    def _midnight(self, zone: ColumnElement[str], instant: ColumnElement[int]) -> ColumnElement[int]:
        wall = sql_cast(instant + self._offset(zone, instant), BigInteger)
        return wall - wall % DAY

    def _offset(self, zone: ColumnElement[str], instant: ColumnElement[int]) -> ColumnElement[int]:
        if self.steady is not None:
            return self._steady_offset(zone)
        found = select(STRETCH.c.shift).where(
            STRETCH.c.zone == zone, STRETCH.c.starts_at <= instant, STRETCH.c.ends_at > instant
        )
        return found.scalar_subquery()

    def _steady_offset(self, zone: ColumnElement[str]) -> ColumnElement[int]:
        assert self.steady is not None
        if len(set(self.steady.values())) == 1:
            return literal(self.steady[self.shop], Integer)
        others = [(zone == name, shift) for name, shift in self.steady.items() if name != self.shop]
        return case(*others, else_=self.steady[self.shop])

    def _instant_of(self, zone: ColumnElement[str], wall: ColumnElement[int]) -> ColumnElement[int]:
        if self.steady is not None:
            return wall - self._steady_offset(zone)
        shown = wall - STRETCH.c.shift
        found = select(case((shown < STRETCH.c.starts_at, STRETCH.c.starts_at), else_=shown)).where(
            STRETCH.c.zone == zone, STRETCH.c.wall_from <= wall, STRETCH.c.wall_to > wall
        )
        return found.scalar_subquery()


def prepare_times(connection: Connection, situation: Situation) -> Times:
    """Fills `stretch` and `shop_day` for the zones in use and the time within reach of any step."""
    campaigns = situation.campaigns.campaigns
    back = max((situation.lookback(each) for each in campaigns), default=DAY)
    begin, until = situation.instant - back - MARGIN, situation.horizon + back + MARGIN
    zones = (situation.settings.timezone, *_zones_in_use(connection, situation.settings.timezone))
    stretches = {name: zone_table(name).stretches(begin, until) for name in zones}
    rows = [(name, *stretch) for name, found in stretches.items() for stretch in found]
    columns = ("zone", "starts_at", "ends_at", "wall_from", "wall_to", "shift")
    connection.execute(insert(STRETCH), [dict(zip(columns, row, strict=True)) for row in rows])
    steady = len(zones) <= FEW_ZONES and all(len(found) == 1 for found in stretches.values())
    connection.execute(insert(SHOP_DAY), list(_shop_days(situation.shop_zone, begin, until)))
    offsets = {name: found[0][4] for name, found in stretches.items()} if steady else None
    return Times(situation.settings.timezone, zones, offsets)


def _zones_in_use(connection: Connection, shop: str) -> list[str]:
    # One probe per distinct zone: DISTINCT would read a million rows.
    found: list[str] = []
    for column in (CUSTOMER.c.zone, ACCOUNT.c.zone):
        last = connection.scalar(select(func.min(column)))
        while last is not None:
            found.append(last)
            last = connection.scalar(select(func.min(column)).where(column > last))
    return sorted(set(found) - {shop})


def _shop_days(zone: ZoneTable, begin: int, until: int) -> Iterable[dict[str, object]]:
    day, last = zone.local_date(begin), zone.local_date(until)
    while day <= last:
        yield {
            "starts_at": zone.day_start(day),
            "ask_at": zone.day_start(day - timedelta(days=1)),
            "label": day.isoformat(),
        }
        day += timedelta(days=1)
