"""Reaping: leases that ran out. What was not fenced goes back to planning; what was is `unknown` or sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    insert,
    literal,
    or_,
    select,
    text,
    update,
)

from nurture.rules.permission import sendable
from nurture.store import among
from nurture.store.tables import Attempt, Contact, Message, Touch, TouchLog, seconds, table

from .recording import RETRY_KEY_LIVES

ATTEMPT, CONTACT, MESSAGE = (table(each) for each in (Attempt, Contact, Message))
TOUCH, LOG = table(Touch), table(TouchLog)
LEASED = text("touch.status IN ('claimed', 'sending')")
"""In the words of the index over leases: SQLite takes a partial index for nothing else, and reads a million touches."""


@dataclass(frozen=True)
class Reaped:
    """What a reaping found."""

    released: int
    """Claims given back."""
    unknown: int
    """Tries whose outcome nobody can tell."""
    repeatable: tuple[int, ...]
    """Touches whose push may be repeated under its retry key: still wanted, still in its window."""


def reap(connection: Connection, now: datetime, *, everything: bool = False) -> Reaped:
    """Settles leases that ended before `now`, or all there are, in the caller's write transaction."""
    instant = int(now.timestamp())
    over = TOUCH.c.lease_until.is_not(None) if everything else seconds(TOUCH.c.lease_until) < instant
    held = connection.execute(select(TOUCH.c.id, TOUCH.c.status).where(LEASED, over)).all()
    claimed, sending = ([each.id for each in held if each.status == status] for status in ("claimed", "sending"))
    released = _release(connection, claimed, over, now)
    again = repeatable(connection, sending, instant)
    unknown = [each for each in sending if each not in set(again)]
    return Reaped(released, _unknown(connection, unknown, over, now), tuple(again))


def give_back_claims(connection: Connection, worker: str, now: datetime) -> int:
    """Gives back whatever a worker holds a claim on, in the caller's write transaction; says how many there were."""
    mine = TOUCH.c.worker == worker
    claimed = list(connection.scalars(select(TOUCH.c.id).where(LEASED, TOUCH.c.status == "claimed", mine)))
    return _release(connection, claimed, mine, now)


def extend_leases(connection: Connection, worker: str, until: int) -> None:
    """Renews whatever a worker has claimed, in the caller's write transaction. `until`: epoch seconds."""
    mine = update(TOUCH).where(LEASED, TOUCH.c.status == "claimed", TOUCH.c.worker == worker)
    connection.execute(mine.values(lease_until=literal(until, BigInteger)))


def _release(connection: Connection, ids: Sequence[int], over: ColumnElement[bool], now: datetime) -> int:
    if not ids:
        return 0
    values: dict[str, Any] = {"status": "planned", "worker": None, "lease_until": None, "sendable_until": None}
    return _log(connection, _update(connection, ids, "claimed", over, values), now, "planned", "lease_over")


def _unknown(connection: Connection, ids: Sequence[int], over: ColumnElement[bool], now: datetime) -> int:
    if not ids:
        return 0
    values = {"status": "unknown", "result": "unknown", "lease_until": None}
    lost = _update(connection, ids, "sending", over, values)
    open_ = and_(among(ATTEMPT.c.touch_id, lost), ATTEMPT.c.result == "open")
    connection.execute(update(ATTEMPT).where(open_).values(result="unknown", finished_at=now, code="", reply="lease"))
    return _log(connection, lost, now, "unknown", "lease_over")


def repeatable(connection: Connection, ids: Sequence[int], instant: int) -> list[int]:
    """Those whose push may go out again at `instant`: key alive, window open, still wanted, and no cap in the way."""
    if not ids:
        return []
    alive = (
        select(TOUCH.c.id)
        .join(MESSAGE, and_(MESSAGE.c.touch_id == TOUCH.c.id, MESSAGE.c.hop == TOUCH.c.hop))
        .where(
            among(TOUCH.c.id, ids),
            TOUCH.c.channel == "line",
            seconds(MESSAGE.c.first_attempt_at) + RETRY_KEY_LIVES > instant,
            seconds(TOUCH.c.sendable_until) > instant,
            _still_wanted(instant),
            or_(~TOUCH.c.obeys_cap, ~_met_since()),
        )
    )
    return list(connection.scalars(alive))


def _met_since() -> ColumnElement[bool]:
    """Whether somebody else was counted as approaching the owner since: the repeat would stand behind that in the caps.

    Without, it breaks none: no window that ends later holds more than the one that let the first try pass.
    """
    other = CONTACT.alias("other")
    own = select(CONTACT.c.at).where(CONTACT.c.touch_id == TOUCH.c.id).scalar_subquery()
    found = select(1).where(other.c.owner_id == TOUCH.c.owner_id, other.c.counts, other.c.direction == "out")
    return found.where(or_(other.c.touch_id.is_(None), other.c.touch_id != TOUCH.c.id), other.c.at >= own).exists()


def _still_wanted(instant: int) -> ColumnElement[bool]:
    """Who said no after the first try gets no second one, though the first may have arrived."""
    commercial = sendable(TOUCH.c.customer_id, "line", instant, "commercial")
    other = sendable(TOUCH.c.customer_id, "line", instant, "transactional")
    return or_(and_(TOUCH.c.obeys_cap, commercial), and_(~TOUCH.c.obeys_cap, other))


def _update(
    connection: Connection, ids: Sequence[int], status: str, over: ColumnElement[bool], values: dict[str, Any]
) -> list[int]:
    """Gives those that nobody else settled or claimed anew since they were read: every worker reaps."""
    # The token rises, so that a worker that comes back to life after its lease can write nothing any more.
    mine = and_(among(TOUCH.c.id, ids), TOUCH.c.status == status, over)
    ended = update(TOUCH).where(mine).values(token=TOUCH.c.token + literal(1), **values).returning(TOUCH.c.id)
    return sorted(connection.scalars(ended))


def _log(connection: Connection, ids: Sequence[int], now: datetime, status: str, verdict: str) -> int:
    found = select(TOUCH.c.id, literal(int(now.timestamp()), BigInteger), literal(status), literal(verdict))
    found = found.where(among(TOUCH.c.id, ids))
    if ids:
        connection.execute(insert(LOG).from_select(["touch_id", "logged_at", "status", "verdict"], found))
    return len(ids)
