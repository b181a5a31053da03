"""The judge of a world: it reads what the servers took and what the database holds, and shares no code with the engine.

Times are the shop's wall clock, as nobody can keep a promise by another one. A hand-over may follow its fence by up to
30 seconds, the guard band, so that much is allowed where arrivals are compared with each other.
"""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from .mailhost import Arrival

GUARD = 30
CAPS = ((4, 7 * 86_400), (1, 20 * 3600))
"""At most so many within so many seconds; the second is the minimum gap."""
OPENS, CLOSES, CLOSED_WEEKDAY = 8, 21, 2
NARROWER = {("thanks", "second"): (13, 17)}
COUNTING = ("open", "accepted", "unknown")
Rows = Callable[[str], list[dict[str, Any]]]
"""A query's rows."""
UNSENT = ("planned", "held_out", "dropped", "expired", "cancelled", "suppressed", "failed")


@dataclass(frozen=True)
class Found:
    """What the world outside of the database knows."""

    arrivals: Sequence[Arrival]
    digests: Mapping[str, set[str]]
    """Key → digests of every body that was seen under it."""
    offences: Sequence[str]
    orders: Sequence[tuple[int, str]]
    """Customer and key of every order that is older than a day."""
    now: float
    alarms: Sequence[str] = ()
    """What the database itself had to refuse."""


@dataclass
class Verdict:
    """What the judge says."""

    violations: list[str]
    fences: int
    fences_by_day: Counter[int]
    statuses: Counter[str]
    trace: str


@dataclass
class _Ledger:
    """The database as plain values."""

    touches: dict[int, dict[str, Any]]
    messages: list[dict[str, Any]]
    attempts: list[dict[str, Any]]
    contacts: list[dict[str, Any]]
    journal: list[dict[str, Any]]
    zones: dict[int, ZoneInfo] = field(default_factory=dict)


