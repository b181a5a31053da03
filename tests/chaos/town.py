"""A shop with thousands of orders, its mail server, and what its database says."""

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.exc import SQLAlchemyError

from nurture.store import open_engine, upgrade, writing
from nurture.store.tables import Address, Consent, Customer, CustomerFact, Order, table

CAMPAIGN = """campaign: thanks
title: お礼
trigger: {after: order}
steps: [{step: letter, template: letter, valid_for: 5 days}]
"""
LETTER = """---
subject: "{{ customer.called }}へ"
---
{{ customer.called }}
{{ unsubscribe_url }}
"""
SLOW = 0.5
"""Seconds for which the mail server thinks about each mail, so that a kill finds somebody waiting."""


class Sink:
    """Takes every mail and counts it by recipient and Message-ID."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.mails: Counter[tuple[str, str]] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", envelope.content)
        assert found
        await asyncio.sleep(SLOW)
        with self.lock:
            self.mails[envelope.rcpt_tos[0], found[1].decode()] += 1
        return "250 2.0.0 kept"

    def people(self) -> Counter[str]:
        """Mails by recipient."""
        with self.lock:
            counts: Counter[str] = Counter()
            for (recipient, _), number in self.mails.items():
                counts[recipient] += number
            return counts


def build(folder: Path, port: int, url: str, people: int, per_hour: int, now: datetime) -> None:
    """The shop's folder, and a database in which everybody has just ordered; so many mails may leave an hour."""
    (folder / "campaigns").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "campaigns" / "thanks.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "templates" / "letter.txt.j2").write_text(LETTER, encoding="utf-8")
    shift = 12 - now.hour
    zone = f"Etc/GMT{-shift:+d}" if shift else "Etc/GMT"
    config = f"""shop: {{name: みなと}}
timezone: {zone}
mode: live
database: {url}
caps: []
opt_out_mailbox: stop@minato.example
email:
  from_address: minato@minato.example
  per_hour: {per_hour}
  connections: 4
  host: 127.0.0.1
  port: {port}
  tls: none
"""
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    _fill(url, people, now)


@dataclass(frozen=True)
class Ledger:
    """What the database says; empty while the server is away."""

    statuses: Counter[str] = field(default_factory=Counter)
    """Touches by status."""
    at_work: frozenset[int] = frozenset()
    """Process ids of those who hold messages."""


class Town:
    """The database, asked from outside; it says nothing while its server is away."""

    def __init__(self, url: str) -> None:
        self._engine = open_engine(url)

    def read(self) -> Ledger:
        """Who is at work, and how far they are."""
        try:
            with self._engine.connect() as connection:
                rows = connection.execute(text("SELECT status, count(*) AS number FROM touch GROUP BY status")).all()
                holders = connection.scalars(text("SELECT DISTINCT worker FROM touch WHERE worker IS NOT NULL")).all()
                statuses = Counter({row.status: row.number for row in rows})
                return Ledger(statuses, frozenset(int(each.rpartition("-")[2]) for each in holders))
        except SQLAlchemyError:
            self._engine.dispose()
            return Ledger()

    def sent_to(self) -> frozenset[str]:
        """Addresses of everybody whose message is called sent. Raises SQLAlchemyError while the server is away."""
        sent = text("SELECT a.value FROM touch t JOIN address a USING (customer_id) WHERE t.status = 'sent'")
        with self._engine.connect() as connection:
            return frozenset(connection.scalars(sent))

    def close(self) -> None:
        """Lets go of the server."""
        self._engine.dispose()


def _fill(url: str, people: int, now: datetime) -> None:
    upgrade(url)
    engine = open_engine(url)
    ids, ordered = range(1, people + 1), now - timedelta(minutes=5)
    granted = {"channel": "email", "status": "granted", "basis": "opt_in", "source": "test"}
    both = {"ordered_at": ordered, "received_at": ordered}
    instants = {"given_at": ordered, "recorded_at": ordered}
    rows: list[tuple[Any, list[dict[str, Any]]]] = [
        (Customer, [{"id": i, "key": str(i), "name": f"客{i}", "created_at": now, "bucket": i} for i in ids]),
        (Address, [{"customer_id": i, "channel": "email", "value": f"c{i}@x.example", "created_at": now} for i in ids]),
        (Consent, [{"customer_id": i, **granted, **instants} for i in ids]),
        (Order, [{"id": i, "key": f"o{i}", "customer_id": i, **both} for i in ids]),
        (CustomerFact, [{"customer_id": i, "first_order_id": i} for i in ids]),
    ]
    with writing(engine) as connection:
        for model, values in rows:
            connection.execute(insert(table(model)), values)
    engine.dispose()
