"""The writer's thread has the interpreter to itself while it computes; a COMMIT disturbs nobody."""

import asyncio
from itertools import count
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event
from sqlalchemy.exc import TimeoutError

from nurture.delivery.writer import Writer


def test_who_composes_waits_until_the_writer_has_computed(engine: Engine) -> None:
    async def meet() -> tuple[bool, int]:
        writer, begun, held = Writer(engine), asyncio.Event(), Event()
        loop = asyncio.get_running_loop()

        def compute(connection: Connection, items: list[Any]) -> list[Any]:
            loop.call_soon_threadsafe(begun.set)
            held.wait()
            return items

        written = writer.put(compute, 7)
        await begun.wait()
        composing = asyncio.create_task(writer.rest())
        await asyncio.sleep(0)
        waited = not composing.done()
        held.set()
        await composing
        found = await written
        writer.close()
        return waited, found

    assert asyncio.run(meet()) == (True, 7)


def test_who_composes_beside_a_writer_at_rest_waits_for_nothing(engine: Engine) -> None:
    async def meet() -> None:
        writer = Writer(engine)
        await asyncio.wait_for(writer.rest(), 1)
        writer.close()

    asyncio.run(meet())


def test_who_composes_need_not_wait_for_the_commit(engine: Engine) -> None:
    """The disk works then, and nobody takes the interpreter from it."""

    async def meet() -> tuple[bool, int]:
        writer, begun, held = Writer(engine), asyncio.Event(), Event()
        loop = asyncio.get_running_loop()

        def commit(connection: Connection) -> None:
            loop.call_soon_threadsafe(begun.set)
            held.wait()

        event.listen(engine, "commit", commit)
        written = writer.put(lambda connection, items: items, 7)
        await begun.wait()
        await asyncio.wait_for(writer.rest(), 5)
        waits = not written.done()
        held.set()
        found = await written
        writer.close()
        return waits, found

    assert asyncio.run(meet()) == (True, 7)


def test_what_is_put_during_a_commit_shares_the_next_one(engine: Engine) -> None:
    async def meet() -> list[list[int]]:
        writer, begun, held = Writer(engine), asyncio.Event(), Event()
        loop, together = asyncio.get_running_loop(), []

        def note(connection: Connection, items: list[int]) -> list[int]:
            together.append(items)
            return items

        def commit(connection: Connection) -> None:
            loop.call_soon_threadsafe(begun.set)
            held.wait()

        event.listen(engine, "commit", commit)
        first = writer.put(note, 1)
        await begun.wait()
        others = [writer.put(note, number) for number in (2, 3)]
        held.set()
        await asyncio.gather(first, *others)
        writer.close()
        return together

    assert asyncio.run(meet()) == [[1], [2, 3]]


def test_who_waited_in_vain_twice_waits_for_nobody_until_eight_went_alone(engine: Engine) -> None:
    """Where everybody is on the way to a server far away, each of them would pay for the wait."""

    async def meet() -> list[list[int]]:
        seconds = count()
        writer, together = Writer(engine, 2, lambda: float(next(seconds))), []

        def note(connection: Connection, items: list[int]) -> list[int]:
            together.append(items)
            return items

        async def one_soon_after_the_other(number: int) -> None:
            first = writer.put(note, number)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await asyncio.gather(first, writer.put(note, -number))

        for alone in (1, 2):
            await writer.put(note, alone)
        for number in range(3, 8):
            await one_soon_after_the_other(number)
        writer.close()
        return together

    assert asyncio.run(meet()) == [[1], [2], *([sign] for number in range(3, 7) for sign in (number, -number)), [7, -7]]


def test_a_bug_in_one_of_them_does_not_take_the_others_along(engine: Engine) -> None:
    def work(connection: Connection, items: list[int]) -> list[int]:
        if 2 in items:
            raise KeyError("a bug")
        return items

    async def meet() -> list[object]:
        writer = Writer(engine)
        waiting = [writer.put(work, number) for number in (1, 2, 3)]
        found = await asyncio.gather(*waiting, return_exceptions=True)
        writer.close()
        return list(found)

    one, two, three = asyncio.run(meet())
    assert (one, three) == (1, 3)
    assert isinstance(two, KeyError)


def test_who_finds_no_connection_is_not_tried_one_by_one(engine: Engine) -> None:
    """Each of a hundred would wait for the pool as long as all of them together, and the leases run out meanwhile."""
    tried: list[list[int]] = []

    def work(connection: Connection, items: list[int]) -> list[int]:
        tried.append(items)
        raise TimeoutError("no connection was free")

    async def meet() -> list[object]:
        writer = Writer(engine)
        found = await asyncio.gather(*(writer.put(work, number) for number in (1, 2, 3)), return_exceptions=True)
        writer.close()
        return list(found)

    assert [type(each) for each in asyncio.run(meet())] == [TimeoutError] * 3
    assert tried == [[1, 2, 3]]


def test_who_puts_after_the_end_is_told(engine: Engine) -> None:
    async def meet() -> None:
        writer = Writer(engine)
        writer.close()
        with pytest.raises(RuntimeError, match="shutdown"):
            await asyncio.wait_for(writer.put(lambda connection, items: items, 1), 5)

    asyncio.run(meet())


def test_all_that_was_put_is_written_before_it_ends(engine: Engine) -> None:
    async def meet() -> list[bool]:
        writer = Writer(engine)
        waiting = [writer.put(lambda connection, items: items, number) for number in range(250)]
        await writer.finish()
        writer.close()
        await asyncio.sleep(0)
        return [each.done() and not each.exception() for each in waiting]

    assert asyncio.run(meet()) == [True] * 250
