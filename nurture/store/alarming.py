"""Alarms: what a person must know stands in the database until it is over, so that `status` can show it.

Raised and cleared by the processes that notice; the log tells the same at the moment it happens.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, insert, select, update

from nurture.store.tables import Alarm, table

ALARM = table(Alarm)


def raise_alarm(connection: Connection, kind: str, subject: str, about: Mapping[str, Any], now: datetime) -> bool:
    """Has an alarm stand; False when it stood already, which is noted. `about`: values for its sentence."""
    seen = update(ALARM).where(_standing(kind, subject)).values(seen_at=now, about=dict(about))
    if connection.execute(seen).rowcount:
        return False
    values = {"kind": kind, "subject": subject, "about": dict(about), "raised_at": now, "seen_at": now}
    connection.execute(insert(ALARM).values(**values))
    return True


def clear_alarm(connection: Connection, kind: str, subject: str | None, now: datetime) -> bool:
    """Ends an alarm, or with `subject` None all of its kind; False when none stood."""
    return connection.execute(update(ALARM).where(_standing(kind, subject)).values(cleared_at=now)).rowcount > 0


def standing_alarms(connection: Connection) -> list[Row[Any]]:
    """Kind, subject, values and times of every alarm that stands, oldest first."""
    found = select(ALARM).where(ALARM.c.cleared_at.is_(None)).order_by(ALARM.c.raised_at, ALARM.c.id)
    return list(connection.execute(found))


def _standing(kind: str, subject: str | None) -> ColumnElement[bool]:
    parts = [ALARM.c.kind == kind, ALARM.c.cleared_at.is_(None)]
    return and_(*parts, *([] if subject is None else [ALARM.c.subject == subject]))
