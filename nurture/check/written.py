"""Where something stands in the file it was written in. What it means is not known here."""

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from nurture.campaign import Campaign, Draft
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
    document, path = _segment(settings, name)
    return Finding(severity, Mistake(document.place((*path, "segment")), code, values))


def in_draft(draft: Draft, start: Keys, word: str, code: str, suggestion: str, values: Mapping[str, object]) -> Finding:
    """A warning about the value `found` under `word`, somewhere below `start` in the file."""
    document = draft.document
    for path in document.places:
        if path[: len(start)] == start and word in path and document.value_at(path) == values["found"]:
            break
    else:
        path = start
    return Finding("warning", Mistake(document.place(path), code, values, ".".join(map(str, start)), suggestion))


def _segment(settings: Settings, name: str) -> tuple[Document, Keys]:
    """The file of a segment and its path there."""
    folder = settings.folder / settings.campaigns
    for path in sorted(folder.glob("**/*.y*ml")):
        document = _file(path, f"{folder.name}/{path.relative_to(folder)}", path.stat().st_mtime_ns)
        listed = document.value.get("segments") if document and isinstance(document.value, dict) else None
        for number, each in enumerate(listed if isinstance(listed, list) else ()):
            if document and isinstance(each, dict) and name in (each.get("segment"), each.get("name")):
                return document, ("segments", number)
    return Document(f"{folder.name}/", {}, {}), ()


@lru_cache(maxsize=512)
def _file(path: Path, shown: str, changed: int) -> Document | None:
    try:
        return load_file(path, shown)
    except MistakesFound:
        return None


@lru_cache(maxsize=512)
def _document(source: str, file: str) -> Document | None:
    try:
        return load_text(source, file)
    except MistakesFound:
        return None
