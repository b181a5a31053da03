"""Every worker looks for leases that ran out, and often two do at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from nurture.delivery.reaping import Reaped, reap
from nurture.store import reading, writing
from nurture.store.tables import Touch, TouchLog, table
from tests.planning.people import instant
from tests.store.waiting import until_somebody_waits

from .post import Post
from .test_worker import MEETING, THANKS

LATER = instant("2026-11-20 11:00")


def held_over(engine: Engine, folder: Path, held: str) -> None:
    """Alice's thanks, whose worker died and whose lease is over at 10:10."""
    post = Post(engine, folder, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    with writing(engine) as connection:
        for status in ("claimed", "sending")[: 1 + (held == "sending")]:
            about = {"status": status, "token": 1, "worker": "dead", "lease_until": instant("2026-11-20 10:10")}
            connection.execute(update(table(Touch)).values(**about))


@pytest.mark.parametrize(("held", "ended"), [("claimed", "planned"), ("sending", "unknown")])
def test_two_who_settle_the_same_lease_tell_it_once(engine: Engine, tmp_path: Path, held: str, ended: str) -> None:
    held_over(engine, tmp_path, held)

    def other() -> Reaped:
        with writing(engine) as connection:
            return reap(connection, LATER)

    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            first = reap(connection, LATER)
            second = pool.submit(other)
            until_somebody_waits(engine)
        assert second.result() == Reaped(0, 0, ())
    assert (first.released, first.unknown) == ((1, 0) if held == "claimed" else (0, 1))
    log = table(TouchLog)
    with reading(engine) as connection:
        said = select(log.c.status).where(log.c.verdict == "lease_over")
        assert list(connection.scalars(said)) == [ended]


@pytest.mark.parametrize("held", ["claimed", "sending"])
def test_a_lease_that_was_renewed_while_it_was_looked_for_is_left_alone(
    engine: Engine, tmp_path: Path, held: str
) -> None:
    """It was read as over; by the time its row was free, another worker had it."""
    held_over(engine, tmp_path, held)

    def other() -> Reaped:
        with writing(engine) as connection:
            return reap(connection, LATER)

    with ThreadPoolExecutor(1) as pool:
        with writing(engine) as connection:
            renewed = {"token": 2, "worker": "alive", "lease_until": instant("2026-11-20 11:10")}
            connection.execute(update(table(Touch)).values(**renewed))
            second = pool.submit(other)
            until_somebody_waits(engine)
        assert second.result() == Reaped(0, 0, ())
    with reading(engine) as connection:
        found = connection.execute(select(table(Touch).c.status, table(Touch).c.token)).one()
    assert tuple(found) == (held, 2)
