"""The explanation as JSON for other programs: a documented shape that only grows (docs/preview.md)."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from nurture.condition import AllOf, AnyOf, Condition, Not, Operator
from nurture.planning.explaining import Answer, Check

from .dossier import Identity, PastContact, PastTouch, Reach, Recorded
from .explanation import ExplainedCampaign, Explanation, SeveralPeople
from .moment import local_text, utc_text
from .occasion import Occasion
from .question import Questions
from .record import VERSION, decision_record, dumped, gate_record, moments


def explanation_json(explanation: Explanation | SeveralPeople) -> str:
    """The explanation as one JSON document; where several people were meant, `people` lists them instead."""
    return dumped(explanation_record(explanation))


def explanation_record(explanation: Explanation | SeveralPeople) -> dict[str, Any]:
    """The document before it becomes text."""
    if isinstance(explanation, SeveralPeople):
        return {"version": VERSION, "typed": explanation.typed, "people": [_named(each) for each in explanation.people]}
    return _Recording(explanation).whole()


class _Recording:
    def __init__(self, explanation: Explanation) -> None:
        self.explanation, self.zone = explanation, explanation.person.zone
        self.questions = Questions(explanation.settings.language, explanation.settings, explanation.campaigns)

    def whole(self) -> dict[str, Any]:
        found, zone = self.explanation, self.zone
        person = found.person
        return {
            "version": VERSION,
            "at": utc_text(found.instant),
            "at_local": local_text(found.instant, zone),
            "past": found.past,
            "customer": {
                **_named(person),
                "called": person.called,
                "kind": person.kind,
                "zone": zone,
                "never": person.never,
                "erased_at": utc_text(person.erased_at),
            },
            "reach": [_reach(each) for each in found.reaches],
            "holds": [{"kind": kind, "category": what, "since": utc_text(at)} for kind, what, at in found.holds],
            "caps": [self.answer(each) for each in found.caps],
            "campaigns": [self.campaign(each) for each in found.explained],
            "touches": [self.touch(each) for each in found.touches],
            "contacts": [self.contact(each) for each in found.contacts],
        }

    def campaign(self, each: ExplainedCampaign) -> dict[str, Any]:
        return {
            "campaign": each.campaign.campaign,
            "title": each.campaign.title,
            "trigger": self.questions.trigger(each.campaign.trigger),
            "occasions": [{**self.occasion(one), "asked": one is each.asked} for one in each.occasions],
            "in_audience": each.answers.in_audience,
            "audience": self.checks(each.answers.audience),
            "exit_when": self.checks(each.answers.exit_when),
            "offered": each.answers.offered,
            "gates": [self.answer(one) for one in (*each.answers.fixed, *each.timed)],
            "decisions": [decision_record(one) for one in each.decisions],
            "upcoming": [{"step": step, **moments("due_at", due, self.zone)} for step, due in each.upcoming],
        }

    def occasion(self, each: Occasion) -> dict[str, Any]:
        names = ("state", "label", "occurrence", "subject_id", "exit_reason", "held_out")
        found = {name: getattr(each, name) for name in names}
        for name in ("at", "opened_at", "ended_at", "next_at"):
            found |= moments(name, getattr(each, name), self.zone)
        return found

    def checks(self, checks: Sequence[Check]) -> list[dict[str, Any]]:
        return [
            {
                "depth": each.depth,
                "condition": condition_record(each.condition),
                "sentence": self.questions.sentence(each.condition),
                "holds": each.holds,
                "observed": utc_text(int(each.observed)) if each.kind == "instant" and each.observed else each.observed,
                "kind": each.kind,
                "newest": each.newest[0] if each.newest else None,
                **moments("newest_at", each.newest[1] if each.newest else None, self.zone),
            }
            for each in checks
        ]

    def answer(self, each: Answer) -> dict[str, Any]:
        found = gate_record({**asdict(each), "by": list(each.by)}, self.zone)
        return {**found, "missing": list(each.missing)}

    def touch(self, each: PastTouch) -> dict[str, Any]:
        names = ("campaign", "step", "occurrence", "channel", "result")
        found = {name: getattr(each, name) for name in names}
        for name in ("due_at", "at", "expires_at"):
            found |= moments(name, getattr(each, name), self.zone)
        return {**found, **self.recorded(each.now, "decided_at"), "log": [self.recorded(one) for one in each.log]}

    def recorded(self, each: Recorded, when: str = "logged_at") -> dict[str, Any]:
        found: dict[str, Any] = {"status": each.status, "verdict": each.verdict}
        if when == "logged_at":
            found |= {"channel": each.channel, **moments("at", each.at, self.zone)}
        failing = [gate_record(one, self.zone) for one in each.failing]
        if self.explanation.past:
            found["lost"] = each.lost
        return {**found, **moments(when, each.logged_at, self.zone), "failing": failing}

    def contact(self, each: PastContact) -> dict[str, Any]:
        names = ("channel", "direction", "counts", "what")
        return {**moments("at", each.at, self.zone), **{name: getattr(each, name) for name in names}}


def condition_record(condition: Condition) -> dict[str, Any]:
    """A condition as it is written in YAML; of all, any and not only the word: their parts have lines of their own."""
    if isinstance(condition, Operator):
        return {condition.word: condition.model_dump(mode="json", exclude_none=True)}
    words = {AllOf: "all", AnyOf: "any", Not: "not"}
    return {words[type(condition)]: None}


def _named(person: Identity) -> dict[str, Any]:
    return {"id": person.id, "key": person.key, "name": person.name}


def _reach(each: Reach) -> dict[str, Any]:
    names = ("channel", "address", "consent", "basis", "suppressed")
    instants = {name: utc_text(getattr(each, name)) for name in ("consent_at", "suppressed_at")}
    return {**{name: getattr(each, name) for name in names}, **instants}
