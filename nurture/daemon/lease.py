"""A role that only one process may have: the planner's, as a row with a holder and an end."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, update
from sqlalchemy.dialects import postgresql, sqlite

from nurture.store.tables import Lease, table

LEASE = table(Lease)
PLANNER = "planner"


def take(connection: Connection, name: str, holder: str, now: datetime, seconds: int) -> bool:
    """Takes or renews the role for `holder`, in the caller's write transaction; False while somebody else has it."""
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    until = now + timedelta(seconds=seconds)
    new = dialect.insert(LEASE).values(name=name, holder=holder, token=1, until_at=until)
    if connection.execute(new.on_conflict_do_nothing()).rowcount == 1:
        return True
    free = or_(LEASE.c.holder == holder, LEASE.c.until_at < now)
    values = {"holder": holder, "until_at": until, "token": LEASE.c.token + 1}
    return connection.execute(update(LEASE).where(LEASE.c.name == name, free).values(**values)).rowcount == 1


def give_up(connection: Connection, name: str, holder: str, now: datetime) -> None:
    """Ends the role, so that another process need not wait for it."""
    mine = (LEASE.c.name == name) & (LEASE.c.holder == holder)
    connection.execute(update(LEASE).where(mine).values(until_at=now - timedelta(seconds=1)))
