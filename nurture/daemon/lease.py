"""A role that only one process may have: the planner's, as a row with a holder and an end."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, or_, select, update

from nurture.store import insert_into
from nurture.store.tables import Lease, table

LEASE = table(Lease)
PLANNER = "planner"


class LeaseLost(Exception):
    """Somebody else took the role while its holder slept; nothing of the transaction was written."""


def take(connection: Connection, name: str, holder: str, now: datetime, seconds: int) -> int | None:
    """Takes or renews the role for `holder`, in the caller's write transaction; gives its token.

    None while somebody else has it. The token is another with each taking.
    """
    until = now + timedelta(seconds=seconds)
    new = insert_into(connection, LEASE).values(name=name, holder=holder, token=1, until_at=until)
    if connection.execute(new.on_conflict_do_nothing()).rowcount == 1:
        return 1
    free = or_(LEASE.c.holder == holder, LEASE.c.until_at < now)
    values = {"holder": holder, "until_at": until, "token": LEASE.c.token + 1}
    taken = update(LEASE).where(LEASE.c.name == name, free).values(**values).returning(LEASE.c.token)
    token: int | None = connection.scalar(taken)
    return token


def hold(connection: Connection, name: str, token: int) -> None:
    """Keeps the role until the caller's write transaction ends. Raises LeaseLost where the token is no longer in force.

    The end of the lease is not asked for: while nobody else has taken the role, its holder writes beside nobody.
    """
    found = select(LEASE.c.token).where(LEASE.c.name == name)
    if connection.dialect.name == "postgresql":
        found = found.with_for_update(read=True)
    if connection.scalar(found) != token:
        raise LeaseLost(name)


def give_up(connection: Connection, name: str, holder: str, now: datetime) -> None:
    """Ends the role, so that another process need not wait for it."""
    mine = (LEASE.c.name == name) & (LEASE.c.holder == holder)
    connection.execute(update(LEASE).where(mine).values(until_at=now - timedelta(seconds=1)))
