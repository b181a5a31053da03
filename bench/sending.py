"""One worker on a planned world, in a process of its own: how long it takes, how much memory it needs at most.

`python -m bench.sending DATABASE_URL FOLDER PORT CONNECTIONS [PROFILE]` prints one JSON object.
"""

import asyncio
import cProfile
import json
import resource
import sys
import time
from contextlib import nullcontext
from pathlib import Path
from uuid import UUID

from nurture.campaign import load_campaigns
from nurture.channels.mail import MailTransport
from nurture.channels.server import mail_server
from nurture.clock import Clock
from nurture.config import load_settings
from nurture.delivery.freezing import Press
from nurture.delivery.senders import MailSender
from nurture.delivery.worker import Shift, Worker
from nurture.message.template import Templates
from nurture.store import open_engine

from .moment import NOW

SECRETS = {"NURTURE_SECRET_KEY": "k" * 40}
INSTANCE = UUID(int=7)


def shift_of(folder: Path, port: int) -> Shift:
    """What the worker works with: the shop's files as they are, its mail server replaced."""
    settings = load_settings(folder, SECRETS)
    email = settings.email.model_copy(update={"host": "127.0.0.1", "port": port, "tls": "none", "per_hour": None})
    settings = settings.model_copy(update={"email": email})
    campaigns = load_campaigns(folder / "campaigns", settings)
    return Shift(campaigns, Press(settings, Templates.load(folder / "templates"), INSTANCE))


async def deliver(url: str, folder: Path, port: int, connections: int, profile: str) -> dict[str, float]:
    """Delivers everything that is due; seconds from the first claim to the last record."""
    engine, shift = open_engine(url), shift_of(folder, port)
    clock = Clock(now=lambda: NOW, boottime=lambda: 0.0, sleep=asyncio.sleep)
    senders = [MailSender(MailTransport(mail_server(shift.press.settings))) for _ in range(connections)]
    worker = Worker(f"bench-{time.monotonic_ns()}", engine, clock, shift, {"email": senders})
    watching = cProfile.Profile() if profile else None
    began, cpu = time.perf_counter(), time.process_time()
    with watching or nullcontext():
        delivered = await worker.deliver_due()
    seconds = time.perf_counter() - began
    spent = time.process_time() - cpu
    await worker.close()
    engine.dispose()
    if watching:
        watching.dump_stats(profile)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**delivered.counts, "sent": delivered["sent"], "seconds": seconds, "cpu": spent, "megabytes": peak}


if __name__ == "__main__":
    address, shop, at, number, *more = sys.argv[1:]
    print(json.dumps(asyncio.run(deliver(address, Path(shop), int(at), int(number), more[0] if more else ""))))
