"""The tables: customer state, the ledger of touches and what planning remembers. No queries are kept here.

Instants are whole seconds since 1970 UTC in the database and timezone-aware UTC datetimes in Python (`Instant`), so that
the same arithmetic holds on both databases. Money is in integer minor units. Local dates are ISO text.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Alias,
    BigInteger,
    Column,
    Dialect,
    Index,
    Integer,
    Table,
    UniqueConstraint,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An instant: a timezone-aware datetime in Python, whole epoch seconds in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        """Takes an aware datetime or epoch seconds; a naive datetime raises ValueError."""
        if value is None or isinstance(value, int):
            return value
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: an instant needs its zone")
        return int(value.timestamp())

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Gives an aware UTC datetime."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """Lets whole seconds be added to an instant."""
        return BigInteger() if isinstance(value, int) else self


Identity = BigInteger().with_variant(Integer, "sqlite")


def _key() -> Any:
    return Field(default=None, sa_column=Column(Identity, primary_key=True, autoincrement=True))


def _instant(**options: Any) -> Any:
    options.setdefault("nullable", True)
    return Field(default=None, sa_column=Column(Instant, **options))


def _customer(**options: Any) -> Any:
    return Field(sa_column=Column(BigInteger, nullable=False, **options))


class Account(SQLModel, table=True):
    """A company that people belong to."""

    id: int | None = _key()
    key: str | None = Field(default=None, unique=True)
    name: str
    name_match: str = Field(index=True)
    """NFKC, case-folded, without 株式会社 and spaces; people and companies are compared by it."""
    zone: str | None = Field(default=None, index=True)


class Customer(SQLModel, table=True):
    """A person (or, with kind `company`, the firm itself where no person is known)."""

    id: int | None = _key()
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
    registered_at: datetime | None = _instant()
    created_at: datetime | None = _instant(nullable=False)
    version: int = Field(default=1, sa_type=BigInteger)
    """Raised by every write that a rule or gate can read."""
    bucket: int = Field(sa_column=Column(Integer, nullable=False, index=True))
    """Stored keyed hash in 0..2147483646: holdouts and the splitting of work."""
    cap_owner_id: int | None = Field(default=None, sa_column=Column(BigInteger, index=True))
    """Whose caps, locks and bucket hold: oneself (None), or the first person at a shared inbox."""
    merged_into: int | None = Field(default=None, sa_type=BigInteger, index=True)
    never: bool = False
    """The shop decided never to contact this person."""
    erased_at: datetime | None = _instant()
    note: str = ""


class CustomerTag(SQLModel, table=True):
    """A tag that a customer carries."""

    __tablename__ = "customer_tag"
    customer_id: int = _customer(primary_key=True, autoincrement=False)
    tag: str = Field(primary_key=True)
    __table_args__ = (Index("ix_customer_tag_tag", "tag", "customer_id"),)


class Address(SQLModel, table=True):
    """A way to reach a customer: channel and normalised value."""

    id: int | None = _key()
    customer_id: int = _customer()
    channel: str
    """email | line."""
    value: str
    """Normalised: lower-case domain for mail, the user id for LINE."""
    status: str = "ok"
    """ok | nonstandard (an old carrier address that breaks the RFC, sent as it is) | invalid (never sent to)."""
    shared_with: int | None = Field(default=None, sa_type=BigInteger)
    """The customer who held this address first, when two people share an inbox."""
    created_at: datetime | None = _instant(nullable=False)
    removed_at: datetime | None = _instant()
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

    id: int | None = _key()
    customer_id: int = _customer()
    channel: str
    purpose: str = "commercial"
    status: str
    """granted | withdrawn."""
    basis: str
    """opt_in | existing_customer | business_card | published_address | opt_out."""
    source: str
    """Where it was recorded: a file, a form, a person."""
    evidence: str = ""
    given_at: datetime | None = _instant(nullable=False)
    recorded_at: datetime | None = _instant(nullable=False)
    ended_at: datetime | None = _instant()
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

    id: int | None = _key()
    channel: str | None = None
    """None = every channel."""
    value: str | None = None
    """The address; None = the person, whatever the address."""
    customer_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    scope: str = "commercial"
    """commercial | all."""
    reason: str
    """opt_out | hard_bounce | complaint | erased."""
    source: str = ""
    created_at: datetime | None = _instant(nullable=False)
    lifted_at: datetime | None = _instant()
    __table_args__ = (Index("ix_suppression_value", "channel", "value"),)


class Product(SQLModel, table=True):
    """Something the shop sells."""

    id: int | None = _key()
    key: str = Field(unique=True)
    name: str
    category: str = Field(default="", index=True)
    price: int | None = Field(default=None, sa_type=BigInteger)
    url: str = ""
    image_url: str = ""
    on_sale: bool = True
    """False = can't be bought now."""
    created_at: datetime | None = _instant(nullable=False)


