"""What opens a campaign for one customer: the orders, days and dates that did, that would, and why others do not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, case, func, or_, select

from nurture.campaign import After, Anniversary, Campaign, Entered, Schedule
from nurture.gates.situation import Situation
from nurture.planning.cadence import instants
from nurture.planning.explaining import Subject
from nurture.planning.opening import life_of, source_of
from nurture.planning.returning import FIRST_ORDER, celebrated_on
from nurture.planning.workspace import OPENED
from nurture.store.tables import CustomerFact, DatedFact, Enrollment, Membership, seconds, table
from nurture.zone import DAY, zone_table

DATED, ENROLLMENT, FACT, MEMBERSHIP = (table(each) for each in (DatedFact, Enrollment, CustomerFact, Membership))
SHOWN = 3
"""Occurrences of one campaign that are looked at."""
BEGUN = {"order": "ordered_at", "booking": "starts_at", "event": "occurred_at"}
"""The instant by which what has not come so far, such as a parcel not yet sent, stands among the others."""
AHEAD = 400
"""Days ahead in which the next return of a date is looked for."""


@dataclass(frozen=True)
class Occasion:
    """One occurrence of a campaign, or what could become one."""

    state: str
    """What has opened: enrolled | ended | opens. What could: possible | not_yet. What does not: outside | past | gone |
    unfit | out_of_life | again | seeded | unknown."""
    label: str = ""
    """The order's number, the segment's or the date's name."""
    at: int | None = None
    """When it happened or comes round, epoch seconds."""
    subject_id: int | None = None
    occurrence: str | None = None
    """Its key."""
    opened_at: int | None = None
    ended_at: int | None = None
    exit_reason: str | None = None
    held_out: bool = False
    next_at: int | None = None
    """When planning looks at it again."""

    @property
    def stands(self) -> bool:
        """The campaign speaks to the customer for it, or may."""
        return self.state in ("enrolled", "opens", "possible")

    @property
    def subject(self) -> Subject:
        """What the conditions are asked about."""
        opened = self.state in ("enrolled", "ended")
        return Subject(self.subject_id, self.at, self.occurrence if opened else None)


@dataclass(frozen=True)
class Person:
    """As much of a customer as the triggers ask for."""

    id: int
    zone: str


def find_occasions(
    connection: Connection, situation: Situation, campaign: Campaign, person: Person, *, past: bool = False
) -> list[Occasion]:
    """The newest occasions of a campaign, newest first; what awaits the audience's answer is `possible`.

    At least one: where nothing has happened yet, an occasion that is `unknown`. Of a `past` moment: as it was
    recorded up to then.
    """
    return _Finding(connection, situation, campaign, person, past=past).all()


