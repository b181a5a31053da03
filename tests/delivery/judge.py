"""The judge of the state machine: plain SQL and the servers' own lists. It shares no code with the engine.

It replays the journal, which triggers wrote in the order of the commits, and asks of each passage of the fence whether
it was allowed by what was known just before it. Every pair of contacts is looked at.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.simulation.mailhost import Arrival

HOUR, DAY = 3600, 86_400
RULES: Sequence[Sequence[tuple[int, int | str]]] = (
    ((4, 7 * DAY), (1, "day"), (1, 20 * HOUR)),
    ((2, 3 * DAY), (1, 2 * HOUR)),
    ((1, "week"),),
)
"""For each version of the shop's caps: at most so many within so many seconds, or in a day or week of the calendar."""
OPENS, CLOSES, CLOSED_WEEKDAY = 8, 21, 2
NARROWER = {("thanks", "second"): (13, 17)}
COUNTING = ("open", "accepted", "unknown")
UNSENT = ("planned", "held_out", "dropped", "expired", "cancelled", "suppressed", "failed")
Rows = Callable[[str], list[dict[str, Any]]]


@dataclass
class Evidence:
    """What is known outside of the database."""

    arrivals: Sequence[Arrival]
    digests: Mapping[str, set[str]]
    """Key → digests of every body seen under it."""
    offences: Sequence[str]
    in_force: Set[int]
    """Versions of the caps under which whatever passed since the last look may have passed."""
    orders: Sequence[tuple[str, int]]
    """Keys and customers of orders that planning has had to see."""


