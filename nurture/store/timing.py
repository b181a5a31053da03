"""What the database knows of the time: its server's clock, and the latest instant that any process wrote down.

A clock that lies far behind that mark has stepped back; on SQLite it is the only witness there is.
"""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, func, select

from nurture.store.setting import put_setting, setting
from nurture.store.tables import Cadence, table

MARK = "clock_mark"
CADENCE = table(Cadence)
_SERVER_TIME = select(func.clock_timestamp())


def database_time(connection: Connection) -> datetime | None:
    """The database server's own clock at this moment, not at the transaction's begin; None on SQLite."""
    if connection.dialect.name != "postgresql":
        return None
    found: datetime = connection.execute(_SERVER_TIME).scalar_one()
    return found.astimezone(UTC)


def clock_mark(connection: Connection) -> datetime | None:
    """The latest instant written down by a process that trusted its clock; None before the first."""
    found = setting(connection, MARK)
    return None if found is None else datetime.fromtimestamp(int(found), UTC)


def put_clock_mark(connection: Connection, now: datetime) -> None:
    """Writes an instant down over the one before: by who trusts the clock, or by a person who says that it is right."""
    put_setting(connection, MARK, str(int(now.timestamp())))


def look_all_the_way_back(connection: Connection) -> None:
    """The next tick asks for everything that could still open, not only for what came in since the last: under a wrong
    clock, that may have been written down with any instant."""
    connection.execute(delete(CADENCE).where(CADENCE.c.name == "full"))
