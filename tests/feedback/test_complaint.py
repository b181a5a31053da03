"""Feedback reports (RFC 5965): alice calls a mail of ours spam, and her provider says so; others only claim it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.channels.outcome import Unknown
from nurture.feedback.complaint import Report, read_report
from nurture.feedback.mailbox import Reading
from nurture.feedback.parts import take_apart
from nurture.feedback.returned import Returned
from nurture.message.link import Subscription, make_token
from nurture.store import reading, resume, writing
from nurture.store.alarming import standing_alarms
from nurture.store.tables import Customer, Suppression, Touch, TouchLog, table
from tests.planning.people import instant

from .box import Box, address

KEY = "<0b6d7b0e-2f6f-5c3a-9d51-0a6a9b7a1c11@minato.example>"
REPORT = """From: <staff@feedback.isp.test>
To: <stop@minato.example>
Subject: FW: thanks
Date: Fri, 20 Nov 2026 12:00:00 +0900
Message-ID: <report.1@feedback.isp.test>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="part1_13d.2e68ed54"

--part1_13d.2e68ed54
Content-Type: text/plain; charset="US-ASCII"
Content-Transfer-Encoding: 7bit

This is an email abuse report for an email message received from IP 192.0.2.1.

--part1_13d.2e68ed54
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: SomeGenerator/1.0
Version: 1
{recipient}Arrival-Date: Fri, 20 Nov 2026 10:05:00 +0900
Source-IP: 192.0.2.1

--part1_13d.2e68ed54
Content-Type: {returned}
Content-Disposition: inline

{header}

