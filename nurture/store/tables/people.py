"""People: who they are, how they are reached, what they allowed, what keeps offers back. No queries are kept here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from .column import customer_column, instant_column, key_column


class Account(SQLModel, table=True):
    """A company that people belong to."""

    id: int | None = key_column()
    key: str | None = Field(default=None, unique=True)
    name: str
    name_match: str = Field(index=True)
    """NFKC, case-folded, without 株式会社 and spaces; people and companies are compared by it."""
    zone: str | None = Field(default=None, index=True)


class Customer(SQLModel, table=True):
    """A person (or, with kind `company`, the firm itself where no person is known)."""

    id: int | None = key_column()
    key: str | None = Field(default=None, unique=True)
    """The shop's own customer number."""
    account_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    kind: str = "individual"
    """individual | company: decides which sending hours hold."""
    name: str = ""
    """Full name as the shop writes it, empty when unknown."""
    family_name: str = ""
    given_name: str = ""
    kana: str = ""
    name_match: str = Field(default="", index=True)
    phone: str | None = Field(default=None, index=True)
    """E.164."""
    postal_code: str = ""
    prefecture: str = ""
    street: str = ""
    gender: str = ""
    zone: str | None = Field(default=None, index=True)
    """IANA zone; None = the account's, then the shop's."""
    attributes: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Declared attributes, typed at import."""
    registered_at: datetime | None = instant_column()
    created_at: datetime | None = instant_column(nullable=False)
    version: int = Field(default=1, sa_type=BigInteger)
    """Raised by every write that a rule or gate can read."""
    bucket: int = Field(sa_column=Column(Integer, nullable=False, index=True))
    """Stored keyed hash in 0..2147483646: holdouts and the splitting of work."""
    cap_owner_id: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    """Whose caps, locks and bucket hold: oneself (None), or the first person at a shared inbox."""
    merged_into: int | None = Field(default=None, sa_type=BigInteger)
    never: bool = False
    """The shop decided never to contact this person."""
    erased_at: datetime | None = instant_column()
    note: str = ""
    __table_args__ = (
        # Nearly all are NULL; were they in the index, SQLite would begin every plan with `merged_into IS NULL`.
        Index(
            "ix_customer_merged_into",
            "merged_into",
            sqlite_where=text("merged_into IS NOT NULL"),
            postgresql_where=text("merged_into IS NOT NULL"),
        ),
    )


class CustomerTag(SQLModel, table=True):
    """A tag that a customer carries."""

    __tablename__ = "customer_tag"
    customer_id: int = customer_column(primary_key=True, autoincrement=False)
    tag: str = Field(primary_key=True)
    __table_args__ = (Index("ix_customer_tag_tag", "tag", "customer_id"),)


class Address(SQLModel, table=True):
    """A way to reach a customer: channel and normalised value."""

    id: int | None = key_column()
    customer_id: int = customer_column()
    channel: str
    """email | line."""
    value: str
    """Normalised: lower-case domain for mail, the user id for LINE."""
    status: str = "ok"
    """ok | nonstandard (an old carrier address that breaks the RFC, sent as it is) | invalid (never sent to)."""
    shared_with: int | None = Field(default=None, sa_type=BigInteger)
    """The customer who held this address first, when two people share an inbox."""
    created_at: datetime | None = instant_column(nullable=False)
    removed_at: datetime | None = instant_column()
    __table_args__ = (
        Index("ix_address_customer", "customer_id", "channel"),
        Index(
            "ux_address_value",
            "channel",
            "value",
            unique=True,
            sqlite_where=text("shared_with IS NULL AND removed_at IS NULL"),
            postgresql_where=text("shared_with IS NULL AND removed_at IS NULL"),
        ),
        Index("ix_address_value", "channel", "value"),
    )


class Consent(SQLModel, table=True):
    """One entry of the append-only ledger of permissions; the entry without `ended_at` is the one in force."""

    id: int | None = key_column()
    customer_id: int = customer_column()
    channel: str
    purpose: str = "commercial"
    status: str
    """granted | withdrawn."""
    basis: str
    """opt_in | existing_customer | business_card | published_address | opt_out."""
    source: str
    """Where it was recorded: a file, a form, a person."""
    evidence: str = ""
    given_at: datetime | None = instant_column(nullable=False)
    recorded_at: datetime | None = instant_column(nullable=False)
    ended_at: datetime | None = instant_column()
    __table_args__ = (
        Index(
            "ux_consent_in_force",
            "customer_id",
            "channel",
            "purpose",
            unique=True,
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_consent_customer", "customer_id"),
    )


class Suppression(SQLModel, table=True):
    """An address or a person that may not be contacted, and why."""

    id: int | None = key_column()
    channel: str | None = None
    """None = every channel."""
    value: str | None = None
    """The address; None = the person, whatever the address."""
    customer_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    scope: str = "commercial"
    """commercial | all."""
    reason: str
    """opt_out | hard_bounce | complaint | erased | blocked (a LINE user, until they unblock)."""
    source: str = ""
    created_at: datetime | None = instant_column(nullable=False)
    lifted_at: datetime | None = instant_column()
    __table_args__ = (Index("ix_suppression_value", "channel", "value"),)


class DatedFact(SQLModel, table=True):
    """A day that comes round every year: a birthday, a wedding, a child's birthday."""

    __tablename__ = "dated_fact"
    id: int | None = key_column()
    customer_id: int = customer_column()
    name: str
    """`birthday`, or the name of a custom date."""
    relative: str = ""
    """Empty for the customer; else who, e.g. `daughter`."""
    year: int | None = None
    month: int
    day: int | None = None
    """None when only the month is known."""
    __table_args__ = (
        UniqueConstraint("customer_id", "name", "relative", name="ux_dated_fact"),
        Index("ix_dated_fact_day", "name", "month", "day"),
    )


class Hold(SQLModel, table=True):
    """Something that keeps offers back: an open complaint, or a refusal of a product or category."""

    id: int | None = key_column()
    key: str | None = Field(default=None, unique=True)
    customer_id: int = customer_column(index=True)
    kind: str
    """complaint | refusal."""
    product_id: int | None = Field(default=None, sa_type=BigInteger)
    category: str = ""
    opened_at: datetime | None = instant_column(nullable=False)
    closed_at: datetime | None = instant_column()
    """When it ends or ended; None = still open."""
    note: str = ""


class CustomerFact(SQLModel, table=True):
    """Facts about a customer that do not decay with time; kept by `insight`, never by hand."""

    __tablename__ = "customer_fact"
    customer_id: int = customer_column(primary_key=True, autoincrement=False)
    order_count: int = 0
    """Orders that were neither cancelled nor returned."""
    order_total: int = Field(default=0, sa_type=BigInteger)
    first_order_at: datetime | None = instant_column(index=True)
    first_order_id: int | None = Field(default=None, sa_type=BigInteger)
    last_order_at: datetime | None = instant_column(index=True)
    last_contact_at: datetime | None = instant_column(index=True)
    """The newest contact in the direction `out`."""
