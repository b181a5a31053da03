"""Where something stands in the file it was written in. What it means is not known here."""

from functools import lru_cache

from nurture.campaign import Campaign
from nurture.config import Settings
from nurture.document import Document, Keys, load_file, load_text
from nurture.mistake import Mistake, MistakesFound, Place

from .finding import Finding, Severity


def in_campaign(
    severity: Severity, campaign: Campaign, path: Keys, code: str, suggestion: str = "", **values: object
) -> Finding:
    """A finding at a key of a campaign's file."""
    document = _document(campaign.source, campaign.file)
    place = document.place(path) if document else Place(campaign.file)
    return Finding(severity, Mistake(place, code, values, ".".join(map(str, path)), suggestion))


def in_segment(severity: Severity, settings: Settings, name: str, code: str, **values: object) -> Finding:
    """A finding about a named segment, at the place where it is written."""
    folder = settings.folder / settings.campaigns
    for path in sorted(folder.glob("**/*.y*ml")):
        document = load_file(path, f"{folder.name}/{path.relative_to(folder)}")
        segments = document.value.get("segments", ()) if isinstance(document.value, dict) else ()
        for number, each in enumerate(segments):
            if each.get("segment") == name:
                place = document.place(("segments", number, "segment"))
                return Finding(severity, Mistake(place, code, values))
    return Finding(severity, Mistake(Place(f"{folder.name}/"), code, values))


@lru_cache(maxsize=512)
def _document(source: str, file: str) -> Document | None:
    try:
        return load_text(source, file)
    except MistakesFound:
        return None
