"""The shop of a world and its people: they order, call, refuse and come back; the shop edits its campaigns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, Insert, select, text
from sqlmodel import SQLModel

from nurture.campaign import Campaigns
from nurture.config import Settings
from nurture.daemon import Shop, Watched
from nurture.daemon.reload import digest_of
from nurture.delivery.freezing import Press
from nurture.feedback.optout import opt_out
from nurture.message.template import Templates
from nurture.store import change, resume, writing
from nurture.store.facts import refresh_facts
from nurture.store.tables import Address, Consent, Contact, Customer, Order, Pause, table
from tests.planning.people import LONG_AGO, instant, loaded

from .dice import Dice

INSTANCE = UUID(int=7)
ZONES = ("Asia/Tokyo",) * 6 + ("America/New_York", "Europe/London")
SETTINGS: Mapping[str, Any] = {
    "shop": {"name": "みなと"},
    "hours": {"individual": "08:00-21:00", "company": "09:00-18:00 mon-fri"},
    "caps": [{"at_most": 4, "per": "7 days"}, {"at_most": 1, "per": "day"}],
    "min_gap": "20 hours",
    "closed": {"weekdays": ["wed"]},
    "line": {"enabled": True},
    "opt_out_mailbox": "stop@minato.example",
    "email": {"from_address": "minato@minato.example"},
    "mode": "live",
    "secrets": {"secret_key": "k" * 40},
}
LETTER = '---\nsubject: "{{ customer.called }}へ"\n---\n{{ customer.called }}\nお礼\n{{ unsubscribe_url }}\n'
RECEIPT = """campaign: receipt
title: receipt
purpose: transactional
because: it confirms an order
trigger: {after: order}
priority: 70
steps: [{step: letter, template: letter, channels: [email, line], valid_for: 12 days}]
"""
THANKS = """campaign: thanks
title: thanks
trigger: {after: order}
priority: %(priority)d
steps:
  - {step: first, template: letter, channels: [line, email], wait: 2 hours, valid_for: 4 days}
  - {step: second, template: letter, wait: 3 days, valid_for: 4 days, window: 13:00-17:00, when_capped: drop}
"""
NEWS = """campaign: news
title: news
trigger: {schedule: {every: day, at: "%(hour)02d:00"}}
priority: 10
steps: [{step: letter, template: letter, channels: [email, line], valid_for: 30 hours}]
"""
EDITIONS = (
    (RECEIPT, THANKS % {"priority": 50}, NEWS % {"hour": 10}),
    (RECEIPT, THANKS % {"priority": 5}, NEWS % {"hour": 10}),
    (RECEIPT, NEWS % {"hour": 15}),
    (RECEIPT, THANKS % {"priority": 50}, NEWS % {"hour": 12}),
)
NARROWER = {("thanks", "second"): (13, 17)}
"""Hours of day of a step, where it has its own."""


@cache
def _read() -> tuple[Settings, tuple[Campaigns, ...]]:
    """The shop's config and editions: the same objects for all worlds, as the engine keeps statements by them."""
    settings = Settings.model_validate(SETTINGS)
    return settings, tuple(loaded(settings, *texts) for texts in EDITIONS)


@cache
def _empty(model: type[SQLModel]) -> tuple[Insert, dict[str, Any]]:
    """The INSERT of a model and its defaults, made once: people come by the thousand."""
    columns = table(model).c
    found = {name: each.get_default(call_default_factory=True) for name, each in model.model_fields.items()}
    row = {name: each for name, each in found.items() if name in columns and name != "id" and _is_plain(each)}
    return table(model).insert(), {**row, **({"created_at": instant(LONG_AGO)} if "created_at" in columns else {})}


def _add(connection: Connection, model: type[SQLModel], **values: Any) -> None:
    """One row as it is given, the rest by the model's defaults."""
    adding, row = _empty(model)
    connection.execute(adding, {**row, **values})


def _is_plain(found: object) -> bool:
    return found is None or isinstance(found, str | int | bool | dict)


