"""An assistant: a process of its own that places owners beside the planner, where there are many and a second core.

It works with the planner's own placer, so that it does not matter who has placed whom. It reads no database, may die at
any time, and ends when its pipe closes, however the planner died.
"""

import fcntl
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from queue import Empty, SimpleQueue
from subprocess import PIPE, Popen
from threading import Thread, Timer
from typing import Any

import structlog

from nurture.beside import command, cores, environment, hear, pipes, say
from nurture.collector import uncollected
from nurture.gates.placing import Block, Placer
from nurture.gates.situation import Situation
from nurture.gates.timing import placer_of

from .alike import Alike, Owned, Row

log = structlog.get_logger()
PROGRAM = "from nurture.planning.assistant import serve; serve()"
AHEAD = 10
"""Batches that may wait for it: it is not to be idle while the database sorts the next hundred thousand candidates."""
LONGEST = 30.0
"""Seconds after which it is given up; a batch takes a fortieth of one."""
PIPE_BYTES = 1024 * 1024
"""What these batches take: with less, the planner would have to wait for the assistant to read."""


class Assistant:
    """The planner's side."""

    def __init__(
        self,
        process: "Popen[bytes]",
        situation: Situation,
        pauses: Sequence[tuple[str, Block]],
        longest: float = LONGEST,
    ) -> None:
        self.process, self._longest = process, longest
        self._given: deque[list[Owned]] = deque()
        self._answers: SimpleQueue[list[Row] | None] = SimpleQueue()
        self._lost = False
        self._listener = Thread(target=self._listen, daemon=True)
        self._listener.start()
        # What a situation has worked out for itself stays here: zones and statements are found anew, or not needed.
        self._say((replace(situation), pauses))

    @property
    def free(self) -> bool:
        """Whether it can be given a batch."""
        return not self._lost and len(self._given) - self._answers.qsize() < AHEAD

    def give(self, owners: list[Owned]) -> None:
        """Asks it to place these owners; the answer comes with `answers` or `rest`."""
        self._given.append(owners)
        self._say(owners)

    def answer(self) -> Iterator[list[Row]]:
        """The decisions about the batch that it was given first, if it has come to them by now."""
        with suppress(Empty):
            yield from self._take(self._answers.get_nowait())

    def rest(self) -> Iterator[list[Row]]:
        """Waits for the decisions about every batch that it still has."""
        while self._given and not self._lost:
            try:
                yield from self._take(self._answers.get(timeout=self._longest))
            except Empty:
                self._lose()

    def given_back(self) -> Iterator[list[Owned]]:
        """The batches that it was lost with."""
        while self._given:
            yield self._given.popleft()

    def close(self) -> None:
        """Ends the process."""
        self.process.kill()
        self.process.wait()
        self._listener.join()
        for pipe in (self.process.stdin, self.process.stdout):
            with suppress(OSError):
                assert pipe
                pipe.close()

    def _take(self, answer: list[Row] | None) -> Iterator[list[Row]]:
        if answer is None:
            self._lose()
        else:
            self._given.popleft()
            yield answer

    def _say(self, what: Any) -> None:
        assert self.process.stdin
        # Where it reads no more, a full pipe would hold the planner for ever; killed, it lets go.
        giving_up = Timer(self._longest, self.process.kill)
        giving_up.start()
        try:
            say(self.process.stdin, what)
        except OSError:
            self._lose()
        finally:
            giving_up.cancel()

    def _listen(self) -> None:
        assert self.process.stdout
        while (answer := hear(self.process.stdout)) is not None:
            self._answers.put(answer)
        self._answers.put(None)

    def _lose(self) -> None:
        if not self._lost:
            log.warning("assistant_lost", given_back=len(self._given))
        self._lost = True


@contextmanager
def assistant(situation: Situation, placer: Placer, longest: float = LONGEST) -> Iterator[Assistant | None]:
    """An assistant within the block, None where the machine has no core for it or starts no process.

    `longest`: seconds after which it is given up.
    """
    process = _start() if cores() > 1 else None
    if process is None:
        yield None
        return
    helping = Assistant(process, situation, placer.pauses, longest)
    try:
        yield helping
    finally:
        helping.close()


def place_with(helping: Assistant | None, alike: Alike, batches: Iterable[list[Owned]]) -> Iterator[list[Row]]:
    """The decisions for every batch, placed by whoever is free; in no order. Nothing is lost with the assistant."""
    for batch in batches:
        # To ask and to hear takes three times as long as to look up an answer that is known.
        known, others = alike.part(batch)
        yield known
        if helping is None or not helping.free:
            yield alike.place(others)
        elif others:
            helping.give(others)
        if helping:
            # One for one: whoever wrote down all that is there would leave the assistant without work meanwhile.
            yield from helping.answer()
    if helping:
        yield from helping.rest()
        yield from map(alike.place, helping.given_back())


def serve() -> None:
    """The process itself: answers until the pipe closes."""
    hearing, speaking = pipes()
    situation, pauses = hear(hearing)
    alike = Alike(placer_of(situation, pauses))
    with uncollected():
        while (owners := hear(hearing)) is not None:
            say(speaking, alike.place(owners))


def _start() -> "Popen[bytes] | None":
    try:
        process = Popen(command(PROGRAM), stdin=PIPE, stdout=PIPE, env=environment(), start_new_session=True)
    except OSError as problem:
        log.warning("assistant_missing", error=type(problem).__name__)
        return None
    for pipe in (process.stdin, process.stdout):
        if pipe and hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return process
