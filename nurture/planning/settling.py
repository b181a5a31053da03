"""Settling: what SQL decides without looking at a calendar, and when each enrollment must be looked at again."""

from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Select,
    Update,
    and_,
    case,
    cast,
    func,
    insert,
    not_,
    null,
    or_,
    select,
    text,
    update,
)

from nurture.gates.reach import (
    FIXED,
    HELD_OUT,
    INCOMPLETE,
    LEFT_AUDIENCE,
    NO_ADDRESS,
    NO_CONSENT,
    ON_HOLD,
    SUPPRESSED,
)
from nurture.gates.situation import Situation
from nurture.rules.joining import join_in_order
from nurture.store.tables import Enrollment, Hold, Touch, seconds, table

from .cutting import in_range
from .staging import FUTURE, OVERTAKEN, REMOVED
from .workspace import ASKED, CANDIDATE, DECISION, FLAGS, LOOK, SHOP_DAY

ENROLLMENT, HOLD, TOUCH = table(Enrollment), table(Hold), table(Touch)
HELD_BIT, OUTSIDE_BIT, HELD_OUT_BIT, INCOMPLETE_BIT = 4, 8, 16, 32
BITS = ((HELD_BIT, ON_HOLD), (OUTSIDE_BIT, LEFT_AUDIENCE), (HELD_OUT_BIT, HELD_OUT), (INCOMPLETE_BIT, INCOMPLETE))


def fill_flags(connection: Connection) -> None:
    """Writes what is recorded for every combination of failing fixed gates."""
    connection.execute(insert(FLAGS), _combinations())


@lru_cache(maxsize=1)
def _combinations() -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for flags in range(1, 64):
        gates = [FIXED[flags & 3]] if flags & 3 else []
        gates += [FIXED[gate] for bit, gate in BITS if flags & bit]
        rows.append({"gate": flags, "failing": [{"gate": gate} for gate in gates]})
    return rows


def settling(situation: Situation) -> Insert:
    """Decides everything that a fixed gate refuses, or whose enrollment ended."""
    now = situation.asked_at
    over = CANDIDATE.c.expires_at <= now
    gate = CANDIDATE.c.gate
    status = case(
        (and_(CANDIDATE.c.exits.is_not(None), CANDIDATE.c.touch_id.is_not(None)), "cancelled"),
        (CANDIDATE.c.exits.is_not(None), "none"),
        (gate == SUPPRESSED, "suppressed"),
        (gate == HELD_OUT, "held_out"),
        (and_(gate == LEFT_AUDIENCE, CANDIDATE.c.due_at <= now), "cancelled"),
        (and_(gate != LEFT_AUDIENCE, over), "expired"),
        else_="waiting",
    )
    names = {number: FIXED[number] for number in (NO_ADDRESS, SUPPRESSED, NO_CONSENT, ON_HOLD, HELD_OUT, INCOMPLETE)}
    verdict = case(
        (CANDIDATE.c.exits.is_not(None), "left_audience"),
        *((gate == number, name) for number, name in names.items()),
        else_="left_audience",
    )
    found = (
        select(CANDIDATE.c.id, status, verdict, cast(null(), BigInteger), CANDIDATE.c.channel, FLAGS.c.failing)
        .select_from(CANDIDATE.outerjoin(FLAGS, FLAGS.c.gate == _flags()))
        .where(or_(gate > 0, and_(CANDIDATE.c.exits.is_not(None), gate >= 0)))
    )
    names_ = ["candidate_id", "status", "verdict", "at", "channel", "failing"]
    return insert(DECISION).from_select(names_, found)


def next_looks(situation: Situation) -> list[Insert | Update]:
    """Write into `look` when each staged enrollment must be asked again, or that it ended; in this order.

    The first is of the customers from `first` to `last` only.
    """
    single = _single(situation)
    names = ["thread", "customer_id", "next_at", "exit_reason"]
    unsettled = and_(LOOK.c.exit_reason == "finished", LOOK.c.thread.in_(_in_flight()))
    return [
        insert(LOOK).from_select(names, _of_several(situation).where(not_(single), in_range(CANDIDATE.c.customer_id))),
        insert(LOOK).from_select(names, _of_one(situation).where(single)),
        insert(LOOK).from_select(names, _nothing_left(situation)),
        update(LOOK).where(unsettled).values(next_at=situation.asked_at, exit_reason=None),
    ]


def _single(situation: Situation) -> ColumnElement[bool]:
    """Whether it is the only candidate of its enrollment: a step without siblings, of an occurrence that opens now.

    Nearly all are. An older enrollment may have a planned touch besides, of a step that is gone.
    """
    steps = [each.id for each in situation.steps if len(situation.steps_of(each.campaign)) == 1]
    return and_(CANDIDATE.c.thread < 0, CANDIDATE.c.step_id.in_(steps))


