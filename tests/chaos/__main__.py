"""`python -m tests.chaos`: four workers and a daemon under kill -9, SIGSTOP and a server that is restarted.

Whoever dies holding messages behind the fence leaves them unknown: after eleven minutes, so that a run takes twenty.
"""

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from random import Random
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import make_url

from nurture.clock import system_clock
from tests.database import PostgresServer, find_programs, postgres_server
from tests.simulation.figures import write

from .town import Counts, Servant, Sink, build, read

WHAT = "Four workers and a daemon on PostgreSQL under kill -9, SIGSTOP and restarts of the server"


def main() -> int:
    """Exit status 1 where a message was lost or came twice, or never came to rest."""
    arguments = _arguments()
    sink, counts, random = Sink(), Counts(), Random(arguments.seed)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(sink, hostname="127.0.0.1", port=port)
    controller.start()
    try:
        with postgres_server(durable=True) as server, tempfile.TemporaryDirectory() as folder:
            url, here = server.create(), Path(folder)
            # All at once they would be gone before the raging has begun.
            per_hour = arguments.messages * 3600 // arguments.seconds
            build(here / "shop", port, url, arguments.messages, per_hour, system_clock().now())
            with (here / "log").open("ab") as log:
                servants = [Servant(here / "shop", (word,), log) for word in ("run", *["worker"] * 4)]
                _rage(servants, server, url, counts, random, arguments)
    finally:
        controller.stop()
    return _tell(sink, counts, arguments.messages)


def _rage(
    servants: list[Servant],
    server: PostgresServer,
    url: str,
    counts: Counts,
    random: Random,
    asked: argparse.Namespace,
) -> None:
    deadline, next_restart = time.monotonic() + asked.patience, time.monotonic() + asked.every * 10
    while time.monotonic() < deadline:
        for each in servants:
            each.keep()
        time.sleep(asked.every)
        ledger = read(url)
        counts.ledger = ledger if ledger.statuses else counts.ledger
        left = asked.messages - counts.ledger.statuses["sent"] - counts.ledger.statuses["unknown"]
        enough = counts.kills >= asked.kills and counts.pauses >= asked.pauses and counts.restarts >= asked.restarts
        if left <= 0 and counts.ledger.statuses:
            break
        if enough or left < asked.messages // 50:
            continue  # what is left comes to rest by itself
        # Who only starts has nothing to lose: blows fall on those who hold messages.
        if victims := [each for each in servants if each.popen and each.popen.pid in ledger.at_work]:
            _strike(random.choice(victims), counts, random)
        if time.monotonic() > next_restart and counts.restarts < asked.restarts:
            next_restart = time.monotonic() + asked.every * 10
            counts.restarts += _restart(server)
    for each in servants:
        each.end()
    counts.ledger = read(url)


def _strike(victim: Servant, counts: Counts, random: Random) -> None:
    if random.random() < 0.5:
        victim.kill()
        counts.kills += 1
    else:
        victim.pause(random.choice((0.2, 1, 3, 5)))
        counts.pauses += 1


def _restart(server: PostgresServer) -> int:
    """The server stops as by a power cut, and comes back; 0 where it is somebody else's."""
    folder, programs = make_url(server.url).query.get("host"), find_programs()
    if not isinstance(folder, str) or programs is None:
        return 0
    owner = Path(folder).stat()
    words = [
        str(programs / "pg_ctl"),
        "-D",
        f"{folder}/data",
        "-m",
        "immediate",
        "-w",
        "-l",
        f"{folder}/log",
        "restart",
    ]
    who: dict[str, Any] = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    done = subprocess.run(words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **who)
    return int(done.returncode == 0)


def _tell(sink: Sink, counts: Counts, messages: int) -> int:
    people, found = sink.people(), counts.ledger.statuses
    twice = sum(1 for number in people.values() if number > 1)
    lost = len(counts.ledger.sent_to - people.keys()) + messages - found.total()
    hanging = messages - found["sent"] - found["unknown"]
    figures = {
        "messages": messages,
        "kills of processes that held messages": counts.kills,
        "pauses": counts.pauses,
        "restarts of PostgreSQL": counts.restarts,
        "twice": twice,
        "lost": lost,
        "not at rest": hanging,
        "unknown": found["unknown"],
        "unknown per kill": round(found["unknown"] / max(counts.kills, 1), 2),
        "unknown that had arrived": len(people) - found["sent"],
    }
    write("chaos", WHAT, figures)
    sys.stdout.write(f"{figures}\n")
    return bool(twice or lost or hanging)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--pauses", type=int, default=300)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=1500, help="for which the messages last, by a ceiling of rate")
    parser.add_argument("--every", type=float, default=2.4, help="seconds between two blows")
    parser.add_argument("--patience", type=float, default=3_600, help="seconds in all")
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
