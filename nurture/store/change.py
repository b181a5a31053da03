"""A change of a customer: the one gate that every write goes through which a rule or a sending gate can read.

It locks the customers, raises their versions and leaves word for planning; it does not know what was changed. Without
it a write stays unseen: planning keeps a decision as long as the customer's version is the one it was made under.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, Select, func, insert, select, update

from nurture.store.among import among
from nurture.store.tables import Customer, CustomerChange, table

CHUNK = 10_000
"""Customers in one statement."""

_customer = table(Customer).c
_change = table(CustomerChange)
_SHARES = _customer.cap_owner_id.is_not(None)


def change(connection: Connection, customer_ids: Iterable[int], now: datetime) -> None:
    """Marks customers as changed, with all who share an inbox with one of them, since their caps are common.

    Call it inside the write transaction (`writing`) of the change itself and before the change, so that on PostgreSQL
    the locks are taken in ascending order of id and two changes can't block each other. When `cap_owner_id` itself is
    changed, call it before and after. Unknown ids are passed over. `now`: aware UTC; a naive one raises ValueError.
    """
    if now.tzinfo is None:
        raise ValueError(f"naive datetime {now!r}: an instant needs its zone")
    for ids in _chunks(_with_sharers(connection, customer_ids)):
        if connection.dialect.name == "postgresql":
            _raise_locked(connection, ids)
        else:
            _raise(connection, ids)


def change_selected(connection: Connection, selected: Select[tuple[int]], now: datetime) -> None:
    """As `change`, for the customers whose ids a query gives."""
    change(connection, connection.scalars(selected), now)


def _with_sharers(connection: Connection, customer_ids: Iterable[int]) -> list[int]:
    """The ids in ascending order, each with its cap owner and everybody else of that owner.

    Somebody may join an inbox between this reading and the locks: whoever lets them join marks the inbox as well.
    """
    found = set(customer_ids)
    for ids in _chunks(sorted(found)):
        found.update(connection.scalars(select(_customer.cap_owner_id).where(among(_customer.id, ids), _SHARES)))
    for ids in _chunks(sorted(found)):
        found.update(connection.scalars(select(_customer.id).where(among(_customer.cap_owner_id, ids))))
    return sorted(found)


def _raise(connection: Connection, ids: list[int]) -> None:
    """On SQLite, where the transaction holds the only write lock."""
    mine = among(_customer.id, ids)
    connection.execute(update(table(Customer)).where(mine).values(version=_customer.version + 1))
    raised = select(_customer.id, _customer.version).where(mine)
    connection.execute(insert(_change).from_select(["customer_id", "version"], raised))


def _raise_locked(connection: Connection, ids: list[int]) -> None:
    """On PostgreSQL: an UPDATE alone would lock in whatever order it finds the rows."""
    mine = among(_customer.id, ids)
    locked = select(_customer.id).where(mine).order_by(_customer.id).with_for_update().subquery()
    connection.execute(select(func.count()).select_from(locked))
    raised = (
        update(table(Customer))
        # Joined to `locked` in one statement, PostgreSQL reads the whole table for each chunk.
        .where(mine)
        .values(version=_customer.version + 1)
        .returning(_customer.id, _customer.version)
        .cte("raised")
    )
    connection.execute(insert(_change).from_select(["customer_id", "version"], select(raised.c.id, raised.c.version)))


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
