"""Alice blocks the shop on LINE and unblocks it; LINE's events come late, twice and in any order."""

from collections.abc import Sequence
from datetime import datetime
from itertools import permutations

import pytest
from sqlalchemy import Engine

from nurture.feedback import line_blocked, line_unblocked, opt_out
from nurture.rules.permission import suppressed
from nurture.store import reading, writing
from nurture.store.tables import Customer, Suppression, table
from tests.feedback.people import ALICE, ALICES_LINE, DANAS_LINE, NOON, japan, populate, rows, suppressions, version

BLOCKED, UNBLOCKED = japan("2026-11-22 09:00"), japan("2026-11-22 10:00")


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


def block(engine: Engine, at: datetime, user: str = ALICES_LINE) -> bool:
    with writing(engine) as connection:
        return line_blocked(connection, user, at, NOON)


def unblock(engine: Engine, at: datetime, user: str = ALICES_LINE) -> bool:
    with writing(engine) as connection:
        return line_unblocked(connection, user, at, NOON)


def stopped(engine: Engine, purpose: str = "commercial") -> bool:
    asked = suppressed(table(Customer).c.id, "line", int(NOON.timestamp()), purpose)
    with reading(engine) as connection:
        return bool(connection.scalar(table(Customer).select().where(table(Customer).c.id == ALICE, asked)))


def test_a_block_stops_everything_on_line_and_the_unblock_lets_it_go_on(engine: Engine) -> None:
    assert block(engine, BLOCKED)
    assert suppressions(engine) == [("line", ALICES_LINE, None, "all", "blocked")]
    assert stopped(engine, "transactional")
    assert unblock(engine, UNBLOCKED)
    assert not stopped(engine)
    (row,) = rows(engine, Suppression)
    assert (row.created_at, row.lifted_at) == (BLOCKED, UNBLOCKED)
    assert version(engine, ALICE) == 3


def test_an_unblock_lifts_no_opt_out(engine: Engine) -> None:
    with writing(engine) as connection:
        opt_out(connection, ALICE, "line", "commercial", "line", "", NOON)
    block(engine, BLOCKED)
    unblock(engine, UNBLOCKED)
    assert stopped(engine)
    assert not stopped(engine, "transactional")


def test_a_late_unblock_does_not_lift_a_newer_block(engine: Engine) -> None:
    block(engine, UNBLOCKED)
    assert not unblock(engine, BLOCKED)
    assert stopped(engine)


def test_a_late_block_does_not_come_back_over_a_newer_unblock(engine: Engine) -> None:
    block(engine, BLOCKED)
    unblock(engine, UNBLOCKED)
    assert not block(engine, japan("2026-11-22 09:30"))
    assert not stopped(engine)


def test_a_block_said_twice_is_one(engine: Engine) -> None:
    assert block(engine, BLOCKED)
    assert not block(engine, BLOCKED)
    assert len(rows(engine, Suppression)) == 1


@pytest.mark.parametrize("order", list(permutations([("block", "09:00"), ("unblock", "10:00"), ("block", "11:00")])))
def test_blocked_unblocked_and_blocked_again_is_blocked_in_whatever_order_it_is_told(
    engine: Engine, order: Sequence[tuple[str, str]]
) -> None:
    for what, at in order:
        (block if what == "block" else unblock)(engine, japan(f"2026-11-22 {at}"))
    assert stopped(engine)


def test_a_stranger_can_be_blocked_by_as_well(engine: Engine) -> None:
    assert block(engine, BLOCKED, DANAS_LINE)
    assert not stopped(engine)
    assert unblock(engine, UNBLOCKED, DANAS_LINE)


def test_a_block_from_a_clock_ahead_of_ours_holds_at_once(engine: Engine) -> None:
    block(engine, japan("2026-11-22 12:05"))
    assert stopped(engine)
