"""A simulated month of the real daemon: what each preview showed is what arrived, and every promise is kept.

The daemon is wired as the command wires it, but for the clock, which the test moves, and the last hop, which is a
function that keeps what it was handed. The promises are checked on the arrivals alone, by code of their own.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, select

from nurture.daemon import Daemon, Shop, Watched
from nurture.daemon.reload import digest_of
from nurture.delivery.freezing import Press
from nurture.delivery.values import Ready
from nurture.preview import foresee
from nurture.preview.foresight import ForeseenTouch, Foresight
from nurture.preview.queue import Queue
from nurture.store.tables import Touch, table
from tests.planning.people import letter

from .post import INSTANCE, Post

TOKYO = ZoneInfo("Asia/Tokyo")
TOUCH = table(Touch)
CAMPAIGNS = (
    letter("thanks", "{after: order}", "priority: 90", step="channels: [line, email], valid_for: 3 days"),
    """campaign: how-is-it
title: how
trigger: {after: order}
priority: 40
again: after 10 days
steps:
  - {step: first, template: letter, wait: 1 day, valid_for: 3 days}
  - {step: second, template: letter, wait: 3 days, valid_for: 4 days, window: 13:00-17:00, when_capped: drop}
exit_when: [{complaint: open}]
""",
    letter("birthday", "{anniversary: birthday}", "priority: 80", step='at: "10:00"'),
    letter("news", '{schedule: {every: week, on: tue, at: "11:00"}}', "priority: 10", step="valid_for: 2 days"),
)
SETTINGS = {
    "caps": [{"at_most": 2, "per": "7 days"}, {"at_most": 1, "per": "day"}],
    "min_gap": "20 hours",
    "closed": {"weekdays": ["wed"]},
    "line": {"enabled": True},
    "opt_out_mailbox": "stop@minato.example",
    "email": {"from_address": "minato@minato.example"},
    "mode": "live",
    "secrets": {"secret_key": "k" * 40},
}


class Month:
    """A shop through a month, with what arrived and what was allowed."""

    def __init__(self, engine: Engine, folder: Path, seed: int, people: int, **changes: object) -> None:
        self.random = Random(seed)
        self.throttled = "email" in changes
        self.post = Post(engine, folder, *CAMPAIGNS, **{**SETTINGS, **changes})
        self.daemon = self._daemon()
        self.people = [self._person(number) for number in range(people)]
        self.refused_at: dict[int, datetime] = {}
        self.calls: dict[int, list[datetime]] = {}
        self.complained: set[int] = set()
        self.waiting: set[str] = set()
        """What was foreseen for the last round and has not arrived in it."""
        self.overdue: list[ForeseenTouch] = []
        """Every message that was overdue right after a look, as a preview then showed it."""

    def _daemon(self) -> Daemon:
        shop = Shop(self.post.shop.settings, self.post.shop.campaigns, self.post.templates)
        watched = Watched(lambda: shop, (), shop, digest_of(()))
        senders = {"email": [self.post.mail], "line": [self.post.line]}

        def press(found: Shop) -> Press:
            return Press(found.settings, found.templates, INSTANCE)

        return Daemon("daemon", self.post.engine, self.post.standing.clock(), watched, press, senders)

    def _person(self, number: int) -> int:
        person = self.post.shop.customer(f"person{number}", line=number % 3 == 0)
        self.post.shop.birthday(person, 11, 1 + number % 28)
        return person

    async def live(self, days: int, step: timedelta) -> list[str]:
        """Runs the daemon and gives every difference between a preview and what arrived before the next tick.

        Things happen right before a tick; between two ticks the daemon looks whenever a slot begins and, where a
        throttle is in force, every few minutes.
        """
        now, differences = datetime(2026, 10, 31, 15, 0, tzinfo=UTC), []
        for _ in range(int(timedelta(days=days) / step)):
            now += step
            self._happen(now)
            found = self._preview(now)
            seen = _due(found, now, now + step)
            differences += [f"{now}: {each} has vanished" for each in sorted(self._vanished(found))]
            before = len(self.arrivals())
            await self._pass(now, step, {at for _, at in seen})
            arrived = [(_named(ready), at) for at, ready in self.arrivals()[before:]]
            differences += self._compare(now, seen, arrived)
        return differences

    async def _pass(self, now: datetime, step: timedelta, slots: Iterable[datetime]) -> None:
        self.post.standing.at = now
        await self.daemon.tick()
        looks = {each for each in slots if each > now}
        if self.throttled:
            looks |= {now + timedelta(minutes=5 * number) for number in range(int(step / timedelta(minutes=5)))}
        for at in sorted(looks):
            self.post.standing.at = at
            await self.daemon.deliver()
            # A preview costs what fifty looks cost, and after the next look it would show nearly the same.
            if self.throttled and at.minute % 15 == 0:
                self._held_back(at + timedelta(seconds=1))

    def _preview(self, now: datetime) -> Foresight:
        shop = self.post.shop
        return foresee(self.post.engine, shop.settings, shop.campaigns, self.post.templates, now)

    def _held_back(self, now: datetime) -> None:
        """Whoever is overdue right after a look finds in the preview what they wait for."""
        late = select(TOUCH.c.id).where(TOUCH.c.status == "planned", TOUCH.c.at < now).limit(1)
        with self.post.engine.connect() as connection:
            if connection.scalar(late) is None:
                return
        for each in self._preview(now).sends:
            if each.mark != "new" and (each.plan.at or 0) < int(now.timestamp()):
                self.overdue.append(each)

    def _compare(self, now: datetime, seen: Sequence["Arrival"], arrived: Sequence["Arrival"]) -> list[str]:
        """What was foreseen and did not arrive, and what arrived and was not foreseen, each with its instant.

        A throttle may let a message arrive later than foreseen, never another one.
        """
        missing, extra = Counter(seen) - Counter(arrived), Counter(arrived) - Counter(seen)
        if not self.throttled:
            found = [f"{now}: {name} at {at} did not arrive" for name, at in missing.elements()]
            return found + [f"{now}: {name} at {at} was not foreseen" for name, at in extra.elements()]
        wished = dict(missing.keys())
        self.waiting = set(wished) - {name for name, _ in extra}
        return [f"{now}: {name} at {at} was not foreseen" for name, at in extra if wished.get(name, at) >= at]

    def _vanished(self, found: Foresight) -> set[str]:
        """What a throttle held back in the last round and the preview does not know any more, but for a reason."""
        gone = self.waiting - {_planned(each) for each in found.rows}
        self.waiting = set()
        return {each for each in gone if int(each.split()[0]) not in {*self.refused_at, *self.complained}}

    def arrivals(self) -> list[tuple[datetime, Ready]]:
        """Everything that arrived, in the order of its time."""
        return sorted((*self.post.mail.arrived, *self.post.line.arrived), key=lambda each: each[0])

    def _happen(self, now: datetime) -> None:
        shop, random = self.post.shop, self.random
        local = f"{now.astimezone(TOKYO):%Y-%m-%d %H:%M}"
        who = random.choice(self.people)
        chance = random.random()
        if chance < 0.25:
            shop.order(who, local)
        elif chance < 0.30:
            shop.contact(who, local, "call")
            self.calls.setdefault(who, []).append(now)
        elif chance < 0.32 and who not in self.refused_at:
            shop.suppress(who, local)
            self.refused_at[who] = now
        elif chance < 0.34:
            shop.complain(who, local, None)
            self.complained.add(who)


Arrival = tuple[str, datetime]
"""Who receives what by which channel, and when."""


Arrival = tuple[str, datetime]
"""Who receives what by which channel, and when."""


def _due(found: Foresight, now: datetime, until: datetime) -> list[Arrival]:
    """What the preview says will leave before `until`: what is overdue leaves at once."""
    plans = [(_planned(each), each.plan.at) for each in found.sends if each.plan.at is not None]
    return [(name, max(datetime.fromtimestamp(at, UTC), now)) for name, at in plans if at < int(until.timestamp())]


def _planned(touch: ForeseenTouch) -> str:
    plan = touch.plan
    return f"{plan.customer_id} {plan.campaign}/{plan.step} {plan.channel}"


def _named(ready: Ready) -> str:
    claimed = ready.claimed
    return f"{claimed.customer_id} {claimed.campaign.campaign}/{claimed.step.step} {claimed.channel}"


def _planned(touch: ForeseenTouch) -> str:
    return f"{touch.plan.customer_id} {touch.plan.campaign}/{touch.plan.step} {touch.plan.channel}"


def broken(month: Month) -> list[str]:
    """Every promise that the arrivals break: told by instants and ids, from nothing but what arrived."""
    found: list[str] = []
    by_person: dict[int, list[datetime]] = {}
    keys: set[tuple[int, str]] = set()
    for at, ready in month.arrivals():
        claimed = ready.claimed
        local = at.astimezone(TOKYO)
        if not 8 <= local.hour < 21 or local.weekday() == 2:
            found.append(f"{claimed.customer_id} outside the hours at {local}")
        if claimed.step.step == "second" and not 13 <= local.hour < 17:
            found.append(f"{claimed.customer_id} outside the step's window at {local}")
        if month.refused_at.get(claimed.customer_id, at + timedelta(1)) <= at:
            found.append(f"{claimed.customer_id} after the opt-out at {local}")
        if int(at.timestamp()) >= claimed.expires_at:
            found.append(f"{claimed.customer_id} past validity at {local}")
        key = (claimed.touch_id, ready.key)
        if key in keys:
            found.append(f"{claimed.customer_id} twice at {local}")
        keys.add(key)
        by_person.setdefault(claimed.customer_id, []).append(at)
    for person, arrivals in by_person.items():
        found += _caps(person, arrivals, month.calls.get(person, []))
    return found


def _caps(person: int, arrivals: Sequence[datetime], calls: Sequence[datetime]) -> list[str]:
    found: list[str] = []
    for at in arrivals:
        # A call that comes after a message breaks nothing: only what was known when the message left counts.
        known = [each for each in (*arrivals, *calls) if each <= at]
        if sum(1 for each in known if at - each < timedelta(days=7)) > 2:
            found.append(f"{person} more than 2 in 7 days at {at}")
        if sum(1 for each in known if each.astimezone(TOKYO).date() == at.astimezone(TOKYO).date()) > 1:
            found.append(f"{person} more than 1 on a day at {at}")
        if any(timedelta(0) < at - each < timedelta(hours=20) for each in known):
            found.append(f"{person} closer than 20 hours at {at}")
    return found


def test_a_week_keeps_every_promise_and_arrives_as_it_was_foreseen(engine: Engine, tmp_path: Path) -> None:
    month = Month(engine, tmp_path, seed=7, people=12)
    differences = asyncio.run(month.live(days=7, step=timedelta(hours=2)))
    assert differences == []
    assert broken(month) == []
    assert len(month.arrivals()) > 15
    assert any(at.hour % 2 for at, _ in month.arrivals()), "nothing left between two ticks: no instant was asked"


THROTTLED = {"email": {"from_address": "minato@minato.example", "per_hour": 12}}


def test_what_a_throttle_holds_back_arrives_later_and_the_preview_says_why(engine: Engine, tmp_path: Path) -> None:
    """Twelve mails an hour, and on Tuesday at eleven there is news for everybody."""
    month = Month(engine, tmp_path, seed=7, people=30, **THROTTLED)
    differences = asyncio.run(month.live(days=3, step=timedelta(hours=3)))
    assert differences == []
    assert broken(month) == []
    assert len(month.overdue) > 10
    assert {each.queue for each in month.overdue} == {Queue("email", 12, "hour")}


@pytest.mark.long
@pytest.mark.parametrize("changes", [{}, THROTTLED], ids=["free", "throttled"])
def test_a_month_keeps_every_promise_and_arrives_as_it_was_foreseen(
    engine: Engine, tmp_path: Path, changes: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    month = Month(engine, tmp_path, seed=1, people=40, **changes)
    differences = asyncio.run(month.live(days=31, step=timedelta(minutes=45)))
    with capsys.disabled():
        late = len({(each.plan.customer_id, each.plan.occurrence, each.plan.step) for each in month.overdue})
        print(f"\n{engine.dialect.name}: {len(month.arrivals())} messages arrived, {late} of them held back")  # noqa: T201
    assert differences == []
    assert broken(month) == []
    assert len(month.arrivals()) > 150
    assert all(each.queue for each in month.overdue)
    assert bool(month.overdue) == bool(changes)
