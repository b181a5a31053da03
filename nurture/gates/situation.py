"""What a plan is made from, beside the database: settings, campaigns, what templates require, and `now`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, literal

from nurture.campaign import After, Anniversary, Campaign, Campaigns, Entered, Schedule, Step
from nurture.condition import Condition
from nurture.config import Settings
from nurture.gates.cap import CapRule, cap_rules
from nurture.rules.moment import Moment
from nurture.rules.scope import Subject
from nurture.zone import DAY, Duration, ZoneTable, zone_table


@dataclass(frozen=True)
class PlannedStep:
    """A step with what planning needs to know of it."""

    id: int
    """Number of the step in the order of (campaign, step) names, so that it sorts as they do."""
    campaign: Campaign
    step: Step
    position: int
    waits: tuple[Duration, ...]
    """The waits that lead here from the occurrence."""
    requires: tuple[str, ...]
    """Variables the template can't do without."""

    @property
    def days(self) -> int:
        """Calendar days from the occurrence to the wish."""
        return sum(wait.days for wait in self.waits)

    @property
    def seconds(self) -> int:
        """Seconds from there to the wish."""
        return sum(wait.seconds for wait in self.waits)

    @property
    def valid_for(self) -> Duration | None:
        """How long after its due time it may still be sent; None = to the end of that local day."""
        if self.step.valid_for is not None:
            return self.step.valid_for
        if isinstance(self.campaign.trigger, Anniversary):
            return None
        return Duration(0, DAY if isinstance(self.campaign.trigger, Schedule) else 2 * DAY, 0)

    @property
    def reach_seconds(self) -> int:
        """Seconds from the occurrence to the end of validity, a day counted as 86,400."""
        valid = self.valid_for or Duration(1, 0, 0)
        return (self.days + valid.days) * DAY + self.seconds + valid.seconds


@dataclass(frozen=True)
class Situation:
    """Everything a plan depends on but the database; equal situations and snapshots give equal plans."""

    settings: Settings
    campaigns: Campaigns
    requires: Mapping[str, tuple[str, ...]]
    """Template name → variables it requires."""
    now: datetime
    moment: Moment | None = None
    """Where statements are built to be kept: whom they ask for the instant when they run."""

    @cached_property
    def instant(self) -> int:
        """`now` in epoch seconds."""
        assert self.moment is None, "a statement that is kept knows no instant"
        return int(self.now.timestamp())

    @property
    def asked_at(self) -> ColumnElement[int]:
        """The instant, to compare a column with."""
        return literal(self.instant, BigInteger) if self.moment is None else self.moment.now

    def following(self, read: Callable[[int], int]) -> Any:
        """What follows from the instant, for a statement: a number, or a parameter that is read when it runs."""
        return read(self.instant) if self.moment is None else self.moment.bound(read)

    @cached_property
    def shop_zone(self) -> ZoneTable:
        """The shop's own zone."""
        return zone_table(self.settings.timezone)

    @cached_property
    def horizon(self) -> int:
        """The end of tomorrow in the shop's zone: what is due before it is planned now."""
        return self.horizon_at(self.instant)

    def horizon_at(self, instant: int) -> int:
        """The horizon of another instant."""
        return self.shop_zone.day_start(self.shop_zone.local_date(instant) + timedelta(days=2))

    @cached_property
    def steps(self) -> tuple[PlannedStep, ...]:
        """Every step of every campaign, numbered in the order of their names."""
        named = sorted(
            ((campaign, position) for campaign in self.campaigns.campaigns for position in range(len(campaign.steps))),
            key=lambda each: (each[0].campaign, each[0].steps[each[1]].step),
        )
        return tuple(self._step(number, campaign, position) for number, (campaign, position) in enumerate(named))

    def _step(self, number: int, campaign: Campaign, position: int) -> PlannedStep:
        step = campaign.steps[position]
        waits: tuple[Duration, ...] = ()
        for each in campaign.steps[: position + 1]:
            waits = (each.wait,) if each.wait_from == "occurrence" else (*waits, each.wait)
        return PlannedStep(number, campaign, step, position, waits, self.requires.get(step.template, ()))

    def steps_of(self, campaign: Campaign) -> tuple[PlannedStep, ...]:
        """The steps of one campaign by position."""
        mine = (each for each in self.steps if each.campaign.campaign == campaign.campaign)
        return tuple(sorted(mine, key=lambda each: each.position))

    def lookback(self, campaign: Campaign) -> int:
        """How many seconds an occurrence may lie back and still open: as long as a step could be valid."""
        return max(each.reach_seconds for each in self.steps_of(campaign))

    @cached_property
    def segments(self) -> Mapping[str, Condition]:
        """The condition tree of every named segment."""
        return {name: segment.condition for name, segment in self.campaigns.segments.items()}

    @cached_property
    def caps(self) -> tuple[CapRule, ...]:
        """The frequency caps, the minimum gap last."""
        return cap_rules(self.settings)

    @cached_property
    def digest(self) -> str:
        """Changes whenever config or campaigns change."""
        return f"{self.settings.digest[:32]}{self.campaigns.digest[:32]}"


def subject_of(campaign: Campaign) -> Subject | None:
    """What kind of row opens the campaign's occurrences."""
    return campaign.trigger.table if isinstance(campaign.trigger, After) else None


def watched_segments(campaigns: Campaigns) -> tuple[str, ...]:
    """The segments that some `entered` trigger watches, in order."""
    names = {each.trigger.entered for each in campaigns.campaigns if isinstance(each.trigger, Entered)}
    return tuple(sorted(names))
