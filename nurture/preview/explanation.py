"""The explanation: every campaign and every gate for one customer, and what was sent so far, as one frozen value."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine

from nurture.campaign import Campaign, Campaigns
from nurture.config import Settings
from nurture.gates.limit import limits_of
from nurture.gates.situation import Situation
from nurture.gates.timing import make_placer
from nurture.message.template import Templates
from nurture.planning.explaining import Answer, Answers, Timed, ask_campaign
from nurture.planning.plan import plan
from nurture.planning.planned import Chosen
from nurture.planning.reading import PlanReader
from nurture.planning.times import due_time
from nurture.planning.workspace import prepare
from nurture.store import reading
from nurture.zone import zone_table

from .dossier import Identity, PastContact, PastTouch, Reach, holds, identities, past_contacts, past_touches, reaches
from .foresight import ForeseenTouch, Writing, foreseen_touch, requirements
from .occasion import Occasion, Person, find_occasions
from .people import find_people


@dataclass(frozen=True)
class SeveralPeople:
    """What was typed fits several customers."""

    typed: str
    settings: Settings
    people: tuple[Identity, ...]


@dataclass(frozen=True)
class ExplainedCampaign:
    """One campaign for one customer."""

    campaign: Campaign
    occasions: tuple[Occasion, ...]
    """What opened it or could, newest first."""
    asked: Occasion
    """The newest of them that stands, or else the newest: conditions and fixed gates are asked about it."""
    answers: Answers
    timed: tuple[Answer, ...]
    """Pauses, hours and quotas."""
    decisions: tuple[ForeseenTouch, ...]
    """What this tick decides or leaves as planned."""
    upcoming: tuple[tuple[str, int], ...]
    """Steps that are due later than tomorrow, with their wish in epoch seconds."""


@dataclass(frozen=True)
class Explanation:
    """Why one customer gets what they get."""

    at: datetime
    today: datetime
    """When it was asked; later than `at` where the past is explained."""
    settings: Settings
    campaigns: Campaigns
    person: Identity
    reaches: tuple[Reach, ...]
    holds: tuple[tuple[str, str, int], ...]
    """Complaints and refusals in force: kind, category, since."""
    caps: tuple[Answer, ...]
    explained: tuple[ExplainedCampaign, ...]
    touches: tuple[PastTouch, ...]
    contacts: tuple[PastContact, ...]

    @property
    def instant(self) -> int:
        """`at` in epoch seconds."""
        return int(self.at.timestamp())

    @property
    def past(self) -> bool:
        """`at` lies behind us."""
        return self.at < self.today


def explain_customer(
    engine: Engine,
    settings: Settings,
    campaigns: Campaigns,
    templates: Templates,
    now: datetime,
    key: str,
    today: datetime | None = None,
) -> Explanation | SeveralPeople:
    """Explains the customer whom `key` names (number, address, phone or name) at `now` (aware UTC); writes nothing.

    Where `today` (default: `now`) is later, nothing is planned: enrollments, messages, contacts, consents and stops are
    those recorded up to `now`, and the conditions are asked about the orders up to then and otherwise today's data.
    Where a name fits several, they are listed instead. Raises MistakesFound where it fits nobody.
    """
    with reading(engine, prepare) as connection:
        people = identities(connection, settings, find_people(connection, key))
        if len(people) > 1:
            return SeveralPeople(key, settings, people)
        situation = Situation(settings, campaigns, requirements(templates), now)
        explaining = _Explaining(connection, situation, templates, people[0], today or now)
        return explaining.whole()


class _Explaining:
    def __init__(
        self, connection: Connection, situation: Situation, templates: Templates, person: Identity, today: datetime
    ) -> None:
        self.connection, self.situation, self.templates, self.person = connection, situation, templates, person
        self.today, self.past = today, situation.now < today
        self.timed = Timed(
            connection,
            situation,
            make_placer(connection, situation),
            limits_of(situation),
            person.zone,
            person.kind,
            person.owner_id,
            self.past,
        )

    def whole(self) -> Explanation:
        situation, now = self.situation, self.situation.instant
        decisions = {} if self.past else self._decisions()
        return Explanation(
            at=situation.now.astimezone(UTC),
            today=self.today.astimezone(UTC),
            settings=situation.settings,
            campaigns=situation.campaigns,
            person=self.person,
            reaches=reaches(self.connection, self.person.id, now, past=self.past),
            holds=tuple(holds(self.connection, self.person.id, now, past=self.past)),
            caps=tuple(self.timed.caps()),
            explained=tuple(self._explained(each, decisions) for each in situation.campaigns.campaigns),
            touches=past_touches(self.connection, self.person.id, now if self.past else None),
            contacts=past_contacts(self.connection, self.person.id, now),
        )

    def _decisions(self) -> Mapping[str, list[ForeseenTouch]]:
        situation = self.situation
        planned = plan(self.connection, situation)
        reader = PlanReader(self.connection, situation, planned, Chosen(None, (self.person.id,)))
        titles = {each.campaign: each.title for each in situation.campaigns.campaigns}
        sends = [foreseen_touch(situation.settings, titles, each) for each in reader.sends()]
        refused = [foreseen_touch(situation.settings, titles, each) for each in reader.refused()]
        writing = Writing(self.connection, situation.settings, situation.campaigns, self.templates, situation.now)
        found: dict[str, list[ForeseenTouch]] = {}
        for each in (*writing.all(sends), *refused):
            found.setdefault(each.plan.campaign, []).append(each)
        return found

    def _explained(self, campaign: Campaign, decisions: Mapping[str, list[ForeseenTouch]]) -> ExplainedCampaign:
        person = Person(self.person.id, self.person.zone)
        decided = decisions.get(campaign.campaign, [])
        occasions = find_occasions(self.connection, self.situation, campaign, person, past=self.past)
        asked = list(self._asked(campaign, occasions))
        occasion, answers = next((each for each in asked if each[0].stands), asked[0])
        return ExplainedCampaign(
            campaign=campaign,
            occasions=tuple(occasion for occasion, _ in asked),
            asked=occasion,
            answers=answers,
            timed=tuple(self.timed.of(campaign)),
            decisions=tuple(decided),
            upcoming=tuple(self._upcoming(campaign, [occasion for occasion, _ in asked])),
        )

    def _upcoming(self, campaign: Campaign, occasions: list[Occasion]) -> Iterator[tuple[str, int]]:
        zone = zone_table(self.person.zone)
        for each in occasions:
            if each.state in ("enrolled", "opens") and each.at is not None:
                for step in self.situation.steps_of(campaign):
                    due, _ = due_time(step, zone, each.at)
                    if due >= self.situation.horizon:
                        yield step.step.step, due

    def _asked(self, campaign: Campaign, occasions: list[Occasion]) -> Iterator[tuple[Occasion, Answers]]:
        for each in occasions:
            answers = ask_campaign(
                self.connection, self.situation, campaign, self.person.id, each.subject, past=self.past
            )
            if each.state == "possible" and not answers.in_audience:
                yield replace(each, state="outside"), answers
            else:
                yield each, answers
