"""Two planners on one database: whoever slept past the lease writes nothing beside its successor."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import Connection, Engine, func, select

from nurture.daemon.lease import PLANNER, LeaseLost, give_up, hold, take
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.store import planning, writing
from nurture.store.tables import Enrollment, Touch, table
from tests.planning.people import instant

from .test_clock import TEN, Village
from .test_clock import village as village  # a fixture

NOW = instant(TEN)
LATER = NOW + timedelta(seconds=181)


def takes(engine: Engine, holder: str, now: object = NOW) -> int | None:
    with writing(engine) as connection:
        return take(connection, PLANNER, holder, now, 180)  # type: ignore[arg-type]


def test_the_role_moves_when_its_holder_dies_and_not_before(engine: Engine) -> None:
    assert takes(engine, "one") is not None
    assert takes(engine, "two", NOW + timedelta(seconds=179)) is None
    assert takes(engine, "two", LATER) is not None
    assert takes(engine, "one", LATER) is None


def test_a_role_given_up_is_free_at_once(engine: Engine) -> None:
    takes(engine, "one")
    with writing(engine) as connection:
        give_up(connection, PLANNER, "one", NOW)
    assert takes(engine, "two") is not None


def test_every_taking_has_a_token_of_its_own(engine: Engine) -> None:
    first, second, third = takes(engine, "one"), takes(engine, "one"), takes(engine, "two", LATER)
    assert len({first, second, third}) == 3
    for stale in (first, second):
        assert stale is not None
        with writing(engine) as connection, pytest.raises(LeaseLost):
            hold(connection, PLANNER, stale)
    assert third is not None
    with writing(engine) as connection:
        hold(connection, PLANNER, third)


def test_a_planner_that_slept_commits_nothing_beside_its_successor(village: Village) -> None:
    """The first plans at ten and falls asleep before it commits; the second takes over, and alice has cancelled."""
    engine, shop = village.engine, village.post.shop
    token = takes(engine, "one")
    assert token is not None
    situation = village.daemon.worker.shift.situation(NOW)
    with suppress(LeaseLost), planning(engine, prepare, lambda each: hold(each, PLANNER, token)) as asleep:
        planned = plan(asleep.connection, situation)
        asleep.connection.commit()
        assert takes(engine, "two", LATER) is not None
        shop.cancel(1, 1)
        shop.tick("2026-11-20 10:04")
        commit(asleep, situation, planned)
        pytest.fail("the first planner committed")
    with writing(engine) as connection:
        assert counted(connection) == [0, 0]


def test_a_daemon_that_was_replaced_while_it_planned_goes_on_without_a_plan(village: Village) -> None:
    engine = village.engine

    async def fall_asleep(*_: object) -> bool:
        return takes(engine, "two", LATER) is None

    village.daemon.before = (fall_asleep,)
    assert asyncio.run(village.daemon.tick()).planned is None
    with writing(engine) as connection:
        assert counted(connection) == [0, 0]


def counted(connection: Connection) -> list[int]:
    """Enrollments and touches."""
    return [connection.scalar(select(func.count()).select_from(table(each))) or 0 for each in (Enrollment, Touch)]
