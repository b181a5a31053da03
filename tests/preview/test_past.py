"""What `explain` tells of a past moment: what was on record by then, and nothing that came later."""

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from nurture.campaign import Campaign, Campaigns
from nurture.condition import AllOf
from nurture.condition.vocabulary import Bookings, Comparison, Complaint
from nurture.preview import Explanation, explain_customer
from nurture.preview.occasion import Occasion
from nurture.store import writing
from nurture.store.tables import Booking, Enrollment, Hold, Order, Touch, TouchLog
from tests.preview import people
from tests.preview.people import ALICE, IVAN, NOW, japan


def explained(
    engine: Engine, key: str, at: str, after: str = "shipment", today: datetime = NOW, **more: Any
) -> Explanation:
    """What is told of a campaign for everybody after each `after`."""
    given: dict[str, Any] = {"campaign": "asks", "title": "問い", "steps": [{"step": "only", "template": "thanks"}]}
    campaigns = Campaigns(
        campaigns=(Campaign.model_validate({**given, "trigger": {"after": after}, **more}),), segments={}
    )
    found = explain_customer(engine, people.settings(), campaigns, people.templates(), japan(at), key, today)
    assert isinstance(found, Explanation)
    return found


def occasions(engine: Engine, key: str, at: str, after: str) -> list[tuple[str, str, int | None]]:
    found: tuple[Occasion, ...] = tuple(explained(engine, key, at, after).explained[0].occasions)
    return [(each.state, each.label, each.at) for each in found]


def seconds(at: str) -> int:
    return int(japan(at).timestamp())


@pytest.mark.parametrize(("after", "column"), [("shipment", "shipped_at"), ("delivery", "delivered_at")])
def test_an_order_whose_parcel_came_later_was_there_and_not_yet_its_turn(
    engine: Engine, after: str, column: str
) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        values: dict[str, Any] = {
            "id": 3001,
            "key": "N-3001",
            "customer_id": IVAN,
            "ordered_at": japan("2026-11-10 12:00"),
        }
        people.add(connection, Order, **values, status="delivered", **{column: japan("2026-11-21 09:00")})
    assert occasions(engine, "C-009", "2026-11-09 10:00", after) == [("unknown", "", None)]
    assert occasions(engine, "C-009", "2026-11-20 10:00", after) == [("not_yet", "N-3001", None)]
    assert occasions(engine, "C-009", "2026-11-21 10:00", after) == [
        ("possible", "N-3001", seconds("2026-11-21 09:00"))
    ]


