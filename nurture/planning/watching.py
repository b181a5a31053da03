"""Watched segments: who enters and who leaves since the watch began, and the occurrences that entering opens."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Delete,
    Insert,
    Select,
    Text,
    cast,
    delete,
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
from nurture.store.tables import Customer, Membership, seconds, table

from .opening import complete, in_life
from .workspace import INSIDE, MEMBERSHIP_CHANGE, SHOP_DAY

CUSTOMER, MEMBERSHIP = table(Customer), table(Membership)
COLUMNS = ["segment", "customer_id", "kind", "since"]


def watch(situation: Situation, segment: str, *, first_time: bool) -> list[Insert | Delete]:
    """Write into `membership_change` who enters (or, the first time, silently seeds) and who leaves the segment.

    Who is inside is asked once, and written down: asked for those who leave again, it took nearly as long once more.
    """
    scope = scope_of(situation, None, CUSTOMER.c.id, everybody=True)
    found = select(CUSTOMER.c.id).where(active(CUSTOMER), predicate(scope, InSegment(name=segment)))
    mine, same = MEMBERSHIP.c.segment == segment, MEMBERSHIP.c.customer_id == INSIDE.c.customer_id
    kind, since = ("seed", null()) if first_time else ("enter", situation.asked_at)
    known, still = select(1).where(mine, same).exists(), select(1).where(same).exists()
    entering = select(literal(segment), INSIDE.c.customer_id, literal(kind), cast(since, BigInteger)).where(~known)
    leaving = select(literal(segment), MEMBERSHIP.c.customer_id, literal("leave"), cast(null(), BigInteger)).where(
        mine, ~still
    )
    changes = [entering] if first_time else [entering, leaving]
    return [
        delete(INSIDE),
        insert(INSIDE).from_select(["customer_id"], found),
        *(insert(MEMBERSHIP_CHANGE).from_select(COLUMNS, each) for each in changes),
    ]


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
