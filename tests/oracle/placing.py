"""Where a step finds its place: the first instant that nothing closes (docs/planning.md, section 6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from nurture.config import Cap, Settings

from .ledger import Candidate
from .state import Contact, Pause, State
from .time import changes_of_offset, day_start, days_between, instant_of, midnight, period_of
from .windows import is_open

RULES = ("paused", "outside_window", "capped", "over_quota", "outranked")


@dataclass(frozen=True)
class Approach:
    """A counted contact: one of the ledger, or a slot given at this tick to a better candidate."""

    at: int
    channel: str
    is_slot: bool


@dataclass
class Placing:
    """One owner's candidates being placed one after another."""

    state: State
    settings: Settings
    now: int
    owner_id: int
    approaches: list[Approach] = field(default_factory=list)
    seats: dict[int, int] = field(default_factory=dict)
    """Enrollment (by identity) → the latest slot given to one of its steps."""

    def __post_init__(self) -> None:
        for each in self.state.all(Contact):
            if each.owner_id == self.owner_id and each.direction == "out" and each.counts:
                self.approaches.append(Approach(each.at, each.channel, is_slot=False))

    def place(self, candidates: list[Candidate]) -> None:
        for each in in_order(candidates):
            self._place_one(each)

    def _place_one(self, candidate: Candidate) -> None:
        candidate.status, candidate.at = None, None
        start = max(candidate.due, self.now, self.seats.get(id(candidate.enrollment), 0))
        if start >= candidate.expires:
            self._conclude(candidate, "expired", "expired")
            return
        slot = self._first(candidate, start, RULES)
        dropped = self._dropped(candidate, start)
        if dropped:
            self._conclude(candidate, "dropped", dropped)
        elif slot is None and any(each.until_at is None and each.ended_at is None for each in self._pauses(candidate)):
            candidate.verdict = self._closing(candidate, start)
        elif slot is None:
            self._conclude(candidate, "expired", self._closing(candidate, start))
        else:
            self._give(candidate, start, slot)

    def _conclude(self, candidate: Candidate, status: str, verdict: str) -> None:
        candidate.verdict = verdict
        if candidate.due <= self.now:
            candidate.status = status

    def _give(self, candidate: Candidate, start: int, slot: int) -> None:
        candidate.status, candidate.at = "planned", slot
        candidate.verdict = "ok" if slot == start else self._closing(candidate, start)
        touch, earlier = candidate.touch, self.seats.get(id(candidate.enrollment), 0)
        if slot == self.now and touch and touch.at is not None and touch.at < self.now:
            slot = candidate.at = max(touch.at, candidate.due, earlier)
        self.seats[id(candidate.enrollment)] = max(slot, earlier)
        if candidate.commercial:
            assert candidate.channel
            self.approaches.append(Approach(slot, candidate.channel, is_slot=True))

    def _closing(self, candidate: Candidate, instant: int) -> str:
        return next(rule for rule in RULES if rule in self._closed_by(candidate, instant))

    def _dropped(self, candidate: Candidate, start: int) -> str | None:
        if candidate.step.when_capped != "drop":
            return None
        first = self._first(candidate, start, ("paused", "outside_window", "over_quota"))
        found = self._closed_by(candidate, first) if first is not None else set()
        return next((rule for rule in ("capped", "outranked") if rule in found), None)

    def _first(self, candidate: Candidate, start: int, rules: tuple[str, ...]) -> int | None:
        """The first instant from start on, before the expiry, that none of the rules closes."""
        for instant in sorted({start, *self._turns(candidate, start)}):
            if start <= instant < candidate.expires and not self._closed_by(candidate, instant) & set(rules):
                return instant
        return None

    def _turns(self, candidate: Candidate, start: int) -> Iterator[int]:
        """Every instant at which something that was closed may open."""
        yield from (end for _, _, end in candidate.shut)
        for pause in self._pauses(candidate):
            yield from (end for end in (pause.until_at, pause.ended_at) if end is not None)
        yield from self._turns_of_caps(candidate, start)
        windows = [self.settings.hours.company, self.settings.hours.individual, candidate.step.window]
        for day in days_between(start, candidate.expires, candidate.zone):
            yield day_start(day, candidate.zone)
            yield from changes_of_offset(day, candidate.zone)
            for window in windows:
                if window:
                    yield instant_of(midnight(day) + timedelta(seconds=window.start), candidate.zone)

    def _turns_of_caps(self, candidate: Candidate, start: int) -> Iterator[int]:
        for cap in self._caps(candidate):
            if cap.calendar:
                day = start
                while day < candidate.expires:
                    day = period_of(day, cap.calendar, candidate.zone)[1]
                    yield day
            else:
                assert cap.seconds
                yield from (each.at + cap.seconds for each in self.approaches)

    def _closed_by(self, candidate: Candidate, instant: int) -> set[str]:
        found = set()
        if any(_holds(each, instant) for each in self._pauses(candidate)):
            found.add("paused")
        if not is_open(instant, candidate.person, candidate.zone, candidate.step.window, self.settings):
            found.add("outside_window")
        if any(
            start <= instant < end and channel in (None, candidate.channel) for channel, start, end in candidate.shut
        ):
            found.add("over_quota")
        for cap in self._caps(candidate):
            found |= self._closed_by_cap(cap, candidate, instant)
        return found

    def _pauses(self, candidate: Candidate) -> list[Pause]:
        scopes = ("all", f"channel:{candidate.channel}", f"campaign:{candidate.campaign.campaign}")
        return [each for each in self.state.all(Pause) if each.scope in scopes]

    def _caps(self, candidate: Candidate) -> list[Cap]:
        assert candidate.channel
        return rules_of(self.settings, candidate.channel) if candidate.commercial else []

    def _closed_by_cap(self, cap: Cap, candidate: Candidate, instant: int) -> set[str]:
        """`capped` where the ledger alone closes the instant, `outranked` where it takes the slots of this tick."""
        mine = [each for each in self.approaches if cap.channel in (None, each.channel)]
        if is_full(cap, [each.at for each in mine if not each.is_slot], instant, candidate.zone):
            return {"capped"}
        return {"outranked"} if is_full(cap, [each.at for each in mine], instant, candidate.zone) else set()


