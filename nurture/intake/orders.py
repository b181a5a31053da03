"""Files of orders: one row an order, or one row a line of an order; with a number, or without."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import Connection

from nurture.intake.cells import Cells, Refusal, RowRefused, Terms
from nurture.intake.field.number import read_count, read_key, read_money
from nurture.intake.field.text import one_line
from nurture.intake.field.word import ORDER_STATES, read_word
from nurture.intake.grouping import grouped
from nurture.intake.kind import (
    CHANGED,
    NEW,
    UNCHANGED,
    Checking,
    Item,
    Judged,
    Kind,
    Refused,
    Taken,
    cells_of,
    met_before,
    refuse,
)
from nurture.intake.order_writing import RANK, KnownOrder, changed_columns, load_orders, same_lines, write_orders
from nurture.intake.person import Person
from nurture.intake.readers import Row

GOODS = ("商品", "product", "")
"""Kinds of line that are something bought; shipping, fees and discounts are none."""
MADE = "made:"
"""Begins the key of an order without a number."""
APART = 3 * 86_400
"""An order's date never moves so far (seconds): then two orders have one number."""

_PERSON_COLUMNS = ("key", "email", "phone", "line", "name", "family_name", "given_name", "ordered_at")


@dataclass(frozen=True)
class OrderRecord:
    """An order as the file describes it; instants in epoch seconds, money in minor units."""

    key: str
    ordered_at: int
    status: str
    shipped_at: int | None
    delivered_at: int | None
    cancelled_at: int | None
    total: int
    lines: tuple[tuple[str, str, str, int, int], ...]
    """Product code, name, category, quantity, price of one."""

    def to_json(self) -> dict[str, Any]:
        """Plain values for the staging table."""
        return {**vars(self), "lines": [list(line) for line in self.lines]}


def _read(checking: Checking) -> Iterator[Item]:
    layout = checking.terms.layout
    numbered = layout.columns.get("order_key", ())
    personal = [at for name in _PERSON_COLUMNS for at in layout.columns.get(name, ())]

    def key_of(cells: list[str]) -> str:
        for at in numbered:
            if at < len(cells) and cells[at].strip():
                return read_key(cells[at])
        return "\0".join(["", *(cells[at] for at in personal if at < len(cells))])

    for rows in grouped(checking.table, key_of):
        yield from _order(checking, rows)


def _order(checking: Checking, rows: Sequence[Row]) -> Iterator[Item]:
    cells = list[Cells]()
    number, problem = rows[0][0], None
    for row, raw in rows:
        try:
            cells.append(cells_of(checking, raw))
            _line(cells[-1], checking.terms)
        except RowRefused as refused:
            number, problem = row, refused.refusal
            break
    if problem is None:
        try:
            record, person = _record(checking, cells)
            yield Taken(number, (record, person), tuple(rows[0][1]))
            return
        except RowRefused as refused:
            problem = refused.refusal
    for row, raw in rows:
        reason = problem if row == number else Refusal("reject.same_order", {"row": number})
        yield Refused(row, tuple(raw), reason)


def _record(checking: Checking, cells: Sequence[Cells]) -> tuple[OrderRecord, Person]:
    head, terms = cells[0], checking.terms
    person = checking.describer.person(head)
    if person.is_nobody:
        raise RowRefused("reject.nobody")
    head.require("ordered_at")
    ordered_at = head.moment("ordered_at", terms)
    assert ordered_at is not None
    lines = tuple(line for each in cells if (line := _line(each, terms)))
    dates = {name: head.moment(name, terms, future=True) for name in ("shipped_at", "delivered_at", "cancelled_at")}
    number = head.read("order_key", read_key)
    total = _total(cells, terms, lines, numbered=bool(number))
    key = number or _made_key(person, ordered_at, lines, total)
    return OrderRecord(key, ordered_at, _status(head, dates, terms), **dates, total=total, lines=lines), person


def _line(cells: Cells, terms: Terms) -> tuple[str, str, str, int, int] | None:
    """The line of a row; None where the row is about shipping, a fee or nothing."""
    key, name = cells.read("product_key", read_key) or "", one_line(cells.text("product_name"))
    if cells.text("line_kind") not in GOODS or not (key or name):
        return None
    variant = one_line(cells.joined("product_variant", " "))
    quantity = cells.read("quantity", read_count)
    price = cells.read("price", lambda text: read_money(text, terms.settings.currency)) or 0
    named = f"{name} {variant}".strip() if variant and variant not in name else name
    return key, named, cells.text("category"), 1 if quantity is None else quantity, price


def _total(
    cells: Sequence[Cells], terms: Terms, lines: Sequence[tuple[str, str, str, int, int]], numbered: bool
) -> int:
    """The order's total: written on every row of a numbered order, or for each row on its own without numbers."""
    written = [each.read("total", lambda text: read_money(text, terms.settings.currency)) for each in cells]
    known = [each for each in written if each is not None]
    if known:
        return known[0] if numbered else sum(known)
    return sum(quantity * price for *_, quantity, price in lines)


def _status(cells: Cells, dates: Mapping[str, int | None], terms: Terms) -> str:
    """The furthest that the words and the dates of the row tell."""
    found = [_word(cells, name) for name in ("status", "payment_state")]
    if "unfinished" in found:
        raise RowRefused("reject.unfinished", cells.layout.header_of("status"), found=cells.text("status"))
    found += [
        name.removesuffix("_at")
        for name, moment in dates.items()
        if moment is not None and (moment <= terms.moment or name == "cancelled_at")
    ]
    return max(found, key=lambda state: RANK.get(state, 0)) or "ordered"


def _word(cells: Cells, name: str) -> str:
    return cells.read(name, lambda text: read_word(text, ORDER_STATES)) or ""


def _made_key(person: Person, ordered_at: int, lines: Sequence[Any], total: int) -> str:
    who = person.key or person.email or person.line or person.phone or person.name_key
    said = repr((who, ordered_at, sorted(lines), total))
    return MADE + blake2b(said.encode(), digest_size=12).hexdigest()


def _judge(connection: Connection, checking: Checking, taken: Sequence[Taken]) -> list[Judged | Refused]:
    known = load_orders(connection, [record.key for record, _ in (each.record for each in taken)])
    twice = {each.row for each in taken if met_before(checking, each.record[0].key)}
    fresh = [(each.row, each.record[1]) for each in taken if each.record[0].key not in known and each.row not in twice]
    refs = {row: where.ref for (row, _), where in zip(fresh, checking.roster.place(connection, fresh), strict=True)}
    found: list[Judged | Refused] = []
    for each in taken:
        record, person = each.record
        if each.row in twice:
            found.append(Judged(each.row, UNCHANGED, {}))
        elif each.row in refs:
            values = {"person": person.to_json(), "ref": refs[each.row], "order": record.to_json()}
            found.append(Judged(each.row, NEW, values, refs[each.row] if refs[each.row] > 0 else None))
        else:
            found.append(_against(checking, each, record, known[record.key]))
    return found


def _against(checking: Checking, taken: Taken, record: OrderRecord, known: KnownOrder) -> Judged | Refused:
    if abs(record.ordered_at - known.columns["ordered_at"]) > APART:
        layout = checking.terms.layout
        return refuse(taken, "reject.order_taken", layout.header_of("order_key"), found=record.key)
    order = record.to_json()
    if not changed_columns(order, known.columns) and same_lines(order["lines"], known.lines):
        return Judged(taken.row, UNCHANGED, {})
    return Judged(taken.row, CHANGED, {"order": order}, known.columns["customer_id"])


ORDERS = Kind("orders", _read, _judge, write_orders)
