"""Conditions and triggers in plain words: every operator has a sentence, and every kind of finding a form."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nurture.campaign import After, Anniversary, Campaigns, Entered, Schedule, Trigger
from nurture.catalogue import say
from nurture.catalogue.planning import TEXTS
from nurture.condition import AllOf, AnyOf, Condition, Not
from nurture.condition import vocabulary as words
from nurture.config import Settings
from nurture.message.filters import SIGNS
from nurture.zone import Duration

from .moment import clock, full_day, length, short_moment, yearly_day


class Questions:
    """Tells conditions of one shop in one language."""

    def __init__(self, language: str, settings: Settings, campaigns: Campaigns) -> None:
        self.language, self.settings = language, settings
        self.titles = {each.campaign: each.title for each in campaigns.campaigns}
        self.segments = {name: each.title or name for name, each in campaigns.segments.items()}

    def sentence(self, condition: Condition) -> str:
        """One node of a tree; of all, any and not only what they demand of the lines below them."""
        if isinstance(condition, AllOf):
            return self._say("ask.all")
        if isinstance(condition, AnyOf):
            return self._say("ask.any")
        if isinstance(condition, Not):
            inner = condition.part
            if isinstance(inner, words.Operator):
                return self._say("ask.not", inner=self.sentence(inner))
            return self._say("ask.not.tree")
        return TELLERS[type(condition)](self, condition)

    def found(self, observed: int | float | str | None, kind: str, zone: str, now: int) -> str:
        """What was found for the customer; empty where a condition has nothing to show."""
        if kind == "flag" or kind == "":
            return ""
        if observed is None or observed == "":
            return self._say("found.nothing")
        if kind == "instant":
            return short_moment(self.language, int(observed), zone, now)
        if kind == "day":
            return yearly_day(self.language, int(observed) // 100, int(observed) % 100)
        if kind == "money":
            return self.money(int(observed))
        if kind == "turn":
            return self._say("found.turn.first" if observed == 1 else "found.turn", number=observed)
        known = {"individual": "ask.kind.individual", "company": "ask.kind.company", "granted": "found.granted"}
        if str(observed) in known:
            return self._say(known[str(observed)])
        return f"{observed:,.10g}" if isinstance(observed, float) else self._channel(str(observed))

    def trigger(self, trigger: Trigger) -> str:
        """発送のたびに, 誕生日に, 毎週 日曜 11:00."""
        if isinstance(trigger, After):
            return (
                self._say("trigger.event", value=trigger.event)
                if trigger.event
                else self._say(f"trigger.{trigger.after}")
            )
        if isinstance(trigger, Anniversary):
            return self._anniversary(trigger)
        if isinstance(trigger, Entered):
            return self._say("trigger.entered", value=self.segments.get(trigger.entered, trigger.entered))
        return self._schedule(trigger)

    def money(self, amount: int) -> str:
        """1200 as ¥1,200."""
        sign, decimals = SIGNS[self.settings.currency]
        return f"{sign}{amount / 10**decimals:,.{decimals}f}"

    def date_name(self, name: str, relative: str) -> str:
        """誕生日, or the name of a custom date, with whose it is."""
        known = {"birthday": "ask.birthday", "first_order": "trigger.first_order"}
        told = self._say(known[name]) if name in known else name
        return self._say("ask.relative", relative=relative, name=told) if relative else told

    def _anniversary(self, trigger: Anniversary) -> str:
        name, offset = self.date_name(trigger.anniversary, trigger.relative), trigger.offset_days
        key = "before" if offset < 0 else "after" if offset else "anniversary"
        return self._say(f"trigger.{key}", name=name, period=length(self.language, Duration(days=abs(offset))))

    def _schedule(self, trigger: Schedule) -> str:
        every = trigger.schedule
        weekdays = self._say("moment.weekdays")
        names = weekdays.split() if " " in weekdays else [f"{sign}曜" for sign in weekdays]
        days = self._listed([names[number] for number in every.on or ()], "ask.join")
        if every.dates:
            days = self._listed([full_day(self.language, day) for day in every.dates], "ask.join")
        key = "dates" if every.dates else "month.last" if every.day == "last" else str(every.every)
        return self._say(f"trigger.{key}", days=days, day=every.day, at=clock(every.at))

    def _say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)

    def _channel(self, name: str) -> str:
        return self._say(f"channel.{name}") if f"channel.{name}" in TEXTS else name

    def _listed(self, values: Sequence[str], key: str = "ask.or") -> str:
        return self._say(key).join(values)

    def _quoted(self, values: Sequence[Any]) -> str:
        return self._listed([self._say("ask.quoted", value=value) for value in values])

    def _length(self, duration: Duration) -> str:
        return length(self.language, duration)

    def _amount(self, asked: words.Comparison, *, money: bool) -> str:
        def tell(number: int | float | None) -> str:
            return self.money(int(number or 0)) if money else self._say("amount.times", number=number)

        low, high = asked.at_least, asked.at_most
        if low == high:
            return self._say("amount.exactly", number=tell(low))
        if low is None or high is None:
            return self._say(
                "amount.at_most" if low is None else "amount.at_least", number=tell(high if low is None else low)
            )
        return self._say("amount.between", low=tell(low), high=tell(high))

    def _period(self, asked: words.Period) -> list[str]:
        return [
            self._say(f"ask.{name}", period=self._length(found))
            for name in ("within", "older_than")
            if (found := getattr(asked, name)) is not None
        ]

    def _things(self, things: str, details: Sequence[str], count: words.Comparison | None) -> str:
        if details:
            things = self._say("ask.detail", things=things, detail=self._listed(details, "ask.join"))
        if count is None:
            return self._say("ask.some", things=things)
        return self._say("ask.count", things=things, count=self._amount(count, money=False))


def _attribute(tell: Questions, asked: words.AttributeIs) -> str:
    declared = tell.settings.attributes.get(asked.name)
    tests: list[str] = []
    for name in ("equals", "at_least", "at_most", "contains"):
        if (value := getattr(asked, name)) is not None:
            tests.append(tell._say(f"ask.attribute.{name}", value=value))
    if asked.any_of is not None:
        tests.append(tell._say("ask.attribute.any_of", value=tell._quoted(asked.any_of)))
    if asked.known is not None:
        tests.append(tell._say("ask.attribute.known" if asked.known else "ask.attribute.unknown"))
    title = declared.title if declared and declared.title else asked.name
    return tell._say("ask.attribute", title=title, test=tell._listed(tests, "ask.join"))


def _date(tell: Questions, asked: words.DateIs) -> str:
    tests: list[str] = []
    if asked.within is not None:
        tests.append(tell._say("ask.date.within", period=tell._length(asked.within)))
    if asked.month is not None:
        tests.append(tell._say("ask.date.month", value=yearly_day(tell.language, asked.month, 0)))
    if asked.this_month is not None:
        tests.append(tell._say("ask.date.this_month" if asked.this_month else "ask.date.other_month"))
    if asked.known is not None:
        tests.append(tell._say("ask.date.known" if asked.known else "ask.date.unknown"))
    name = tell.date_name(asked.name, asked.relative)
    return tell._say("ask.date", name=name, test=tell._listed(tests, "ask.join"))


def _orders(tell: Questions, asked: words.Orders) -> str:
    goods = (*(asked.category or ()), *(asked.product or ()))
    things = tell._say("ask.orders.goods", value=tell._quoted(goods)) if goods else tell._say("ask.orders")
    details = tell._period(asked) + [tell._say(f"ask.order.{status}") for status in asked.status or ()]
    if asked.amount:
        details.append(tell._say("ask.orders.amount", amount=tell._amount(asked.amount, money=True)))
    if asked.after_opening:
        details.append(tell._say("ask.after_opening"))
    if asked.total is None:
        return tell._things(things, details, asked.count)
    if details:
        things = tell._say("ask.detail", things=things, detail=tell._listed(details, "ask.join"))
    total = tell._say("ask.total", things=things, amount=tell._amount(asked.total, money=True))
    counted = [tell._things(tell._say("ask.orders"), (), asked.count)] if asked.count else []
    return tell._listed([total, *counted], "ask.join")


def _instant(tell: Questions, asked: words.FirstOrder | words.LastOrder) -> str:
    periods = tell._period(asked)
    if not periods:
        return tell._say(f"ask.{asked.word}.some")
    return tell._say(f"ask.{asked.word}", period=tell._listed(periods, "ask.join"))


def _this(tell: Questions, asked: words.This) -> str:
    booking = bool(asked.booking or asked.menu or asked.staff)
    tests = [tell._say(f"ask.this.{turn}") for turn in (asked.order, asked.booking) if turn]
    if goods := (*(asked.product or ()), *(asked.category or ())):
        tests.append(tell._say("ask.this.goods", value=tell._quoted(goods)))
    if asked.amount:
        tests.append(tell._say("ask.this.amount", amount=tell._amount(asked.amount, money=True)))
    if asked.menu:
        tests.append(tell._say("ask.this.menu", value=tell._quoted(asked.menu)))
    if asked.staff:
        tests.append(tell._say("ask.this.staff", value=tell._quoted(asked.staff)))
    thing = tell._say("ask.this.booking" if booking else "ask.this.order")
    return tell._say("ask.this", thing=thing, test=tell._listed(tests, "ask.join"))


def _bookings(tell: Questions, asked: words.Bookings) -> str:
    details = [tell._say(f"ask.booking.{status}") for status in asked.status or ()]
    details += [tell._quoted(asked.menu)] if asked.menu else []
    details += [tell._say("ask.staff", value=tell._quoted(asked.staff))] if asked.staff else []
    details += tell._period(asked)
    if asked.ahead is not None:
        details.append(tell._say("ask.booking.ahead" if asked.ahead else "ask.booking.begun"))
    if asked.after_opening:
        details.append(tell._say("ask.after_opening"))
    return tell._things(tell._say("ask.bookings"), details, asked.count)


def _events(tell: Questions, asked: words.Events) -> str:
    return tell._things(tell._say("ask.events", value=asked.kind), tell._period(asked), asked.count)


def _contacts(tell: Questions, asked: words.Contacts) -> str:
    details = [tell._channel(name) for name in asked.channel or ()]
    details += [tell._say(f"ask.contacts.{asked.direction}")] if asked.direction else []
    return tell._things(tell._say("ask.contacts"), [*details, *tell._period(asked)], asked.count)


def _received(tell: Questions, asked: words.Received) -> str:
    title = tell.titles.get(asked.campaign, asked.campaign) + (f" / {asked.step}" if asked.step else "")
    told = tell._say("ask.received", title=title)
    if asked.within is None:
        return told
    return tell._say("ask.detail", things=told, detail=tell._say("ask.within", period=tell._length(asked.within)))


def _by(tell: Questions, channel: str) -> str:
    return tell._say("ask.any_channel") if channel == "any" else tell._channel(channel)


def _refused(tell: Questions, asked: words.Refused) -> str:
    return tell._say("ask.refused", value=tell._quoted([each for each in (asked.category, asked.product) if each]))


TELLERS: Mapping[type[words.Operator], Callable[[Questions, Any], str]] = {
    words.AttributeIs: _attribute,
    words.HasTag: lambda tell, asked: tell._say("ask.tag", value=tell._quoted(asked.any_of)),
    words.IsKind: lambda tell, asked: tell._say(f"ask.kind.{asked.equals}"),
    words.LivesIn: lambda tell, asked: tell._say("ask.prefecture", value=tell._listed(asked.any_of)),
    words.DateIs: _date,
    words.Orders: _orders,
    words.FirstOrder: _instant,
    words.LastOrder: _instant,
    words.This: _this,
    words.Bookings: _bookings,
    words.Events: _events,
    words.Contacts: _contacts,
    words.SilentFor: lambda tell, asked: tell._say("ask.silent_for", period=tell._length(asked.duration)),
    words.Received: _received,
    words.Reachable: lambda tell, asked: tell._say("ask.reachable", channel=_by(tell, asked.by)),
    words.HasConsent: lambda tell, asked: tell._say("ask.consent", channel=_by(tell, asked.to)),
    words.InSegment: lambda tell, asked: tell._say("ask.segment", title=tell.segments.get(asked.name, asked.name)),
    words.Complaint: lambda tell, asked: tell._say("ask.complaint"),
    words.Refused: _refused,
}
"""How each operator is told."""
