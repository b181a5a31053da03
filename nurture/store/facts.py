"""Table customer_fact: what does not decay with time, kept in the transaction that changes its sources.

Counts in a window are not kept here; they are taken from the orders and contacts themselves.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, bindparam, func, select
from sqlalchemy.sql.expression import FromClause

from nurture.store.among import Ids, among_bound
from nurture.store.inserting import insert_into
from nurture.store.prepared import Prepared
from nurture.store.tables import Contact, Customer, CustomerFact, Order, table

VOID = ("cancelled", "returned")
"""States of an order that is none."""
CHUNK = 5_000
"""Customers in one statement: 60 ms on SQLite with ten orders each."""

_customer, _fact, _order, _contact = (table(each) for each in (Customer, CustomerFact, Order, Contact))
_COLUMNS = tuple(_fact.c.keys())
_NOTE_CONTACT = Prepared(
    """
    UPDATE customer_fact
    SET last_contact_at = CASE WHEN last_contact_at > :instant THEN last_contact_at ELSE :instant END
    WHERE customer_id IN (SELECT batch.id FROM {rows})
    RETURNING customer_id
    """,
    id="BIGINT",
)


def refresh_facts(connection: Connection, customers: Iterable[int] | Select[tuple[int]]) -> None:
    """Computes the facts of these customers anew, given as ids or as a query of ids; call it after the change.

    Idempotent. Ids without a customer are passed over.
    """
    if isinstance(customers, Select):
        connection.execute(_writing(connection.dialect.name, _customer.c.id.in_(customers)))
        return
    ids = sorted(set(customers))
    writing = _writing_of_ids(connection.dialect.name)
    for start in range(0, len(ids), CHUNK):
        connection.execute(writing, {"ids": ids[start : start + CHUNK]})


def note_contacts(connection: Connection, customer_ids: Iterable[int], at: datetime) -> None:
    """The facts after a contact in the direction `out` was added for each of these customers at that instant.

    The same as `refresh_facts`, without reading every order and contact of theirs. `at`: aware UTC.
    """
    ids = set(customer_ids)
    written = _NOTE_CONTACT.run(connection, [(each,) for each in ids], instant=int(at.timestamp()))
    if len(written) != len(ids):
        refresh_facts(connection, ids)


def rebuild_facts(connection: Connection) -> None:
    """Computes the facts of every customer anew: after a repair or an upgrade. It takes seconds a million customers,
    in one transaction; a daemon on SQLite should be stopped for it."""
    connection.execute(_fact.delete())
    connection.execute(_writing(connection.dialect.name, _customer.c.id > 0))


def begin_facts(connection: Connection, new_customers: Iterable[int]) -> None:
    """The facts of customers that were just made, who have neither orders nor contacts yet."""
    rows = [{"customer_id": each, "order_count": 0, "order_total": 0} for each in new_customers]
    if rows:
        connection.execute(_fact.insert(), rows)


@lru_cache(maxsize=2)
def _writing_of_ids(dialect: str) -> Any:
    return _writing(dialect, among_bound(_customer.c.id, bindparam("ids", type_=Ids())))


def _writing(dialect: str, whom: ColumnElement[bool]) -> Any:
    statement = insert_into(dialect, _fact).from_select(_COLUMNS, _computed(whom))
    values = {name: statement.excluded[name] for name in _COLUMNS if name != "customer_id"}
    return statement.on_conflict_do_update(index_elements=["customer_id"], set_=values)


def _computed(whom: ColumnElement[bool]) -> Select[Any]:
    orders, contacts = _orders(whom), _contacts(whom)
    return (
        select(
            _customer.c.id,
            func.coalesce(orders.c.order_count, 0),
            func.coalesce(orders.c.order_total, 0),
            orders.c.first_order_at,
            _first_order(),
            orders.c.last_order_at,
            contacts.c.last_contact_at,
        )
        .select_from(
            _customer.outerjoin(orders, orders.c.customer_id == _customer.c.id).outerjoin(
                contacts, contacts.c.customer_id == _customer.c.id
            )
        )
        # The WHERE also keeps SQLite from reading ON CONFLICT as a join (sqlite.org/lang_upsert.html).
        .where(whom)
    )


def _orders(whom: ColumnElement[bool]) -> FromClause:
    return (
        select(
            _order.c.customer_id,
            func.count().label("order_count"),
            func.sum(_order.c.total).label("order_total"),
            func.min(_order.c.ordered_at).label("first_order_at"),
            func.max(_order.c.ordered_at).label("last_order_at"),
        )
        .where(_order.c.customer_id.in_(select(_customer.c.id).where(whom)), _order.c.status.not_in(VOID))
        .group_by(_order.c.customer_id)
        .subquery("orders")
    )


def _contacts(whom: ColumnElement[bool]) -> FromClause:
    return (
        select(_contact.c.customer_id, func.max(_contact.c.at).label("last_contact_at"))
        .where(_contact.c.customer_id.in_(select(_customer.c.id).where(whom)), _contact.c.direction == "out")
        .group_by(_contact.c.customer_id)
        .subquery("contacts")
    )


def _first_order() -> ColumnElement[Any]:
    """Of two orders at the same instant the one that came to us first."""
    mine = and_(_order.c.customer_id == _customer.c.id, _order.c.status.not_in(VOID))
    found = select(_order.c.id).where(mine).order_by(_order.c.ordered_at, _order.c.id).limit(1)
    return found.correlate(_customer).scalar_subquery()
