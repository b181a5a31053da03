"""Names that are asked for and that the database doesn't know: of dates, tags, categories, products, prefectures …

A misspelt one is no mistake that loading could see: it only never holds.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal, select

from nurture.campaign import Anniversary, Draft
from nurture.condition import Condition, walk
from nurture.condition.vocabulary import Bookings, DateIs, HasTag, LivesIn, Orders, Refused, This
from nurture.document import Keys
from nurture.intake.field.word import PREFECTURES, prefecture
from nurture.mistake import nearest
from nurture.store import binary_order
from nurture.store.tables import Booking, Customer, CustomerTag, DatedFact, OrderLine, Product, table

from .finding import Finding
from .written import in_draft

TAG, DATED, LINE, PRODUCT = (table(each) for each in (CustomerTag, DatedFact, OrderLine, Product))
BOOKING, CUSTOMER = table(Booking), table(Customer)
KEPT_IN: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "date": (DATED.c.name,),
    "tag": (TAG.c.tag,),
    "category": (PRODUCT.c.category, LINE.c.category),
    "product": (PRODUCT.c.key,),
    "menu": (BOOKING.c.menu,),
    "staff": (BOOKING.c.staff,),
    "prefecture": (CUSTOMER.c.prefecture,),
}
"""Where the names of a kind stand, the smaller table first."""
MOST = 1000
"""Names among which the one that was meant is looked for."""
SHOWN = 8
"""Names that a warning lists."""


@dataclass(frozen=True)
class Asked:
    """A name that something asks for."""

    kind: str
    """A key of KEPT_IN."""
    name: str
    relative: str = ""
    """Whose date; empty for the customer's own, and for what is no date."""


@dataclass(frozen=True)
class Listed:
    """The names of a kind that there are."""

    pairs: frozenset[tuple[str, str]]
    """Each with whose date it is."""
    names: tuple[str, ...]
    """In their order."""
    is_whole: bool
    """Whether there are no more of them than were read."""


def look_at_names(drafts: Iterable[Draft], connection: Connection) -> Iterator[Finding]:
    """A warning for each name that nobody and nothing has, where there are other names of its kind."""
    kept = _Kept(connection)
    every = ((each, *asked) for each in drafts for asked in _asked(each))
    for draft, start, word, asked in every:
        if kept.has(asked) or not (others := kept.listed(asked.kind).names):
            continue
        shown = ", ".join(others[:SHOWN]) + (", …" if len(others) > SHOWN else "")
        values = {"found": asked.name, "relative": asked.relative, "known": shown}
        code = "check.no_relative" if asked.relative else f"check.no_{asked.kind}"
        yield in_draft(draft, start, word, code, _meant(asked, others), values)


def _meant(asked: Asked, others: tuple[str, ...]) -> str:
    if asked.kind == "prefecture" and prefecture(asked.name) != asked.name:
        return prefecture(asked.name)
    near = nearest(asked.name, others)
    return near if near != asked.name else ""


def _asked(draft: Draft) -> Iterator[tuple[Keys, str, Asked]]:
    """Every name, the word it stands under, and where that word is to be looked for."""
    if draft.is_campaign:
        yield from _of_campaign(draft)
    for key, condition in draft.conditions.items():
        yield from (((*draft.path, key), word, asked) for word, asked in _of_condition(condition))


def _of_campaign(draft: Draft) -> Iterator[tuple[Keys, str, Asked]]:
    trigger = draft.trigger
    if isinstance(trigger, Anniversary) and (trigger.anniversary != "first_order" or trigger.relative):
        yield ("trigger", "anniversary"), "anniversary", Asked("date", trigger.anniversary, trigger.relative)
    for path in (("about", "category"), ("about", "product"), ("offer", "category"), ("goal", "category")):
        part = draft.document.value.get(path[0])
        if isinstance(part, dict) and isinstance(name := part.get(path[1]), str) and name:
            yield path, path[1], Asked(path[1], name)


def _of_condition(condition: Condition) -> Iterator[tuple[str, Asked]]:
    for node in walk(condition):
        if isinstance(node, HasTag):
            yield from (("tag", Asked("tag", each)) for each in node.any_of)
        elif isinstance(node, LivesIn):
            # In a prefecture that there is nobody may live yet.
            yield from (("prefecture", Asked("prefecture", each)) for each in node.any_of if each not in PREFECTURES)
        elif isinstance(node, DateIs):
            yield "date", Asked("date", node.name, node.relative)
        elif isinstance(node, Refused):
            yield from ((kind, Asked(kind, str(each))) for kind, each in node if each is not None)
        elif isinstance(node, Orders | This | Bookings):
            for kind in ("category", "product", "menu", "staff"):
                yield from ((kind, Asked(kind, each)) for each in getattr(node, kind, None) or ())


class _Kept:
    """The names of the database. Once one of a kind is missed they are read, and asked for no more one by one."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.lists: dict[str, Listed] = {}
        self.known: dict[Asked, bool] = {}

    def has(self, asked: Asked) -> bool:
        """Whether anybody or anything has it."""
        if asked.kind in self.lists and self.lists[asked.kind].is_whole:
            return (asked.name, asked.relative) in self.lists[asked.kind].pairs
        if asked not in self.known:
            self.known[asked] = any(self._holds(column, asked) for column in KEPT_IN[asked.kind])
        return self.known[asked]

    def listed(self, kind: str) -> Listed:
        """All of the kind, or the first of them."""
        if kind not in self.lists:
            whose = DATED.c.relative if kind == "date" else literal("")
            found = [self._pairs(column, whose) for column in KEPT_IN[kind]]
            pairs = [pair for each in found for pair in each]
            names = tuple(dict.fromkeys(name for name, _ in pairs))
            self.lists[kind] = Listed(frozenset(pairs), names, all(len(each) < MOST for each in found))
        return self.lists[kind]

    def _holds(self, column: ColumnElement[Any], asked: Asked) -> bool:
        found = select(1).where(column == asked.name)
        if asked.kind == "date":
            found = found.where(DATED.c.relative == asked.relative)
        return self.connection.scalar(found.limit(1)) is not None

    def _pairs(self, column: ColumnElement[Any], whose: ColumnElement[str]) -> list[tuple[str, str]]:
        names = select(column.label("name"), whose.label("whose")).where(column != "").distinct().subquery()
        found = select(names).order_by(binary_order(names.c.name), binary_order(names.c.whose)).limit(MOST)
        return [(name, relative) for name, relative in self.connection.execute(found)]
