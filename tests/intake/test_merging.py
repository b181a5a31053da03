"""Two entries turn out to be one person: nothing that was promised is lost, nobody is written to twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert

from nurture.intake.merging import merge_customers
from nurture.store import writing
from nurture.store.tables import (
    Address,
    Consent,
    Contact,
    Customer,
    CustomerFact,
    CustomerTag,
    DatedFact,
    Enrollment,
    Order,
    Touch,
    TouchLog,
    table,
)
from tests.intake.conftest import NOW, Counting, Shop

ALICE, TWIN, BOB = 1, 2, 3
LATER = NOW + timedelta(days=1)


@pytest.fixture(autouse=True)
def people(shop: Shop) -> None:
    """Alice, her second entry, and Bob, who shares the second entry's inbox."""
    shop.give_rows(
        "customers.csv",
        "顧客番号,氏名,メールアドレス,電話番号,誕生日,メルマガ,タグ",
        "1265,髙橋 美波,minami@mail.example,,,希望する,常連",
        "1266,高橋 美波,family@mail.example,090-1234-5601,4月1日,希望しない,常連;ギフト",
        "1300,高橋 太郎,family@mail.example,,,,",
    )
    shop.give_rows(
        "orders.csv", "顧客番号,注文番号,注文日,商品名,金額", "1265,A1,2026/11/1,豆,1200", "1266,A2,2026/10/1,豆,800"
    )
    shop.give_rows("contacts.csv", "顧客番号,日時,種別", "1300,2026/11/20 10:00,電話")


def merge(shop: Shop, keep: int, drop: int) -> None:
    with writing(shop.engine) as connection:
        merge_customers(connection, keep, drop, LATER)


def test_everything_of_one_becomes_the_others(shop: Shop, counted: Counting) -> None:
    merge(shop, ALICE, TWIN)
    assert shop.all(Customer, "id", "key", "phone", "merged_into", "cap_owner_id") == [
        (ALICE, "1265", "+819012345601", None, None),
        (TWIN, "1266", "+819012345601", ALICE, None),
        (BOB, "1300", None, None, ALICE),
    ]
    assert shop.all(Order, "key", "customer_id") == [("A1", ALICE), ("A2", ALICE)]
    assert shop.all(CustomerFact, "order_count", "order_total")[0] == (2, 2000)
    assert shop.all(DatedFact, "customer_id", "month", "day") == [(ALICE, 4, 1)]
    assert shop.all(CustomerTag, "customer_id", "tag") == [(ALICE, "ギフト"), (ALICE, "常連")]
    assert shop.all(Address, "customer_id", "value", "shared_with") == [
        (ALICE, "minami@mail.example", None),
        (ALICE, "family@mail.example", None),
        (BOB, "family@mail.example", ALICE),
    ]
    assert shop.all(Contact, "customer_id", "owner_id") == [(BOB, ALICE)]
    rows = ("顧客番号,氏名,メールアドレス", "1266,高橋 美波,family@mail.example")
    assert counted(shop.give_rows("again.csv", *rows)) == (0, 0, 1, 0)


def test_an_opt_out_wins(shop: Shop) -> None:
    merge(shop, ALICE, TWIN)
    in_force = [each[:2] for each in shop.all(Consent, "customer_id", "status", "ended_at") if each[2] is None]
    assert in_force == [(ALICE, "withdrawn")]


def test_everybody_concerned_is_marked_as_changed(shop: Shop) -> None:
    before = dict(shop.all(Customer, "id", "version"))
    merge(shop, ALICE, TWIN)
    assert all(version > before[ident] for ident, version in shop.all(Customer, "id", "version"))


def test_who_is_merged_into_a_sharer_comes_under_the_caps_of_the_inbox(shop: Shop) -> None:
    merge(shop, ALICE, BOB)
    assert shop.all(Customer, "id", "cap_owner_id")[0] == (ALICE, TWIN)
    assert shop.all(Contact, "customer_id", "owner_id") == [(ALICE, TWIN)]


def test_two_holders_of_one_inbox_become_one(shop: Shop) -> None:
    merge(shop, BOB, TWIN)
    active = [
        each[:3] for each in shop.all(Address, "customer_id", "value", "shared_with", "removed_at") if not each[3]
    ]
    assert active == [(ALICE, "minami@mail.example", None), (BOB, "family@mail.example", None)]
    assert shop.all(Customer, "id", "cap_owner_id")[2] == (BOB, None)


def put(shop: Shop, customer: int, at: datetime, status: str) -> None:
    step: dict[str, Any] = {
        "campaign": "birthday",
        "customer_id": customer,
        "occurrence": "birthday:2026",
    }
    opened = {"occurred_at": at, "opened_at": at, "held_out": False, "next_at": at}
    touch = {"step": "greeting", "owner_id": customer, "status": status, "due_at": at, "at": at, "expires_at": at}
    with writing(shop.engine) as connection:
        connection.execute(insert(table(Enrollment)).values(**step, **opened))
        connection.execute(insert(table(Touch)).values(**step, **touch, priority=50, decided_at=at))


@pytest.mark.parametrize(("sent", "planned"), [(ALICE, TWIN), (TWIN, ALICE)])
def test_who_was_greeted_under_one_entry_is_not_greeted_again_under_the_other(
    shop: Shop, sent: int, planned: int
) -> None:
    put(shop, sent, datetime(2026, 11, 20, tzinfo=UTC), "sent")
    put(shop, planned, datetime(2026, 11, 24, tzinfo=UTC), "planned")
    merge(shop, ALICE, TWIN)
    touches = sorted(shop.all(Touch, "customer_id", "owner_id", "occurrence", "status"), key=lambda each: len(each[2]))
    assert touches[0] == (ALICE, ALICE, "birthday:2026", "sent")
    assert touches[1][:2] + touches[1][3:] == (ALICE, ALICE, "cancelled")
    assert [status for (status,) in shop.all(TouchLog, "status")] == ["cancelled"]
    enrollments = shop.all(Enrollment, "customer_id", "occurrence", "ended_at")
    assert [(each[0], each[2]) for each in enrollments if each[1] == "birthday:2026"] == [(ALICE, None)]
    assert [(each[0], each[2]) for each in enrollments if each[1] != "birthday:2026"] == [(ALICE, LATER)]


@pytest.mark.parametrize(("keep", "drop"), [(ALICE, ALICE), (ALICE, 99)])
def test_what_can_not_be_merged_is_refused(shop: Shop, keep: int, drop: int) -> None:
    with pytest.raises(ValueError):
        merge(shop, keep, drop)


def test_nobody_is_merged_twice(shop: Shop) -> None:
    merge(shop, ALICE, TWIN)
    with pytest.raises(ValueError):
        merge(shop, BOB, TWIN)
    merge(shop, BOB, ALICE)
    assert shop.all(Customer, "id", "merged_into") == [(ALICE, BOB), (TWIN, BOB), (BOB, None)]
