"""A tick of the second planner: customer by customer, in the order of docs/planning.md."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from typing import Any

from nurture.campaign import After, Campaign, Campaigns, Entered, Schedule
from nurture.config import Settings

from .conditions import (
    View,
    holds,
    offered,
    open_holds,
    permitted,
    refusals_of,
    suppressed,
    usable,
    variable_missing,
    zone_of_person,
)
from .ledger import HANDED_OVER, Candidate, Enrollment, Memory, Touch
from .opening import Moment, Occurrence, occurrences, scheduled
from .placing import Placing
from .shared import Limits
from .state import Booking, Customer, Event, Hold, Order, State
from .time import DAY, HOUR, add_days, at_hour, day_of, day_start, instant_of, wall

SUBJECTS = {"order": Order, "booking": Booking, "event": Event}
FURTHEST = ("no_address", "suppressed", "no_consent")


@dataclass
class Oracle:
    """The second planner, with the memory that it keeps from tick to tick."""

    state: State
    settings: Settings
    campaigns: Campaigns
    requires: Mapping[str, tuple[str, ...]]
    memory: Memory = field(default_factory=Memory)
    candidates: list[Candidate] = field(default_factory=list)
    """What the last tick decided."""

    def tick(self, now: int) -> None:
        """Plans and commits at `now`."""
        tick = _Tick(self, now)
        tick.run()
        self.candidates = [each for listed in tick.candidates.values() for each in listed]
        self.state.changed.clear()
        self.state.paused_or_resumed = False


class _Tick:
    def __init__(self, oracle: Oracle, now: int) -> None:
        self.oracle, self.now = oracle, now
        self.state, self.settings, self.memory = oracle.state, oracle.settings, oracle.memory
        self.campaigns = {each.campaign: each for each in oracle.campaigns.campaigns}
        shop = oracle.settings.timezone
        self.horizon = day_start(day_of(now, shop) + timedelta(days=2), shop)
        digest = (oracle.settings.digest, oracle.campaigns.digest, tuple(sorted(oracle.requires.items())))
        self.renewed = self.memory.digest != digest or self.state.paused_or_resumed
        self.memory.digest = digest
        last_full = self.memory.last_full
        self.full = self.renewed or last_full is None or last_full // HOUR != now // HOUR
        self.opened: set[int] = set()
        """Enrollments (by identity) that open at this tick."""
        self.candidates: dict[int, list[Candidate]] = {}
        """Owner → candidates."""
        self.asked: dict[int, list[Enrollment]] = {}

    def run(self) -> None:
        self._watch()
        self._open()
        self._decide()
        self._note()

    # -- opening

    def _watch(self) -> None:
        watched = {each.trigger.entered for each in self.campaigns.values() if isinstance(each.trigger, Entered)}
        self.evaluated = frozenset(each for each in watched if self._due_for_evaluation(each))
        for name in self.evaluated:
            condition = self.oracle.campaigns.segments[name].condition
            inside = [each.id for each in self._active() if holds(condition, each, self._view())]
            known = self.memory.members.get(name)
            if name not in self.memory.evaluated:
                self.memory.members[name] = dict.fromkeys(inside)
            else:
                assert known is not None
                self.memory.members[name] = {each: known.get(each, self.now) for each in inside}
            self.memory.evaluated[name] = self.now

    def _due_for_evaluation(self, segment: str) -> bool:
        last = self.memory.evaluated.get(segment)
        return last is None or last // HOUR != self.now // HOUR

    def _active(self) -> list[Customer]:
        return [each for each in self.state.customers if each.active]

    def _view(self, subject: Any = None, occurred_at: int | None = None, enrollment: Any = None) -> View:
        return View(
            self.state,
            self.settings,
            self.oracle.campaigns.segments,
            self.now,
            self.memory.handed_over,
            enrollment,
            subject,
            occurred_at,
        )

    def _open(self) -> None:
        moment = Moment(self.now, self.full, self.horizon, self.memory.last_tick, self.evaluated)
        for name in sorted(self.campaigns):
            campaign = self.campaigns[name]
            for person in self._active():
                for each in occurrences(campaign, person, self._view(), self.memory, moment):
                    if self._opens(campaign, person, each):
                        self._enroll(campaign, person, each)
            self._mark_schedules(campaign, moment)

    def _mark_schedules(self, campaign: Campaign, moment: Moment) -> None:
        if isinstance(campaign.trigger, Schedule) and self.full:
            for each in scheduled(campaign, self._view(), self.memory, moment):
                if each.occurred_at <= self.now:
                    self.memory.done.add((campaign.campaign, each.key))

    def _opens(self, campaign: Campaign, person: Customer, occurrence: Occurrence) -> bool:
        if (person.id, campaign.campaign, occurrence.key) in self.memory.enrollments:
            return False
        if not self._again(campaign, person, occurrence):
            return False
        subject = self._subject(occurrence.key, occurrence.subject_id)
        view = self._view(subject, occurrence.occurred_at)
        if not self._in_audience(campaign, person, view) or self._exits(campaign, person, view):
            return False
        if not isinstance(campaign.trigger, Schedule):
            return True
        step = campaign.steps[0]
        return any(self._furthest(campaign, person, each) is None for each in step.channels)

    def _again(self, campaign: Campaign, person: Customer, occurrence: Occurrence) -> bool:
        mine = [
            each
            for each in self.memory.enrollments.values()
            if (each.customer_id, each.campaign) == (person.id, campaign.campaign)
        ]
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
        if not one_by_one and any(id(each) in self.opened for each in mine):
            return False
        yearly = type(campaign.trigger).__name__ == "Anniversary"
        return not (yearly and apart is not None and apart < 300 * DAY)

    def _months_before(self, instant: int, months: int) -> int:
        """The same wall time so many months earlier in the shop's zone, or the last day of a shorter month."""
        shown = wall(instant, self.settings.timezone)
        first = shown.replace(day=1)
        for _ in range(months):
            first = (first - timedelta(days=1)).replace(day=1)
        last = (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        return instant_of(first.replace(day=min(shown.day, last.day)), self.settings.timezone)

    def _in_audience(self, campaign: Campaign, person: Customer, view: View) -> bool:
        if isinstance(campaign.trigger, Entered):
            condition = self.oracle.campaigns.segments[campaign.trigger.entered].condition
            if not holds(condition, person, view):
                return False
        return holds(campaign.audience, person, view) and (
            campaign.offer is None or offered(campaign.offer, person, view)
        )

    def _exits(self, campaign: Campaign, person: Customer, view: View) -> bool:
        return campaign.exit_when is not None and holds(campaign.exit_when, person, view)

    def _subject(self, occurrence: str, subject_id: int | None) -> Any:
        kind = SUBJECTS.get(occurrence.partition(":")[0])
        return self.state.one(kind, subject_id) if kind else None

    def _enroll(self, campaign: Campaign, person: Customer, occurrence: Occurrence) -> None:
        enrollment = Enrollment(
            campaign.campaign, person.id, occurrence.key, occurrence.occurred_at, occurrence.subject_id, self.now
        )
        enrollment.held_out = _is_held_out(campaign, self.state.one(Customer, person.owner_id))
        self.memory.enrollments[enrollment.key] = enrollment
        self.opened.add(id(enrollment))

    # -- deciding

    def _decide(self) -> None:
        limits = Limits(self.settings, self.campaigns, self.state, self.memory, self.now)
        owners = self._stirred()
        for owner in owners:
            self._ask(owner)
        more = limits.also_stirred(self.candidates) - owners
        for owner in more:
            self._ask(owner)
        owners |= more
        for owner in owners:
            self._place(owner)
        while losers := limits.losers(self.candidates):
            for candidate, shut in losers:
                candidate.shut.append(shut)
                self._try_second_channel(candidate, shut)
            for owner in {candidate.person.owner_id for candidate, _ in losers}:
                self._place(owner)
        for owner in sorted(owners):
            self._settle(owner)

    def _stirred(self) -> set[int]:
        people = set(self.state.changed)
        for enrollment in self.memory.enrollments.values():
            if enrollment.ended_at is not None:
                continue
            due = enrollment.next_at is not None and enrollment.next_at <= self.now
            if due or self.renewed or id(enrollment) in self.opened:
                people.add(enrollment.customer_id)
        for touch in self.memory.touches.values():
            if touch.status == "planned" and ((touch.at or self.now + 1) <= self.now or touch.expires <= self.now):
                people.add(touch.customer_id)
        return {self.state.one(Customer, each).owner_id for each in people}

    def _ask(self, owner: int) -> None:
        self.candidates[owner], self.asked[owner] = [], []
        for person in self.state.customers:
            if person.owner_id != owner:
                continue
            for enrollment in list(self.memory.enrollments.values()):
                if enrollment.customer_id == person.id and enrollment.ended_at is None:
                    self._ask_enrollment(enrollment, person)

    def _ask_enrollment(self, enrollment: Enrollment, person: Customer) -> None:
        campaign = self.campaigns.get(enrollment.campaign)
        touches = {each.step: each for each in self.memory.touches_of(enrollment)}
        if campaign is None:
            self._end(enrollment, "removed")
            _cancel(touches.values())
            return
        subject = self._subject(enrollment.occurrence, enrollment.subject_id)
        view = self._view(subject, enrollment.occurred_at, (campaign.campaign, enrollment.occurrence))
        reason = "closed" if self._closed(campaign, subject) else None
        if id(enrollment) not in self.opened and reason is None and self._exits(campaign, person, view):
            reason = "exited"
        if reason:
            self._end(enrollment, reason if self._has_steps(campaign, touches) else "finished")
            self._cancel(touches.values(), enrollment, person, campaign, view)
            return
        gone = self._passed(campaign, touches) | (touches.keys() - {each.step for each in campaign.steps})
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
                due, expires = self._times(enrollment, campaign, index, zone)
                candidate = Candidate(enrollment, campaign, step, index, person, zone, touch, due, expires)
                self._ask_gates(candidate, view)
                touch.channel, touch.due, touch.expires = candidate.channel, due, expires
        _cancel(planned.values())

    def _has_steps(self, campaign: Campaign, touches: dict[str, Touch]) -> bool:
        """Whether a step is left that may still be sent, or a planned touch to be cancelled."""
        passed = self._passed(campaign, touches)
        return any(
            touches[each.step].status == "planned" if each.step in touches else each.step not in passed
            for each in campaign.steps
        )

    def _closed(self, campaign: Campaign, subject: Any) -> bool:
        if isinstance(subject, Order):
            return subject.void
        cancelling = isinstance(campaign.trigger, After) and campaign.trigger.after == "cancellation"
        return isinstance(subject, Booking) and subject.status == "cancelled" and not cancelling

    def _end(self, enrollment: Enrollment, reason: str) -> None:
        enrollment.ended_at, enrollment.exit_reason, enrollment.next_at = self.now, reason, None

    def _stage(
        self, enrollment: Enrollment, person: Customer, campaign: Campaign, touches: dict[str, Touch], view: View
    ) -> None:
        passed = self._passed(campaign, touches)
        zone = zone_of_person(person, view)
        looks = []
        for index, step in enumerate(campaign.steps):
            touch = touches.get(step.step)
            if step.step in passed or (touch and touch.status != "planned"):
                continue
            due, expires = self._times(enrollment, campaign, index, zone)
            if due >= self.horizon and touch is None:
                shop = self.settings.timezone
                looks.append(day_start(day_of(due, shop) - timedelta(days=1), shop))
                continue
            candidate = Candidate(enrollment, campaign, step, index, person, zone, touch, due, expires)
            self._ask_gates(candidate, view)
            self.candidates[person.owner_id].append(candidate)
        enrollment.next_at = min(looks, default=None)

    def _passed(self, campaign: Campaign, touches: dict[str, Touch]) -> set[str]:
        """The steps before one that was already handed over."""
        handed = {each.step for each in touches.values() if each.status in HANDED_OVER}
        names = [each.step for each in campaign.steps]
        last = max((number for number, each in enumerate(names) if each in handed), default=0)
        return set(names[:last])

    def _times(self, enrollment: Enrollment, campaign: Campaign, index: int, zone: str) -> tuple[int, int]:
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

    # -- fixed gates

    def _furthest(self, campaign: Campaign, person: Customer, channel: str) -> int | None:
        """The number of the first gate of a channel that refuses; None = it passes."""
        commercial = campaign.purpose == "commercial"
        if not usable(person, channel, self.state):
            return 0
        if suppressed(person, channel, self.state, ("commercial", "all") if commercial else ("all",)):
            return 1
        return 2 if commercial and not permitted(person, channel, self.state) else None

    def _ask_gates(self, candidate: Candidate, view: View) -> None:
        campaign, person = candidate.campaign, candidate.person
        reached = {each: self._furthest(campaign, person, each) for each in candidate.step.channels}
        candidate.channels = [each for each, gate in reached.items() if gate is None]
        if candidate.channels:
            candidate.channel = candidate.channels[0]
            candidate.gate = self._later_gate(candidate, view)
        else:
            number = max(gate for gate in reached.values() if gate is not None)
            candidate.channel = next(each for each, gate in reached.items() if gate == number)
            candidate.gate = FURTHEST[number]
        if candidate.gate:
            self._refuse(candidate)

    def _later_gate(self, candidate: Candidate, view: View) -> str | None:
        campaign, person, enrollment = candidate.campaign, candidate.person, candidate.enrollment
        if candidate.commercial and self._holds(candidate, view):
            return "on_hold"
        if id(enrollment) not in self.opened and not self._in_audience(campaign, person, view):
            return "left_audience"
        if enrollment.held_out:
            return "held_out"
        required = self.oracle.requires.get(candidate.step.template, ())
        return "incomplete" if any(variable_missing(each, person, view) for each in required) else None

    def _holds(self, candidate: Candidate, view: View) -> list[Any]:
        person, about = candidate.person, candidate.campaign.about
        found = [each for each in open_holds(person, view) if each.kind == "complaint"]
        if about is None:
            return found
        return found + refusals_of(person, about.product, about.category, view)

    def _refuse(self, candidate: Candidate) -> None:
        gate = candidate.gate
        assert gate
        candidate.verdict = gate
        if gate in ("suppressed", "held_out"):
            candidate.status = gate
        elif gate == "left_audience":
            candidate.status = "cancelled" if candidate.due <= self.now else None
        else:
            candidate.status = "expired" if candidate.expires <= self.now else None

    # -- placing and writing

    def _place(self, owner: int) -> None:
        placing = Placing(self.state, self.settings, self.now, owner)
        placing.place([each for each in self.candidates[owner] if each.gate is None])

    def _try_second_channel(self, candidate: Candidate, shut: tuple[str | None, int, int]) -> None:
        if shut[0] is not None and candidate.channel in candidate.channels[:-1]:
            candidate.channel = candidate.channels[candidate.channels.index(candidate.channel) + 1]

    def _settle(self, owner: int) -> None:
        for candidate in self.candidates[owner]:
            look = self._write(candidate)
            if look is not None:
                known = candidate.enrollment.next_at
                candidate.enrollment.next_at = look if known is None else min(known, look)
        for enrollment in self.asked[owner]:
            if not self._is_open(enrollment):
                self._end(enrollment, "finished")

    def _is_open(self, enrollment: Enrollment) -> bool:
        campaign = self.campaigns[enrollment.campaign]
        touches = {each.step: each for each in self.memory.touches_of(enrollment)}
        passed = self._passed(campaign, touches)
        return any(
            each.step not in passed and (each.step not in touches or touches[each.step].status == "planned")
            for each in campaign.steps
        )

    def _write(self, candidate: Candidate) -> int | None:
        """Writes what became of a step; the instant at which it must be looked at again, if it waits."""
        touch = candidate.touch
        if candidate.status is None:
            if touch and self._differs(touch, candidate, "planned"):
                self._change(touch, candidate, "planned")
            return self._look(candidate)
        if touch is None:
            self._insert(candidate)
        elif self._differs(touch, candidate, candidate.status):
            self._change(touch, candidate, candidate.status)
        return None

    def _differs(self, touch: Touch, candidate: Candidate, status: str) -> bool:
        old = (touch.status, touch.at, touch.channel, touch.due, touch.expires)
        new = (status, candidate.at, candidate.channel, candidate.due, candidate.expires)
        return old != new or (candidate.at is None and touch.verdict != candidate.verdict)

    def _look(self, candidate: Candidate) -> int:
        if candidate.gate == "on_hold":
            holds = self.state.of(Hold, candidate.person.id)
            ends = [
                each.closed_at for each in holds if each.closed_at and self.now < each.closed_at < candidate.expires
            ]
            return min(ends, default=candidate.expires)
        return candidate.due if candidate.due > self.now else candidate.expires

    def _change(self, touch: Touch, candidate: Candidate, status: str) -> None:
        touch.status, touch.at, touch.channel = status, candidate.at, candidate.channel
        touch.verdict, touch.due, touch.expires = candidate.verdict, candidate.due, candidate.expires

    def _insert(self, candidate: Candidate) -> None:
        assert candidate.status
        enrollment, campaign = candidate.enrollment, candidate.campaign
        touch = Touch(
            campaign.campaign,
            candidate.step.step,
            candidate.person.id,
            candidate.person.owner_id,
            enrollment.occurrence,
            candidate.status,
            candidate.channel,
            candidate.due,
            candidate.at,
            candidate.expires,
            candidate.verdict,
            counts=candidate.commercial,
            obeys=candidate.commercial,
            priority=campaign.priority,
        )
        self.memory.touches[enrollment.key, candidate.step.step] = touch

    def _note(self) -> None:
        self.memory.last_tick = self.now
        if self.full:
            self.memory.last_full = self.now


def _cancel(touches: Iterable[Touch]) -> None:
    for touch in touches:
        if touch.status == "planned":
            touch.status, touch.verdict, touch.at = "cancelled", "left_audience", None


def _is_held_out(campaign: Campaign, owner: Customer) -> bool:
    """The holdout: a share of the owners' buckets, shuffled by a salt of each campaign."""
    salt = sha256(f"holdout:{campaign.campaign}".encode()).digest()
    factor, summand = (int.from_bytes(salt[start : start + 4], "big") % 2_147_483_646 + 1 for start in (0, 4))
    return (owner.bucket * factor + summand) % 2_147_483_647 % 10_000 < round(campaign.holdout * 10_000)
