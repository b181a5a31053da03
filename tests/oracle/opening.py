"""Which occurrences a campaign has for a customer, and which of them open (docs/planning.md, section 3)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from nurture.campaign import After, Anniversary, Campaign, Entered, Schedule

from .conditions import View, anniversary_in, zone_of_person
from .ledger import Memory
from .state import Booking, Customer, DatedFact, Event, Order
from .time import DAY, HOUR, day_of, day_start, instant_of, midnight

ORDER_TIMES = {"order": "ordered_at", "shipment": "shipped_at", "delivery": "delivered_at"}
BOOKING_STATUS = {
    "booking": ("booked", "visited"),
    "visit": ("visited",),
    "no_show": ("no_show",),
    "cancellation": ("cancelled",),
}
LATE = 300


@dataclass(frozen=True)
class Occurrence:
    key: str
    occurred_at: int
    subject_id: int | None = None


@dataclass(frozen=True)
class Moment:
    """What of a tick decides which occurrences there are."""

    now: int
    full: bool
    horizon: int
    last_tick: int | None
    evaluated: frozenset[str]
    """Segments that were evaluated at this tick."""


def reach_of(campaign: Campaign) -> int:
    """How long ago an occurrence may lie at most, in seconds."""
    days = seconds = longest = 0
    for step in campaign.steps:
        if step.wait_from == "occurrence":
            days = seconds = 0
        days, seconds = days + step.wait.days, seconds + step.wait.seconds
        valid = {Anniversary: DAY, Schedule: 24 * HOUR}.get(type(campaign.trigger), 48 * HOUR)
        if step.valid_for:
            valid = step.valid_for.days * DAY + step.valid_for.seconds
        longest = max(longest, days * DAY + seconds + valid)
    return longest


def occurrences(campaign: Campaign, person: Customer, view: View, memory: Memory, moment: Moment) -> list[Occurrence]:
    """The occurrences of a campaign for a person that are in reach and in the campaign's life, the earliest first."""
    trigger = campaign.trigger
    if isinstance(trigger, After):
        found = list(_after(trigger, person, view, moment))
    elif isinstance(trigger, Entered):
        found = list(_entered(trigger, person, view, memory, moment))
    elif not moment.full:
        found = []
    elif isinstance(trigger, Anniversary):
        found = list(_anniversaries(trigger, person, view, moment))
    else:
        found = list(scheduled(campaign, view, memory, moment))
    reach = reach_of(campaign)
    found = [
        each for each in found if each.occurred_at > moment.now - reach and _lives(campaign, each.occurred_at, view)
    ]
    return sorted(found, key=lambda each: (each.occurred_at, each.subject_id or 0))


def _lives(campaign: Campaign, instant: int, view: View) -> bool:
    day = day_of(instant, view.settings.timezone)
    return (campaign.starts is None or day >= campaign.starts) and (campaign.ends is None or day <= campaign.ends)


def _after(trigger: After, person: Customer, view: View, moment: Moment) -> Iterator[Occurrence]:
    for row, occurred_at in _happened(trigger, person, view):
        seen = moment.full or moment.last_tick is None or row.received_at > moment.last_tick - LATE
        if occurred_at is not None and occurred_at <= moment.now and seen:
            yield Occurrence(f"{trigger.table}:{row.key}", occurred_at, row.id)


def _happened(trigger: After, person: Customer, view: View) -> Iterator[tuple[Order | Booking | Event, int | None]]:
    if trigger.event:
        for event in view.state.of(Event, person.id):
            if event.kind == trigger.event:
                yield event, event.occurred_at
    elif trigger.after in ORDER_TIMES:
        for order in view.state.of(Order, person.id):
            if not order.void:
                yield order, getattr(order, ORDER_TIMES[trigger.after])
    else:
        assert trigger.after
        for booking in view.state.of(Booking, person.id):
            if booking.status in BOOKING_STATUS[trigger.after]:
                yield booking, _booking_time(trigger.after, booking)


def _booking_time(word: str, booking: Booking) -> int:
    if word == "booking":
        return booking.received_at if booking.booked_at is None else booking.booked_at
    return booking.received_at if word == "cancellation" else booking.starts_at


def _anniversaries(trigger: Anniversary, person: Customer, view: View, moment: Moment) -> Iterator[Occurrence]:
    zone = zone_of_person(person, view)
    name = trigger.anniversary + (f":{trigger.relative}" if trigger.relative else "")
    this_year = day_of(moment.now, zone).year
    for year in range(this_year - 2, this_year + 2):
        for day in _dates(trigger, person, view, year, zone):
            occurred_at = day_start(day + timedelta(days=trigger.offset_days), zone)
            if occurred_at < moment.horizon:
                yield Occurrence(f"{name}:{year}", occurred_at)


def _dates(trigger: Anniversary, person: Customer, view: View, year: int, zone: str) -> Iterator[date]:
    facts = [each for each in view.state.of(DatedFact, person.id) if each.name == trigger.anniversary]
    facts = [each for each in facts if each.relative == trigger.relative]
    if trigger.anniversary == "first_order":
        orders = view.state.orders_of(person.id)
        firsts = [day_of(each.ordered_at, zone) for each in orders[:1]]
        facts = [DatedFact(0, person.id, "first_order", "", each.year, each.month, each.day) for each in firsts]
    for fact in facts:
        day = anniversary_in(fact, year, trigger.month_only, view.settings.feb29)
        if day is not None:
            yield day


def _entered(trigger: Entered, person: Customer, view: View, memory: Memory, moment: Moment) -> Iterator[Occurrence]:
    since = memory.members.get(trigger.entered, {}).get(person.id)
    if trigger.entered in moment.evaluated and since is not None:
        yield Occurrence(f"entered:{day_of(since, view.settings.timezone)}", since)


def scheduled(campaign: Campaign, view: View, memory: Memory, moment: Moment) -> Iterator[Occurrence]:
    """The instants of a schedule that are open: the newest that has passed, and the coming ones before the horizon."""
    instants = _instants(campaign, view, moment)
    passed = [each for each in instants if each.occurred_at <= moment.now][-1:]
    coming = [each for each in instants if each.occurred_at > moment.now]
    for each in passed + coming:
        if (campaign.campaign, each.key) not in memory.done:
            yield each


def _instants(campaign: Campaign, view: View, moment: Moment) -> list[Occurrence]:
    trigger = campaign.trigger
    assert isinstance(trigger, Schedule)
    zone, reach = view.settings.timezone, reach_of(campaign)
    first, last = day_of(moment.now - reach, zone) - timedelta(days=1), day_of(moment.horizon, zone)
    found = []
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        if _falls_on(trigger, day):
            shown = midnight(day) + timedelta(seconds=trigger.schedule.at)
            instant = instant_of(shown, zone)
            if moment.now - reach < instant < moment.horizon and _lives(campaign, instant, view):
                found.append(Occurrence(f"schedule:{shown:%Y-%m-%dT%H:%M}", instant))
    return sorted(found, key=lambda each: each.occurred_at)


def _falls_on(trigger: Schedule, day: date) -> bool:
    every = trigger.schedule
    if every.dates:
        return day in every.dates
    if every.every == "day":
        return True
    if every.every == "week":
        return day.weekday() in (every.on or ())
    last = ((day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)).day
    assert every.day is not None
    return day.day == (last if every.day == "last" else min(every.day, last))
