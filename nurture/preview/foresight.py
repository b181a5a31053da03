"""The foresight: what the next tick would do, as one frozen value. It plans in a snapshot that can't be written to.

Nothing is shown here; tables, JSON and pages are made from it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pydantic import SecretStr
from sqlalchemy import Connection, Engine

from nurture.campaign import Campaign, Campaigns, Channel
from nurture.config import Settings
from nurture.gates.situation import Situation
from nurture.message.compose import Failure, Message, compose
from nurture.message.context import Context, ContextRequest, load_contexts
from nurture.message.honorific import Names, called
from nurture.message.template import Template, Templates
from nurture.mistake import Mistake, MistakesFound, Place, nearest
from nurture.planning.plan import plan
from nurture.planning.planned import Chosen, LeftOut, PlannedEnrollment, PlannedTouch, Refusal
from nurture.planning.reading import PlanReader
from nurture.planning.workspace import prepare
from nurture.store import reading

from .addresses import usable_addresses
from .moment import year_of
from .people import find_people
from .queue import Queue, key_of, queues

COMPOSED = 200
"""Messages that are written out; the rest is counted."""
ROWS = 10_000
"""Rows of each kind that are kept; the rest is counted."""
BEGINNING = 40
"""Characters of a LINE text that stand for it."""
HARMLESS = SecretStr("preview: links signed with this stop nobody's mail")


@dataclass(frozen=True)
class ForeseenTouch:
    """One message that will leave, or one that will not."""

    plan: PlannedTouch
    """The row as a commit would leave it."""
    called: str
    """How the customer is addressed: 山田様."""
    title: str
    """The campaign's title."""
    message: Message | None = None
    """What will be sent; None where it does not leave, was not composed or can't be."""
    error: str | None = None
    """Why it can't be composed, with file and line."""
    queue: Queue | None = None
    """What it waits under although its time has come."""

    @property
    def mark(self) -> str:
        """new | open | moved: decided now, planned before, planned before and changed now."""
        return self.plan.mark

    @property
    def sends(self) -> bool:
        """It has a slot."""
        return self.plan.sends

    @property
    def deferred(self) -> bool:
        """It leaves later than wished, because of a gate that time opens."""
        return self.sends and self.plan.verdict != "ok"

    @property
    def subject(self) -> str:
        """The mail's subject; for LINE its alternative text or how it begins; empty where it was not composed."""
        return _subject(self.message, self.called) if self.message else ""


@dataclass(frozen=True)
class Summary:
    """Every step is counted once."""

    sends: int
    """Messages that leave when they wish to."""
    deferred: int
    """Messages that leave later, because of a gate that time opens."""
    excluded: int
    """Steps that are not sent, and people whom a broadcast leaves out."""
    errors: int
    """Messages that can't be composed, among those that were written out."""


@dataclass(frozen=True)
class Foresight:
    """What a tick at `at` would do."""

    at: datetime
    today: datetime
    """When it was asked."""
    settings: Settings
    titles: Mapping[str, str]
    """Campaign → title."""
    rows: tuple[ForeseenTouch, ...]
    """What is sent, by its time, then what is not, by campaign and reason."""
    refusals: tuple[Refusal, ...]
    """All that is not sent, counted by campaign and reason."""
    left_out: tuple[LeftOut, ...]
    opened: tuple[tuple[str, int], ...]
    """Campaign and number of the occurrences that open."""
    enrollments: tuple[PlannedEnrollment, ...]
    summary: Summary
    composed: int
    """How many messages were written out."""

    @property
    def instant(self) -> int:
        """`at` in epoch seconds."""
        return int(self.at.timestamp())

    @property
    def this_year(self) -> int:
        """The year of `today` in the shop: a heading leaves it out."""
        return year_of(int(self.today.timestamp()), self.settings.timezone)

    @property
    def sends(self) -> tuple[ForeseenTouch, ...]:
        """What is sent, by its time."""
        return tuple(each for each in self.rows if each.sends)

    @property
    def refused(self) -> tuple[ForeseenTouch, ...]:
        """What is not sent, by campaign and reason."""
        return tuple(each for each in self.rows if not each.sends)

    @property
    def is_complete(self) -> bool:
        """Every row is here; else there are more, which are only counted."""
        total = sum(each.count for each in self.refusals) + self.summary.sends + self.summary.deferred
        return len(self.rows) == total + self.summary.errors


