"""When a daemon ticks: at once where it is told to, also while it ticks."""

import asyncio
import os
import signal
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from nurture.clock import system_clock
from nurture.daemon.daemon import Daemon, Shop
from nurture.daemon.reload import Watched
from nurture.delivery.freezing import Press
from tests.delivery.post import INSTANCE, Post
from tests.delivery.test_worker import MEETING, THANKS


def test_who_changes_a_file_while_it_plans_waits_for_no_minute(engine: Engine, tmp_path: Path) -> None:
    """The owner says SIGHUP in the middle of a tick, which has read the folder before."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    shop = Shop(post.shop.settings.model_copy(update={"mode": "live"}), post.shop.campaigns, post.templates)
    ticks: list[datetime] = []

    async def change(_: Shop, now: datetime) -> bool:
        ticks.append(now)
        if len(ticks) == 1:
            os.kill(os.getpid(), signal.SIGHUP)
        else:
            daemon.stop()
        return False

    async def live() -> None:
        async with asyncio.timeout(45):
            await daemon.run()
            await daemon.close()

    daemon = Daemon(
        "daemon",
        engine,
        system_clock(),
        Watched(lambda: shop, (), shop, digest=""),
        lambda _: Press(post.shop.settings, post.templates, INSTANCE),
        {"email": [post.mail], "line": [post.line]},
        alone=True,
        before=[change],
    )
    asyncio.run(live())
    assert len(ticks) == 2
