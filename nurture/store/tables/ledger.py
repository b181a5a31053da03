"""The ledger: enrollments, memberships and touches, and every change of them. No queries are kept here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, LargeBinary, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from .column import customer_column, instant_column, key_column


class Enrollment(SQLModel, table=True):
    """A customer inside a campaign for one occurrence."""

    id: int | None = key_column()
    campaign: str
    customer_id: int = customer_column()
    occurrence: str
    occurred_at: datetime | None = instant_column(nullable=False)
    """The instant from which the first wait counts."""
    subject_id: int | None = Field(default=None, sa_type=BigInteger)
    """The order, booking or event that opened it."""
    opened_at: datetime | None = instant_column(nullable=False)
    held_out: bool = False
    next_at: datetime | None = instant_column()
    """When planning must look at it again; None when nothing is left to do."""
    generation: int = Field(default=0, sa_type=BigInteger)
    ended_at: datetime | None = instant_column()
    exit_reason: str | None = None
    """finished | exited | closed."""
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
    customer_id: int = customer_column(primary_key=True, autoincrement=False)
    since: datetime | None = instant_column()


class Touch(SQLModel, table=True):
    """Ledger and outbox in one row: one step of one occurrence for one customer, and what became of it."""

    id: int | None = key_column()
    campaign: str
    step: str
    customer_id: int = customer_column()
    owner_id: int = customer_column()
    occurrence: str
    subject_id: int | None = Field(default=None, sa_type=BigInteger)
    channel: str | None = None
    status: str
    """planned | held_out | dropped | expired | cancelled | suppressed | claimed | sending | sent | failed | unknown."""
    due_at: datetime | None = instant_column(nullable=False)
    """The wish; it never moves."""
    at: datetime | None = instant_column()
    """The slot, later the real instant; None while a fixed gate keeps it back."""
    expires_at: datetime | None = instant_column(nullable=False)
    priority: int
    obeys_cap: bool = True
    counts_to_cap: bool = True
    verdict: str = "ok"
    """`ok`, or the first failing gate of the last decision."""
    failing: list[Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))
    """All failing gates with observed value, limit and the earliest time each alone would pass."""
    decided_at: datetime | None = instant_column(nullable=False)
    campaign_version: int = Field(default=0, sa_type=BigInteger)
    customer_version: int = Field(default=0, sa_type=BigInteger)
    """The customer's version under which every gate was asked last; the fence demands that a claim's still holds."""
    generation: int = Field(default=0, sa_type=BigInteger)
    token: int = Field(default=0, sa_type=BigInteger)
    """Fencing token: raised by every claim, so that a worker that lost its lease can write no outcome."""
    worker: str | None = None
    lease_until: datetime | None = instant_column()
    sendable_until: datetime | None = instant_column()
    """End of the window less the guard band, or expiry: past it the fence refuses."""
    attempts: int = 0
    hop: int = 0
    """0 = the first channel; a fallback channel is the next hop."""
    result: str | None = None
    """Code and class of the last outcome, e.g. `250`, `550 address`, `template`."""
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
        # In the order in which a claim takes them: of a newsletter a million are due at one instant.
        Index(
            "ix_touch_due",
            "channel",
            "at",
            text("priority DESC"),
            "id",
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
        Index(
            "ix_touch_expires",
            "expires_at",
            sqlite_where=text("status = 'planned'"),
            postgresql_where=text("status = 'planned'"),
        ),
        Index("ix_touch_campaign", "campaign", "at"),
        # The quota of a channel is counted at every claim.
        Index("ix_touch_channel", "channel", "status", "at"),
        Index(
            "ix_touch_unknown",
            "at",
            sqlite_where=text("status = 'unknown'"),
            postgresql_where=text("status = 'unknown'"),
        ),
        Index(
            "ix_touch_lease",
            "lease_until",
            sqlite_where=text("status IN ('claimed', 'sending')"),
            postgresql_where=text("status IN ('claimed', 'sending')"),
        ),
    )


class TouchLog(SQLModel, table=True):
    """What changed on a touch after its first row: append-only."""

    __tablename__ = "touch_log"
    id: int | None = key_column()
    touch_id: int = customer_column(index=True)
    logged_at: datetime | None = instant_column(nullable=False)
    status: str
    verdict: str
    at: datetime | None = instant_column()
    channel: str | None = None
    failing: list[Any] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True)))


class Message(SQLModel, table=True):
    """The frozen bytes of a touch for one hop; from the first fence on they never change."""

    id: int | None = key_column()
    touch_id: int = customer_column()
    hop: int = 0
    channel: str
    recipient: str
    """Mail address or LINE user id."""
    key: str
    """Message-ID of a mail, retry key of a push."""
    body: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime | None = instant_column(nullable=False)
    first_attempt_at: datetime | None = instant_column()
    """When the first fence was passed; LINE's retry key is good for 24 hours from then."""
    __table_args__ = (UniqueConstraint("touch_id", "hop", name="ux_message"),)


class Attempt(SQLModel, table=True):
    """One network try that passed the fence, and what became of it; append-only but for its outcome."""

    id: int | None = key_column()
    touch_id: int = customer_column(index=True)
    hop: int = 0
    token: int = Field(default=0, sa_type=BigInteger)
    channel: str
    fenced_at: datetime | None = instant_column(nullable=False)
    finished_at: datetime | None = instant_column()
    result: str = "open"
    """open | accepted | deferred | rejected | unknown | not_sent."""
    code: str = ""
    reply: str = ""
    """The receiver's words, cut short and without addresses."""


class CampaignVersion(SQLModel, table=True):
    """Every text of a campaign that ever planned something, so that a decision can be explained months later."""

    __tablename__ = "campaign_version"
    id: int | None = key_column()
    campaign: str
    digest: str
    source: str
    """The YAML as it was read."""
    steps: list[Any] = Field(default_factory=list, sa_type=JSON)
    """Step names in order: a removed step keeps its old position."""
    first_seen_at: datetime | None = instant_column(nullable=False)
    __table_args__ = (UniqueConstraint("campaign", "digest", name="ux_campaign_version"),)
