"""Limits that customers share: the LINE quota, the mail provider's day, a campaign's own ceiling."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from nurture.zone import period_end, period_start

from .situation import Situation

CONSUMED = ("claimed", "sending", "sent", "unknown")
"""States of a touch that has used up its place under a limit."""


@dataclass(frozen=True)
class Limit:
    """At most `count` messages in each period."""

    name: str
    """As it is shown: `line per month`."""
    count: int
    period: Callable[[int], tuple[int, int]]
    """Instant → the half-open period it lies in."""
    channel: str | None = None
    campaign: str | None = None
    until: int | None = None
    """Holds only before this instant."""


def limits_of(situation: Situation) -> tuple[Limit, ...]:
    """Every shared limit that the settings and campaigns set."""
    zone, settings = situation.shop_zone, situation.settings

    def month(instant: int) -> tuple[int, int]:
        return period_start(zone, instant, "month"), period_end(zone, instant, "month")

    def day(instant: int) -> tuple[int, int]:
        return period_start(zone, instant, "day"), period_end(zone, instant, "day")

    found: list[Limit] = []
    if settings.line.monthly_quota is not None:
        found.append(Limit("line per month", settings.line.monthly_quota, month, channel="line"))
    if settings.email.per_day is not None:
        found.append(Limit("email per day", settings.email.per_day, day, channel="email"))
    for campaign in situation.campaigns.campaigns:
        if at_most := campaign.at_most:
            until = None
            if at_most.first_days and campaign.starts:
                until = zone.day_start(campaign.starts + timedelta(days=at_most.first_days))
            name = f"{campaign.campaign} per day"
            found.append(Limit(name, at_most.count, day, campaign=campaign.campaign, until=until))
    return tuple(found)