class ProductRelation(SQLModel, table=True):
    """A declared `related:` product, with the reason a template can say."""

    __tablename__ = "product_relation"
    product_id: int = _customer(primary_key=True, autoincrement=False)
    related_id: int = _customer(primary_key=True, autoincrement=False)
    position: int = 0
    reason: str = ""


class Order(SQLModel, table=True):
    """A purchase."""

    id: int | None = _key()
    key: str = Field(unique=True)
    """The order number, or one made from customer, date and lines where the file carries none."""
    customer_id: int = _customer()
    status: str = "ordered"
    """ordered | shipped | delivered | cancelled | returned."""
    ordered_at: datetime | None = _instant(nullable=False)
    shipped_at: datetime | None = _instant(index=True)
    delivered_at: datetime | None = _instant(index=True)
    cancelled_at: datetime | None = _instant()
    total: int = Field(default=0, sa_type=BigInteger)
    source: str = ""
    received_at: datetime | None = _instant(nullable=False)
    """When it came to us or last changed; a tick looks at what was received lately."""
    __table_args__ = (
        Index("ix_order_customer", "customer_id", "ordered_at"),
        Index("ix_order_ordered", "ordered_at"),
        Index("ix_order_received", "received_at"),
    )


class OrderLine(SQLModel, table=True):
    """One product in a purchase; customer, time and category are copied so that a rule needs no join."""

    __tablename__ = "order_line"
    id: int | None = _key()
    order_id: int = _customer()
    customer_id: int = _customer()
    ordered_at: datetime | None = _instant(nullable=False)
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

    id: int | None = _key()
    key: str = Field(unique=True)
    customer_id: int = _customer()
    status: str = "booked"
    """booked | visited | cancelled | no_show."""
    starts_at: datetime | None = _instant(nullable=False, index=True)
    booked_at: datetime | None = _instant()
    menu: str = ""
    staff: str = ""
    price: int = Field(default=0, sa_type=BigInteger)
    received_at: datetime | None = _instant(nullable=False, index=True)
    __table_args__ = (Index("ix_booking_customer", "customer_id", "starts_at"),)


class Event(SQLModel, table=True):
    """Anything else that happened to a customer."""

    id: int | None = _key()
    key: str = Field(unique=True)
    customer_id: int = _customer()
    kind: str
    occurred_at: datetime | None = _instant(nullable=False)
    received_at: datetime | None = _instant(nullable=False, index=True)
    properties: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    __table_args__ = (
        Index("ix_event_customer", "customer_id", "kind", "occurred_at"),
        Index("ix_event_kind", "kind", "occurred_at"),
    )


class DatedFact(SQLModel, table=True):
    """A day that comes round every year: a birthday, a wedding, a child's birthday."""

    __tablename__ = "dated_fact"
    id: int | None = _key()
    customer_id: int = _customer()
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


class Contact(SQLModel, table=True):
    """An approach to a customer, ours or a person's: what caps and contact frequency count."""

    id: int | None = _key()
    key: str | None = Field(default=None, unique=True)
    """Stable key of an imported contact; None for our own."""
    customer_id: int = _customer()
    owner_id: int = _customer()
    """Whose caps it counts to."""
    channel: str
    """email | line | call | visit | postcard | letter | chat."""
    direction: str = "out"
    """out | in."""
    at: datetime | None = _instant(nullable=False)
    counts: bool = True
    """Counts to the caps; fixed when it happened."""
    touch_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    source: str = ""
    note: str = ""
    __table_args__ = (
        Index("ix_contact_owner", "owner_id", "at"),
        Index("ix_contact_customer", "customer_id", "at"),
    )


