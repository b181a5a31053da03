"""What all campaign files together tell: names given twice or by nobody, circles, conditions out of place.

Everything that was read is looked at, broken or not; what depends on a part that is missing is left out.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from datetime import date

from nurture.condition import Condition, Operator, walk
from nurture.condition.vocabulary import LARGEST_NUMBER, AttributeIs, Bookings, InSegment, Orders, Received, This
from nurture.config import Attribute
from nurture.document import Keys
from nurture.mistake import Mistake, nearest

from .draft import Draft
from .model import After, Entered


class Crossing:
    """All drafts of a folder, held against each other."""

    def __init__(self, drafts: Sequence[Draft], possible: Set[str], attributes: Mapping[str, Attribute] | None) -> None:
        """`possible`: names that broken files may define. `attributes`: as declared; None where that is not known."""
        self.drafts = drafts
        self.possible = possible
        self.attributes = attributes
        self.segments: dict[str, Draft] = {}
        self.campaigns: dict[str, Draft] = {}
        for each in drafts:
            if each.name:
                (self.campaigns if each.is_campaign else self.segments).setdefault(each.name, each)

    def mistakes(self, draft: Draft) -> Iterator[Mistake]:
        """What is wrong with one of them besides what its own reading told."""
        yield from self._names(draft)
        if isinstance(draft.trigger, Entered):
            yield from self._segment(draft.trigger.entered, draft, ("trigger", "entered"))
        for key, condition in draft.conditions.items():
            for node in walk(condition):
                yield from self._condition(node, draft, key)

    def sound(self, faulty: Set[int]) -> list[Draft]:
        """Those that are whole and rest on whole segments only; `faulty`: `id` of those with a mistake found here."""
        sound = [each for each in self.drafts if each.whole is not None and id(each) not in faulty]
        while True:
            segments = {each.name for each in sound if not each.is_campaign}
            resting = [each for each in sound if _rests_on(each) <= segments]
            if len(resting) == len(sound):
                return resting
            sound = resting

    def _names(self, draft: Draft) -> Iterator[Mistake]:
        first = (self.campaigns if draft.is_campaign else self.segments).get(draft.name, draft)
        if first is not draft:
            key = (*draft.path, "campaign" if draft.is_campaign else "segment")
            other = first.document.place((*first.path, key[-1]))
            yield _mistake(draft, key, "campaign.twice", found=draft.name, other=str(other))
        elif not draft.is_campaign and self._circular(draft.name, ()):
            yield _mistake(draft, ("segments",), "campaign.circle", found=draft.name)
        if draft.is_campaign:
            names: set[str] = set()
            for index, name in enumerate(draft.steps or ()):
                if name in names:
                    yield _mistake(draft, ("steps", index, "step"), "campaign.step_twice", found=name)
                names.add(name)

    def _condition(self, node: Condition, draft: Draft, key: str) -> Iterator[Mistake]:
        if isinstance(node, InSegment):
            yield from self._segment(node.name, draft, _where(draft, key, "segment", node.name))
        elif isinstance(node, AttributeIs):
            yield from self._attribute(node, draft, key)
        elif isinstance(node, Received):
            yield from self._campaign(node, draft, key)
        elif isinstance(node, Operator):
            yield from self._subject(node, draft, key)

    def _segment(self, name: str, draft: Draft, path: Keys) -> Iterator[Mistake]:
        if name not in self.segments and name not in self.possible:
            code = "campaign.unknown_segment" if self.segments else "campaign.no_segments"
            values = {"found": name, "allowed": ", ".join(self.segments)}
            place, key = draft.document.place(path), ".".join(map(str, path))
            yield Mistake(place, code, values, key, nearest(name, self.segments))

    def _campaign(self, node: Received, draft: Draft, key: str) -> Iterator[Mistake]:
        if node.campaign not in self.campaigns and node.campaign not in self.possible:
            known = sorted(self.campaigns)
            values = {"found": node.campaign, "allowed": ", ".join(known)}
            place = draft.document.place(_where(draft, key, "received", node.campaign))
            shown = _shown(draft, key)
            yield Mistake(place, "campaign.unknown_campaign", values, shown, nearest(node.campaign, known))
        elif node.step is not None:
            yield from self._step(node.campaign, node.step, draft, key)

    def _step(self, campaign: str, step: str, draft: Draft, key: str) -> Iterator[Mistake]:
        drafts = [each for each in self.drafts if each.is_campaign and each.name == campaign]
        listed = [each.steps for each in drafts]
        known = [name for each in listed for name in each or ()]
        if drafts and None not in listed and step not in known:
            values = {"found": step, "campaign": campaign, "allowed": ", ".join(known)}
            place = draft.document.place(_where(draft, key, "step", step, {"campaign": campaign}))
            yield Mistake(place, "campaign.unknown_step", values, _shown(draft, key), nearest(step, known))

    def _attribute(self, node: AttributeIs, draft: Draft, key: str) -> Iterator[Mistake]:
        known = self.attributes
        if known is None:
            return
        if node.name not in known:
            code = "campaign.unknown_attribute" if known else "campaign.no_attributes"
            values = {"found": node.name, "allowed": ", ".join(known)}
            place = draft.document.place(_where(draft, key, "name", node.name))
            yield Mistake(place, code, values, _shown(draft, key), nearest(node.name, known))
            return
        declared = known[node.name].type
        for word, found in _tests(node):
            if not _comparable(declared, word, found):
                place = draft.document.place(_where(draft, key, word, None if word == "any_of" else found))
                told = {"name": node.name, "type": declared, "word": word, "found": str(found)}
                yield Mistake(place, "campaign.attribute_type", told, _shown(draft, key))

    def _subject(self, node: Operator, draft: Draft, key: str) -> Iterator[Mistake]:
        if isinstance(node, This):
            if draft.is_campaign and draft.trigger is None:
                return
            subject = draft.trigger.table if isinstance(draft.trigger, After) else ""
            for wanted in _subjects(node):
                if subject != wanted:
                    yield _mistake(draft, _where(draft, key, "this", None), "campaign.this", subject=wanted)
        elif isinstance(node, Orders | Bookings) and node.after_opening and key != "exit_when":
            yield _mistake(draft, _where(draft, key, "after_opening", None), "campaign.after_opening")

    def _circular(self, name: str, seen: tuple[str, ...]) -> bool:
        if name in seen:
            return True
        found = self.segments.get(name)
        return found is not None and any(self._circular(each, (*seen, name)) for each in _rests_on(found))


def _rests_on(draft: Draft) -> set[str]:
    """The names of the segments it uses."""
    nodes = (node for condition in draft.conditions.values() for node in walk(condition))
    names = {node.name for node in nodes if isinstance(node, InSegment)}
    return names | {draft.trigger.entered} if isinstance(draft.trigger, Entered) else names


def _mistake(draft: Draft, path: Keys, code: str, **values: object) -> Mistake:
    return Mistake(draft.document.place(path), code, values, ".".join(map(str, path)))


def _shown(draft: Draft, key: str) -> str:
    return key if draft.is_campaign else "segments"


def _where(draft: Draft, key: str, word: str, value: object, beside: Mapping[str, object] | None = None) -> Keys:
    # A condition no longer knows its path; the first use of the word with that value below `key` is shown.
    start, document = (*draft.path, key), draft.document
    for path in document.places:
        below = path[len(start) :]
        if path[: len(start)] == start and word in below and (value is None or document.value_at(path) == value):
            around = document.value_at(path[:-1])
            if not beside or (isinstance(around, dict) and beside.items() <= around.items()):
                return path
    return start


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
