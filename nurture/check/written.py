"""Where something stands in the file it was written in. What it means is not known here."""

from functools import lru_cache

from nurture.campaign import Campaign
from nurture.document import Document, Keys, load_text
from nurture.mistake import Mistake, MistakesFound, Place

from .finding import Finding, Severity


def in_campaign(
    severity: Severity, campaign: Campaign, path: Keys, code: str, suggestion: str = "", **values: object
) -> Finding:
    """A finding at a key of a campaign's file."""
    document = _document(campaign.source, campaign.file)
    place = document.place(path) if document else Place(campaign.file)
    return Finding(severity, Mistake(place, code, values, ".".join(map(str, path)), suggestion))


@lru_cache(maxsize=512)
def _document(source: str, file: str) -> Document | None:
    try:
        return load_text(source, file)
    except MistakesFound:
        return None
