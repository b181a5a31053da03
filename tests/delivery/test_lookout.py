"""What a worker saw before its write transaction holds in it, or is let be: nothing is claimed by an old look."""

import asyncio
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

from nurture.delivery.claiming import take
from nurture.delivery.fencing import fence
from nurture.delivery.looking import Looked, look, still
from nurture.delivery.lookout import Lookout
from nurture.delivery.recheck import Rechecked, _statement
from nurture.gates.situation import Situation
from nurture.rules.moment import Moment
from nurture.store import approve_until, pause, writing
from nurture.store.setting import put_setting
from nurture.store.tables import Customer, Enrollment, Generation, Touch, table
from tests.planning.people import Shop, instant

from .post import Post
from .test_worker import MEETING, THANKS

LOOKED, TAKEN = "2026-11-20 10:02", "2026-11-20 10:03"
CUSTOMER, ENROLLMENT, TOUCH = table(Customer), table(Enrollment), table(Touch)


@pytest.fixture
def post(engine: Engine, tmp_path: Path) -> Post:
    """Alice's and Bob's thanks are due; Charlie never bought anything."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    for name in ("alice", "bob"):
        post.shop.order(post.shop.customer(name), "2026-11-20 09:00")
    post.shop.customer("charlie")
    post.shop.tick("2026-11-20 10:00")
    return post


def opts_out(shop: Shop) -> None:
    shop.suppress(1, LOOKED)


def buys(shop: Shop) -> None:
    shop.order(1, LOOKED)


def is_called(shop: Shop) -> None:
    shop.contact(1, LOOKED)


def alices(shop: Shop, *changes: dict[str, Any]) -> None:
    """Changes her touch, and nothing that a customer's version tells of."""
    with writing(shop.engine) as connection:
        for values in changes:
            connection.execute(update(TOUCH).where(TOUCH.c.customer_id == 1).values(**values))


def epoch(when: str) -> int:
    return int(instant(when).timestamp())


def is_given_another_slot(shop: Shop) -> None:
    alices(shop, {"at": epoch("2026-11-20 11:00")})


def is_claimed_by_another(shop: Shop) -> None:
    alices(shop, {"status": "claimed", "token": TOUCH.c.token + 1}, {"status": "planned"})


def expires_sooner(shop: Shop) -> None:
    alices(shop, {"expires_at": epoch("2026-11-20 10:03")})


def goes_by_another_channel(shop: Shop) -> None:
    alices(shop, {"channel": "line"})


def is_due_for_another_reason(shop: Shop) -> None:
    """Planning moved what it is due by, and the slot stayed."""
    alices(shop, {"due_at": epoch("2026-11-20 09:30")})


def is_held_by_another(shop: Shop) -> None:
    alices(shop, {"status": "claimed"})


def is_another_customers_now(shop: Shop) -> None:
    """As after a merge, whose result happens to have the version of who was merged away."""
    with writing(shop.engine) as connection:
        same = select(CUSTOMER.c.version).where(CUSTOMER.c.id == 1).scalar_subquery()
        connection.execute(update(CUSTOMER).where(CUSTOMER.c.id == 3).values(version=same))
        connection.execute(update(ENROLLMENT).where(ENROLLMENT.c.customer_id == 1).values(customer_id=3))
        connection.execute(update(TOUCH).where(TOUCH.c.customer_id == 1).values(customer_id=3))


CHANGES = (
    opts_out,
    buys,
    is_called,
    is_given_another_slot,
    is_claimed_by_another,
    expires_sooner,
    goes_by_another_channel,
    is_due_for_another_reason,
    is_held_by_another,
    is_another_customers_now,
)


@pytest.mark.parametrize("happens", CHANGES)
def test_who_was_looked_at_and_then_changed_is_looked_at_again(post: Post, happens: Callable[[Shop], None]) -> None:
    looked = looked_at(post)
    assert people(looked) == [1, 2]
    happens(post.shop)
    with writing(post.engine) as connection:
        assert people(still(connection, situation(post, TAKEN), looked)) == [2]
    assert taken(post, looked) == [2]


def test_a_claimed_message_that_was_given_to_another_customer_passes_no_fence(post: Post) -> None:
    now = instant(TAKEN)
    with writing(post.engine) as connection:
        situation_ = situation(post, TAKEN)
        held = take(connection, situation_, look(connection, situation_, ("email",), 10), worker="one", lease=120)
    is_another_customers_now(post.shop)
    with writing(post.engine) as connection:
        passed = fence(connection, held, now, 600)
    assert passed == {each.touch_id for each in held if each.customer_id == 2}


def test_what_belonged_to_no_step_and_was_settled_meanwhile_is_let_be(post: Post) -> None:
    looked = Looked(looked_at(post).terms, gone={1: int(instant("2026-11-20 09:00").timestamp())})
    with writing(post.engine) as connection:
        assert still(connection, situation(post, TAKEN), looked).empty


