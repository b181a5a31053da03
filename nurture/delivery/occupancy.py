"""Occupancy of a limit that customers share: how much of it is used up, counted by one worker at a time."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, func, select, type_coerce

from nurture.gates.limit import CONSUMED, Limit
from nurture.rules.permission import CHANNELS
from nurture.store import insert_into
from nurture.store.tables import Throttle, Touch, table

THROTTLE, TOUCH = table(Throttle), table(Touch)


def used(connection: Connection, limit: Limit, instant: int) -> int:
    """How many messages have used up their place in the limit's period at `instant` (epoch seconds).

    On PostgreSQL whoever asks next waits for this transaction's end.
    """
    if connection.dialect.name == "postgresql":
        _take_turns(connection, f"limit:{limit.name}")
    start, end = limit.period(instant)
    about = TOUCH.c.campaign == limit.campaign if limit.campaign else TOUCH.c.channel == limit.channel
    at: ColumnElement[Any] = type_coerce(TOUCH.c.at, BigInteger)
    counted = select(func.count()).select_from(TOUCH)
    spent = counted.where(about, at >= start, at < end, TOUCH.c.status.in_(CONSUMED))
    # What is claimed leaves now, whatever its slot was: an overdue touch still bears that of an earlier period.
    overdue = counted.where(about, at < start, TOUCH.c.status == "claimed", TOUCH.c.channel.in_(CHANNELS))
    return (connection.scalar(spent) or 0) + (connection.scalar(overdue) or 0)


def _take_turns(connection: Connection, name: str) -> None:
    """Two workers that count at once would both find room for the last message."""
    new = insert_into(connection, THROTTLE).values(name=name, next_free=0.0, rate=0.0)
    connection.execute(new.on_conflict_do_nothing())
    connection.execute(select(THROTTLE.c.name).where(THROTTLE.c.name == name).with_for_update())
