"""Reading campaign files: every mistake of every file at once, each with file, line and column."""

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from nurture.condition import Condition, Operator, parse_condition, walk
from nurture.condition.vocabulary import LARGEST_NUMBER, AttributeIs, Bookings, InSegment, Orders, Received, This
from nurture.config import Settings
from nurture.document import Document, load_file
from nurture.mistake import Mistake, MistakesFound, Place, nearest
from nurture.shape import mistakes_of

from .model import After, Anniversary, Campaign, Campaigns, Entered, Schedule, Segment

CONDITION_KEYS = ("audience", "exit_when")

SHAPES: dict[str, type[BaseModel]] = {
    # An anniversary may have an `after` of its own, so it is asked for first.
    "anniversary": Anniversary,
    "after": After,
    "event": After,
    "entered": Entered,
    "schedule": Schedule,
}


def load_campaigns(folder: Path, settings: Settings) -> Campaigns:
    """Every `*.yaml` below `folder`: campaigns, and files with a `segments:` list. Raises MistakesFound with all."""
    loading = _Loading(settings)
    files = sorted(each for each in folder.glob("**/*.y*ml") if each.is_file()) if folder.is_dir() else []
    if not files:
        raise MistakesFound([Mistake(Place(str(folder.name)), "campaign.none")])
    for file in files:
        loading.read(file, f"{folder.name}/{file.relative_to(folder)}")
    loading.look_across()
    if loading.mistakes:
        raise MistakesFound(loading.mistakes)
    campaigns = tuple(sorted(loading.campaigns, key=lambda each: each.campaign))
    return Campaigns(campaigns=campaigns, segments={each.name: each for each in loading.segments})


