"""Parking: planned touches that a claim refuses end with their reason, or lose their slot until planning looks."""

from collections.abc import Iterable, Sequence

from sqlalchemy import BigInteger, Connection, and_, exists, insert, literal, select, update

from nurture.gates.situation import Situation
from nurture.store import among
from nurture.store.tables import CustomerChange, Enrollment, Touch, TouchLog, table

CHANGE, ENROLLMENT = table(CustomerChange), table(Enrollment)
TOUCH, LOG = table(Touch), table(TouchLog)
LEFT_AUDIENCE = "left_audience"


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
    """Takes the slot away: planning looks at the customer at its next tick, and at touches of open enrollments only.

    A touch that was in a worker's hands when its enrollment ended or was merged away is therefore cancelled.
    """
    asked = sorted(ids)
    parked = _open(connection, asked) if asked else []
    if left := sorted(set(asked) - set(parked)):
        conclude(connection, situation, left, "cancelled", LEFT_AUDIENCE, None)
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


def _open(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Those whose enrollment has not ended."""
    same = and_(
        ENROLLMENT.c.customer_id == TOUCH.c.customer_id,
        ENROLLMENT.c.campaign == TOUCH.c.campaign,
        ENROLLMENT.c.occurrence == TOUCH.c.occurrence,
    )
    lasting = exists().where(same, ENROLLMENT.c.ended_at.is_(None))
    return list(connection.scalars(select(TOUCH.c.id).where(among(TOUCH.c.id, ids), lasting).order_by(TOUCH.c.id)))


def _tell_planning(connection: Connection, situation: Situation, ids: Sequence[int]) -> None:
    # A version that no plan can have seen: planning deletes what it saw, also when it commits after this.
    unseen = literal(-int(situation.now.timestamp() * 1_000_000), BigInteger)
    people = select(TOUCH.c.customer_id, unseen).where(among(TOUCH.c.id, ids)).distinct()
    known = select(1).where(CHANGE.c.customer_id == TOUCH.c.customer_id, CHANGE.c.version == unseen).exists()
    connection.execute(insert(CHANGE).from_select(["customer_id", "version"], people.where(~known)))
