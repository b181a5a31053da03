"""What waits behind a slow domain or a full channel keeps nobody else waiting."""

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, Select, update

from nurture.delivery.claiming import claim
from nurture.delivery.picking import _picking
from nurture.delivery.throttle import slow_down
from nurture.delivery.values import Claimed
from nurture.store import writing
from nurture.store.tables import Address, table
from tests.planning.people import instant

from .post import Post
from .test_worker import MEETING, THANKS

BACKLOG, LIMIT = 12, 5


@pytest.mark.parametrize("slowed", [True, False])
def test_a_backlog_of_a_slow_domain_does_not_keep_alice_waiting(engine: Engine, tmp_path: Path, slowed: bool) -> None:
    email = {"from_address": "minato@minato.example", **({} if slowed else {"domains": {"slow.example": 6}})}
    post = Post(engine, tmp_path, THANKS, **{**MEETING, "email": email})
    crowd = [post.shop.customer(f"person{number}") for number in range(BACKLOG)]
    alice = post.shop.customer("alice")
    address = table(Address)
    with writing(engine) as connection:
        for each in crowd:
            mine = (address.c.customer_id == each, address.c.channel == "email")
            connection.execute(update(address).where(*mine).values(value=f"p{each}@slow.example"))
        if slowed:
            slow_down(connection, "slow.example", instant("2026-11-20 10:05").timestamp(), 300)
    for each in crowd:
        post.shop.order(each, "2026-11-20 09:00")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    claimed = [each.customer_id for _ in range(2) for each in claims(post, "2026-11-20 10:05")]
    assert alice in claimed
    assert len(claimed) == (1 if slowed else 2)


def test_who_is_due_is_found_in_order_however_many_are_due_at_one_instant(engine: Engine) -> None:
    """Nothing is sorted: of a newsletter to a million, each claim would sort all those who still wait."""
    picking = _picking(engine.dialect.name, (), (), restored=False, approve=False)
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):  # a small table is walked through
                connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
        told = plan_of(connection, picking, channel="email", now=1, most=200)
    assert "ix_touch_due" in told
    assert not re.search("TEMP B-TREE|Sort", told)


def plan_of(connection: Connection, statement: Select[Any], **parameters: object) -> str:
    asked = statement.params(**parameters).compile(connection, compile_kwargs={"literal_binds": True})
    explain = "EXPLAIN QUERY PLAN" if connection.dialect.name == "sqlite" else "EXPLAIN"
    return str(connection.exec_driver_sql(f"{explain} {asked}").all())


def claims(post: Post, when: str) -> list[Claimed]:
    situation = post.shift.situation(instant(when))
    with writing(post.engine) as connection:
        return claim(connection, situation, worker="worker", channels=("email",), limit=LIMIT, lease=60)
