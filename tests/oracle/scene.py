"""What a tick of the second planner sees: the shop as it is, its files in force, and the hour."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from nurture.campaign import Campaign, Campaigns, Entered
from nurture.config import Settings

from .conditions import View, holds
from .ledger import Memory
from .offering import offered
from .permission import permitted, suppressed, usable
from .state import Booking, Customer, Event, Order, State
from .time import HOUR, day_of, day_start

SUBJECTS = {"order": Order, "booking": Booking, "event": Event}


class Scene:
    """One tick's surroundings, and the questions about a person that several parts of it ask."""

    def __init__(
        self,
        state: State,
        settings: Settings,
        campaigns: Campaigns,
        requires: Mapping[str, tuple[str, ...]],
        memory: Memory,
        now: int,
    ) -> None:
        self.state, self.settings, self.memory, self.now, self.requires = state, settings, memory, now, requires
        self.campaigns = {each.campaign: each for each in campaigns.campaigns}
        self.segments = campaigns.segments
        self.horizon = day_start(day_of(now, settings.timezone) + timedelta(days=2), settings.timezone)
        digest = (settings.digest, campaigns.digest, tuple(sorted(requires.items())))
        self.renewed = memory.digest != digest or state.paused_or_resumed
        memory.digest = digest
        self.full = self.renewed or memory.last_full is None or memory.last_full // HOUR != now // HOUR
        self.opened: set[int] = set()
        """Enrollments (by identity) that open at this tick."""

    def active(self) -> list[Customer]:
        return [each for each in self.state.customers if each.active]

    def view(self, subject: Any = None, occurred_at: int | None = None, enrollment: Any = None) -> View:
        return View(
            self.state,
            self.settings,
            self.segments,
            self.now,
            self.memory.handed_over,
            enrollment,
            subject,
            occurred_at,
        )

    def in_audience(self, campaign: Campaign, person: Customer, view: View) -> bool:
        if isinstance(campaign.trigger, Entered):
            condition = self.segments[campaign.trigger.entered].condition
            if not holds(condition, person, view):
                return False
        return holds(campaign.audience, person, view) and (
            campaign.offer is None or offered(campaign.offer, person, view)
        )

    def exits(self, campaign: Campaign, person: Customer, view: View) -> bool:
        return campaign.exit_when is not None and holds(campaign.exit_when, person, view)

    def subject(self, occurrence: str, subject_id: int | None) -> Any:
        kind = SUBJECTS.get(occurrence.partition(":")[0])
        return self.state.one(kind, subject_id) if kind else None

    def furthest(self, campaign: Campaign, person: Customer, channel: str) -> int | None:
        """The number of the first gate of a channel that refuses; None = it passes."""
        commercial = campaign.purpose == "commercial"
        if not usable(person, channel, self.state):
            return 0
        if suppressed(person, channel, self.state, ("commercial", "all") if commercial else ("all",)):
            return 1
        return 2 if commercial and not permitted(person, channel, self.state) else None