def look(database: Path, found: Found) -> Verdict:
    """Every broken promise, in a sentence each."""
    ledger = _read(database)
    by_touch, violations = _assign(ledger, found)
    for check in (_twice_and_lost, _in_time, _caps_of_arrivals):
        violations += check(ledger, by_touch)
    for rule in (_caps_of_fences, _refusals, _tokens, _contacts_are_right):
        violations += rule(ledger)
    violations += [f"offence: {each}" for each in found.offences]
    violations += [f"bytes changed under {key}" for key, seen in found.digests.items() if len(seen) > 1]
    violations += _rows_for_orders(ledger, found)
    violations += _at_rest(ledger, found.now)
    violations += [f"backstop: {each}" for each in found.alarms]
    fences = [each for each in ledger.journal if each["kind"] == "fence"]
    by_day = Counter(int(each["moment"] // 86_400) for each in fences)
    statuses = Counter(each["status"] for each in ledger.touches.values())
    return Verdict(violations, len(fences), by_day, statuses, _trace(ledger, found))


def settled(rows: Rows, found: Found) -> list[str]:
    """What can be said of any database of the engine, without the journal: nothing lost, twice, wrong or hanging."""
    ledger = _ledger(rows, journal=False)
    by_touch, violations = _assign(ledger, found)
    violations += [*_twice_and_lost(ledger, by_touch), *_in_time(ledger, by_touch), *_contacts_are_right(ledger)]
    violations += [f"offence: {each}" for each in found.offences]
    violations += [f"bytes changed under {key}" for key, seen in found.digests.items() if len(seen) > 1]
    return [*violations, *_rows_for_orders(ledger, found), *_at_rest(ledger, found.now)]


def _read(database: Path) -> _Ledger:
    connection = sqlite3.connect(database)
    connection.row_factory = sqlite3.Row
    ledger = _ledger(lambda query: [dict(row) for row in connection.execute(query)], journal=True)
    connection.close()
    return ledger


def _ledger(rows: Rows, *, journal: bool) -> _Ledger:
    return _Ledger(
        {each["id"]: each for each in rows("SELECT * FROM touch")},
        rows("SELECT touch_id, hop, channel, recipient, key FROM message"),
        rows("SELECT * FROM attempt ORDER BY id"),
        rows("SELECT * FROM contact ORDER BY id"),
        rows("SELECT * FROM sim_journal ORDER BY seq") if journal else [],
        {each["id"]: ZoneInfo(each["zone"]) for each in rows("SELECT id, zone FROM customer")},
    )


def _assign(ledger: _Ledger, found: Found) -> tuple[dict[int, list[Arrival]], list[str]]:
    """Arrivals by touch, and those that belong to none."""
    owners = {each["key"]: each["touch_id"] for each in ledger.messages}
    by_touch: dict[int, list[Arrival]] = defaultdict(list)
    strays = []
    for each in found.arrivals:
        if each.key in owners:
            by_touch[owners[each.key]].append(each)
        else:
            strays.append(f"stray: {each.channel} {each.key} arrived and no message is known under it")
    return by_touch, strays


def _twice_and_lost(ledger: _Ledger, by_touch: Mapping[int, Sequence[Arrival]]) -> Iterator[str]:
    for touch_id, touch in ledger.touches.items():
        count = len(by_touch.get(touch_id, ()))
        if count > 1:
            yield f"twice: {_name(touch)} arrived {count} times"
        if touch["status"] == "sent" and count == 0:
            yield f"lost: {_name(touch)} is sent and never arrived"
        if touch["status"] in UNSENT and count:
            yield f"lied: {_name(touch)} is {touch['status']} and arrived"


def _in_time(ledger: _Ledger, by_touch: Mapping[int, Sequence[Arrival]]) -> Iterator[str]:
    for touch_id, arrivals in by_touch.items():
        touch = ledger.touches[touch_id]
        for each in arrivals:
            local = datetime.fromtimestamp(each.written_wall, ledger.zones[touch["customer_id"]])
            first, last = NARROWER.get((touch["campaign"], touch["step"]), (OPENS, CLOSES))
            if not first <= local.hour < last or local.weekday() == CLOSED_WEEKDAY:
                yield f"window: {_name(touch)} was handed over at {local:%a %H:%M:%S}"
            if each.written_wall >= touch["expires_at"]:
                yield f"late: {_name(touch)} was handed over {each.written_wall - touch['expires_at']:.0f} s late"


def _caps_of_arrivals(ledger: _Ledger, by_touch: Mapping[int, Sequence[Arrival]]) -> Iterator[str]:
    by_person: dict[int, list[float]] = defaultdict(list)
    for touch_id, arrivals in by_touch.items():
        if ledger.touches[touch_id]["obeys_cap"]:
            by_person[ledger.touches[touch_id]["customer_id"]] += [each.written_wall for each in arrivals]
    for person, instants in by_person.items():
        instants.sort()
        for number, seconds in CAPS:
            for first, last in zip(instants, instants[number:], strict=False):
                if last - first < seconds - GUARD:
                    yield f"cap: {person} got {number + 1} within {last - first:.0f} s, by arrival"


def _caps_of_fences(ledger: _Ledger) -> Iterator[str]:
    """At each fence, whatever counted and was known by then leaves room for it."""
    results = {(each["touch_id"], each["token"]): each["result"] for each in ledger.attempts}
    known: dict[int, dict[int, int]] = defaultdict(dict)
    """Customer → touch (a call: its number in the journal, negative) → instant that counts, a repeat's if any."""
    for each in ledger.journal:
        if each["kind"] == "call":
            known[each["customer"]][-each["seq"]] = each["at"]
        if each["kind"] != "fence" or results[each["touch"], each["token"]] not in COUNTING:
            continue
        touch = ledger.touches[each["touch"]]
        person, at = touch["customer_id"], each["at"]
        if touch["obeys_cap"]:
            others = [instant for of, instant in known[person].items() if of != touch["id"]]
            yield from _over(others, at, ledger.zones[person], _name(touch))
            known[person][touch["id"]] = at


def _over(known: Sequence[int], at: int, zone: ZoneInfo, name: str) -> Iterator[str]:
    instants = sorted([*known, at])
    for number, seconds in CAPS:
        for first, last in zip(instants, instants[number:], strict=False):
            if first <= at <= last and last - first < seconds:
                earlier = sum(1 for each in known if first <= each <= last)
                if earlier == number:
                    yield f"cap: {name} is one of {number + 1} within {last - first} s, by fence"
    day = datetime.fromtimestamp(at, zone).date()
    if any(datetime.fromtimestamp(each, zone).date() == day for each in known):
        yield f"cap: {name} is the second of {day}, by fence"


def _refusals(ledger: _Ledger) -> Iterator[str]:
    """Nothing passes the fence behind a refusal that was committed before it."""
    refused: dict[int, set[str]] = defaultdict(set)
    for each in ledger.journal:
        if each["kind"] == "refusal":
            refused[each["customer"]].add(each["word"])
        if each["kind"] == "sending":
            touch = ledger.touches[each["touch"]]
            words = refused[each["customer"]]
            if "all" in words or (words and touch["obeys_cap"]):
                yield f"refused: {_name(touch)} passed the fence after an opt-out"


def _tokens(ledger: _Ledger) -> Iterator[str]:
    """Tokens only rise, and every passage of the fence left its attempt."""
    last: dict[int, int] = {}
    for each in ledger.journal:
        if each["kind"] == "fence":
            if each["token"] <= last.get(each["touch"], 0):
                yield f"token: touch {each['touch']} passed the fence twice under {each['token']}"
            last[each["touch"]] = each["token"]
    kinds = Counter(each["kind"] for each in ledger.journal)
    # A push that is repeated under its key has an attempt more, and stays `sending`.
    if kinds["fence"] < kinds["sending"] or len(ledger.attempts) != kinds["fence"]:
        yield f"ledger: {kinds['sending']} passages, {kinds['fence']} attempts written, {len(ledger.attempts)} left"


def _contacts_are_right(ledger: _Ledger) -> Iterator[str]:
    """What may have arrived counts, once; what surely didn't counts no more."""
    counts = Counter(each["touch_id"] for each in ledger.contacts if each["touch_id"] is not None)
    for touch_id, touch in ledger.touches.items():
        expected = 1 if touch["status"] in ("sending", "sent", "unknown") else 0
        if counts[touch_id] != expected:
            yield f"contact: {_name(touch)} is {touch['status']} and counts {counts[touch_id]} times"
    for each in ledger.attempts:
        if each["result"] == "open" and ledger.touches[each["touch_id"]]["status"] != "sending":
            yield f"attempt: one of {_name(ledger.touches[each['touch_id']])} is open for ever"


def _rows_for_orders(ledger: _Ledger, found: Found) -> Iterator[str]:
    """Every order has its receipt, and none of them just ran out."""
    receipts = {
        (each["customer_id"], each["occurrence"]): each
        for each in ledger.touches.values()
        if each["campaign"] == "receipt"
    }
    for who, key in found.orders:
        touch = receipts.get((who, f"order:{key}"))
        if touch is None:
            yield f"lost: order {key} of {who} has no receipt"
        elif touch["status"] == "expired" and touch["verdict"] not in ("no_address", "suppressed"):
            yield f"lost: {_name(touch)} ran out: {touch['verdict']} {touch['result']}"


def _at_rest(ledger: _Ledger, now: float) -> Iterator[str]:
    """After a day without faults nothing hangs."""
    for touch in ledger.touches.values():
        if touch["status"] in ("claimed", "sending"):
            yield f"stuck: {_name(touch)} is {touch['status']} since {now - (touch['at'] or 0):.0f} s"
        if touch["status"] == "planned" and touch["expires_at"] < now - 12 * 3600:
            yield f"stuck: {_name(touch)} is planned and long past its validity"
        if touch["status"] == "planned" and touch["at"] is not None and touch["at"] < now - 12 * 3600:
            yield f"stuck: {_name(touch)} is planned and overdue by {now - touch['at']:.0f} s"


def _name(touch: Mapping[str, Any]) -> str:
    what = f"{touch['campaign']}/{touch['step']} {touch['occurrence']} of {touch['customer_id']}"
    return f"{what} (touch {touch['id']}, {touch['channel']})"


def _trace(ledger: _Ledger, found: Found) -> str:
    parts = [repr(sorted(each.items())) for each in ledger.journal]
    parts += [repr(each) for each in found.arrivals]
    parts += [repr((each["id"], each["status"], each["at"])) for each in ledger.touches.values()]
    return sha256("\n".join(parts).encode()).hexdigest()[:16]


def shown(instant: float) -> str:
    """Wall seconds for people."""
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M:%S}"
