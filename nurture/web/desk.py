"""The desk behind the webhook: takes kept events in order of their time and acts on them, each in a commit of its own.

It starts with whatever an earlier process left, and looks again now and then for what another process kept.
"""

import asyncio
from datetime import datetime
from functools import partial

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from nurture.catalogue import say
from nurture.channels.outcome import Accepted, Unknown
from nurture.feedback import Acted, act, next_open, note_failure, settle

from .office import Office

log = structlog.get_logger()
PATROL = 60.0
"""Seconds after which it looks for events though nobody rang."""


class _Buggy(Exception):
    """Acting on an event raised: its transaction is undone, and the try counted in the next."""

    def __init__(self, row_id: int, problem: str) -> None:
        super().__init__(problem)
        self.row_id, self.problem = row_id, problem


class Desk:
    """One task of the app; `ring` wakes it."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._bell = asyncio.Event()
        self._replies: set[asyncio.Task[None]] = set()

    def ring(self) -> None:
        """There is something to do."""
        self._bell.set()

    async def run(self) -> None:
        """Works until it is cancelled; a database that does not answer is asked again at the next patrol."""
        try:
            while True:
                self._bell.clear()
                try:
                    await self.work_off()
                except SQLAlchemyError as problem:
                    log.error("line.waiting", problem=type(problem).__name__)
                await self._rung()
        finally:
            for replying in self._replies:
                replying.cancel()

    async def work_off(self) -> int:
        """Acts on everything that waits; gives how many events were done."""
        done = 0
        while True:
            now = self._office.clock.now()
            try:
                acted = await self._office.writer.run(partial(self._one, now=now))
            except _Buggy as bug:
                log.error("line.bug", event_row=bug.row_id, problem=bug.problem)
                await self._office.writer.run(partial(note_failure, row_id=bug.row_id, problem=bug.problem))
                continue
            if acted is None:
                return done
            done += 1
            self._tell(acted)

    def _one(self, connection: Connection, now: datetime) -> Acted | None:
        found = next_open(connection)
        if found is None:
            return None
        row_id, arrival = found
        try:
            acted = act(connection, self._office.settings, arrival, now)
        except SQLAlchemyError:
            raise
        except Exception as problem:
            raise _Buggy(row_id, type(problem).__name__) from problem
        settle(connection, row_id, acted.result, acted.customer_id, now)
        return acted

    def _tell(self, acted: Acted) -> None:
        self._office.counters.events.labels(acted.result).inc()
        if acted.result == "stopped":
            self._office.counters.opt_outs.labels("line").inc()
        if acted.reply and acted.reply_token:
            # The next opt-out must not wait for LINE's answer to this one's reply.
            replying = asyncio.create_task(self._reply(acted))
            self._replies.add(replying)
            replying.add_done_callback(self._replies.discard)

    async def _reply(self, acted: Acted) -> None:
        settings = self._office.settings
        text = say(settings.language, acted.reply, shop=settings.shop.name)
        try:
            outcome = await self._office.reply(acted.reply_token, text)
        except Exception as problem:
            outcome = Unknown(type(problem).__name__)
        word = "answered" if isinstance(outcome, Accepted) else "lost"
        self._office.counters.replies.labels(word).inc()
        if word == "lost":
            # What was asked for is done; an answer that is lost is not worth a second try, its token is used up.
            said = getattr(outcome, "code", "") or getattr(outcome, "reason", "")
            log.warning("line.reply_lost", problem=type(outcome).__name__, said=said)

    async def _rung(self) -> None:
        waiting = asyncio.ensure_future(self._bell.wait())
        patrol = asyncio.ensure_future(self._office.clock.sleep(PATROL))
        try:
            await asyncio.wait((waiting, patrol), return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
            patrol.cancel()