def the_owner_pauses(shop: Shop) -> None:
    with writing(shop.engine) as connection:
        pause(connection, "channel:email", "", instant(LOOKED))


def a_campaign_is_changed(shop: Shop) -> None:
    with writing(shop.engine) as connection:
        newest = connection.execute(select(table(Generation)).order_by(table(Generation).c.id.desc())).first()
        assert newest is not None
        connection.execute(table(Generation).insert().values({**newest._mapping, "id": newest.id + 1}))


def the_database_is_put_back(shop: Shop) -> None:
    with writing(shop.engine) as connection:
        put_setting(connection, "restored_until", str(int(instant(LOOKED).timestamp())))


@pytest.mark.parametrize("happens", [the_owner_pauses, a_campaign_is_changed, the_database_is_put_back])
def test_where_other_terms_hold_now_nobody_is_claimed_by_the_old_ones(
    post: Post, happens: Callable[[Shop], None]
) -> None:
    looked = looked_at(post)
    happens(post.shop)
    assert taken(post, looked) == []


class CalledMeanwhile(Lookout):
    """Between its first look and the claim Alice is called."""

    def __init__(self, post: Post) -> None:
        super().__init__(post.engine)
        self.shop = post.shop
        self.found: list[list[int]] = []
        """Customers, look by look."""

    async def look(self, situation: Situation, channels: Collection[str], limit: int) -> Looked:
        looked = await super().look(situation, channels, limit)
        self.found.append(people(looked))
        if len(self.found) == 1:
            self.shop.contact(1, LOOKED)
        return looked


def test_a_claim_that_came_too_late_for_what_it_saw_looks_again(engine: Engine, tmp_path: Path) -> None:
    """Nothing of a look may hold any more, and still something is due."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 09:00")
    post.shop.tick("2026-11-20 10:00")
    worker = post.worker()
    worker.lookout.close()
    worker.lookout = lookout = CalledMeanwhile(post)
    post.standing.at = instant(TAKEN)

    async def delivers() -> dict[str, int]:
        try:
            return dict((await worker.deliver_due()).counts)
        finally:
            await worker.close()

    assert asyncio.run(delivers()) == {"sent": 1}
    # PostgreSQL keeps its locks from look to claim, and needs no lookout.
    assert lookout.found[:2] == ([[1], [1]] if lookout.beside else [])


def test_where_the_owner_has_approved_more_since_nobody_is_claimed_by_the_word_before(
    engine: Engine, tmp_path: Path
) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING, approve=True, owner={"email": "owner@minato.example"})
    post.shop.order(post.shop.customer("alice"), "2026-11-20 09:00")
    post.shop.tick("2026-11-20 10:00")
    assert people(looked_at(post)) == []
    approve(post, "2026-11-21 00:00")
    looked = looked_at(post)
    assert people(looked) == [1]
    approve(post, "2026-11-22 00:00")
    assert taken(post, looked) == []
    assert taken(post, looked_at(post)) == [1]


def approve(post: Post, until: str) -> None:
    with writing(post.engine) as connection:
        approve_until(connection, int(instant(until).timestamp()))


def test_where_nothing_happened_everybody_is_claimed(post: Post) -> None:
    assert taken(post, looked_at(post)) == [1, 2]


def test_a_worker_with_nothing_to_do_keeps_nobody_from_writing(engine: Engine, tmp_path: Path) -> None:
    """It would ask for the only write lock each second, and wait where an import holds it."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    worker = post.worker()

    async def delivers() -> int:
        with writing(engine):
            async with asyncio.timeout(5):
                return sum((await worker.deliver_due()).counts.values())

    try:
        assert asyncio.run(delivers()) == 0
    finally:
        asyncio.run(worker.close())


def looked_at(post: Post) -> Looked:
    # On PostgreSQL a look locks what it finds, and so is no mere reading.
    with writing(post.engine) as connection:
        return look(connection, situation(post, LOOKED), ("email",), 10)


def taken(post: Post, looked: Looked) -> list[int]:
    with writing(post.engine) as connection:
        now = situation(post, TAKEN)
        held = take(connection, now, still(connection, now, looked), worker="one", lease=120)
        return sorted(each.customer_id for each in held)


def situation(post: Post, when: str) -> Situation:
    return post.shift.situation(instant(when))


def people(looked: Looked) -> list[int]:
    return sorted(each.row.customer_id for each in looked.asked)


def test_a_rechecked_touch_has_its_values_in_the_order_of_their_names(post: Post) -> None:
    now = situation(post, LOOKED)
    asked = _statement(now, now.steps[0], Moment())
    assert [each.name for each in asked.selected_columns] == list(Rechecked._fields)
