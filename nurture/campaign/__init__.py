"""The YAML language of campaigns: shape, loading with a place for every mistake, JSON Schema. No SQL here."""

from .draft import Draft
from .loading import CampaignsRead, load_campaigns, read_campaigns
from .model import (
    After,
    Anniversary,
    AtMost,
    Campaign,
    Campaigns,
    Channel,
    Entered,
    Every,
    Schedule,
    Segment,
    Step,
    Trigger,
)
from .schema import campaign_schema

__all__ = [
    "After",
    "Anniversary",
    "AtMost",
    "Campaign",
    "Campaigns",
    "CampaignsRead",
    "Channel",
    "Draft",
    "Entered",
    "Every",
    "Schedule",
    "Segment",
    "Step",
    "Trigger",
    "campaign_schema",
    "load_campaigns",
    "read_campaigns",
]
