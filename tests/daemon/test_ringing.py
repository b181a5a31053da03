"""When a daemon ticks: at once where it is told to, also while it ticks; and how its last tick ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from structlog.testing import capture_logs

from nurture.clock import system_clock
from nurture.daemon.daemon import Daemon, Errand, Shop
from nurture.daemon.reload import Watched
from nurture.delivery.freezing import Press
from nurture.planning.commit import Committed, commit
from tests.delivery.post import INSTANCE, Post
from tests.delivery.test_worker import MEETING, THANKS

HALF = 0.5
"""Seconds."""


@pytest.fixture
def made(engine: Engine, tmp_path: Path) -> Callable[[Errand], Daemon]:
    """A live daemon of a shop with one campaign, with an errand before its planning."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    shop = Shop(post.shop.settings.model_copy(update={"mode": "live"}), post.shop.campaigns, post.templates)

    def daemon_with(errand: Errand) -> Daemon:
        return Daemon(
            "daemon",
            engine,
            system_clock(),
            Watched(lambda: shop, (), shop, digest=""),
            lambda _: Press(post.shop.settings, post.templates, INSTANCE),
            {"email": [post.mail], "line": [post.line]},
            alone=True,
            before=[errand],
        )

    return daemon_with


def lives(daemon: Daemon) -> None:
    async def live() -> None:
        async with asyncio.timeout(45):
            await daemon.run()
            await daemon.close()

    asyncio.run(live())


def test_who_changes_a_file_while_it_plans_waits_for_no_minute(made: Callable[[Errand], Daemon]) -> None:
    """The owner says SIGHUP in the middle of a tick, which has read the folder before."""
    ticks: list[datetime] = []

    async def change(_: Shop, now: datetime) -> bool:
        ticks.append(now)
        if len(ticks) == 1:
            os.kill(os.getpid(), signal.SIGHUP)
        else:
            daemon.stop()
        return False

    daemon = made(change)
    lives(daemon)
    assert len(ticks) == 2


def test_a_plan_under_way_is_committed_before_the_daemon_says_that_it_stopped(
    made: Callable[[Errand], Daemon], monkeypatch: pytest.MonkeyPatch
) -> None:
    committed: list[Committed] = []

    async def nothing(_: Shop, now: datetime) -> bool:
        return False

    def slow(*given: Any) -> Committed:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(HALF)
        committed.append(commit(*given))
        return committed[-1]

    monkeypatch.setattr("nurture.daemon.daemon.commit", slow)
    with capture_logs() as said:
        lives(made(nothing))
        assert len(committed) == 1
    events = [each["event"] for each in said]
    assert events[0] == "started"
    assert events[-2:] == ["tick", "stopped"]
    assert "tick_failed" not in events
