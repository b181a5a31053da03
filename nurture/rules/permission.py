"""Whether a customer may be reached on a channel: address, suppression, consent. Gates and conditions ask it alike."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from nurture.store.tables import Address, Consent, Customer, Suppression, probe, table

from .form import among_those, probe_or_set
from .joining import join_in_order

ADDRESS, CONSENT, CUSTOMER, SUPPRESSION = (probe(each) for each in (Address, Consent, Customer, Suppression))
CHANNELS = ("email", "line")


def has_address(customer_id: ColumnElement[Any], channel: str) -> ColumnElement[bool]:
    """There is an address on the channel that was neither removed nor found invalid."""
    return exists().where(*_address(customer_id, channel))


def suppressed(
    customer_id: ColumnElement[Any], channel: str, now: Any, purpose: str, *, everybody: bool = False
) -> ColumnElement[bool]:
    """The person or the address may not be used; `transactional` messages are stopped by scope `all` only."""
    return or_(*_obstacles(customer_id, channel, now, purpose, everybody=everybody))


def _obstacles(
    customer_id: ColumnElement[Any], channel: str, now: Any, purpose: str, *, everybody: bool
) -> tuple[ColumnElement[bool], ...]:
    in_force = _in_force(("all",) if purpose == "transactional" else ("all", "commercial"), now)
    person = select(SUPPRESSION.c.customer_id).where(
        SUPPRESSION.c.customer_id.is_not(None),
        or_(SUPPRESSION.c.channel.is_(None), SUPPRESSION.c.channel == channel),
        SUPPRESSION.c.value.is_(None),
        *in_force,
    )
    return (
        among_those(customer_id, person, everybody=everybody),
        _address_suppressed(customer_id, channel, in_force, everybody=everybody),
        _never(customer_id),
    )


def _never(customer_id: ColumnElement[Any]) -> ColumnElement[bool]:
    person = table(Customer)
    if customer_id is person.c.id:
        # A statement over customers reads the row already; a million probes for it again took a tenth of a broadcast.
        return person.c.never.is_(True)
    return exists().where(CUSTOMER.c.id == customer_id, CUSTOMER.c.never)


def _address_suppressed(
    customer_id: ColumnElement[Any], channel: str, in_force: tuple[ColumnElement[bool], ...], *, everybody: bool
) -> ColumnElement[bool]:
    listed = (SUPPRESSION.c.channel == channel, *in_force)
    same = SUPPRESSION.c.value == ADDRESS.c.value
    probe = exists().where(*_address(customer_id, channel)).where(exists().where(*listed, same))
    joined = join_in_order(SUPPRESSION, ADDRESS, and_(ADDRESS.c.channel == channel, same))
    ids = select(ADDRESS.c.customer_id).select_from(joined).where(*listed, *_usable())
    return probe_or_set(customer_id, probe, ids, everybody=everybody)


def consented(customer_id: ColumnElement[Any], channel: str, now: Any) -> ColumnElement[bool]:
    """The consent in force on the channel is a permission for commercial messages."""
    return exists().where(
        CONSENT.c.customer_id == customer_id,
        CONSENT.c.channel == channel,
        CONSENT.c.purpose == "commercial",
        CONSENT.c.status == "granted",
        CONSENT.c.ended_at.is_(None),
        CONSENT.c.given_at <= now,
    )


def sendable(
    customer_id: ColumnElement[Any], channel: str, now: Any, purpose: str, *, everybody: bool = False
) -> ColumnElement[bool]:
    """An address is there, not suppressed, and allowed for the purpose."""
    # Each with a NOT of its own: PostgreSQL makes no anti-joins of a NOT around an OR.
    obstacles = _obstacles(customer_id, channel, now, purpose, everybody=everybody)
    parts = [has_address(customer_id, channel), *(~each for each in obstacles)]
    if purpose == "commercial":
        parts.append(consented(customer_id, channel, now))
    return and_(*parts)


def usable_address(customer_id: ColumnElement[Any], channel: str) -> ColumnElement[Any]:
    """The value of the oldest usable address on the channel, NULL without one."""
    return (
        select(ADDRESS.c.value).where(*_address(customer_id, channel)).order_by(ADDRESS.c.id).limit(1).scalar_subquery()
    )


def _address(customer_id: ColumnElement[Any], channel: str) -> tuple[ColumnElement[bool], ...]:
    return (
        ADDRESS.c.customer_id == customer_id,
        ADDRESS.c.channel == channel,
        *_usable(),
    )


def _usable() -> tuple[ColumnElement[bool], ...]:
    return ADDRESS.c.removed_at.is_(None), ADDRESS.c.status != "invalid"


def _in_force(scopes: tuple[str, ...], now: Any) -> tuple[ColumnElement[bool], ...]:
    """Since when is not asked: a clock that was set back would bring those back who said no in the hours it lost."""
    return (
        SUPPRESSION.c.scope.in_(scopes),
        func.coalesce(SUPPRESSION.c.lifted_at, now + 1) > now,
    )
