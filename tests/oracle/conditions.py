"""Whether a condition holds for one person: the vocabulary's manual, word by word, over plain values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from nurture.campaign import Segment
from nurture.condition import AllOf, AnyOf, Condition, Not
from nurture.condition import vocabulary as words
from nurture.config import Settings

from .permission import permitted, suppressed, usable
from .state import (
    Account,
    Booking,
    Contact,
    Customer,
    DatedFact,
    Event,
    Hold,
    Line,
    Order,
    Product,
    State,
    Tag,
)
from .time import add_days, day_of

CHANNELS = ("email", "line")


@dataclass(frozen=True)
class View:
    """From where a condition is looked at."""

    state: State
    settings: Settings
    segments: Mapping[str, Segment]
    now: int
    sent: list[Any]
    """Touches that were handed over, with `customer_id`, `campaign`, `step` and `at`."""
    enrollment: tuple[str, str] | None = None
    """Campaign and occurrence that ask for their next step; their own messages are left out."""
    subject: Any = None
    """The order, booking or event that opened the occurrence."""
    occurred_at: int | None = None
    """The instant of the occurrence, for `after_opening`."""


def holds(condition: Condition, person: Customer, view: View) -> bool:
    """Whether the condition holds for the person now."""
    if isinstance(condition, AllOf):
        return all(holds(each, person, view) for each in condition.parts)
    if isinstance(condition, AnyOf):
        return any(holds(each, person, view) for each in condition.parts)
    if isinstance(condition, Not):
        return not holds(condition.part, person, view)
    return ANSWERS[type(condition)](condition, person, view)


def _tag(asked: words.HasTag, person: Customer, view: View) -> bool:
    return any(each.tag in asked.any_of for each in view.state.of(Tag, person.id))


def _kind(asked: words.IsKind, person: Customer, view: View) -> bool:
    return person.kind == asked.equals


def _prefecture(asked: words.LivesIn, person: Customer, view: View) -> bool:
    return person.prefecture in asked.any_of


def _attribute(asked: words.AttributeIs, person: Customer, view: View) -> bool:
    value = person.attributes.get(asked.name)
    if asked.known is not None:
        return (value is not None) == asked.known
    if value is None:
        return False
    if asked.equals is not None:
        return bool(value == asked.equals)
    at_least, at_most = asked.at_least, asked.at_most
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def _date(asked: words.DateIs, person: Customer, view: View) -> bool:
    facts = [
        each
        for each in view.state.of(DatedFact, person.id)
        if (each.name, each.relative) == (asked.name, asked.relative)
    ]
    today = day_of(view.now, view.settings.timezone)
    if asked.known is not None:
        return bool(facts) == asked.known
    if asked.within is not None:
        return any(_returns_within(each, asked.within.days, today, view) for each in facts)
    if asked.month is not None:
        return any(each.month == asked.month for each in facts)
    assert asked.this_month is not None
    return any(each.month == today.month for each in facts) == asked.this_month


def _returns_within(fact: DatedFact, days: int, today: date, view: View) -> bool:
    """Whether a yearly date comes round on one of the next days, today included."""
    years = (today.year, today.year + 1)
    known = fact if fact.year is None else replace(fact, year=None)
    coming = [anniversary_in(known, year, None, view.settings.feb29) for year in years]
    return any(each is not None and 0 <= (each - today).days <= days for each in coming)


def _orders(asked: words.Orders, person: Customer, view: View) -> bool:
    found = view.state.of(Order, person.id) if asked.status else view.state.orders_of(person.id)
    if asked.status:
        found = [each for each in found if each.status in asked.status]
    found = [each for each in found if _in_period(each.ordered_at, asked, view)]
    found = [each for each in found if _in_range(each.total, asked.amount) and _contains(each, asked, view)]
    if asked.after_opening:
        found = [each for each in found if each.ordered_at > (view.occurred_at or 0)]
    total = sum(each.total for each in found)
    return _counted(len(found), asked.count) and (asked.total is None or _in_range(total, asked.total))


def _contains(order: Order, asked: Any, view: View) -> bool:
    lines = view.state.of(Line, order.customer_id)
    mine = [each for each in lines if each.order_id == order.id]
    fits_product = not asked.product or any(_product_key(each.product_id, view) in asked.product for each in mine)
    return fits_product and (not asked.category or any(each.category in asked.category for each in mine))


def _product_key(product_id: int | None, view: View) -> str | None:
    product = view.state.one(Product, product_id)
    return product.key if product else None


def _first_order(asked: words.FirstOrder, person: Customer, view: View) -> bool:
    found = view.state.orders_of(person.id)
    return bool(found) and _in_period(found[0].ordered_at, asked, view)


def _last_order(asked: words.LastOrder, person: Customer, view: View) -> bool:
    found = view.state.orders_of(person.id)
    return bool(found) and _in_period(found[-1].ordered_at, asked, view)


def _this(asked: words.This, person: Customer, view: View) -> bool:
    subject = view.subject
    if isinstance(subject, Booking):
        return (not asked.menu or subject.menu in asked.menu) and (not asked.staff or subject.staff in asked.staff)
    if not isinstance(subject, Order):
        return False
    if asked.order is not None:
        known = view.state.orders_of(person.id)
        is_first = bool(known) and known[0].id == subject.id
        if not known or is_first != (asked.order == "first") or (subject.void and asked.order == "first"):
            return False
    return _in_range(subject.total, asked.amount) and _contains(subject, asked, view)


def _bookings(asked: words.Bookings, person: Customer, view: View) -> bool:
    status = asked.status or ("booked", "visited")
    found = [each for each in view.state.of(Booking, person.id) if each.status in status]
    found = [each for each in found if _in_period(each.starts_at, asked, view)]
    found = [each for each in found if not asked.menu or each.menu in asked.menu]
    if asked.ahead is not None:
        found = [each for each in found if (each.starts_at > view.now) == asked.ahead]
    if asked.after_opening:
        found = [each for each in found if (each.booked_at or each.received_at) > (view.occurred_at or 0)]
    return _counted(len(found), asked.count)


def _events(asked: words.Events, person: Customer, view: View) -> bool:
    found = [each for each in view.state.of(Event, person.id) if each.kind == asked.kind]
    return _counted(sum(_in_period(each.occurred_at, asked, view) for each in found), asked.count)


def _contacts(asked: words.Contacts, person: Customer, view: View) -> bool:
    found = [each for each in _others(person, view) if _in_period(each.at, asked, view)]
    found = [each for each in found if not asked.channel or each.channel in asked.channel]
    found = [each for each in found if not asked.direction or each.direction == asked.direction]
    return _counted(len(found), asked.count)


def _silent_for(asked: words.SilentFor, person: Customer, view: View) -> bool:
    last = max((each.at for each in _others(person, view) if each.direction == "out"), default=None)
    return last is None or last < _ago(asked.duration, view)


def _others(person: Customer, view: View) -> list[Contact]:
    """The contacts but for those of the enrollment that asks."""
    own = {each.id for each in view.sent if (each.campaign, each.occurrence) == view.enrollment}
    return [each for each in view.state.of(Contact, person.id) if each.touch_id is None or each.touch_id not in own]


def _received(asked: words.Received, person: Customer, view: View) -> bool:
    sent = [each for each in view.sent if each.status in ("sent", "unknown")]
    found = [each for each in sent if each.customer_id == person.id and each.campaign == asked.campaign]
    found = [each for each in found if asked.step is None or each.step == asked.step]
    found = [each for each in found if (each.campaign, each.occurrence) != view.enrollment]
    return any(asked.within is None or each.at >= _ago(asked.within, view) for each in found)


def _reachable(asked: words.Reachable, person: Customer, view: View) -> bool:
    channels = CHANNELS if asked.by == "any" else (asked.by,)
    return any(usable(person, each, view.state) and not suppressed(person, each, view.state) for each in channels)


def _consent(asked: words.HasConsent, person: Customer, view: View) -> bool:
    channels = CHANNELS if asked.to == "any" else (asked.to,)
    return any(permitted(person, each, view.state) for each in channels)


def _segment(asked: words.InSegment, person: Customer, view: View) -> bool:
    return holds(view.segments[asked.name].condition, person, view)


def _complaint(asked: words.Complaint, person: Customer, view: View) -> bool:
    return any(each.kind == "complaint" for each in open_holds(person, view))


def _refused(asked: words.Refused, person: Customer, view: View) -> bool:
    return bool(refusals_of(person, asked.product, asked.category, view))


ANSWERS: dict[type, Callable[[Any, Customer, View], bool]] = {
    words.AttributeIs: _attribute,
    words.HasTag: _tag,
    words.IsKind: _kind,
    words.LivesIn: _prefecture,
    words.DateIs: _date,
    words.Orders: _orders,
    words.FirstOrder: _first_order,
    words.LastOrder: _last_order,
    words.This: _this,
    words.Bookings: _bookings,
    words.Events: _events,
    words.Contacts: _contacts,
    words.SilentFor: _silent_for,
    words.Received: _received,
    words.Reachable: _reachable,
    words.HasConsent: _consent,
    words.InSegment: _segment,
    words.Complaint: _complaint,
    words.Refused: _refused,
}


def open_holds(person: Customer, view: View) -> list[Hold]:
    """Complaints and refusals that still hold."""
    return [each for each in view.state.of(Hold, person.id) if each.closed_at is None or each.closed_at > view.now]


def refusals_of(person: Customer, product: str | None, category: str | None, view: View) -> list[Hold]:
    """The refusals in force of a product (by its code, or with its category) or of a category."""
    found = [each for each in open_holds(person, view) if each.kind == "refusal"]
    categories = {category} | {each.category for each in view.state.all(Product) if each.key == product}
    return [
        each
        for each in found
        if (product is not None and _product_key(each.product_id, view) == product)
        or (each.category and each.category in categories)
    ]


def variable_missing(name: str, person: Customer, view: View) -> bool:
    """Whether a variable that a template requires has no value."""
    if name == "customer.family_name":
        return not person.family_name
    if name == "customer.prefecture":
        return not person.prefecture
    if name == "customer.birthday":
        known = view.state.of(DatedFact, person.id)
        return not any(each.name == "birthday" and not each.relative and each.day for each in known)
    if name == "history.order_count":
        return not view.state.orders_of(person.id)
    if name == "order.shipped_on":
        return view.subject is None or view.subject.shipped_at is None
    if name == "booking.staff":
        return view.subject is None or not view.subject.staff
    raise LookupError(name)


def zone_of_person(person: Customer, view: View) -> str:
    """The person's zone, else the company's, else the shop's."""
    account = view.state.one(Account, person.account_id)
    return person.zone or (account.zone if account else None) or view.settings.timezone


def _ago(duration: Any, view: View) -> int:
    """The instant so long ago, days counted in the shop's calendar."""
    return int(add_days(view.now, -duration.days, view.settings.timezone) - duration.seconds)


def _in_period(instant: int, asked: words.Period, view: View) -> bool:
    return (asked.within is None or instant >= _ago(asked.within, view)) and (
        asked.older_than is None or instant < _ago(asked.older_than, view)
    )


def _in_range(value: float, asked: words.Comparison | None) -> bool:
    if asked is None:
        return True
    return (asked.at_least is None or value >= asked.at_least) and (asked.at_most is None or value <= asked.at_most)


def _counted(number: int, asked: words.Comparison | None) -> bool:
    return number >= 1 if asked is None else _in_range(number, asked)


def anniversary_in(fact: DatedFact, year: int, month_only: int | None, feb29: str) -> date | None:
    """The day on which a yearly date returns in a year; None where it does not."""
    if fact.day is None and month_only is None:
        return None
    if fact.year is not None and year <= fact.year:
        return None
    month, day = fact.month, fact.day or month_only or 1
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    if (month, day) == (2, 29) and not leap:
        return {"02-28": date(year, 2, 28), "03-01": date(year, 3, 1)}.get(feb29)
    return date(year, month, day)
