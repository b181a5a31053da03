"""The writer's thread has the interpreter to itself while it computes; a COMMIT disturbs nobody."""

import asyncio
from threading import Event
from typing import Any

from sqlalchemy import Connection, Engine

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
