"""Both planners in one generated shop: tick, compare, deliver, again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select, update

from nurture.gates.situation import Situation
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import CANDIDATE, DECISION, prepare
from nurture.store import planning, reading
from nurture.store.tables import Enrollment, Membership, Touch, table

from .cases import Cases
from .ledger import Touch as Expected
from .oracle import Oracle
from .pen import Pen
from .promises import broken, decided
from .state import Contact
from .time import period_of

DECIDED = select(CANDIDATE, DECISION).select_from(
    CANDIDATE.outerjoin(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
)


class Different(AssertionError):
    """The planner and the oracle do not agree."""

    def __init__(self, text: str, customers: Iterable[int]) -> None:
        super().__init__(text)
        self.customers = tuple(customers)


@dataclass
class Harness:
    """One database, one planner, one oracle."""

    engine: Engine
    oracle: Oracle
    pen: Pen
    trace: bool = False
    """Keeps what the planner decided at the last tick, for a look at a difference."""
    decided: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cases = Cases(self.oracle)

    def tick(self, now: int) -> None:
        """Plans with both at `now`; raises Different with every difference."""
        situation = Situation(
            self.oracle.settings, self.oracle.campaigns, self.oracle.requires, datetime.fromtimestamp(now, UTC)
        )
        with planning(self.engine, prepare) as open_planning:
            planned = plan(open_planning.connection, situation)
            if self.trace:
                self.decided = open_planning.connection.execute(DECIDED).all()
            commit(open_planning, situation, planned)
        self.oracle.tick(now)
        self._compare()
        self.cases.look()

    def _compare(self) -> None:
        with reading(self.engine) as connection:
            touches = connection.execute(select(table(Touch))).all()
            enrollments = connection.execute(select(table(Enrollment))).all()
            members = connection.execute(select(table(Membership))).all()
        memory = self.oracle.memory
        found: dict[Any, Any] = {}
        expected: dict[Any, Any] = {}
        for row in touches:
            found["touch", row.customer_id, row.campaign, row.occurrence, row.step] = _stored(row)
        for (key, step), touch in memory.touches.items():
            expected["touch", *key, step] = _expected(touch)
        for row in enrollments:
            found["enrollment", row.customer_id, row.campaign, row.occurrence] = _enrolled(row, _seconds)
        for key, enrollment in memory.enrollments.items():
            expected["enrollment", *key] = _enrolled(enrollment, lambda value: value)
        for row in members:
            found["member", row.customer_id, row.segment] = {"since": _seconds(row.since)}
        for segment, people in memory.members.items():
            for customer_id, since in people.items():
                expected["member", customer_id, segment] = {"since": since}
        ids = {(row.customer_id, row.campaign, row.occurrence, row.step): row.id for row in touches}
        for (key, step), touch in memory.touches.items():
            touch.id = ids.get((*key, step))
        differences = [
            each for each in sorted(found.keys() | expected.keys(), key=str) if found.get(each) != expected.get(each)
        ]
        if differences:
            lines = [_difference(each, found.get(each), expected.get(each)) for each in differences]
            raise Different("\n".join(lines), [each[1] for each in differences])

    def deliver(self, now: int, outcomes: Iterable[str]) -> None:
        """Sends what is planned and due, in both books alike: at most one touch of an owner, as delivery does.

        `outcomes`: what becomes of one after another.
        """
        planned = [each for each in self.oracle.memory.touches.values() if each.status == "planned" and each.at]
        waiting = sorted(planned, key=lambda each: (each.at, each.campaign, each.customer_id))
        due = list({each.owner_id: each for each in reversed(waiting) if (each.at or 0) <= now}.values())
        if not due:
            return
        touch = table(Touch)
        self.pen.mark(each.customer_id for each in due)
        for each, outcome in zip(due, outcomes, strict=False):
            until = {"sendable_until": touch.c.expires_at, "at": now}
            for old, new in (("planned", "claimed"), ("claimed", "sending")):
                step = update(touch).where(touch.c.id == each.id, touch.c.status == old).values(status=new, **until)
                self.pen.statements.append(step)
            self._send(each, now, outcome)
            ended = update(touch).where(touch.c.id == each.id, touch.c.status == "sending").values(status=outcome)
            self.pen.statements.append(ended)
        self.pen.flush(self.engine, now)

    def _send(self, touch: Expected, now: int, outcome: str) -> None:
        assert touch.channel
        if found := list(broken(touch, self.oracle, now)):
            raise Different(f"both would break a promise: {touch}\n{found}", [touch.customer_id])
        touch.status, touch.at = outcome, now
        if outcome == "failed":
            return
        contact = Contact(self.pen.next_id(), touch.customer_id, touch.owner_id, touch.channel, now)
        contact.counts, contact.touch_id, contact.source = touch.counts, touch.id, touch.campaign
        zone = decided(touch, self.oracle).zone
        contact.periods = [bound for word in ("day", "week", "month") for bound in period_of(now, word, zone)]
        self.pen.add(contact)


def _stored(row: Any) -> dict[str, Any]:
    return {
        "status": row.status,
        "at": _seconds(row.at),
        "channel": row.channel,
        "verdict": row.verdict,
        "due": _seconds(row.due_at),
        "expires": _seconds(row.expires_at),
        "counts": row.counts_to_cap,
        "obeys": row.obeys_cap,
        "owner": row.owner_id,
    }


def _expected(touch: Expected) -> dict[str, Any]:
    return {
        "status": touch.status,
        "at": touch.at,
        "channel": touch.channel,
        "verdict": touch.verdict,
        "due": touch.due,
        "expires": touch.expires,
        "counts": touch.counts,
        "obeys": touch.obeys,
        "owner": touch.owner_id,
    }


def _enrolled(row: Any, read: Any) -> dict[str, Any]:
    return {
        "occurred": read(row.occurred_at),
        "opened": read(row.opened_at),
        "held_out": bool(row.held_out),
        "ended": read(row.ended_at),
        "reason": row.exit_reason,
        "next": read(row.next_at) if row.ended_at is None else None,
    }


def _seconds(instant: datetime | None) -> int | None:
    return None if instant is None else int(instant.timestamp())


def _difference(key: Any, found: Any, expected: Any) -> str:
    lines = [f"{key}"]
    if found is None or expected is None:
        return "\n".join([*lines, f"  planner: {readable(found)}", f"  oracle:  {readable(expected)}"])
    for name in found:
        mark = "  !" if found[name] != expected[name] else "   "
        lines.append(
            f"{mark} {name}: {readable(found[name])}"
            + (f" | oracle {readable(expected[name])}" if mark == "  !" else "")
        )
    return "\n".join(lines)


def readable(value: Any) -> str:
    """An instant as a date and time UTC, anything else as it is."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={readable(each)}" for name, each in value.items())
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**8:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S}Z"
    return str(value)
