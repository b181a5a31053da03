"""Somebody says no: nothing that waits for them leaves, and the proof stays."""

import pytest
from sqlalchemy import Engine, update

from nurture.feedback import OptedOut, opt_out
from nurture.rules.permission import sendable
from nurture.store import reading, writing
from nurture.store.tables import Consent, Customer, CustomerChange, Suppression, Touch, table
from tests.feedback.people import (
    ALICE,
    BOB,
    CHARLIE,
    NOON,
    add,
    customer,
    japan,
    logged,
    populate,
    rows,
    standing,
    statuses,
    suppressions,
    touch,
    version,
)


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


def refuse(
    engine: Engine, number: int = ALICE, channel: str | None = "email", purpose: str = "commercial"
) -> OptedOut | None:
    with writing(engine) as connection:
        return opt_out(connection, number, channel, purpose, "link", "button of the opt-out page", NOON)


def may_send(engine: Engine, number: int, channel: str, purpose: str = "commercial") -> bool:
    asked = sendable(table(Customer).c.id, channel, int(NOON.timestamp()), purpose)
    with reading(engine) as connection:
        return bool(connection.scalar(table(Customer).select().where(table(Customer).c.id == number, asked)))


def test_what_waits_for_alice_stops_and_what_waits_for_others_does_not(engine: Engine) -> None:
    with writing(engine) as connection:
        mine = [touch(1, ALICE), touch(2, ALICE, "claimed", token=7, worker="w"), touch(3, ALICE, "sending")]
        others = [
            touch(4, ALICE, channel="line"),
            touch(5, ALICE, obeys_cap=False),
            touch(6, BOB),
            touch(7, ALICE, "sent"),
        ]
        add(connection, *mine, *others)
    assert refuse(engine) == OptedOut(ALICE, True, 2)
    assert statuses(engine) == {
        1: "suppressed",
        2: "suppressed",
        3: "sending",
        4: "planned",
        5: "planned",
        6: "planned",
        7: "sent",
    }
    assert sorted(logged(engine)) == [(1, "suppressed"), (2, "suppressed")]
    claimed = rows(engine, Touch, id=2)[0]
    assert (claimed.token, claimed.verdict, claimed.at, claimed.worker) == (7, "suppressed", None, None)


def test_the_permission_ends_and_the_refusal_is_kept_with_its_proof(engine: Engine) -> None:
    refuse(engine)
    before, after = rows(engine, Consent, customer_id=ALICE, channel="email")
    assert (before.status, before.ended_at) == ("granted", NOON)
    assert (after.status, after.basis, after.source, after.ended_at) == ("withdrawn", "opt_out", "link", None)
    assert (after.evidence, after.given_at) == ("button of the opt-out page", NOON)
    assert suppressions(engine) == [("email", None, ALICE, "commercial", "opt_out")]
    assert standing(engine, ALICE) == {"email": "withdrawn", "line": "granted"}


def test_offers_stop_on_that_channel_only_and_messages_about_orders_go_on(engine: Engine) -> None:
    refuse(engine)
    assert not may_send(engine, ALICE, "email")
    assert may_send(engine, ALICE, "email", "transactional")
    assert may_send(engine, ALICE, "line")
    assert may_send(engine, BOB, "email")


def test_said_twice_it_changes_nothing(engine: Engine) -> None:
    refuse(engine)
    before = (version(engine, ALICE), rows(engine, Consent), rows(engine, Suppression), rows(engine, CustomerChange))
    assert refuse(engine) == OptedOut(ALICE, False, 0)
    assert before == (
        version(engine, ALICE),
        rows(engine, Consent),
        rows(engine, Suppression),
        rows(engine, CustomerChange),
    )


def test_a_message_planned_by_mistake_after_the_first_no_is_stopped_by_the_second(engine: Engine) -> None:
    refuse(engine)
    with writing(engine) as connection:
        add(connection, touch(1, ALICE))
    assert refuse(engine) == OptedOut(ALICE, True, 1)
    assert len(rows(engine, Suppression)) == 1


def test_no_to_everything_is_no_on_every_channel(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, touch(1, ALICE), touch(2, ALICE, channel="line"))
    assert refuse(engine, channel=None) == OptedOut(ALICE, True, 2)
    assert standing(engine, ALICE) == {"email": "withdrawn", "line": "withdrawn"}
    assert not may_send(engine, ALICE, "line")


def test_no_to_messages_about_orders_stops_those_too(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, touch(1, ALICE, obeys_cap=False), touch(2, ALICE))
    assert refuse(engine, purpose="transactional") == OptedOut(ALICE, True, 2)
    assert not may_send(engine, ALICE, "email", "transactional")


def test_who_never_gave_permission_can_refuse_all_the_same(engine: Engine) -> None:
    assert refuse(engine, BOB, "line") == OptedOut(BOB, True, 0)
    assert standing(engine, BOB) == {"email": "granted", "line": "withdrawn"}


def test_a_link_to_somebody_merged_since_speaks_for_who_is_left(engine: Engine) -> None:
    with writing(engine) as connection:
        add(connection, customer(8, merged_into=9), customer(9, merged_into=CHARLIE))
    assert refuse(engine, 8) == OptedOut(CHARLIE, True, 0)


def test_a_number_nobody_has_is_said_to_be_unknown(engine: Engine) -> None:
    assert refuse(engine, 404) is None
    assert suppressions(engine) == []


def test_planning_learns_of_it_at_its_next_tick(engine: Engine) -> None:
    refuse(engine)
    assert [(row.customer_id, row.version) for row in rows(engine, CustomerChange)] == [(ALICE, 2)]


def test_a_refusal_that_was_lifted_can_be_said_again(engine: Engine) -> None:
    refuse(engine)
    with writing(engine) as connection:
        connection.execute(update(table(Suppression)).values(lifted_at=japan("2026-11-22 12:30")))
    assert refuse(engine) == OptedOut(ALICE, True, 0)