class _Finding:
    def __init__(
        self, connection: Connection, situation: Situation, campaign: Campaign, person: Person, *, past: bool
    ) -> None:
        self.connection, self.situation, self.campaign, self.person = connection, situation, campaign, person
        self.now, self.past = situation.instant, past
        self.enrolled = self._enrollments()
        self.opened = self._opened()

    def all(self) -> list[Occasion]:
        trigger = self.campaign.trigger
        if isinstance(trigger, After):
            found = self._after(trigger)
        elif isinstance(trigger, Anniversary):
            found = self._anniversary(trigger)
        elif isinstance(trigger, Entered):
            found = self._entered(trigger)
        else:
            found = self._schedule(trigger)
        listed = [self._settled(each) for each in found]
        return listed or [self._remembered() or Occasion("unknown")]

    def _settled(self, occasion: Occasion) -> Occasion:
        """The same with what is known of its key: enrolled, opening now, or kept back by the campaign's rules."""
        if occasion.occurrence in self.enrolled:
            return self._of_enrollment(occasion, self.enrolled[occasion.occurrence])
        if occasion.occurrence in self.opened:
            return replace(occasion, state="opens")
        if occasion.state != "possible" or occasion.at is None:
            return occasion
        earliest, latest = life_of(self.situation, self.campaign)
        if (earliest is not None and occasion.at < earliest) or (latest is not None and occasion.at >= latest):
            return replace(occasion, state="out_of_life")
        if occasion.at <= self.now - self.situation.lookback(self.campaign):
            return replace(occasion, state="past")
        return replace(occasion, state="again") if self._again(occasion.at) else occasion

    def _again(self, at: int) -> bool:
        if self.campaign.again == "per occurrence":
            return False
        pause = self.campaign.again_after
        if pause is None:
            return bool(self.enrolled)
        length = pause.longest_seconds
        return any(abs(int(row.occurred_at) - at) < length for row in self.enrolled.values())

    def _remembered(self) -> Occasion | None:
        newest = max(self.enrolled.values(), key=lambda row: int(row.occurred_at), default=None)
        if newest is None:
            return None
        return self._of_enrollment(Occasion("enrolled", occurrence=newest.occurrence, at=newest.occurred_at), newest)

    def _after(self, trigger: After) -> Iterator[Occasion]:
        source, at, key, wanted = source_of(trigger)
        kind = [source.c.kind == trigger.event] if trigger.event else []
        there = or_(at <= self.now, _known_since(trigger, source) <= self.now)
        at = case((at <= self.now, at)) if self.past else at
        fits = and_(*wanted).label("fits")
        columns = [source.c.id, key.label("key"), at.label("at"), fits]
        columns += [source.c.status] if "status" in source.c else []
        # Not by their numbers: a file that lists the newest order first gives it the lowest.
        begun = func.coalesce(at, seconds(source.c[BEGUN[trigger.table]]))
        found = select(*columns).where(source.c.customer_id == self.person.id, *kind)
        found = found.where(there) if self.past else found
        newest = found.order_by(begun.desc(), source.c.id.desc()).limit(SHOWN)
        for row in self.connection.execute(newest).mappings():
            state = "possible" if row["fits"] else _unfit(row)
            if state != "gone" and (row["at"] is None or row["at"] > self.now):
                state = "not_yet"
            yield Occasion(state, row["key"], row["at"], row["id"], f"{trigger.table}:{row['key']}")

    def _anniversary(self, trigger: Anniversary) -> Iterator[Occasion]:
        day_of = self._first_order() if trigger.anniversary == FIRST_ORDER else self._dated(trigger)
        if day_of is None:
            return
        month, day, year = day_of
        zone, offset = zone_table(self.person.zone), timedelta(days=trigger.offset_days)
        head = ":".join(filter(None, (trigger.anniversary, trigger.relative)))
        today = zone.local_date(self.now)
        back = self.situation.lookback(self.campaign) // DAY + 1
        for step in range(-back, AHEAD):
            base = today + timedelta(days=step)
            returned = base - offset
            if (month, day) in celebrated_on(returned, self.situation.settings.feb29) and (year or 0) < returned.year:
                at = zone.day_start(base)
                state = "possible" if at < self.situation.horizon else "not_yet"
                if state == "possible" and at <= self.now - self.situation.lookback(self.campaign):
                    continue
                yield Occasion(state, trigger.anniversary, at, None, f"{head}:{returned.year}")
                return

    def _dated(self, trigger: Anniversary) -> tuple[int, int, int | None] | None:
        mine = (DATED.c.customer_id == self.person.id, DATED.c.name == trigger.anniversary)
        found = select(DATED.c.month, DATED.c.day, DATED.c.year).where(*mine, DATED.c.relative == trigger.relative)
        row = self.connection.execute(found).first()
        day = (row.day or trigger.month_only) if row else None
        return (row.month, day, row.year) if row and day else None

    def _first_order(self) -> tuple[int, int, int | None] | None:
        found = select(seconds(FACT.c.first_order_at)).where(FACT.c.customer_id == self.person.id)
        first = self.connection.scalar(found)
        if first is None or (self.past and first > self.now):
            return None
        day = zone_table(self.person.zone).local_date(first)
        return day.month, day.day, day.year

    def _entered(self, trigger: Entered) -> Iterator[Occasion]:
        mine = (MEMBERSHIP.c.segment == trigger.entered, MEMBERSHIP.c.customer_id == self.person.id)
        row = self.connection.execute(select(seconds(MEMBERSHIP.c.since).label("since")).where(*mine)).first()
        if row is not None and self.past and (row.since or 0) > self.now:
            row = None
        if row is not None and row.since is None:
            yield Occasion("seeded", trigger.entered)
        elif row is not None:
            day = self.situation.shop_zone.local_date(row.since).isoformat()
            yield Occasion("possible", trigger.entered, row.since, None, f"entered:{day}")
        elif self.opened:
            yield Occasion("opens", trigger.entered, self.now, None, next(iter(self.opened)))
        elif not self.enrolled:
            yield Occasion("possible", trigger.entered, None)

    def _schedule(self, trigger: Schedule) -> Iterator[Occasion]:
        zone, back = self.situation.shop_zone, self.situation.lookback(self.campaign)
        soon = list(instants(trigger, zone, self.now - back, self.situation.horizon))
        later = instants(trigger, zone, max(self.situation.horizon - 1, self.now), self.now + AHEAD * DAY)
        upcoming = next(later, None)
        if upcoming and not soon:
            yield Occasion("not_yet", upcoming[1], upcoming[0], None, f"schedule:{upcoming[1]}")
        for at, label in reversed(soon[-SHOWN:]):
            yield Occasion("possible", label, at, None, f"schedule:{label}")

    def _enrollments(self) -> dict[str | None, Row[Any]]:
        names = ("occurrence", "exit_reason", "held_out")
        instants_ = ("occurred_at", "opened_at", "ended_at", "next_at")
        columns = [ENROLLMENT.c[name] for name in names] + [
            seconds(ENROLLMENT.c[name]).label(name) for name in instants_
        ]
        mine = (ENROLLMENT.c.customer_id == self.person.id, ENROLLMENT.c.campaign == self.campaign.campaign)
        known = (seconds(ENROLLMENT.c.opened_at) <= self.now,) if self.past else ()
        return {row.occurrence: row for row in self.connection.execute(select(*columns).where(*mine, *known))}

    def _of_enrollment(self, occasion: Occasion, row: Row[Any]) -> Occasion:
        known = {name: getattr(row, name) for name in ("opened_at", "ended_at", "next_at", "exit_reason")}
        if self.past:
            known["next_at"] = None
            known |= {"ended_at": None, "exit_reason": None} if (row.ended_at or 0) > self.now else {}
        state = "enrolled" if known["ended_at"] is None else "ended"
        return replace(occasion, state=state, at=row.occurred_at, held_out=bool(row.held_out), **known)

    def _opened(self) -> set[str | None]:
        mine = (OPENED.c.customer_id == self.person.id, OPENED.c.campaign == self.campaign.campaign)
        return {row.occurrence for row in self.connection.execute(select(OPENED.c.occurrence).where(*mine))}


def _known_since(trigger: After, source: Any) -> ColumnElement[int]:
    """Since when there has been the row, whatever became of it."""
    if trigger.table == "booking":
        return func.coalesce(seconds(source.c.booked_at), seconds(source.c.received_at))
    return seconds(source.c[BEGUN[trigger.table]])


def _unfit(row: Mapping[Any, Any]) -> str:
    return "gone" if row.get("status") in ("cancelled", "returned") else "unfit"
