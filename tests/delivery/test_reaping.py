"""Every worker looks for leases that ran out, and often two do at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, select, update

from nurture.delivery.reaping import Reaped, extend_leases, give_back_claims, reap
from nurture.store import open_engine, reading, writing
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


def test_leases_are_found_by_their_index_among_a_million_touches(sqlite_database: str) -> None:
    engine, plans = open_engine(sqlite_database), []

    def explain(connection: Connection, cursor: Any, statement: str, parameters: Any, *rest: Any) -> None:
        if "touch" in statement and not statement.startswith("EXPLAIN"):
            driver = connection.connection.driver_connection
            assert driver is not None
            plans.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    event.listen(engine, "before_cursor_execute", explain)
    with writing(engine) as connection:
        reap(connection, LATER)
        reap(connection, LATER, everything=True)
        give_back_claims(connection, "one", LATER)
        extend_leases(connection, "one", int(LATER.timestamp()))
    assert len(plans) == 4
    assert all("touch USING INDEX ix_touch_lease" in each for each in plans), plans
    engine.dispose()


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