def foresee(
    engine: Engine,
    settings: Settings,
    campaigns: Campaigns,
    templates: Templates,
    now: datetime,
    *,
    campaign: str | None = None,
    customer: str | None = None,
    rows: int | None = ROWS,
    composed: int = COMPOSED,
    today: datetime | None = None,
) -> Foresight:
    """Plans a tick at `now` (aware UTC) and writes its messages out; the database can't be changed by it.

    `campaign` and `customer` (number, address, phone or name) narrow what is shown, never what is planned. At most
    `rows` rows of each kind are kept (None = all) and `composed` messages written out; the rest is counted. `today` is
    when it is asked, by default `now`. Raises MistakesFound where no such campaign or customer exists.
    """
    titles = {each.campaign: each.title for each in campaigns.campaigns}
    if campaign is not None and campaign not in titles:
        raise _unknown(campaign, titles)
    situation = Situation(settings, campaigns, requirements(templates), now)
    with reading(engine, prepare) as connection:
        people = find_people(connection, customer) if customer is not None else None
        planned = plan(connection, situation)
        reader = PlanReader(connection, situation, planned, Chosen(campaign, people))
        sends = [foreseen_touch(settings, titles, each) for each in reader.sends(rows)]
        held = queues(connection, settings, [each.plan for each in sends], situation.instant)
        sends = [replace(each, queue=held.get(key_of(each.plan))) for each in sends] if held else sends
        written = Writing(connection, settings, campaigns, templates, now).all(sends[:composed])
        refused = [foreseen_touch(settings, titles, each) for each in reader.refused(rows)]
        refusals, left_out = reader.refusals(), reader.left_out()
        punctual, late = reader.counts()
        return Foresight(
            at=now.astimezone(UTC),
            today=(today or now).astimezone(UTC),
            settings=settings,
            titles=titles,
            rows=(*written, *sends[composed:], *refused),
            refusals=tuple(refusals),
            left_out=tuple(left_out),
            opened=tuple(reader.opened()),
            enrollments=tuple(reader.enrollments(rows)),
            summary=_summary(written, punctual, late, refusals, left_out),
            composed=len(written),
        )


def requirements(templates: Templates) -> dict[str, tuple[str, ...]]:
    """Template name → variables it requires, as a `Situation` wants them."""
    return {each.name: each.requires for each in templates}


def _unknown(campaign: str, titles: Iterable[str]) -> MistakesFound:
    values = {"found": campaign, "allowed": ", ".join(titles)}
    return MistakesFound([Mistake(Place(campaign), "campaign.unknown_campaign", values, "", nearest(campaign, titles))])


def foreseen_touch(settings: Settings, titles: Mapping[str, str], plan: PlannedTouch) -> ForeseenTouch:
    """A planned row with the words that a person reads; nothing is composed yet."""
    names = Names(plan.name, plan.family_name, plan.given_name, plan.company or "", plan.kind == "company")
    spoken = called(names, settings.honorific, settings.language)
    return ForeseenTouch(plan, spoken, titles.get(plan.campaign, plan.campaign))


def _summary(
    written: Sequence[ForeseenTouch],
    punctual: int,
    late: int,
    refusals: Sequence[Refusal],
    left_out: Sequence[LeftOut],
) -> Summary:
    broken = Counter(each.deferred for each in written if each.error is not None)
    unreachable = sum(sum(each.counts.values()) for each in left_out)
    excluded = sum(each.count for each in refusals) + unreachable
    return Summary(punctual - broken[False], late - broken[True], excluded, broken.total())


def _subject(message: Message, spoken: str) -> str:
    if message.subject or not message.line:
        return message.subject
    first: Mapping[str, Any] = message.line[0]
    if first.get("altText"):
        return str(first["altText"])
    lines = [line.strip() for line in str(first.get("text", "")).split("\n") if line.strip()]
    told = " ".join(lines[1:] if lines[:1] == [spoken] else lines)
    return told if len(told) <= BEGINNING else told[: BEGINNING - 1] + "…"


class Writing:
    """Writes messages out, many at a time."""

    def __init__(
        self, connection: Connection, settings: Settings, campaigns: Campaigns, templates: Templates, now: datetime
    ) -> None:
        self.connection, self.templates, self.now = connection, templates, now
        self.campaigns = {each.campaign: each for each in campaigns.campaigns}
        self.settings = shielded(settings)

    def all(self, touches: Sequence[ForeseenTouch]) -> list[ForeseenTouch]:
        """The same with message or error, where campaign, step and template are still there."""
        requests = [
            ContextRequest(number, plan.customer_id, campaign, plan.subject_id, plan.occurred_at, plan.at)
            for number, plan in enumerate(each.plan for each in touches)
            if (campaign := self.campaigns.get(plan.campaign))
        ]
        contexts = load_contexts(self.connection, self.settings, requests, self.now)
        addresses = usable_addresses(self.connection, {each.plan.customer_id for each in touches})
        return [self._written(each, contexts.get(number), addresses) for number, each in enumerate(touches)]

    def _written(
        self, touch: ForeseenTouch, context: Context | None, addresses: Mapping[tuple[int, str], str]
    ) -> ForeseenTouch:
        template = self._template(touch.plan)
        if template is None or context is None:
            return touch
        channel: Channel = "line" if touch.plan.channel == "line" else "email"
        address = addresses.get((touch.plan.customer_id, channel), "")
        made = compose(template, channel, context, self.settings, address)
        return replace(touch, error=str(made)) if isinstance(made, Failure) else replace(touch, message=made)

    def _template(self, touch: PlannedTouch) -> Template | None:
        campaign: Campaign | None = self.campaigns.get(touch.campaign)
        names = [each.template for each in campaign.steps if each.step == touch.step] if campaign else []
        return self.templates.get(names[0]) if names and names[0] in self.templates else None


def shielded(settings: Settings) -> Settings:
    """The same settings with another signing key: a link in a preview must not stop anybody's mail."""
    if not settings.secrets.secret_key.get_secret_value():
        return settings
    secrets = settings.secrets.model_copy(update={"secret_key": HARMLESS})
    return settings.model_copy(update={"secrets": secrets})
