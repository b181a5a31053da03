"""A clock that was hours ahead is put right: what happens in the hours that come twice is seen at once."""

import pytest
from sqlalchemy import Engine

from .people import Shop, letter


@pytest.mark.parametrize("back", ["2026-11-20 10:05", "2026-11-20 13:02"])
def test_who_orders_in_the_hours_that_come_twice_waits_no_longer_than_others(engine: Engine, back: str) -> None:
    shop = Shop(engine, letter("thanks", "{after: order}", step="valid_for: 5 days"))
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.order(alice, "2026-11-20 13:00")
    shop.tick("2026-11-20 13:40")
    shop.tick("2026-11-20 13:41")
    shop.order(bob, back)
    shop.tick(back[:-1] + "7")
    assert shop.the(bob).status == "planned"
