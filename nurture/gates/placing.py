"""Placing: one pure function says when. Each owner's candidates, best first, get the first instant that nothing closes.

A gate that time can open is a set of blocks `[start, end)`. The slot is the first instant from the due time on that is
free of blocks; a slot given to a better candidate counts as a contact for the next, so that being capped and being
outranked are one mechanism and differ only in who caused the block. Instants are epoch seconds.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from pydantic_core import to_json

from nurture.gates.cap import CapBlock, CapRule, blocking
from nurture.zone import zone_table

FAR = 1 << 60


class Candidate(NamedTuple):
    """A step that passes every fixed gate."""

    id: int
    owner_id: int
    thread: int
    step_id: int
    due_at: int
    expires_at: int
    channel: int
    """Position of the chosen channel in the step's list."""
    other_reach: int | None
    """Gate of the step's other channel; 0 = it could be used instead."""
    zone: str
    kind: str
    touch_at: int | None
    """The slot it holds already."""


class Contact(NamedTuple):
    """A counted approach to the owner."""

    at: int
    channel: str
    label: str
    """What explains it: `call`, or the campaign it came from."""


class Block(NamedTuple):
    """A closed stretch that is not a cap: a pause, a full quota."""

    start: int
    end: int
    gate: str
    rule: str
    observed: int
    limit: int
    channel: str | None = None
    """Closed for this channel only."""


class Decision(NamedTuple):
    """The answer for one candidate."""

    candidate_id: int
    status: str
    """planned | expired | dropped | waiting."""
    verdict: str
    """`ok`, or the first timed gate that closed the instant wished for."""
    at: int | None
    channel: int
    failing: str | None
    """JSON list of every gate that closed it: gate, rule, observed, limit, until, by."""


@dataclass(frozen=True)
class StepRule:
    """What placing must know of a step."""

    name: str
    """`campaign/step`."""
    campaign: str
    position: int
    priority: int
    channels: tuple[str, ...]
    obeys_cap: bool
    counts_to_cap: bool
    drop_when_capped: bool


Closure = Block | tuple[CapRule, CapBlock] | None
"""What closes an instant: a pause or a full limit, a cap, or (None) the hours."""
Way = list[tuple[int, list[tuple[int, Closure]]]]
"""Instants that are closed, one after the other, each with what closes it and until when."""
TIMED_ORDER = {"paused": 0, "outside_window": 1, "capped": 2, "over_quota": 3, "outranked": 4}

Openings = Callable[[int, str, str], tuple[Sequence[int], Sequence[int]]]
"""(step id, zone, kind) → starts and ends of the times that the shop's and the step's hours leave open."""


@dataclass(frozen=True)
class Placer:
    """Everything that placing depends on but the customer."""

    now: int
    steps: Sequence[StepRule]
    caps: Sequence[CapRule]
    openings: Openings
    pauses: Sequence[tuple[str, Block]] = ()
    """(scope, block): `all`, `channel:<name>` or `campaign:<name>`."""
    full: Mapping[int, list[Block]] = field(default_factory=dict)
    """Candidate id → limits shared by customers that had no room left for it."""

    @cached_property
    def caps_on(self) -> Mapping[str, tuple[CapRule, ...]]:
        """Channel → the caps that a contact on it obeys."""
        channels = {channel for step in self.steps for channel in step.channels}
        return {name: tuple(each for each in self.caps if each.channel in (None, name)) for name in channels}

    def place(self, candidates: list[Candidate], contacts: Sequence[Contact]) -> Iterator[Decision]:
        """Decisions for one owner; `candidates` best first, `contacts` the counted ones in ascending order."""
        book = _Book(contacts)
        slots: dict[int, int] = {}
        for candidate in _in_step_order(candidates, self.steps) if len(candidates) > 1 else candidates:
            decision = self._decide(candidate, book, slots.get(candidate.thread, 0))
            if decision.at is not None:
                step = self.steps[candidate.step_id]
                slots[candidate.thread] = max(decision.at, slots.get(candidate.thread, 0))
                if step.counts_to_cap:
                    book.add(Contact(decision.at, step.channels[decision.channel], step.name))
            yield decision

    def _decide(self, candidate: Candidate, book: "_Book", not_before: int) -> Decision:
        if candidate.id in self.full:
            candidate = self._on_other_channel(candidate)
        start = max(candidate.due_at, self.now, not_before)
        if start >= candidate.expires_at:
            status = self._at_due(candidate, "expired")
            return Decision(candidate.id, status, "expired", None, candidate.channel, None)
        attempt = _Attempt(self, candidate, book)
        slot, way = attempt.walk(start, with_caps=True)
        failing = attempt.failing(way) if way else []
        text = to_json(failing).decode() if failing else None
        verdict = str(failing[0]["gate"]) if failing else "ok"
        if why := attempt.dropped(start):
            return Decision(candidate.id, self._at_due(candidate, "dropped"), why, None, candidate.channel, text)
        if slot is None:
            status = "waiting" if attempt.may_resume else self._at_due(candidate, "expired")
            return Decision(candidate.id, status, verdict, None, candidate.channel, text)
        if slot == self.now and candidate.touch_at is not None and candidate.touch_at <= self.now:
            slot = max(candidate.touch_at, candidate.due_at, not_before)  # an overdue touch keeps its slot
        return Decision(candidate.id, "planned", verdict, slot, candidate.channel, text)

    def _at_due(self, candidate: Candidate, conclusion: str) -> str:
        """Before a step is due, what keeps it back may still go away: nothing is concluded yet."""
        return conclusion if candidate.due_at <= self.now else "waiting"

    def _on_other_channel(self, candidate: Candidate) -> Candidate:
        """An exhausted quota alone makes a candidate try its other channel."""
        channel = self.steps[candidate.step_id].channels[candidate.channel]
        quota_full = any(block.channel == channel for block in self.full[candidate.id])
        if quota_full and candidate.other_reach == 0 and candidate.channel == 0:
            return candidate._replace(channel=1)
        return candidate