class Hold(SQLModel, table=True):
    """Something that keeps offers back: an open complaint, or a refusal of a product or category."""

    id: int | None = _key()
    key: str | None = Field(default=None, unique=True)
    customer_id: int = _customer(index=True)
    kind: str
    """complaint | refusal."""
    product_id: int | None = Field(default=None, sa_type=BigInteger)
    category: str = ""
    opened_at: datetime | None = _instant(nullable=False)
    closed_at: datetime | None = _instant()
    """When it ends or ended; None = still open."""
    note: str = ""


class CustomerFact(SQLModel, table=True):
    """Facts about a customer that do not decay with time; kept by `insight`, never by hand."""

    __tablename__ = "customer_fact"
    customer_id: int = _customer(primary_key=True, autoincrement=False)
    order_count: int = 0
    """Orders that were neither cancelled nor returned."""
    order_total: int = Field(default=0, sa_type=BigInteger)
    first_order_at: datetime | None = _instant(index=True)
    first_order_id: int | None = Field(default=None, sa_type=BigInteger)
    last_order_at: datetime | None = _instant(index=True)
    last_contact_at: datetime | None = _instant(index=True)
    """The newest contact in the direction `out`."""


class Enrollment(SQLModel, table=True):
    """A customer inside a campaign for one occurrence."""

    id: int | None = _key()
    campaign: str
    customer_id: int = _customer()
    occurrence: str
    occurred_at: datetime | None = _instant(nullable=False)
    """The instant from which the first wait counts."""
    subject_id: int | None = Field(default=None, sa_type=BigInteger)
    """The order, booking or event that opened it."""
    opened_at: datetime | None = _instant(nullable=False)
    held_out: bool = False
    next_at: datetime | None = _instant()
    """When planning must look at it again; None when nothing is left to do."""
    customer_version: int = Field(default=0, sa_type=BigInteger)
    generation: int = Field(default=0, sa_type=BigInteger)
    ended_at: datetime | None = _instant()
    exit_reason: str | None = None
    """finished | exited | goal."""
    __table_args__ = (
        UniqueConstraint("customer_id", "campaign", "occurrence", name="ux_enrollment"),
        Index(
            "ix_enrollment_next",
            "next_at",
            sqlite_where=text("ended_at IS NULL"),
            postgresql_where=text("ended_at IS NULL"),
        ),
        Index("ix_enrollment_campaign", "campaign", "customer_id", "occurred_at"),
    )


class Membership(SQLModel, table=True):
    """Who is in a watched segment since when; NULL since = was in it when the watch began, and opens nothing."""

    segment: str = Field(primary_key=True)
    customer_id: int = _customer(primary_key=True, autoincrement=False)
    since: datetime | None = _instant()


