"""The people of these tests and their shop.

Alice ordered twice and everything about her is known. Bob is a company without a person. Charlie is only an address.
Dana's values are there, but blank or broken.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlmodel import SQLModel

from nurture.campaign.model import Campaign
from nurture.config import Settings
from nurture.message.context import ContextRequest
from nurture.store.tables import (
    Account,
    Booking,
    Customer,
    DatedFact,
    Order,
    OrderLine,
    Product,
    ProductRelation,
)
from tests.rows import columns_only, write_row

TEMPLATES = Path(__file__).parent / "templates"
ALICE, BOB, CHARLIE, DANA = 1, 2, 3, 4
FIRST_ORDER, SECOND_ORDER, BARE_ORDER, BROKEN_ORDER = 11, 12, 13, 14
FULL_BOOKING, BARE_BOOKING = 21, 22
BEANS, MILL, POT = 31, 32, 33


def instant(text: str) -> datetime:
    """`2026-11-22 10:00` as the clock of London shows it in winter."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NOW = instant("2026-11-22 03:00")


def settings(**changes: Any) -> Settings:
    """A coffee roaster in Kobe that can be reached by https and by mail."""
    given: dict[str, Any] = {
        "shop": {"name": "珈琲みなと", "address": "神戸市中央区海岸通0-0-0", "email": "hello@minato.example"},
        "email": {"from_address": "news@minato.example", "reply_to": "hello@minato.example"},
        "public_url": "https://minato.example",
        "opt_out_mailbox": "stop@minato.example",
        "attributes": {
            "plan": {"title": "会員種別"},
            "visits": {"type": "number"},
            "member_since": {"type": "date"},
            "newsletter": {"type": "boolean"},
        },
    }
    secrets = changes.pop("secrets", None)
    made = Settings.model_validate({**given, **changes})
    return made.model_copy(update={"secrets": secrets}) if secrets else made


def campaign(trigger: Mapping[str, Any], **changes: Any) -> Campaign:
    """A campaign of one step."""
    steps = [{"step": "first", "template": "thanks"}]
    given = {"campaign": "thanks", "title": "お礼", "trigger": trigger, "steps": steps, **changes}
    return Campaign.model_validate(given)


def request(customer_id: int, about: Campaign, subject_id: int | None = None, at: str = "") -> ContextRequest:
    """The message for one customer, due now unless `at` says otherwise; its number is the customer's."""
    when = instant(at) if at else NOW
    return ContextRequest(customer_id, customer_id, about, subject_id, int(when.timestamp()), int(when.timestamp()))


def populate(connection: Connection) -> None:
    """Writes everybody and everything."""
    _people(connection)
    _orders(connection)
    add(connection, Booking, FULL_BOOKING, customer_id=ALICE, starts_at=instant("2026-12-01 01:00"), menu="カット")
    add(connection, Booking, BARE_BOOKING, customer_id=DANA, starts_at=instant("2026-12-02 01:00"), menu="　", staff="")
    _goods(connection)


def _people(connection: Connection) -> None:
    attributes = {"plan": "ゴールド", "visits": 3, "member_since": "2024-04-01", "newsletter": False}
    broken = {"plan": "　", "visits": "3", "newsletter": None, "unknown": {"deep": [1]}}
    add(connection, Account, 1, name="株式会社港")
    names = {"name": "山田 花子", "family_name": "山田", "given_name": "花子"}
    add(connection, Customer, ALICE, **names, account_id=1, prefecture="兵庫県", attributes=attributes)
    add(connection, Customer, BOB, name="有限会社浜", kind="company", zone="America/New_York")
    add(connection, Customer, CHARLIE)
    add(connection, Customer, DANA, name="　", family_name=" ", kind="company", attributes=broken)
    add(connection, DatedFact, 1, customer_id=ALICE, name="birthday", year=1980, month=11, day=22)
    add(connection, DatedFact, 2, customer_id=BOB, name="birthday", month=2, day=29)
    add(connection, DatedFact, 3, customer_id=DANA, name="birthday", month=5)
    add(connection, DatedFact, 4, customer_id=ALICE, name="wedding", relative="daughter", year=2020, month=11, day=22)


def _orders(connection: Connection) -> None:
    first, second = instant("2025-04-01 01:00"), instant("2026-11-19 20:00")
    sent = {"shipped_at": instant("2026-11-20 01:00"), "delivered_at": instant("2026-11-21 01:00")}
    add(connection, Order, FIRST_ORDER, customer_id=ALICE, ordered_at=first, total=1600)
    add(connection, Order, SECOND_ORDER, customer_id=ALICE, ordered_at=second, total=3200, status="delivered", **sent)
    add(connection, Order, BARE_ORDER, customer_id=BOB, ordered_at=second)
    add(connection, Order, BROKEN_ORDER, customer_id=DANA, ordered_at=second, status="cancelled")
    line(connection, 1, FIRST_ORDER, ALICE, first, name="浅煎り", product_id=BEANS, price=1600)
    line(connection, 2, SECOND_ORDER, ALICE, second, name="深煎り<b>", product_id=BEANS, price=1600, quantity=2)
    line(connection, 3, SECOND_ORDER, ALICE, second, name="送料", price=0)
    line(connection, 4, BROKEN_ORDER, DANA, second, name="", counts=False)


def _goods(connection: Connection) -> None:
    add(connection, Product, BEANS, name="深煎り", category="豆", price=1600)
    add(
        connection,
        Product,
        MILL,
        name="手挽きミル",
        category="器具",
        price=9800,
        url="https://minato.example/mill",
        image_url="http://minato.example/mill.jpg",
    )
    add(connection, Product, POT, name="ポット", url="https://")
    write_row(connection, ProductRelation, product_id=BEANS, related_id=MILL, position=2, reason="挽きたてを楽しめます")


def line(connection: Connection, id_: int, order_id: int, customer_id: int, at: datetime, **values: Any) -> None:
    """One product of an order."""
    add(connection, OrderLine, id_, order_id=order_id, customer_id=customer_id, ordered_at=at, **values)


def add(connection: Connection, model: type[SQLModel], id_: int, **values: Any) -> None:
    """One row, with what every row of its kind must have."""
    needed = {"created_at": NOW, "received_at": NOW, "key": str(id_), "bucket": 0, "name_match": ""}
    write_row(connection, model, **{**columns_only(model, needed), "id": id_, **values})
