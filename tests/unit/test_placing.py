"""Placing against a walk through every hour, and what it promises to alice, whose better letter comes first.

All times of the random worlds are whole hours, and so is every end of a closed stretch: the walk misses nothing.
"""

import json
import zoneinfo
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import combinations
from random import Random

import pytest

from nurture.gates.cap import CapRule
from nurture.gates.placing import FAR, Block, Candidate, Contact, Decision, Placer, StepRule
from nurture.zone import DAY

HOUR = 3600
NOW = int(datetime(2026, 10, 30, 0, tzinfo=UTC).timestamp())  # two days before the clocks of New York go back
GATES = ("paused", "outside_window", "capped", "over_quota", "outranked")
ZONES = ("UTC", "America/New_York")
CASES = 3_000


@dataclass(frozen=True)
class World:
    """One owner's candidates with everything that may close an hour."""

    placer: Placer
    candidates: list[Candidate]
    contacts: list[Contact]
    open_: dict[int, list[tuple[int, int]]]
    """Step → the hours that the shop and the step leave open."""


def world(seed: int) -> World:
    draw = Random(seed)
    steps = [step_rule(draw, number) for number in range(draw.randint(1, 4))]
    open_ = {number: intervals(draw) for number in range(len(steps))}
    caps = draw.sample(all_caps(draw), draw.randint(0, 3))
    pauses = [
        (draw.choice(["all", "channel:email", "campaign:a"]), pause(draw)) for _ in range(draw.choice([0, 0, 1, 2]))
    ]
    candidates = sorted(
        (candidate(draw, number, steps) for number in range(draw.randint(1, 5))), key=lambda each: each.expires_at
    )
    once = {(each.thread, each.step_id): each for each in candidates}
    placer = Placer(NOW, steps, caps, openings(open_), pauses, quotas(draw, steps, list(once.values())))
    contacts = sorted(contact(draw) for _ in range(draw.randint(0, 4)))
    return World(placer, list(once.values()), contacts, open_)


def hour(draw: Random, first: int, last: int) -> int:
    return NOW + draw.randint(first, last) * HOUR


def step_rule(draw: Random, number: int) -> StepRule:
    campaign, commercial = draw.choice("ab"), draw.random() < 0.8
    channels = draw.choice([("email",), ("line",), ("line", "email"), ("email", "line")])
    drops = draw.random() < 0.25
    return StepRule(f"{campaign}/{number}", campaign, number, 50, channels, commercial, commercial, drops)


def candidate(draw: Random, number: int, steps: Sequence[StepRule]) -> Candidate:
    step, due = draw.randrange(len(steps)), hour(draw, -20, 30)
    reach = draw.choice([0, 0, 3]) if len(steps[step].channels) == 2 else None
    touch = draw.choice([None, None, hour(draw, -30, 40)])
    return Candidate(
        id=number,
        owner_id=1,
        thread=draw.randint(1, 3),
        step_id=step,
        due_at=due,
        expires_at=due + draw.randint(1, 80) * HOUR,
        channel=0,
        other_reach=reach,
        zone=draw.choice(ZONES),
        kind="individual",
        touch_at=touch,
    )


def contact(draw: Random) -> Contact:
    return Contact(hour(draw, -60, 30), draw.choice(["email", "line", "call"]), "call")


def all_caps(draw: Random) -> list[CapRule]:
    return [
        CapRule("gap", 1, draw.randint(1, 30) * HOUR, None, None),
        CapRule("two", 2, draw.randint(1, 60) * HOUR, None, None),
        CapRule("three", 3, draw.randint(1, 80) * HOUR, None, None),
        CapRule("line", 1, draw.randint(1, 40) * HOUR, None, "line"),
        CapRule("day", draw.randint(1, 2), 0, "day", None),
        CapRule("week", 2, 0, "week", draw.choice([None, "email"])),
        CapRule("month", 3, 0, "month", None),
    ]


def pause(draw: Random) -> Block:
    start = hour(draw, -20, 20)
    end = FAR if draw.random() < 0.2 else start + draw.randint(1, 40) * HOUR
    return Block(start, end, "paused", "all", 1, 0)


