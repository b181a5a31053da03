"""A composer: a process of its own that writes messages, so that a worker's interpreter is left to the hand-over.

It reads what messages are made of and answers with their bytes; it holds no lease, writes nothing to the database and
may die at any time. It is told what to write over a pipe and ends when that closes, however the worker died.
"""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from nurture.beside import SIZE, command, environment, hear, length, opened, piece, pipes, say
from nurture.collector import settle_down
from nurture.shelf import Shelf
from nurture.store import Reader, open_engine

from .composing import Reading, compose_one, read_material
from .freezing import Press, Unwritable
from .values import Claimed, Ready

log = structlog.get_logger()
PROGRAM = "from nurture.delivery.composer import serve; serve()"
LONGEST = 30.0
"""Seconds after which a batch is given up: a quarter of a lease."""
SHELVES = 2
"""Batches that may be on their way at once: one that is being written, and one that waits for it."""


class _Written(NamedTuple):
    """A message as it comes out of the process: its touch is known here, and its bytes lie on a shelf."""

    sender: str
    key: str
    vouched: bool


class _Failed(NamedTuple):
    why: str
    fault: Literal["template", "bug"]


class _Answer(NamedTuple):
    """A batch as it comes out of the process."""

    found: list[_Written | _Failed]
    lengths: list[int]
    """Bytes of each message that was written, in their order."""


class Composer:
    """The worker's side."""

    def __init__(self, engine: Engine, longest: float = LONGEST) -> None:
        """`longest`: seconds after which a batch is given up."""
        self._url, self._longest = engine.url.render_as_string(hide_password=False), longest
        self._process: Process | None = None
        self._beginning: asyncio.Task[None] | None = None
        self._answering = asyncio.Lock()
        """Answers come in the order of the questions, and whoever asked first reads first."""
        self._shelves: list[Shelf] = []
        self._free: asyncio.Queue[Shelf] = asyncio.Queue()
        """Those on which no batch is on its way."""
        self._press: Press | None = None
        """The one that the process was told of last."""
        self._lost = False
        """Whether one was lost since `close`: where one dies, the next would too, and each costs a second to begin."""

    @property
    def ready(self) -> bool:
        """Whether it waits for work."""
        return self._process is not None and self._press is not None

    @property
    def pid(self) -> int | None:
        """The process's number while there is one."""
        return self._process.pid if self._process else None

    def begin(self, press: Press) -> None:
        """Starts the process, which takes a second or two; `ready` when it has everything loaded."""
        if self._process is None and self._beginning is None and not self._lost:
            self._beginning = asyncio.create_task(self.start(press))

    async def start(self, press: Press) -> None:
        """As `begin`, awaited. Without a process, everything is written here as before."""
        try:
            self._shelves, self._free = [Shelf() for _ in range(SHELVES)], asyncio.Queue()
            for each in self._shelves:
                self._free.put_nowait(each)
            self._process = await asyncio.create_subprocess_exec(
                *command(PROGRAM),
                stdin=PIPE,
                stdout=PIPE,
                env=environment(),
                start_new_session=True,
                pass_fds=[each.descriptor for each in self._shelves],
            )
            await self._ask((self._url, press))
            self._press = press
        except Exception as problem:
            await self._lose(problem)
        finally:
            self._beginning = None

    async def compose(self, press: Press, claims: Sequence[Claimed], now: datetime) -> list[Ready | Unwritable] | None:
        """Every claim's message in their order; None where the process is lost, or the database troubles it.

        Ask for the next batch before this one is there, and the process has no time to be idle.
        """
        try:
            return await self._composed(press, claims, now)
        except Exception as problem:
            await self._lose(problem)
            return None

    async def close(self) -> None:
        """Ends the process; another may be begun."""
        self._lost = False
        if self._beginning:
            self._beginning.cancel()
            await asyncio.wait({self._beginning})
            self._beginning = None  # by ourselves: cancelled before its first step, it has not come to that
        await self._end()

    async def _composed(
        self, press: Press, claims: Sequence[Claimed], now: datetime
    ) -> list[Ready | Unwritable] | None:
        free = self._free
        shelf = await free.get()
        try:
            answer: _Answer | None = await self._ask(
                (None if press is self._press else press, claims, now, shelf.descriptor)
            )
            self._press = press
            if answer is None:
                return None
            bodies = iter(shelf.take(answer.lengths))
            return [_joined(*each, bodies) for each in zip(claims, answer.found, strict=True)]
        finally:
            free.put_nowait(shelf)

    async def _end(self) -> None:
        process, self._process, self._press = self._process, None, None
        shelves, self._shelves = self._shelves, []
        if process and process.returncode is None:
            process.kill()
        if process:
            async with self._answering:  # whoever still reads comes to the end first
                await process.communicate()
        for each in shelves:
            each.close()

    async def _ask(self, question: Any) -> Any:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        process.stdin.write(piece(question))
        # Nothing is awaited in between, so that the order at the lock is the order of the questions.
        async with asyncio.timeout(self._longest), self._answering:
            size = length(await process.stdout.readexactly(SIZE))
            return opened(await process.stdout.readexactly(size))

    async def _lose(self, problem: Exception) -> None:
        if not self._lost:
            self._lost = True
            log.warning("composer_lost", error=type(problem).__name__)
        await self._end()


def _joined(claimed: Claimed, found: _Written | _Failed, bodies: Iterator[bytes]) -> Ready | Unwritable:
    if isinstance(found, _Written):
        return Ready(claimed, found.sender, found.key, next(bodies), found.vouched)
    if found.fault == "bug":
        log.error("compose_failed", touch=claimed.touch_id, error=found.why)
    return Unwritable(claimed, *found)


def serve() -> None:
    """The process itself: answers until the pipe closes."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))  # the worker tells
    hearing, speaking = pipes()
    if (question := hear(hearing)) is None:
        return
    url, press = question
    reader = Reader(open_engine(url))
    settle_down()
    say(speaking, None)
    while question := hear(hearing):
        changed, claims, now, descriptor = question
        press = changed or press
        say(speaking, _answer(reader.reading, press, claims, now, Shelf(descriptor)))


def _answer(reading: Reading, press: Press, claims: Sequence[Claimed], now: datetime, shelf: Shelf) -> _Answer | None:
    """None where the database can't be read: the worker will meet the same trouble, and knows what to do."""
    try:
        material = read_material(reading, press, claims, now)
    except SQLAlchemyError:
        return None
    written = [compose_one(press, each, material, now) for each in claims]
    lengths = shelf.put(each.body for each in written if isinstance(each, Ready))
    return _Answer([_parted(each) for each in written], lengths)


def _parted(found: Ready | Unwritable) -> _Written | _Failed:
    if isinstance(found, Ready):
        return _Written(found.sender, found.key, found.vouched)
    return _Failed(found.why, found.fault)
