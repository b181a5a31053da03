"""Staging: the steps that are decided at this tick, with the fixed gates as columns of one INSERT … SELECT each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Insert,
    Integer,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    insert,
    literal,
    not_,
    null,
    or_,
    select,
)

from nurture.campaign import Campaign, Schedule
from nurture.gates.reach import HELD_OUT, INCOMPLETE, LEFT_AUDIENCE, ON_HOLD, on_hold, reach
from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.standing import ending, in_audience, occasion_of, scope_of
from nurture.rules.joining import join_in_order
from nurture.rules.offer import offered_product
from nurture.rules.scope import Scope
from nurture.rules.variables import incomplete
from nurture.store.tables import Booking, Customer, CustomerChange, Enrollment, Order, Touch, seconds, table

from .statements import Statements
from .times import Times
from .workspace import ASKED, CANDIDATE, OPENED

CUSTOMER, CHANGE, ENROLLMENT, TOUCH = (table(each) for each in (Customer, CustomerChange, Enrollment, Touch))
ORDER, BOOKING = table(Order), table(Booking)
RECEIVED = ("claimed", "sending", "sent", "unknown", "failed")
FUTURE = -1
"""`gate` of a step that is not due by the horizon yet."""
OVERTAKEN, REMOVED = "overtaken", "removed"
"""`exits` of a planned touch whose step is gone or stands before one handed over, and of one without its campaign."""
NOTHING = BigInteger()


def stage(connection: Connection, statements: Statements, campaign: Campaign, *, fresh: bool) -> None:
    """Writes the campaign's steps into `candidate`: of newly opened occurrences (`fresh`), or of asked enrollments."""
    situation, times = statements.situation, statements.times
    name = (campaign.campaign, fresh)
    pairs = statements.keep(lambda: _pairs(campaign, times, fresh=fresh), "pairs", *name)
    times.calculate(connection, pairs, situation.steps_of(campaign))
    for statement in statements.keep(lambda: _staging(situation, campaign, times, fresh=fresh), "stage", *name):
        connection.execute(statement)


def _pairs(campaign: Campaign, times: Times, *, fresh: bool) -> Select[Any]:
    """The zones and instants in which something of the campaign occurred."""
    source = OPENED if fresh else ENROLLMENT
    columns: tuple[ColumnElement[Any], ...] = (times.zone_of(CUSTOMER), seconds(source.c.occurred_at))
    found = select(*columns).select_from(_people(fresh=fresh))
    named = _opened_of(campaign) if fresh else [ASKED.c.campaign == campaign.campaign]
    return found.where(*named).distinct()


def _staging(situation: Situation, campaign: Campaign, times: Times, *, fresh: bool) -> list[Insert]:
    statements: list[Insert] = []
    for step in situation.steps_of(campaign):
        staging = _Staging(situation, step, times, fresh=fresh)
        statements.append(insert(CANDIDATE).from_select(list(staging.names), staging.due_now()))
        if step.days or step.seconds or step.step.at:
            names = ["thread", "step_id", "customer_id", "due_at", "gate", "exits"]
            statements.append(insert(CANDIDATE).from_select(names, staging.later()))
    return statements


def staging_removed(situation: Situation) -> Insert:
    """Planned touches of asked enrollments whose campaign or step is gone: they will be cancelled.

    With its campaign an enrollment ends; with a step it does not.
    """
    campaigns = [each.campaign for each in situation.campaigns.campaigns]
    known = [
        and_(TOUCH.c.campaign == each.campaign.campaign, TOUCH.c.step == each.step.step) for each in situation.steps
    ]
    asked = join_in_order(ASKED, ENROLLMENT, ENROLLMENT.c.id == ASKED.c.enrollment_id)
    found = (
        select(
            ENROLLMENT.c.id,
            literal(-1),
            TOUCH.c.customer_id,
            TOUCH.c.owner_id,
            TOUCH.c.occurrence,
            seconds(TOUCH.c.due_at),
            seconds(TOUCH.c.expires_at),
            literal(LEFT_AUDIENCE),
            literal(0),
            TOUCH.c.id,
            case((ENROLLMENT.c.campaign.in_(campaigns), OVERTAKEN), else_=REMOVED),
        )
        .select_from(join_in_order(asked, TOUCH, _same_occurrence()))
        .where(TOUCH.c.status == "planned", not_(or_(false(), *known)))
    )
    names = ["thread", "step_id", "customer_id", "owner_id", "occurrence", "due_at", "expires_at", "gate", "channel"]
    return insert(CANDIDATE).from_select([*names, "touch_id", "exits"], found)


