"""What keeps offers back: open complaints, and products or categories that somebody does not want."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from nurture.intake.cells import Cells, RowRefused, Terms
from nurture.intake.field.number import read_key
from nurture.intake.field.text import one_line
from nurture.intake.field.word import HOLDS as WORDS
from nurture.intake.field.word import read_word
from nurture.intake.goods import Goods, look_up_goods
from nurture.intake.keyed import Keyed, Record, made_key
from nurture.intake.kind import Checking, Item, Judged, Kind, Refused, Taken, each_row
from nurture.intake.recording import Writing
from nurture.store.tables import Hold, table
from nurture.zone import zone_table


def _read(checking: Checking) -> Iterator[Item]:
    def parse(cells: Cells) -> Record:
        person = checking.describer.person(cells)
        if person.is_nobody:
            raise RowRefused("reject.nobody")
        cells.require("hold_kind")
        cells.require("opened_at")
        kind = cells.read("hold_kind", lambda text: read_word(text, WORDS)) or ""
        opened_at = cells.moment("opened_at", checking.terms) or 0
        product = cells.read("product_key", read_key) or ""
        about = one_line(cells.text("hold_about")) or one_line(cells.text("category"))
        if kind == "refusal" and not (product or about):
            cells.require("hold_about", "product_key", "category")
        columns = {
            "kind": kind,
            "opened_at": opened_at,
            "closed_at": _closed_at(cells, checking.terms, kind, opened_at),
            "note": cells.joined("hold_note", "\n"),
            "product": product,
            "about": about,
        }
        key = cells.read("hold_key", read_key)
        return Record(key or made_key(person, kind, opened_at, product, about), columns, person)

    return each_row(checking, parse)


def _closed_at(cells: Cells, terms: Terms, kind: str, opened_at: int) -> int | None:
    """A complaint stays open until it is solved; a refusal ends by itself after the time that config.yaml says."""
    closed = cells.moment("closed_at", terms, future=True)
    if closed is None and kind == "refusal":
        return terms.settings.refusal_lasts.after(zone_table(terms.settings.timezone), opened_at)
    return closed


def _judge(connection: Connection, checking: Checking, taken: Sequence[Taken]) -> list[Judged | Refused]:
    spoken = [each.record.columns for each in taken]
    keys = {each[name] for each in spoken for name in ("product", "about") if each[name]}
    goods = look_up_goods(connection, keys, {each["about"] for each in spoken if each["about"]})
    return _HOLDS.judge(connection, checking, [replace(each, record=_about(each.record, goods)) for each in taken])


def _about(record: Record, goods: Goods) -> Record:
    """The record with its product; what is no product is a category."""
    columns = dict(record.columns)
    product, about = columns.pop("product"), columns.pop("about")
    good = goods.by_key.get(product) or goods.by_key.get(about) or goods.by_name.get(about)
    return replace(
        record, columns={**columns, "product_id": good.id if good else None, "category": "" if good else about}
    )


def _nothing(writing: Writing, customers: Collection[int]) -> Mapping[int, Mapping[str, Any]]:
    return {each: {} for each in customers}


_HOLDS = Keyed(table(Hold), creates=False, more=_nothing)
HOLDS = Kind("holds", _read, _judge, _HOLDS.write)
