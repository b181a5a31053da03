"""Facts about customers: kept up bit by bit they are what a rebuild from scratch would say."""

from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select

from nurture.store import writing
from nurture.store.facts import begin_facts, rebuild_facts, refresh_facts
from nurture.store.tables import Contact, Customer, CustomerFact, Order, table

NOON = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
ALICE, BOB, CHARLIE = 1, 2, 3


def facts(connection: Connection) -> dict[int, tuple[Any, ...]]:
    rows = connection.execute(select(table(CustomerFact)).order_by("customer_id"))
    return {row.customer_id: tuple(row)[1:] for row in rows}


def put_customers(connection: Connection, ids: list[int]) -> None:
    rows = [{"id": each, "bucket": each, "created_at": NOON, "attributes": {}} for each in ids]
    connection.execute(table(Customer).insert(), rows)


def put_order(connection: Connection, customer: int, at: str, total: int, status: str = "ordered") -> int:
    when = datetime.fromisoformat(at).replace(tzinfo=UTC)
    row = {"key": f"{customer}/{at}/{total}", "customer_id": customer, "ordered_at": when, "received_at": NOON}
    statement = table(Order).insert().values(**row, total=total, status=status).returning(table(Order).c.id)
    return int(connection.execute(statement).scalar_one())


def put_contact(connection: Connection, customer: int, at: str, direction: str = "out") -> None:
    when = datetime.fromisoformat(at).replace(tzinfo=UTC)
    row = {"customer_id": customer, "owner_id": customer, "at": when, "direction": direction, "channel": "call"}
    connection.execute(table(Contact).insert().values(**row))


def test_alice_is_counted_by_the_orders_that_stand(engine: Engine) -> None:
    with writing(engine) as connection:
        put_customers(connection, [ALICE])
        first = put_order(connection, ALICE, "2026-03-01", 1200)
        put_order(connection, ALICE, "2026-02-01", 9000, "cancelled")
        put_order(connection, ALICE, "2026-05-01", 800, "shipped")
        put_order(connection, ALICE, "2026-06-01", 700, "returned")
        put_contact(connection, ALICE, "2026-05-02")
        put_contact(connection, ALICE, "2026-05-09", "in")
        refresh_facts(connection, [ALICE])
        march, may, second = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC), 2
        contacted = datetime(2026, 5, 2, tzinfo=UTC)
        assert facts(connection) == {ALICE: (second, 2000, march, first, may, contacted)}


def test_two_orders_on_the_first_day_leave_one_first_order(engine: Engine) -> None:
    with writing(engine) as connection:
        put_customers(connection, [BOB])
        first = put_order(connection, BOB, "2026-03-01", 1200)
        put_order(connection, BOB, "2026-03-01", 1300)
        refresh_facts(connection, [BOB])
        assert facts(connection)[BOB][3] == first


def test_charlie_who_never_ordered_has_facts_that_say_so(engine: Engine) -> None:
    with writing(engine) as connection:
        put_customers(connection, [CHARLIE])
        begin_facts(connection, [CHARLIE])
        begun = facts(connection)
        refresh_facts(connection, [CHARLIE])
        assert begun == facts(connection) == {CHARLIE: (0, 0, None, None, None, None)}


@pytest.mark.parametrize("seed", range(5))
def test_kept_up_bit_by_bit_is_the_same_as_rebuilt(engine: Engine, seed: int) -> None:
    random = Random(seed)
    people = list(range(1, 41))
    with writing(engine) as connection:
        put_customers(connection, people)
        begin_facts(connection, people)
        for number in range(200):
            who, day = random.choice(people), f"2026-{random.randint(1, 9):02d}-{random.randint(1, 28):02d}"
            if number % 3:
                put_order(
                    connection, who, f"{day}T00:00:{number % 60:02d}", number, random.choice(["ordered", "cancelled"])
                )
            else:
                put_contact(connection, who, day, random.choice(["in", "out"]))
            refresh_facts(connection, [who])
        orders = table(Order)
        connection.execute(orders.update().where(orders.c.total % 7 == 0).values(status="returned"))
        refresh_facts(connection, select(orders.c.customer_id).where(orders.c.total % 7 == 0))
        kept = facts(connection)
        rebuild_facts(connection)
        assert kept == facts(connection)