def _of_one(situation: Situation) -> Select[Any]:
    return _looks(_look_at(situation), _exit_reason(_ended(), _open()), CANDIDATE.c.customer_id)


def _of_several(situation: Situation) -> Select[Any]:
    earliest, reason = func.min(_look_at(situation)), _exit_reason(func.max(_ended()), func.max(_open()))
    return _looks(earliest, reason, func.min(CANDIDATE.c.customer_id)).group_by(CANDIDATE.c.thread)


def _looks(next_at: ColumnElement[int], reason: ColumnElement[Any], customer_id: ColumnElement[int]) -> Select[Any]:
    decided = CANDIDATE.outerjoin(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
    return select(CANDIDATE.c.thread, customer_id, next_at, reason).select_from(decided)


def _ended() -> ColumnElement[Any]:
    return case((CANDIDATE.c.exits != OVERTAKEN, CANDIDATE.c.exits))


def _open() -> ColumnElement[int]:
    """1 where something is still to come."""
    open_ = or_(CANDIDATE.c.gate == FUTURE, DECISION.c.status.in_(("waiting", "planned")))
    return case((open_, 1), else_=0)


def _exit_reason(ended: ColumnElement[Any], open_: ColumnElement[int]) -> ColumnElement[Any]:
    return case((ended.is_not(None), ended), (open_ == 0, "finished"), else_=null())


def _in_flight() -> Select[tuple[int]]:
    """Enrollments with a message on its way: it may come back, and an ended enrollment would cancel it."""
    same = and_(
        ENROLLMENT.c.customer_id == TOUCH.c.customer_id,
        ENROLLMENT.c.campaign == TOUCH.c.campaign,
        ENROLLMENT.c.occurrence == TOUCH.c.occurrence,
    )
    # Written out for the partial index of leases: a claim always has one.
    held = text("touch.status IN ('claimed', 'sending') AND touch.lease_until > 0")
    return select(ENROLLMENT.c.id).select_from(join_in_order(TOUCH, ENROLLMENT, same)).where(held)


def _nothing_left(situation: Situation) -> Select[tuple[int, int, int, str]]:
    staged = select(1).where(LOOK.c.thread == ASKED.c.enrollment_id).exists()
    known = ASKED.c.campaign.in_([each.campaign for each in situation.campaigns.campaigns])
    reason = case((known, "finished"), else_=REMOVED)
    joined = join_in_order(ASKED, ENROLLMENT, ENROLLMENT.c.id == ASKED.c.enrollment_id)
    columns = (ASKED.c.enrollment_id, ENROLLMENT.c.customer_id, cast(null(), BigInteger), reason)
    return select(*columns).select_from(joined).where(not_(staged))


def _look_at(situation: Situation) -> ColumnElement[int]:
    enters = (
        select(SHOP_DAY.c.ask_at)
        .where(SHOP_DAY.c.starts_at <= CANDIDATE.c.due_at)
        .order_by(SHOP_DAY.c.starts_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    now = situation.asked_at
    hold_ends = (
        select(func.min(seconds(HOLD.c.closed_at)))
        .where(
            HOLD.c.customer_id == CANDIDATE.c.customer_id,
            seconds(HOLD.c.closed_at) > now,
            seconds(HOLD.c.closed_at) < CANDIDATE.c.expires_at,
        )
        .scalar_subquery()
    )
    waiting = DECISION.c.status == "waiting"
    return case(
        (CANDIDATE.c.gate == FUTURE, enters),
        (and_(waiting, CANDIDATE.c.gate == ON_HOLD), func.coalesce(hold_ends, CANDIDATE.c.expires_at)),
        (and_(waiting, CANDIDATE.c.due_at > now), CANDIDATE.c.due_at),
        (waiting, CANDIDATE.c.expires_at),
        else_=cast(null(), BigInteger),
    )


def _flags() -> ColumnElement[int]:
    first, second = CANDIDATE.c.first_reach, CANDIDATE.c.second_reach
    best = case((first == 0, 0), (second == 0, 0), (second > first, second), else_=func.coalesce(first, 0))
    bits = (
        (CANDIDATE.c.held, HELD_BIT),
        (CANDIDATE.c.outside, OUTSIDE_BIT),
        (CANDIDATE.c.held_out, HELD_OUT_BIT),
        (CANDIDATE.c.incomplete, INCOMPLETE_BIT),
    )
    total: ColumnElement[int] = best
    for column, bit in bits:
        total = total + case((column, bit), else_=0)
    return total
