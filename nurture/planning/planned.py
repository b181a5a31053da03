"""What a plan leaves, as frozen values: touches, enrollments, who is refused and whom a broadcast can't reach.

No query stands here; `reading` finds the rows.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement

from nurture.store import among


class PlannedTouch(NamedTuple):
    """One step for one customer as the plan leaves it. Instants are epoch seconds."""

    mark: str
    """new | open | moved."""
    written: bool
    """A commit leaves a row in `touch` for it; False = nothing is concluded yet."""
    campaign: str
    step: str
    customer_id: int
    owner_id: int
    occurrence: str
    subject_id: int | None
    channel: str | None
    status: str
    due_at: int
    at: int | None
    expires_at: int
    priority: int
    obeys_cap: bool
    counts_to_cap: bool
    verdict: str
    failing: list[dict[str, Any]] | None
    decided_at: int
    campaign_version: int | None
    """None = this text of the campaign has planned nothing before and gets its number at the commit."""
    customer_version: int
    generation: int
    occurred_at: int
    """The occurrence's instant."""
    zone: str
    """The customer's zone."""
    kind: str
    """individual | company."""
    customer_key: str | None
    name: str
    family_name: str
    given_name: str
    company: str | None
    """The account's name."""

    @property
    def sends(self) -> bool:
        """It has a slot."""
        return self.status == "planned" and self.at is not None


class PlannedEnrollment(NamedTuple):
    """One enrollment that a commit writes. Instants are epoch seconds."""

    mark: str
    """new | advanced."""
    campaign: str
    customer_id: int
    occurrence: str
    occurred_at: int
    subject_id: int | None
    opened_at: int
    held_out: bool
    next_at: int | None
    generation: int
    ended_at: int | None
    exit_reason: str | None


@dataclass(frozen=True)
class Refusal:
    """How many steps of a campaign are not sent, and why."""

    campaign: str
    verdict: str
    status: str
    count: int


@dataclass(frozen=True)
class LeftOut:
    """Whom a broadcast can't reach."""

    campaign: str
    label: str
    """Local date and time of the broadcast, `2026-11-22T10:00`."""
    counts: dict[str, int] = field(default_factory=dict)
    """Gate → people in its audience."""


@dataclass(frozen=True)
class Chosen:
    """Which part of a plan is asked about; nothing chosen is everything."""

    campaign: str | None = None
    customers: tuple[int, ...] | None = None

    def conditions(self, rows: Any) -> list[ColumnElement[bool]]:
        """The choice as conditions on rows with `campaign` and `customer_id`."""
        found = [rows.c.campaign == self.campaign] if self.campaign is not None else []
        return found + ([among(rows.c.customer_id, self.customers)] if self.customers is not None else [])
