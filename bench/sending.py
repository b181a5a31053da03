"""One worker on a planned world, in a process of its own: how long it takes, how much memory it needs at most.

`python -m bench.sending DATABASE_URL FOLDER PORT CONNECTIONS [CERTIFICATE]` prints a line when it could begin, begins
when it is given one, so that several can begin together, and then prints one JSON object.
"""

import asyncio
import json
import os
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from nurture.campaign import load_campaigns
from nurture.channels.mail import MailTransport
from nurture.channels.server import MailServer
from nurture.clock import Clock
from nurture.collector import settle_down
from nurture.config import load_settings
from nurture.delivery import claiming, lookout, settling
from nurture.delivery import worker as delivery
from nurture.delivery import writer as writing
from nurture.delivery.composer import Composer
from nurture.delivery.freezing import Press
from nurture.delivery.senders import MailSender
from nurture.delivery.worker import Shift, Worker
from nurture.message.template import Templates
from nurture.store import open_engine

from .moment import NOW
from .sink import trusting

SECRETS = {"NURTURE_SECRET_KEY": "k" * 40}
INSTANCE = UUID(int=7)
Spent = defaultdict[str, float]
"""Stage → seconds of processor time."""
STAGES: tuple[tuple[Any, str, str], ...] = (
    (lookout, "look", "look"),
    (claiming, "look", "look"),
    (delivery, "take", "take"),
    (claiming, "take", "take"),
    (settling, "store_frozen", "freeze"),
    (settling, "let_pass", "fence"),
    (settling, "record", "record"),
    (writing.Writer, "_together", "commits"),
)
"""Where processor time is counted: where, the name there, what it is called. `commits` holds fence and record."""


def shift_of(folder: Path, port: int) -> Shift:
    """What the worker works with: the shop's files as they are, its mail server replaced."""
    settings = load_settings(folder, SECRETS)
    email = settings.email.model_copy(update={"host": "127.0.0.1", "port": port, "tls": "none", "per_hour": None})
    settings = settings.model_copy(update={"email": email})
    campaigns = load_campaigns(folder / "campaigns", settings)
    return Shift(campaigns, Press(settings, Templates.load(folder / "templates"), INSTANCE))


async def deliver(url: str, folder: Path, port: int, connections: int, certificate: Path | None) -> dict[str, float]:
    """Delivers everything that is due; seconds from the first claim to the last record."""
    engine, shift = open_engine(url), shift_of(folder, port)
    started = time.monotonic()
    clock = Clock(
        now=lambda: NOW + timedelta(seconds=time.monotonic() - started), boottime=time.monotonic, sleep=asyncio.sleep
    )
    server = MailServer("127.0.0.1", port, "none")
    if certificate:
        server = MailServer("127.0.0.1", port, "tls", context=trusting(certificate))
    senders = [MailSender(MailTransport(server)) for _ in range(connections)]
    composer = Composer(engine)
    worker = Worker(f"bench-{time.monotonic_ns()}", engine, clock, shift, {"email": senders}, composer)
    spent: Spent = defaultdict(float)
    await composer.start(shift.press)
    settle_down()
    print("ready", flush=True)
    sys.stdin.readline()
    beside = Beside(composer.pid or 0)
    began, cpu, here = time.perf_counter(), time.process_time(), time.thread_time()
    with _counting(spent), patch.object(composer, "close", beside.closing(composer.close)):
        delivered = await worker.deliver_due()
    spent["transport"] = time.thread_time() - here
    spent["compose"] = beside.seconds
    seconds, whole = time.perf_counter() - began, time.process_time() - cpu + beside.seconds
    await worker.close()
    engine.dispose()
    stages = {f"cpu_{name}": value for name, value in spent.items()}
    return {
        **delivered.counts,
        "sent": delivered["sent"],
        "seconds": seconds,
        "cpu": whole,
        "megabytes": _peak("self"),
        "megabytes_composer": beside.megabytes,
        **stages,
    }


class Beside:
    """What the composer needs: seconds of processor from now until it is closed, and its peak memory."""

    def __init__(self, pid: int) -> None:
        self.seconds, self.megabytes = 0.0, 0.0
        self._pid, self._before = pid, self._spent(pid)

    def closing(self, close: Callable[[], Awaitable[None]]) -> Callable[[], Awaitable[None]]:
        """Looks at it before it is closed."""

        async def looked() -> None:
            if Path(f"/proc/{self._pid}").exists():
                self.seconds, self.megabytes = self._spent(self._pid) - self._before, _peak(str(self._pid))
            await close()

        return looked

    def _spent(self, pid: int) -> float:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak(process: str) -> float:
    """Megabytes a process had at most; `ru_maxrss` would begin with what its parent had when it made it."""
    status = Path(f"/proc/{process}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) / 1024


@contextmanager
def _counting(spent: Spent) -> Iterator[None]:
    """Counts the processor time of each stage on whatever thread it runs; nothing but a clock is put around it."""
    patches = [patch.object(where, name, _timed(getattr(where, name), spent, stage)) for where, name, stage in STAGES]
    for each in patches:
        each.start()
    try:
        yield
    finally:
        for each in patches:
            each.stop()


def _timed(function: Callable[..., Any], spent: Spent, stage: str) -> Callable[..., Any]:
    def timed(*arguments: Any, **named: Any) -> Any:
        began = time.thread_time()
        try:
            return function(*arguments, **named)
        finally:
            spent[stage] += time.thread_time() - began

    return timed


if __name__ == "__main__":
    address, shop, at, number, *more = sys.argv[1:]
    trusted = Path(more[0]) if more and more[0] else None
    print(json.dumps(asyncio.run(deliver(address, Path(shop), int(at), int(number), trusted))))
