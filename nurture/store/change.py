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
    ),
    everybody(id) AS (
        SELECT id FROM owned UNION
        SELECT customer.id FROM owned CROSS JOIN customer WHERE customer.cap_owner_id = owned.id
    )
    SELECT customer.id, customer.cap_owner_id FROM everybody CROSS JOIN customer WHERE customer.id = everybody.id
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


def change(
    connection: Connection, customer_ids: Iterable[int], now: datetime, *, among_locked: Iterable[int] | None = None
) -> None:
    """Marks customers as changed, with all who share an inbox with one of them, since their caps are common.

    Call it inside the write transaction (`writing`) of the change itself and before the change, so that on PostgreSQL
    the locks are taken in ascending order of id and two changes can't block each other. When `cap_owner_id` itself is
    changed, call it before and after. Unknown ids are passed over. `now`: aware UTC; a naive one raises ValueError.
    `among_locked`: what `lock_sharing` gave in this transaction, where these customers were locked by it.
    """
    if now.tzinfo is None:
        raise ValueError(f"naive datetime {now!r}: an instant needs its zone")
    named = sorted(set(customer_ids))
    if among_locked is not None and not set(named) & set(among_locked):
        _raise(connection, named)
        return
    for ids in _chunks(list(_sharing(connection, named))):
        if among_locked is None:
            _lock(connection, ids)
        _raise(connection, ids)


def change_selected(connection: Connection, selected: Select[tuple[int]], now: datetime) -> None:
    """As `change`, for the customers whose ids a query gives."""
    change(connection, connection.scalars(selected), now)


def _sharing(connection: Connection, customer_ids: Iterable[int]) -> dict[int, int | None]:
    """The customers in ascending order of id, each with its cap owner and everybody else of that owner; to each the
    owner, None where that is nobody else.

    Somebody may join an inbox between this reading and the locks: whoever lets them join marks the inbox as well.
    """
    found: dict[int, int | None] = {}
    for ids in _chunks(sorted(set(customer_ids))):
        found.update(_SHARING.run(connection, [(each,) for each in ids]))
    return dict(sorted(found.items()))


def lock_sharing(connection: Connection, customer_ids: Iterable[int], alone: Iterable[int] = ()) -> set[int]:
    """Locks customers and all who share an inbox with one of them, in ascending order of id, so that a `change` of them
    in the same transaction waits for nobody. Gives those of them who share an inbox.

    `alone`: customers who shared one with nobody at a version that the caller compares; they are locked too, but not
    asked. On SQLite the write transaction is the lock.
    """
    owners = _sharing(connection, customer_ids)
    for ids in _chunks(sorted({*owners, *alone})):
        _lock(connection, ids)
    shared = {customer: owner for customer, owner in owners.items() if owner is not None}
    return shared.keys() | set(shared.values())


def _lock(connection: Connection, ids: list[int]) -> None:
    if connection.dialect.name == "postgresql":
        _LOCK.run(connection, [(each,) for each in ids])


def _raise(connection: Connection, ids: list[int]) -> None:
    rows = [(each,) for each in ids]
    _RAISE.run(connection, rows)
    _LEAVE_WORD.run(connection, rows)


def _chunks(ids: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