def test_parcels_that_came_later_push_no_order_of_then_out_of_sight(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        for day in (2, 3, 4):
            values = {"id": 3000 + day, "key": f"N-300{day}", "customer_id": IVAN, "status": "shipped"}
            ordered, shipped = japan(f"2026-11-0{day} 12:00"), japan("2026-11-21 09:00")
            people.add(connection, Order, **values, ordered_at=ordered, shipped_at=shipped)
        values = {"id": 3009, "key": "N-3009", "customer_id": IVAN, "status": "shipped"}
        ordered, shipped = japan("2026-11-18 12:00"), japan("2026-11-19 12:00")
        people.add(connection, Order, **values, ordered_at=ordered, shipped_at=shipped)
    assert occasions(engine, "C-009", "2026-11-20 10:00", "shipment") == [
        ("possible", "N-3009", seconds("2026-11-19 12:00")),
        ("not_yet", "N-3004", None),
        ("not_yet", "N-3003", None),
    ]


@pytest.mark.parametrize(
    ("after", "status", "happened"),
    [
        ("visit", "visited", "2026-11-21 15:00"),
        ("no_show", "no_show", "2026-11-21 15:00"),
        ("cancellation", "cancelled", "2026-11-21 11:00"),
    ],
)
def test_a_booking_was_there_before_what_became_of_it(engine: Engine, after: str, status: str, happened: str) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        instants = {"booked_at": japan("2026-11-10 12:00"), "starts_at": japan("2026-11-21 15:00")}
        received = japan("2026-11-21 11:00") if status == "cancelled" else japan("2026-11-21 19:00")
        values = {"key": "B-1", "customer_id": IVAN, "status": status, "received_at": received}
        people.add(connection, Booking, **values, **instants)
    assert occasions(engine, "C-009", "2026-11-09 10:00", after) == [("unknown", "", None)]
    assert occasions(engine, "C-009", "2026-11-20 10:00", after) == [("not_yet", "B-1", None)]
    assert occasions(engine, "C-009", "2026-11-22 09:00", after) == [("possible", "B-1", seconds(happened))]


def test_a_visit_of_a_history_that_was_imported_today_is_no_less_of_the_past(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        values = {"key": "B-1", "customer_id": IVAN, "status": "visited", "received_at": NOW}
        people.add(connection, Booking, **values, starts_at=japan("2026-11-17 15:00"))
    assert occasions(engine, "C-009", "2026-11-18 10:00", "visit") == [("possible", "B-1", seconds("2026-11-17 15:00"))]
    assert occasions(engine, "C-009", "2026-11-16 10:00", "visit") == [("unknown", "", None)]


def _touch(number: int, status: str, due: datetime, decided: datetime) -> dict[str, Any]:
    """Alice's message of the order `number`, as the ledger has it today."""
    values = {"id": number, "customer_id": ALICE, "owner_id": ALICE, "campaign": "asks", "step": "only", "priority": 50}
    instants = {"due_at": due, "at": due, "expires_at": japan("2026-12-31 10:00"), "decided_at": decided}
    return {**values, **instants, "occurrence": f"order:{number}", "channel": "email", "status": status}


def test_a_hundred_messages_of_later_hide_none_of_then(engine: Engine) -> None:
    people.populate(engine)
    march, may = japan("2026-03-01 10:00"), japan("2026-05-01 10:00")
    with writing(engine) as connection:
        people.add(connection, Touch, **_touch(1, "sent", march, march))
        # Decided anew in May, but logged in March; and one whose enrollment had begun, of which only May is left.
        people.add(connection, Touch, **_touch(2, "cancelled", march, may))
        people.add(connection, Touch, **_touch(3, "cancelled", march, may))
        for number, logged in ((2, march), (2, may), (3, may)):
            log = {"touch_id": number, "logged_at": logged, "status": "planned" if logged == march else "cancelled"}
            people.add(connection, TouchLog, **log, verdict="ok", at=march, channel="email")
        instants = {"occurred_at": march, "opened_at": march}
        mine = {"campaign": "asks", "customer_id": ALICE, "occurrence": "order:3"}
        people.add(connection, Enrollment, **mine, **instants)
        for number in range(10, 110):
            people.add(connection, Touch, **_touch(number, "sent", may, may))
    told = explained(engine, "C-001", "2026-03-05 10:00").touches
    assert [(each.occurrence, each.now.status, each.now.lost) for each in told] == [
        ("order:3", "planned", True),
        ("order:2", "planned", False),
        ("order:1", "sent", False),
    ]
    assert explained(engine, "C-001", "2026-02-05 10:00").touches == ()
    assert len(explained(engine, "C-001", "2026-06-05 10:00").touches) == 100


@pytest.mark.parametrize("at", ["2026-11-09 10:00", "2026-11-11 10:00", "2026-11-16 10:00"])
def test_complaints_and_bookings_of_later_are_not_asked_about(engine: Engine, at: str) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        mine = {"customer_id": IVAN}
        people.add(connection, Hold, **mine, kind="complaint", opened_at=japan("2026-11-15 12:00"))
        instants = {"booked_at": japan("2026-11-10 12:00"), "starts_at": japan("2026-11-21 15:00")}
        people.add(connection, Booking, **mine, status="booked", **instants)
        # Of a history that was imported only now.
        people.add(connection, Booking, **mine, status="visited", starts_at=japan("2026-11-11 09:00"), received_at=NOW)
    asks = Complaint(state="open"), Bookings(count=Comparison(at_least=2))
    asked = explained(engine, "C-009", at, after="order", audience=AllOf(asks)).explained[0].answers.audience
    assert [(each.holds, each.observed) for each in asked] == [
        (at > "2026-11-15", seconds("2026-11-15 12:00") if at > "2026-11-15" else None),
        (at > "2026-11-11", (at > "2026-11-10") + (at > "2026-11-11")),
    ]


MOVED, SENT, BOUNCED = ("09:30", "planned", "ok"), ("10:00", "sent", "250"), ("11:00", "sent", "bounced 5.2.2")
DELAYED = ("10:20", "sent", "delayed 4.4.7")


@pytest.mark.parametrize("lines", [[BOUNCED], [MOVED, BOUNCED], [MOVED, SENT, DELAYED, BOUNCED], [SENT], []])
def test_a_mail_that_had_left_by_then_is_told_as_sent_whatever_came_back_later(
    engine: Engine, lines: list[tuple[str, str, str]]
) -> None:
    people.populate(engine)
    day = "2026-11-10"
    with writing(engine) as connection:
        values = _touch(1, "sent", japan(f"{day} 10:00"), japan(f"{day} 09:00"))
        people.add(connection, Touch, **values, result="250 accepted")
        for clock, status, verdict in lines:
            values = {"touch_id": 1, "logged_at": japan(f"{day} {clock}"), "status": status, "channel": "email"}
            people.add(connection, TouchLog, **values, verdict=verdict)
    (touch,) = explained(engine, "C-001", f"{day} 10:30").touches
    assert (touch.now.status, touch.now.at, touch.now.lost) == ("sent", seconds(f"{day} 10:00"), False)
    assert (touch.at, touch.channel, touch.result) == (seconds(f"{day} 10:00"), "email", "250 accepted")
    assert [each.verdict for each in touch.log] == [verdict for clock, _, verdict in lines if clock < "10:30"]
    (before,) = explained(engine, "C-001", f"{day} 09:45").touches
    assert (before.now.status, before.at, before.result) == ("planned", None, None)


def test_what_was_in_doubt_by_then_is_not_yet_proved(engine: Engine) -> None:
    people.populate(engine)
    day = "2026-11-10"
    with writing(engine) as connection:
        values = _touch(1, "sent", japan(f"{day} 10:00"), japan(f"{day} 09:00"))
        people.add(connection, Touch, **values, result="opened")
        for clock, status, verdict in (("10:05", "unknown", "lease_over"), ("12:00", "sent", "opened")):
            values = {"touch_id": 1, "logged_at": japan(f"{day} {clock}"), "status": status, "channel": "email"}
            people.add(connection, TouchLog, **values, verdict=verdict)
    (touch,) = explained(engine, "C-001", f"{day} 10:30").touches
    assert (touch.now.status, touch.at, touch.result) == ("unknown", seconds(f"{day} 10:00"), None)
    (touch,) = explained(engine, "C-001", f"{day} 12:30").touches
    assert (touch.now.status, touch.at, touch.result) == ("sent", seconds(f"{day} 10:00"), "opened")