class _Staging:
    """The statement of one step."""

    names = (
        "thread",
        "step_id",
        "customer_id",
        "owner_id",
        "occurrence",
        "subject_id",
        "due_at",
        "expires_at",
        "priority",
        "first_reach",
        "second_reach",
        "held",
        "outside",
        "exits",
        "held_out",
        "incomplete",
        "zone",
        "kind",
        "touch_id",
        "touch_at",
        "gate",
        "channel",
    )

    def __init__(self, situation: Situation, step: PlannedStep, times: Times, *, fresh: bool) -> None:
        self.situation, self.step, self.campaign, self.fresh = situation, step, step.campaign, fresh
        self.source = OPENED if fresh else ENROLLMENT
        self.zone = times.zone_of(CUSTOMER)
        self.joined, self.due, self.expires = times.join(
            step, self._from(), self.zone, seconds(self.source.c.occurred_at)
        )
        self.scope: Scope = scope_of(
            situation,
            self.campaign,
            CUSTOMER.c.id,
            subject_id=self.source.c.subject_id,
            occurred_at=seconds(self.source.c.occurred_at),
            occurrence=None if fresh else self.source.c.occurrence,
            # A broadcast has opened to many: who is suppressed, say, is found once for all of them.
            everybody=fresh and isinstance(step.campaign.trigger, Schedule),
        )

    def due_now(self) -> Select[Any]:
        """The step where it is due by the horizon, with everything the fixed gates ask."""
        raw = select(*self._columns()).select_from(self.joined).where(self._is_due(), *self._open())
        # OFFSET 0 keeps the optimiser from folding the columns into the CASE below, where each would be asked again.
        inner = raw.offset(0).subquery("raw")
        chosen = {"gate": _gate(inner), "channel": _channel(inner)}
        return select(*(chosen.get(name, inner.c[name] if name in inner.c else null()) for name in self.names))

    def later(self) -> Select[Any]:
        """The step where it is due after the horizon: when to look again, and whether the enrollment has ended."""
        columns = (self._thread(), literal(self.step.id), CUSTOMER.c.id, self.due, literal(FUTURE), self._exits())
        return select(*columns).select_from(self.joined).where(not_(self._is_due()), *self._open())

    def _is_due(self) -> ColumnElement[bool]:
        # What is planned already is decided again although an edit has moved it beyond the horizon.
        due = self.due < self.situation.following(self.situation.horizon_at)
        return due if self.fresh else or_(due, TOUCH.c.id.is_not(None))

    def _columns(self) -> list[ColumnElement[Any]]:
        channels = self.step.step.channels
        purpose = self.campaign.purpose
        if self._asked_when_opened():
            reaches: Sequence[ColumnElement[int]] = (OPENED.c.first_reach, OPENED.c.second_reach)[: len(channels)]
        else:
            reaches = [reach(self.scope, each, purpose) for each in channels[:2]]
        about = self.campaign.about
        offer = self.campaign.offer
        needs = self.scope.about(offer_id=offered_product(self.scope, offer)) if offer else self.scope
        values: dict[str, ColumnElement[Any]] = {
            "thread": self._thread(),
            "step_id": literal(self.step.id),
            "customer_id": CUSTOMER.c.id,
            "owner_id": func.coalesce(CUSTOMER.c.cap_owner_id, CUSTOMER.c.id),
            "occurrence": self.source.c.occurrence,
            "subject_id": self.source.c.subject_id,
            "due_at": self.due,
            "expires_at": self.expires,
            "priority": literal(self.campaign.priority),
            "first_reach": reaches[0],
            "second_reach": reaches[1] if len(reaches) > 1 else cast(null(), Integer),
            "held": on_hold(self.scope, purpose, about.product if about else None, about.category if about else None),
            "outside": not_(in_audience(self.scope, self.campaign)) if not self.fresh else false(),
            "exits": self._exits(),
            "held_out": self.source.c.held_out,
            "incomplete": incomplete(needs, self.step.requires, occasion_of(self.campaign))
            if self.step.requires
            else false(),
            "zone": self.zone,
            "kind": CUSTOMER.c.kind,
            "touch_id": cast(null(), NOTHING) if self.fresh else TOUCH.c.id,
            "touch_at": cast(null(), NOTHING) if self.fresh else seconds(TOUCH.c.at),
        }
        return [value.label(name) for name, value in values.items()]

    def _asked_when_opened(self) -> bool:
        """A broadcast opened just now, in this snapshot, and for it these channels were asked."""
        same = self.step.step.channels[:2] == self.campaign.steps[0].channels[:2]
        return self.fresh and same and isinstance(self.campaign.trigger, Schedule)

    def _thread(self) -> ColumnElement[Any]:
        return -self.source.c.id if self.fresh else self.source.c.id

    def _from(self) -> Any:
        people = _people(fresh=self.fresh)
        if self.fresh:
            return people
        return people.outerjoin(TOUCH, and_(_same_occurrence(), TOUCH.c.step == self.step.step.step))

    def _open(self) -> list[ColumnElement[bool]]:
        name = self.campaign.campaign
        if self.fresh:
            return _opened_of(self.campaign)
        never: ColumnElement[bool] = TOUCH.c.id.is_(None)
        if (passed := self._passed()) is not None:
            never = and_(never, ~passed)
        return [ASKED.c.campaign == name, or_(never, TOUCH.c.status == "planned")]

    def _passed(self) -> ColumnElement[bool] | None:
        """Whether a later step was handed over already; None where there is no later one."""
        steps = self.situation.steps_of(self.campaign)
        later = [each.step.step for each in steps if each.position > self.step.position]
        if not later:
            return None
        received = TOUCH.alias("received")
        found = select(1).where(
            received.c.customer_id == ENROLLMENT.c.customer_id,
            received.c.campaign == ENROLLMENT.c.campaign,
            received.c.occurrence == ENROLLMENT.c.occurrence,
            received.c.step.in_(later),
            received.c.status.in_(RECEIVED),
        )
        return found.exists()

    def _exits(self) -> ColumnElement[Any]:
        if self.fresh:
            return null()
        reason, passed = ending(self.scope, self.campaign), self._passed()
        return reason if passed is None else func.coalesce(reason, case((passed, OVERTAKEN)))