class Touch(SQLModel, table=True):
    """Ledger and outbox in one row: one step of one occurrence for one customer, and what became of it."""

    id: int | None = _key()
    campaign: str
    step: str
    customer_id: int = _customer()
    owner_id: int = _customer()
    occurrence: str
    subject_id: int | None = Field(default=None, sa_type=BigInteger)
    channel: str | None = None
    status: str
    """planned | held_out | dropped | expired | cancelled | suppressed | claimed | sending | sent | failed | unknown."""
    due_at: datetime | None = _instant(nullable=False)
    """The wish; it never moves."""
    at: datetime | None = _instant()
    """The slot, later the real instant; None while a fixed gate keeps it back."""
    expires_at: datetime | None = _instant(nullable=False)
    priority: int
    obeys_cap: bool = True
    counts_to_cap: bool = True
    verdict: str = "ok"
    """`ok`, or the first failing gate of the last decision."""
    failing: list[Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """All failing gates with observed value, limit and the earliest time each alone would pass."""
    decided_at: datetime | None = _instant(nullable=False)
    campaign_version: int = Field(default=0, sa_type=BigInteger)
    customer_version: int = Field(default=0, sa_type=BigInteger)
    generation: int = Field(default=0, sa_type=BigInteger)
    __table_args__ = (
        UniqueConstraint("customer_id", "campaign", "occurrence", "step", name="ux_touch"),
        Index(
            "ix_touch_owner",
            "owner_id",
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
        Index(
            "ix_touch_at", "at", sqlite_where=text("status = 'planned'"), postgresql_where=text("status = 'planned'")
        ),
        Index(
            "ix_touch_expires",
            "expires_at",
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
        Index("ix_touch_campaign", "campaign", "at"),
    )


class TouchLog(SQLModel, table=True):
    """What changed on a touch after its first row: append-only."""

    __tablename__ = "touch_log"
    id: int | None = _key()
    touch_id: int = _customer(index=True)
    logged_at: datetime | None = _instant(nullable=False)
    status: str
    verdict: str
    at: datetime | None = _instant()
    channel: str | None = None
    failing: list[Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class CampaignVersion(SQLModel, table=True):
    """Every text of a campaign that ever planned something, so that a decision can be explained months later."""

    __tablename__ = "campaign_version"
    id: int | None = _key()
    campaign: str
    digest: str
    source: str
    """The YAML as it was read."""
    steps: list[Any] = Field(default_factory=list, sa_type=JSON)
    """Step names in order: a removed step keeps its old position."""
    first_seen_at: datetime | None = _instant(nullable=False)
    __table_args__ = (UniqueConstraint("campaign", "digest", name="ux_campaign_version"),)


class Cadence(SQLModel, table=True):
    """When a piece of periodic planning last ran: `full`, `entered:<segment>`, `schedule:<campaign>:<occurrence>`."""

    name: str = Field(primary_key=True)
    last_at: datetime | None = _instant(nullable=False)
    opened: int = Field(default=0, sa_type=BigInteger)
    """For a schedule: how many it opened for."""
    left_out: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """For a schedule: how many were in the audience but could not be reached, by gate."""


class CustomerChange(SQLModel, table=True):
    """Customers whose version rose since planning last looked; planning removes what it has seen."""

    __tablename__ = "customer_change"
    customer_id: int = _customer(primary_key=True, autoincrement=False)
    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class Generation(SQLModel, table=True):
    """The state of config, campaigns and pauses that decisions were made under; a new digest is a new generation."""

    id: int | None = _key()
    digest: str
    began_at: datetime | None = _instant(nullable=False)


class Pause(SQLModel, table=True):
    """A stop set by a person or by a fault: everything, a channel or a campaign."""

    id: int | None = _key()
    scope: str
    """all | channel:<name> | campaign:<name>."""
    reason: str = ""
    began_at: datetime | None = _instant(nullable=False)
    until_at: datetime | None = _instant()
    ended_at: datetime | None = _instant()


class ImportRun(SQLModel, table=True):
    """One import of a file, so that a killed one can be resumed and a person can see what came from where."""

    __tablename__ = "import_run"
    id: int | None = _key()
    file: str
    kind: str
    preset: str
    digest: str
    status: str
    """staged | applying | done | failed."""
    started_at: datetime | None = _instant(nullable=False)
    finished_at: datetime | None = _instant()
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ImportRow(SQLModel, table=True):
    """A row of the file being imported, already checked; removed when the run is done."""

    __tablename__ = "import_row"
    run_id: int = _customer(primary_key=True, autoincrement=False)
    row: int = Field(primary_key=True)
    verdict: str
    """new | changed | unchanged | rejected."""
    customer_id: int | None = Field(default=None, sa_type=BigInteger)
    values: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    applied: bool = False


class Setting(SQLModel, table=True):
    """What the database itself must remember: its own id and the key of the bucket hash."""

    name: str = Field(primary_key=True)
    value: str


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def probe(model: type[SQLModel]) -> Alias:
    """The model's table under a name of its own, for subqueries that must not be tied to the statement around them."""
    found = table(model)
    return found.alias(f"{found.name}_probe")
