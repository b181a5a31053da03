"""Parking: planned touches that a claim refuses end with their reason, or lose their slot until planning looks."""

from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, Connection, insert, literal, select, update

from nurture.gates.situation import Situation
from nurture.store import among
from nurture.store.tables import CustomerChange, Touch, TouchLog, table

CHANGE, TOUCH, LOG = table(CustomerChange), table(Touch), table(TouchLog)


def conclude(
    connection: Connection, situation: Situation, ids: Sequence[int], status: str, verdict: str, channel: str | None
) -> None:
    """Ends planned touches for good, with their reason."""
    for touch_id in ids:
        log_change(connection, situation, touch_id, status, verdict, None, channel)
    connection.execute(
        update(TOUCH)
        .where(among(TOUCH.c.id, ids), TOUCH.c.status == "planned")
        .values(status=status, verdict=verdict, at=None)
    )
    _tell_planning(connection, situation, ids)


def park(connection: Connection, situation: Situation, ids: Iterable[int], verdict: str) -> None:
    """Takes the slot away: planning looks at the customer at its next tick."""
    parked = sorted(ids)
    if not parked:
        return
    for touch_id in parked:
        log_change(connection, situation, touch_id, "planned", verdict, None, None)
    connection.execute(
        update(TOUCH).where(among(TOUCH.c.id, parked), TOUCH.c.status == "planned").values(at=None, verdict=verdict)
    )
    _tell_planning(connection, situation, parked)


def log_change(
    connection: Connection,
    situation: Situation,
    touch_id: int,
    status: str,
    verdict: str,
    at: int | None,
    channel: str | None,
) -> None:
    """One row of a touch's history."""
    values = {"touch_id": touch_id, "logged_at": situation.now, "status": status, "verdict": verdict}
    connection.execute(insert(LOG).values(**values, at=at, channel=channel))


def _tell_planning(connection: Connection, situation: Situation, ids: Sequence[int]) -> None:
    # A version that no plan can have seen: planning deletes what it saw, also when it commits after this.
    unseen = literal(-int(situation.now.timestamp() * 1_000_000), BigInteger)
    people = select(TOUCH.c.customer_id, unseen).where(among(TOUCH.c.id, ids)).distinct()
    known = select(1).where(CHANGE.c.customer_id == TOUCH.c.customer_id, CHANGE.c.version == unseen).exists()
    connection.execute(insert(CHANGE).from_select(["customer_id", "version"], people.where(~known)))
