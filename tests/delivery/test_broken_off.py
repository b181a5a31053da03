"""A run that is broken off, as where a daemon that stops has waited long enough: what it held leaves with the next."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from nurture.channels.outcome import Accepted
from nurture.delivery.values import Ready
from nurture.delivery.worker import FenceOf, Settle, Worker
from nurture.store import reading
from nurture.store.tables import Attempt, Contact, Pause, Touch, table

from .post import Post, Postman
from .test_worker import MEETING, THANKS


@pytest.fixture
def post(engine: Engine, tmp_path: Path) -> Post:
    """Alice's thanks are due."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    post.standing.at = post.shop.now
    return post


def test_a_letter_whose_run_ends_while_its_fence_commits_leaves_with_the_next_run(post: Post) -> None:
    """The fence committed behind the back of who had waited for it: as if the letter had been handed over."""
    fencing, held = asyncio.Event(), Event()

    async def cut_off() -> None:
        loop = asyncio.get_running_loop()

        def commit(connection: Connection) -> None:
            if connection.scalar(select(table(Touch).c.id).where(table(Touch).c.status == "sending")):
                loop.call_soon_threadsafe(fencing.set)
                held.wait(30)

        event.listen(post.engine, "commit", commit)
        await broken_off(post.worker(), fencing.wait, held.set)
        event.remove(post.engine, "commit", commit)

    asyncio.run(cut_off())
    assert post.arrived() == []
    assert counted(post.engine, Contact) == 0
    assert post.deliver("2026-11-20 10:20") == {"sent": 1}
    assert (counted(post.engine, Contact), counted(post.engine, Pause)) == (1, 0)
    with reading(post.engine) as connection:
        assert connection.scalars(select(table(Attempt).c.result)).all() == ["deferred", "accepted"]


def test_what_a_run_had_claimed_leaves_with_the_next_run_of_the_same_worker(post: Post) -> None:
    """Its renewals would have kept the claim from the next run, and from everybody else, for as long as that lasted."""
    post.mail = hesitating = Hesitating(lambda _: Accepted("250"), post.standing)
    worker = post.worker()

    async def twice() -> dict[str, int]:
        await broken_off(worker, hesitating.called.wait)
        try:
            return dict((await worker.deliver_due()).counts)
        finally:
            await worker.close()

    assert asyncio.run(twice()) == {"sent": 1}


@dataclass
class Hesitating(Postman):
    """The first time it is called it draws nothing, and never ends."""

    called: asyncio.Event = field(default_factory=asyncio.Event)

    async def send_many(self, messages: Iterator[Ready], fence_of: FenceOf, settle: Settle) -> None:
        if not self.called.is_set():
            self.called.set()
            await asyncio.Event().wait()
        await super().send_many(messages, fence_of, settle)


async def broken_off(
    worker: Worker, when: Callable[[], Coroutine[Any, Any, Any]], then: Callable[[], None] = lambda: None
) -> None:
    """Cancels a run at some moment; `then` is called before its end is awaited."""
    run = asyncio.create_task(worker.deliver_due())
    await asyncio.wait_for(when(), 30)
    run.cancel()
    await asyncio.sleep(0.05)
    then()
    with pytest.raises(asyncio.CancelledError):
        await run
    await worker.writer.finish()


def counted(engine: Engine, model: Any) -> int:
    with reading(engine) as connection:
        return connection.scalar(select(func.count()).select_from(table(model))) or 0
