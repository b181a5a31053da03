"""Both planners in one generated shop: tick, compare, deliver, again."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, bindparam, select, update

from nurture.gates.situation import Situation
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import CANDIDATE, DECISION, prepare
from nurture.store import planning, reading
from nurture.store.tables import Touch, table

from .cases import Cases
from .comparing import differences
from .ledger import Touch as Expected
from .oracle import Oracle
from .pen import Pen
from .promises import broken, decided
from .state import Contact
from .time import period_of

DECIDED = select(CANDIDATE, DECISION).select_from(
    CANDIDATE.outerjoin(DECISION, DECISION.c.candidate_id == CANDIDATE.c.id)
)
TOUCH = table(Touch)
MINE = TOUCH.c.id == bindparam("touch")
TAKEN = (
    update(TOUCH)
    .where(MINE, TOUCH.c.status == bindparam("old"))
    .values(status=bindparam("new"), at=bindparam("now"), sendable_until=TOUCH.c.expires_at)
)
ENDED = update(TOUCH).where(MINE, TOUCH.c.status == "sending").values(status=bindparam("new"))


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
            found = differences(connection, self.oracle.memory)
        if found:
            raise Different("\n".join(found.values()), [each[1] for each in found])

    def deliver(self, now: int, outcomes: Iterable[str]) -> None:
        """Sends what is planned and due, in both books alike: at most one touch of an owner, as delivery does.

        `outcomes`: what becomes of one after another.
        """
        planned = [each for each in self.oracle.memory.touches.values() if each.status == "planned" and each.at]
        waiting = sorted(planned, key=lambda each: (each.at, each.campaign, each.customer_id))
        due = list({each.owner_id: each for each in reversed(waiting) if (each.at or 0) <= now}.values())
        if not due:
            return
        self.pen.mark(each.customer_id for each in due)
        for each, outcome in zip(due, outcomes, strict=False):
            for old, new in (("planned", "claimed"), ("claimed", "sending")):
                self.pen.write(TAKEN, {"touch": each.id, "old": old, "new": new, "now": now})
            self._send(each, now, outcome)
            self.pen.write(ENDED, {"touch": each.id, "new": outcome})
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
