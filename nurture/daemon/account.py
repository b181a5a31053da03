"""What LINE itself says of the shop's account: the bot's user id and the month's quota, asked at the start and hourly.

A figure of LINE's own narrows what the shop set, so that what is reserved is really there.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from nurture.channels.outcome import Deferred, Rejected
from nurture.delivery.writer import Writer
from nurture.gates.quota import month_of
from nurture.store import note_line_quota

from .daemon import Shop

log = structlog.get_logger()
AGAIN = timedelta(hours=1)
SOONER = timedelta(minutes=5)
"""After an answer that was none."""


class Account(Protocol):
    """What can be asked; `nurture.channels.line.LineTransport` can."""

    async def bot(self) -> str | Deferred | Rejected:
        """The bot's user id."""

    async def quota(self) -> int | Deferred | Rejected | None:
        """People who may be pushed to in this month; None = without limit."""

    async def consumption(self) -> int | Deferred | Rejected:
        """How many were, roughly."""


@dataclass
class LineAccountWatch:
    """One a process."""

    account: Account
    writer: Writer
    """The process's one writer."""
    bot: str = ""
    """The bot's user id, empty until LINE has told it."""
    not_before: datetime | None = None

    async def look(self, shop: Shop, now: datetime) -> bool:
        """Asks LINE if it is time; True where the month's figures were noted."""
        if self.not_before and now < self.not_before:
            return False
        bot, quota, used = await asyncio.gather(self.account.bot(), self.account.quota(), self.account.consumption())
        if isinstance(bot, str):
            self.bot = bot
        known = not isinstance(quota, Deferred | Rejected) and not isinstance(used, Deferred | Rejected)
        self.not_before = now + (AGAIN if known and self.bot else SOONER)
        if isinstance(quota, Deferred | Rejected) or isinstance(used, Deferred | Rejected):
            problem = quota if isinstance(quota, Deferred | Rejected) else used
            log.warning("line_account", code=getattr(problem, "code", ""), reply=getattr(problem, "reply", ""))
            return False
        since = month_of(shop.settings, now)
        await self.writer.run(partial(note_line_quota, since=since, limit=quota, consumed=used))
        log.info("line_account", quota=quota, used=used)
        return True
