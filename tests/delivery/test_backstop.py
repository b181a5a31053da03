"""The database itself refuses what must never happen: raw SQL, past every gate and fence, is turned away.

Alice may be written to and her mail is on its way; each test takes one thing from her and tries to write the contact.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, insert, text, update
from sqlalchemy.exc import IntegrityError

from nurture.gates.cap import QUARTER, periods_in
from nurture.store import upgrade, writing
from nurture.store.backstop import WAYS, raise_backstop, refusal_of
from nurture.store.tables import Contact, Touch, table
from tests.planning.people import TOKYO, Shop, instant, letter
from tests.store.past import lower_backstop

CONTACT, TOUCH = table(Contact), table(Touch)
NOON = "2026-11-20 12:00"
STATES = ("planned", "claimed", "sending", "sent", "failed", "unknown", "expired", "cancelled", "suppressed")
STATES += ("dropped", "held_out")


def on_its_way(engine: Engine, *, purpose: str = "commercial", **settings: Any) -> tuple[Shop, int]:
    """A shop whose mail to alice has passed the fence but for its contact."""
    because = "because: about the order itself" if purpose == "transactional" else ""
    shop = Shop(engine, letter("thanks", "{after: order}", f"purpose: {purpose}", because), **settings)
    alice = shop.customer("alice", line=True)
    shop.order(alice, "2026-11-20 11:00")
    shop.tick("2026-11-20 11:05")
    until = {"sendable_until": instant("2026-11-20 20:00"), "at": instant(NOON)}
    with writing(engine) as connection:
        for status in ("claimed", "sending"):
            connection.execute(update(TOUCH).values(status=status, **until))
    return shop, alice


def contact(who: int, when: str = NOON, **other: Any) -> dict[str, Any]:
    """The contact that a fence would write for touch 1."""
    at = instant(when)
    mine = {"customer_id": who, "owner_id": who, "channel": "email", "at": at, "counts": True, "direction": "out"}
    return {**mine, "touch_id": 1, "periods": periods_in(TOKYO, int(at.timestamp()) // QUARTER), **other}


def refused(engine: Engine, row: Mapping[str, Any]) -> str | None:
    """Which check refused the row; None where it was taken."""
    try:
        with writing(engine) as connection:
            connection.execute(insert(CONTACT).values(**row))
    except IntegrityError as problem:
        return refusal_of(problem)
    return None


def test_what_keeps_every_promise_passes(engine: Engine) -> None:
    _, alice = on_its_way(engine, caps=[{"at_most": 1, "per": "day"}, {"at_most": 2, "per": "7 days"}])
    assert refused(engine, contact(alice)) is None


def test_a_second_contact_for_one_touch_is_refused(engine: Engine) -> None:
    _, alice = on_its_way(engine)
    assert refused(engine, contact(alice)) is None
    assert refused(engine, contact(alice)) == "second_contact"


@pytest.mark.parametrize("status", ["planned", "failed", "unknown"])
def test_a_contact_without_a_fence_is_refused(engine: Engine, status: str) -> None:
    _, alice = on_its_way(engine)
    with writing(engine) as connection:
        connection.execute(update(TOUCH).values(status=status))
    assert refused(engine, contact(alice)) == "no_fence"


def test_a_contact_with_somebody_else_is_refused(engine: Engine) -> None:
    shop, _ = on_its_way(engine)
    assert refused(engine, contact(shop.customer("bob"))) == "no_fence"


@pytest.mark.parametrize("when", ["2026-11-20 20:00", "2026-11-22 11:00"])
def test_a_contact_after_the_window_or_the_validity_is_refused(engine: Engine, when: str) -> None:
    _, alice = on_its_way(engine)
    assert refused(engine, contact(alice, when)) == "too_late"


@pytest.mark.parametrize("channel", ["email", None])
def test_a_contact_after_an_opt_out_is_refused(engine: Engine, channel: str | None) -> None:
    shop, alice = on_its_way(engine)
    shop.suppress(alice, "2026-11-20 11:59", channel=channel)
    assert refused(engine, contact(alice)) == "suppressed"


def test_an_opt_out_of_another_channel_or_a_lifted_one_refuses_nothing(engine: Engine) -> None:
    shop, alice = on_its_way(engine)
    shop.suppress(alice, "2026-11-20 11:00", channel="line")
    shop.suppress(alice, "2026-11-20 11:00")
    with writing(engine) as connection:
        connection.execute(text("UPDATE suppression SET lifted_at = created_at + 60 WHERE channel IS NULL"))
    assert refused(engine, contact(alice)) is None


def test_a_contact_at_a_suppressed_address_is_refused(engine: Engine) -> None:
    shop, alice = on_its_way(engine)
    values = {"channel": "email", "value": "alice@shop.example", "scope": "all", "reason": "hard_bounce"}
    with shop.changing(alice) as connection:
        at = int(instant("2026-11-01 00:00").timestamp())
        statement = "INSERT INTO suppression (channel, value, scope, reason, source, created_at) VALUES "
        connection.execute(text(f"{statement} (:channel, :value, :scope, :reason, '', {at})"), values)
    assert refused(engine, contact(alice)) == "suppressed"


def test_a_contact_with_somebody_the_shop_never_writes_to_is_refused(engine: Engine) -> None:
    shop, alice = on_its_way(engine)
    shop.correct(alice, never=True)
    assert refused(engine, contact(alice)) == "suppressed"


def test_a_contact_without_consent_is_refused(engine: Engine) -> None:
    shop, alice = on_its_way(engine)
    shop.withdraw(alice, "email", "2026-11-20 11:59")
    assert refused(engine, contact(alice)) == "no_consent"


def test_a_message_about_the_order_itself_needs_no_consent_and_obeys_no_cap(engine: Engine) -> None:
    shop, alice = on_its_way(engine, purpose="transactional", caps=[{"at_most": 1, "per": "7 days"}])
    shop.withdraw(alice, "email", "2026-11-20 11:59")
    shop.contact(alice, "2026-11-20 09:00")
    assert refused(engine, contact(alice)) is None


@pytest.mark.parametrize("scope", ["all", "channel:email", "campaign:thanks"])
def test_a_contact_during_a_pause_is_refused(engine: Engine, scope: str) -> None:
    shop, alice = on_its_way(engine)
    shop.pause(scope, "2026-11-20 11:30")
    assert refused(engine, contact(alice)) == "paused"


def test_a_pause_that_is_over_or_of_something_else_refuses_nothing(engine: Engine) -> None:
    shop, alice = on_its_way(engine)
    shop.pause("all", "2026-11-20 11:30", "2026-11-20 12:00")
    shop.pause("channel:line", "2026-11-20 11:30")
    assert refused(engine, contact(alice)) is None


def test_a_contact_over_a_rolling_cap_is_refused_to_the_second(engine: Engine) -> None:
    shop, alice = on_its_way(engine, caps=[{"at_most": 2, "per": "7 days"}])
    shop.contact(alice, "2026-11-13 12:00:01")
    shop.contact(alice, "2026-11-19 12:00")
    assert refused(engine, contact(alice)) == "capped"
    assert refused(engine, contact(alice, "2026-11-20 12:00:01")) is None


def test_contacts_before_and_after_count_together(engine: Engine) -> None:
    shop, alice = on_its_way(engine, caps=[{"at_most": 2, "per": "7 days"}])
    shop.contact(alice, "2026-11-16 12:00")
    shop.contact(alice, "2026-11-22 12:00")
    assert refused(engine, contact(alice)) == "capped"


def test_a_contact_within_the_minimum_gap_is_refused(engine: Engine) -> None:
    shop, alice = on_its_way(engine, min_gap="20 hours")
    shop.contact(alice, "2026-11-19 16:00:01")
    assert refused(engine, contact(alice)) == "capped"
    assert refused(engine, contact(alice, "2026-11-20 12:00:01")) is None


@pytest.mark.parametrize(
    ("unit", "inside", "outside"),
    [
        ("day", "2026-11-20 00:00", "2026-11-19 23:59"),
        ("week", "2026-11-16 00:00", "2026-11-15 23:59"),
        ("month", "2026-11-01 00:00", "2026-10-31 23:59"),
    ],
)
def test_a_calendar_cap_goes_by_the_days_of_tokyo(engine: Engine, unit: str, inside: str, outside: str) -> None:
    shop, alice = on_its_way(engine, caps=[{"at_most": 1, "per": unit}])
    shop.contact(alice, outside)
    with writing(engine) as connection:
        nested = connection.begin_nested()
        connection.execute(insert(CONTACT).values(**contact(alice)))
        nested.rollback()
    shop.contact(alice, inside)
    assert refused(engine, contact(alice)) == "capped_by_calendar"


def test_a_contact_that_does_not_say_its_day_is_refused_where_days_are_counted(engine: Engine) -> None:
    _, alice = on_its_way(engine, caps=[{"at_most": 1, "per": "day"}])
    assert refused(engine, contact(alice, periods=None)) == "capped_by_calendar"


def test_a_cap_of_one_channel_counts_and_holds_back_that_channel_only(engine: Engine) -> None:
    shop, alice = on_its_way(engine, caps=[{"at_most": 1, "per": "7 days", "channel": "line"}])
    shop.contact(alice, "2026-11-20 09:00", "line")
    assert refused(engine, contact(alice)) is None


def test_what_does_not_count_and_what_came_in_closes_no_cap(engine: Engine) -> None:
    shop, alice = on_its_way(engine, caps=[{"at_most": 1, "per": "7 days"}])
    shop.contact(alice, "2026-11-20 09:00", counts=False)
    shop.contact(alice, "2026-11-20 09:00", direction="in")
    assert refused(engine, contact(alice)) is None


def test_a_call_by_a_person_is_always_written_down(engine: Engine) -> None:
    shop, alice = on_its_way(engine, caps=[{"at_most": 1, "per": "day"}])
    for hour in range(9, 12):
        shop.contact(alice, f"2026-11-20 {hour:02}:00")


def test_a_touch_goes_only_the_ways_that_are_drawn(engine: Engine) -> None:
    on_its_way(engine)
    taken: set[tuple[str, str]] = set()
    for old in STATES:
        for new in STATES:
            if old != new and goes(engine, old, new):
                taken.add((old, new))
    assert taken == {(old, new) for old, targets in WAYS.items() for new in targets}


def goes(engine: Engine, old: str, new: str) -> bool:
    with writing(engine) as connection:
        lower_backstop(connection)
        connection.execute(update(TOUCH).values(status=old))
        raise_backstop(connection)
    try:
        with writing(engine) as connection:
            connection.execute(update(TOUCH).values(status=new))
    except IntegrityError as problem:
        return refusal_of(problem) != "transition"
    return True


def test_an_upgrade_puts_back_what_somebody_took_away(engine: Engine, tmp_path: Path) -> None:
    _, alice = on_its_way(engine)
    with writing(engine) as connection:
        lower_backstop(connection)
    upgrade(engine.url.render_as_string(hide_password=False))
    assert refused(engine, contact(alice, touch_id=99)) == "no_fence"
