"""The shop of the bench: its settings, its campaigns and what their templates require."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from nurture.campaign import Campaigns, load_campaigns
from nurture.config import Settings
from nurture.gates.situation import Situation

CAMPAIGNS = Path(__file__).parent / "campaigns"
REQUIRES: Mapping[str, tuple[str, ...]] = {
    "birthday": ("customer.family_name",),
    "thanks": ("order.number", "order.first_item"),
    "plain": (),
}
"""Template → variables it can't do without."""


def shop() -> Settings:
    """The default caps and hours: two in seven days, one a day, twenty hours apart."""
    line = {"enabled": True, "monthly_quota": None}
    return Settings.model_validate({"shop": {"name": "bench"}, "timezone": "Asia/Tokyo", "line": line})


def rules(now: datetime) -> Situation:
    """The four rules that are compared with SQL written by hand."""
    return _situation("rules", now)


def twenty(now: datetime) -> Situation:
    """A busy shop: ten campaigns on orders with two steps each, two anniversaries, six `entered`, two letters."""
    return _situation("twenty", now)


def only(situation: Situation, name: str) -> Situation:
    """The situation with one of its campaigns."""
    chosen = tuple(each for each in situation.campaigns.campaigns if each.campaign == name)
    campaigns = Campaigns(campaigns=chosen, segments=situation.campaigns.segments)
    return Situation(situation.settings, campaigns, situation.requires, situation.now)


def _situation(folder: str, now: datetime) -> Situation:
    settings = shop()
    return Situation(settings, load_campaigns(CAMPAIGNS / folder, settings), REQUIRES, now)