def _opened_of(campaign: Campaign) -> list[ColumnElement[bool]]:
    mine = OPENED.c.campaign == campaign.campaign
    # Only what is no broadcast's is indexed.
    return [mine] if isinstance(campaign.trigger, Schedule) else [mine, OPENED.c.first_reach.is_(None)]


def _people(*, fresh: bool) -> FromClause:
    if fresh:
        return join_in_order(OPENED, CUSTOMER, CUSTOMER.c.id == OPENED.c.customer_id)
    asked = join_in_order(ASKED, ENROLLMENT, ENROLLMENT.c.id == ASKED.c.enrollment_id)
    return join_in_order(asked, CUSTOMER, CUSTOMER.c.id == ENROLLMENT.c.customer_id)


def _same_occurrence() -> ColumnElement[bool]:
    return and_(
        TOUCH.c.customer_id == ENROLLMENT.c.customer_id,
        TOUCH.c.campaign == ENROLLMENT.c.campaign,
        TOUCH.c.occurrence == ENROLLMENT.c.occurrence,
    )


def _gate(raw: Any) -> ColumnElement[int]:
    first, second = raw.c.first_reach, raw.c.second_reach
    best = case((first == 0, 0), (second == 0, 0), (second > first, second), else_=first)
    return case(
        (best > 0, best),
        (raw.c.held, ON_HOLD),
        (raw.c.outside, LEFT_AUDIENCE),
        (raw.c.held_out, HELD_OUT),
        (raw.c.incomplete, INCOMPLETE),
        else_=0,
    )


def _channel(raw: Any) -> ColumnElement[int]:
    first, second = raw.c.first_reach, raw.c.second_reach
    return case((first == 0, 0), (second == 0, 1), (second > first, 1), else_=0)
