"""Settling: outcomes and fences of all connections in one transaction.

Who sends is not known here, nor is how.
"""

import asyncio
from collections import Counter
from datetime import datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from nurture.channels.outcome import Accepted, Unknown
from nurture.clock import Clock

from .fencing import let_pass, lock_people
from .freezing import store_frozen
from .recording import Tried, record
from .values import Claimed, Ready
from .writer import Writer

SENDING_LEASE = 11 * 60
"""Seconds for which an outcome is waited for: ten minutes after the dot (RFC 5321 section 4.5.3.2.6) and one more."""
RECORD_TRIES = 5
STEP = 2.0
"""Seconds by which wall clock and boot time may part between claim and payload."""


class Settler:
    """One a worker."""

    def __init__(self, clock: Clock, writer: Writer) -> None:
        self.clock, self.writer = clock, writer
        self.counts: Counter[str] = Counter()
        """Outcomes written so far, by their words."""

    def put(self, item: Tried | Ready) -> "asyncio.Future[bool]":
        """Has an outcome written, or asks the fence of a message; True for an outcome, and for who passed."""
        return self.writer.put(self.together, item)

    def together(self, connection: Connection, items: list[Tried | Ready]) -> list[bool]:
        """The transaction that all share: whether each message passed its fence; its bytes are written with it."""
        tried = [each for each in items if isinstance(each, Tried)]
        now = self.clock.now()
        # Asked again by the instant that is written: the clock may have been set since the message asked to pass.
        ready = [each for each in items if isinstance(each, Ready) and not self.stepped(each.claimed, now)]
        claims = [each.claimed for each in ready]
        taken = [each.claimed for each in tried if isinstance(each.outcome, Accepted)]
        changing = [each.claimed for each in tried if not isinstance(each.outcome, Accepted)]
        # At once for all, so that two workers can't wait for each other.
        sharers = lock_people(connection, [*taken, *claims], changing)
        if tried:
            record(connection, tried, now)
        passed = let_pass(connection, claims, now, SENDING_LEASE, sharers) if claims else set()
        store_frozen(connection, (each for each in ready if each.claimed.touch_id in passed), now)
        return [isinstance(each, Tried) or each.claimed.touch_id in passed for each in items]

    def stepped(self, claimed: Claimed, now: datetime) -> bool:
        """Whether the clock, which shows `now`, stepped since the claim: what was open then may not have opened yet."""
        apart = claimed.apart
        return apart is not None and abs(now.timestamp() - self.clock.boottime() - apart) > STEP

    async def record(self, tried: Tried) -> None:
        """Has an outcome written, tried again while the database is busy."""
        for attempt in range(RECORD_TRIES):
            try:
                await self.put(tried)
            except SQLAlchemyError:
                await self.clock.sleep(0.1 * 2**attempt)
            else:
                self.count(tried)
                return
        # The lease will run out and the reaper settles it: a fenced message becomes unknown, never a second one.

    def count(self, tried: Tried) -> None:
        """Counts an outcome that was written."""
        if isinstance(tried.outcome, Unknown) and tried.outcome.retry_same_key:
            return  # it will be repeated, and that decides
        self.counts[_word(tried)] += 1


def _word(tried: Tried) -> str:
    if isinstance(tried.outcome, Accepted):
        return "sent"
    if tried.refused:
        return "refused"
    return {"Deferred": "deferred", "Rejected": "rejected", "Unknown": "unknown", "NotSent": "not_sent"}[
        type(tried.outcome).__name__
    ]
