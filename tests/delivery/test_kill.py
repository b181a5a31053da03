"""The daemon killed with SIGKILL twenty times while it sends two thousand mails: none lost, none twice."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import func, insert, select

from nurture.store import open_engine, upgrade, writing
from nurture.store.tables import Address, Consent, Customer, CustomerFact, Order, Touch, table

PEOPLE, KILLS = 2_000, 20
BEFORE_A_KILL = 60
"""Mails that must arrive before the next kill, so that each of them hits a daemon at work."""

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


class Sink:
    """Takes every mail and counts it by recipient and Message-ID."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.mails: Counter[tuple[str, str]] = Counter()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = re.search(rb"(?im)^message-id:\s*(<[^>]+>)", envelope.content)
        assert found
        with self.lock:
            self.mails[envelope.rcpt_tos[0], found[1].decode()] += 1
        return "250 2.0.0 kept"

    @property
    def count(self) -> int:
        with self.lock:
            return sum(self.mails.values())


def at_noon() -> str:
    """A zone in which it is about noon now, so that the hours are open."""
    shift = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-shift:+d}" if shift else "Etc/GMT"


def shop(folder: Path, port: int, database: str) -> None:
    (folder / "campaigns").mkdir(parents=True)
    (folder / "templates").mkdir()
    (folder / "campaigns" / "thanks.yaml").write_text(CAMPAIGN, encoding="utf-8")
    (folder / "templates" / "letter.txt.j2").write_text(LETTER, encoding="utf-8")
    config = f"""shop: {{name: みなと}}
timezone: {at_noon()}
mode: live
database: {database}
caps: []
opt_out_mailbox: stop@minato.example
email: {{from_address: minato@minato.example, host: 127.0.0.1, port: {port}, tls: none, connections: 4}}
"""
    (folder / "config.yaml").write_text(config, encoding="utf-8")


def fill(url: str, now: datetime) -> None:
    upgrade(url)
    engine = open_engine(url)
    ids = range(1, PEOPLE + 1)
    ordered = now - timedelta(minutes=5)
    with writing(engine) as connection:
        connection.execute(
            insert(table(Customer)),
            [{"id": i, "key": str(i), "name": f"客{i}", "created_at": now, "bucket": i, "attributes": {}} for i in ids],
        )
        connection.execute(
            insert(table(Address)),
            [{"customer_id": i, "channel": "email", "value": f"c{i}@x.example", "created_at": now} for i in ids],
        )
        granted = {"channel": "email", "status": "granted", "basis": "opt_in", "source": "test"}
        instants = {"given_at": ordered, "recorded_at": ordered}
        connection.execute(insert(table(Consent)), [{"customer_id": i, **granted, **instants} for i in ids])
        connection.execute(
            insert(table(Order)),
            [{"id": i, "key": f"o{i}", "customer_id": i, "ordered_at": ordered, "received_at": ordered} for i in ids],
        )
        connection.execute(insert(table(CustomerFact)), [{"customer_id": i, "first_order_id": i} for i in ids])
    engine.dispose()


def start(folder: Path, log: Any) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "NURTURE_SECRET_KEY": "k" * 40}
    command = [sys.executable, "-m", "nurture", "--folder", str(folder), "run"]
    return subprocess.Popen(command, env=environment, stdout=log, stderr=log)


def wait_for(sink: Sink, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while sink.count < count and time.monotonic() < deadline:
        assert process.poll() is None, "the daemon ended by itself"
        time.sleep(0.02)


def settled(url: str) -> dict[str, int]:
    engine = open_engine(url)
    with engine.connect() as connection:
        found = connection.execute(
            select(table(Touch).c.status, func.count().label("count")).group_by(table(Touch).c.status)
        )
        counts = {row.status: row.count for row in found}
    engine.dispose()
    return counts


@pytest.mark.long
def test_kill_nine_loses_nothing_and_sends_nothing_twice(tmp_path: Path, sqlite_database: str) -> None:
    sink = Sink()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    folder = tmp_path / "shop"
    shop(folder, port, sqlite_database)
    fill(sqlite_database, datetime.now(UTC))
    kills = 0
    with (tmp_path / "log").open("ab") as log:
        while kills < KILLS:
            process = start(folder, log)
            wait_for(sink, min(sink.count + BEFORE_A_KILL, PEOPLE), process)
            process.send_signal(signal.SIGKILL)
            process.wait()
            kills += 1
        process = start(folder, log)
        deadline = time.monotonic() + 240
        while sum(settled(sqlite_database).get(each, 0) for each in ("sent", "unknown")) < PEOPLE:
            assert time.monotonic() < deadline, settled(sqlite_database)
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    controller.stop()
    counts = settled(sqlite_database)
    twice = [each for each, number in sink.mails.items() if number > 1]
    per_person = Counter(to for to, _ in sink.mails)
    sys.stdout.write(f"kills {kills}, {counts}, arrived {len(per_person)}, twice {len(twice)}\n")
    assert twice == []
    assert max(per_person.values()) == 1
    assert counts.get("sent", 0) + counts.get("unknown", 0) == PEOPLE
    assert len(per_person) >= counts["sent"]