def intervals(draw: Random) -> list[tuple[int, int]]:
    if draw.random() < 0.3:
        return [(NOW - 90 * HOUR, NOW + 300 * HOUR)]
    cuts = sorted(draw.sample(range(-40, 120), 2 * draw.randint(0, 6)))
    return [(NOW + first * HOUR, NOW + last * HOUR) for first, last in zip(cuts[::2], cuts[1::2], strict=True)]


def quotas(draw: Random, steps: list[StepRule], candidates: list[Candidate]) -> dict[int, list[Block]]:
    full: dict[int, list[Block]] = {}
    for each in candidates:
        if draw.random() < 0.25:
            start = hour(draw, -10, 30)
            channel = draw.choice([None, steps[each.step_id].channels[0]])
            full[each.id] = [Block(start, start + draw.randint(1, 50) * HOUR, "over_quota", "quota", 1, 1, channel)]
    return full


def openings(open_: dict[int, list[tuple[int, int]]]) -> Callable[[int, str, str], tuple[list[int], list[int]]]:
    def found(step_id: int, zone: str, kind: str) -> tuple[list[int], list[int]]:
        return [start for start, _ in open_[step_id]], [end for _, end in open_[step_id]]

    return found


# The walk: every hour is asked by the definitions alone.


class Walk:
    def __init__(self, given: World) -> None:
        self.world, self.placer = given, given.placer
        self.contacts = list(given.contacts)
        self.slots: list[Contact] = []
        """Given at this tick."""
        self.last: dict[int, int] = {}

    def decisions(self) -> dict[int, tuple[str, str, int | None, int]]:
        found = {}
        for each in self.order():
            found[each.id] = self.decide(each)
            _, _, at, channel = found[each.id]
            if at is not None:
                self.last[each.thread] = max(at, self.last.get(each.thread, 0))
                step = self.placer.steps[each.step_id]
                if step.counts_to_cap:
                    self.slots.append(Contact(at, step.channels[channel], step.name))
        return found

    def order(self) -> list[Candidate]:
        """As given, but the steps of one thread change seats until they sit in their order."""
        seated = list(self.world.candidates)
        position = {each.id: self.placer.steps[each.step_id].position for each in seated}
        swapped = True
        while swapped:
            swapped = False
            for one, other in combinations(range(len(seated)), 2):
                first, second = seated[one], seated[other]
                if first.thread == second.thread and position[first.id] > position[second.id]:
                    seated[one], seated[other], swapped = second, first, True
        return seated

    def decide(self, each: Candidate) -> tuple[str, str, int | None, int]:
        channel = self.channel(each)
        start = max(each.due_at, NOW, self.last.get(each.thread, 0))
        due = each.due_at <= NOW
        if start >= each.expires_at:
            return ("expired" if due else "waiting"), "expired", None, channel
        hours = range(start, each.expires_at, HOUR)
        closed = {instant: self.closed(each, channel, instant) for instant in hours}
        slot = next((instant for instant in hours if not closed[instant]), None)
        verdict = "ok" if slot == start else next(gate for gate in GATES if gate in closed[start])
        if self.placer.steps[each.step_id].drop_when_capped:
            wish = next((instant for instant in hours if not closed[instant] - {"capped", "outranked"}), None)
            if wish is not None and closed[wish]:
                return ("dropped" if due else "waiting"), min(closed[wish]), None, channel
        if slot is None:
            endless = any(block.end >= FAR for block in self.pauses(each, channel))
            return ("expired" if due and not endless else "waiting"), verdict, None, channel
        if slot == NOW and each.touch_at is not None and each.touch_at <= NOW:
            slot = max(each.touch_at, each.due_at, self.last.get(each.thread, 0))
        return "planned", verdict, slot, channel

    def channel(self, each: Candidate) -> int:
        step = self.placer.steps[each.step_id]
        full = any(block.channel == step.channels[0] for block in self.placer.full.get(each.id, ()))
        return 1 if full and each.other_reach == 0 else 0

    def pauses(self, each: Candidate, channel: int) -> list[Block]:
        step = self.placer.steps[each.step_id]
        scopes = {"all", f"channel:{step.channels[channel]}", f"campaign:{step.campaign}"}
        return [block for scope, block in self.placer.pauses if scope in scopes]

    def closed(self, each: Candidate, channel: int, instant: int) -> set[str]:
        step = self.placer.steps[each.step_id]
        name = step.channels[channel]
        found = {"paused" for block in self.pauses(each, channel) if block.start <= instant < block.end}
        if not any(start <= instant < end for start, end in self.world.open_[each.step_id]):
            found.add("outside_window")
        for block in self.placer.full.get(each.id, ()):
            if block.channel in (None, name) and block.start <= instant < block.end:
                found.add("over_quota")
        for rule in self.placer.caps if step.obeys_cap else ():
            if rule.channel in (None, name):
                found |= self.capped(rule, instant, each.zone)
        return found

    def capped(self, rule: CapRule, instant: int, zone: str) -> set[str]:
        known = [each for each in self.contacts if rule.channel in (None, each.channel)]
        counted = [*known, *(each for each in self.slots if rule.channel in (None, each.channel))]
        if shut(rule, [each.at for each in known], instant, zone):
            return {"capped"}
        return {"outranked"} if shut(rule, [each.at for each in counted], instant, zone) else set()


