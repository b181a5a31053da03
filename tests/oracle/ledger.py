"""What the oracle remembers between ticks: enrollments, touches, memberships and when it last looked."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from nurture.campaign import Campaign, Step

from .state import Customer

HANDED_OVER = ("claimed", "sending", "sent", "unknown", "failed")

Key = tuple[int, str, str]
"""Customer, campaign, occurrence."""


@dataclass
class Enrollment:
    campaign: str
    customer_id: int
    occurrence: str
    occurred_at: int
    subject_id: int | None
    opened_at: int
    held_out: bool = False
    next_at: int | None = None
    ended_at: int | None = None
    exit_reason: str | None = None

    @property
    def key(self) -> Key:
        return self.customer_id, self.campaign, self.occurrence


@dataclass
class Touch:
    campaign: str
    step: str
    customer_id: int
    owner_id: int
    occurrence: str
    status: str
    channel: str | None
    due: int
    at: int | None
    expires: int
    verdict: str
    counts: bool
    obeys: bool
    priority: int
    id: int | None = None


@dataclass
class Candidate:
    """A step that is asked at this tick, and what is found out about it."""

    enrollment: Enrollment
    campaign: Campaign
    step: Step
    index: int
    person: Customer
    zone: str
    touch: Touch | None
    due: int
    expires: int
    channels: list[str] = field(default_factory=list)
    """The step's channels that pass the gates of a channel, in its order."""
    channel: str | None = None
    gate: str | None = None
    """The first fixed gate that refuses; None = it is placed."""
    status: str | None = None
    """What the step becomes at this tick; None = it waits."""
    verdict: str = "ok"
    at: int | None = None
    shut: list[tuple[str | None, int, int]] = field(default_factory=list)
    """Periods of shared limits without room: the channel they hold for (None = any), start, end."""

    @property
    def commercial(self) -> bool:
        return self.campaign.purpose == "commercial"


@dataclass
class Memory:
    """Everything that outlives a tick."""

    enrollments: dict[Key, Enrollment] = field(default_factory=dict)
    touches: dict[tuple[Key, str], Touch] = field(default_factory=dict)
    members: dict[str, dict[int, int | None]] = field(default_factory=dict)
    """Segment → customer → since when; None = since before the watch."""
    evaluated: dict[str, int] = field(default_factory=dict)
    """Segment → when it was last evaluated."""
    done: set[tuple[str, str]] = field(default_factory=set)
    """Campaign and occurrence of schedules that need no look any more."""
    last_tick: int | None = None
    last_full: int | None = None
    digest: Any = None
    _enrolled: defaultdict[int, list[Enrollment]] = field(default_factory=lambda: defaultdict(list))
    _touches: defaultdict[Key, list[Touch]] = field(default_factory=lambda: defaultdict(list))

    def enroll(self, enrollment: Enrollment) -> None:
        """A new enrollment."""
        self.enrollments[enrollment.key] = enrollment
        self._enrolled[enrollment.customer_id].append(enrollment)

    def write(self, enrollment: Enrollment, touch: Touch) -> None:
        """A new touch."""
        self.touches[enrollment.key, touch.step] = touch
        self._touches[enrollment.key].append(touch)

    def enrollments_of(self, customer_id: int) -> list[Enrollment]:
        return self._enrolled[customer_id]

    def touches_of(self, enrollment: Enrollment) -> list[Touch]:
        return self._touches[enrollment.key]

    @property
    def handed_over(self) -> list[Touch]:
        return [each for each in self.touches.values() if each.status in HANDED_OVER]
