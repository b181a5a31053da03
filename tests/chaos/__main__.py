"""`python -m tests.chaos`: four workers and a daemon under kill -9, SIGSTOP and a server that is restarted.

Whoever dies holding messages behind the fence leaves them unknown, eleven minutes later: a run takes as long after its
last blow. Asked to stop (SIGTERM, Ctrl-C) it ends whom it started, and tells what it has counted so far.
"""

import argparse
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from nurture.clock import system_clock
from tests.database import PostgresServer, find_programs, postgres_server
from tests.simulation.figures import write

from .servant import Servant, end_all, nursery
from .town import Ledger, Sink, Town, build

WHAT = "{workers} workers and a daemon on PostgreSQL under kill -9, SIGSTOP and restarts of the server"
PAUSES = (0.2, 1, 3, 5)
"""Seconds."""


@dataclass
class Counts:
    """What was done to them, and what was seen last."""

    kills: int = 0
    pauses: int = 0
    restarts: int = 0
    ledger: Ledger = field(default_factory=Ledger)
    sent_to: frozenset[str] = frozenset()
    began: float = field(default_factory=time.monotonic)
    cut_short: bool = False


class AskedToStop(Exception):
    """Somebody wants the run to end."""


def main() -> int:
    """Exit status 1 where a message was lost or came twice, or never came to rest."""
    arguments = _arguments()
    sink, counts = Sink(), Counts()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with _stoppable():
            _run(port, counts, arguments)
    except AskedToStop:
        counts.cut_short = True
    finally:
        controller.stop()
    return _tell(sink, counts, arguments)


@contextmanager
def _stoppable() -> Iterator[None]:
    """SIGTERM and SIGINT raise, once: whoever asks again waits for the end of what ends."""
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop(number: int, _: Any) -> None:
        for each in signals:
            signal.signal(each, signal.SIG_IGN)
        raise AskedToStop(number)

    before = {each: signal.signal(each, stop) for each in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(port: int, counts: Counts, asked: argparse.Namespace) -> None:
    nursery()
    with postgres_server(durable=True) as server, tempfile.TemporaryDirectory() as folder:
        url, here = server.create(), Path(folder)
        # All at once they would be gone before the raging has begun.
        per_hour = asked.messages * 3600 // asked.seconds
        build(here / "shop", port, url, asked.messages, per_hour, system_clock().now())
        words = ("run", *["worker"] * asked.workers)
        servants, town = [Servant(here / "shop", (word,), here / "log") for word in words], Town(url)
        try:
            _rage(servants, server, town, counts, asked)
        finally:
            end_all(servants)
            _look(town, counts)
            town.close()
            if asked.journal:
                Path(asked.journal).write_bytes((here / "log").read_bytes())


def _look(town: Town, counts: Counts) -> None:
    """What the database says at the end; what it said last where its server is away."""
    try:
        counts.ledger, counts.sent_to = town.read(), town.sent_to()
    except SQLAlchemyError as problem:
        sys.stderr.write(f"{problem}\n")


def _rage(
    servants: list[Servant], server: PostgresServer, town: Town, counts: Counts, asked: argparse.Namespace
) -> None:
    random = Random(asked.seed)
    pause = asked.seconds / (asked.restarts + 1)
    next_restart = time.monotonic() + pause
    while time.monotonic() < counts.began + asked.patience:
        for each in servants:
            each.keep()
        time.sleep(asked.every)
        ledger = town.read()
        counts.ledger = ledger if ledger.statuses else counts.ledger
        left = asked.messages - counts.ledger.statuses["sent"] - counts.ledger.statuses["unknown"]
        if left <= 0 and counts.ledger.statuses:
            break
        if left < asked.messages // 50:
            continue  # what is left comes to rest by itself
        # Who only starts has nothing to lose: blows fall on those who hold messages.
        if victims := [each for each in servants if each.pid in ledger.at_work and not each.stopped_until]:
            _strike(random.choice(victims), counts, random, asked)
        if time.monotonic() > next_restart and counts.restarts < asked.restarts:
            next_restart = time.monotonic() + pause
            counts.restarts += _restart(server)


def _strike(victim: Servant, counts: Counts, random: Random, asked: argparse.Namespace) -> None:
    """Kills or pauses, whichever is still to be done."""
    wanted = {"kill": asked.kills - counts.kills, "pause": asked.pauses - counts.pauses}
    left = [name for name, number in wanted.items() if number > 0]
    if not left:
        return
    if random.choice(left) == "kill":
        victim.kill()
        counts.kills += 1
    else:
        victim.pause(random.choice(PAUSES))
        counts.pauses += 1


def _restart(server: PostgresServer) -> int:
    """The server stops as by a power cut, and comes back; 0 where it is somebody else's."""
    folder, programs = make_url(server.url).query.get("host"), find_programs()
    if not isinstance(folder, str) or programs is None:
        return 0
    owner = Path(folder).stat()
    where = ["-D", f"{folder}/data", "-m", "immediate", "-w", "-l", f"{folder}/log"]
    who: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    words, silence = [str(programs / "pg_ctl"), *where, "restart"], subprocess.DEVNULL
    done = subprocess.run(words, cwd=folder, stdout=silence, stderr=silence, **who)
    return int(done.returncode == 0)


def _tell(sink: Sink, counts: Counts, asked: argparse.Namespace) -> int:
    people, found = sink.people(), counts.ledger.statuses
    twice = sum(1 for number in people.values() if number > 1)
    lost = len(counts.sent_to - people.keys()) + asked.messages - found.total()
    hanging = asked.messages - found["sent"] - found["unknown"]
    figures: dict[str, Any] = {
        "messages": asked.messages,
        "kills of processes that held messages": counts.kills,
        "pauses": counts.pauses,
        "restarts of PostgreSQL": counts.restarts,
        "twice": twice,
        "lost": lost,
        "not at rest": hanging,
        "unknown": found["unknown"],
        "unknown per kill": round(found["unknown"] / max(counts.kills, 1), 2),
        "unknown that had arrived": len(people) - found["sent"],
        "minutes": round((time.monotonic() - counts.began) / 60),
    }
    if counts.cut_short:
        figures = {"cut short": "yes", **figures}
    write("chaos", WHAT.format(workers=asked.workers), figures)
    sys.stdout.write(f"{figures}\n")
    return bool(twice or lost or hanging)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--pauses", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=1200, help="for which the messages last, by a ceiling of rate")
    parser.add_argument("--every", type=float, default=1.2, help="seconds between two blows")
    parser.add_argument("--patience", type=float, default=3_600, help="seconds in all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--journal", default="", help="file for what the processes said")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
