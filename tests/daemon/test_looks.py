"""Between ticks the daemon looks for what fell due: not before its start is settled, and again after a failure."""

import asyncio
from contextlib import suppress
from pathlib import Path

from sqlalchemy import Engine, text

from nurture.clock import Clock
from nurture.daemon.daemon import Daemon, Shop
from nurture.daemon.reload import Watched
from nurture.delivery.freezing import Press
from nurture.store import writing
from tests.delivery.post import INSTANCE, Post
from tests.delivery.test_worker import MEETING, THANKS
from tests.planning.people import instant


def opened(engine: Engine, folder: Path) -> tuple[Post, Daemon]:
    """A shop with one mail due and its daemon, not started yet."""
    post = Post(engine, folder, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    post.standing.at = instant("2026-11-20 10:05")
    clock = Clock(now=lambda: post.standing.at, boottime=lambda: 0.0, sleep=lambda seconds: asyncio.sleep(0.001))
    live = post.shop.settings.model_copy(update={"mode": "live"})
    shop = Shop(live, post.shop.campaigns, post.templates)
    watched = Watched(lambda: shop, (), shop, digest="")
    senders = {"email": [post.mail], "line": [post.line]}
    press = Press(post.shop.settings, post.templates, INSTANCE)
    return post, Daemon("daemon", engine, clock, watched, lambda _: press, senders, alone=True)


async def look(post: Post, daemon: Daemon, seconds: float) -> None:
    """Looks until something arrives, at most so long."""
    looking = asyncio.create_task(daemon._poll())
    for _ in range(round(seconds * 100)):
        await asyncio.sleep(0.01)
        if post.arrived():
            break
    looking.cancel()
    with suppress(asyncio.CancelledError):
        await looking
    await daemon.worker.close()


def rename(engine: Engine, one: str, other: str) -> None:
    """Gives a table another name, so that who asks for it fails."""
    with writing(engine) as connection:
        connection.execute(text(f"ALTER TABLE {one} RENAME TO {other}"))


def test_nothing_is_claimed_before_the_leases_of_a_former_daemon_are_settled(engine: Engine, tmp_path: Path) -> None:
    """What was on its way when the first tick settled all leases became unknown although it had been sent."""
    post, daemon = opened(engine, tmp_path)
    asyncio.run(look(post, daemon, 0.3))
    assert post.arrived() == []


def test_after_a_failed_look_the_next_one_delivers(engine: Engine, tmp_path: Path) -> None:
    """A database that was busy once ended all looks: mail went only with each tick, unseen."""
    post, daemon = opened(engine, tmp_path)
    daemon._settled = True
    rename(engine, "touch", "touch_away")

    async def come_back() -> None:
        looking = asyncio.create_task(look(post, daemon, 20))
        await asyncio.sleep(0.3)
        rename(engine, "touch_away", "touch")
        await looking

    asyncio.run(come_back())
    assert post.arrived() == ["thanks"]
