"""Reading campaign files: every mistake of every file at once, each with file, line and column."""

import hashlib
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from nurture.condition import parse_condition
from nurture.config import Settings, in_doubt
from nurture.document import Document, Keys, load_file
from nurture.mistake import Mistake, MistakesFound, Place, nearest
from nurture.shape import mistakes_of

from .crossing import Crossing
from .draft import Draft, possible_names
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


@dataclass(frozen=True)
class CampaignsRead:
    """What a folder of campaign files holds, mistakes and all."""

    campaigns: Campaigns
    """Those in which nothing is wrong, nor in anything they rest on."""
    drafts: tuple[Draft, ...]
    """These and all others, as far as they are YAML."""
    broken: tuple[Document, ...]
    """The files of the other campaigns, as far as they are YAML."""
    mistakes: tuple[Mistake, ...]


def load_campaigns(folder: Path, settings: Settings) -> Campaigns:
    """Every `*.yaml` below `folder`: campaigns, and files with a `segments:` list. Raises MistakesFound with all."""
    found = read_campaigns(folder, settings)
    if found.mistakes:
        raise MistakesFound(found.mistakes)
    return found.campaigns


def read_campaigns(folder: Path, settings: Settings, doubtful: Set[str] = frozenset()) -> CampaignsRead:
    """The same, with what can be used in spite of the mistakes. `doubtful`: keys of config.yaml that are not known."""
    loading = _Loading()
    files = sorted(each for each in folder.glob("**/*.y*ml") if each.is_file()) if folder.is_dir() else []
    if not files:
        nothing = () if in_doubt(doubtful, "campaigns") else (Mistake(Place(str(folder.name)), "campaign.none"),)
        return CampaignsRead(Campaigns(), (), (), nothing)
    for file in files:
        loading.read(file, f"{folder.name}/{file.relative_to(folder)}")
    return loading.crossed(None if in_doubt(doubtful, "attributes") else settings)


class _Loading:
    """What has been read so far, and all that was wrong with it."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.mistakes: list[Mistake] = []
        self.possible: set[str] = set()

    def read(self, file: Path, shown_as: str) -> None:
        before = len(self.mistakes)
        try:
            document = load_file(file, shown_as)
        except MistakesFound as found:
            self.mistakes.extend(found.mistakes)
        else:
            self._read_document(document, file)
        if len(self.mistakes) > before and file.is_file():
            self.possible |= set(possible_names(file.read_bytes().decode("utf-8-sig", "replace"), shown_as))

    def crossed(self, settings: Settings | None) -> CampaignsRead:
        """Everything that was read, held against each other; `settings` None: they can't be relied on."""
        crossing = Crossing(self.drafts, self.possible, settings.attributes if settings else None)
        faulty = set()
        for draft in self.drafts:
            if found := list(crossing.mistakes(draft)):
                faulty.add(id(draft))
                self.mistakes.extend(found)
        whole = [each.whole for each in crossing.sound(faulty)]
        campaigns = sorted((each for each in whole if isinstance(each, Campaign)), key=lambda each: each.campaign)
        segments = {each.name: each for each in whole if isinstance(each, Segment)}
        used = {each.file for each in campaigns}
        broken = [each.document for each in self.drafts if each.is_campaign and each.document.file not in used]
        told = tuple(sorted(self.mistakes, key=lambda each: each.place))
        sound = Campaigns(campaigns=tuple(campaigns), segments=segments)
        return CampaignsRead(sound, tuple(self.drafts), tuple(broken), told)

    def _read_document(self, document: Document, file: Path) -> None:
        if not isinstance(document.value, dict):
            self._refuse(document, (), "mistake.not_mapping", found=document.value)
        elif "segments" in document.value:
            self._read_segments(document)
        else:
            self._read_campaign(document, file.read_text(encoding="utf-8-sig"))

    def _read_campaign(self, document: Document, text: str) -> None:
        before = len(self.mistakes)
        value = dict(document.value)
        for key in CONDITION_KEYS:
            if value.get(key) not in (None, []):
                value[key] = parse_condition(document, value[key], (key,), self.mistakes)
            elif key in value:
                del value[key]
        conditions = {key: value[key] for key in CONDITION_KEYS if key in value}
        value["trigger"] = trigger = self._trigger(document, value.get("trigger"))
        if trigger is None:
            del value["trigger"]
        whole = None
        try:
            campaign = Campaign.model_validate(value)
        except ValidationError as problem:
            found = mistakes_of(problem, Campaign, document, ())
            self.mistakes.extend(each for each in found if not _trigger_missing(each, document))
        else:
            if len(self.mistakes) == before:
                digest = hashlib.sha256(text.encode()).hexdigest()
                whole = campaign.model_copy(update={"digest": digest, "source": text, "file": document.file})
        self.drafts.append(Draft(document, (), trigger, conditions, whole))

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
        path, before = ("segments", index), len(self.mistakes)
        if not isinstance(value, dict):
            self._refuse(document, path, "mistake.not_mapping", found=value)
            return
        written, conditions = dict(value), {}
        if written.get("condition") is not None:
            condition = parse_condition(document, written["condition"], (*path, "condition"), self.mistakes)
            written["condition"] = conditions["condition"] = condition
        written["digest"] = hashlib.sha256(repr(value).encode()).hexdigest()
        whole = None
        try:
            whole = Segment.model_validate(written)
        except ValidationError as problem:
            self.mistakes.extend(mistakes_of(problem, Segment, document, path))
        sound = whole if len(self.mistakes) == before else None
        self.drafts.append(Draft(document, path, None, conditions, sound))

    def _refuse(self, document: Document, path: Keys, code: str, **values: object) -> None:
        key = ".".join(str(part) for part in path)
        self.mistakes.append(Mistake(document.place(path), code, values, key))


def _trigger_missing(mistake: Mistake, document: Document) -> bool:
    return mistake.values.get("missing") == "trigger" and "trigger" in document.value
