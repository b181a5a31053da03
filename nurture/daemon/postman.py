"""The postman: looks into the opt-out mailbox while the daemon runs. What a letter means is not known here."""

import asyncio
import imaplib
from collections.abc import Mapping
from contextlib import suppress

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from nurture.clock import Clock
from nurture.config import Settings
from nurture.feedback.mailbox import is_named, open_mailbox, read_optouts

log = structlog.get_logger()
ROUND = 120.0
"""Seconds between two looks. Who asks to be left alone has not to wait for the next campaign."""


async def read_mailbox(engine: Engine, settings: Settings, environment: Mapping[str, str], clock: Clock) -> bool:
    """One look. False where the mailbox or the database could not be read: the letters are still new the next time."""

    def look() -> None:
        with open_mailbox(environment) as box:
            if box is not None:
                read_optouts(engine, settings, box, clock.now())

    try:
        await asyncio.to_thread(look)
    except (OSError, imaplib.IMAP4.error, SQLAlchemyError) as problem:
        log.error("mailbox.unread", problem=type(problem).__name__)
        return False
    return True


async def watch_mailbox(
    engine: Engine, settings: Settings, environment: Mapping[str, str], clock: Clock, stopping: asyncio.Event
) -> None:
    """Looks until `stopping` is set; ends at once where the environment names no mailbox."""
    while is_named(environment):
        await read_mailbox(engine, settings, environment, clock)
        if await _stopped(clock, stopping):
            return


async def _stopped(clock: Clock, stopping: asyncio.Event) -> bool:
    """Whether the daemon stopped before the next round."""
    stop, turn = asyncio.ensure_future(stopping.wait()), asyncio.ensure_future(clock.sleep(ROUND))
    await asyncio.wait((stop, turn), return_when=asyncio.FIRST_COMPLETED)
    for each in (stop, turn):
        each.cancel()
        with suppress(asyncio.CancelledError):
            await each
    return stopping.is_set()
