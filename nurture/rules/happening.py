"""Operators about bookings, events, contacts and touches."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from nurture.condition.vocabulary import Bookings, Comparison, Contacts, Events, Received, SilentFor, This
from nurture.store.tables import Booking, Contact, Event, Touch, probe

from .buying import period
from .clause import Clause, any_value, certain, in_range
from .scope import Scope

BOOKING, EVENT, CONTACT, TOUCH = (probe(each) for each in (Booking, Event, Contact, Touch))
SENT = ("sent", "unknown")


def bookings(scope: Scope, asked: Bookings) -> Clause:
    """Counts bookings; by default those booked or visited."""
    found = select(func.count()).where(
        BOOKING.c.customer_id == scope.customer_id,
        any_value(BOOKING.c.status, asked.status or ("booked", "visited")),
        *period(scope, asked, BOOKING.c.starts_at),
    )
    if scope.recount:
        # A history that was imported later is of the past all the same.
        known = func.coalesce(BOOKING.c.booked_at, BOOKING.c.received_at)
        found = found.where(or_(BOOKING.c.starts_at <= scope.instant, known <= scope.instant))
    if asked.menu:
        found = found.where(any_value(BOOKING.c.menu, asked.menu))
    if asked.staff:
        found = found.where(any_value(BOOKING.c.staff, asked.staff))
    if asked.ahead is not None:
        found = found.where(
            BOOKING.c.starts_at > scope.instant if asked.ahead else BOOKING.c.starts_at <= scope.instant
        )
    if asked.after_opening and scope.occurred_at is not None:
        found = found.where(func.coalesce(BOOKING.c.booked_at, BOOKING.c.received_at) > scope.occurred_at)
    return _counted(found, asked.count)


def this_booking(scope: Scope, asked: This) -> Clause:
    """Asks about the booking that opened the occurrence; where there is none, every question is false."""
    assert scope.subject_id is not None
    clauses: list[Clause] = []
    mine = select(1).where(BOOKING.c.id == scope.subject_id)
    if asked.booking:
        before = _earlier(scope, select(1)).exists()
        wanted = and_(mine.exists(), ~before) if asked.booking == "first" else before
        turn = select(_earlier(scope, select(func.count())).scalar_subquery() + 1)
        clauses.append(Clause(wanted, turn.where(mine.exists()).scalar_subquery(), "turn"))
    for name in ("menu", "staff"):
        if values := getattr(asked, name):
            column = BOOKING.c[name]
            clauses.append(Clause(mine.where(any_value(column, values)).exists(), _of_booking(scope, column)))
    return Clause(and_(*(each.predicate for each in clauses)), clauses[0].observed, clauses[0].kind)


def _earlier(scope: Scope, found: Select[Any]) -> Select[Any]:
    """The customer's bookings before the one that opened the occurrence."""
    this, earlier = BOOKING.alias("this_booking"), BOOKING.alias("earlier_booking")
    before = or_(
        earlier.c.starts_at < this.c.starts_at,
        and_(earlier.c.starts_at == this.c.starts_at, earlier.c.id < this.c.id),
    )
    joined = this.join(earlier, earlier.c.customer_id == this.c.customer_id)
    return found.select_from(joined).where(
        this.c.id == scope.subject_id, earlier.c.status.in_(("booked", "visited")), before
    )


def _of_booking(scope: Scope, column: ColumnElement[Any]) -> ColumnElement[Any]:
    return select(column).where(BOOKING.c.id == scope.subject_id).scalar_subquery()


def events(scope: Scope, asked: Events) -> Clause:
    """Counts events of a kind."""
    found = select(func.count()).where(
        EVENT.c.customer_id == scope.customer_id,
        EVENT.c.kind == asked.kind,
        EVENT.c.occurred_at <= scope.instant,
        *period(scope, asked, EVENT.c.occurred_at),
    )
    return _counted(found, asked.count)


def contacts(scope: Scope, asked: Contacts) -> Clause:
    """Counts contacts of every kind, but for those of the enrollment that asks."""
    found = select(func.count()).where(
        CONTACT.c.customer_id == scope.customer_id,
        CONTACT.c.at <= scope.instant,
        *period(scope, asked, CONTACT.c.at),
        *_not_our_own(scope),
    )
    if asked.channel:
        found = found.where(any_value(CONTACT.c.channel, asked.channel))
    if asked.direction:
        found = found.where(CONTACT.c.direction == asked.direction)
    return _counted(found, asked.count)


def silent_for(scope: Scope, asked: SilentFor) -> Clause:
    """No outgoing contact since; people we never approached are silent too."""
    ours = select(1).where(
        CONTACT.c.customer_id == scope.customer_id,
        CONTACT.c.direction == "out",
        CONTACT.c.at <= scope.instant,
        *_not_our_own(scope),
    )
    lately = ours.where(CONTACT.c.at >= scope.ago(asked.duration))
    return Clause(~lately.exists(), ours.with_only_columns(func.max(CONTACT.c.at)).scalar_subquery(), "instant")


def received(scope: Scope, asked: Received) -> Clause:
    """A step of the campaign was sent, or may have been."""
    found = select(func.count()).where(
        TOUCH.c.customer_id == scope.customer_id,
        TOUCH.c.campaign == asked.campaign,
        any_value(TOUCH.c.status, SENT),
    )
    if asked.step:
        found = found.where(TOUCH.c.step == asked.step)
    if scope.recount:
        found = found.where(TOUCH.c.at <= scope.instant)
    if asked.within:
        found = found.where(TOUCH.c.at >= scope.ago(asked.within))
    if asked.campaign == scope.campaign and scope.occurrence is not None:
        found = found.where(TOUCH.c.occurrence != scope.occurrence)
    return _counted(found, None)


def _not_our_own(scope: Scope) -> list[ColumnElement[bool]]:
    if scope.campaign is None or scope.occurrence is None:
        return []
    own = (
        select(TOUCH.c.id)
        .where(
            TOUCH.c.id == CONTACT.c.touch_id,
            TOUCH.c.campaign == scope.campaign,
            TOUCH.c.occurrence == scope.occurrence,
        )
        .correlate_except(TOUCH)
    )
    return [or_(CONTACT.c.touch_id.is_(None), ~own.exists())]


def _counted(found: Select[Any], comparison: Comparison | None) -> Clause:
    count = found.scalar_subquery()
    predicate = in_range(count, comparison) if comparison else found.with_only_columns(1).exists()
    return Clause(certain(predicate), count, "count")
