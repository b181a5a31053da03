"""Somebody to try a letter on: a customer whom it fits, or, where there is none, an invented one."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, not_, select

from nurture.campaign import After, Campaign, Campaigns
from nurture.config import Attribute, Settings
from nurture.gates.situation import Situation
from nurture.message.context import Context, ContextRequest, load_contexts
from nurture.message.honorific import Names, called
from nurture.message.template import Templates
from nurture.message.views import Item, Shop, View, YearlyDate
from nurture.rules.variables import variable
from nurture.store import reading

from .population import CUSTOMER, population

PLUS_ONE_WEEK = timedelta(days=7)


@dataclass(frozen=True)
class Specimen:
    """A customer with the values of one campaign's letters."""

    context: Context
    name: str
    """Empty for an invented customer."""


def specimen_of(
    engine: Engine | None,
    settings: Settings,
    campaigns: Campaigns,
    templates: Templates,
    campaign: Campaign,
    now: datetime,
    customer_id: int | None = None,
) -> Specimen:
    """A specimen for a campaign; `engine` None: there is no database. `customer_id`: this customer and nobody else."""
    situation = Situation(settings, campaigns, {each.name: each.requires for each in templates}, now)
    if engine is None:
        return invented(settings, campaign, now)
    with reading(engine) as connection:
        return find_specimen(connection, situation, campaign, customer_id)


def find_specimen(
    connection: Connection, situation: Situation, campaign: Campaign, customer_id: int | None = None
) -> Specimen:
    """Somebody in the audience who lacks nothing; else somebody who lacks nothing; else an invented customer.

    A customer who was asked for is taken as they are.
    """
    people = population(situation, campaign)
    columns = (CUSTOMER.c.id, CUSTOMER.c.name, people.subject_id, people.occurred_at)
    names = {name for step in situation.steps_of(campaign) for name in step.requires}
    whole = not_(people.lacks(tuple(sorted(name for name in names if variable(name, situation.settings)))))
    for in_audience, lacks_nothing in ((True, True), (False, True), (False, False)):
        found = people.people(*columns, audience=in_audience).order_by(people.occurred_at.desc(), CUSTOMER.c.id)
        if customer_id is not None:
            found = found.where(CUSTOMER.c.id == customer_id)
        elif not lacks_nothing:
            return invented(situation.settings, campaign, situation.now)
        if row := connection.execute((found.where(whole) if lacks_nothing else found).limit(1)).first():
            return _real(connection, situation, campaign, tuple(row))
    row = connection.execute(select(CUSTOMER.c.id, CUSTOMER.c.name).where(CUSTOMER.c.id == customer_id)).one()
    return _real(connection, situation, campaign, (row.id, row.name, None, situation.instant))


def _real(connection: Connection, situation: Situation, campaign: Campaign, row: tuple[Any, ...]) -> Specimen:
    customer_id, name, subject_id, occurred_at = row
    request = ContextRequest(1, customer_id, campaign, subject_id, int(occurred_at), None)
    found = load_contexts(connection, situation.settings, [request], situation.now)
    return Specimen(found[1], name or f"#{customer_id}")


def invented(settings: Settings, campaign: Campaign, now: datetime) -> Specimen:
    """山田 花子, who lacks nothing that the campaign can give."""
    today = now.astimezone(ZoneInfo(settings.timezone)).date()
    item = Item("order.items", {"name": "見本の品", "quantity": 1, "price": 1200, "category": "見本"})
    names = Names("山田 花子", "山田", "花子")
    shop = ("name", "sender", "address", "phone", "email", "url", "staff")
    about = campaign.trigger.table if isinstance(campaign.trigger, After) else ""
    values = {
        "shop": Shop({each: str(getattr(settings.shop, each)) for each in shop}),
        "today": today,
        "opt_out_mailbox": settings.opt_out_mailbox,
        "customer": View("customer", _customer(called(names, settings.honorific, settings.language))),
        "attribute": View("attribute", {name: _value(each, today) for name, each in settings.attributes.items()}),
        "order": View("order", _order(item, today) if about == "order" else {}),
        "booking": View("booking", _booking(settings, now) if about == "booking" else {}),
        "occasion": View("occasion", {"date": today, "years": 1}),
        "offer": View("offer", _offer() if campaign.offer else {}),
        "history": View("history", _history(item, today)),
    }
    return Specimen(Context(0, campaign.purpose, settings.timezone, values), "")


def _customer(spoken: str) -> dict[str, Any]:
    return {
        "called": spoken,
        "name": "山田 花子",
        "family_name": "山田",
        "given_name": "花子",
        "company": "株式会社見本",
        "prefecture": "東京都",
        "birthday": YearlyDate(1990, 4, 1),
    }


def _order(item: Item, today: date) -> dict[str, Any]:
    days = {"ordered_on": today - timedelta(days=2), "shipped_on": today - timedelta(days=1), "delivered_on": today}
    return {"number": "A-1001", **days, "total": 1200, "items": (item,), "first_item": item}


def _booking(settings: Settings, now: datetime) -> dict[str, Any]:
    starts_at = (now + PLUS_ONE_WEEK).astimezone(ZoneInfo(settings.timezone))
    return {"starts_at": starts_at, "menu": "カット", "staff": "見本 太郎"}


def _offer() -> dict[str, Any]:
    pages = {"url": "https://shop.example/p/1", "image_url": "https://shop.example/p/1.jpg"}
    return {"name": "見本の品", "category": "見本", "price": 1200, **pages, "reason": "よく合います。"}


def _history(item: Item, today: date) -> dict[str, Any]:
    days = {"first_order_on": today - timedelta(days=365), "last_order_on": today - timedelta(days=2)}
    return {"order_count": 3, **days, "last_item": item}


def _value(attribute: Attribute, today: date) -> Any:
    return {"text": "見本", "number": 1, "date": today, "boolean": True}[attribute.type]
