"""Orders and their lines in the database: what a file changes in them, and the writing of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import BigInteger, Connection, bindparam, delete, select, type_coerce, update

from nurture.intake.goods import Goods, look_up_goods, make_goods
from nurture.intake.inserting import draw_ids, insert_rows
from nurture.intake.kind import Staged
from nurture.intake.listed import listed
from nurture.intake.person import Person
from nurture.intake.recording import Entry, Writing, record_people
from nurture.store import among, change
from nurture.store.facts import VOID, refresh_facts
from nurture.store.tables import Order, OrderLine, table

RANK = {"ordered": 0, "shipped": 1, "delivered": 2, "cancelled": 3, "returned": 4}
"""An order only goes forward: an older export imported later doesn't bring back what was cancelled."""
INSTANTS = ("ordered_at", "shipped_at", "delivered_at", "cancelled_at")

_order, _line = table(Order), table(OrderLine)


@dataclass
class KnownOrder:
    """An order as the database knows it; instants in epoch seconds."""

    columns: Mapping[str, Any]
    lines: list[tuple[str, int, int]] = field(default_factory=list)
    """Name, quantity, price."""


def load_orders(connection: Connection, keys: Iterable[str]) -> dict[str, KnownOrder]:
    """The orders with these keys."""
    instants = [type_coerce(_order.c[name], BigInteger).label(name) for name in INSTANTS]
    columns = (_order.c.id, _order.c.key, _order.c.customer_id, _order.c.status, _order.c.total, *instants)
    rows = connection.execute(select(*columns).where(listed(_order.c.key, set(keys))))
    found = {row.key: KnownOrder(dict(row._mapping)) for row in rows}
    by_id = {known.columns["id"]: known for known in found.values()}
    lines = select(_line.c.order_id, _line.c.name, _line.c.quantity, _line.c.price)
    for ident, *line in connection.execute(lines.where(among(_line.c.order_id, by_id))) if by_id else ():
        by_id[ident].lines.append((line[0], line[1], line[2]))
    return found


def changed_columns(order: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """What a file changes in an order that is known. An empty date never empties a known one."""
    found = {name: order[name] for name in INSTANTS if order[name] is not None and order[name] != known[name]}
    if order["total"] != known["total"]:
        found["total"] = order["total"]
    if RANK[order["status"]] > RANK[known["status"]]:
        found["status"] = order["status"]
    return found


def same_lines(lines: Sequence[Sequence[Any]], known: Sequence[tuple[str, int, int]]) -> bool:
    """Whether the same things were bought, in whatever order they are written."""
    return sorted((name or key, quantity, price) for key, name, _, quantity, price in lines) == sorted(known)


def write_orders(writing: Writing, rows: Sequence[Staged]) -> dict[int, int]:
    """Writes new and changed orders with their lines, and the people who ordered for the first time."""
    connection = writing.connection
    known = load_orders(connection, [each.values["order"]["key"] for each in rows])
    fresh = [each for each in rows if each.values["order"]["key"] not in known and "person" in each.values]
    entries = [Entry(e.row, e.values["ref"], Person.from_json(e.values["person"]), fills=True) for e in fresh]
    people = record_people(writing, entries)
    moved = _moved(writing, rows, known)
    owners = {people[each.row] for each in fresh} | {known[key].columns["customer_id"] for key in moved}
    change(connection, owners, writing.now)
    goods = _goods(connection, [line for each in rows for line in each.values["order"]["lines"]], writing.moment)
    _insert(writing, [(people[each.row], each.values["order"]) for each in fresh], goods)
    _update(writing, [(known[key], order, columns) for key, (order, columns) in moved.items()], goods)
    refresh_facts(connection, owners)
    return people


def _moved(
    writing: Writing, rows: Sequence[Staged], known: Mapping[str, KnownOrder]
) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Key → order and changed columns, of the orders that really change."""
    found = {}
    for each in rows:
        order = each.values["order"]
        if order["key"] in known:
            before = known[order["key"]]
            columns = changed_columns(order, before.columns)
            if columns or not same_lines(order["lines"], before.lines):
                found[order["key"]] = (order, _with_instants(columns, before.columns, writing.moment))
    return found


def _with_instants(columns: dict[str, Any], known: Mapping[str, Any], now: int) -> dict[str, Any]:
    """A state that was reached without a date was reached when we learned of it."""
    if columns.get("status") in VOID and not (columns.get("cancelled_at") or known["cancelled_at"]):
        columns["cancelled_at"] = now
    if columns.get("status") in ("shipped", "delivered"):
        name = f"{columns['status']}_at"
        if not (columns.get(name) or known[name]):
            columns[name] = now
    return columns


def _goods(connection: Connection, lines: Sequence[Sequence[Any]], now: int) -> Goods:
    goods = look_up_goods(
        connection, {line[0] for line in lines if line[0]}, {line[1] for line in lines if not line[0]}
    )
    make_goods(connection, goods, [(line[0], line[1], line[2], line[4]) for line in lines if line[0]], now)
    return goods


def _insert(writing: Writing, orders: Sequence[tuple[int, dict[str, Any]]], goods: Goods) -> None:
    if not orders:
        return
    ids = draw_ids(writing.connection, _order, len(orders))
    rows, lines = [], []
    for ident, (customer, order) in zip(ids, orders, strict=True):
        void = order["status"] in VOID
        cancelled = order["cancelled_at"] or (writing.moment if void else None)
        columns = {name: order[name] for name in ("key", "status", "total", *INSTANTS)} | {"cancelled_at": cancelled}
        known = {"id": ident, "customer_id": customer, "source": writing.source, "received_at": writing.moment}
        rows.append(columns | known)
        lines += _lines(ident, customer, order["ordered_at"], not void, order["lines"], goods)
    insert_rows(writing.connection, _order, rows)
    insert_rows(writing.connection, _line, lines)


def _update(
    writing: Writing, orders: Sequence[tuple[KnownOrder, dict[str, Any], dict[str, Any]]], goods: Goods
) -> None:
    if not orders:
        return
    names = ("status", "total", *INSTANTS)
    rows, lines = [], []
    for known, order, columns in orders:
        after = {name: known.columns[name] for name in names} | columns
        ident, customer = known.columns["id"], known.columns["customer_id"]
        rows.append({f"new_{name}": value for name, value in after.items()} | {"ident": ident})
        stands = after["status"] not in VOID
        lines += _lines(ident, customer, after["ordered_at"], stands, order["lines"], goods)
    values = {name: bindparam(f"new_{name}", type_=_order.c[name].type) for name in names}
    statement = update(_order).where(_order.c.id == bindparam("ident")).values(values | {"received_at": writing.moment})
    writing.connection.execute(statement, rows)
    writing.connection.execute(delete(_line).where(among(_line.c.order_id, [row["ident"] for row in rows])))
    insert_rows(writing.connection, _line, lines)


def _lines(
    order_id: int, customer: int, ordered_at: int, counts: bool, lines: Sequence[Sequence[Any]], goods: Goods
) -> list[dict[str, Any]]:
    found = []
    for key, name, category, quantity, price in lines:
        good = goods.find(key, name)
        found.append(
            {
                "order_id": order_id,
                "customer_id": customer,
                "ordered_at": ordered_at,
                "product_id": good.id if good else None,
                "name": name or key,
                "category": (good.category if good else "") or category,
                "quantity": quantity,
                "price": price,
                "counts": counts,
            }
        )
    return found
