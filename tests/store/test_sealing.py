"""A database that was put back from a backup: what was due in the gap is in doubt, counts, and is not sent again."""

from pathlib import Path

from sqlalchemy import Engine, select

from nurture.store import reading, writing
from nurture.store.sealing import acknowledge_restore, instance_of, seal_of, settle_gap
from nurture.store.tables import Contact, table
from tests.planning.people import Shop, instant, letter

WAITING = letter("thanks", "{after: order}", step="wait: 1 day, valid_for: 9 days")
CAPS = {"caps": [{"at_most": 1, "per": "7 days"}]}


def test_what_was_due_in_the_gap_is_unknown_and_what_comes_later_is_planned(engine: Engine) -> None:
    shop = Shop(engine, WAITING)
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.order(alice, "2026-11-19 12:00")
    shop.order(bob, "2026-11-20 09:00")
    shop.tick("2026-11-20 10:00")
    with writing(engine) as connection:
        assert acknowledge_restore(connection, 0, instant("2026-11-20 18:00"), instant("2026-11-22 09:00")) == 1
    shop.tick("2026-11-22 09:00")
    assert shop.plans(alice) == ["thanks/letter unknown ok 2026-11-20 12:00"]
    assert [each.status for each in shop.told(bob)] == ["planned"]


def test_what_planning_finds_again_and_was_due_in_the_gap_is_unknown_too(engine: Engine) -> None:
    shop = Shop(engine, WAITING)
    charlie = shop.customer("charlie")
    with writing(engine) as connection:
        acknowledge_restore(connection, 0, instant("2026-11-20 18:00"), instant("2026-11-22 09:00"))
    shop.order(charlie, "2026-11-19 09:00", received_at=instant("2026-11-22 09:00"))
    shop.order(charlie, "2026-11-21 12:00", received_at=instant("2026-11-22 09:00"))
    shop.tick("2026-11-22 09:30")
    with writing(engine) as connection:
        assert settle_gap(connection, instant("2026-11-22 09:30")) == 1
        assert settle_gap(connection, instant("2026-11-22 09:31")) == 0
    assert [each.status for each in shop.told(charlie)] == ["unknown", "planned"]


def test_what_may_have_been_sent_counts_to_the_caps(engine: Engine) -> None:
    shop = Shop(engine, WAITING, **CAPS)
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-19 12:00")
    shop.tick("2026-11-20 10:00")
    with writing(engine) as connection:
        acknowledge_restore(connection, 0, instant("2026-11-20 18:00"), instant("2026-11-21 09:00"))
        keys = connection.scalars(select(table(Contact).c.key)).all()
    assert keys == ["restored:1"]
    shop.order(alice, "2026-11-20 20:00")
    shop.tick("2026-11-21 09:00")
    assert shop.plans(alice)[-1] == "thanks/letter planned capped 2026-11-27 12:00"


def test_after_a_restore_no_key_of_a_message_is_used_twice(engine: Engine) -> None:
    with writing(engine) as connection:
        before = instance_of(connection)
        acknowledge_restore(connection, 0, instant("2026-11-20 18:00"), instant("2026-11-22 09:00"))
        once = instance_of(connection)
        acknowledge_restore(connection, 0, instant("2026-11-20 18:00"), instant("2026-11-22 09:00"))
        assert len({before, once, instance_of(connection)}) == 3


def test_the_epoch_goes_past_that_of_the_copy(engine: Engine, tmp_path: Path) -> None:
    with writing(engine) as connection:
        acknowledge_restore(connection, 4, instant("2026-11-20 18:00"), instant("2026-11-22 09:00"))
    with reading(engine) as connection:
        assert seal_of(connection).epoch == 5
