"""Explaining: one campaign asked about one customer, every condition and every gate with what was found.

The same predicates that decide for everybody are read as labelled columns for a single person, so that an explanation
can't differ from the decision.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, and_, cast, func, literal, null, select, true

from nurture.campaign import Campaign, Entered
from nurture.condition import AllOf, Condition
from nurture.condition.vocabulary import InSegment
from nurture.gates.cap import CapRule, blocking, longest_memory
from nurture.gates.limit import CONSUMED, Limit
from nurture.gates.placing import FAR, Placer
from nurture.gates.reach import FIXED, on_hold, reach
from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.standing import occasion_of, scope_of
from nurture.gates.window import next_allowed
from nurture.rules.compiling import Node, nodes
from nurture.rules.offer import offered_product
from nurture.rules.scope import Scope
from nurture.rules.variables import incomplete
from nurture.store.tables import Contact, Customer, Product, Touch, seconds, table
from nurture.zone import period_start, zone_table

from .opening import held_out

CONTACT, CUSTOMER, PRODUCT, TOUCH = (table(each) for each in (Contact, Customer, Product, Touch))


@dataclass(frozen=True)
class Subject:
    """The occurrence that is asked about; without one, what speaks of it is false."""

    subject_id: int | None = None
    """The order, booking or event."""
    occurred_at: int | None = None
    """Epoch seconds."""
    occurrence: str | None = None
    """Its key, where it has opened: the campaign's own contacts are then left out."""


@dataclass(frozen=True)
class Check:
    """One line of a condition tree."""

    depth: int
    condition: Condition
    holds: bool
    observed: int | float | str | None
    """What was found; an instant in epoch seconds."""
    kind: str
    """How to show it: count | money | instant | text | flag | day | turn; empty for all, any, not and several."""
    newest: tuple[str, int] | None = None
    """Of counted orders: key and instant of the newest one."""


@dataclass(frozen=True)
class Answer:
    """One gate, asked now."""

    gate: str
    passes: bool
    channel: str | None = None
    """Of a gate that is asked for each channel."""
    step: str | None = None
    """Of a gate that is asked for each step."""
    rule: str = ""
    observed: int | None = None
    limit: int | None = None
    until: int | None = None
    """When it opens by itself; None where it is open, or where time alone does not open it."""
    by: tuple[dict[str, Any], ...] = ()
    """The contacts that close it: at, what."""
    missing: tuple[str, ...] = ()
    """Of `incomplete`: the variables that are missing."""


@dataclass(frozen=True)
class Answers:
    """What one campaign's predicates say of one customer."""

    audience: tuple[Check, ...]
    """The audience's conditions, outermost first."""
    exit_when: tuple[Check, ...]
    """What would end the enrollment."""
    in_audience: bool
    offered: str | None
    """The product that would be named; None without one, or where the campaign offers nothing."""
    fixed: tuple[Answer, ...]


def ask_campaign(
    connection: Connection,
    situation: Situation,
    campaign: Campaign,
    customer_id: int,
    subject: Subject,
    *,
    past: bool = False,
) -> Answers:
    """Every condition and every fixed gate of a campaign, in one statement about one customer.

    Of a `past` moment orders and receipts are counted up to then, all else is as it is today; its gates are not asked,
    for they were recorded with what was decided.
    """
    question = _Question(situation, campaign, subject, past=past)
    columns = [column.label(name) for name, column in question.columns.items()]
    row = (
        connection.execute(select(*columns).select_from(CUSTOMER).where(CUSTOMER.c.id == customer_id)).mappings().one()
    )
    offered = connection.scalar(select(PRODUCT.c.name).where(PRODUCT.c.id == row["offered"]))
    audience = question.checks(row, "audience")
    inside = all(each.holds for each in audience if each.depth == 0) and (campaign.offer is None or offered is not None)
    return Answers(
        audience=audience,
        exit_when=question.checks(row, "exit"),
        in_audience=inside,
        offered=offered,
        fixed=() if past else tuple(question.fixed(row, inside=inside)),
    )


