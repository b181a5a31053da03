"""Limits that customers share: the LINE quota, the mail provider's day, a campaign's own ceiling.

They are a second pass over what was placed: within each period the best keep their slots, by priority, expiry, longest
silence and bucket; the surplus finds the period closed and is placed again.
"""

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, and_, bindparam, func, select

from nurture.gates.limit import CONSUMED, Limit
from nurture.gates.placing import Block
from nurture.gates.situation import Situation
from nurture.store import binary_order
from nurture.store.tables import Customer, CustomerFact, Touch, seconds, table

from .workspace import CANDIDATE, DECISION, PLAN_STEP

CUSTOMER, FACT, TOUCH = table(Customer), table(CustomerFact), table(Touch)


START, END = (bindparam(name, type_=BigInteger) for name in ("period_start", "period_end"))


def crowded(connection: Connection, limit: Limit, situation: Situation) -> bool:
    """Whether open touches and new candidates together may be more than the limit, so that all must be compared."""
    coming = connection.scalar(_coming(limit.channel, limit.campaign)) or 0
    if not coming:
        return False
    start, _ = limit.period(situation.instant)
    present = connection.scalar(_present(limit.channel, limit.campaign), {"period_start": start}) or 0
    return present + coming > limit.count


def open_owners(limit: Limit) -> ColumnElement[bool]:
    """Which planned touches fall under the limit."""
    return and_(TOUCH.c.status == "planned", TOUCH.c.at.is_not(None), _of_touch(limit.channel, limit.campaign))


def surplus(connection: Connection, limit: Limit, situation: Situation) -> list[tuple[int, int, Block]]:
    """(candidate id, owner id, the full period as a block) of everyone placed who finds no room."""
    room: dict[int, list[tuple[int, int]]] = {}
    for candidate_id, owner_id, slot in connection.execute(_ranked(limit.channel, limit.campaign)):
        at = max(slot, situation.instant)  # an overdue touch leaves now, whatever its slot was
        if limit.until is None or at < limit.until:
            room.setdefault(limit.period(at)[0], []).append((candidate_id, owner_id))
    found: list[tuple[int, int, Block]] = []
    for start, people in room.items():
        end = limit.period(start)[1]
        bounds = {"period_start": start, "period_end": end}
        used = connection.scalar(_used(limit.channel, limit.campaign), bounds) or 0
        block = Block(start, end, "over_quota", limit.name, limit.count, limit.count, limit.channel)
        found += [(candidate, owner, block) for candidate, owner in people[max(limit.count - used, 0) :]]
    return found


@lru_cache(maxsize=256)
def _coming(channel: str | None, campaign: str | None) -> Select[Any]:
    joined = CANDIDATE.join(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
    passing = (CANDIDATE.c.gate == 0, CANDIDATE.c.exits.is_(None), CANDIDATE.c.touch_id.is_(None))
    mine = _of_step(CANDIDATE.c.channel, channel, campaign)
    return select(func.count()).select_from(joined).where(*passing, mine)


@lru_cache(maxsize=256)
def _present(channel: str | None, campaign: str | None) -> Select[Any]:
    wanted = (TOUCH.c.status.in_((*CONSUMED, "planned")), seconds(TOUCH.c.at) >= START)
    return select(func.count()).select_from(TOUCH).where(*wanted, _of_touch(channel, campaign))


@lru_cache(maxsize=256)
def _ranked(channel: str | None, campaign: str | None) -> Select[Any]:
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
        .where(DECISION.c.status == "planned", _of_step(DECISION.c.channel, channel, campaign))
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


@lru_cache(maxsize=256)
def _used(channel: str | None, campaign: str | None) -> Select[Any]:
    # NOT EXISTS would read every candidate for every touch: nothing indexes them by touch.
    staged = TOUCH.c.id.in_(select(CANDIDATE.c.touch_id).where(CANDIDATE.c.touch_id.is_not(None)))
    return (
        select(func.count())
        .select_from(TOUCH)
        .where(
            seconds(TOUCH.c.at) >= START,
            seconds(TOUCH.c.at) < END,
            TOUCH.c.status.in_(CONSUMED) | and_(TOUCH.c.status == "planned", ~staged),
            _of_touch(channel, campaign),
        )
    )


def _of_touch(channel: str | None, campaign: str | None) -> ColumnElement[bool]:
    return TOUCH.c.campaign == campaign if campaign is not None else TOUCH.c.channel == channel


def _of_step(chosen: ColumnElement[int], channel: str | None, campaign: str | None) -> ColumnElement[bool]:
    """Whether a step whose channel number `chosen` is, falls under the limit of the channel or campaign."""
    if campaign is not None:
        return PLAN_STEP.c.campaign == campaign
    first = and_(chosen == 0, PLAN_STEP.c.first_channel == channel)
    return first | and_(chosen == 1, PLAN_STEP.c.second_channel == channel)