@dataclass
class Village:
    """What the world outside of our processes does to the database."""

    engine: Engine
    here: Path
    dice: Dice
    people: list[int] = field(default_factory=list)
    active: list[int] = field(default_factory=list)
    """Who has not refused."""
    orders: list[tuple[int, str, float]] = field(default_factory=list)
    """Customer, key and the world's second of every order."""

    def __post_init__(self) -> None:
        templates = self.here / "templates"
        templates.mkdir()
        (templates / "letter.txt.j2").write_text(LETTER, encoding="utf-8")
        self.settings, self.editions = _read()
        self.templates = Templates.load(templates)
        self.edition = 0
        self._publish()

    def watched(self) -> "Watched[Shop]":
        """The shop's folder as one process watches it."""
        paths = (self.here / "edition",)
        return Watched(self.shop, paths, self.shop(), digest_of(paths))

    def shop(self) -> Shop:
        """The folder as it is now."""
        return Shop(self.settings, self.editions[self.edition], self.templates)

    def press(self, shop: Shop) -> Press:
        """What messages are made of."""
        return Press(shop.settings, shop.templates, INSTANCE)

    # What happens

    def edit(self) -> None:
        """Another version of the campaigns is put into the folder."""
        self.edition = self.dice.random.randrange(len(self.editions))
        self._publish()

    def _publish(self) -> None:
        (self.here / "edition").write_text(str(self.edition), encoding="utf-8")

    def join(self, now: datetime) -> None:
        """Somebody becomes a customer, with mail, LINE or both."""
        dice, number = self.dice, len(self.people) + 1
        kind = dice.random.random()
        values = {"email": f"c{number}@shop{number % 7}.example", "line": f"U{number:032x}"}
        channels = ["email"] if kind < 0.5 else ["line"] if kind < 0.65 else ["email", "line"]
        with writing(self.engine) as connection:
            zone = dice.random.choice(ZONES)
            own = {"id": number, "key": str(number), "name": f"客{number}", "bucket": number, "zone": zone}
            _add(connection, Customer, **own, created_at=instant(LONG_AGO))
            for channel in channels:
                _add(connection, Address, customer_id=number, channel=channel, value=values[channel])
                given = {"status": "granted", "basis": "opt_in", "source": "form"}
                at = {"given_at": instant(LONG_AGO), "recorded_at": instant(LONG_AGO)}
                _add(connection, Consent, customer_id=number, channel=channel, **given, **at)
            refresh_facts(connection, [number])
            change(connection, [number], now)
        self.people.append(number)
        self.active.append(number)

    def order(self, now: datetime, moment: float) -> None:
        """Somebody buys."""
        who, key = self._somebody(), f"o{len(self.orders) + 1}"
        with writing(self.engine) as connection:
            change(connection, [who], now)
            _add(connection, Order, key=key, customer_id=who, ordered_at=now, received_at=now)
            refresh_facts(connection, [who])
        self.orders.append((who, key, moment))

    def call(self, now: datetime) -> None:
        """The shop calls somebody, which counts for the caps."""
        who = self._somebody()
        with writing(self.engine) as connection:
            change(connection, [who], now)
            _add(connection, Contact, customer_id=who, owner_id=who, channel="call", at=now)
            refresh_facts(connection, [who])

    def refuse(self, now: datetime) -> None:
        """Somebody opts out: of advertising, or of everything."""
        who = self._somebody()
        purpose = "transactional" if self.dice.chance(0.3) else "commercial"
        with writing(self.engine) as connection:
            opt_out(connection, who, None, purpose, "link", "test", now)
        self.active.remove(who)

    def refuse_at_the_last_moment(self, now: datetime) -> None:
        """Somebody opts out whose message a worker holds in its hands."""
        with writing(self.engine) as connection:
            query = "SELECT customer_id FROM touch WHERE status IN ('claimed', 'sending') ORDER BY id"
            held = [each for each in connection.scalars(text(query)) if each in self.active]
            if not held:
                return
            who = self.dice.random.choice(held)
            opt_out(connection, who, None, "transactional", "link", "test", now)
        self.active.remove(who)

    def tend(self, now: datetime) -> None:
        """A person looks after the shop: what was paused goes on, and addresses that were refused are put right."""
        pauses = table(Pause)
        with writing(self.engine) as connection:
            for scope in set(connection.scalars(select(pauses.c.scope).where(pauses.c.ended_at.is_(None)))):
                resume(connection, scope, now)
            self._mend_addresses(connection, now)

    def _mend_addresses(self, connection: Connection, now: datetime) -> None:
        lift = "UPDATE suppression SET lifted_at = :now WHERE lifted_at IS NULL AND value IS NOT NULL RETURNING value"
        values = list(connection.scalars(text(lift), {"now": int(now.timestamp())}))
        addresses = table(Address)
        for value in values:
            who = connection.scalar(select(addresses.c.customer_id).where(addresses.c.value == value))
            if who is not None:
                change(connection, [who], now)

    def _somebody(self) -> int:
        return self.dice.random.choice(self.active)
