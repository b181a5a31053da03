"""A simulated month of the real daemon: what each preview showed is what arrived, and every promise is kept.

The daemon is wired as the command wires it, but for the clock, which the test moves, and the last hop, which is a
function that keeps what it was handed. The promises are checked on the arrivals alone, by code of their own.
"""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from nurture.daemon import Daemon, Shop, Watched
from nurture.daemon.reload import digest_of
from nurture.delivery.freezing import Press
from nurture.delivery.values import Ready
from nurture.preview import foresee
from tests.planning.people import letter

from .post import INSTANCE, Post

TOKYO = ZoneInfo("Asia/Tokyo")
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

    def __init__(self, engine: Engine, folder: Path, seed: int, people: int) -> None:
        self.random = Random(seed)
        self.post = Post(engine, folder, *CAMPAIGNS, **SETTINGS)
        self.daemon = self._daemon()
        self.people = [self._person(number) for number in range(people)]
        self.refused_at: dict[int, datetime] = {}
        self.calls: dict[int, list[datetime]] = {}

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
        """Runs the daemon and gives every difference between a preview and what arrived."""
        now, differences = datetime(2026, 10, 31, 15, 0, tzinfo=UTC), []
        for _ in range(int(timedelta(days=days) / step)):
            now += step
            self._happen(now)
            self.post.standing.at = now
            seen = self._foreseen(now)
            before = len(self.arrivals())
            await self.daemon.tick()
            arrived = sorted(_named(ready) for at, ready in self.arrivals()[before:])
            if arrived != seen:
                differences.append(f"{now}: foreseen {seen}, arrived {arrived}")
        return differences

    def arrivals(self) -> list[tuple[datetime, Ready]]:
        """Everything that arrived, in the order of its time."""
        return sorted((*self.post.mail.arrived, *self.post.line.arrived), key=lambda each: each[0])

    def _foreseen(self, now: datetime) -> list[str]:
        shop = self.post.shop
        found = foresee(self.post.engine, shop.settings, shop.campaigns, self.post.templates, now)
        plans = [each.plan for each in found.sends]
        due = [each for each in plans if each.at is not None and each.at <= int(now.timestamp())]
        return sorted(f"{each.customer_id} {each.campaign}/{each.step} {each.channel}" for each in due)

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


def _named(ready: Ready) -> str:
    claimed = ready.claimed
    return f"{claimed.customer_id} {claimed.campaign.campaign}/{claimed.step.step} {claimed.channel}"


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


@pytest.mark.long
@pytest.mark.parametrize("seed", range(3))
def test_a_month_keeps_every_promise_and_arrives_as_it_was_foreseen(engine: Engine, tmp_path: Path, seed: int) -> None:
    month = Month(engine, tmp_path, seed=seed, people=40)
    differences = asyncio.run(month.live(days=31, step=timedelta(minutes=45)))
    assert differences == []
    assert broken(month) == []
    assert len(month.arrivals()) > 150