def rules_of(settings: Settings, channel: str) -> list[Cap]:
    """The caps that a message on a channel must keep, the minimum gap among them."""
    gap = settings.min_gap.days * 86_400 + settings.min_gap.seconds
    caps = [each for each in settings.caps if each.channel in (None, channel) and each.at_most != "unlimited"]
    return [*caps, Cap(at_most=1, per=f"{gap} seconds")] if gap else caps


def is_full(cap: Cap, instants: list[int], instant: int, zone: str) -> bool:
    """Whether a cap has no room at an instant for one more contact beside those at `instants`."""
    limit = int(cap.at_most)
    if cap.calendar:
        start, end = period_of(instant, cap.calendar, zone)
        return sum(start <= each < end for each in instants) >= limit
    length, ordered = cap.seconds or 0, sorted(instants)
    runs = [ordered[first : first + limit] for first in range(len(ordered) - limit + 1)]
    return any(each[-1] - each[0] < length and each[-1] - length < instant < each[0] + length for each in runs)


def in_order(candidates: list[Candidate]) -> list[Candidate]:
    """The order in which an owner's candidates are placed: the best first, steps of a thread in their order."""
    ranked = sorted(candidates, key=_rank)
    seats: dict[int, list[int]] = {}
    for seat, each in enumerate(ranked):
        seats.setdefault(id(each.enrollment), []).append(seat)
    placed: list[Candidate] = list(ranked)
    for taken in seats.values():
        for seat, each in zip(
            taken, sorted((ranked[seat] for seat in taken), key=lambda each: each.index), strict=True
        ):
            placed[seat] = each
    return placed


def _rank(each: Candidate) -> tuple[int, int, bytes, bytes, bytes, int]:
    texts = (each.campaign.campaign, each.step.step, each.enrollment.occurrence)
    return (-each.campaign.priority, each.expires, *(text.encode() for text in texts), each.person.id)  # type: ignore[return-value]


def _holds(pause: Pause, instant: int) -> bool:
    ends = [each for each in (pause.until_at, pause.ended_at) if each is not None]
    return pause.began_at <= instant and all(instant < each for each in ends)
