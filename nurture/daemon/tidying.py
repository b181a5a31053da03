"""Tidying: raw messages from the LINE chat are deleted once they are old and done, at the first tick of each day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

import structlog

from nurture.delivery.writer import Writer
from nurture.feedback import forget
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
        self.done = today
        if deleted:
            log.info("chats_deleted", count=deleted)
        return False
