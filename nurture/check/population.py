"""Whom a campaign could speak to, and about what: its occasions of a year, as one selectable. It counts nobody."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, FromClause, Select, func, literal, null, select

from nurture.campaign import After, Anniversary, Campaign
from nurture.gates.situation import Situation
from nurture.gates.standing import active, in_audience, scope_of
from nurture.rules.buying import GONE
from nurture.rules.offer import offered_product
from nurture.rules.scope import Scope
from nurture.rules.variables import Occasion, incomplete
from nurture.store.tables import Booking, Customer, CustomerFact, DatedFact, Event, Order, seconds, table
from nurture.zone import DAY

CUSTOMER, ORDER, BOOKING, EVENT = (table(each) for each in (Customer, Order, Booking, Event))
FACT, DATED = table(CustomerFact), table(DatedFact)
YEAR = 365 * DAY
STATUSES: Mapping[str, tuple[str, ...]] = {
    "booking": ("booked", "visited"),
    "visit": ("visited",),
    "no_show": ("no_show",),
    "cancellation": ("cancelled",),
}


@dataclass(frozen=True)
class Population:
    """Customers, each with what a campaign would open for."""

    source: FromClause
    conditions: tuple[ColumnElement[bool], ...]
    scope: Scope
    subject_id: ColumnElement[Any]
    occurred_at: ColumnElement[int]
    occasion: Occasion | None
    campaign: Campaign

    def people(self, *columns: ColumnElement[Any], audience: bool = True) -> Select[Any]:
        """A statement over the population, or over the part of it that is in the campaign's audience."""
        found = select(*columns).select_from(self.source).where(*self.conditions)
        return found.where(in_audience(self.scope, self.campaign)) if audience else found

    def lacks(self, names: tuple[str, ...]) -> ColumnElement[bool]:
        """Whether any of these variables is missing."""
        return incomplete(self.scope, names, self.occasion)


def population(situation: Situation, campaign: Campaign) -> Population:
    """Orders, bookings and events of the last year; everybody with the date; or everybody."""
    trigger = campaign.trigger
    subject, at, wanted = _source(trigger) if isinstance(trigger, After) else (None, literal(situation.instant), [])
    source: FromClause = CUSTOMER if subject is None else subject.join(CUSTOMER, CUSTOMER.c.id == subject.c.customer_id)
    if subject is not None:
        wanted = [*wanted, at > situation.instant - YEAR, at <= situation.instant]
    occasion = None
    if isinstance(trigger, Anniversary):
        occasion = Occasion(trigger.anniversary, trigger.relative)
        wanted = [_has_date(trigger)]
    subject_id: ColumnElement[Any] = null().cast(BigInteger) if subject is None else subject.c.id
    scope = scope_of(situation, campaign, CUSTOMER.c.id, subject_id=subject_id, occurred_at=at)
    if campaign.offer:
        scope = scope.about(offer_id=offered_product(scope, campaign.offer))
    return Population(source, (active(CUSTOMER), *wanted), scope, subject_id, at, occasion, campaign)


def _source(trigger: After) -> tuple[Any, ColumnElement[int], list[ColumnElement[bool]]]:
    if trigger.event:
        return EVENT, seconds(EVENT.c.occurred_at), [EVENT.c.kind == trigger.event]
    word = str(trigger.after)
    if trigger.table == "order":
        columns = {"order": ORDER.c.ordered_at, "shipment": ORDER.c.shipped_at, "delivery": ORDER.c.delivered_at}
        return ORDER, seconds(columns[word]), [ORDER.c.status.not_in(GONE)]
    happened = {"booking": BOOKING.c.booked_at, "cancellation": BOOKING.c.received_at}.get(word, BOOKING.c.starts_at)
    at = func.coalesce(seconds(happened), seconds(BOOKING.c.received_at))
    return BOOKING, at, [BOOKING.c.status.in_(STATUSES[word])]


def _has_date(trigger: Anniversary) -> ColumnElement[bool]:
    if trigger.anniversary == "first_order" and not trigger.relative:
        return select(1).where(FACT.c.customer_id == CUSTOMER.c.id, FACT.c.first_order_at.is_not(None)).exists()
    mine = (DATED.c.customer_id == CUSTOMER.c.id, DATED.c.name == trigger.anniversary)
    found = select(1).where(*mine, DATED.c.relative == trigger.relative)
    return (found if trigger.month_only else found.where(DATED.c.day.is_not(None))).exists()