def shut(rule: CapRule, contacts: list[int], instant: int, zone: str) -> bool:
    """Whether one more contact at the instant would break the rule together with some of the others."""
    if rule.unit is None:
        some = combinations(contacts, rule.limit)
        return any(max(*each, instant) - min(*each, instant) < rule.seconds for each in some)
    mine = period(rule.unit, instant, zone)
    return sum(period(rule.unit, each, zone) == mine for each in contacts) >= rule.limit


def period(unit: str, instant: int, zone: str) -> tuple[int, ...]:
    day = datetime.fromtimestamp(instant, zoneinfo.ZoneInfo(zone)).date()
    return {"day": (day.toordinal(),), "week": day.isocalendar()[:2], "month": (day.year, day.month)}[unit]


def placed(given: World, *more: Candidate) -> dict[int, Decision]:
    found = given.placer.place([*given.candidates, *more], given.contacts)
    return {each.candidate_id: each for each in found}


def test_placing_is_what_a_walk_through_every_hour_finds() -> None:
    met: Counter[tuple[str, str]] = Counter()
    for seed in range(CASES):
        given = world(seed)
        found = {number: (each.status, each.verdict, each.at, each.channel) for number, each in placed(given).items()}
        assert found == Walk(given).decisions(), f"seed {seed}"
        met.update((status, verdict) for status, verdict, _, _ in found.values())
    wanted = [("planned", gate) for gate in ("ok", *GATES)] + [("dropped", "capped"), ("dropped", "outranked")]
    wanted += [("expired", gate) for gate in ("expired", *GATES)] + [("waiting", "capped"), ("waiting", "paused")]
    assert [each for each in wanted if met[each] < 5] == []


def test_what_is_shown_as_failing_begins_with_the_verdict_and_says_when_each_would_open() -> None:
    for seed in range(400):
        given = world(seed)
        order = {gate: number for number, gate in enumerate(GATES)}
        for decision in placed(given).values():
            if decision.verdict in ("ok", "expired") or decision.failing is None:
                continue
            entries = [each for each in json.loads(decision.failing) if not each.get("later")]
            if decision.status in ("planned", "expired"):
                assert entries[0]["gate"] == decision.verdict
            assert [order[each["gate"]] for each in entries] == sorted(order[each["gate"]] for each in entries)
            assert all(each["until"] is None or each["until"] > NOW for each in entries)


def test_a_lower_newcomer_moves_nobody_who_stands_before_it() -> None:
    for seed in range(600):
        given, draw = world(seed), Random(seed)
        newcomer = candidate(draw, 99, given.placer.steps)._replace(thread=99)
        before, after = placed(given), placed(given, newcomer)
        assert {number: each for number, each in after.items() if number != 99} == before, f"seed {seed}"


