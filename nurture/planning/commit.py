"""Commit: the TEMP rows become enrollments, memberships and touches, in short transactions by ranges of customers.

Every range is idempotent by its keys, and changes to planned touches are guarded by their status: what a delivery has
claimed in the meantime stays as it is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Insert,
    Select,
    Update,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    update,
)

from nurture.gates.cap import cap_rows
from nurture.gates.situation import Situation
from nurture.rules.joining import join_in_order
from nurture.store import PlanningConnection, insert_into
from nurture.store.backstop import put_caps
from nurture.store.tables import (
    Cadence,
    CampaignVersion,
    Customer,
    CustomerChange,
    Enrollment,
    Generation,
    Touch,
    TouchLog,
    seconds,
    table,
)

from .membership import membership_cuts, write_memberships
from .plan import Planned
from .workspace import ASKED, CANDIDATE, DECISION, LOOK, OPENED, PLAN_STEP, index

CADENCE, VERSION, CUSTOMER, CHANGE = (table(each) for each in (Cadence, CampaignVersion, Customer, CustomerChange))
ENROLLMENT, GENERATION = table(Enrollment), table(Generation)
TOUCH, LOG = table(Touch), table(TouchLog)
PEOPLE = {"sqlite": 500, "postgresql": 300}
"""Customers in one transaction: 20 ms of processor on SQLite and 40 ms on PostgreSQL where each has a touch and a half.
With twice as many, a busy machine made others wait for longer than a tenth of a second."""
FIRST, LAST, NOW, NUMBER = (bindparam(name, type_=BigInteger) for name in ("first", "last", "now", "number"))
"""The range of customers that a transaction writes, the instant, and the generation."""
CHANGES = select(CHANGE.c.customer_id, CHANGE.c.version)
KNOWN_VERSIONS = select(VERSION.c.campaign, VERSION.c.digest, VERSION.c.id).where(
    VERSION.c.digest.in_(bindparam("digests", expanding=True))
)
SET_VERSION = (
    update(PLAN_STEP).where(PLAN_STEP.c.campaign == bindparam("of")).values(campaign_version=bindparam("known"))
)
ROWS_WRITTEN = ("planned", "held_out", "dropped", "expired", "cancelled", "suppressed")


@dataclass(frozen=True)
class Committed:
    """What a commit wrote."""

    enrollments: int
    touches: int
    changed: int
    """Planned touches whose slot, status or channel changed."""
    transactions: int


def commit(planning: PlanningConnection, situation: Situation, planned: Planned) -> Committed:
    """Writes the plan that lies in the TEMP tables of `planning`."""
    ranges = list(_ranges(planning.connection)) if planned.owners else []
    changes = _seen_changes(planning.connection)
    if len(ranges) > 1:
        with planning.apart() as connection:
            index(connection)
    if ranges or planned.due.generation_changed:
        with planning.write() as connection:
            _write_versions(connection, situation)
    enrollments = touches = changed = 0
    dialect = planning.connection.dialect.name
    for first, last in ranges:
        values = {"first": first, "last": last, "now": situation.instant, "number": planned.due.generation}
        with planning.write() as connection:
            enrollments += connection.execute(_enrolling(dialect), values).rowcount
            changed += _move(connection, values)
            touches += connection.execute(_touching(dialect), values).rowcount
            connection.execute(_advancing(), values)
    at_once = PEOPLE[dialect]
    for start in range(0, len(changes), at_once):
        with planning.write() as connection:
            pairs = changes[start : start + at_once]
            connection.execute(delete(CHANGE).where(tuple_(CHANGE.c.customer_id, CHANGE.c.version).in_(pairs)))
    cuts = membership_cuts(planning.connection) if planned.due.segments else []
    for each in cuts:
        with planning.write() as connection:
            write_memberships(connection, each)
    with planning.write() as connection:
        _write_generation(connection, situation, planned)
        _write_cadence(connection, situation, planned)
    return Committed(enrollments, touches, changed, len(ranges) + len(cuts) + 2)


def _ranges(connection: Connection) -> Iterator[tuple[int, int]]:
    """Bounds of customer ids, at most PEOPLE staged customers in each."""
    for first, following in pairwise([*connection.scalars(_cuts(PEOPLE[connection.dialect.name])), 1 << 62]):
        yield first, following - 1


@lru_cache(maxsize=2)
def _cuts(people_at_once: int) -> Select[Any]:
    staged = select(CANDIDATE.c.customer_id).union(
        select(OPENED.c.customer_id),
        select(ENROLLMENT.c.customer_id).select_from(
            join_in_order(ASKED, ENROLLMENT, ENROLLMENT.c.id == ASKED.c.enrollment_id)
        ),
    )
    people = staged.subquery("people")
    numbered = select(people.c.customer_id, func.row_number().over(order_by=people.c.customer_id).label("turn"))
    inner = numbered.subquery("numbered")
    return select(inner.c.customer_id).where((inner.c.turn - 1) % people_at_once == 0).order_by(inner.c.customer_id)


def _seen_changes(connection: Connection) -> list[tuple[int, int]]:
    return [(row.customer_id, row.version) for row in connection.execute(CHANGES)]


def _write_generation(connection: Connection, situation: Situation, planned: Planned) -> None:
    # A pause or resume since the plan began is newer than it: the next tick must find it, and decide anew.
    put_caps(connection, cap_rows(situation.caps))
    if not planned.due.generation_changed:
        return
    newest = connection.scalar(select(func.max(GENERATION.c.id))) or 0
    if newest == planned.due.generation - 1:
        connection.execute(insert(GENERATION).values(digest=situation.digest, began_at=situation.now))


def _write_versions(connection: Connection, situation: Situation) -> None:
    campaigns = situation.campaigns.campaigns
    digests = {"digests": [each.digest for each in campaigns]}
    known = {(row.campaign, row.digest): row.id for row in connection.execute(KNOWN_VERSIONS, digests)}
    for each in campaigns:
        if (each.campaign, each.digest) not in known:
            steps = [step.step for step in each.steps]
            values = {"campaign": each.campaign, "digest": each.digest, "source": each.source, "steps": steps}
            row = insert(VERSION).values(**values, first_seen_at=situation.now).returning(VERSION.c.id)
            known[each.campaign, each.digest] = connection.execute(row).scalar_one()
    if campaigns:
        numbers = [{"of": each.campaign, "known": known[each.campaign, each.digest]} for each in campaigns]
        connection.execute(SET_VERSION, numbers)


@lru_cache(maxsize=2)
def _enrolling(dialect: str) -> Any:
    """New enrollments of a range of customers."""
    ended = case((LOOK.c.exit_reason.is_not(None), NOW))
    found = (
        select(
            OPENED.c.campaign,
            OPENED.c.customer_id,
            OPENED.c.occurrence,
            OPENED.c.occurred_at,
            OPENED.c.subject_id,
            NOW,
            OPENED.c.held_out,
            case((LOOK.c.exit_reason.is_(None), LOOK.c.next_at)),
            NUMBER,
            ended,
            LOOK.c.exit_reason,
        )
        .select_from(OPENED.outerjoin(LOOK, LOOK.c.thread == -OPENED.c.id))
        .where(OPENED.c.customer_id.between(FIRST, LAST))
    )
    names = ["campaign", "customer_id", "occurrence", "occurred_at", "subject_id", "opened_at", "held_out", "next_at"]
    names += ["generation", "ended_at", "exit_reason"]
    return insert_into(dialect, ENROLLMENT).from_select(names, found).on_conflict_do_nothing()


@lru_cache(maxsize=2)
def _touching(dialect: str) -> Any:
    """New touches of a range of customers."""
    found = (
        select(
            PLAN_STEP.c.campaign,
            PLAN_STEP.c.step,
            CANDIDATE.c.customer_id,
            CANDIDATE.c.owner_id,
            CANDIDATE.c.occurrence,
            CANDIDATE.c.subject_id,
            _channel_name(),
            DECISION.c.status,
            CANDIDATE.c.due_at,
            DECISION.c.at,
            CANDIDATE.c.expires_at,
            CANDIDATE.c.priority,
            PLAN_STEP.c.obeys_cap,
            PLAN_STEP.c.obeys_cap,
            DECISION.c.verdict,
            DECISION.c.failing,
            NOW,
            PLAN_STEP.c.campaign_version,
            CUSTOMER.c.version,
            NUMBER,
        )
        .select_from(
            CANDIDATE.join(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
            .join(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
            .join(CUSTOMER, CUSTOMER.c.id == CANDIDATE.c.customer_id)
        )
        .where(
            CANDIDATE.c.customer_id.between(FIRST, LAST),
            CANDIDATE.c.touch_id.is_(None),
            DECISION.c.status.in_(ROWS_WRITTEN),
        )
        # Steps due at the same instant keep the order of their file: PostgreSQL gives rows in any other.
        .order_by(CANDIDATE.c.customer_id, CANDIDATE.c.id)
    )
    names = ["campaign", "step", "customer_id", "owner_id", "occurrence", "subject_id", "channel", "status", "due_at"]
    names += ["at", "expires_at", "priority", "obeys_cap", "counts_to_cap", "verdict", "failing", "decided_at"]
    names += ["campaign_version", "customer_version", "generation"]
    return insert_into(dialect, TOUCH).from_select(names, found).on_conflict_do_nothing()


def _move(connection: Connection, values: dict[str, int]) -> int:
    """Planned touches whose answer is another than before: a log row each, then the touch itself."""
    logging, moving = _moving()
    written = connection.execute(logging, values).rowcount
    if written:
        connection.execute(moving, values)
    return written


@lru_cache(maxsize=1)
def _moving() -> tuple[Insert, Update]:
    # Not the bare column: PostgreSQL would walk a partial index of all planned touches for every range, as it thinks
    # them few: a commit is what makes them many.
    still_planned = func.coalesce(TOUCH.c.status, "") == "planned"
    mine = and_(
        CANDIDATE.c.touch_id == TOUCH.c.id,
        CANDIDATE.c.customer_id.between(FIRST, LAST),
        still_planned,
        changed_touch(),
    )
    status = case((DECISION.c.status == "waiting", "planned"), else_=DECISION.c.status)
    joined = (
        CANDIDATE.join(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
        .join(TOUCH, TOUCH.c.id == CANDIDATE.c.touch_id)
        .outerjoin(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
    )
    log = select(
        TOUCH.c.id,
        NOW,
        status,
        DECISION.c.verdict,
        DECISION.c.at,
        _channel_name(),
        DECISION.c.failing,
    ).select_from(joined)
    names = ["touch_id", "logged_at", "status", "verdict", "at", "channel", "failing"]
    logging = insert(LOG).from_select(names, log.where(mine))
    source = (
        select(
            TOUCH.c.id.label("touch_id"),
            status.label("status"),
            DECISION.c.verdict,
            DECISION.c.at,
            func.coalesce(_channel_name(), TOUCH.c.channel).label("channel"),
            DECISION.c.failing,
            func.coalesce(PLAN_STEP.c.campaign_version, TOUCH.c.campaign_version).label("campaign_version"),
            CANDIDATE.c.due_at,
            CANDIDATE.c.expires_at,
            func.coalesce(CANDIDATE.c.priority, TOUCH.c.priority).label("priority"),
        )
        .select_from(joined)
        .where(mine)
        .subquery("source")
    )
    taken = ("status", "verdict", "at", "channel", "failing", "campaign_version", "due_at", "expires_at", "priority")
    values: dict[str, Any] = {name: source.c[name] for name in taken} | {"decided_at": NOW, "generation": NUMBER}
    # What passed a fence keeps its bytes, and they are of the channel they were written for.
    other = and_(TOUCH.c.attempts > 0, TOUCH.c.channel != source.c.channel)
    values["hop"] = case((other, TOUCH.c.hop + 1), else_=TOUCH.c.hop)
    moving = update(TOUCH).where(TOUCH.c.id == source.c.touch_id, still_planned).values(**values)
    return logging, moving


def changed_touch() -> ColumnElement[bool]:
    """Whether a staged touch's answer differs from what its row says: status, slot, channel, due time or expiry."""
    status = case((DECISION.c.status == "waiting", "planned"), else_=DECISION.c.status)
    at, old_at = func.coalesce(DECISION.c.at, -1), func.coalesce(seconds(TOUCH.c.at), -1)
    parked = and_(DECISION.c.at.is_(None), DECISION.c.verdict != TOUCH.c.verdict)
    return or_(
        status != TOUCH.c.status,
        at != old_at,
        func.coalesce(_channel_name(), TOUCH.c.channel) != TOUCH.c.channel,
        CANDIDATE.c.due_at != seconds(TOUCH.c.due_at),
        CANDIDATE.c.expires_at != seconds(TOUCH.c.expires_at),
        parked,
    )


