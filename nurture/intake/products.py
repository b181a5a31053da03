"""Price lists: what the shop sells, and what goes with what."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, bindparam, delete, insert, select, update

from nurture.intake.cells import Cells, Terms
from nurture.intake.field.number import read_key, read_money
from nurture.intake.field.text import one_line
from nurture.intake.field.word import SALES, read_word
from nurture.intake.inserting import draw_ids
from nurture.intake.kind import (
    CHANGED,
    NEW,
    UNCHANGED,
    Checking,
    Item,
    Judged,
    Kind,
    Refused,
    Staged,
    Taken,
    each_row,
    met_before,
)
from nurture.intake.listed import listed
from nurture.intake.recording import Writing
from nurture.store import among, change
from nurture.store.tables import OrderLine, Product, ProductRelation, table

_product, _relation, _line = table(Product), table(ProductRelation), table(OrderLine)
_COLUMNS = ("name", "category", "price", "url", "image_url", "on_sale")
_CODES = re.compile(r"[;；,、，|\s]+")
RELABELLED = 2_000
"""Order lines in one statement when a product gets another category."""


@dataclass(frozen=True)
class ProductRecord:
    """A product as the list describes it."""

    key: str
    columns: Mapping[str, Any]
    """None where the list does not say."""
    related: tuple[str, ...]
    """Codes of what goes with it, in the order of the list."""
    reason: str


def _read(checking: Checking) -> Iterator[Item]:
    def parse(cells: Cells) -> ProductRecord:
        cells.require("product_key")
        cells.require("product_name")
        key = cells.read("product_key", read_key) or ""
        related = dict.fromkeys(filter(None, map(read_key, _CODES.split(cells.joined("related", ";")))))
        reason = one_line(cells.text("reason"))
        return ProductRecord(
            key, _columns(cells, checking.terms), tuple(each for each in related if each != key), reason
        )

    # A price list is short; knowing every code of it first tells a product further down from one that is nowhere.
    items = list(each_row(checking, parse))
    codes = {each.record.key for each in items if isinstance(each, Taken)}
    checking.codes.update(codes)
    return iter(items)


def _columns(cells: Cells, terms: Terms) -> dict[str, Any]:
    on_sale = cells.read("on_sale", lambda text: read_word(text, SALES))
    return {
        "name": one_line(cells.text("product_name")),
        "category": one_line(cells.text("category")),
        "price": cells.read("price", lambda text: read_money(text, terms.settings.currency)),
        "url": cells.text("url"),
        "image_url": cells.text("image_url"),
        "on_sale": None if on_sale is None else on_sale == "yes",
    }


def _judge(connection: Connection, checking: Checking, taken: Sequence[Taken]) -> list[Judged | Refused]:
    records: list[ProductRecord] = [each.record for each in taken]
    known = _load(connection, {each.key for each in records} | {code for each in records for code in each.related})
    relations = _load_relations(connection, {row["id"] for row in known.values()})
    found: list[Judged | Refused] = []
    for each in taken:
        record: ProductRecord = each.record
        related = [[code, record.reason] for code in record.related if code in known or code in checking.codes]
        values = {"key": record.key, "columns": dict(record.columns), "related": related}
        if met_before(checking, record.key):
            verdict = UNCHANGED
        elif record.key not in known:
            verdict = NEW
        else:
            before = known[record.key]
            moved = _moved(record.columns, before) or (related and related != relations.get(before["id"], []))
            verdict = CHANGED if moved else UNCHANGED
        found.append(Judged(each.row, verdict, values))
    return found


def _load(connection: Connection, keys: set[str]) -> dict[str, Mapping[str, Any]]:
    rows = connection.execute(select(*_product.c).where(listed(_product.c.key, keys)))
    return {row.key: dict(row._mapping) for row in rows}


def _load_relations(connection: Connection, ids: set[int]) -> dict[int, list[list[str]]]:
    query = (
        select(_relation.c.product_id, _product.c.key, _relation.c.reason)
        .join_from(_relation, _product, _product.c.id == _relation.c.related_id)
        .where(among(_relation.c.product_id, ids))
        .order_by(_relation.c.product_id, _relation.c.position)
    )
    found: dict[int, list[list[str]]] = {}
    for ident, key, reason in connection.execute(query):
        found.setdefault(ident, []).append([key, reason])
    return found


def _moved(columns: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if value not in (None, "") and value != before[name]}


def _write(writing: Writing, rows: Sequence[Staged]) -> dict[int, int]:
    connection = writing.connection
    values = {each.values["key"]: each.values for each in rows}
    known = _load(connection, {*values, *(code for each in values.values() for code, _ in each["related"])})
    ids = {key: row["id"] for key, row in known.items()}
    # What goes with something and stands further down in the list gets its place now and its name then.
    further = {code for each in values.values() for code, _ in each["related"]} - set(ids) - set(values)
    made = [key for key in (*values, *sorted(further)) if key not in ids]
    ids |= dict(zip(made, draw_ids(connection, _product, len(made)), strict=True)) if made else {}
    fresh = [_new(ids[key], key, values.get(key, {}).get("columns", {}), writing.moment) for key in made]
    if fresh:
        connection.execute(insert(_product), fresh)
    for key, each in values.items():
        if key in known and (moved := _moved(each["columns"], known[key])):
            connection.execute(update(_product).where(_product.c.id == ids[key]).values(moved))
    _relate(connection, {ids[key]: each["related"] for key, each in values.items()}, ids)
    _relabel(writing, [ids[key] for key in values])
    return {}


def _new(ident: int, key: str, columns: Mapping[str, Any], now: int) -> dict[str, Any]:
    said = {name: columns[name] for name in _COLUMNS if columns.get(name) is not None}
    empty = {"name": key, "category": "", "price": None, "url": "", "image_url": "", "on_sale": bool(columns)}
    return {**empty, **said, "id": ident, "key": key, "created_at": now}


def _relate(connection: Connection, related: Mapping[int, Sequence[Sequence[str]]], ids: Mapping[str, int]) -> None:
    rows = [
        {"product_id": ident, "related_id": ids[code], "position": position, "reason": reason}
        for ident, found in related.items()
        for position, (code, reason) in enumerate(found)
    ]
    if rows:
        told = [ident for ident, found in related.items() if found]
        connection.execute(delete(_relation).where(among(_relation.c.product_id, told)))
        connection.execute(insert(_relation), rows)


def _relabel(writing: Writing, ids: Sequence[int]) -> None:
    """Gives order lines the product and category that they should have had; lines know a product by its name too."""
    columns = (_line.c.id, _line.c.customer_id, _product.c.id, _product.c.category)
    mine = among(_product.c.id, ids)
    # Two queries: with an OR between the two ways to match SQLite would compare every line with every product.
    by_id = select(*columns).join_from(_product, _line, _line.c.product_id == _product.c.id)
    _correct(writing, by_id.where(mine, _product.c.category != "", _line.c.category != _product.c.category))
    nameless = and_(_line.c.product_id.is_(None), _line.c.name == _product.c.name)
    _correct(writing, select(*columns).join_from(_line, _product, nameless).where(mine))


def _correct(writing: Writing, wrong: Select[Any]) -> None:
    statement = update(_line).where(_line.c.id == bindparam("ident"))
    corrected = statement.values(product_id=bindparam("product"), category=bindparam("label"))
    while rows := writing.connection.execute(wrong.limit(RELABELLED)).all():
        change(writing.connection, {row[1] for row in rows}, writing.now)
        found = {row[0]: {"ident": row[0], "product": row[2], "label": row[3]} for row in rows}
        writing.connection.execute(corrected, list(found.values()))


PRODUCTS = Kind("products", _read, _judge, _write)
