"""Operators about bookings, events, contacts and touches."""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from nurture.condition.vocabulary import Bookings, Comparison, Contacts, Events, Received, SilentFor, This
from nurture.store.tables import Booking, Contact, Event, Touch, probe

from .buying import FACT, fact, period
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
    """Asks about the booking that opened the occurrence."""
    assert scope.subject_id is not None
    parts: list[ColumnElement[bool]] = []
    mine = select(1).where(BOOKING.c.id == scope.subject_id)
    if asked.menu or asked.staff:
        wanted = [any_value(BOOKING.c.menu, asked.menu)] if asked.menu else []
        wanted += [any_value(BOOKING.c.staff, asked.staff)] if asked.staff else []
        parts.append(mine.where(*wanted).exists())
    if asked.booking:
        this, earlier = BOOKING.alias("this_booking"), BOOKING.alias("earlier_booking")
        before = (
            select(1)
            .select_from(this.join(earlier, earlier.c.customer_id == this.c.customer_id))
            .where(
                this.c.id == scope.subject_id,
                earlier.c.status.in_(("booked", "visited")),
                or_(
                    earlier.c.starts_at < this.c.starts_at,
                    and_(earlier.c.starts_at == this.c.starts_at, earlier.c.id < this.c.id),
                ),
            )
            .exists()
        )
        parts.append(~before if asked.booking == "first" else before)
    menu = select(BOOKING.c.menu).where(BOOKING.c.id == scope.subject_id).scalar_subquery()
    return Clause(and_(*parts), menu)


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
    cutoff = scope.ago(asked.duration)
    lately = select(1).where(
        CONTACT.c.customer_id == scope.customer_id,
        CONTACT.c.direction == "out",
        CONTACT.c.at >= cutoff,
        CONTACT.c.at <= scope.instant,
        *_not_our_own(scope),
    )
    return Clause(~lately.exists(), fact(scope, FACT.c.last_contact_at, None), "instant")


def received(scope: Scope, asked: Received) -> Clause:
    """A step of the campaign was sent, or may have been."""
    found = select(func.count()).where(
        TOUCH.c.customer_id == scope.customer_id,
        TOUCH.c.campaign == asked.campaign,
        any_value(TOUCH.c.status, SENT),
    )
    if asked.step:
        found = found.where(TOUCH.c.step == asked.step)
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