def test_placing_again_later_moves_nothing_that_was_planned() -> None:
    """Nobody changes their mind: what was planned stays, whatever has expired or left in between."""
    for seed in range(600):
        given = world(seed)
        slots = {number: each.at for number, each in placed(given).items() if each.at is not None}
        later = min([NOW + 7 * HOUR, *slots.values()])
        if later < NOW:  # an overdue one may find its place taken meanwhile
            continue
        open_ = [each for each in given.candidates if each.id in slots]
        again = replace(given.placer, now=later)
        kept = [each._replace(touch_at=slots[each.id]) for each in open_]
        found = {each.candidate_id: each.at for each in again.place(kept, given.contacts)}
        assert found == slots, f"seed {seed}"


def test_what_was_sent_at_its_slot_leaves_the_others_where_they_are() -> None:
    for seed in range(1200):
        given = world(seed)
        # A step that took the seat of a later one leaves it to that one, and two zones do not agree about a day.
        if Walk(given).order() != given.candidates or len({each.zone for each in given.candidates}) > 1:
            continue
        first, *_ = sorted(placed(given).values(), key=lambda each: (each.at is None, each.at))
        if first.at is None or first.at < NOW:
            continue
        sent = next(each for each in given.candidates if each.id == first.candidate_id)
        step = given.placer.steps[sent.step_id]
        contacts = given.contacts
        if step.counts_to_cap:
            contacts = sorted([*contacts, Contact(first.at, step.channels[first.channel], step.campaign)])
        slots = {number: each.at for number, each in placed(given).items() if each.at is not None}
        rest = [
            each._replace(touch_at=slots[each.id]) for each in given.candidates if each.id in slots and each != sent
        ]
        again = replace(given.placer, now=first.at)
        found = {each.candidate_id: each.at for each in again.place(rest, contacts)}
        del slots[sent.id]
        assert found == slots, f"seed {seed}"


def test_a_step_never_stands_before_the_one_that_goes_ahead_of_it() -> None:
    for seed in range(600):
        given = world(seed)
        found = placed(given)
        for one, other in combinations(given.candidates, 2):
            slots = [found[each.id].at for each in sorted((one, other), key=lambda each: each.step_id)]
            if one.thread == other.thread and None not in slots:
                assert slots[0] <= slots[1], f"seed {seed}"  # type: ignore[operator]


# One case each, in words.

ALWAYS = {number: [(NOW - 90 * DAY, NOW + 90 * DAY)] for number in range(3)}
STEPS = [
    StepRule(name, name.split("/")[0], 0, 50, ("line", "email"), True, True, name == "offer/card")
    for name in ("thanks/letter", "review/letter", "offer/card")
]
WEEK = CapRule("1 per 7 days", 1, 7 * DAY, None, None)
ALICE = Candidate(1, 1, 1, 0, NOW, NOW + 30 * DAY, 0, 0, "UTC", "individual", None)
REVIEW, OFFER = ALICE._replace(id=2, thread=2, step_id=1), ALICE._replace(id=3, thread=3, step_id=2)


def only(placer: Placer, *candidates: Candidate, contacts: list[Contact] | None = None) -> Decision:
    """The decision about the last of the candidates."""
    return list(placer.place(list(candidates), contacts or []))[-1]


def test_the_loser_is_told_who_won_and_when_its_turn_comes() -> None:
    found = only(Placer(NOW, STEPS, [WEEK], openings(ALWAYS)), ALICE, REVIEW)
    assert (found.verdict, found.at) == ("outranked", NOW + 7 * DAY)
    assert json.loads(found.failing or "") == [
        {
            "gate": "outranked",
            "rule": "1 per 7 days",
            "observed": 1,
            "limit": 1,
            "until": NOW + 7 * DAY,
            "by": [{"at": NOW, "what": "thanks/letter"}],
        }
    ]