class _Question:
    """One campaign's predicates as labelled columns."""

    def __init__(self, situation: Situation, campaign: Campaign, subject: Subject, *, past: bool) -> None:
        self.situation, self.campaign, self.past = situation, campaign, past
        self.steps = situation.steps_of(campaign)
        self.scope = self._scope(subject)
        parts = campaign.audience.parts if isinstance(campaign.audience, AllOf) else (campaign.audience,)
        entered = InSegment(name=campaign.trigger.entered) if isinstance(campaign.trigger, Entered) else None
        watched = (entered,) if entered is not None and entered not in parts else ()
        self.nodes: dict[str, list[Node]] = {
            "audience": [each for part in (*watched, *parts) for each in nodes(self.scope, part)],
            "exit": list(nodes(self.scope, campaign.exit_when)) if campaign.exit_when is not None else [],
        }
        self.columns = dict(self._columns())

    def checks(self, row: Any, tree: str) -> tuple[Check, ...]:
        return tuple(
            Check(
                each.depth,
                each.condition,
                bool(row[f"{tree}_{number}"]),
                _plain(row.get(f"{tree}_{number}_observed")),
                each.kind,
                _newest(row, f"{tree}_{number}_newest"),
            )
            for number, each in enumerate(self.nodes[tree])
        )

    def fixed(self, row: Any, *, inside: bool) -> Iterator[Answer]:
        for channel in self._channels():
            failing = FIXED[row[f"reach_{channel}"]]
            for gate in FIXED[1:4]:
                if gate != "no_consent" or self.campaign.purpose == "commercial":
                    yield Answer(gate, passes=failing != gate, channel=channel)
                if failing == gate:
                    break
        yield Answer("on_hold", passes=not row["held"])
        yield Answer("left_audience", passes=inside)
        yield Answer("held_out", passes=not row["held_out"])
        for each in self.steps:
            missing = tuple(name for name in each.requires if row[f"missing_{each.id}_{name}"])
            if each.requires:
                yield Answer("incomplete", passes=not missing, step=each.step.step, missing=missing)

    def _scope(self, subject: Subject) -> Scope:
        occurrence = None if subject.occurrence is None else literal(subject.occurrence)
        return scope_of(
            self.situation,
            self.campaign,
            CUSTOMER.c.id,
            subject_id=_number(subject.subject_id),
            occurred_at=_number(subject.occurred_at),
            occurrence=occurrence,
            recount=self.past,
        )

    def _columns(self) -> Iterator[tuple[str, ColumnElement[Any]]]:
        for tree, found in self.nodes.items():
            for number, each in enumerate(found):
                yield f"{tree}_{number}", each.predicate
                if each.observed is not None:
                    yield f"{tree}_{number}_observed", each.observed
                if each.newest is not None:
                    yield f"{tree}_{number}_newest", each.newest[0]
                    yield f"{tree}_{number}_newest_at", each.newest[1]
        campaign, about = self.campaign, self.campaign.about
        for channel in self._channels():
            yield f"reach_{channel}", reach(self.scope, channel, campaign.purpose)
        product, category = (about.product, about.category) if about else (None, None)
        yield "held", on_hold(self.scope, campaign.purpose, product, category)
        yield "held_out", held_out(campaign)
        yield "offered", offered_product(self.scope, campaign.offer) if campaign.offer else cast(null(), BigInteger)
        yield from self._missing()

    def _missing(self) -> Iterator[tuple[str, ColumnElement[Any]]]:
        offer, occasion = self.campaign.offer, occasion_of(self.campaign)
        scope = self.scope.about(offer_id=offered_product(self.scope, offer)) if offer else self.scope
        for step in self.steps:
            for name in step.requires:
                yield f"missing_{step.id}_{name}", incomplete(scope, (name,), occasion)

    def _channels(self) -> list[str]:
        return list(dict.fromkeys(channel for each in self.steps for channel in each.step.channels))


