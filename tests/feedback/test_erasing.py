"""Alice asks to be forgotten: nothing in the database says who she was, and nobody writes to her again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlmodel import SQLModel

from nurture.feedback import keep, read_delivery
from nurture.feedback.erasing import Erased, erase
from nurture.intake.merging import merge_customers
from nurture.store import reading, writing
from nurture.store.tables import Address, Customer, CustomerTag, DatedFact, Hold, LinkCode, Suppression, Touch, table
from tests.feedback.line import delivery, said
from tests.feedback.people import (
    ALICE,
    ALICES_LINE,
    BOB,
    CHARLIE,
    NOON,
    add,
    frozen,
    populate,
    rows,
    standing,
    statuses,
    touch,
    version,
)

TELLING = ("Wonder", "ワンダー", "rabbit", "wonderland", "person1@home.example", ALICES_LINE, "+8178", "1234567", "A-1")


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)
    known = {"name": "Alice Wonder", "kana": "ワンダー", "phone": "+8178", "street": "1234567", "note": "rabbit"}
    with writing(engine) as connection:
        connection.execute(table(Customer).update().where(table(Customer).c.id == ALICE).values(key="A-1", **known))
        add(connection, CustomerTag(customer_id=ALICE, tag="rabbit"))
        add(connection, DatedFact(customer_id=ALICE, name="wonderland", month=5, day=4))
        add(connection, Hold(customer_id=ALICE, kind="complaint", opened_at=NOON, note="rabbit"))
        add(connection, LinkCode(code="BCDFGH", customer_id=ALICE, created_at=NOON, expires_at=NOON))
        keep(connection, read_delivery(delivery(said("it is about the rabbit", NOON)), NOON).arrivals, NOON)
        add(connection, touch(1, ALICE), touch(2, ALICE, "sent"), touch(3, ALICE, channel="line"), touch(4, BOB))
        add(connection, touch(5, ALICE, "claimed"))
        add(connection, *(frozen(number) for number in (1, 2, 4)))


def forgotten(engine: Engine, who: int = ALICE) -> Erased:
    with writing(engine) as connection:
        return erase(connection, who, NOON)


def everything(engine: Engine) -> dict[str, str]:
    """Every table's whole content as text."""
    found: dict[str, str] = {}
    with reading(engine) as connection:
        for each in SQLModel.metadata.sorted_tables:
            found[each.name] = repr([tuple(row) for row in connection.execute(select(each))])
    return found


def test_no_table_says_who_she_was_but_the_list_of_those_never_written_to(engine: Engine) -> None:
    forgotten(engine)
    told = {(name, word) for name, text in everything(engine).items() for word in TELLING if word in text}
    assert told == {("suppression", "person1@home.example"), ("suppression", ALICES_LINE)}


def test_what_was_queued_stops_and_what_was_sent_stays_a_figure(engine: Engine) -> None:
    before = version(engine, ALICE)
    assert forgotten(engine) == Erased(stopped=3, under_way=0)
    assert statuses(engine) == {1: "suppressed", 2: "sent", 3: "suppressed", 4: "planned", 5: "suppressed"}
    assert standing(engine, ALICE) == {"email": "withdrawn", "line": "withdrawn"}
    assert version(engine, ALICE) > before
    assert rows(engine, Customer, id=ALICE)[0].erased_at == NOON


def test_bob_and_charlie_are_none_the_worse(engine: Engine) -> None:
    before = [rows(engine, model, customer_id=BOB) for model in (Address, Touch)]
    forgotten(engine)
    assert [rows(engine, model, customer_id=BOB) for model in (Address, Touch)] == before
    assert len(rows(engine, Address, customer_id=CHARLIE)) == 1


def test_an_inbox_that_bob_shares_goes_on_for_bob(engine: Engine) -> None:
    with writing(engine) as connection:
        shared: dict[str, Any] = {"channel": "email", "value": "person1@home.example", "shared_with": ALICE}
        add(connection, Address(customer_id=BOB, created_at=NOON, **shared))
    forgotten(engine)
    (mine,) = rows(engine, Address, customer_id=BOB, value="person1@home.example")
    assert (mine.shared_with, mine.removed_at) == (None, None)
    assert [row.value for row in rows(engine, Suppression, reason="erased")] == [ALICES_LINE]


def test_what_is_on_its_way_is_told_and_forgotten_the_next_time(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, touch(6, ALICE, "sending"), frozen(6, NOON - timedelta(seconds=1)))
    assert forgotten(engine).under_way == 1
    with writing(engine) as connection:
        connection.execute(table(Touch).update().where(table(Touch).c.id == 6).values(status="sent"))
    assert forgotten(engine) == Erased(0, 0)
    assert "6@minato.example" not in everything(engine)["message"]


def test_who_was_merged_into_her_is_forgotten_with_her(engine: Engine) -> None:
    with writing(engine) as connection:
        connection.execute(
            table(Customer).update().where(table(Customer).c.id == CHARLIE).values(name="Charlie Rabbit")
        )
        merge_customers(connection, ALICE, CHARLIE, NOON)
    forgotten(engine)
    assert "Rabbit" not in everything(engine)["customer"]
    assert "person3@home.example" not in everything(engine)["address"]


@pytest.mark.parametrize("who", [99, CHARLIE])
def test_who_is_nobody_or_part_of_somebody_is_refused(engine: Engine, who: int) -> None:
    with writing(engine) as connection:
        merge_customers(connection, ALICE, CHARLIE, NOON)
    with pytest.raises(ValueError, match="can't be erased"):
        forgotten(engine, who)
