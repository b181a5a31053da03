"""Who is asked again, and which of their steps are decided (docs/planning.md, sections 4 and 5)."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from nurture.campaign import After, Campaign

from .conditions import View, zone_of_person
from .gates import Gates
from .ledger import HANDED_OVER, Candidate, Enrollment, Touch
from .scene import Scene
from .state import Booking, Customer, Order
from .time import HOUR, add_days, at_hour, day_of, day_start


class Asking:
    """The candidates of a tick, owner by owner."""

    def __init__(self, scene: Scene) -> None:
        self.scene, self.gates = scene, Gates(scene)
        self.candidates: dict[int, list[Candidate]] = {}
        """Owner → candidates."""
        self.asked: dict[int, list[Enrollment]] = {}
        """Owner → enrollments that go on."""

    def stirred(self) -> set[int]:
        """The owners about whom something changed, or for whom the time has come."""
        people = set(self.scene.state.changed)
        for enrollment in self.scene.memory.enrollments.values():
            if enrollment.ended_at is not None:
                continue
            due = enrollment.next_at is not None and enrollment.next_at <= self.scene.now
            if due or self.scene.renewed or id(enrollment) in self.scene.opened:
                people.add(enrollment.customer_id)
        for touch in self.scene.memory.touches.values():
            if touch.status == "planned" and (
                (touch.at or self.scene.now + 1) <= self.scene.now or touch.expires <= self.scene.now
            ):
                people.add(touch.customer_id)
        return {self.scene.state.one(Customer, each).owner_id for each in people}

    def ask(self, owner: int) -> None:
        """Stages the steps of everybody who belongs to a cap owner, and ends what has ended."""
        self.candidates[owner], self.asked[owner] = [], []
        for person in self.scene.state.customers:
            if person.owner_id != owner:
                continue
            for enrollment in self.scene.memory.enrollments_of(person.id):
                if enrollment.ended_at is None:
                    self._ask_enrollment(enrollment, person)

    def _ask_enrollment(self, enrollment: Enrollment, person: Customer) -> None:
        campaign = self.scene.campaigns.get(enrollment.campaign)
        touches = {each.step: each for each in self.scene.memory.touches_of(enrollment)}
        if campaign is None:
            end(enrollment, self.scene.now, "removed")
            _cancel(touches.values())
            return
        subject = self.scene.subject(enrollment.occurrence, enrollment.subject_id)
        view = self.scene.view(subject, enrollment.occurred_at, (campaign.campaign, enrollment.occurrence))
        reason = "closed" if self._closed(campaign, subject) else None
        if id(enrollment) not in self.scene.opened and reason is None and self.scene.exits(campaign, person, view):
            reason = "exited"
        if reason:
            end(enrollment, self.scene.now, reason if self._has_steps(campaign, touches) else "finished")
            self._cancel(touches.values(), enrollment, person, campaign, view)
            return
        gone = passed_steps(campaign, touches) | (touches.keys() - {each.step for each in campaign.steps})
        overtaken = [each for each in touches.values() if each.step in gone]
        self._cancel(overtaken, enrollment, person, campaign, view)
        self.asked[person.owner_id].append(enrollment)
        self._stage(enrollment, person, campaign, touches, view)

    def _cancel(
        self, touches: Iterable[Touch], enrollment: Enrollment, person: Customer, campaign: Campaign, view: View
    ) -> None:
        """Cancels what is planned; channel and times are those of the file in force, if the step stands in it."""
        zone, planned = zone_of_person(person, view), {each.step: each for each in touches if each.status == "planned"}
        for index, step in enumerate(campaign.steps):
            if touch := planned.get(step.step):
                due, expires = times_of(enrollment, campaign, index, zone)
                candidate = Candidate(enrollment, campaign, step, index, person, zone, touch, due, expires)
                self.gates.ask(candidate, view)
                touch.channel, touch.due, touch.expires = candidate.channel, due, expires
        _cancel(planned.values())

    def _has_steps(self, campaign: Campaign, touches: dict[str, Touch]) -> bool:
        """Whether a step is left that may still be sent, or a planned touch to be cancelled."""
        passed = passed_steps(campaign, touches)
        return any(
            touches[each.step].status == "planned" if each.step in touches else each.step not in passed
            for each in campaign.steps
        )

    def _closed(self, campaign: Campaign, subject: Any) -> bool:
        if isinstance(subject, Order):
            return subject.void
        cancelling = isinstance(campaign.trigger, After) and campaign.trigger.after == "cancellation"
        return isinstance(subject, Booking) and subject.status == "cancelled" and not cancelling

    def _stage(
        self, enrollment: Enrollment, person: Customer, campaign: Campaign, touches: dict[str, Touch], view: View
    ) -> None:
        passed = passed_steps(campaign, touches)
        zone = zone_of_person(person, view)
        looks = []
        for index, step in enumerate(campaign.steps):
            touch = touches.get(step.step)
            if step.step in passed or (touch and touch.status != "planned"):
                continue
            due, expires = times_of(enrollment, campaign, index, zone)
            if due >= self.scene.horizon and touch is None:
                shop = self.scene.settings.timezone
                looks.append(day_start(day_of(due, shop) - timedelta(days=1), shop))
                continue
            candidate = Candidate(enrollment, campaign, step, index, person, zone, touch, due, expires)
            self.gates.ask(candidate, view)
            self.candidates[person.owner_id].append(candidate)
        enrollment.next_at = min(looks, default=None)


def times_of(enrollment: Enrollment, campaign: Campaign, index: int, zone: str) -> tuple[int, int]:
    """When a step is due, and when it expires."""
    days = seconds = 0
    for step in campaign.steps[: index + 1]:
        if step.wait_from == "occurrence":
            days = seconds = 0
        days, seconds = days + step.wait.days, seconds + step.wait.seconds
    step = campaign.steps[index]
    due = add_days(enrollment.occurred_at, days, zone) + seconds
    if step.at is not None:
        due = max(due, at_hour(due, step.at, zone))
    if step.valid_for:
        return due, add_days(due, step.valid_for.days, zone) + step.valid_for.seconds
    kind = type(campaign.trigger).__name__
    if kind == "Anniversary":
        return due, day_start(day_of(due, zone) + timedelta(days=1), zone)
    return due, due + (24 if kind == "Schedule" else 48) * HOUR


def passed_steps(campaign: Campaign, touches: dict[str, Touch]) -> set[str]:
    """The steps before one that was already handed over."""
    handed = {each.step for each in touches.values() if each.status in HANDED_OVER}
    names = [each.step for each in campaign.steps]
    last = max((number for number, each in enumerate(names) if each in handed), default=0)
    return set(names[:last])


def end(enrollment: Enrollment, now: int, reason: str) -> None:
    """The enrollment goes no further."""
    enrollment.ended_at, enrollment.exit_reason, enrollment.next_at = now, reason, None


def _cancel(touches: Iterable[Touch]) -> None:
    for touch in touches:
        if touch.status == "planned":
            touch.status, touch.verdict, touch.at = "cancelled", "left_audience", None
