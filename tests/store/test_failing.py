"""How many faults of a campaign are too many: counted in the ledger, over the last messages of that campaign."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, insert

from nurture.store import resume, writing
from nurture.store.failing import COMPLAINT, LINES, RECENT, note_fault
from nurture.store.tables import Touch, TouchLog, table
from tests.store.people import NOON, admit, person

SENT, GONE = ("sent", "250"), ("failed", "550 5.1.1 address")


class Ledger:
    """A touch of each campaign, and what its log says of it; a line stands for a message."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        admit(engine, [person(1)])
        about = {"customer_id": 1, "owner_id": 1, "occurrence": "order:1", "step": "letter", "channel": "email"}
        times = {"due_at": NOON, "expires_at": NOON, "decided_at": NOON, "priority": 50, "status": "planned"}
        with writing(engine) as connection:
            for number, campaign in enumerate(("thanks", "news"), 1):
                connection.execute(insert(table(Touch)).values(id=number, campaign=campaign, **about, **times))

    def mailed(self, ids: range, campaign: str = "thanks") -> None:
        """Mails of the campaign, one a second from noon on."""
        about = {"customer_id": 1, "owner_id": 1, "step": "letter", "channel": "email", "status": "sent"}
        times = {"due_at": NOON, "expires_at": NOON, "decided_at": NOON, "priority": 50}
        at = [{"id": each, "occurrence": f"mail:{each}", "at": NOON + timedelta(seconds=each)} for each in ids]
        with writing(self.engine) as connection:
            connection.execute(insert(table(Touch)), [{"campaign": campaign, **each, **about, **times} for each in at])

    def complained(self, touch_ids: list[int], at: datetime) -> None:
        about = {"logged_at": at, "status": "sent", "verdict": COMPLAINT, "channel": "email"}
        with writing(self.engine) as connection:
            connection.execute(insert(table(TouchLog)), [{"touch_id": each, **about} for each in touch_ids])

    def happened(self, *lines: tuple[str, str], campaign: int = 1, at: datetime = NOON) -> None:
        rows = [
            {"touch_id": campaign, "logged_at": at, "status": status, "verdict": verdict, "channel": "email"}
            for status, verdict in lines
        ]
        with writing(self.engine) as connection:
            connection.execute(insert(table(TouchLog)), rows)

    def stops(self, at: datetime = NOON, fault: str = "refused") -> bool:
        with writing(self.engine) as connection:
            return note_fault(connection, "thanks", fault, "550 5.1.1", at)  # type: ignore[arg-type]


@pytest.fixture
def ledger(engine: Engine) -> Ledger:
    return Ledger(engine)


def test_nine_of_a_hundred_may_come_back_and_ten_may_not(ledger: Ledger) -> None:
    ledger.happened(*[SENT] * 91, *[GONE] * 9)
    assert not ledger.stops()
    ledger.happened(GONE)
    assert ledger.stops()


def test_what_was_before_the_last_hundred_is_forgotten(ledger: Ledger) -> None:
    for _ in range(5):
        ledger.happened(*[GONE] * 9)
        assert not ledger.stops()
        ledger.happened(*[SENT] * RECENT["refused"])


def test_another_campaigns_faults_are_its_own(ledger: Ledger) -> None:
    ledger.happened(*[GONE] * 50, campaign=2)
    assert not ledger.stops()


def test_it_begins_anew_when_a_person_has_resumed_it(ledger: Ledger) -> None:
    ledger.happened(*[GONE] * 10)
    assert ledger.stops()
    with writing(ledger.engine) as connection:
        resume(connection, "campaign:thanks", NOON + timedelta(minutes=1))
    later = NOON + timedelta(minutes=2)
    ledger.happened(*[GONE] * 9, at=later)
    assert not ledger.stops(later)
    ledger.happened(GONE, at=later)
    assert ledger.stops(later)


@pytest.mark.parametrize(
    "line",
    [
        ("unknown", "lease_over"),
        ("failed", "person"),
        ("sent", "answer"),
        ("sent", "complaint"),
        ("planned", "deferred"),
        ("planned", "strike"),
    ],
)
def test_what_a_killed_process_or_a_person_left_says_nothing_of_the_campaign(
    ledger: Ledger, line: tuple[str, str]
) -> None:
    ledger.happened(*[line] * 50, *[GONE] * 9)
    assert not ledger.stops()


@pytest.mark.parametrize(
    ("line", "fault", "allowed"),
    [
        (("failed", "554 5.6.0 message"), "refused", 9),
        (("planned", "next_channel"), "refused", 9),
        (("failed", "failed 5.1.1"), "refused", 9),
        (("unknown", "unknown"), "unknown", 9),
        (("failed", "template thanks.txt.j2:3 message.missing_value"), "template", 4),
    ],
)
def test_each_kind_of_fault_is_counted_by_itself(
    ledger: Ledger, line: tuple[str, str], fault: str, allowed: int
) -> None:
    ledger.happened(*[line] * allowed, *[SENT] * 5)
    assert not ledger.stops(fault=fault)
    ledger.happened(line)
    assert ledger.stops(fault=fault)


def test_no_more_of_the_log_is_read_than_it_is_worth(ledger: Ledger) -> None:
    ledger.happened(*[GONE] * 10)
    ledger.happened(*[SENT] * LINES, campaign=2)
    assert not ledger.stops()


def test_complaints_about_a_newsletter_count_a_day_later_though_its_newest_mails_are_others(ledger: Ledger) -> None:
    tomorrow = NOON + timedelta(days=1)
    ledger.mailed(range(10, 1_510))
    ledger.mailed(range(2_000, 2_003), "news")
    ledger.complained([10, 11, 2_000, 2_001, 2_002], tomorrow)
    ledger.complained([10], tomorrow)
    assert not ledger.stops(tomorrow, "complaint")
    ledger.complained([12], tomorrow)
    assert ledger.stops(tomorrow, "complaint")


def test_complaints_from_before_the_last_thousand_mails_are_forgotten(ledger: Ledger) -> None:
    ledger.mailed(range(10, 1_510))
    ledger.complained([10, 11, 12], NOON + timedelta(seconds=509))
    ledger.complained([13, 14], NOON + timedelta(seconds=510))
    assert not ledger.stops(NOON + timedelta(days=1), "complaint")
    ledger.complained([15], NOON + timedelta(seconds=511))
    assert ledger.stops(NOON + timedelta(days=1), "complaint")
