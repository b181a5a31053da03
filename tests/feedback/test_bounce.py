"""Mails that were taken and come back (RFC 3464): bob's mailbox is gone, which only his provider's relay could tell."""

from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from nurture.channels.outcome import Accepted, Deferred, Outcome, Unknown
from nurture.delivery.values import Ready
from nurture.feedback.bounce import read_bounce
from nurture.feedback.mailbox import Reading
from nurture.feedback.parts import take_apart
from nurture.store import open_engine, reading, writing
from nurture.store.alarming import standing_alarms
from nurture.store.tables import Address, Contact, Suppression, Touch, TouchLog, table

from .box import Box, address

REPORT = """From: MAILER-DAEMON@relay.test
To: minato@minato.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; relay.test

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {words}
{more}
--B
Content-Type: text/rfc822-headers

{header}

--B--
"""
NOBODY = "550 5.1.1 <bob@shop.example>: user unknown"


def bounce(
    header: str,
    recipient: str = "bob@shop.example",
    status: str = "5.1.1",
    action: str = "failed",
    words: str = NOBODY,
    more: str = "",
) -> bytes:
    about = {"status": status, "action": action, "words": words, "more": more}
    return REPORT.format(header=header, recipient=recipient, **about).encode()


@pytest.mark.parametrize("without", [(), ("Message-ID",), ("List-Unsubscribe", "List-Unsubscribe-Post")])
def test_a_mailbox_that_is_gone_is_given_up(engine: Engine, tmp_path: Path, without: tuple[str, ...]) -> None:
    box = Box(engine, tmp_path, "alice", "bob")
    assert box.read(bounce(box.header(address(box, "bob"), *without), address(box, "bob"))) == Reading(0, 0, 0, 0, 1)
    found = box.rows(Suppression, "channel", "value", "scope", "reason", "source")
    assert found == [("email", address(box, "bob"), "all", "hard_bounce", "mailbox")]
    assert [box.may(who, "transactional") for who in (1, 2)] == [True, False]
    assert [row[0] for row in box.rows(Touch, "status")] == ["sent", "sent"]
    assert len(box.rows(Contact, "id")) == 2
    assert box.rows(TouchLog, "touch_id", "verdict")[-1] == (2, "bounced 5.1.1")


@pytest.mark.parametrize(
    "more",
    [
        {"status": "4.4.7", "words": "451 4.4.7 expired in the queue"},
        {"status": "5.2.2", "words": "552 5.2.2 mailbox full"},
        {"status": "5.7.1", "words": "550 5.7.1 we don't like you"},
        {"action": "delayed"},
        {"action": "delivered", "status": "2.0.0"},
        {"more": "\nFinal-Recipient: rfc822; eve@shop.example\nAction: failed\nStatus: 5.1.1\n"},
    ],
)
def test_what_says_nothing_of_the_address_for_good_gives_nobody_up(
    engine: Engine, tmp_path: Path, more: dict[str, str]
) -> None:
    box = Box(engine, tmp_path, "bob")
    assert box.read(bounce(box.header(address(box, "bob")), address(box, "bob"), **more)) == Reading(0, 1, 0, 0, 0)
    assert box.rows(Suppression, "id") == []


