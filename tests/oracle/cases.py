"""Which cases a world met, counted so that a run can say what it has tried."""

from collections import Counter

from .ledger import Candidate, Touch
from .oracle import Oracle
from .state import Consent, Customer, DatedFact, Suppression
from .time import changes_of_offset, day_of
from .windows import began_on


class Cases:
    """Counts each case once for each touch or enrollment that meets it."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.met: Counter[str] = Counter()
        self.seen: set[tuple[object, ...]] = set()
        self.slots: dict[tuple[object, ...], int] = {}

    def look(self) -> None:
        """After a tick: what was decided, and what became of it."""
        for candidate in self.oracle.candidates:
            self._look_at(candidate)
        for (key, step), touch in self.oracle.memory.touches.items():
            self._meet(touch.status, key, step)
            self._look_at_slot(touch, (key, step))
        for enrollment in self.oracle.memory.enrollments.values():
            word = enrollment.occurrence.partition(":")[0]
            self._meet("anniversary" if word in ("birthday", "first_order") else word, enrollment.key)
            if enrollment.exit_reason:
                self._meet(enrollment.exit_reason, enrollment.key)
            if word == "birthday" and self._leap(enrollment.customer_id):
                self._meet("29 February", enrollment.key)

    def _look_at(self, candidate: Candidate) -> None:
        name = (candidate.enrollment.key, candidate.step.step)
        self._meet(candidate.verdict, *name)
        if candidate.gate in ("suppressed", "no_consent") and self._has_opted_out(candidate.person):
            self._meet("unsubscribed", *name)
        if candidate.gate is None and candidate.channels and candidate.channel != candidate.channels[0]:
            self._meet("other channel", *name)
        if not candidate.commercial:
            self._meet("transactional", *name)
        if candidate.person.cap_owner_id:
            self._meet("shared inbox", *name)
        if candidate.at is None:
            return
        if any(
            day_of(each, candidate.zone) == day_of(candidate.at, candidate.zone) for each in self._changes(candidate)
        ):
            self._meet("day of a clock change", *name)
        began = began_on(candidate.at, candidate.person, candidate.zone, self.oracle.settings)
        if began is not None and began != day_of(candidate.at, candidate.zone):
            self._meet("window over midnight", *name)

    def _changes(self, candidate: Candidate) -> tuple[int, ...]:
        assert candidate.at is not None
        return changes_of_offset(day_of(candidate.at, candidate.zone), candidate.zone)

    def _look_at_slot(self, touch: Touch, name: tuple[object, ...]) -> None:
        if touch.status == "planned" and touch.at is not None:
            if self.slots.get(name, touch.at) != touch.at:
                self._meet("moved", *name)
            self.slots[name] = touch.at

    def _has_opted_out(self, person: Customer) -> bool:
        refusals = self.oracle.state.of(Suppression, person.id)
        withdrawn = [each for each in self.oracle.state.of(Consent, person.id) if each.status == "withdrawn"]
        return any(each.lifted_at is None for each in refusals) or any(each.ended_at is None for each in withdrawn)

    def _leap(self, customer_id: int) -> bool:
        facts = self.oracle.state.of(DatedFact, customer_id)
        return any((each.month, each.day) == (2, 29) for each in facts)

    def _meet(self, case: str, *who: object) -> None:
        if (case, *who) not in self.seen:
            self.seen.add((case, *who))
            self.met[case] += 1
