"""A change of a customer: the one gate that every write goes through which a rule or a sending gate can read.

It locks the customers, raises their versions and leaves word for planning; it does not know what was changed. Without
it a write stays unseen: planning keeps a decision as long as the customer's version is the one it was made under.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from sqlalchemy import Connection, Select

from nurture.store.prepared import Prepared

CHUNK = 10_000
"""Customers in one statement."""

# CROSS JOIN tells SQLite the order: where nearly nobody shares an inbox, it would read all customers instead.
_SHARING = Prepared(
    """
    WITH named(id) AS (SELECT id FROM {rows}),
    owned(id) AS (
        SELECT id FROM named UNION
        SELECT customer.cap_owner_id FROM named CROSS JOIN customer
        WHERE customer.id = named.id AND customer.cap_owner_id IS NOT NULL
    )
    SELECT id FROM owned UNION
    SELECT customer.id FROM owned CROSS JOIN customer WHERE customer.cap_owner_id = owned.id
    """,
    id="BIGINT",
)
_LOCK = Prepared(
    "SELECT id FROM customer WHERE id IN (SELECT batch.id FROM {rows}) ORDER BY id FOR UPDATE",
    id="BIGINT",
)
# On SQLite the transaction holds the only write lock; an UPDATE takes no locks in an order.
_RAISE = Prepared(
    "UPDATE customer SET version = version + 1 WHERE id IN (SELECT batch.id FROM {rows})",
    id="BIGINT",
)
_LEAVE_WORD = Prepared(
    """
    INSERT INTO customer_change (customer_id, version)
    SELECT id, version FROM customer WHERE id IN (SELECT batch.id FROM {rows})
    """,
    id="BIGINT",
)


def change(connection: Connection, customer_ids: Iterable[int], now: datetime) -> None:
    """Marks customers as changed, with all who share an inbox with one of them, since their caps are common.

    Call it inside the write transaction (`writing`) of the change itself and before the change, so that on PostgreSQL
    the locks are taken in ascending order of id and two changes can't block each other. When `cap_owner_id` itself is
    changed, call it before and after. Unknown ids are passed over. `now`: aware UTC; a naive one raises ValueError.
    """
    if now.tzinfo is None:
        raise ValueError(f"naive datetime {now!r}: an instant needs its zone")
    for ids in _chunks(sharing(connection, customer_ids)):
        rows = [(each,) for each in ids]
        _lock(connection, rows)
        _RAISE.run(connection, rows)
        _LEAVE_WORD.run(connection, rows)


def change_selected(connection: Connection, selected: Select[tuple[int]], now: datetime) -> None:
    """As `change`, for the customers whose ids a query gives."""
    change(connection, connection.scalars(selected), now)


def sharing(connection: Connection, customer_ids: Iterable[int]) -> list[int]:
    """The ids in ascending order, each with its cap owner and everybody else of that owner.

    Somebody may join an inbox between this reading and the locks: whoever lets them join marks the inbox as well.
    """
    found = set(customer_ids)
    for ids in _chunks(sorted(found)):
        found.update(each for (each,) in _SHARING.run(connection, [(each,) for each in ids]))
    return sorted(found)


def lock_sharing(connection: Connection, customer_ids: Iterable[int]) -> None:
    """Locks customers and all who share an inbox with one of them, in ascending order of id, so that a `change` of them
    in the same transaction waits for nobody. On SQLite the write transaction is the lock."""
    if connection.dialect.name == "postgresql":
        for ids in _chunks(sharing(connection, customer_ids)):
            _lock(connection, [(each,) for each in ids])


def _lock(connection: Connection, rows: list[tuple[int]]) -> None:
    if connection.dialect.name == "postgresql":
        _LOCK.run(connection, rows)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
