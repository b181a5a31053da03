"""Whom a tick enrolls: who enters the watched segments, and which occurrences `again` and the audience let open."""

from datetime import timedelta
from hashlib import sha256

from nurture.campaign import Campaign, Entered, Schedule

from .conditions import holds
from .ledger import Enrollment
from .opening import Moment, Occurrence, occurrences, scheduled
from .scene import Scene
from .state import Customer
from .time import DAY, HOUR, instant_of, wall


class Enrolling:
    """Watches the segments and opens occurrences."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def run(self) -> None:
        """Writes memberships and enrollments into the memory."""
        self._watch()
        self._open()

    def _watch(self) -> None:
        watched = {each.trigger.entered for each in self.scene.campaigns.values() if isinstance(each.trigger, Entered)}
        self.evaluated = frozenset(each for each in watched if self._due_for_evaluation(each))
        for name in self.evaluated:
            condition = self.scene.segments[name].condition
            inside = [each.id for each in self.scene.active() if holds(condition, each, self.scene.view())]
            known = self.scene.memory.members.get(name)
            if name not in self.scene.memory.evaluated:
                self.scene.memory.members[name] = dict.fromkeys(inside)
            else:
                assert known is not None
                self.scene.memory.members[name] = {each: known.get(each, self.scene.now) for each in inside}
            self.scene.memory.evaluated[name] = self.scene.now

    def _due_for_evaluation(self, segment: str) -> bool:
        last = self.scene.memory.evaluated.get(segment)
        return last is None or last // HOUR != self.scene.now // HOUR

    def _open(self) -> None:
        moment = Moment(
            self.scene.now, self.scene.full, self.scene.horizon, self.scene.memory.last_tick, self.evaluated
        )
        for name in sorted(self.scene.campaigns):
            campaign = self.scene.campaigns[name]
            for person in self.scene.active():
                for each in occurrences(campaign, person, self.scene.view(), self.scene.memory, moment):
                    if self._opens(campaign, person, each):
                        self._enroll(campaign, person, each)
            self._mark_schedules(campaign, moment)

    def _mark_schedules(self, campaign: Campaign, moment: Moment) -> None:
        if isinstance(campaign.trigger, Schedule) and self.scene.full:
            for each in scheduled(campaign, self.scene.view(), self.scene.memory, moment):
                if each.occurred_at <= self.scene.now:
                    self.scene.memory.done.add((campaign.campaign, each.key))

    def _opens(self, campaign: Campaign, person: Customer, occurrence: Occurrence) -> bool:
        if (person.id, campaign.campaign, occurrence.key) in self.scene.memory.enrollments:
            return False
        if not self._again(campaign, person, occurrence):
            return False
        subject = self.scene.subject(occurrence.key, occurrence.subject_id)
        view = self.scene.view(subject, occurrence.occurred_at)
        if not self.scene.in_audience(campaign, person, view) or self.scene.exits(campaign, person, view):
            return False
        if not isinstance(campaign.trigger, Schedule):
            return True
        step = campaign.steps[0]
        return any(self.scene.furthest(campaign, person, each) is None for each in step.channels)

    def _again(self, campaign: Campaign, person: Customer, occurrence: Occurrence) -> bool:
        mine = [each for each in self.scene.memory.enrollments_of(person.id) if each.campaign == campaign.campaign]
        pause = campaign.again_after
        if pause and pause.months:
            return not any(
                each.occurred_at > self._months_before(occurrence.occurred_at, pause.months) for each in mine
            )
        apart = min((abs(each.occurred_at - occurrence.occurred_at) for each in mine), default=None)
        if campaign.again == "once" and mine:
            return False
        if pause and apart is not None and apart < pause.days * DAY + pause.seconds:
            return False
        one_by_one = isinstance(campaign.trigger, Schedule) or campaign.again == "per occurrence"
        if not one_by_one and any(id(each) in self.scene.opened for each in mine):
            return False
        yearly = type(campaign.trigger).__name__ == "Anniversary"
        return not (yearly and apart is not None and apart < 300 * DAY)

    def _months_before(self, instant: int, months: int) -> int:
        """The same wall time so many months earlier in the shop's zone, or the last day of a shorter month."""
        shown = wall(instant, self.scene.settings.timezone)
        first = shown.replace(day=1)
        for _ in range(months):
            first = (first - timedelta(days=1)).replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return instant_of(first.replace(day=min(shown.day, last.day)), self.scene.settings.timezone)

    def _enroll(self, campaign: Campaign, person: Customer, occurrence: Occurrence) -> None:
        enrollment = Enrollment(
            campaign.campaign, person.id, occurrence.key, occurrence.occurred_at, occurrence.subject_id, self.scene.now
        )
        enrollment.held_out = _is_held_out(campaign, self.scene.state.one(Customer, person.owner_id))
        self.scene.memory.enroll(enrollment)
        self.scene.opened.add(id(enrollment))


def _is_held_out(campaign: Campaign, owner: Customer) -> bool:
    """The holdout: a share of the owners' buckets, shuffled by a salt of each campaign."""
    salt = sha256(f"holdout:{campaign.campaign}".encode()).digest()
    factor, summand = (int.from_bytes(salt[start : start + 4], "big") % 2_147_483_646 + 1 for start in (0, 4))
    return (owner.bucket * factor + summand) % 2_147_483_647 % 10_000 < round(campaign.holdout * 10_000)
