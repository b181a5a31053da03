"""The people of these tests and their shop, on Sunday 22 November 2026 at 10:00 in Japan.

Alice's first parcel left yesterday. Bob's too, but he never consented. Charlie was called on Friday and came by this
morning. Dana is a friend on LINE whose birthday is tomorrow. Erin opted out. Frank is a company, and companies are
written to in business hours. Grace has no address. Heidi's plan is no date, which her template takes it for. Ivan
reads the weekly news.
"""

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine
from sqlmodel import SQLModel

from nurture.campaign import Campaigns, load_campaigns
from nurture.config import Secrets, Settings
from nurture.message.template import Templates
from nurture.store import writing
from nurture.store.tables import (
    Address,
    Consent,
    Contact,
    Customer,
    CustomerFact,
    CustomerTag,
    DatedFact,
    Event,
    Order,
    Suppression,
)
from tests.planning.people import the_same
from tests.rows import columns_only, write_row

SHOP = Path(__file__).parent / "shop"
ALICE, BOB, CHARLIE, DANA, ERIN, FRANK, GRACE, HEIDI, IVAN = range(1, 10)
NAMES = {
    ALICE: "山田 花子",
    BOB: "鈴木 一郎",
    CHARLIE: "佐藤 健",
    DANA: "高橋 <さくら>",
    ERIN: "伊藤 翼",
    FRANK: "株式会社みなと",
    GRACE: "渡辺 薫",
    HEIDI: "中村 葵",
    IVAN: "小林 樹",
}


def japan(text: str) -> datetime:
    """`2026-11-22 10:00` as the clocks of Japan show it."""
    return datetime.fromisoformat(f"{text}+09:00").astimezone(UTC)


NOW = japan("2026-11-22 10:00")


def settings(**changes: Any) -> Settings:
    """A coffee roaster in Kobe."""
    given: dict[str, Any] = {
        "shop": {"name": "みなと珈琲", "address": "神戸市中央区架空町1-2-3", "email": "hello@minato.example"},
        "email": {"from_address": "news@minato.example"},
        "hours": {"individual": "10:00-19:00", "company": "09:30-17:30 mon-fri"},
        "public_url": "https://minato.example",
        "attributes": {"plan": {"title": "会員種別"}},
        "line": {"enabled": True, "monthly_quota": 200},
    }
    made = Settings.model_validate({**given, **changes})
    return the_same(made.model_copy(update={"secrets": Secrets(secret_key=SecretStr("for tests only"))}))


@cache
def campaigns() -> Campaigns:
    """The four campaigns of the shop."""
    return load_campaigns(SHOP / "campaigns", settings())


@cache
def templates() -> Templates:
    """Their letters, one of which is broken."""
    return Templates.load(SHOP / "templates")


def populate(engine: Engine) -> None:
    """Writes everybody and everything."""
    with writing(engine) as connection:
        for number, name in NAMES.items():
            _person(connection, number, name)
        for number in (ALICE, BOB, CHARLIE, ERIN, FRANK, GRACE):
            order(connection, number, shipped=japan("2026-11-21 09:30"))
        add(connection, Contact, customer_id=CHARLIE, owner_id=CHARLIE, channel="call", at=japan("2026-11-20 15:00"))
        add(connection, Contact, customer_id=CHARLIE, owner_id=CHARLIE, channel="visit", at=japan("2026-11-22 09:00"))
        add(connection, DatedFact, customer_id=DANA, name="birthday", month=11, day=23)
        add(connection, Suppression, customer_id=ERIN, reason="opt_out")
        add(connection, Event, customer_id=HEIDI, kind="trial", occurred_at=japan("2026-11-22 09:00"))
        for number in (BOB, CHARLIE, IVAN):
            add(connection, CustomerTag, customer_id=number, tag="便り")


def order(connection: Connection, customer_id: int, shipped: datetime) -> None:
    """The customer's first order, sent out at `shipped`."""
    before = japan("2026-11-19 12:00")
    key = f"N-{1000 + customer_id}"
    values = {"key": key, "customer_id": customer_id, "status": "shipped", "ordered_at": before, "total": 3200}
    add(connection, Order, id=customer_id, **values, shipped_at=shipped)
    fact = {"order_count": 1, "order_total": 3200, "first_order_at": before, "last_order_at": before}
    add(connection, CustomerFact, customer_id=customer_id, first_order_id=customer_id, **fact)


def _person(connection: Connection, number: int, name: str) -> None:
    family, _, given = name.partition(" ")
    company = number == FRANK
    names = {} if company else {"family_name": family, "given_name": given}
    attributes = {"plan": "ゴールド"} if number == HEIDI else {}
    match = name.replace(" ", "")
    add(
        connection,
        Customer,
        id=number,
        key=f"C-{number:03}",
        name=name,
        name_match=match,
        kind="company" if company else "individual",
        attributes=attributes,
        bucket=number * 1000,
        phone=f"+819012345{number:03}",
        **names,
    )
    channel, value = ("line", f"U{number:032x}") if number == DANA else ("email", f"person{number}@customer.example")
    if number != GRACE:
        add(connection, Address, customer_id=number, channel=channel, value=value)
    if number != BOB:
        consent = {"status": "granted", "basis": "opt_in", "source": "form", "given_at": japan("2026-01-01 09:00")}
        add(connection, Consent, customer_id=number, channel=channel, recorded_at=japan("2026-01-01 09:00"), **consent)


def add(connection: Connection, model: type[SQLModel], **values: Any) -> None:
    """One row, with what every row of its kind must have."""
    needed = {"created_at": NOW, "received_at": NOW, "key": f"{model.__name__}-{values}"[:200]}
    write_row(connection, model, **{**columns_only(model, needed), **values})
