"""What came in and waits to be acted on: kept in one commit before LINE is answered, taken out in order of time."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, delete, exists, func, select, type_coerce, update

from nurture.store import insert_into
from nurture.store.tables import Inbound, table

from .arrival import Arrival

INBOUND = table(Inbound)
TRIES = 3
"""An event on which acting fails so often is left for a person to look at."""


def keep(connection: Connection, arrivals: Iterable[Arrival], now: datetime) -> int:
    """Stores events in the caller's write transaction; gives how many were new.

    An `unsend` empties what it takes back at once, and whatever comes of it later: LINE asks for both.
    """
    return sum(_keep(connection, each, now) for each in arrivals)


def next_open(connection: Connection) -> tuple[int, Arrival] | None:
    """The oldest event still to do, with its row's id, locked for the caller's write transaction."""
    found = (
        select(INBOUND)
        .where(INBOUND.c.done_at.is_(None), INBOUND.c.tries < TRIES)
        .order_by(INBOUND.c.occurred_ms, INBOUND.c.id)
        .limit(1)
    )
    if connection.dialect.name == "postgresql":
        found = found.with_for_update(skip_locked=True)
    row = connection.execute(found).one_or_none()
    if row is None:
        return None
    return row.id, Arrival(row.key, row.kind, row.person, row.subject, row.occurred_ms, row.body)


def settle(connection: Connection, row_id: int, result: str, customer_id: int | None, now: datetime) -> None:
    """Notes what became of an event."""
    values: dict[str, Any] = {"done_at": now, "result": result[:80], "customer_id": customer_id}
    connection.execute(update(INBOUND).where(INBOUND.c.id == row_id).values(**values))


def note_failure(connection: Connection, row_id: int, problem: str) -> None:
    """Counts a try that ended in a bug; the event stays open until `TRIES`."""
    counted = {"tries": INBOUND.c.tries + 1, "result": f"bug: {problem}"[:80]}
    connection.execute(update(INBOUND).where(INBOUND.c.id == row_id, INBOUND.c.done_at.is_(None)).values(**counted))


def superseded(connection: Connection, arrival: Arrival, kinds: tuple[str, ...]) -> bool:
    """Whether a newer event of one of the kinds came from the same person before this one was acted on."""
    newer = exists().where(
        INBOUND.c.person == arrival.person, INBOUND.c.kind.in_(kinds), INBOUND.c.occurred_ms > arrival.occurred_ms
    )
    return bool(connection.scalar(select(newer)))


def count(connection: Connection, person: str, result: str, since_ms: int) -> int:
    """How many events of the person had the result since then."""
    mine = and_(INBOUND.c.person == person, INBOUND.c.occurred_ms > since_ms, INBOUND.c.result == result)
    return connection.scalar(select(func.count()).select_from(INBOUND).where(mine)) or 0


def waiting(connection: Connection) -> int:
    """How many events are still to do, those given up included."""
    return connection.scalar(select(func.count()).select_from(INBOUND).where(INBOUND.c.done_at.is_(None))) or 0


def forget(connection: Connection, before: datetime) -> int:
    """Removes what was done and came before the instant: raw messages are kept no longer than they are of use."""
    old = and_(INBOUND.c.done_at.is_not(None), type_coerce(INBOUND.c.received_at, BigInteger) < int(before.timestamp()))
    return connection.execute(delete(INBOUND).where(old)).rowcount


def _keep(connection: Connection, arrival: Arrival, now: datetime) -> int:
    values = {
        "key": arrival.key,
        "kind": arrival.kind,
        "person": arrival.person,
        "subject": arrival.subject,
        "occurred_ms": arrival.occurred_ms,
        "received_at": now,
        "body": "" if _taken_back(connection, arrival) else arrival.body,
        "tries": 0,
        "result": "",
    }
    inserting = insert_into(connection, INBOUND).values(**values).on_conflict_do_nothing()
    new = connection.execute(inserting).rowcount
    if arrival.kind == "unsend" and arrival.subject:
        taken = and_(INBOUND.c.subject == arrival.subject, INBOUND.c.kind != "unsend")
        connection.execute(update(INBOUND).where(taken).values(body=""))
    return new


def _taken_back(connection: Connection, arrival: Arrival) -> bool:
    if arrival.kind == "unsend" or arrival.subject is None:
        return False
    unsent = exists().where(INBOUND.c.subject == arrival.subject, INBOUND.c.kind == "unsend")
    return bool(connection.scalar(select(unsent)))
