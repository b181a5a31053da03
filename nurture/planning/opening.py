"""Opening: each trigger is one INSERT … SELECT of the occurrences that are in the audience and not enrolled yet.

There is no cursor. A statement looks back as far as a step could still be valid, and the occurrence's key makes it
idempotent, so late imports and a daemon that slept come right.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Delete,
    Insert,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
    true,
    union_all,
)

from nurture.campaign import After, Campaign, Schedule
from nurture.gates.reach import reach
from nurture.gates.situation import Situation
from nurture.gates.standing import active, in_audience, scope_of
from nurture.rules.buying import GONE
from nurture.rules.compiling import predicate
from nurture.rules.joining import join_in_order
from nurture.rules.moment import Late
from nurture.rules.scope import Scope
from nurture.store.tables import Booking, Customer, Enrollment, Event, Order, seconds, table
from nurture.zone import DAY, Duration

from .workspace import AUDIENCE, OPENED

CUSTOMER, ENROLLMENT = table(Customer), table(Enrollment)
ORDER, BOOKING, EVENT = table(Order), table(Booking), table(Event)
_REACHES = (AUDIENCE.c.first_reach, AUDIENCE.c.second_reach)
PRIME = 2_147_483_647
SHARES = 10_000


def _received() -> CompoundSelect[Any]:
    since = bindparam("since", type_=BigInteger)
    tables = ((ORDER, "order"), (BOOKING, "booking"))
    named = [select(literal(name)).where(exists().where(seconds(each.c.received_at) > since)) for each, name in tables]
    kinds = select(literal("event:") + EVENT.c.kind).where(seconds(EVENT.c.received_at) > since)
    return union_all(*named, kinds.distinct())


RECEIVED = _received()


def open_after(
    situation: Situation, campaign: Campaign, received_since: int | ColumnElement[int] | None
) -> Select[Any]:
    """Occurrences of orders, bookings and events; `received_since` narrows to what came lately."""
    assert isinstance(campaign.trigger, After)
    source, at, key, wanted = source_of(campaign.trigger)
    rows, lately = source, list[ColumnElement[bool]]()
    if received_since is not None:
        # What came lately is found first. Asked together with the rest, SQLite would walk through all within reach.
        received = source.alias("received")
        rows = join_in_order(received, source, source.c.id == received.c.id)
        lately = [seconds(received.c.received_at) > received_since]
    found = select(CUSTOMER.c.id).select_from(rows.join(CUSTOMER, CUSTOMER.c.id == source.c.customer_id))
    found = found.where(*lately, *_in_reach(situation, campaign, at), *wanted)
    return complete(situation, campaign, found, literal(f"{campaign.trigger.table}:") + key, at, source.c.id)


def complete(
    situation: Situation,
    campaign: Campaign,
    found: Select[Any],
    occurrence: ColumnElement[str],
    occurred_at: ColumnElement[int],
    subject_id: ColumnElement[Any],
    *more: ColumnElement[bool],
) -> Select[Any]:
    """The rows for `opened` from a statement over customers: audience, anti-join, re-entry and holdout added."""
    scope = scope_of(situation, campaign, CUSTOMER.c.id, subject_id=subject_id, occurred_at=occurred_at)
    # In this order: SQLite asks them one after the other, and an audience rules out more people than `more` does.
    found = found.where(active(CUSTOMER), in_audience(scope, campaign), *more)
    return _entering(situation, campaign, scope, found, occurrence, ())


def _entering(
    situation: Situation,
    campaign: Campaign,
    scope: Scope,
    found: Select[Any],
    occurrence: ColumnElement[str],
    reaches: tuple[ColumnElement[int], ...],
) -> Select[Any]:
    """Of a statement over the audience, whoever does not stand at the end already and is not enrolled."""
    occurred_at, subject_id = scope.occurred_at, scope.subject_id
    assert occurred_at is not None
    assert subject_id is not None
    if campaign.exit_when is not None:
        found = found.where(not_(predicate(scope, campaign.exit_when)))
    found = found.where(_not_enrolled(situation, campaign, scope.customer_id, occurrence, occurred_at))
    found = found.with_only_columns(
        literal(campaign.campaign).label("campaign"),
        scope.customer_id.label("customer_id"),
        occurrence.label("occurrence"),
        occurred_at.label("occurred_at"),
        subject_id.label("subject_id"),
        held_out(campaign).label("held_out"),
        *reaches,
    )
    return found if campaign.again == "per occurrence" else _first_only(found)


def _not_enrolled(
    situation: Situation,
    campaign: Campaign,
    customer_id: ColumnElement[int],
    occurrence: ColumnElement[str],
    occurred_at: ColumnElement[int],
) -> ColumnElement[bool]:
    """The occurrence has not opened yet, and `again` allows another one."""
    asked = (situation, campaign, customer_id, occurrence, occurred_at)
    allowed = _not_among(ENROLLMENT, *asked)
    if campaign.again == "per occurrence" or not isinstance(campaign.trigger, Schedule):
        return allowed
    # Each instant of a schedule is a statement of its own: what the one before has opened is no enrollment yet.
    return and_(allowed, _not_among(OPENED, *asked))


def _not_among(
    known: Table,
    situation: Situation,
    campaign: Campaign,
    customer_id: ColumnElement[int],
    occurrence: ColumnElement[str],
    occurred_at: Any,
) -> ColumnElement[bool]:
    mine = select(1).where(known.c.customer_id == customer_id, known.c.campaign == campaign.campaign)
    if campaign.again == "per occurrence":
        return ~mine.where(known.c.occurrence == occurrence).exists()
    pause = campaign.again_after
    if pause is None:
        return ~mine.exists()
    at = seconds(known.c.occurred_at)
    close = and_(at > _before(situation, pause, occurred_at), _not_long_after(at, pause, occurred_at))
    return ~mine.where(or_(known.c.occurrence == occurrence, close)).exists()


def held_out(campaign: Campaign) -> ColumnElement[bool]:
    """Whether the customer belongs to the campaign's share of people who are deliberately not contacted."""
    if not campaign.holdout:
        return false()
    salt = hashlib.sha256(f"holdout:{campaign.campaign}".encode()).digest()
    factor, summand = (int.from_bytes(salt[start : start + 4], "big") % (PRIME - 1) + 1 for start in (0, 4))
    owner = CUSTOMER.alias("holdout_owner")
    shared = select(owner.c.bucket).where(owner.c.id == CUSTOMER.c.cap_owner_id).scalar_subquery()
    bucket = func.coalesce(shared, CUSTOMER.c.bucket).cast(BigInteger)
    draw = (bucket * literal(factor, BigInteger) + summand) % PRIME % SHARES
    return draw < round(campaign.holdout * SHARES)