@dataclass(frozen=True)
class Timed:
    """What asks the gates that time opens, for one customer."""

    connection: Connection
    situation: Situation
    placer: Placer
    limits: Sequence[Limit]
    zone: str
    kind: str
    owner_id: int
    past: bool = False
    """The moment lies behind us: what was decided later was not known."""

    def caps(self) -> list[Answer]:
        """Every cap: contacts in its period up to now, and when it leaves room again."""
        contacts = counted_contacts(self.connection, self.situation, self.owner_id, past=self.past)
        return [self._cap(rule, contacts) for rule in self.situation.caps]

    def of(self, campaign: Campaign) -> Iterator[Answer]:
        """Pauses, hours and quotas that a campaign meets."""
        steps = self.situation.steps_of(campaign)
        channels = dict.fromkeys(channel for each in steps for channel in each.step.channels)
        scopes = ("all", f"campaign:{campaign.campaign}", *(f"channel:{channel}" for channel in channels))
        paused = [block for scope, block in self.placer.pauses if scope in scopes]
        for block in paused:
            shut = block.start <= self.situation.instant < block.end
            yield Answer("paused", passes=not shut, rule=block.rule, until=_until(block.end) if shut else None)
        if not paused:
            yield Answer("paused", passes=True)
        yield from (self._hours(each) for each in steps)
        for limit in self.limits:
            if limit.campaign == campaign.campaign or limit.channel in channels:
                yield self._quota(limit)

    def _hours(self, step: PlannedStep) -> Answer:
        starts, ends = self.placer.openings(step.id, self.zone, self.kind)
        opens = next_allowed(starts, ends, self.situation.instant)
        is_open = opens == self.situation.instant
        return Answer("outside_window", passes=is_open, step=step.step.step, until=None if is_open else opens)

    def _cap(self, rule: CapRule, contacts: Sequence[tuple[int, str, str]]) -> Answer:
        now, zone = self.situation.instant, zone_table(self.zone)
        mine = [each for each in contacts if rule.channel in (None, each[1])]
        instants = [each[0] for each in mine]
        since = now - rule.seconds + 1 if rule.unit is None else period_start(zone, now, rule.unit)
        used = sum(1 for at in instants if since <= at <= now)
        block, until = blocking(rule, instants, now, zone), now
        causes = block.causes if block else ()
        while following := blocking(rule, instants, until, zone):
            until = following.end
        return Answer(
            "capped",
            passes=block is None,
            rule=rule.name,
            observed=max(used, len(causes)),
            limit=rule.limit,
            until=until if block else None,
            by=tuple({"at": mine[position][0], "what": mine[position][2]} for position in causes),
        )

    def _quota(self, limit: Limit) -> Answer:
        start, end = limit.period(self.situation.instant)
        about = TOUCH.c.campaign == limit.campaign if limit.campaign else TOUCH.c.channel == limit.channel
        taken = and_(
            seconds(TOUCH.c.at) >= start, seconds(TOUCH.c.at) < end, TOUCH.c.status.in_((*CONSUMED, "planned"))
        )
        known = seconds(TOUCH.c.decided_at) <= self.situation.instant if self.past else true()
        used = self.connection.scalar(select(func.count()).select_from(TOUCH).where(taken, about, known)) or 0
        room = used < limit.count
        until = None if room else end
        return Answer("over_quota", passes=room, rule=limit.name, observed=used, limit=limit.count, until=until)


def counted_contacts(
    connection: Connection, situation: Situation, owner_id: int, *, past: bool
) -> list[tuple[int, str, str]]:
    """(instant, channel, cause) of the contacts that the caps count, ascending; also a visit entered for this evening.

    Of the `past` only what lay behind it is told: whatever came later was not known.
    """
    oldest = situation.instant - longest_memory(situation.caps)
    within = [seconds(CONTACT.c.at) > oldest]
    if past:
        within.append(seconds(CONTACT.c.at) <= situation.instant)
    counted = (CONTACT.c.counts, CONTACT.c.direction == "out", *within)
    found = select(seconds(CONTACT.c.at), CONTACT.c.channel, CONTACT.c.source, CONTACT.c.touch_id).where(
        CONTACT.c.owner_id == owner_id, *counted
    )
    rows = connection.execute(found.order_by(CONTACT.c.at, CONTACT.c.id))
    return [(at, channel, source if touch_id is not None else channel) for at, channel, source, touch_id in rows]


def _number(found: int | None) -> ColumnElement[Any]:
    return cast(null(), BigInteger) if found is None else literal(found, BigInteger)


def _until(end: int) -> int | None:
    return end if end < FAR else None


def _newest(row: Any, name: str) -> tuple[str, int] | None:
    key = row.get(name)
    return None if key is None else (str(key), int(_plain(row[f"{name}_at"]) or 0))


def _plain(found: Any) -> int | float | str | None:
    if isinstance(found, datetime):
        return int(found.timestamp())
    return found if found is None or isinstance(found, int | float | str) else str(found)
