"""Who writes to the opt-out mailbox is heard while the daemon runs, and a mailbox that fails is tried again."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.clock import Clock
from nurture.daemon import read_mailbox, watch_mailbox
from tests.feedback.people import BOB, NOON, populate, settings, standing
from tests.feedback.test_mailbox import BOBS_TOKEN, letter, marks, post


async def _instant(seconds: float) -> None:
    await asyncio.sleep(0)


CLOCK = Clock(now=lambda: NOON, boottime=lambda: 0.0, sleep=_instant)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for each in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / each).mkdir(parents=True)
    return tmp_path / "Maildir"


def test_bobs_letter_is_acted_on_while_the_daemon_runs(engine: Engine, folder: Path) -> None:
    populate(engine)
    post(folder, letter(subject=f"unsubscribe {BOBS_TOKEN}"))
    stopping = asyncio.Event()
    stopping.set()
    asyncio.run(watch_mailbox(engine, settings(), {"NURTURE_MAILDIR": str(folder)}, CLOCK, stopping))
    assert marks(folder) == ["S"]
    assert standing(engine, BOB)["email"] == "withdrawn"


def test_a_mailbox_that_is_not_there_is_no_end_of_the_daemon(engine: Engine, tmp_path: Path) -> None:
    missing = {"NURTURE_MAILDIR": str(tmp_path / "nowhere")}
    assert asyncio.run(read_mailbox(engine, settings(), missing, CLOCK)) is False


def test_without_a_mailbox_nobody_is_waited_for(engine: Engine) -> None:
    asyncio.run(watch_mailbox(engine, settings(), {}, CLOCK, asyncio.Event()))