def gathering(situation: Situation, campaign: Campaign, instant: int | ColumnElement[int]) -> list[Delete | Insert]:
    """Write into `audience` everybody whom a broadcast means, with what their channels say.

    Who opens, who is counted as out of reach and what is staged follow from it; each used to ask a million people anew.
    """
    scope = _scope_of_all(situation, campaign, instant, CUSTOMER.c.id)
    reaches = [reach(scope, channel, campaign.purpose) for channel in campaign.steps[0].channels[:2]]
    found = select(CUSTOMER.c.id, *reaches).where(active(CUSTOMER), in_audience(scope, campaign))
    names = ["customer_id", *(each.name for each in _REACHES[: len(reaches)])]
    return [delete(AUDIENCE), insert(AUDIENCE).from_select(names, found)]


def open_schedule(
    situation: Situation, campaign: Campaign, instant: int | ColumnElement[int], label: str | ColumnElement[str]
) -> Select[Any]:
    """Everybody in `audience` who can be reached, for one scheduled instant."""
    found = select(AUDIENCE.c.customer_id).where(or_(*(each == 0 for each in _REACHES)))
    if campaign.holdout:
        found = found.select_from(join_in_order(AUDIENCE, CUSTOMER, CUSTOMER.c.id == AUDIENCE.c.customer_id))
    occurrence = literal("schedule:") + (label if isinstance(label, ColumnElement) else literal(label, Text))
    scope = _scope_of_all(situation, campaign, instant, AUDIENCE.c.customer_id)
    return _entering(situation, campaign, scope, found, occurrence, _REACHES)


def count_unreachable() -> Select[Any]:
    """How many in `audience` can't be reached, by the gate that their best channel fails."""
    first, second = _REACHES
    best = case((second > first, second), else_=first).label("gate")
    return select(best, func.count()).where(first > 0, func.coalesce(second, 1) > 0).group_by(best)


def _scope_of_all(
    situation: Situation, campaign: Campaign, instant: int | ColumnElement[int], customer_id: ColumnElement[int]
) -> Scope:
    at = instant if isinstance(instant, ColumnElement) else literal(instant, BigInteger)
    none = null().cast(BigInteger)
    return scope_of(situation, campaign, customer_id, subject_id=none, occurred_at=at, everybody=True)