{body}
--part1_13d.2e68ed54--
"""
WHOLE = "From: minato@minato.example\nMessage-ID: <0b6d7b0e-2f6f-5c3a-9d51-0a6a9b7a1c11@minato.example>"


def report(
    header: str = WHOLE,
    recipient: str = "alice@shop.example",
    kind: str = "abuse",
    returned: str = "message/rfc822",
    body: str = "x",
) -> bytes:
    to = f"Original-Rcpt-To: <{recipient}>\n" if recipient else ""
    return REPORT.format(header=header, recipient=to, kind=kind, returned=returned, body=body).encode()


SUPPRESSED = ("channel", "value", "scope", "reason", "source")


@pytest.mark.parametrize("without", [(), ("Message-ID",), ("List-Unsubscribe", "List-Unsubscribe-Post")])
@pytest.mark.parametrize("returned", ["message/rfc822", "text/rfc822-headers"])
def test_who_calls_a_mail_spam_gets_no_news_any_more_and_still_what_they_ordered(
    engine: Engine, tmp_path: Path, without: tuple[str, ...], returned: str
) -> None:
    """Its provider takes out the token or the Message-ID; one of them is enough."""
    box = Box(engine, tmp_path, "alice", "bob")
    alice = address(box, "alice")
    assert box.read(report(box.header(alice, *without), alice, returned=returned)) == Reading(0, 0, 0, 1)
    assert box.rows(Suppression, *SUPPRESSED) == [("email", alice, "commercial", "complaint", "mailbox")]
    assert [box.may(who, "commercial") for who in (1, 2)] == [False, True]
    assert box.may(1, "transactional")
    assert box.rows(TouchLog, "touch_id", "verdict")[-1] == (1, "complaint")
    assert [each.name.partition(":2,")[2] for each in (tmp_path / "mail" / "cur").iterdir()] == ["S"]


def test_a_provider_that_does_not_say_who_it_was_is_understood_by_the_link_in_the_mail(
    engine: Engine, tmp_path: Path
) -> None:
    box = Box(engine, tmp_path, "alice")
    (alice,) = box.bodies
    assert box.read(report(box.header(alice, "To"), "")).complaints == 1
    assert not box.may(1, "commercial")


def test_what_waits_for_her_does_not_leave(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice")
    box.post.shop.order(1, "2026-11-20 12:30")
    box.post.shop.tick("2026-11-20 12:31")
    box.read(report(box.header(*box.bodies), ""), when="2026-11-20 12:32")
    box.post.tick("2026-11-20 12:35")
    assert [row[0] for row in box.rows(Touch, "status")] == ["sent", "suppressed"]


def test_a_report_that_comes_twice_is_one_complaint_and_undoes_no_persons_word(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice")
    letter = report(box.header(*box.bodies), "")
    box.read(letter, letter)
    version = box.rows(Customer, "version")
    with writing(engine) as connection:
        lifted = instant("2026-11-20 13:00")
        connection.execute(table(Suppression).update().values(lifted_at=lifted))
    assert box.read(letter).complaints == 1
    assert len(box.rows(Suppression, "id")) == 1
    assert box.rows(Customer, "version") == version
    assert [row[0] for row in box.rows(TouchLog, "verdict")].count("complaint") == 1


def test_who_complains_of_a_mail_in_doubt_has_got_it(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice", outcome=Unknown("connection lost behind the dot"))
    box.read(report(box.header(*box.bodies), ""))
    assert box.rows(Touch, "status", "result") == [("sent", "complaint")]


def test_three_complaints_stop_the_campaign_until_a_person_has_looked(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, *(f"person{number}" for number in range(6)))
    letters = [report(box.header(each), each) for each in sorted(box.bodies)]

    def alarms() -> list[tuple[object, ...]]:
        with reading(engine) as connection:
            return [(each.kind, each.about["fault"], each.about["failed"]) for each in standing_alarms(connection)]

    box.read(*letters[:2])
    assert alarms() == []
    box.read(letters[2])
    assert alarms() == [("breaker", "complaint", 3)]
    with writing(engine) as connection:
        assert resume(connection, "campaign:thanks", instant("2026-11-20 13:00"))
    box.read(letters[3], letters[4], when="2026-11-20 14:00")
    with writing(engine) as connection:
        assert not resume(connection, "campaign:thanks", instant("2026-11-20 14:30"))
    box.read(letters[5], when="2026-11-20 15:00")
    with writing(engine) as connection:
        assert resume(connection, "campaign:thanks", instant("2026-11-20 15:30"))


def test_a_link_of_a_mail_from_before_links_named_their_message_is_understood(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice")
    token = make_token(box.post.shop.settings, Subscription(1, "email", "commercial"))
    old = f"List-Unsubscribe: <https://minato.example/u/{token}>"
    assert box.read(report(old, ""), report(old, "")).complaints == 2
    assert [row[3] for row in box.rows(Suppression, *SUPPRESSED)] == ["complaint"]


def test_what_shows_no_mail_of_ours_is_left_for_a_person_and_stops_nobody(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice", "bob")
    alice, bob = address(box, "alice"), address(box, "bob")
    header = box.header(alice, "List-Unsubscribe", "List-Unsubscribe-Post")
    line = make_token(box.post.shop.settings, Subscription(1, "line", "commercial"))
    forged = make_token(box.post.shop.settings, Subscription(1, "email", "commercial"))
    letters = [
        report(recipient=alice),
        report(header, bob),
        report(header, ""),
        report("", alice),
        report(f"List-Unsubscribe: <https://minato.example/u/{line}>", alice),
        report(f"List-Unsubscribe: <https://minato.example/u/{str(forged)[:-4]}AAAA>", alice),
        report(box.header(alice), alice, kind="virus"),
        report(box.header(alice), alice, kind="abuse\nFeedback-Type: x").replace(b"message/feedback-report", b"x/y"),
    ]
    found = box.read(*letters)
    assert (found.complaints, found.opted_out) == (0, 0)
    assert box.rows(Suppression, "id") == []


def test_a_recipient_that_no_column_takes_keeps_nobodys_letter_from_being_read(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice")
    (alice,) = box.bodies
    bare = box.header(alice, "List-Unsubscribe", "List-Unsubscribe-Post")
    assert box.read(report(bare, "a\0b@c"), report(box.header(alice), alice)) == Reading(0, 0, 1, 1)


def test_a_report_that_takes_a_complaint_back_asks_nothing_of_anybody(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice")
    assert box.read(report(box.header(*box.bodies), "", kind="not-spam")) == Reading(0, 1, 0, 0)
    assert box.rows(Suppression, "id") == []


def test_a_mail_of_megabytes_behind_the_header_is_not_in_the_way(engine: Engine, tmp_path: Path) -> None:
    box = Box(engine, tmp_path, "alice")
    assert box.read(report(box.header(*box.bodies), "", body="x" * 3_000_000)).complaints == 1


def test_no_address_is_written_to_the_log(engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    box = Box(engine, tmp_path, "alice")
    (alice,) = box.bodies
    capsys.readouterr()
    box.read(report(box.header(alice), alice))
    said = "".join(capsys.readouterr())
    assert "complaint.taken" in said
    assert alice not in said


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"Content-Type: multipart/report; report-type=feedback-report\n\n", id="no boundary"),
        pytest.param(b"Content-Type: multipart/report; boundary=B\n\n--B\n--B--", id="empty parts"),
        pytest.param(report().replace(b"Feedback-Type", b"Feedback-Typ"), id="no type"),
        pytest.param(report().replace(b"message/feedback-report", b"text/plain"), id="no report"),
        pytest.param(report().replace(b"message/feedback-report", b"message/delivery-status"), id="another report"),
        pytest.param(report().replace(b"multipart/report", b"multipart/mixed"), id="not called a report"),
        pytest.param(b"\xff\x00" * 1000, id="garbage"),
    ],
)
def test_what_is_no_report(letter: bytes) -> None:
    assert read_report(take_apart(letter)) is None


def test_what_a_report_says_is_read_whatever_else_is_in_it() -> None:
    found = read_report(take_apart(report(recipient="Alice@Shop.Example")))
    assert found == Report("abuse", Returned(("alice@shop.example",), (KEY,)))
    nested = report(header="Content-Type: multipart/mixed; boundary=C\n\n" + "--C\n\nx\n" * 500 + "--C--")
    assert read_report(take_apart(nested)) is not None
    bytes_8_bit = report().replace(b"SomeGenerator", b"\xe3\x81\x82\xff")
    assert read_report(take_apart(bytes_8_bit)) is not None
