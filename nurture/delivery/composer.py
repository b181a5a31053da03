"""A composer: a process of its own that writes messages, so that a worker's interpreter is left to the hand-over.

It reads what messages are made of and answers with their bytes; between two batches it looks for what may be claimed
next. It claims nothing, holds no lease, writes nothing to the database and may die at any time. It is told what to do
over a pipe and ends when that closes, however the worker died.
"""

import asyncio
from asyncio.subprocess import PIPE, Process
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Literal, NamedTuple

import structlog
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from nurture.beside import SIZE, command, environment, hear, length, opened, piece, pipes, say
from nurture.collector import settle_down
from nurture.gates.situation import Situation
from nurture.shelf import Shelf
from nurture.store import Reader, open_engine

from .composing import Reading, compose_one, read_material
from .freezing import Press, Unwritable
from .looking import Looked, Seen, look, seen
from .values import Claimed, Ready

log = structlog.get_logger()
PROGRAM = "from nurture.delivery.composer import serve; serve()"
LONGEST = 30.0
"""A quarter of a lease."""
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


class _Batch(NamedTuple):
    """A question: what is to be written."""

    press: Press | None
    """None = the one that it was told of last."""
    claims: Sequence[Claimed]
    now: datetime
    descriptor: int
    """Of the shelf."""


class _Look(NamedTuple):
    """A question: what may be claimed."""

    situation: Situation | None
    """None = as the last one, but for the time."""
    now: datetime
    channels: Collection[str]
    limit: int


class _Answer(NamedTuple):
    """A batch as it comes out of the process."""

    found: list[_Written | _Failed]
    lengths: list[int]
    """Bytes of each message that was written, in their order."""


class Composer:
    """The worker's side."""

    def __init__(self, engine: Engine) -> None:
        self._url = engine.url.render_as_string(hide_password=False)
        self.longest = LONGEST
        """Seconds after which a question is given up, and the process with it."""
        self._process: Process | None = None
        self._beginning: asyncio.Task[None] | None = None
        self._answering = asyncio.Lock()
        """Answers come in the order of the questions, and whoever asked first reads first."""
        self._shelves: list[Shelf] = []
        self._free: asyncio.Queue[Shelf] = asyncio.Queue()
        """Those on which no batch is on its way."""
        self._press: Press | None = None
        """The one that the process was told of last."""
        self._situation: Situation | None = None
        """The same; of its campaigns and settings."""
        self._asked = 0
        """Questions so far; an answer names its own."""
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
            self._free = asyncio.Queue()
            for _ in range(SHELVES):
                self._shelves.append(shelf := Shelf())
                self._free.put_nowait(shelf)
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

    async def look(self, situation: Situation, channels: Collection[str], limit: int) -> Looked | None:
        """As `looking.look`, by the process, so that this one's interpreter is left to others; None as in `compose`."""
        try:
            changed = None if self._knows(situation) else replace(situation)
            self._situation = situation
            seen: Seen | None = await self._ask(_Look(changed, situation.now, channels, limit))
        except Exception as problem:
            await self._lose(problem)
            return None
        return None if seen is None else seen.known_by(situation)

    def _knows(self, situation: Situation) -> bool:
        known = self._situation
        if known is None or known.requires != situation.requires:
            return False
        return known.campaigns is situation.campaigns and known.settings is situation.settings

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
            changed = None if press is self._press else press
            answer: _Answer | None = await self._ask(_Batch(changed, claims, now, shelf.descriptor))
            self._press = press
            if answer is None:
                return None
            bodies = iter(shelf.take(answer.lengths))
            return [_joined(*each, bodies) for each in zip(claims, answer.found, strict=True)]
        except asyncio.CancelledError:
            self._kill()  # it may still write to the shelf
            raise
        finally:
            free.put_nowait(shelf)

    async def _end(self) -> None:
        process, self._process, self._press, self._situation = self._process, None, None, None
        shelves, self._shelves = self._shelves, []
        try:
            if process and process.returncode is None:
                process.kill()
            if process:
                async with self._answering:  # whoever still reads comes to the end first
                    await process.communicate()
        finally:
            for each in shelves:
                each.close()

    def _kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()

    async def _ask(self, question: Any) -> Any:
        process = self._process
        assert process
        assert process.stdin
        assert process.stdout
        self._asked = number = self._asked + 1
        process.stdin.write(piece((number, question)))
        # Nothing is awaited in between, so that the order at the lock is the order of the questions.
        async with asyncio.timeout(self.longest), self._answering:
            size = length(await process.stdout.readexactly(SIZE))
            answered, answer = opened(await process.stdout.readexactly(size))
        if answered != number:
            # Whoever asked before went away without hearing: what comes now is not about these messages.
            raise ConnectionError(f"an answer to question {answered} instead of {number}")
        return answer

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
    if (first := hear(hearing)) is None:
        return
    number, (url, press) = first
    reader = Reader(open_engine(url))
    settle_down()
    say(speaking, (number, None))
    known: Situation | None = None
    while heard := hear(hearing):
        number, question = heard
        if isinstance(question, _Look):
            known = question.situation or known
            assert known
            say(speaking, (number, _seen(reader.reading, replace(known, now=question.now), question)))
        else:
            press = question.press or press
            say(speaking, (number, _answer(reader.reading, press, question)))


def _answer(reading: Reading, press: Press, batch: _Batch) -> _Answer | None:
    """None where the database can't be read: the worker will meet the same trouble, and knows what to do."""
    try:
        material = read_material(reading, press, batch.claims, batch.now)
    except SQLAlchemyError:
        return None
    written = [compose_one(press, each, material, batch.now) for each in batch.claims]
    lengths = Shelf(batch.descriptor).put(each.body for each in written if isinstance(each, Ready))
    return _Answer([_parted(each) for each in written], lengths)


def _seen(reading: Reading, situation: Situation, asked: _Look) -> Seen | None:
    """None as above."""
    try:
        with reading() as connection:
            return seen(look(connection, situation, asked.channels, asked.limit))
    except SQLAlchemyError:
        return None


def _parted(found: Ready | Unwritable) -> _Written | _Failed:
    if isinstance(found, Ready):
        return _Written(found.sender, found.key, found.vouched)
    return _Failed(found.why, found.fault)