def store_opened(connection: Connection, found: Select[Any]) -> int:
    """Writes the rows into `opened` and gives their number."""
    return connection.execute(storing(found)).rowcount


def storing(found: Select[Any]) -> Insert:
    """The statement that writes the rows into `opened`."""
    return insert(OPENED).from_select([each.name for each in found.selected_columns], found)


def received_since(connection: Connection, instant: int) -> set[str]:
    """Of what rows were received after the instant: `order`, `booking`, `event:<kind>`."""
    return set(connection.scalars(RECEIVED, {"since": instant}))


def source_name(trigger: After) -> str:
    """What `received_since` calls the trigger's rows."""
    return f"event:{trigger.event}" if trigger.event else str(trigger.table)


def source_of(trigger: After) -> tuple[Any, ColumnElement[int], ColumnElement[str], list[ColumnElement[bool]]]:
    """Table, instant, key and conditions of the rows that open a trigger's occurrences."""
    if trigger.event:
        return EVENT, seconds(EVENT.c.occurred_at), EVENT.c.key, [EVENT.c.kind == trigger.event]
    if trigger.table == "order":
        columns = {"order": ORDER.c.ordered_at, "shipment": ORDER.c.shipped_at, "delivery": ORDER.c.delivered_at}
        return ORDER, seconds(columns[str(trigger.after)]), ORDER.c.key, [ORDER.c.status.not_in(GONE)]
    changed = func.coalesce(seconds(BOOKING.c.booked_at), seconds(BOOKING.c.received_at))
    by_word: Mapping[str, tuple[ColumnElement[int], tuple[str, ...]]] = {
        "booking": (changed, ("booked", "visited")),
        "visit": (seconds(BOOKING.c.starts_at), ("visited",)),
        "no_show": (seconds(BOOKING.c.starts_at), ("no_show",)),
        "cancellation": (seconds(BOOKING.c.received_at), ("cancelled",)),
    }
    at, statuses = by_word[str(trigger.after)]
    return BOOKING, at, BOOKING.c.key, [BOOKING.c.status.in_(statuses)]


def _in_reach(situation: Situation, campaign: Campaign, at: ColumnElement[int]) -> list[ColumnElement[bool]]:
    now = situation.asked_at
    return [at > now - situation.lookback(campaign), at <= now, *in_life(situation, campaign, at)]


def in_life(situation: Situation, campaign: Campaign, at: ColumnElement[int]) -> list[ColumnElement[bool]]:
    """Conditions that an instant lies between the campaign's `starts` and `ends`."""
    earliest, latest = life_of(situation, campaign)
    return [*([at >= earliest] if earliest else []), *([at < latest] if latest else [])]


def life_of(situation: Situation, campaign: Campaign) -> tuple[int | None, int | None]:
    """From when to when (exclusive) occurrences may lie, by `starts` and `ends` in the shop's zone."""
    zone = situation.shop_zone
    earliest = zone.day_start(campaign.starts) if campaign.starts else None
    latest = zone.at(campaign.ends, DAY) if campaign.ends else None  # a day later there is no 9999-12-31
    return earliest, latest


def _first_only(found: Select[Any]) -> Select[Any]:
    # Two orders in one statement both see no enrollment: only the earliest may open.
    ordered = found.add_columns(
        func.row_number()
        .over(
            partition_by=found.selected_columns.customer_id,
            order_by=(found.selected_columns.occurred_at, found.selected_columns.subject_id),
        )
        .label("turn")
    ).subquery()
    return select(*(ordered.c[each.name] for each in found.selected_columns)).where(ordered.c.turn == 1)


def _before(situation: Situation, pause: Duration, occurred_at: ColumnElement[int]) -> ColumnElement[int]:
    if pause.months:
        assert isinstance(occurred_at, BindParameter)  # months are for schedules, whose instant is known
        zone, instant = situation.shop_zone, occurred_at
        return Late(None, callable_=lambda: pause.before(zone, instant.effective_value or 0), type_=BigInteger)
    return occurred_at - (pause.days * 86_400 + pause.seconds)


def _not_long_after(at: ColumnElement[int], pause: Duration, occurred_at: ColumnElement[int]) -> ColumnElement[bool]:
    if pause.months:
        return true()
    return at < occurred_at + (pause.days * 86_400 + pause.seconds)