def test_an_offer_that_would_have_to_wait_is_dropped_and_one_that_is_not_due_yet_is_not() -> None:
    placer = Placer(NOW, STEPS, [WEEK], openings(ALWAYS))
    call = [Contact(NOW - DAY, "call", "call")]
    assert only(placer, OFFER, contacts=call)[1:4] == ("dropped", "capped", None)
    assert only(placer, ALICE, OFFER)[1:4] == ("dropped", "outranked", None)
    assert only(placer, OFFER._replace(due_at=NOW + HOUR), contacts=call)[1:4] == ("waiting", "capped", None)
    assert only(placer, OFFER._replace(due_at=NOW + 6 * DAY), contacts=call)[1:4] == ("planned", "ok", NOW + 6 * DAY)


def test_the_verdict_is_the_first_gate_in_their_order() -> None:
    closed_now = {number: [(NOW + HOUR, NOW + 90 * DAY)] for number in range(3)}
    pauses = [("all", Block(NOW - 1, NOW + HOUR, "paused", "all", 1, 0))]
    call = [Contact(NOW - 7 * DAY + HOUR, "call", "call")]
    full = {2: [Block(NOW - DAY, NOW + HOUR, "over_quota", "a day", 5, 5)]}
    hours, free = openings(closed_now), openings(ALWAYS)
    everything = Placer(NOW, STEPS, [WEEK], hours, pauses, full)
    winner = ALICE._replace(touch_at=NOW)
    assert only(everything, winner, REVIEW, contacts=call).verdict == "paused"
    assert only(replace(everything, pauses=()), winner, REVIEW, contacts=call).verdict == "outside_window"
    assert only(replace(everything, pauses=(), openings=free), REVIEW, contacts=call).verdict == "capped"
    assert only(replace(everything, pauses=(), openings=free), winner, REVIEW).verdict == "over_quota"
    assert only(replace(everything, pauses=(), openings=free, full={}), winner, REVIEW).verdict == "outranked"
    assert only(Placer(NOW, STEPS, [], free), REVIEW).verdict == "ok"


def test_where_lines_month_is_full_the_mail_goes_and_where_mail_is_not_allowed_the_card_waits() -> None:
    full = {1: [Block(NOW - DAY, NOW + 9 * DAY, "over_quota", "line per month", 200, 200, "line")]}
    placer = Placer(NOW, STEPS, [], openings(ALWAYS), (), full)
    assert only(placer, ALICE)[1:5] == ("planned", "ok", NOW, 1)
    assert only(placer, ALICE._replace(other_reach=3))[1:5] == ("planned", "over_quota", NOW + 9 * DAY, 0)


def test_a_touch_whose_time_has_come_keeps_it_while_the_moment_is_free() -> None:
    placer = Placer(NOW, STEPS, [], openings(ALWAYS))
    due = ALICE._replace(due_at=NOW - DAY, touch_at=NOW - 3 * HOUR)
    assert only(placer, due).at == NOW - 3 * HOUR
    assert only(placer, due._replace(touch_at=NOW + HOUR)).at == NOW
    at_night = {number: [(NOW + 8 * HOUR, NOW + 90 * DAY)] for number in range(3)}
    assert only(replace(placer, openings=openings(at_night)), due).at == NOW + 8 * HOUR


@pytest.mark.parametrize("late", [0, 1])
def test_at_the_end_of_its_worth_nothing_is_placed(late: int) -> None:
    placer = Placer(NOW, STEPS, [], openings(ALWAYS))
    assert only(placer, ALICE._replace(due_at=NOW - DAY, expires_at=NOW - late))[1:4] == ("expired", "expired", None)
    assert only(placer, ALICE._replace(due_at=NOW - DAY, expires_at=NOW + 1))[1:4] == ("planned", "ok", NOW)


def test_the_openings_of_these_worlds_are_sorted_and_apart() -> None:
    for seed in range(50):
        for each in world(seed).open_.values():
            ends = [end for _, end in each]
            assert ends == sorted(ends)
            assert all(bisect_right(ends, start) == number for number, (start, _) in enumerate(each))
