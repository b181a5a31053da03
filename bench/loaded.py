"""A shop with everything planned and due, a database file that each run copies; and the worker that empties it."""

import email
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import create_engine, insert, make_url, select

from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.shop import start
from nurture.store import open_engine, planning, reading, upgrade, writing
from nurture.store.tables import Address, Consent, Customer, CustomerFact, Message, Order, OrderLine, table

from .moment import NOW
from .sending import shift_of
from .sink import CONNECTIONS, Sent

CAMPAIGN = """campaign: thanks
title: お礼
trigger: {{after: shipment}}
audience: [{{this: {{order: first}}}}, {{not: {{complaint: open}}}}]
steps: [{{step: letter, template: {template}, valid_for: 5 days}}]
"""
SIMPLE = """---
subject: "{{ customer.called }}へ"
---
{{ customer.called }}
いつもありがとうございます。
配信停止はこちら: {{ unsubscribe_url }}
"""
AT, DAY = NOW - timedelta(minutes=5), timedelta(days=1)
CHUNK = 50_000


class Shop:
    """One shop's folder and its database; `customers` of whom the first `messages` wait for a letter."""

    def __init__(
        self, folder: Path, template: str, messages: int, port: int, customers: int = 0, html: str | None = None
    ) -> None:
        """`html`: what becomes the HTML of the template, beside the text of the simple one."""
        self.folder, self.messages, self.port = folder, messages, port
        start(folder, "shop", "ja", NOW.date())
        for each in (folder / "campaigns").glob("*.yaml"):
            each.unlink()
        (folder / "campaigns" / "thanks.yaml").write_text(CAMPAIGN.format(template=template), "utf-8")
        (folder / "templates" / "simple.txt.j2").write_text(SIMPLE, "utf-8")
        if html is not None:
            (folder / "templates" / f"{template}.txt.j2").write_text(SIMPLE, "utf-8")
            (folder / "templates" / f"{template}.html.j2").write_text(html, "utf-8")
        self.planned, self.emptied = folder / "planned.db", folder / "round.db"
        self.fill(f"sqlite:///{self.planned}", max(customers, messages))

    def worker(
        self, port: int | None = None, authority: Path | None = None, connections: int = CONNECTIONS
    ) -> dict[str, float]:
        """One worker in a process of its own on a fresh copy: what it sent, how long it took, what it needed."""
        for suffix in ("", "-wal", "-shm"):
            self.emptied.with_name(self.emptied.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.planned, self.emptied)
        url = f"sqlite:///{self.emptied}"
        (found,) = _run([self._started(url, port or self.port, authority, connections)])
        assert found["sent"] == self.messages, found
        return found

    def together(self, url: str, workers: int) -> Sent:
        """Several workers on one database, from when all could begin until the last is done."""
        self.fill(url, self.messages)
        found = _run([self._started(url, self.port, None) for _ in range(workers)])
        assert sum(each["sent"] for each in found) == self.messages, found
        slowest = max(each["seconds"] for each in found)
        return Sent(self.messages / slowest, sum(each["cpu"] for each in found) / self.messages)

    def body(self) -> bytes:
        """The bytes of one mail, as it was sent or would be."""
        if not self.emptied.exists():
            self.worker()
        engine = open_engine(f"sqlite:///{self.emptied}")
        with reading(engine) as connection:
            found = connection.scalars(select(table(Message).c.body).limit(1)).one()
        engine.dispose()
        return bytes(found)

    def html(self, name: str) -> str:
        """The HTML of one mail as a template of somebody else's, where `name` is put for the customer's name."""
        parts = email.message_from_bytes(self.body()).walk()
        html = next(each for each in parts if each.get_content_type() == "text/html").get_payload(decode=True)
        assert isinstance(html, bytes)
        return re.sub(r"山田 花\d+", lambda _: name, html.decode().replace("\r\n", "\n"))

    def fill(self, url: str, customers: int) -> None:
        """Customers who may be written to, the first of them with a parcel sent just now, all planned and due."""
        upgrade(url)
        engine = open_engine(url)
        with writing(engine) as connection:
            for ids in _chunks(customers):
                for rows in _people(ids):
                    connection.execute(insert(table(rows[0])), rows[1])
            for ids in _chunks(self.messages):
                for rows in _parcels(ids):
                    connection.execute(insert(table(rows[0])), rows[1])
            first = table(CustomerFact).update().where(table(CustomerFact).c.customer_id <= self.messages)
            connection.execute(first.values(first_order_id=table(CustomerFact).c.customer_id))
        situation = shift_of(self.folder, self.port).situation(NOW)
        with planning(engine, prepare) as session:
            planned = plan(session.connection, situation)
            written = commit(session, situation, planned)
        assert written.touches == self.messages, written
        engine.dispose()

    def _started(
        self, url: str, port: int, authority: Path | None, connections: int = CONNECTIONS
    ) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", "bench.sending", url, str(self.folder), str(port), str(connections)]
        return subprocess.Popen([*command, str(authority or "")], stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def _run(workers: "list[subprocess.Popen[bytes]]") -> list[dict[str, float]]:
    """Lets them begin together, when the slowest has everything loaded; what each measured."""
    for each in workers:
        assert each.stdout
        each.stdout.readline()
    for each in workers:
        assert each.stdin
        each.stdin.write(b"\n")
        each.stdin.flush()
    return [json.loads(each.communicate()[0]) for each in workers]


def fresh_database(maintenance: str, name: str) -> str:
    """The URL of an empty PostgreSQL database of that name."""
    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return make_url(maintenance).set(database=name).render_as_string(hide_password=False)


def _chunks(count: int) -> Iterator[range]:
    return (range(first, min(first + CHUNK, count + 1)) for first in range(1, count + 1, CHUNK))


def _people(ids: range) -> Iterator[tuple[type, list[dict[str, object]]]]:
    granted = {"channel": "email", "status": "granted", "basis": "opt_in", "source": "test", "given_at": AT - DAY}
    about = {"created_at": AT, "attributes": {}}
    yield Customer, [{"id": i, "key": str(i), "name": f"山田 花{i}", "bucket": i, **about} for i in ids]
    mail = {"channel": "email", "created_at": AT}
    yield Address, [{"customer_id": i, "value": f"c{i}@x.example", **mail} for i in ids]
    yield Consent, [{"customer_id": i, **granted, "recorded_at": AT} for i in ids]
    yield CustomerFact, [{"customer_id": i} for i in ids]


def _parcels(ids: range) -> Iterator[tuple[type, list[dict[str, object]]]]:
    about = {"ordered_at": AT - DAY, "shipped_at": AT, "received_at": AT, "status": "shipped", "total": 2592}
    yield Order, [{"id": i, "key": f"o{i}", "customer_id": i, **about} for i in ids]
    thing = {"name": "みなとブレンド 200g", "category": "コーヒー豆", "quantity": 2, "price": 1296, "counts": True}
    yield OrderLine, [{"order_id": i, "customer_id": i, "ordered_at": AT - DAY, **thing} for i in ids]