def test_who_only_claims_that_a_mail_came_back_is_not_believed(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice", "bob")
    bare = box.header(address(box, "bob"), "List-Unsubscribe", "List-Unsubscribe-Post")
    alice = address(box, "alice")
    box.read(bounce("Subject: thanks", address(box, "bob")), bounce(bare, alice), bounce(bare, "eve@shop.example"))
    assert box.rows(Suppression, "id") == []


def test_a_report_that_comes_twice_is_one_bounce_and_undoes_no_persons_word(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "bob")
    letter = bounce(box.header(address(box, "bob")), address(box, "bob"))
    assert box.read(letter, letter).bounces == 1
    with writing(engine) as connection:
        connection.execute(table(Suppression).delete())
    assert box.read(letter).bounces == 0
    assert box.rows(Suppression, "id") == []


@pytest.mark.parametrize("without", [(), ("Message-ID",), ("List-Unsubscribe", "List-Unsubscribe-Post")])
def test_a_mail_in_doubt_that_comes_back_has_failed_and_its_address_is_given_up(
    engine: Engine, tmp_path: Path, without: tuple[str, ...]
) -> None:
    box = Box(engine, tmp_path, "bob", outcome=Unknown("connection lost behind the dot"))
    box.read(bounce(box.header(address(box, "bob"), *without), address(box, "bob")))
    assert box.rows(Touch, "status", "result") == [("failed", "failed 5.1.1")]
    assert box.rows(Contact, "id") == []
    assert not box.may(1, "transactional")


def test_ten_that_come_back_stop_their_campaign(engine: Engine, tmp_path: Path) -> None:
    people = [f"bob{number}" for number in range(10)]
    box = Box(engine, tmp_path, *people)
    letters = [bounce(box.header(each), each) for each in sorted(box.bodies)]

    def stopped() -> list[tuple[str, int]]:
        with reading(engine) as connection:
            return [(each.about["fault"], each.about["failed"]) for each in standing_alarms(connection)]

    box.read(*letters[:9])
    assert stopped() == []
    box.read(letters[9])
    assert stopped() == [("refused", 10)]


@pytest.mark.parametrize("recipient", ["a\0b@shop.example", "b\u00f6b@shop.example", "\u718a", "\x1b[2J@shop.example"])
def test_a_recipient_that_no_column_takes_keeps_nobodys_letter_from_being_read(
    engine: Engine, tmp_path: Path, recipient: str
) -> None:
    """PostgreSQL refuses a NUL, and every letter behind the report stayed unread for ever."""
    box = Box(engine, tmp_path, "alice", "bob")
    alice, bob = address(box, "alice"), address(box, "bob")
    bare = box.header(alice, "List-Unsubscribe", "List-Unsubscribe-Post")
    letters = [bounce(each, recipient) for each in ("Subject: thanks", bare)]
    assert box.read(*letters, bounce(box.header(bob), bob)) == Reading(0, 2, 0, 0, 1)
    assert [row[0] for row in box.rows(Suppression, "value")] == [bob]


def test_a_letter_that_the_database_refuses_is_left_for_a_person_and_those_behind_it_are_read(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    box = Box(engine, tmp_path, "alice", "bob")
    alice, bob = address(box, "alice"), address(box, "bob")
    refuse(engine, alice)
    capsys.readouterr()
    assert box.read(*(bounce(box.header(each), each) for each in (alice, bob))) == Reading(0, 0, 1, 0, 1)
    assert sorted(each.name.partition(":2,")[2] for each in (tmp_path / "mail" / "cur").iterdir()) == ["FS", "S"]
    said = "".join(capsys.readouterr())
    assert "mailbox.passed_over" in said
    assert alice not in said


def refuse(engine: Engine, value: str) -> None:
    """A rule of the database's own, which nothing in front of it knows."""
    with writing(engine) as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(f"ALTER TABLE suppression ADD CHECK (value <> '{value}')")
            return
        raising = "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        when = f"BEFORE INSERT ON suppression WHEN NEW.value = '{value}'"
        connection.exec_driver_sql(f"CREATE TRIGGER refusing {when} {raising}")


def test_while_the_database_can_not_be_reached_every_letter_stays_new(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "bob")
    nowhere = "postgresql://127.0.0.1:1/nurture" if engine.dialect.name == "postgresql" else "sqlite:////nowhere/n.db"
    box.engine = open_engine(nowhere)
    with pytest.raises(OperationalError):
        box.read(bounce(box.header(address(box, "bob")), address(box, "bob")))
    box.engine = engine
    assert box.read().bounces == 1


@pytest.mark.parametrize(
    ("named", "without", "recipient", "gone"),
    [
        ("former", (), "bob@shop.example", "former"),
        ("former", ("Message-ID",), "former", "former"),
        ("former", (), "forwarded@elsewhere.example", "former"),
        ("later", (), "later", "later"),
        ("later", ("Message-ID",), "later", "later"),
        ("former", ("Message-ID",), "forwarded@elsewhere.example", "later"),
    ],
)
def test_of_two_addresses_a_message_went_to_the_one_that_came_back_is_given_up(
    engine: Engine, tmp_path: Path, named: str, without: tuple[str, ...], recipient: str, gone: str
) -> None:
    """His first server put the mail off; by the second try he had another address."""
    box = Box(engine, tmp_path, "bob", outcome=Deferred("channel", "451", ""))
    addresses = {"former": address(box, "bob"), "later": "bob@later.example"}
    with box.post.shop.changing(1) as connection:
        connection.execute(table(Address).update().values(value=addresses["later"]))
    assert box.post.tick("2026-11-20 11:00")["deferred"] == 1
    header = box.header(addresses[named], *without)
    assert box.read(bounce(header, addresses.get(recipient, recipient))).bounces == 1
    assert [row[0] for row in box.rows(Suppression, "value")] == [addresses[gone]]


@pytest.mark.parametrize("without", [(), ("Message-ID",), ("List-Unsubscribe", "List-Unsubscribe-Post")])
@pytest.mark.parametrize(
    ("outcome", "ended"), [(Unknown("connection lost behind the dot"), "failed"), (Accepted("250"), "sent")]
)
def test_a_mail_that_comes_back_before_its_own_worker_has_told_of_it_is_read_with_the_next_look(
    engine: Engine, tmp_path: Path, outcome: Outcome, ended: str, without: tuple[str, ...]
) -> None:
    box = Box(engine, tmp_path)
    box.post.shop.order(box.post.shop.customer("bob"), "2026-11-20 10:10")
    early: list[Reading] = []

    def comes_back(ready: Ready) -> Outcome:
        bob = ready.claimed.address
        box.bodies[bob] = ready.body
        early.append(box.read(bounce(box.header(bob, *without), bob), when="2026-11-20 10:15"))
        return outcome

    box.post.answer = comes_back
    box.post.tick("2026-11-20 10:15")
    assert early == [Reading(0, 0, 0)]
    assert box.read().bounces == 1
    assert box.rows(Touch, "status") == [(ended,)]
    assert not box.may(1, "transactional")


@pytest.mark.parametrize("letter", [b"", b"\xff\x00" * 99, b"Content-Type: multipart/report; boundary=B\n\n--B\n--B--"])
def test_what_is_no_bounce(letter: bytes) -> None:
    assert read_bounce(take_apart(letter)) is None
