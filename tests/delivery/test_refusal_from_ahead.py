"""A no that was said before the clock was set back: by its date it lies ahead, and holds all the same.

Found by the simulation: a receipt left an hour of the clock before the opt-out that was half an hour old.
"""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from nurture.condition import Offer
from nurture.rules.offer import offered_product
from nurture.rules.permission import sendable
from nurture.rules.scope import Scope
from nurture.store import reading, writing
from nurture.store.pausing import paused
from nurture.store.tables import Customer, ProductRelation, table
from tests.planning.people import add, instant, letter

from .post import Post
from .test_worker import MEETING

RECEIPT = letter("receipt", "{after: order}", "purpose: transactional\nbecause: 控え", step="valid_for: 5 days")
THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")


@pytest.mark.parametrize(("campaign", "scope"), [(THANKS, "commercial"), (RECEIPT, "all")])
def test_who_said_no_at_one_gets_nothing_at_noon_of_a_clock_set_back(
    engine: Engine, tmp_path: Path, campaign: str, scope: str
) -> None:
    post = Post(engine, tmp_path, campaign, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 11:59")
    post.shop.suppress(alice, "2026-11-20 13:00", scope=scope)
    assert "sent" not in post.deliver("2026-11-20 12:00")
    assert post.arrived() == []


def test_who_complained_at_one_gets_no_offer_at_noon_of_a_clock_set_back(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 11:59")
    post.shop.complain(alice, "2026-11-20 13:00")
    assert "sent" not in post.deliver("2026-11-20 12:00")
    assert post.arrived() == []


def test_no_mill_is_offered_at_noon_to_who_refused_mills_at_one(engine: Engine, tmp_path: Path) -> None:
    shop = Post(engine, tmp_path, THANKS, **MEETING).shop
    alice, bob = shop.customer("alice"), shop.customer("bob")
    beans, mill = shop.product("beans", "豆"), shop.product("mill", "器具")
    with writing(engine) as connection:
        add(connection, ProductRelation, product_id=beans, related_id=mill, position=0, reason="")
    for who in (alice, bob):
        shop.order(who, "2026-11-20 10:00", beans)
    shop.refuse(alice, "器具", "2026-11-20 13:00", "2027-11-20 13:00")
    customer, noon = table(Customer), int(instant("2026-11-20 12:00").timestamp())
    offered = offered_product(Scope(customer.c.id, noon, shop.settings, {}), Offer(related_to="any_order"))
    with reading(engine) as connection:
        found = {each.id: each.product for each in connection.execute(select(customer.c.id, offered.label("product")))}
    assert found == {alice: None, bob: mill}


def test_no_condition_calls_her_reachable_and_no_pause_waits_for_its_hour(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice, noon = post.shop.customer("alice"), instant("2026-11-20 12:00")
    post.shop.suppress(alice, "2026-11-20 13:00", scope="all")
    post.shop.pause("campaign:thanks", "2026-11-20 13:00")
    customer = table(Customer)
    with writing(engine) as connection:
        asked = sendable(customer.c.id, "email", int(noon.timestamp()), "commercial")
        assert connection.scalar(customer.select().with_only_columns(asked).where(customer.c.id == alice)) in (0, False)
        assert paused(connection, ["campaign:thanks"], noon)