class _Book:
    """The owner's counted contacts, kept in order while slots are added."""

    def __init__(self, known: Sequence[Contact]) -> None:
        self.known = known
        """Those of the ledger, without the slots given at this tick."""
        self.contacts = list(known)
        self.instants = [contact.at for contact in known]

    def add(self, contact: Contact) -> None:
        place = bisect_right(self.contacts, contact)
        self.contacts.insert(place, contact)
        self.instants.insert(place, contact.at)

    def on(self, channel: str | None) -> tuple[list[int], list[Contact]]:
        if channel is None:
            return self.instants, self.contacts
        mine = [each for each in self.contacts if each.channel == channel]
        return [each.at for each in mine], mine

    def known_on(self, channel: str | None) -> Sequence[Contact]:
        return self.known if channel is None else [each for each in self.known if each.channel == channel]


class _Attempt:
    """One candidate against everything that may close an instant."""

    def __init__(self, placer: Placer, candidate: Candidate, book: _Book) -> None:
        self.candidate, self.book, self.placer = candidate, book, placer
        self.step = placer.steps[candidate.step_id]
        self.channel = self.step.channels[candidate.channel]
        self.starts, self.ends = placer.openings(candidate.step_id, candidate.zone, candidate.kind)
        self.caps: Sequence[CapRule] = ()
        if self.step.obeys_cap and book.instants:
            self.caps = placer.caps_on[self.channel]
            self.zone = zone_table(candidate.zone)
        self.blocks = self._blocks() if placer.pauses or placer.full else ()

    def _blocks(self) -> list[Block]:
        scopes = ("all", f"channel:{self.channel}", f"campaign:{self.step.campaign}")
        found = [block for scope, block in self.placer.pauses if scope in scopes]
        full = self.placer.full.get(self.candidate.id)
        if full:
            found += [each for each in full if each.channel in (None, self.channel)]
        return found

    @property
    def may_resume(self) -> bool:
        """A pause without an end may end any time: until expiry it concludes nothing."""
        return any(block.gate == "paused" and block.end >= FAR for block in self.blocks)

    def walk(self, instant: int, *, with_caps: bool) -> tuple[int | None, Way]:
        """The first instant from `instant` on that nothing closes, None if validity ends before; and the way there."""
        way: Way = []
        while instant < self.candidate.expires_at:
            closures = self._closures(instant, with_caps=with_caps)
            if not closures:
                return instant, way
            way.append((instant, closures))
            instant = max([end for end, _ in closures])
        return None, way

    def _closures(self, instant: int, *, with_caps: bool) -> list[tuple[int, Closure]]:
        """What closes an instant, each with its own end, in the gates' order."""
        found: list[tuple[int, Closure]] = []
        if (opening := self._open_from(instant)) != instant:
            found.append((opening, None))
        for block in self.blocks:
            if block.start <= instant < block.end:
                found.append((block.end, block))
        if with_caps and self.caps:
            found += [(block.end, (rule, block)) for rule, block in self._capping(instant)]
        return found

    def _open_from(self, instant: int) -> int:
        index = bisect_right(self.ends, instant)
        if index == len(self.ends):
            return FAR
        return max(instant, self.starts[index])

    def _capping(self, instant: int) -> list[tuple[CapRule, CapBlock]]:
        """The caps that close an instant, each with its block."""
        found = []
        for rule in self.caps:
            instants = self.book.instants if rule.channel is None else self.book.on(rule.channel)[0]
            if len(instants) >= rule.limit and (block := blocking(rule, instants, instant, self.zone)):
                found.append((rule, block))
        return found

    def failing(self, way: Way) -> list[dict[str, object]]:
        """Every gate that closes the start of the way, in the gates' order, with the instant that it alone would open.

        After them, marked `later`, those that first close the way from there to the slot: they explain the slot.
        """
        found = self._met(*way[0])
        seen = {(each["gate"], each["rule"]) for each in found}
        for instant, closures in way[1:]:
            for entry in self._met(instant, closures):
                if (entry["gate"], entry["rule"]) not in seen:
                    seen.add((entry["gate"], entry["rule"]))
                    found.append({**entry, "later": True})
        return found

    def _met(self, instant: int, closures: list[tuple[int, Closure]]) -> list[dict[str, object]]:
        entries = [self._entry(closure, end, instant) for end, closure in closures]
        if len(entries) > 1:
            entries.sort(key=_turn)
        return entries

    def _entry(self, closure: "Closure", end: int, instant: int) -> dict[str, object]:
        if closure is None:
            return _entry("outside_window", "", None, None, end if end < FAR else None)
        if isinstance(closure, Block):
            until = self._after(closure, instant)
            return _entry(closure.gate, closure.rule, closure.observed, closure.limit, until)
        return self._cap_entry(*closure, instant)

    def _after(self, block: Block, start: int) -> int | None:
        instant = block.end
        while following := [
            each for each in self.blocks if each.gate == block.gate and each.start <= instant < each.end
        ]:
            instant = max(each.end for each in following)
        return instant if instant < FAR else None

    def _cap_entry(self, rule: CapRule, block: CapBlock, start: int) -> dict[str, object]:
        instants, contacts = self.book.on(rule.channel)
        causes = [contacts[place] for place in block.causes]
        known, gate = self.book.known_on(rule.channel), "capped"
        if len(known) < len(contacts):
            # Where the ledger alone closes the instant, no candidate is to blame.
            alone = blocking(rule, [each.at for each in known], start, self.zone)
            gate = "capped" if alone else "outranked"
            causes = [known[place] for place in alone.causes] if alone else causes
        until = block.end
        while following := blocking(rule, instants, until, self.zone):
            until = following.end
        by = [{"at": each.at, "what": each.label} for each in causes]
        return {**_entry(gate, rule.name, len(causes), rule.limit, until), "by": by}

    def dropped(self, start: int) -> str:
        """`capped` or `outranked` where that closes the instant that everything else leaves open, and the step does
        not wait for it; else empty."""
        wished = self.walk(start, with_caps=False)[0] if self.step.drop_when_capped else None
        if wished is None:
            return ""
        capped = [self._cap_entry(rule, block, wished) for rule, block in self._capping(wished)]
        return min((str(each["gate"]) for each in capped), default="")


def _turn(entry: Mapping[str, object]) -> int:
    return TIMED_ORDER[str(entry["gate"])]


def _entry(gate: str, rule: str, observed: int | None, limit: int | None, until: int | None) -> dict[str, object]:
    return {"gate": gate, "rule": rule, "observed": observed, "limit": limit, "until": until}


def _in_step_order(candidates: list[Candidate], steps: Sequence[StepRule]) -> list[Candidate]:
    """The same order, but no step of a thread stands before an earlier one: it can't be placed before it either."""
    if len({each.thread for each in candidates}) == len(candidates):
        return candidates
    seats: dict[int, list[int]] = {}
    for seat, each in enumerate(candidates):
        seats.setdefault(each.thread, []).append(seat)
    ordered = list(candidates)
    for taken in seats.values():
        by_position = sorted((candidates[seat] for seat in taken), key=lambda each: steps[each.step_id].position)
        for seat, each in zip(taken, by_position, strict=True):
            ordered[seat] = each
    return ordered
