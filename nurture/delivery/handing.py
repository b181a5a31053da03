"""Handing over: what one connection is given until its queue is empty, and what became of each message."""

import asyncio
from collections.abc import Callable, Iterator

from nurture.channels.fence import Fence
from nurture.channels.outcome import NotSent, Outcome, Unknown

from .passage import Passage
from .recording import BROKEN, Tried
from .settling import Settler
from .values import Ready

Queue = asyncio.Queue[Ready | None]
"""What waits for the connections of a channel; a None for each of them ends it."""


class HandingOver:
    """One run of one connection."""

    def __init__(self, settler: Settler, queue: Queue, first: Ready, ending: Callable[[], bool]) -> None:
        """`ending`: whether the worker hands nothing more over."""
        self.ended = False
        """Whether the queue's end was drawn."""
        self._settler, self._queue, self._first, self._ending = settler, queue, first, ending
        self._passages: dict[int, Passage] = {}
        self._recording: set[asyncio.Future[bool]] = set()
        self._again: list[asyncio.Task[None]] = []

    def messages(self) -> Iterator[Ready]:
        """The first message and whatever waits by the time the connection could take another."""
        ready: Ready | None = self._first
        while ready is not None:
            self._passages[ready.claimed.touch_id] = Passage(self._settler, ready, self._ending)
            yield ready
            try:
                ready = self._queue.get_nowait()
            except asyncio.QueueEmpty:
                return
        self.ended = True

    def fence_of(self, ready: Ready) -> Fence:
        """The fence of one message."""
        return self._passages[ready.claimed.touch_id].ask

    def settle(self, ready: Ready, outcome: Outcome) -> None:
        """Has an outcome written, in the same commit as the next fence where one waits."""
        passage = self._passages.pop(ready.claimed.touch_id)
        self._record(Tried(ready.claimed, outcome, passage.fenced, passage.refused))

    def settle_rest(self) -> None:
        """Has what was drawn and never settled given back, or unknown where it may have been handed over."""
        for passage in list(self._passages.values()):
            outcome: Outcome = Unknown(BROKEN) if passage.permitted else NotSent(BROKEN)
            self._record(Tried(passage.claimed, outcome, passage.fenced, refused=not passage.fenced))
        self._passages.clear()

    async def recorded(self) -> None:
        """Waits until every outcome is written."""
        while self._recording:
            await asyncio.wait(self._recording)
        await asyncio.gather(*self._again)

    def _record(self, tried: Tried) -> None:
        # A future with a callback, not a task: there is one for each message.
        writing = self._settler.put(tried)
        self._recording.add(writing)
        writing.add_done_callback(lambda done: self._written(tried, done))

    def _written(self, tried: Tried, done: "asyncio.Future[bool]") -> None:
        self._recording.discard(done)
        if done.cancelled() or done.exception() is None:
            self._settler.count(tried)
        else:
            self._again.append(asyncio.create_task(self._settler.record(tried)))
