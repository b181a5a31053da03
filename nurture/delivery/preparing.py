"""Preparing: claimed touches become messages that wait for a connection, or are written off."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Engine

from nurture.store import reading

from .composer import Composer
from .composing import compose_one, read_material
from .freezing import Press, Unwritable
from .handing import Queue
from .recording import fail_unwritable, release
from .settling import Settler
from .values import Claimed, Ready

IN_A_ROW = 5
"""Messages composed before connections have their turn: about a millisecond; one by one they take a tenth longer."""


class Preparer:
    """One a worker."""

    def __init__(self, engine: Engine, settler: Settler, composer: Composer | None) -> None:
        self.composer = composer
        self._engine, self._settler, self._writer = engine, settler, settler.writer
        self._tripped: dict[str, datetime] = {}
        """Campaigns that were paused here, and when: what was claimed before is given back."""
        self._whole = 0
        """Whole batches so far."""

    @property
    def beside(self) -> bool:
        """Whether another process composes, so that more can be claimed meanwhile."""
        return self.composer is not None and self.composer.ready

    def expect_more(self, press: Press) -> None:
        """A whole batch was claimed: the second one in a row begins a process of its own, which takes a second."""
        self._whole += 1
        if self.composer and self._whole > 1:
            self.composer.begin(press)

    def forget(self) -> None:
        """A new run begins."""
        self._tripped.clear()
        self._whole = 0

    async def rest(self) -> None:
        """Nothing is left to write: the other process ends, and its memory is free."""
        if self.composer:
            await self.composer.close()

    async def prepare(self, press: Press, left: dict[int, Claimed], queues: Mapping[str, Queue], now: datetime) -> None:
        """Writes the messages of what was claimed at `now` and takes out of `left` what waits to be sent."""
        if self.composer and self.composer.ready:
            written = await self.composer.compose(press, list(left.values()), now)
            if written is not None:
                await self._write_off([each for each in written if isinstance(each, Unwritable)], now)
                self._queue(written, left, queues)
                return
        await self._prepare_here(press, left, queues, now)

    async def _prepare_here(
        self, press: Press, left: dict[int, Claimed], queues: Mapping[str, Queue], now: datetime
    ) -> None:
        """On the event loop, a few at a time, as it has nothing to do while a commit is awaited: on a thread of their
        own they take the interpreter from connections and writer for milliseconds."""
        claimed = list(left.values())
        material = await asyncio.to_thread(read_material, partial(reading, self._engine), press, claimed, now)
        for start in range(0, len(claimed), IN_A_ROW):
            await asyncio.sleep(0)
            await self._writer.rest()
            written = [compose_one(press, each, material, now) for each in claimed[start : start + IN_A_ROW]]
            self._queue(written, left, queues)
            # At once, not when the batch ends: of a campaign that this pauses, what was written before passes no fence.
            await self._write_off([each for each in written if isinstance(each, Unwritable)], now)

    def _queue(
        self, written: Iterable[Ready | Unwritable], left: dict[int, Claimed], queues: Mapping[str, Queue]
    ) -> None:
        for each in written:
            if isinstance(each, Ready):
                queues[each.claimed.channel].put_nowait(each)
                del left[each.claimed.touch_id]

    async def _write_off(self, failed: Sequence[Unwritable], now: datetime) -> None:
        if failed:
            self._settler.counts["failed"] += await self._writer.run(partial(self._fail, unwritable=failed, now=now))

    def _fail(self, connection: Connection, *, unwritable: Sequence[Unwritable], now: datetime) -> int:
        """Writes off what can't be written, but not a whole campaign: once it is paused, the rest waits planned."""
        failed = 0
        for each in unwritable:
            campaign = each.claimed.campaign.campaign
            if campaign in self._tripped and now <= self._tripped[campaign]:
                release(connection, each.claimed, now)
                continue
            failed += 1
            if fail_unwritable(connection, each.claimed, each.fault, each.why, now):
                self._tripped[campaign] = self._settler.clock.now()
        return failed