@dataclass
class Judge:
    """One a world: it remembers what was in force when each passage was seen first."""

    rows: Rows
    allowed: dict[int, Set[int]] = field(default_factory=dict)
    """Number in the journal → versions of the caps."""
    judged: int = 0
    """Arrivals whose time was looked at."""
    seen: Counter[str] = field(default_factory=Counter)
    """What there was to judge, for those who doubt that there was anything."""

    def look(self, evidence: Evidence) -> list[str]:
        """Every broken promise, in a sentence each."""
        self.touches = {each["id"]: each for each in self.rows("SELECT * FROM touch")}
        self.journal = self.rows("SELECT * FROM sim_journal ORDER BY seq")
        self.attempts = self.rows("SELECT touch_id, token, result FROM attempt")
        zones = self.rows("SELECT id, zone FROM customer")
        self.zones = {each["id"]: ZoneInfo(each["zone"]) for each in zones}
        for each in self.journal:
            if each["kind"] == "fence":
                self.allowed.setdefault(each["seq"], frozenset(evidence.in_force))
        found = [*self._arrivals(evidence), *self._times(evidence), *self._replayed(), *self._ledger()]
        found += [*self._rows_of(evidence.orders), *self._hanging()]
        found += [f"offence: {each}" for each in evidence.offences]
        found += [f"bytes changed under {key}" for key, seen in evidence.digests.items() if len(seen) > 1]
        alarms = self.rows("SELECT subject FROM alarm WHERE kind = 'backstop'")
        return found + [f"backstop: {each['subject']}" for each in alarms]

    # What arrived

    def _arrivals(self, evidence: Evidence) -> Iterator[str]:
        owners = {each["key"]: each["touch_id"] for each in self.rows("SELECT key, touch_id FROM message")}
        counts: Counter[int] = Counter()
        for each in evidence.arrivals:
            if each.key in owners:
                counts[owners[each.key]] += 1
            else:
                yield f"stray: {each.key} arrived and no message is known under it"
        for touch in self.touches.values():
            count, status = counts[touch["id"]], touch["status"]
            if count > 1:
                yield f"twice: {name(touch)} arrived {count} times"
            if status == "sent" and count != 1:
                yield f"lost: {name(touch)} is sent and arrived {count} times"
            if status in UNSENT and count:
                yield f"lied: {name(touch)} is {status} and arrived"
        self.seen["arrivals"] = len(evidence.arrivals)

    def _times(self, evidence: Evidence) -> Iterator[str]:
        """The hours of whoever it was for when it passed the fence, once for each arrival."""
        whose = {each["touch"]: each["customer"] for each in self.journal if each["kind"] == "sending"}
        owners = {each["key"]: each["touch_id"] for each in self.rows("SELECT key, touch_id FROM message")}
        for each in evidence.arrivals[self.judged :]:
            touch = self.touches[owners[each.key]]
            local = datetime.fromtimestamp(each.written_wall, self.zones[whose[touch["id"]]])
            first, last = NARROWER.get((touch["campaign"], touch["step"]), (OPENS, CLOSES))
            if not first <= local.hour < last or local.weekday() == CLOSED_WEEKDAY:
                yield f"window: {name(touch)} was handed over at {local:%a %H:%M:%S}"
            if each.written_wall >= touch["expires_at"]:
                yield f"late: {name(touch)} was handed over {each.written_wall - touch['expires_at']:.0f} s late"
        self.judged = len(evidence.arrivals)

    # What passed the fence

    def _replayed(self) -> Iterator[str]:
        results = {(each["touch_id"], each["token"]): each["result"] for each in self.attempts}
        known: dict[int, dict[int, int]] = defaultdict(dict)
        """Person → touch (a call: its number, negative) → instant that counts."""
        refused: dict[int, set[str]] = defaultdict(set)
        whose: dict[int, int] = {}
        tokens: dict[int, int] = {}
        for each in self.journal:
            kind, person = each["kind"], each["customer"]
            if kind == "call":
                known[person][-each["seq"]] = each["at"]
            elif kind == "refusal":
                refused[person].add(each["word"])
            elif kind == "merge":
                known[each["touch"]].update(known.pop(person, {}))
                refused[each["touch"]] |= refused.pop(person, set())
            elif kind == "sending":
                whose[each["touch"]] = person
                yield from self._refused(each, refused[person])
            elif kind == "fence":
                yield from self._risen(each, tokens)
                if results.get((each["touch"], each["token"])) in COUNTING:
                    # A contact is written in the transaction that lets it pass, before the touch changes again.
                    yield from self._capped(each, known, whose)
        self.seen["fences"] = len(tokens)

    def _refused(self, passage: Mapping[str, Any], words: Set[str]) -> Iterator[str]:
        touch = self.touches[passage["touch"]]
        if "all" in words or (words and touch["obeys_cap"]):
            yield f"refused: {name(touch)} passed the fence after an opt-out"

    def _risen(self, passage: Mapping[str, Any], tokens: dict[int, int]) -> Iterator[str]:
        if passage["token"] <= tokens.get(passage["touch"], 0):
            yield f"token: touch {passage['touch']} passed the fence twice under {passage['token']}"
        tokens[passage["touch"]] = passage["token"]

    def _capped(
        self, passage: Mapping[str, Any], known: dict[int, dict[int, int]], whose: Mapping[int, int]
    ) -> Iterator[str]:
        touch = self.touches[passage["touch"]]
        if not touch["obeys_cap"]:
            return
        # Whom it is for now: merged since, the others' contacts were carried over just the same.
        person = next((who for who, mine in known.items() if touch["id"] in mine), whose[touch["id"]])
        others = [at for of, at in known[person].items() if of != touch["id"]]
        versions = self.allowed[passage["seq"]]
        broken = [list(self._over(version, others, passage["at"], self.zones[person])) for version in versions]
        if broken and all(broken):
            yield f"cap: {name(touch)} {broken[0][0]}"
        known[person][touch["id"]] = passage["at"]
        self.seen["capped passages"] += 1

    def _over(self, version: int, others: Sequence[int], at: int, zone: ZoneInfo) -> Iterator[str]:
        for count, per in RULES[version]:
            if isinstance(per, str):
                period = _period(at, per, zone)
                if sum(1 for each in others if _period(each, per, zone) == period) >= count:
                    yield f"is one more than {count} in the {per} of {period}"
            elif any(_within(first, others, at, per) > count for first in (*others, at)):
                yield f"is one more than {count} within {per} s"

    # What the database says of itself

    def _ledger(self) -> Iterator[str]:
        contacts = Counter(each["touch_id"] for each in self.rows("SELECT touch_id FROM contact"))
        for touch in self.touches.values():
            expected = 1 if touch["status"] in ("sending", "sent", "unknown") else 0
            if contacts[touch["id"]] != expected:
                yield f"contact: {name(touch)} is {touch['status']} and counts {contacts[touch['id']]} times"
        for each in self.attempts:
            if each["result"] == "open" and self.touches[each["touch_id"]]["status"] != "sending":
                yield f"attempt: one of {name(self.touches[each['touch_id']])} is open for ever"
        fences = sum(1 for each in self.journal if each["kind"] == "fence")
        if len(self.attempts) != fences:
            yield f"ledger: {fences} passages and {len(self.attempts)} attempts"

    def _rows_of(self, orders: Sequence[tuple[str, int]]) -> Iterator[str]:
        receipts = {each["occurrence"] for each in self.touches.values() if each["campaign"] == "receipt"}
        for key, who in orders:
            if f"order:{key}" not in receipts:
                yield f"lost: order {key} of {who} has no receipt"

    def _hanging(self) -> Iterator[str]:
        """What is open has a future: a lease, a slot, or somebody who will look again."""
        looks = self.rows("SELECT campaign, occurrence FROM enrollment WHERE next_at IS NOT NULL")
        next_ = {(each["campaign"], each["occurrence"]) for each in looks}
        told = {each["customer_id"] for each in self.rows("SELECT customer_id FROM customer_change")}
        for touch in self.touches.values():
            if touch["status"] in ("claimed", "sending") and touch["lease_until"] is None:
                yield f"hanging: {name(touch)} is {touch['status']} without a lease"
            waits = touch["status"] == "planned" and touch["at"] is None
            if waits and (touch["campaign"], touch["occurrence"]) not in next_ and touch["customer_id"] not in told:
                yield f"hanging: {name(touch)} is planned, has no slot, and nobody will look at it"

    def at_rest(self, now: float, before: float) -> list[str]:
        """After days of calm everything that opened before `before` has its end."""
        touches = self.rows("SELECT * FROM touch")
        held = [each for each in touches if each["status"] in ("claimed", "sending")]
        late = [
            each for each in touches if each["status"] == "planned" and each["expires_at"] < min(now - HOUR, before)
        ]
        return [f"stuck: {name(each)} is {each['status']}" for each in (*held, *late)]


def _within(first: int, others: Sequence[int], at: int, seconds: int) -> int:
    """How many lie in the window that begins at `first`, where the new one is among them."""
    if not first <= at < first + seconds:
        return 0
    return 1 + sum(1 for each in others if first <= each < first + seconds)


def _period(at: int, unit: str, zone: ZoneInfo) -> date:
    day = datetime.fromtimestamp(at, zone).date()
    return day if unit == "day" else day - timedelta(days=day.weekday())


def name(touch: Mapping[str, Any]) -> str:
    """A touch for people."""
    what = f"{touch['campaign']}/{touch['step']} {touch['occurrence']} of {touch['customer_id']}"
    return f"{what} (touch {touch['id']}, {touch['channel']})"
