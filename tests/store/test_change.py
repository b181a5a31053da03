"""Whoever changes a customer raises the version, theirs and that of those who share the inbox."""

import threading
from datetime import datetime

import pytest
from sqlalchemy import Engine, select

from nurture.store import change, change_selected, open_engine, reading, writing
from nurture.store.tables import Customer, CustomerChange, table
from tests.store.people import NOON, admit, person

customer = table(Customer)
customer_change = table(CustomerChange)
ALICE, BOB, CHARLIE, DAVE = 1, 2, 3, 4


def versions(engine: Engine) -> dict[int, int]:
    with reading(engine) as connection:
        return dict(connection.execute(select(customer.c.id, customer.c.version)).all())


def recorded(engine: Engine) -> list[tuple[int, int]]:
    query = select(customer_change).order_by(customer_change.c.customer_id, customer_change.c.version)
    with reading(engine) as connection:
        return [(number, version) for number, version in connection.execute(query)]


def test_a_change_raises_the_version_and_leaves_word(engine: Engine) -> None:
    admit(engine, [person(ALICE), person(BOB)])
    for _ in range(2):
        with writing(engine) as connection:
            change(connection, [ALICE], NOON)
    assert versions(engine) == {ALICE: 3, BOB: 1}
    assert recorded(engine) == [(ALICE, 2), (ALICE, 3)]


@pytest.mark.parametrize("changed", [ALICE, BOB, CHARLIE])
def test_everybody_at_a_shared_inbox_is_changed_with_one_of_them(engine: Engine, changed: int) -> None:
    admit(engine, [person(BOB), person(ALICE, BOB), person(CHARLIE, BOB), person(DAVE)])
    with writing(engine) as connection:
        change(connection, [changed], NOON)
    assert recorded(engine) == [(ALICE, 2), (BOB, 2), (CHARLIE, 2)]
    assert versions(engine)[DAVE] == 1


def test_named_twice_is_changed_once_and_strangers_are_passed_over(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    with writing(engine) as connection:
        change(connection, iter([ALICE, ALICE, 99]), NOON)
        change(connection, [], NOON)
    assert recorded(engine) == [(ALICE, 2)]


def test_a_query_may_say_who_changed(engine: Engine) -> None:
    admit(engine, [person(ALICE), person(BOB), person(CHARLIE, BOB), person(DAVE)])
    with writing(engine) as connection:
        change_selected(connection, select(customer.c.id).where(customer.c.id >= CHARLIE), NOON)
    assert recorded(engine) == [(BOB, 2), (CHARLIE, 2), (DAVE, 2)]


def test_what_is_rolled_back_changed_nobody(engine: Engine) -> None:
    admit(engine, [person(ALICE)])
    with engine.connect() as connection:
        change(connection.execution_options(write=True), [ALICE], NOON)
        connection.rollback()
    assert (versions(engine), recorded(engine)) == ({ALICE: 1}, [])


def test_more_customers_than_fit_a_statement_are_changed_each_once(engine: Engine) -> None:
    count = 25_001
    admit(engine, (person(number) for number in range(1, count + 1)))
    with writing(engine) as connection:
        change(connection, range(count, 0, -1), NOON)
    assert set(versions(engine).values()) == {2}
    assert len(recorded(engine)) == count


def test_a_time_without_a_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(ValueError, match="naive"), writing(engine) as connection:
        change(connection, [ALICE], datetime(2026, 11, 22, 12, 0))  # noqa: DTZ001 - the offence itself


def test_two_who_change_the_same_people_in_opposite_order_wait_for_each_other(database_url: str) -> None:
    engine = open_engine(database_url)
    admit(engine, (person(number) for number in range(1, 201)))
    failures: list[BaseException] = []

    def clerk(ids: list[int]) -> None:
        try:
            for _ in range(10):
                with writing(engine) as connection:
                    change(connection, ids, NOON)
        except BaseException as error:
            failures.append(error)

    people = list(range(1, 201))
    clerks = [threading.Thread(target=clerk, args=(ids,)) for ids in (people, people[::-1], people[50:150])]
    for each in clerks:
        each.start()
    for each in clerks:
        each.join(120)
    assert failures == []
    assert versions(engine)[1] == 21
    assert versions(engine)[100] == 31
    engine.dispose()
