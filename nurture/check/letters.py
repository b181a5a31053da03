"""The letters: named and there, allowed to say what they say, complete under the law once they are rendered."""

from collections.abc import Iterator

from sqlalchemy import Connection

from nurture.campaign import Campaign, Step
from nurture.config import Settings
from nurture.gates.situation import Situation
from nurture.message.compose import Failure, compose
from nurture.message.law import missing_duties
from nurture.message.naming import undeclared, unsupplied
from nurture.message.template import Template, Templates
from nurture.mistake import Mistake, Place, nearest
from nurture.preview.foresight import shielded

from .finding import Finding
from .specimen import Specimen, find_specimen, invented
from .words import look_at_words
from .written import in_campaign

RECIPIENTS = {"email": "check@shop.example", "line": "U" + "0" * 32}


def look_at_letters(situation: Situation, templates: Templates, connection: Connection | None) -> Iterator[Finding]:
    """Every step's letter, on each of its channels."""
    # As in a preview: that the signing key is missing is one thing to say, not one for every letter.
    settings = shielded(situation.settings).model_copy(update={"mode": "preview"})
    used: dict[str, Template] = {}
    for campaign in situation.campaigns.campaigns:
        named = [(number, step) for number, step in enumerate(campaign.steps)]
        for number, step in named:
            if step.template not in templates:
                values = {"found": step.template, "step": step.step}
                near = nearest(step.template, templates.names)
                yield in_campaign("error", campaign, ("steps", number, "template"), "check.no_template", near, **values)
        present = {step.template: templates.get(step.template) for step in campaign.steps if step.template in templates}
        used |= present
        whole = True
        for template in present.values():
            mistakes = [*undeclared(template, settings), *unsupplied(template, campaign)]
            whole &= not mistakes
            yield from (Finding("error", each) for each in mistakes)
        if whole and present:
            specimen = _specimen(situation, campaign, connection)
            for step in campaign.steps:
                if step.template in present:
                    yield from _rendered(settings, present[step.template], campaign, step, specimen)
    yield from look_at_words(used.values())


def _specimen(situation: Situation, campaign: Campaign, connection: Connection | None) -> Specimen:
    if connection is None:
        return invented(situation.settings, campaign, situation.now)
    return find_specimen(connection, situation, campaign)


def _rendered(
    settings: Settings, template: Template, campaign: Campaign, step: Step, specimen: Specimen
) -> Iterator[Finding]:
    for channel in step.channels:
        written = compose(template, channel, specimen.context, settings, RECIPIENTS[channel])
        if isinstance(written, Failure):
            place = Place(written.file, written.line, 1 if written.line else 0)
            yield Finding("error", Mistake(place, "check.said", {"what": written.what}))
        elif campaign.purpose == "commercial":
            for duty in missing_duties(written, settings):
                yield Finding("error", Mistake(Place(template.file), "check.said", {"what": duty}))
