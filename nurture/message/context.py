"""The values of many customers at once, a fixed number of queries whatever the number of messages. It renders nothing.

What it leaves out of a view is what the predicates of `nurture.rules.variables` call missing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from nurture.campaign.model import Anniversary, Campaign
from nurture.config import Settings
from nurture.rules.variables import BLANKS
from nurture.zone import zone_table

from .honorific import Names, called
from .records import Records, load_records
from .views import Item, Shop, View, YearlyDate


@dataclass(frozen=True)
class ContextRequest:
    """One message whose values are wanted."""

    id: int
    """The caller's own number for it; the answer is under it."""
    customer_id: int
    campaign: Campaign
    subject_id: int | None
    """The order, booking or event that opened the occurrence."""
    occurred_at: int
    """The occurrence's instant, epoch seconds."""
    at: int | None
    """When it is to leave, epoch seconds; None = now."""
    touch_id: int | None = None
    """Its row in the ledger; None for what is only shown."""


@dataclass(frozen=True)
class Context:
    """Everything a template may name for one message, but for the links, which depend on the channel."""

    customer_id: int
    purpose: str
    """commercial | transactional."""
    zone: str
    """The customer's IANA zone; every date and time among the values is in it."""
    values: Mapping[str, Any]
    """The views by their first name: customer, order, today, …"""
    at: int = 0
    """When it is to leave, epoch seconds."""
    on_line: bool = False
    """Whether the customer's LINE account is known."""
    touch_id: int | None = None
    """The message's row in the ledger; None for what is only shown."""


GROUPS = frozenset(
    "shop today opt_out_mailbox customer attribute order booking occasion offer history line_link_url".split()
)
"""First names of all values there are."""


def load_contexts(
    connection: Connection,
    settings: Settings,
    requests: Sequence[ContextRequest],
    now: datetime,
    groups: Set[str] = GROUPS,
) -> dict[int, Context]:
    """The contexts by the requests' ids; one whose customer does not exist is left out.

    `groups`: the first names that somebody may ask for; the others are neither read nor made.
    """
    records = load_records(connection, settings, requests, int(now.timestamp()), groups)
    always = {"shop": _shop(settings), "opt_out_mailbox": settings.opt_out_mailbox}
    views = [(name, make) for name, make in VIEWS.items() if name in groups]
    return {
        request.id: _Gathering(settings, records, request, now).context(always, views, today="today" in groups)
        for request in requests
        if request.customer_id in records.customers
    }


