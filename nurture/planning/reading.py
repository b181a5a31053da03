"""Reads what lies in the TEMP tables of a plan: the touches it leaves, who is refused, what opens.

It never writes. A touch that the plan leaves as it is, is `open`, whether it was staged or not, so that the
answer does not depend on what happened to be looked at.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Subquery,
    and_,
    case,
    func,
    literal,
    or_,
    select,
    union_all,
)

from nurture.gates.situation import Situation
from nurture.store import binary_order
from nurture.store.tables import Account, Cadence, CampaignVersion, Customer, Enrollment, Touch, seconds, table

from .commit import ROWS_WRITTEN, changed_touch
from .plan import Planned
from .planned import Chosen, LeftOut, PlannedEnrollment, PlannedTouch, Refusal
from .workspace import CANDIDATE, DECISION, LOOK, OPENED, PLAN_STEP

ACCOUNT, CADENCE, CUSTOMER, ENROLLMENT, TOUCH, VERSION = (
    table(each) for each in (Account, Cadence, Customer, Enrollment, Touch, CampaignVersion)
)
BATCH = 2_000


class PlanReader:
    """Reads one plan on the connection that made it."""

    def __init__(self, connection: Connection, situation: Situation, planned: Planned, chosen: Chosen) -> None:
        self.connection, self.situation, self.planned, self.chosen = connection, situation, planned, chosen

    def sends(self, at_most: int | None = None) -> Iterator[PlannedTouch]:
        """What gets a slot, by slot."""
        rows = self._touches()
        order = (rows.c.at, *_by_name(rows, "campaign", "step"), rows.c.customer_id, *_by_name(rows, "occurrence"))
        return self._read(select(rows).where(_has_slot(rows)).order_by(*order).limit(at_most))

    def refused(self, at_most: int | None = None) -> Iterator[PlannedTouch]:
        """What does not, by campaign and reason."""
        rows = self._touches()
        order = (*_by_name(rows, "campaign", "verdict", "step"), rows.c.customer_id, *_by_name(rows, "occurrence"))
        return self._read(select(rows).where(~_has_slot(rows)).order_by(*order).limit(at_most))

    def counts(self) -> tuple[int, int]:
        """How many get the slot they wish for, and how many a later one because of a gate that time opens."""
        rows = self._touches()
        wished = case((rows.c.verdict == "ok", 1), else_=0)
        found = self.connection.execute(select(func.count(), func.sum(wished)).where(_has_slot(rows))).one()
        punctual = int(found[1] or 0)
        return punctual, int(found[0]) - punctual

    def refusals(self) -> list[Refusal]:
        """How many are refused, by campaign, reason and what became of the step."""
        rows = self._touches()
        names = (rows.c.campaign, rows.c.verdict, rows.c.status)
        found = select(*names, func.count()).where(~_has_slot(rows)).group_by(*names)
        return [Refusal(*row) for row in sorted(self.connection.execute(found))]

    def opened(self) -> list[tuple[str, int]]:
        """Campaign and number of the occurrences that open."""
        name = OPENED.c.campaign
        found = select(name, func.count()).where(*self.chosen.conditions(OPENED)).group_by(name)
        return sorted((campaign, count) for campaign, count in self.connection.execute(found))

    def enrollments(self, at_most: int | None = None) -> Iterator[PlannedEnrollment]:
        """What a commit writes into `enrollment`: new rows and those that are advanced."""
        rows = union_all(self._opened(), self._advanced()).subquery("rows")
        order = (*_by_name(rows, "campaign"), rows.c.customer_id, *_by_name(rows, "occurrence"))
        found = select(rows).where(*self.chosen.conditions(rows)).order_by(*order).limit(at_most)
        for row in self.connection.execute(found.execution_options(yield_per=BATCH)):
            yield PlannedEnrollment(*row)._replace(held_out=bool(row.held_out))

    def left_out(self) -> list[LeftOut]:
        """Whom the broadcasts of this tick, and those whose messages still wait, could not reach."""
        if self.chosen.customers is not None:
            return []
        counts: dict[str, dict[str, int]] = {**self._counted_before(), **self.planned.left_out}
        named = ((name.split(":", 2), gates) for name, gates in sorted(counts.items()))
        found = [LeftOut(campaign, label, dict(gates)) for (_, campaign, label), gates in named if gates]
        return [each for each in found if self.chosen.campaign in (None, each.campaign)]

    def _counted_before(self) -> dict[str, dict[str, int]]:
        waiting = and_(TOUCH.c.status == "planned", TOUCH.c.occurrence.startswith("schedule:"))
        pairs = self.connection.execute(select(TOUCH.c.campaign, TOUCH.c.occurrence).where(waiting).distinct())
        names = [f"schedule:{row.campaign}:{row.occurrence.removeprefix('schedule:')}" for row in pairs]
        found = select(CADENCE.c.name, CADENCE.c.left_out).where(CADENCE.c.name.in_(names))
        return {row.name: row.left_out for row in self.connection.execute(found)}

    def _read(self, statement: Select[Any]) -> Iterator[PlannedTouch]:
        for row in self.connection.execute(statement.execution_options(yield_per=BATCH)):
            found = PlannedTouch(*row)
            # SQLite has no booleans, and a union of literals forgets the column's type.
            yield found._replace(
                written=bool(found.written), obeys_cap=bool(found.obeys_cap), counts_to_cap=bool(found.counts_to_cap)
            )

    def _touches(self) -> Subquery:
        rows = union_all(self._new(), self._staged(), self._untouched()).subquery("planned_touch")
        return select(rows).where(*self.chosen.conditions(rows)).subquery("chosen_touch")

    def _new(self) -> Select[Any]:
        """Decisions about steps without a row, as `commit` would write them."""
        joined = (
            CANDIDATE.join(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
            .join(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
            .join(CUSTOMER, CUSTOMER.c.id == CANDIDATE.c.customer_id)
            .outerjoin(ACCOUNT, ACCOUNT.c.id == CUSTOMER.c.account_id)
            .outerjoin(OPENED, OPENED.c.id == -CANDIDATE.c.thread)
            .outerjoin(ENROLLMENT, ENROLLMENT.c.id == CANDIDATE.c.thread)
        )
        values: dict[str, Any] = {
            "mark": literal("new"),
            "written": case((DECISION.c.status.in_(ROWS_WRITTEN), 1), else_=0),
            "campaign": PLAN_STEP.c.campaign,
            "step": PLAN_STEP.c.step,
            "customer_id": CANDIDATE.c.customer_id,
            "owner_id": CANDIDATE.c.owner_id,
            "occurrence": CANDIDATE.c.occurrence,
            "subject_id": CANDIDATE.c.subject_id,
            "channel": _channel_name(),
            "status": DECISION.c.status,
            "due_at": CANDIDATE.c.due_at,
            "at": DECISION.c.at,
            "expires_at": CANDIDATE.c.expires_at,
            "priority": CANDIDATE.c.priority,
            "obeys_cap": PLAN_STEP.c.obeys_cap,
            "counts_to_cap": PLAN_STEP.c.obeys_cap,
            "verdict": DECISION.c.verdict,
            "failing": DECISION.c.failing,
            "decided_at": literal(self.situation.instant, BigInteger),
            "campaign_version": self._version(PLAN_STEP.c.campaign),
            "customer_version": CUSTOMER.c.version,
            "generation": literal(self.planned.due.generation, BigInteger),
            "occurred_at": func.coalesce(OPENED.c.occurred_at, seconds(ENROLLMENT.c.occurred_at)),
        }
        return self._select(values).select_from(joined).where(CANDIDATE.c.touch_id.is_(None))

    def _staged(self) -> Select[Any]:
        """Planned touches that were decided anew: with their new answer where it differs, else as they stand."""
        moved = changed_touch()
        joined = (
            CANDIDATE.join(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
            .join(TOUCH, TOUCH.c.id == CANDIDATE.c.touch_id)
            .join(CUSTOMER, CUSTOMER.c.id == TOUCH.c.customer_id)
            .outerjoin(ACCOUNT, ACCOUNT.c.id == CUSTOMER.c.account_id)
            .outerjoin(PLAN_STEP, PLAN_STEP.c.step_id == CANDIDATE.c.step_id)
            .outerjoin(ENROLLMENT, ENROLLMENT.c.id == CANDIDATE.c.thread)
        )
        status = case((DECISION.c.status == "waiting", "planned"), else_=DECISION.c.status)
        now, generation = self.situation.instant, self.planned.due.generation
        gone = PLAN_STEP.c.campaign.is_(None)
        version = case((gone, TOUCH.c.campaign_version), else_=self._version(PLAN_STEP.c.campaign))
        changes: dict[str, Any] = {
            "mark": case((moved, "moved"), else_="open"),
            "channel": case((moved, func.coalesce(_channel_name(), TOUCH.c.channel)), else_=TOUCH.c.channel),
            "status": case((moved, status), else_=TOUCH.c.status),
            "at": case((moved, DECISION.c.at), else_=seconds(TOUCH.c.at)),
            "verdict": case((moved, DECISION.c.verdict), else_=TOUCH.c.verdict),
            "failing": case((moved, DECISION.c.failing), else_=TOUCH.c.failing),
            "decided_at": case((moved, literal(now, BigInteger)), else_=seconds(TOUCH.c.decided_at)),
            "campaign_version": case((moved, version), else_=TOUCH.c.campaign_version),
            "generation": case((moved, literal(generation, BigInteger)), else_=TOUCH.c.generation),
        }
        return self._select({**_of_touch(), **changes}).select_from(joined).where(TOUCH.c.status == "planned")

    def _untouched(self) -> Select[Any]:
        """Planned touches about which nothing was asked at this tick."""
        joined = (
            TOUCH.join(CUSTOMER, CUSTOMER.c.id == TOUCH.c.customer_id)
            .outerjoin(ACCOUNT, ACCOUNT.c.id == CUSTOMER.c.account_id)
            .outerjoin(
                ENROLLMENT,
                and_(
                    ENROLLMENT.c.customer_id == TOUCH.c.customer_id,
                    ENROLLMENT.c.campaign == TOUCH.c.campaign,
                    ENROLLMENT.c.occurrence == TOUCH.c.occurrence,
                ),
            )
        )
        # NOT EXISTS would read every candidate for every touch: nothing indexes them by touch.
        asked = TOUCH.c.id.in_(select(CANDIDATE.c.touch_id).where(CANDIDATE.c.touch_id.is_not(None)))
        return self._select(_of_touch()).select_from(joined).where(TOUCH.c.status == "planned", ~asked)

    def _select(self, values: dict[str, Any]) -> Select[Any]:
        person: dict[str, Any] = {
            "zone": func.coalesce(CUSTOMER.c.zone, ACCOUNT.c.zone, self.situation.settings.timezone),
            "kind": CUSTOMER.c.kind,
            "customer_key": CUSTOMER.c.key,
            "name": CUSTOMER.c.name,
            "family_name": CUSTOMER.c.family_name,
            "given_name": CUSTOMER.c.given_name,
            "company": ACCOUNT.c.name,
        }
        found = {**values, **person}
        return select(*(found[name].label(name) for name in PlannedTouch._fields))

    def _version(self, campaign: ColumnElement[Any]) -> ColumnElement[Any]:
        digests = [
            and_(VERSION.c.campaign == each.campaign, VERSION.c.digest == each.digest)
            for each in self.situation.campaigns.campaigns
        ]
        return select(VERSION.c.id).where(VERSION.c.campaign == campaign, or_(*digests)).scalar_subquery()

    def _opened(self) -> Select[Any]:
        now, ended = literal(self.situation.instant, BigInteger), LOOK.c.exit_reason.is_not(None)
        values: dict[str, Any] = {
            **{name: OPENED.c[name] for name in ("campaign", "customer_id", "occurrence", "occurred_at", "subject_id")},
            "mark": literal("new"),
            "opened_at": now,
            "held_out": OPENED.c.held_out,
            "next_at": case((~ended, LOOK.c.next_at)),
            "generation": literal(self.planned.due.generation, BigInteger),
            "ended_at": case((ended, now)),
            "exit_reason": LOOK.c.exit_reason,
        }
        joined = OPENED.outerjoin(LOOK, LOOK.c.thread == -OPENED.c.id)
        return select(*(values[name].label(name) for name in PlannedEnrollment._fields)).select_from(joined)

    def _advanced(self) -> Select[Any]:
        ended = LOOK.c.exit_reason.is_not(None)
        instants = ("occurred_at", "opened_at")
        values: dict[str, Any] = {
            **{name: ENROLLMENT.c[name] for name in PlannedEnrollment._fields if name != "mark"},
            **{name: seconds(ENROLLMENT.c[name]) for name in instants},
            "mark": literal("advanced"),
            "next_at": case((~ended, LOOK.c.next_at)),
            "ended_at": case((ended, literal(self.situation.instant, BigInteger))),
            "exit_reason": LOOK.c.exit_reason,
        }
        joined = LOOK.join(ENROLLMENT, ENROLLMENT.c.id == LOOK.c.thread)
        columns = (values[name].label(name) for name in PlannedEnrollment._fields)
        return select(*columns).select_from(joined).where(LOOK.c.thread > 0, ENROLLMENT.c.ended_at.is_(None))


def _has_slot(rows: Any) -> ColumnElement[bool]:
    return and_(rows.c.status == "planned", rows.c.at.is_not(None))


def _by_name(rows: Any, *names: str) -> tuple[ColumnElement[Any], ...]:
    return tuple(binary_order(rows.c[name]) for name in names)


def _of_touch() -> dict[str, Any]:
    names = [name for name in PlannedTouch._fields if name in TOUCH.c]
    instants = ("due_at", "at", "expires_at", "decided_at")
    return {
        **{name: seconds(TOUCH.c[name]) if name in instants else TOUCH.c[name] for name in names},
        "mark": literal("open"),
        "written": literal(1),
        "occurred_at": func.coalesce(seconds(ENROLLMENT.c.occurred_at), seconds(TOUCH.c.due_at)),
    }


def _channel_name() -> ColumnElement[Any]:
    return case((DECISION.c.channel == 1, PLAN_STEP.c.second_channel), else_=PLAN_STEP.c.first_channel)
