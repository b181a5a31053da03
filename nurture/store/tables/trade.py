"""Trade: what the shop sells and what happened between it and its customers. No queries are kept here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel

from .column import customer_column, instant_column, key_column


class Product(SQLModel, table=True):
    """Something the shop sells."""

    id: int | None = key_column()
    key: str = Field(unique=True)
    name: str
    category: str = Field(default="", index=True)
    price: int | None = Field(default=None, sa_type=BigInteger)
    url: str = ""
    image_url: str = ""
    on_sale: bool = True
    """False = can't be bought now."""
    created_at: datetime | None = instant_column(nullable=False)


class ProductRelation(SQLModel, table=True):
    """A declared `related:` product, with the reason a template can say."""

    __tablename__ = "product_relation"
    product_id: int = customer_column(primary_key=True, autoincrement=False)
    related_id: int = customer_column(primary_key=True, autoincrement=False)
    position: int = 0
    reason: str = ""


class Order(SQLModel, table=True):
    """A purchase."""

    id: int | None = key_column()
    key: str = Field(unique=True)
    """The order number, or one made from customer, date and lines where the file carries none."""
    customer_id: int = customer_column()
    status: str = "ordered"
    """ordered | shipped | delivered | cancelled | returned."""
    ordered_at: datetime | None = instant_column(nullable=False)
    shipped_at: datetime | None = instant_column(index=True)
    delivered_at: datetime | None = instant_column(index=True)
    cancelled_at: datetime | None = instant_column()
    total: int = Field(default=0, sa_type=BigInteger)
    source: str = ""
    received_at: datetime | None = instant_column(nullable=False)
    """When it came to us or last changed; a tick looks at what was received lately."""
    __table_args__ = (
        Index("ix_order_customer", "customer_id", "ordered_at"),
        Index("ix_order_ordered", "ordered_at"),
        Index("ix_order_received", "received_at"),
    )


class OrderLine(SQLModel, table=True):
    """One product in a purchase; customer, time and category are copied so that a rule needs no join."""

    __tablename__ = "order_line"
    id: int | None = key_column()
    order_id: int = customer_column()
    customer_id: int = customer_column()
    ordered_at: datetime | None = instant_column(nullable=False)
    product_id: int | None = Field(default=None, sa_type=BigInteger)
    name: str = ""
    category: str = ""
    quantity: int = 1
    price: int = Field(default=0, sa_type=BigInteger)
    counts: bool = True
    """False when the order was cancelled or returned."""
    __table_args__ = (
        Index("ix_order_line_order", "order_id"),
        Index("ix_order_line_customer", "customer_id", "category", "ordered_at"),
        Index("ix_order_line_product", "product_id", "customer_id"),
    )


class Booking(SQLModel, table=True):
    """An appointment at a salon."""

    id: int | None = key_column()
    key: str = Field(unique=True)
    customer_id: int = customer_column()
    status: str = "booked"
    """booked | visited | cancelled | no_show."""
    starts_at: datetime | None = instant_column(nullable=False, index=True)
    booked_at: datetime | None = instant_column()
    menu: str = ""
    staff: str = ""
    price: int = Field(default=0, sa_type=BigInteger)
    received_at: datetime | None = instant_column(nullable=False, index=True)
    __table_args__ = (Index("ix_booking_customer", "customer_id", "starts_at"),)


class Event(SQLModel, table=True):
    """Anything else that happened to a customer."""

    id: int | None = key_column()
    key: str = Field(unique=True)
    customer_id: int = customer_column()
    kind: str
    occurred_at: datetime | None = instant_column(nullable=False)
    received_at: datetime | None = instant_column(nullable=False, index=True)
    properties: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    __table_args__ = (
        Index("ix_event_customer", "customer_id", "kind", "occurred_at"),
        Index("ix_event_kind", "kind", "occurred_at"),
    )


class Contact(SQLModel, table=True):
    """An approach to a customer, ours or a person's: what caps and contact frequency count."""

    id: int | None = key_column()
    key: str | None = Field(default=None, unique=True)
    """Stable key of an imported contact; None for our own."""
    customer_id: int = customer_column()
    owner_id: int = customer_column()
    """Whose caps it counts to."""
    channel: str
    """email | line | call | visit | postcard | letter | chat."""
    direction: str = "out"
    """out | in."""
    at: datetime | None = instant_column(nullable=False)
    counts: bool = True
    """Counts to the caps; fixed when it happened."""
    touch_id: int | None = Field(default=None, sa_type=BigInteger, index=True, unique=True)
    """The touch of ours that it is; a touch has one contact at most."""
    periods: list[int] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """Of our own: bounds of its day, week and month in its recipient's zone, by which the database checks the caps."""
    source: str = ""
    note: str = ""
    __table_args__ = (
        Index("ix_contact_owner", "owner_id", "at"),
        Index("ix_contact_customer", "customer_id", "at"),
    )