@lru_cache(maxsize=1)
def _advancing() -> Update:
    """Enrollments of a range of customers: when to look again, or that they ended."""
    source = (
        select(LOOK.c.thread, LOOK.c.next_at, LOOK.c.exit_reason)
        # Written out for the partial index. By the customers of `enrollment` a tick would read all that ever opened.
        .where(text("look.thread > 0"), LOOK.c.customer_id.between(FIRST, LAST))
        .subquery("source")
    )
    other = func.coalesce(source.c.next_at, -1) != func.coalesce(seconds(ENROLLMENT.c.next_at), -1)
    return (
        update(ENROLLMENT)
        .where(ENROLLMENT.c.id == source.c.thread, ENROLLMENT.c.ended_at.is_(None))
        .where(or_(source.c.exit_reason.is_not(None), other))
        .values(
            next_at=case((source.c.exit_reason.is_(None), source.c.next_at)),
            ended_at=case((source.c.exit_reason.is_not(None), NOW)),
            exit_reason=source.c.exit_reason,
        )
    )


def _write_cadence(connection: Connection, situation: Situation, planned: Planned) -> None:
    due = planned.due
    names = ["tick", *(["full"] if due.full else []), *(f"entered:{segment}" for segment in due.segments)]
    rows: list[dict[str, Any]] = [{"name": name, "opened": 0, "left_out": {}} for name in names]
    for each in due.schedules:
        rows.append({"name": each.name, "opened": planned.opened, "left_out": planned.left_out.get(each.name, {})})
    connection.execute(_noting(connection.dialect.name), [{**row, "last_at": situation.now} for row in rows])


@lru_cache(maxsize=2)
def _noting(dialect: str) -> Any:
    new = insert_into(dialect, CADENCE)
    changes = {"last_at": new.excluded.last_at, "opened": new.excluded.opened, "left_out": new.excluded.left_out}
    return new.on_conflict_do_update(index_elements=["name"], set_=changes)


def _channel_name() -> ColumnElement[Any]:
    return case((DECISION.c.channel == 1, PLAN_STEP.c.second_channel), else_=PLAN_STEP.c.first_channel)
