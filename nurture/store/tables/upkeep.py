"""Upkeep: what planning, importing, the door and the database itself must remember. No queries are kept here."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Text, text
from sqlmodel import Field, SQLModel

from .column import customer_column, instant_column, key_column


class Cadence(SQLModel, table=True):
    """When a piece of periodic planning last ran: `full`, `entered:<segment>`, `schedule:<campaign>:<occurrence>`."""

    name: str = Field(primary_key=True)
    last_at: datetime | None = instant_column(nullable=False)
    opened: int = Field(default=0, sa_type=BigInteger)
    """For a schedule: how many it opened for."""
    left_out: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """For a schedule: how many were in the audience but could not be reached, by gate."""


class CustomerChange(SQLModel, table=True):
    """Customers whose version rose since planning last looked; planning removes what it has seen."""

    __tablename__ = "customer_change"
    customer_id: int = customer_column(primary_key=True, autoincrement=False)
    version: int = Field(sa_column=Column(BigInteger, primary_key=True, autoincrement=False))


class Generation(SQLModel, table=True):
    """The state of config, campaigns and pauses that decisions were made under; a new digest is a new generation."""

    id: int | None = key_column()
    digest: str
    began_at: datetime | None = instant_column(nullable=False)


class Pause(SQLModel, table=True):
    """A stop set by a person or by a fault: everything, a channel or a campaign."""

    id: int | None = key_column()
    scope: str
    """all | channel:<name> | campaign:<name>."""
    reason: str = ""
    began_at: datetime | None = instant_column(nullable=False)
    until_at: datetime | None = instant_column()
    ended_at: datetime | None = instant_column()


class ImportRun(SQLModel, table=True):
    """One import of a file, so that a killed one can be resumed and a person can see what came from where."""

    __tablename__ = "import_run"
    id: int | None = key_column()
    file: str
    kind: str
    preset: str
    digest: str
    status: str
    """staged | applying | done | failed."""
    started_at: datetime | None = instant_column(nullable=False)
    finished_at: datetime | None = instant_column()
    counts: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class ImportRow(SQLModel, table=True):
    """A row of the file being imported, already checked; removed when the run is done."""

    __tablename__ = "import_row"
    run_id: int = customer_column(primary_key=True, autoincrement=False)
    row: int = Field(primary_key=True)
    verdict: str
    """new | changed | unchanged | rejected."""
    customer_id: int | None = Field(default=None, sa_type=BigInteger)
    values: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    applied: bool = False


class Inbound(SQLModel, table=True):
    """Something that came in from outside, as it came: kept before anything is done about it, and known by its key."""

    id: int | None = key_column()
    key: str = Field(unique=True)
    """What the sender calls it, e.g. `line:<webhookEventId>`: the same thing sent twice is one row."""
    kind: str
    """The sender's own word for it; unknown ones are kept too."""
    person: str | None = None
    """Whom the sender says it is from, e.g. a LINE user id."""
    subject: str | None = None
    """The id of the chat message that it is or takes back."""
    occurred_ms: int = Field(sa_type=BigInteger)
    """When it happened, in milliseconds since 1970: two things in one second have an order."""
    received_at: datetime | None = instant_column(nullable=False)
    body: str = Field(default="", sa_type=Text)
    """The JSON as it came; empty once its writer took it back."""
    customer_id: int | None = Field(default=None, sa_type=BigInteger, index=True)
    tries: int = 0
    """How often acting on it failed."""
    done_at: datetime | None = instant_column()
    """When it was acted on; None = still to do."""
    result: str = ""
    """What became of it."""
    __table_args__ = (
        Index(
            "ix_inbound_open",
            "occurred_ms",
            sqlite_where=text("done_at IS NULL"),
            postgresql_where=text("done_at IS NULL"),
        ),
        Index("ix_inbound_person", "person", "occurred_ms"),
        Index("ix_inbound_subject", "subject"),
    )


class LinkCode(SQLModel, table=True):
    """A code that a customer sends in the chat once, so that the shop knows who the LINE user is."""

    __tablename__ = "link_code"
    code: str = Field(primary_key=True)
    customer_id: int = customer_column(index=True)
    created_at: datetime | None = instant_column(nullable=False)
    expires_at: datetime | None = instant_column(nullable=False)
    used_at: datetime | None = instant_column()


class Throttle(SQLModel, table=True):
    """When the next message may leave, per channel or recipient domain; shared by all workers."""

    name: str = Field(primary_key=True)
    next_free: float = 0.0
    """Epoch seconds: the theoretical arrival time of the generic cell rate algorithm (ITU-T I.371)."""
    rate: float = 0.0
    """Messages a second in force; 0 = the configured one."""


class CapInForce(SQLModel, table=True):
    """One frequency cap of the generation in force, so that the database can refuse what would break it."""

    __tablename__ = "cap_rule"
    id: int | None = key_column()
    name: str
    """As it is shown."""
    at_most: int
    seconds: int = Field(sa_type=BigInteger)
    """Length of the rolling window; 0 for a calendar cap."""
    unit: str | None = None
    """day | week | month for a calendar cap."""
    channel: str | None = None
    """Counts and holds back only this channel; None = every contact."""


class Alarm(SQLModel, table=True):
    """Something that a person must know: it stands until it is cleared, and `status` shows it."""

    id: int | None = key_column()
    kind: str
    """clock | restored | breaker | backstop."""
    subject: str
    """Whom or what it is about: a host, a campaign, a rule."""
    about: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    """Values for its sentence; no personal data."""
    raised_at: datetime | None = instant_column(nullable=False)
    seen_at: datetime | None = instant_column(nullable=False)
    """When it last held."""
    cleared_at: datetime | None = instant_column()
    __table_args__ = (
        Index(
            "ux_alarm_standing",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("cleared_at IS NULL"),
            postgresql_where=text("cleared_at IS NULL"),
        ),
    )


class Lease(SQLModel, table=True):
    """Who holds a role that only one process may have, and until when: the planner's."""

    name: str = Field(primary_key=True)
    holder: str
    token: int = Field(default=0, sa_type=BigInteger)
    """Raised with each taking; whoever writes under an older one lost the role while it slept."""
    until_at: datetime | None = instant_column(nullable=False)


class Setting(SQLModel, table=True):
    """What the database itself must remember: its own id and the key of the bucket hash."""

    name: str = Field(primary_key=True)
    value: str
