"""What a predicate may speak of while it is compiled: the customer's column, the occurrence's subject, the time."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from sqlalchemy import ColumnElement

from nurture.condition import Condition
from nurture.config import Settings
from nurture.zone import Duration, ZoneTable, zone_table

from .moment import Moment

Subject = Literal["order", "booking", "event"]


@dataclass(frozen=True)
class Scope:
    """The surroundings of one compilation."""

    customer_id: ColumnElement[Any]
    """Column that holds the customer's id in the statement being built."""
    now: int | Moment
    """The instant that is asked about, epoch seconds UTC; or whom to ask for it when the statement runs."""
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
    recount: bool = False
    """`now` lies in the past: what the stored facts know by today is counted again up to then."""
    everybody: bool = False
    """The statement asks all customers: where few have something, a set is cheaper than a million probes."""

    @property
    def shop_zone(self) -> ZoneTable:
        """The shop's own zone: `within` and `older_than` count in it."""
        return zone_table(self.settings.timezone)

    @property
    def instant(self) -> Any:
        """Now, to compare a column with."""
        return self.now.now if isinstance(self.now, Moment) else self.now

    def following(self, read: Callable[[int], Any]) -> Any:
        """What follows from now, to compare a column with."""
        return self.now.bound(read) if isinstance(self.now, Moment) else read(self.now)

    def ago(self, duration: Duration) -> Any:
        """The instant `duration` before now, epoch seconds."""
        zone = self.shop_zone
        return self.following(lambda now: duration.before(zone, now))

    def about(self, **changes: Any) -> "Scope":
        """The same surroundings with some columns exchanged."""
        return replace(self, **changes)
