"""What a predicate may speak of while it is compiled: the customer's column, the occurrence's subject, the time."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement

from nurture.condition import Condition
from nurture.config import Settings
from nurture.zone import Duration, ZoneTable, zone_table

Subject = Literal["order", "booking", "event"]


@dataclass(frozen=True)
class Scope:
    """The surroundings of one compilation."""

    customer_id: ColumnElement[Any]
    """Column that holds the customer's id in the statement being built."""
    now: int
    """The instant that is asked about, epoch seconds UTC."""
    settings: Settings
    segments: Mapping[str, Condition]
    """The condition tree of every named segment."""
    subject: Subject | None = None
    """What kind of row opened the occurrence."""
    subject_id: ColumnElement[Any] | None = None
    """Column with the id of that order, booking or event."""
    occurred_at: ColumnElement[Any] | None = None
    """Column with the occurrence's instant, epoch seconds."""
    campaign: str | None = None
    """Name of the campaign asking; its own enrollment's contacts are left out."""
    occurrence: ColumnElement[Any] | None = None
    """Column with the occurrence's key."""
    offer_id: ColumnElement[Any] | None = None
    """Column or subquery with the id of the product offered."""
    everybody: bool = False
    """The statement asks all customers: where few have something, a set is cheaper than a million probes."""

    @property
    def shop_zone(self) -> ZoneTable:
        """The shop's own zone: `within` and `older_than` count in it."""
        return zone_table(self.settings.timezone)

    def ago(self, duration: Duration) -> int:
        """The instant `duration` before now, epoch seconds."""
        return duration.before(self.shop_zone, self.now)

    def about(self, **changes: Any) -> "Scope":
        """The same surroundings with some columns exchanged."""
        return replace(self, **changes)
