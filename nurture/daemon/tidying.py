"""Tidying, at the first tick of each day: raw messages from the LINE chat that are old and done are deleted, and the
texts of letters that were on their way when their recipient was erased."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from nurture.delivery.writer import Writer
from nurture.feedback import forget
from nurture.feedback.erasing import erase_rest
from nurture.zone import zone_table

from .daemon import Shop

log = structlog.get_logger()


@dataclass
class Tidying:
    """One a process."""

    writer: Writer
    """The process's one writer."""
    done: date | None = None
    """The day of the shop's zone on which it was done last."""

    async def tidy(self, shop: Shop, now: datetime) -> bool:
        """Deletes what the shop need not keep any more; never changes what limits planning."""
        settings = shop.settings
        today = zone_table(settings.timezone).local_date(int(now.timestamp()))
        if self.done == today:
            return False
        before = now - timedelta(days=settings.line.keep_chats.days)
        deleted = await self.writer.run(partial(forget, before=before))
        await self.writer.run(erase_rest)
        self.done = today
        if deleted:
            log.info("chats_deleted", count=deleted)
        return False
