"""The letters: named and there, allowed to say what they say, complete under the law once they are rendered."""

import re
from collections.abc import Iterator

from sqlalchemy import Connection

from nurture.campaign import Campaign, Step
from nurture.config import FILE_NAME, Settings
from nurture.gates.situation import Situation
from nurture.message.compose import Failure, compose
from nurture.message.folder import HTML, TEXT
from nurture.message.law import NO_WAY_OUT, Duty, missing_duties
from nurture.message.naming import misnamed
from nurture.message.template import Template
from nurture.mistake import Mistake, Place, nearest
from nurture.preview.foresight import shielded
from nurture.rules.variables import ATTRIBUTE

from .finding import Finding
from .specimen import Specimen, find_specimen, invented
from .whole import Whole
from .words import look_at_words
from .written import in_campaign

RESTS_ON = ("shop", "attributes", "timezone", "public_url", "opt_out_mailbox")
"""The keys of config.yaml without which no letter is tried."""
FOOTER = ("shop.sender", "shop.address", "unsubscribe_url")
"""What stands where the law's lines stand."""
WRITTEN = re.compile(r"[a-z0-9][a-z0-9_-]*")
RECIPIENTS = {"email": "check@shop.example", "line": "U" + "0" * 32}


def look_at_letters(whole: Whole, connection: Connection | None) -> Iterator[Finding]:
    """Every step's letter, on each of its channels; of campaigns with a mistake only what the letter itself says."""
    situation, templates = whole.situation, whole.templates
    # As in a preview: that the signing key is missing is one thing to say, not one for every letter.
    settings = shielded(situation.settings).model_copy(update={"mode": "preview"})
    used: dict[str, Template] = {}
    for campaign in situation.campaigns.campaigns:
        present = {step.template: templates.get(step.template) for step in campaign.steps if step.template in templates}
        used |= present
        yield from _unwritten(whole, campaign)
        sound: set[str] = set()
        for name, template in present.items():
            mistakes = list(_misnamed(whole, template, campaign))
            yield from mistakes
            if not mistakes and whole.knows(*RESTS_ON):
                sound.add(name)
        if sound:
            specimen = _specimen(situation, campaign, connection)
            for step in campaign.steps:
                if step.template in sound:
                    yield from _rendered(settings, present[step.template], campaign, step, specimen)
    yield from _of_broken(whole, used)
    yield from look_at_words(used.values())


def _unwritten(whole: Whole, campaign: Campaign) -> Iterator[Finding]:
    for number, step in enumerate(campaign.steps):
        if whole.lacks_letter(step.template):
            values = {"found": step.template, "step": step.step}
            near = nearest(step.template, whole.letters)
            yield in_campaign("error", campaign, ("steps", number, "template"), "check.no_template", near, **values)


def _misnamed(whole: Whole, template: Template, campaign: Campaign | None) -> Iterator[Finding]:
    for each in misnamed(template, whole.situation.settings, campaign):
        if whole.knows("attributes") or not str(each.values["found"]).startswith(ATTRIBUTE):
            yield Finding("error", each)


def _of_broken(whole: Whole, used: dict[str, Template]) -> Iterator[Finding]:
    """What the steps of campaigns with a mistake say of letters; the letters are added to `used`."""
    for document in whole.broken:
        written = document.value.get("steps")
        for number, step in enumerate(written if isinstance(written, list) else ()):
            name = step.get("template") if isinstance(step, dict) else None
            if isinstance(name, str) and name in whole.templates and name not in used:
                used[name] = whole.templates.get(name)
                yield from _misnamed(whole, used[name], None)
            elif isinstance(name, str) and WRITTEN.fullmatch(name) and whole.lacks_letter(name):
                path = ("steps", number, "template")
                values = {"found": name, "step": str(step.get("step", number + 1))}
                near = nearest(name, whole.letters)
                place, key = document.place(path), ".".join(map(str, path))
                yield Finding("error", Mistake(place, "check.no_template", values, key, near))


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
            # Without a way out there is one thing to say, and `sender` says it.
            for duty in (each for each in missing_duties(written, settings) if each.setting != NO_WAY_OUT):
                yield Finding("error", Mistake(_duty_place(template, duty), "check.said", {"what": duty.what}))


def _duty_place(template: Template, duty: Duty) -> Place:
    """Where it is to be written: where the letter says who sends it, else at its end."""
    if duty.setting:
        return Place(FILE_NAME)
    is_html = duty.part == "html"
    sources = [each for each in template.sources if each.name.endswith(".html.j2") == is_html]
    for word in FOOTER:
        for source in sources:
            if word in source.raw and ".line." not in source.name:
                return source.place(word)
    own = next(each for each in sources if each.name == template.name + (HTML if is_html else TEXT))
    return Place(own.shown, max(1, own.raw.rstrip("\n").count("\n") + 1), 1)
