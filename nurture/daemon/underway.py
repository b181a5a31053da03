"""What is on its way, hand-overs and the tick: a stop that cancels whoever waits for it must not cut a letter off."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

log = structlog.get_logger()
Result = TypeVar("Result")
DRAIN = 30
"""Seconds in which a stopping daemon finishes what it handed over."""


class Underway:
    """Those of one daemon."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def finish(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Awaits work that goes on where the awaiting is cancelled."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def rest(self) -> None:
        """Until all of it is done, or cancelled after `DRAIN` seconds."""
        if self._tasks and (await asyncio.wait(self._tasks, timeout=DRAIN))[1]:
            log.warning("drain_timeout", seconds=DRAIN)
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(self._tasks, timeout=DRAIN)