class _Loading:
    """What has been read so far, and all that was wrong with it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.campaigns: list[Campaign] = []
        self.segments: list[Segment] = []
        self.mistakes: list[Mistake] = []
        self.documents: dict[str, Document] = {}

    def read(self, file: Path, shown_as: str) -> None:
        try:
            document = load_file(file, shown_as)
        except MistakesFound as found:
            self.mistakes.extend(found.mistakes)
            return
        text = file.read_text(encoding="utf-8-sig")
        if not isinstance(document.value, dict):
            self._refuse(document, (), "mistake.not_mapping", found=document.value)
        elif "segments" in document.value:
            self._read_segments(document)
        else:
            self._read_campaign(document, text)

    def _read_campaign(self, document: Document, text: str) -> None:
        before = len(self.mistakes)
        value = dict(document.value)
        for key in CONDITION_KEYS:
            if value.get(key) not in (None, []):
                value[key] = parse_condition(document, value[key], (key,), self.mistakes)
            elif key in value:
                del value[key]
        value["trigger"] = self._trigger(document, value.get("trigger"))
        if value["trigger"] is None:
            del value["trigger"]
        digest = hashlib.sha256(text.encode()).hexdigest()
        try:
            campaign = Campaign.model_validate(value)
        except ValidationError as problem:
            found = [
                each
                for each in mistakes_of(problem, Campaign, document, ())
                if not self._trigger_missing(each, document)
            ]
            self.mistakes.extend(found)
            return
        if len(self.mistakes) == before:
            changes = {"digest": digest, "source": text, "file": document.file}
            self.campaigns.append(campaign.model_copy(update=changes))
            self.documents[campaign.campaign] = document

    def _trigger_missing(self, mistake: Mistake, document: Document) -> bool:
        return mistake.values.get("missing") == "trigger" and "trigger" in document.value

    def _trigger(self, document: Document, value: Any) -> Any:
        if value is None:
            return None
        path = ("trigger",)
        if not isinstance(value, dict):
            self._refuse(document, path, "mistake.not_mapping", found=value)
            return None
        word = next((each for each in SHAPES if each in value), None)
        if word is None:
            first = next(iter(value), "")
            place = document.place((*path, first))
            values = {"found": first, "allowed": ", ".join(SHAPES)}
            self.mistakes.append(Mistake(place, "campaign.trigger", values, "trigger", nearest(first, SHAPES)))
            return None
        try:
            return SHAPES[word].model_validate(value)
        except ValidationError as problem:
            self.mistakes.extend(mistakes_of(problem, SHAPES[word], document, path))
            return None

    def _read_segments(self, document: Document) -> None:
        for key in document.value:
            if key != "segments":
                self._refuse(document, (key,), "mistake.unknown_key", found=key, allowed="segments")
        listed = document.value["segments"]
        if not isinstance(listed, list):
            self._refuse(document, ("segments",), "mistake.not_list", found=listed)
            return
        for index, each in enumerate(listed):
            self._read_segment(document, each, index)

    def _read_segment(self, document: Document, value: Any, index: int) -> None:
        path = ("segments", index)
        if not isinstance(value, dict):
            self._refuse(document, path, "mistake.not_mapping", found=value)
            return
        written = dict(value)
        if written.get("condition") is not None:
            condition = parse_condition(document, written["condition"], (*path, "condition"), self.mistakes)
            written["condition"] = condition
        written["digest"] = hashlib.sha256(repr(value).encode()).hexdigest()
        try:
            segment = Segment.model_validate(written)
        except ValidationError as problem:
            self.mistakes.extend(mistakes_of(problem, Segment, document, path))
            return
        if any(each.name == segment.name for each in self.segments):
            self._refuse(document, (*path, "segment"), "campaign.twice", found=segment.name)
            return
        self.segments.append(segment)
        self.documents[f"segment:{segment.name}"] = document

    def look_across(self) -> None:
        """What only the whole can tell: names used twice, unknown segments, attributes and campaigns, circles."""
        seen: set[str] = set()
        for campaign in self.campaigns:
            document = self.documents[campaign.campaign]
            if campaign.campaign in seen:
                self._refuse(document, ("campaign",), "campaign.twice", found=campaign.campaign)
            seen.add(campaign.campaign)
            self._look_at_steps(campaign, document)
            self._look_at_trigger(campaign, document)
            for key, condition in (("audience", campaign.audience), ("exit_when", campaign.exit_when)):
                if condition is not None:
                    self._look_at_condition(condition, document, key, campaign)
        for segment in self.segments:
            document = self.documents[f"segment:{segment.name}"]
            self._look_at_condition(segment.condition, document, "segments", None)
            if self._circular(segment.name, ()):
                self._refuse(document, ("segments",), "campaign.circle", found=segment.name)

    def _look_at_steps(self, campaign: Campaign, document: Document) -> None:
        names: set[str] = set()
        for index, step in enumerate(campaign.steps):
            if step.step in names:
                self._refuse(document, ("steps", index, "step"), "campaign.step_twice", found=step.step)
            names.add(step.step)

    def _look_at_trigger(self, campaign: Campaign, document: Document) -> None:
        if isinstance(campaign.trigger, Entered):
            self._known_segment(campaign.trigger.entered, document, ("trigger", "entered"))

    def _known_segment(self, name: str, document: Document, path: tuple[str | int, ...]) -> None:
        known = [each.name for each in self.segments]
        if name not in known:
            values = {"found": name, "allowed": ", ".join(known) or "-"}
            place = document.place(path)
            key = ".".join(map(str, path))
            self.mistakes.append(Mistake(place, "campaign.unknown_segment", values, key, nearest(name, known)))

    def _look_at_condition(self, condition: Condition, document: Document, key: str, campaign: Campaign | None) -> None:
        for node in walk(condition):
            if isinstance(node, InSegment):
                self._known_segment(node.name, document, _where(document, key, "segment", node.name))
            elif isinstance(node, AttributeIs):
                self._look_at_attribute(node, document, key)
            elif isinstance(node, Received):
                self._known_campaign(node, document, key)
            elif isinstance(node, Operator):
                self._look_at_subject(node, document, key, campaign)

    def _look_at_attribute(self, node: AttributeIs, document: Document, key: str) -> None:
        known = self.settings.attributes
        if node.name not in known:
            values = {"found": node.name, "allowed": ", ".join(known) or "-"}
            place = document.place(_where(document, key, "name", node.name))
            suggestion = nearest(node.name, known)
            self.mistakes.append(Mistake(place, "campaign.unknown_attribute", values, key, suggestion))
            return
        declared = known[node.name].type
        for word, found in _tests(node):
            if not _comparable(declared, word, found):
                place = document.place(_where(document, key, word, None if word == "any_of" else found))
                values = {"name": node.name, "type": declared, "word": word, "found": str(found)}
                self.mistakes.append(Mistake(place, "campaign.attribute_type", values, key))

    def _known_campaign(self, node: Received, document: Document, key: str) -> None:
        known = [each.campaign for each in self.campaigns]
        if node.campaign not in known:
            values = {"found": node.campaign, "allowed": ", ".join(known)}
            place = document.place(_where(document, key, "received", node.campaign))
            suggestion = nearest(node.campaign, known)
            self.mistakes.append(Mistake(place, "campaign.unknown_campaign", values, key, suggestion))

    def _look_at_subject(self, node: Operator, document: Document, key: str, campaign: Campaign | None) -> None:
        if isinstance(node, This):
            trigger = campaign.trigger if campaign else None
            subject = trigger.table if isinstance(trigger, After) else ""
            for wanted in _subjects(node):
                if subject != wanted:
                    self._refuse(document, _where(document, key, "this", None), "campaign.this", subject=wanted)
        elif isinstance(node, Orders | Bookings) and node.after_opening and (campaign is None or key != "exit_when"):
            self._refuse(document, _where(document, key, "after_opening", None), "campaign.after_opening")

    def _circular(self, name: str, seen: tuple[str, ...]) -> bool:
        if name in seen:
            return True
        found = next((each for each in self.segments if each.name == name), None)
        inner = [node.name for node in walk(found.condition) if isinstance(node, InSegment)] if found else []
        return any(self._circular(each, (*seen, name)) for each in inner)

    def _refuse(self, document: Document, path: tuple[str | int, ...], code: str, **values: object) -> None:
        key = ".".join(str(part) for part in path)
        self.mistakes.append(Mistake(document.place(path), code, values, key))


def _where(document: Document, key: str, word: str, value: object) -> tuple[str | int, ...]:
    # A condition no longer knows its path; the first use of the word with that value below `key` is shown.
    for path in document.places:
        if path and path[0] == key and word in path[1:] and (value is None or document.value_at(path) == value):
            return path
    return (key,)


def _subjects(asked: This) -> Iterator[str]:
    if asked.order or asked.product or asked.category or asked.amount:
        yield "order"
    if asked.booking or asked.menu or asked.staff:
        yield "booking"


def _tests(node: AttributeIs) -> Iterator[tuple[str, object]]:
    for word in ("equals", "at_least", "at_most", "contains"):
        if (found := getattr(node, word)) is not None:
            yield word, found
    yield from (("any_of", each) for each in node.any_of or ())


def _comparable(declared: str, word: str, found: object) -> bool:
    if declared == "text":
        return True
    if declared == "boolean":
        return word in ("equals", "any_of") and found in (True, False, "true", "false")
    if declared == "number":
        return word != "contains" and isinstance(found, int | float) and abs(found) < LARGEST_NUMBER
    return word != "contains" and _is_date(str(found))


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
