"""Two books side by side: what the planner left in the database, and what the oracle remembers."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, select, type_coerce

from nurture.store.tables import Enrollment, Membership, Touch, table

from .ledger import Memory

Key = tuple[Any, ...]
"""Kind of row, customer, and what else names it."""
Book = Mapping[Key, tuple[Any, ...]]
TOUCH, ENROLLMENT, MEMBERSHIP = table(Touch), table(Enrollment), table(Membership)
NAMES = {
    "touch": ("status", "at", "channel", "verdict", "due", "expires", "counts", "obeys", "owner"),
    "enrollment": ("occurred", "opened", "held_out", "ended", "reason", "next"),
    "member": ("since",),
}
"""What is compared of each kind of row."""


def _plain(rows: Any, *names: str) -> list[Any]:
    """Columns, instants as seconds: a thousand datetimes at each tick cost more than the tick."""
    instants = ("at", "due_at", "expires_at", "occurred_at", "opened_at", "ended_at", "next_at", "since")
    return [type_coerce(rows.c[each], BigInteger) if each in instants else rows.c[each] for each in names]


TOUCHES = select(
    *_plain(TOUCH, "id", "customer_id", "campaign", "occurrence", "step", "status", "at", "channel", "verdict"),
    *_plain(TOUCH, "due_at", "expires_at", "counts_to_cap", "obeys_cap", "owner_id"),
)
ENROLLMENTS = select(
    *_plain(ENROLLMENT, "customer_id", "campaign", "occurrence", "occurred_at", "opened_at", "held_out"),
    *_plain(ENROLLMENT, "ended_at", "exit_reason", "next_at"),
)
MEMBERS = select(*_plain(MEMBERSHIP, "customer_id", "segment", "since"))


def differences(connection: Connection, memory: Memory) -> dict[Key, str]:
    """What differs, by its key, for a reader. The oracle's touches learn their numbers on the way."""
    found, expected = dict(_found(connection, memory)), dict(_expected(memory))
    if found == expected:
        return {}
    keys = sorted(found.keys() | expected.keys(), key=str)
    return {each: _shown(each, found.get(each), expected.get(each)) for each in keys if _differ(each, found, expected)}


def _differ(key: Key, found: Book, expected: Book) -> bool:
    return found.get(key) != expected.get(key)


def _found(connection: Connection, memory: Memory) -> Iterator[tuple[Key, tuple[Any, ...]]]:
    for number, customer, campaign, occurrence, step, *values in connection.execute(TOUCHES):
        if touch := memory.touches.get(((customer, campaign, occurrence), step)):
            touch.id = number
        yield ("touch", customer, campaign, occurrence, step), tuple(values)
    for customer, campaign, occurrence, *values, next_at in connection.execute(ENROLLMENTS):
        ended_at = values[3]
        yield ("enrollment", customer, campaign, occurrence), (*values, next_at if ended_at is None else None)
    for customer, segment, since in connection.execute(MEMBERS):
        yield ("member", customer, segment), (since,)


def _expected(memory: Memory) -> Iterator[tuple[Key, tuple[Any, ...]]]:
    for (key, step), each in memory.touches.items():
        times = (each.due, each.expires, each.counts, each.obeys, each.owner_id)
        yield ("touch", *key, step), (each.status, each.at, each.channel, each.verdict, *times)
    for key, one in memory.enrollments.items():
        ended = (one.ended_at, one.exit_reason, one.next_at if one.ended_at is None else None)
        yield ("enrollment", *key), (one.occurred_at, one.opened_at, one.held_out, *ended)
    for segment, people in memory.members.items():
        for customer_id, since in people.items():
            yield ("member", customer_id, segment), (since,)


def _shown(key: Key, found: tuple[Any, ...] | None, expected: tuple[Any, ...] | None) -> str:
    names = NAMES[key[0]]
    lines = [f"{key}"]
    if found is None or expected is None:
        for name, values in (("planner", found), ("oracle", expected)):
            lines.append(f"  {name}: {readable(dict(zip(names, values or (), strict=False)) or None)}")
        return "\n".join(lines)
    for name, left, right in zip(names, found, expected, strict=True):
        same = left == right
        lines.append(f"{'   ' if same else '  !'} {name}: {readable(left)}")
        lines[-1] += "" if same else f" | oracle {readable(right)}"
    return "\n".join(lines)


def readable(value: Any) -> str:
    """An instant as a date and time UTC, anything else as it is."""
    if isinstance(value, dict):
        return ", ".join(f"{name}={readable(each)}" for name, each in value.items())
    if isinstance(value, int) and not isinstance(value, bool) and value > 10**8:
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M:%S}Z"
    return str(value)