class _Gathering:
    """The values of one message, taken from what was loaded for all."""

    def __init__(self, settings: Settings, records: Records, request: ContextRequest, now: datetime) -> None:
        self.settings = settings
        self.records = records
        self.request = request
        self.customer = records.customers[request.customer_id]
        self.at = int(now.timestamp()) if request.at is None else request.at
        self.zone = self.customer.zone or self.customer.account_zone or settings.timezone

    def context(self, always: Mapping[str, Any], views: Iterable["tuple[str, Maker]"], *, today: bool) -> Context:
        values: dict[str, Any] = {**always}
        if today:
            values["today"] = self._date(self.at)
        for name, make in views:
            values[name] = View(name, make(self))
        who = self.request.customer_id
        on_line = who in self.records.on_line
        return Context(who, self.request.campaign.purpose, self.zone, values, self.at, on_line, self.request.touch_id)

    def _date(self, instant: int | None) -> date | None:
        return None if instant is None else zone_table(self.zone).local_date(instant)

    def _customer(self) -> Mapping[str, Any]:
        row, company = self.customer, self.customer.kind == "company"
        names = Names(row.name, row.family_name, row.given_name, row.account or "", company)
        fact = self.records.facts.get((self.request.customer_id, "birthday", ""))
        return {
            "called": called(names, self.settings.honorific, self.settings.language),
            "name": _text(row.name),
            "family_name": _text(row.family_name),
            "given_name": _text(row.given_name),
            "prefecture": _text(row.prefecture),
            "company": _text(row.account) or (_text(row.name) if company else None),
            "birthday": YearlyDate(fact.year, fact.month, fact.day) if fact and fact.day else None,
        }

    def _attributes(self) -> Mapping[str, Any]:
        held = self.customer.attributes
        held = held if isinstance(held, dict) else {}
        return {name: _typed(held.get(name), kind.type) for name, kind in self.settings.attributes.items()}

    def _order(self) -> Mapping[str, Any]:
        row = self.records.orders.get(self.request.id)
        if row is None:
            return {}
        items = [_item(each, "order.items") for each in self.records.lines.get(row.id, ()) if _text(each.name)]
        return {
            "number": _text(row.key),
            "ordered_on": self._date(row.ordered_at),
            "shipped_on": self._date(row.shipped_at),
            "delivered_on": self._date(row.delivered_at),
            "total": row.total,
            "items": tuple(items) or None,
            "first_item": items[0] if items else None,
        }

    def _booking(self) -> Mapping[str, Any]:
        row = self.records.bookings.get(self.request.id)
        if row is None:
            return {}
        starts_at = row.starts_at.astimezone(ZoneInfo(self.zone))
        return {"starts_at": starts_at, "menu": _text(row.menu), "staff": _text(row.staff)}

    def _offer(self) -> Mapping[str, Any]:
        offer = self.records.offers.get(self.request.id)
        return offer._asdict() if offer else {}

    def _occasion(self) -> Mapping[str, Any]:
        trigger = self.request.campaign.trigger
        opened = self._date(self.request.occurred_at)
        if not isinstance(trigger, Anniversary) or opened is None:
            return {}
        returned = opened - timedelta(days=trigger.offset_days)
        first = self._first_year(trigger)
        return {"date": returned, "years": None if first is None else returned.year - first}

    def _first_year(self, trigger: Anniversary) -> int | None:
        if trigger.anniversary == "first_order" and not trigger.relative:
            history = self.records.history.get(self.request.customer_id)
            first = self._date(history.first) if history else None
            return first.year if first else None
        fact = self.records.facts.get((self.request.customer_id, trigger.anniversary, trigger.relative))
        return fact.year if fact else None

    def _history(self) -> Mapping[str, Any]:
        row = self.records.history.get(self.request.customer_id)
        line = self.records.newest.get(self.request.customer_id)
        return {
            "order_count": row.count if row else None,
            "first_order_on": self._date(row.first) if row else None,
            "last_order_on": self._date(row.last) if row else None,
            "last_item": _item(line, "history.last_item") if line else None,
        }


Maker = Callable[[_Gathering], Mapping[str, Any]]
VIEWS: Mapping[str, Maker] = {
    "customer": _Gathering._customer,
    "attribute": _Gathering._attributes,
    "order": _Gathering._order,
    "booking": _Gathering._booking,
    "occasion": _Gathering._occasion,
    "offer": _Gathering._offer,
    "history": _Gathering._history,
}
"""How the values of each group are found."""


def _shop(settings: Settings) -> Shop:
    shop = settings.shop
    names = ("name", "sender", "address", "phone", "email", "url", "staff")
    return Shop({name: str(getattr(shop, name)) for name in names})


def _item(row: Any, name: str) -> Item:
    return Item(name, {"name": row.name, "quantity": row.quantity, "price": row.price, "category": row.category})


def _text(found: Any) -> str | None:
    return found if isinstance(found, str) and found.strip(BLANKS) else None


def _typed(found: Any, kind: str) -> Any:
    """An attribute's value; None where it does not fit what was declared."""
    if kind == "number":
        return found if isinstance(found, int | float) and not isinstance(found, bool) else None
    if kind == "boolean":
        return found if isinstance(found, bool) else None
    if kind == "date":
        return _iso_date(found)
    return str(found) if isinstance(found, int | float) and not isinstance(found, bool) else _text(found)


def _iso_date(found: Any) -> date | None:
    try:
        return date.fromisoformat(found)
    except (TypeError, ValueError):
        return None
