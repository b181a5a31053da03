"""Limits that customers share: the LINE quota, the mail provider's day, a campaign's own ceiling.

They are a second pass over what was placed: within each period the best keep their slots, by priority, expiry, longest
silence and bucket; the surplus finds the period closed and is placed again.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from nurture.gates.limit import CONSUMED, Limit
from nurture.gates.placing import Block
from nurture.gates.situation import Situation
from nurture.store import binary_order
from nurture.store.tables import Customer, CustomerFact, Touch, table

from .times import seconds
from .workspace import CANDIDATE, DECISION, PLAN_STEP

CUSTOMER, FACT, TOUCH = table(Customer), table(CustomerFact), table(Touch)


def crowded(connection: Connection, limit: Limit, situation: Situation) -> bool:
    """Whether open touches and new candidates together may be more than the limit, so that all must be compared."""
    start, _ = limit.period(situation.instant)
    wanted = [TOUCH.c.status.in_((*CONSUMED, "planned")), seconds(TOUCH.c.at) >= start, *_about(limit, touch=True)]
    present = connection.scalar(select(func.count()).select_from(TOUCH).where(*wanted)) or 0
    joined = CANDIDATE.join(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
    new = select(func.count()).select_from(joined).where(*_new())
    coming = connection.scalar(new.where(*_about(limit, touch=False))) or 0
    return coming > 0 and present + coming > limit.count


def open_owners(limit: Limit) -> ColumnElement[bool]:
    """Which planned touches fall under the limit."""
    return and_(TOUCH.c.status == "planned", TOUCH.c.at.is_not(None), *_about(limit, touch=True))


def surplus(connection: Connection, limit: Limit, situation: Situation) -> list[tuple[int, int, Block]]:
    """(candidate id, owner id, the full period as a block) of everyone placed who finds no room."""
    room: dict[int, list[tuple[int, int]]] = {}
    for candidate_id, owner_id, slot in connection.execute(_ranked(limit)):
        at = max(slot, situation.instant)  # an overdue touch leaves now, whatever its slot was
        if limit.until is None or at < limit.until:
            room.setdefault(limit.period(at)[0], []).append((candidate_id, owner_id))
    found: list[tuple[int, int, Block]] = []
    for start, people in room.items():
        end = limit.period(start)[1]
        used = connection.scalar(_used(limit, start, end)) or 0
        block = Block(start, end, "over_quota", limit.name, limit.count, limit.count, limit.channel)
        found += [(candidate, owner, block) for candidate, owner in people[max(limit.count - used, 0) :]]
    return found


def _ranked(limit: Limit) -> Select[Any]:
    owner = CUSTOMER.alias("owner")
    joined = (
        DECISION.join(CANDIDATE, CANDIDATE.c.id == DECISION.c.candidate_id)
        .join(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
        .join(owner, owner.c.id == CANDIDATE.c.owner_id)
        .outerjoin(FACT, FACT.c.customer_id == CANDIDATE.c.customer_id)
    )
    return (
        select(CANDIDATE.c.id, CANDIDATE.c.owner_id, DECISION.c.at)
        .select_from(joined)
        .where(DECISION.c.status == "planned", *_decided(limit))
        .order_by(
            CANDIDATE.c.priority.desc(),
            CANDIDATE.c.expires_at,
            func.coalesce(seconds(FACT.c.last_contact_at), 0),
            owner.c.bucket,
            CANDIDATE.c.owner_id,
            CANDIDATE.c.step_id,
            binary_order(CANDIDATE.c.occurrence),
            CANDIDATE.c.customer_id,
        )
    )


def _decided(limit: Limit) -> list[ColumnElement[bool]]:
    if limit.campaign is not None:
        return [PLAN_STEP.c.campaign == limit.campaign]
    first = and_(DECISION.c.channel == 0, PLAN_STEP.c.first_channel == limit.channel)
    return [first | and_(DECISION.c.channel == 1, PLAN_STEP.c.second_channel == limit.channel)]


def _new() -> list[ColumnElement[bool]]:
    return [CANDIDATE.c.gate == 0, CANDIDATE.c.exits.is_(None), CANDIDATE.c.touch_id.is_(None)]


def _about(limit: Limit, *, touch: bool) -> list[ColumnElement[bool]]:
    if touch:
        return [TOUCH.c.campaign == limit.campaign if limit.campaign else TOUCH.c.channel == limit.channel]
    if limit.campaign is not None:
        return [PLAN_STEP.c.campaign == limit.campaign]
    first = and_(CANDIDATE.c.channel == 0, PLAN_STEP.c.first_channel == limit.channel)
    return [first | and_(CANDIDATE.c.channel == 1, PLAN_STEP.c.second_channel == limit.channel)]


def _used(limit: Limit, start: int, end: int) -> Select[Any]:
    # NOT EXISTS would read every candidate for every touch: nothing indexes them by touch.
    staged = TOUCH.c.id.in_(select(CANDIDATE.c.touch_id).where(CANDIDATE.c.touch_id.is_not(None)))
    return (
        select(func.count())
        .select_from(TOUCH)
        .where(
            seconds(TOUCH.c.at) >= start,
            seconds(TOUCH.c.at) < end,
            TOUCH.c.status.in_(CONSUMED) | and_(TOUCH.c.status == "planned", ~staged),
            *_about(limit, touch=True),
        )
    )
