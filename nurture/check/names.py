"""Names that are asked for and that the database doesn't know: of dates, tags, categories, products, menus and staff.

A misspelt one is no mistake that loading could see: it only never holds.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from nurture.campaign import Anniversary, Campaign
from nurture.condition import Condition, walk
from nurture.condition.vocabulary import Bookings, DateIs, HasTag, Orders, Refused, This
from nurture.document import Keys
from nurture.gates.situation import Situation
from nurture.mistake import nearest
from nurture.store.tables import Booking, CustomerTag, DatedFact, OrderLine, Product, table

from .finding import Finding
from .written import in_campaign, in_condition

TAG, DATED, LINE, PRODUCT, BOOKING = (table(each) for each in (CustomerTag, DatedFact, OrderLine, Product, Booking))
KEPT_IN: Mapping[str, tuple[ColumnElement[Any], ...]] = {
    "date": (DATED.c.name,),
    "tag": (TAG.c.tag,),
    "category": (PRODUCT.c.category, LINE.c.category),
    "product": (PRODUCT.c.key,),
    "menu": (BOOKING.c.menu,),
    "staff": (BOOKING.c.staff,),
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
class Answer:
    """What the database says to a name."""

    is_missing: bool
    others: tuple[str, ...] = ()
    """Names of the kind that there are."""


Tell = Callable[[str, str, Mapping[str, object]], Finding]
"""A finding of a code, a suggestion and values, at the place where a name stands."""


def look_at_names(situation: Situation, connection: Connection) -> Iterator[Finding]:
    """A warning for each name that nobody and nothing has, where there are other names of its kind."""
    known: dict[Asked, Answer] = {}
    for asked, tell in _asked(situation):
        if asked not in known:
            known[asked] = _looked_up(connection, asked)
        if (answer := known[asked]).is_missing:
            near = nearest(asked.name, answer.others)
            shown = ", ".join(answer.others[:SHOWN]) + (", …" if len(answer.others) > SHOWN else "")
            values = {"found": asked.name, "relative": asked.relative, "known": shown}
            code = "check.no_relative" if asked.relative else f"check.no_{asked.kind}"
            yield tell(code, near if near != asked.name else "", values)


def _asked(situation: Situation) -> Iterator[tuple[Asked, Tell]]:
    for campaign in situation.campaigns.campaigns:
        for asked, path in _of_campaign(campaign):
            yield asked, partial(_told, campaign, path)
        for key, condition in (("audience", campaign.audience), ("exit_when", campaign.exit_when)):
            for word, asked in _of_condition(condition):
                yield asked, partial(in_condition, situation.settings, campaign, key, word)
    for name, segment in situation.campaigns.segments.items():
        for word, asked in _of_condition(segment.condition):
            yield asked, partial(in_condition, situation.settings, None, name, word)


def _told(campaign: Campaign, path: Keys, code: str, suggestion: str, values: Mapping[str, object]) -> Finding:
    return in_campaign("warning", campaign, path, code, suggestion, **values)


def _of_campaign(campaign: Campaign) -> Iterator[tuple[Asked, Keys]]:
    trigger = campaign.trigger
    if isinstance(trigger, Anniversary) and (trigger.anniversary != "first_order" or trigger.relative):
        yield Asked("date", trigger.anniversary, trigger.relative), ("trigger", "anniversary")
    for key, each in (("about", campaign.about), ("offer", campaign.offer), ("goal", campaign.goal)):
        if each and each.category:
            yield Asked("category", each.category), (key, "category")
    if campaign.about and campaign.about.product:
        yield Asked("product", campaign.about.product), ("about", "product")


def _of_condition(condition: Condition | None) -> Iterator[tuple[str, Asked]]:
    """Every name with the word it stands under."""
    for node in walk(condition) if condition else ():
        if isinstance(node, HasTag):
            yield from (("tag", Asked("tag", each)) for each in node.any_of)
        elif isinstance(node, DateIs):
            yield "date", Asked("date", node.name, node.relative)
        elif isinstance(node, Refused):
            yield from ((kind, Asked(kind, str(each))) for kind, each in node if each is not None)
        elif isinstance(node, Orders | This | Bookings):
            for kind in ("category", "product", "menu", "staff"):
                yield from ((kind, Asked(kind, each)) for each in getattr(node, kind, None) or ())


def _looked_up(connection: Connection, asked: Asked) -> Answer:
    columns = KEPT_IN[asked.kind]
    for column in columns:
        found = select(1).where(column == asked.name)
        if asked.kind == "date":
            found = found.where(DATED.c.relative == asked.relative)
        if connection.scalar(found.limit(1)):
            return Answer(False)
    others: dict[str, None] = {}
    for column in columns:
        found_names = select(column).where(column != "").distinct().order_by(column).limit(MOST)
        others |= dict.fromkeys(connection.scalars(found_names))
    return Answer(bool(others), tuple(others))
