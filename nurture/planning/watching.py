"""Watched segments: who enters and who leaves since the watch began, and the occurrences that entering opens."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Insert,
    Select,
    Text,
    cast,
    insert,
    literal,
    null,
    select,
    union_all,
)

from nurture.campaign import Campaign, Entered
from nurture.condition.vocabulary import InSegment
from nurture.gates.situation import Situation
from nurture.gates.standing import active, scope_of
from nurture.rules.compiling import predicate
from nurture.store.tables import Customer, Membership, table

from .opening import complete, in_life
from .times import seconds
from .workspace import MEMBERSHIP_CHANGE, SHOP_DAY

CUSTOMER, MEMBERSHIP = table(Customer), table(Membership)
COLUMNS = ["segment", "customer_id", "kind", "since"]


def watch(situation: Situation, segment: str, *, first_time: bool) -> list[Insert]:
    """Writes into `membership_change` who enters (or, the first time, silently seeds) and who leaves the segment."""
    scope = scope_of(situation, None, CUSTOMER.c.id, everybody=True)
    inside = predicate(scope, InSegment(name=segment))
    known = select(1).where(MEMBERSHIP.c.segment == segment, MEMBERSHIP.c.customer_id == CUSTOMER.c.id).exists()
    kind, since = ("seed", null()) if first_time else ("enter", situation.asked_at)
    entering = select(literal(segment), CUSTOMER.c.id, literal(kind), cast(since, BigInteger)).where(
        active(CUSTOMER), inside, ~known
    )
    leaving = (
        select(literal(segment), MEMBERSHIP.c.customer_id, literal("leave"), cast(null(), BigInteger))
        .select_from(MEMBERSHIP.outerjoin(CUSTOMER, CUSTOMER.c.id == MEMBERSHIP.c.customer_id))
        .where(MEMBERSHIP.c.segment == segment, CUSTOMER.c.id.is_(None) | ~(active(CUSTOMER) & inside))
    )
    changes = [entering] if first_time else [entering, leaving]
    return [insert(MEMBERSHIP_CHANGE).from_select(COLUMNS, each) for each in changes]


def open_entered(situation: Situation, campaign: Campaign) -> Select[Any]:
    """Occurrences for those who entered within reach, at this tick or an earlier one."""
    assert isinstance(campaign.trigger, Entered)
    segment, oldest = campaign.trigger.entered, situation.asked_at - situation.lookback(campaign)
    earlier = select(MEMBERSHIP.c.customer_id, seconds(MEMBERSHIP.c.since).label("since")).where(
        MEMBERSHIP.c.segment == segment, seconds(MEMBERSHIP.c.since) > oldest
    )
    now = select(MEMBERSHIP_CHANGE.c.customer_id, MEMBERSHIP_CHANGE.c.since).where(
        MEMBERSHIP_CHANGE.c.segment == segment, MEMBERSHIP_CHANGE.c.kind == "enter"
    )
    entered = union_all(earlier, now).subquery("entered")
    since: ColumnElement[int] = entered.c.since
    found = select(CUSTOMER.c.id).select_from(entered.join(CUSTOMER, CUSTOMER.c.id == entered.c.customer_id))
    found = found.where(*in_life(situation, campaign, since))
    day = (
        select(SHOP_DAY.c.label)
        .where(SHOP_DAY.c.starts_at <= since)
        .order_by(SHOP_DAY.c.starts_at.desc())
        .limit(1)
        # Said, since two levels down, among the enrollments, it would bring an `entered` of its own.
        .correlate(entered)
        .scalar_subquery()
    )
    occurrence = literal("entered:") + cast(day, Text)
    return complete(situation, campaign, found, occurrence, since, cast(null(), BigInteger))
