"""The one writer of a worker: whatever waits shares a transaction, on a thread of its own.

While one commit is on its way, fences and outcomes pile up; they go together in the next. So a commit is shared by as
many messages as the disk is slow, without a timer, and settling message n and fencing n + 1 share one.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError, TimeoutError

from nurture.store import Recorder

Result = TypeVar("Result")
LARGEST = 100
"""Operations in one transaction: what a crash can leave in doubt."""
LONGEST_WAIT = 0.005
"""Seconds that a transaction waits at most for more to share it."""
IN_VAIN = 2
"""Times in a row that nobody came while a transaction waited: they are on the way to a server and back."""
NOT_WAITING = 8
"""Transactions that then wait for nobody."""
CHECKPOINT_AFTER = 16
"""Transactions after which the WAL is moved into the file, at a moment when nobody waits."""


class _Waiting(NamedTuple):
    work: Callable[[Connection, list[Any]], list[Any]]
    item: Any
    done: "asyncio.Future[Any]"


class Writer:
    """Collects operations of several kinds and runs each kind once per transaction, in the order of its first item."""

    def __init__(self, engine: Engine, parties: int = 0, boottime: Callable[[], float] = lambda: 0.0) -> None:
        """`parties`: how many put items again and again, each waiting for one; a transaction waits a little for all, by
        what `boottime` tells in seconds."""
        self._recorder = Recorder(engine)
        self._enough = min(2 * parties, LARGEST)
        self._boottime = boottime
        self._full: asyncio.Future[None] | None = None
        self._lasted = 0.0
        self._in_vain = 0
        self._not_waiting = 0
        self._since_checkpoint = 0
        self._thread = ThreadPoolExecutor(1, "nurture-writer")
        self._waiting: list[_Waiting] = []
        self._busy: asyncio.Task[None] | None = None
        self._working: asyncio.Future[None] | None = None
        """Until a transaction has nothing left but its COMMIT."""

    async def submit(self, work: Callable[[Connection, list[Any]], list[Any]], item: Any) -> Any:
        """As `put`, awaited."""
        return await self.put(work, item)

    def put(self, work: Callable[[Connection, list[Any]], list[Any]], item: Any) -> "asyncio.Future[Any]":
        """Runs `work(connection, items)` with every item that waits for the same work; gives this item's result.

        An error of the transaction reaches everyone who waited for it: nothing of it was written. What the database
        refuses, or a bug of ours breaks, is tried once more, each item by itself, so that one does not take the others
        along.
        """
        waiting = _Waiting(work, item, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._busy is None:
            self._busy = asyncio.create_task(self._write())
        elif self._full and len(self._waiting) >= self._enough and not self._full.done():
            self._full.set_result(None)
        return waiting.done

    async def rest(self) -> None:
        """Until the writer's thread computes nothing: whoever computes beside it takes the interpreter from it at each
        of its statements, and all connections wait for what it writes."""
        while self._working and not self._working.done():
            await asyncio.wait({self._working})

    async def run(self, work: Callable[[Connection], Result]) -> Result:
        """One transaction of its own, after what is on its way."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._alone, work)

    async def finish(self) -> None:
        """Until all that was put is written."""
        while self._busy:
            await asyncio.wait({self._busy})

    def close(self) -> None:
        """Waits for the transaction that is on its way and ends the thread: nothing can be put any more."""
        self._thread.shutdown()
        self._recorder.close()

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        batch: list[_Waiting] = []
        try:
            while self._waiting:
                await self._linger(loop)
                began = self._boottime()
                batch, self._waiting = self._waiting[:LARGEST], self._waiting[LARGEST:]
                self._working = loop.create_future()
                ready = partial(loop.call_soon_threadsafe, _end, self._working)
                _settle(batch, await loop.run_in_executor(self._thread, self._attempt, batch, ready))
                _end(self._working)
                self._lasted = self._boottime() - began
                await self._checkpoint(loop)
        except BaseException as problem:
            # Nobody else would tell them: the thread has ended, or the loop is about to.
            left, self._waiting = [*batch, *self._waiting], []
            _settle(left, [problem] * len(left))
            if not isinstance(problem, Exception):
                raise
        finally:
            if self._working:
                _end(self._working)
            self._busy = self._working = None

    async def _linger(self, loop: asyncio.AbstractEventLoop) -> None:
        """Waits for those who are about to put something, at most half as long as a transaction takes."""
        present = len(self._waiting)
        if present >= self._enough:
            return
        if self._not_waiting:
            self._not_waiting -= 1
            return
        self._full = loop.create_future()
        timer = loop.call_later(min(self._lasted / 2, LONGEST_WAIT), _end, self._full)
        await self._full
        timer.cancel()
        self._full = None
        self._in_vain = self._in_vain + 1 if len(self._waiting) == present else 0
        self._not_waiting = NOT_WAITING if self._in_vain >= IN_VAIN else 0

    async def _checkpoint(self, loop: asyncio.AbstractEventLoop) -> None:
        self._since_checkpoint += 1
        if self._since_checkpoint >= CHECKPOINT_AFTER and not self._waiting:
            self._since_checkpoint = 0
            await loop.run_in_executor(self._thread, self._recorder.checkpoint)

    def _attempt(self, batch: list[_Waiting], ready: Callable[[], object]) -> list[Any]:
        """Results, or the errors in their places."""
        try:
            return self._together(batch, ready)
        except Exception as problem:
            if len(batch) > 1 and not isinstance(problem, OperationalError | TimeoutError):
                return [result for each in batch for result in self._attempt([each], ready)]
            return [problem] * len(batch)

    def _alone(self, work: Callable[[Connection], Result]) -> Result:
        with self._recorder.writing() as connection:
            return work(connection)

    def _together(self, batch: list[_Waiting], ready: Callable[[], object]) -> list[Any]:
        kinds: dict[Any, list[int]] = {}
        for index, each in enumerate(batch):
            kinds.setdefault(each.work, []).append(index)
        results: list[Any] = [None] * len(batch)
        with self._recorder.writing() as connection:
            for work, indexes in kinds.items():
                for index, result in zip(indexes, work(connection, [batch[i].item for i in indexes]), strict=True):
                    results[index] = result
            ready()
        return results


def _end(future: "asyncio.Future[None]") -> None:
    if not future.done():
        future.set_result(None)


def _settle(batch: list[_Waiting], results: list[Any]) -> None:
    for each, result in zip(batch, results, strict=True):
        if each.done.done():
            continue
        if isinstance(result, asyncio.CancelledError):
            each.done.cancel()
        elif isinstance(result, BaseException):
            each.done.set_exception(result)
        else:
            each.done.set_result(result)
