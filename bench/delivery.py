"""`python -m bench.delivery`: messages a second from a planned touch to a recorded outcome, beside bare senders.

Everybody talks to the same sink (Postfix's smtp-sink) with ten connections. A round is one run of each, one after the
other, and what counts is the ratio within a round: the machine's noise hits all of them.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import aiosmtplib
from sqlalchemy import insert, select

from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.shop import start
from nurture.store import open_engine, planning, reading, upgrade, writing
from nurture.store.tables import Address, Consent, Customer, CustomerFact, Message, Order, OrderLine, table

from .cluster import cluster
from .figure import Figure
from .figure import table as shown
from .moment import NOW
from .sending import shift_of

CONNECTIONS = 10
SINK = "/usr/sbin/smtp-sink"
SOURCE = "/usr/sbin/smtp-source"
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
TEMPLATES = {"simple": "simple", "realistic": "first-thanks"}


@dataclass(frozen=True)
class Round:
    """Messages a second of each sender in one round."""

    ours: float
    source: float
    bare: float
    megabytes: float
    cpu: float
    """Microseconds of processor time for each of our messages."""


def main() -> int:
    arguments = _arguments()
    if not Path(SINK).exists():
        print("smtp-sink is missing: apt-get install postfix", file=sys.stderr)
        return 3
    figures: list[Figure] = []
    with TemporaryDirectory(prefix="nurture-sending-") as temporary, _sink() as port:
        for name in arguments.templates:
            bench = Bench(Path(temporary) / name, TEMPLATES[name], arguments.messages, port)
            figures += bench.figures(name, arguments.rounds)
        if arguments.postgresql:
            figures += bench.on_postgresql(arguments.rounds)
    print(shown(figures))
    return 0


class Bench:
    """One shop with everything planned and due, kept as a database file that each round copies."""

    def __init__(self, folder: Path, template: str, messages: int, port: int) -> None:
        self.folder, self.messages, self.port = folder, messages, port
        start(folder, "shop", "ja", NOW.date())
        for each in (folder / "campaigns").glob("*.yaml"):
            each.unlink()
        (folder / "campaigns" / "thanks.yaml").write_text(CAMPAIGN.format(template=template), "utf-8")
        (folder / "templates" / "simple.txt.j2").write_text(SIMPLE, "utf-8")
        self.planned = folder / "planned.db"
        fill(f"sqlite:///{self.planned}", folder, messages, port)

    def figures(self, name: str, rounds: int) -> list[Figure]:
        """The table's lines of this template."""
        done = [self.round() for _ in range(rounds)]
        what = f"{name}, one worker"
        by_source = [each.ours / each.source for each in done]
        by_bare = [each.ours / each.bare for each in done]
        goal = 0.07 if name == "realistic" else None
        rate = f"{_median([each.ours for each in done]):.0f}/s : {_median([each.source for each in done]):.0f}/s"
        bare = f"{_median([each.bare for each in done]):.0f}/s"
        return [
            Figure(f"{what} : smtp-source", _median(by_source), "x", "sqlite", goal, True, _least(by_source, rate)),
            Figure(f"{what} : aiosmtplib, bytes ready", _median(by_bare), "x", "sqlite", note=_least(by_bare, bare)),
            Figure(f"{what}, processor a message", _median([each.cpu for each in done]), "µs", "sqlite"),
            Figure(f"{what}, peak memory", max(each.megabytes for each in done), "MB", "sqlite"),
        ]

    def round(self) -> Round:
        """Each sender once."""
        database = self.folder / "round.db"
        for suffix in ("", "-wal", "-shm"):
            database.with_name(database.name + suffix).unlink(missing_ok=True)
        shutil.copy(self.planned, database)
        found = self.worker(f"sqlite:///{database}")
        body = _body(f"sqlite:///{database}")
        return Round(
            ours=found["sent"] / found["seconds"],
            source=self.source(body),
            bare=self.bare(body),
            megabytes=found["megabytes"],
            cpu=found["cpu"] / found["sent"] * 1e6,
        )

    def worker(self, url: str) -> dict[str, float]:
        """Our worker in a process of its own."""
        with self.started(url) as process:
            out, _ = process.communicate()
        found: dict[str, float] = json.loads(out)
        assert found["sent"] == self.messages, found
        return found

    @contextmanager
    def started(self, url: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, "-m", "bench.sending", url, str(self.folder), str(self.port), str(CONNECTIONS)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        try:
            yield process
        finally:
            process.wait()

    def source(self, body: bytes) -> float:
        """Postfix's own load generator with the same bytes, nothing recorded."""
        letter = self.folder / "letter.eml"
        letter.write_bytes(body.replace(b"\r\n", b"\n"))
        command = [SOURCE, "-s", str(CONNECTIONS), "-m", str(self.messages), "-F", str(letter)]
        command += ["-f", "shop@shop.example", "-t", "c1@x.example", f"inet:127.0.0.1:{self.port}"]
        began = time.perf_counter()
        subprocess.run(command, check=True)
        return self.messages / (time.perf_counter() - began)

    def bare(self, body: bytes) -> float:
        """aiosmtplib with the bytes at hand, nothing composed and nothing recorded."""
        began = time.perf_counter()
        asyncio.run(_send_bare(self.port, body, self.messages))
        return self.messages / (time.perf_counter() - began)

    def on_postgresql(self, rounds: int) -> list[Figure]:
        """Two workers on one PostgreSQL against one."""
        pairs = []
        with cluster(Path("/tmp/nurture-bench/sending"), durable=True) as maintenance:
            for number in range(rounds):
                pairs.append([self._together(maintenance, f"s{number}_{workers}", workers) for workers in (1, 2)])
        gain = [two / one for one, two in pairs]
        note = f"{_median([one for one, _ in pairs]):.0f}/s → {_median([two for _, two in pairs]):.0f}/s"
        return [Figure("two workers : one", _median(gain), "x", "postgresql", note=_least(gain, note))]

    def _together(self, maintenance: str, name: str, workers: int) -> float:
        url = fresh_database(maintenance, name)
        fill(url, self.folder, self.messages, self.port)
        began = time.perf_counter()
        processes = []
        for _ in range(workers):
            command = [sys.executable, "-m", "bench.sending", url, str(self.folder), str(self.port), str(CONNECTIONS)]
            processes.append(subprocess.Popen(command, stdout=subprocess.PIPE))
        found = [json.loads(each.communicate()[0]) for each in processes]
        assert sum(each["sent"] for each in found) == self.messages, (found, began)
        return self.messages / max(each["seconds"] for each in found)


def fill(url: str, folder: Path, messages: int, port: int) -> None:
    """Customers who may be written to, each with a parcel sent just now, all planned and due."""
    upgrade(url)
    engine = open_engine(url)
    ids, at, day = range(1, messages + 1), NOW - timedelta(minutes=5), timedelta(days=1)
    granted = {"channel": "email", "status": "granted", "basis": "opt_in", "source": "test", "given_at": at - day}
    with writing(engine) as connection:
        rows = [
            {"id": i, "key": str(i), "name": f"山田 花{i}", "created_at": at, "bucket": i, "attributes": {}}
            for i in ids
        ]
        connection.execute(insert(table(Customer)), rows)
        mail = [{"customer_id": i, "channel": "email", "value": f"c{i}@x.example", "created_at": at} for i in ids]
        connection.execute(insert(table(Address)), mail)
        connection.execute(insert(table(Consent)), [{"customer_id": i, **granted, "recorded_at": at} for i in ids])
        about = {"ordered_at": at - day, "shipped_at": at, "received_at": at, "status": "shipped", "total": 2592}
        connection.execute(insert(table(Order)), [{"id": i, "key": f"o{i}", "customer_id": i, **about} for i in ids])
        thing = {"name": "みなとブレンド 200g", "category": "コーヒー豆", "quantity": 2, "price": 1296, "counts": True}
        bought = [{"order_id": i, "customer_id": i, "ordered_at": at - day, **thing} for i in ids]
        connection.execute(insert(table(OrderLine)), bought)
        connection.execute(insert(table(CustomerFact)), [{"customer_id": i, "first_order_id": i} for i in ids])
    situation = shift_of(folder, port).situation(NOW)
    with planning(engine, prepare) as session:
        planned = plan(session.connection, situation)
        written = commit(session, situation, planned)
    assert written.touches == messages, written
    engine.dispose()


def fresh_database(maintenance: str, name: str) -> str:
    """The URL of an empty PostgreSQL database of that name."""
    from sqlalchemy import create_engine, make_url

    engine = create_engine(maintenance, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    engine.dispose()
    return make_url(maintenance).set(database=name).render_as_string(hide_password=False)


async def _send_bare(port: int, body: bytes, messages: int) -> None:
    async def loop(count: int) -> None:
        async with aiosmtplib.SMTP(hostname="127.0.0.1", port=port, use_tls=False, start_tls=False) as client:
            for _ in range(count):
                await client.sendmail("shop@shop.example", ["c1@x.example"], body)

    share, rest = divmod(messages, CONNECTIONS)
    await asyncio.gather(*(loop(share + (number < rest)) for number in range(CONNECTIONS)))


def _body(url: str) -> bytes:
    engine = open_engine(url)
    with reading(engine) as connection:
        found = connection.scalars(select(table(Message).c.body).limit(1)).one()
    engine.dispose()
    return bytes(found)


@contextmanager
def _sink() -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = int(free.getsockname()[1])
    whose = ["-u", "postfix"] if os.geteuid() == 0 else []
    process = subprocess.Popen([SINK, *whose, f"inet:127.0.0.1:{port}", "1000"])
    try:
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _least(values: Sequence[float], more: str) -> str:
    return f"min {min(values):.3f}; {more}, {len(values)} rounds"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.delivery", description=__doc__)
    parser.add_argument("--messages", type=int, default=5000, help="messages of a round (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--templates", type=lambda text: text.split(","), default=list(TEMPLATES))
    parser.add_argument("--postgresql", action="store_true", help="two workers against one on PostgreSQL as well")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
