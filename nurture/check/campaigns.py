"""What a campaign promises and breaks: cross-selling to new customers, an offer that calls itself transactional."""

from collections.abc import Iterator, Mapping

from nurture.campaign import Campaign
from nurture.condition import AllOf, AnyOf, Condition, Not
from nurture.condition.vocabulary import InSegment, Orders, Received
from nurture.gates.situation import Situation

from .finding import Finding
from .written import in_campaign

KNOWN_FROM = 2
"""So many orders make somebody more than a new customer."""


def look_at_campaigns(situation: Situation) -> Iterator[Finding]:
    """Every campaign for itself."""
    for campaign in situation.campaigns.campaigns:
        if campaign.kind == "cross_sell" and not campaign.because and not _spares_new(campaign, situation.segments):
            yield in_campaign("error", campaign, ("audience",), "check.cross_sell")
        if campaign.purpose == "transactional" and campaign.offer:
            # 特定電子メール法: what promotes a sale is advertising, whatever else the mail says.
            yield in_campaign("error", campaign, ("offer",), "check.transactional_offer")


def _spares_new(campaign: Campaign, segments: Mapping[str, Condition]) -> bool:
    return any(_knows_us(each, segments) for each in _demanded(campaign.audience))


def _knows_us(condition: Condition, segments: Mapping[str, Condition]) -> bool:
    if isinstance(condition, InSegment):
        return any(_knows_us(each, segments) for each in _demanded(segments[condition.name]))
    if isinstance(condition, Orders):
        return bool(condition.count and (condition.count.at_least or 0) >= KNOWN_FROM)
    return isinstance(condition, Received)


def _demanded(condition: Condition) -> Iterator[Condition]:
    """The operators that are asked for and not refused."""
    if isinstance(condition, AllOf | AnyOf):
        for part in condition.parts:
            yield from _demanded(part)
    elif not isinstance(condition, Not):
        yield condition
