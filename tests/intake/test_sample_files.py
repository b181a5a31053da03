"""The raw files of the two sample shops go in as they are, and a second time nothing changes."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from nurture.shop.sample.salon import write_salon
from nurture.shop.sample.shop import write_shop
from nurture.store import writing
from nurture.store.facts import rebuild_facts
from nurture.store.tables import Customer, CustomerFact, Order
from tests.intake.conftest import Counting, Shop

Writer = Callable[[Path, date], list[Path]]
TODAY = date(2026, 11, 22)


@pytest.mark.parametrize("write", [write_shop, write_salon])
def test_every_file_goes_in_and_the_second_time_nothing_changes(shop: Shop, counted: Counting, write: Writer) -> None:
    files: list[Path] = write(shop.folder / "raw", TODAY)
    first = {path.name: counted(shop.give(path)) for path in files}
    assert all(found[0] > 0 for found in first.values())
    second = {path.name: counted(shop.give(path)) for path in files}
    assert all(found[:2] == (0, 0) for found in second.values())
    assert [found[3] for found in second.values()] == [found[3] for found in first.values()]
    kept = shop.all(CustomerFact, *CustomerFact.model_fields)
    assert len(kept) == len(shop.all(Customer, "id"))
    with writing(shop.engine) as connection:
        rebuild_facts(connection)
    assert kept == shop.all(CustomerFact, *CustomerFact.model_fields)
    if write is write_shop:
        assert len(shop.all(Order, "id")) == sum(fact[1] for fact in kept) + _void(shop)


def _void(shop: Shop) -> int:
    return sum(1 for (status,) in shop.all(Order, "status") if status in ("cancelled", "returned"))
