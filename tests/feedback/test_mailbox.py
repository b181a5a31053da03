"""A shop without a public address: people write to its opt-out mailbox instead."""

from email.message import EmailMessage
from imaplib import IMAP4
from pathlib import Path
from time import process_time
from urllib.parse import unquote

import pytest
from sqlalchemy import Engine

from nurture.feedback.letter import read_letter
from nurture.feedback.mailbox import Imap, Maildir, Reading, open_imap, read_optouts
from nurture.feedback.parts import take_apart
from nurture.message.link import Subscription, make_token, unsubscribe_mailto
from nurture.store import writing
from nurture.store.tables import Address, Consent
from tests.feedback.imap import imap_server
from tests.feedback.people import ALICE, BOB, CHARLIE, LONG_AGO, NOON, add, populate, rows, settings, standing

SETTINGS = settings()
BOBS_TOKEN = str(make_token(SETTINGS, Subscription(BOB, "email", "commercial")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for each in ("new", "cur", "tmp"):
        (tmp_path / "Maildir" / each).mkdir(parents=True)
    return tmp_path / "Maildir"


@pytest.fixture(autouse=True)
def everybody(engine: Engine) -> None:
    populate(engine)


def letter(sender: str = "person2@home.example", subject: str = "", text: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "stop@minato.example", subject
    message["Message-ID"], message["Date"] = "<1@home.example>", "Sun, 22 Nov 2026 11:59:00 +0900"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def post(folder: Path, *letters: bytes) -> None:
    for number, each in enumerate(letters):
        (folder / "new" / f"17950000{number:02}.M1P1.host").write_bytes(each)


def read(engine: Engine, folder: Path) -> Reading:
    return read_optouts(engine, SETTINGS, Maildir(folder), NOON)


def marks(folder: Path) -> list[str]:
    assert list((folder / "new").iterdir()) == []
    return sorted(each.name.partition(":2,")[2] for each in (folder / "cur").iterdir())


def test_the_subject_of_our_own_mailto_opts_out_whoever_sends_it(engine: Engine, folder: Path) -> None:
    subject = unquote(unsubscribe_mailto(SETTINGS, BOBS_TOKEN).partition("?subject=")[2])
    post(folder, letter("somebody@elsewhere.example", subject))
    assert read(engine, folder) == Reading(1, 0, 0)
    assert standing(engine, BOB) == {"email": "withdrawn"}
    assert standing(engine, ALICE)["email"] == "granted"
    proof = rows(engine, Consent, customer_id=BOB)[-1]
    assert (proof.source, proof.evidence) == ("mailbox", "mail <1@home.example> of 2026-11-22T11:59:00+09:00")
    assert marks(folder) == ["S"]


def test_a_folded_subject_and_an_answer_to_it_are_read_too(engine: Engine, folder: Path) -> None:
    folded = letter(subject="x").replace(b"Subject: x", b"Subject: Re:\r\n unsubscribe\r\n " + BOBS_TOKEN.encode())
    post(folder, folded)
    assert read(engine, folder).opted_out == 1
    assert standing(engine, BOB) == {"email": "withdrawn"}


def test_a_mail_program_that_unsubscribes_by_itself_is_heard(engine: Engine, folder: Path) -> None:
    post(folder, letter(subject=f"unsubscribe {BOBS_TOKEN}", Auto_Submitted="auto-generated"))
    assert read(engine, folder).opted_out == 1


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("配信停止", ""),
        ("", "メールの停止をお願いします。"),
        ("お願い", "ﾒｰﾙの配信停止希望です"),
        ("Please unsubscribe me", ""),
        ("unsubscribe EXAMPLE-this-link-does-nothing", ""),
    ],
)
def test_who_asks_from_an_address_we_know_is_heard_without_a_token(
    engine: Engine, folder: Path, subject: str, text: str
) -> None:
    post(folder, letter("鈴木 <Person2@Home.example>", subject, text))
    assert read(engine, folder) == Reading(1, 0, 0)
    assert standing(engine, BOB) == {"email": "withdrawn"}


def test_what_asks_for_nothing_or_comes_from_nobody_we_know_is_left_for_a_person(engine: Engine, folder: Path) -> None:
    with writing(engine) as connection:
        shared = {"channel": "email", "value": "person3@home.example", "shared_with": CHARLIE, "created_at": LONG_AGO}
        add(connection, Address(customer_id=BOB, **shared))
    post(
        folder,
        letter(text="先日の豆がおいしかったです。"),
        letter("stranger@elsewhere.example", "配信停止"),
        letter("person3@home.example", "配信停止"),
        letter("person2@home.example, person3@home.example", "配信停止"),
        letter("stranger@elsewhere.example", f"unsubscribe {BOBS_TOKEN[:-3]}xyz"),
    )
    assert read(engine, folder) == Reading(0, 0, 5)
    assert standing(engine, BOB) == standing(engine, CHARLIE) == {"email": "granted"}
    assert marks(folder) == ["FS"] * 5


def test_what_we_said_ourselves_below_an_answer_is_not_taken_for_the_customers_words(
    engine: Engine, folder: Path
) -> None:
    quoted = "ありがとうございました。\n> 配信停止はこちら\n"
    outlook = "ありがとう。\n\n-----Original Message-----\n配信停止はこちら\n"
    post(folder, letter(text=quoted), letter(text=outlook))
    assert read(engine, folder) == Reading(0, 0, 2)


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "auto-generated (vacation)"},
        {"Precedence": "bulk"},
        {"Return_Path": "<>"},
    ],
)
def test_auto_replies_and_bounces_opt_nobody_out(engine: Engine, folder: Path, headers: dict[str, str]) -> None:
    post(folder, letter(subject="不在です", text="配信停止", **headers))
    assert read(engine, folder) == Reading(0, 1, 0)
    assert standing(engine, BOB) == {"email": "granted"}


def test_a_letter_is_read_once(engine: Engine, folder: Path) -> None:
    post(folder, letter(subject="配信停止"))
    read(engine, folder)
    assert read(engine, folder) == Reading(0, 0, 0)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\x00\xff\xfe",
        b"From: \xff\xfe@\x00\nSubject: =?utf-8?B?////?=\nMessage-ID: <\x00>\n\nunsubscribe",
        b"From: a@b.example\nDate: Mon, 99 Foo 20266\nContent-Type: text/plain; charset=nonsense\n\n\xff",
        b"From: =?x?q?=\nMessage-ID: <[\nSubject: " + b"a" * 100_000 + b"\n\n",
        b"Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Transfer-Encoding: base64\n\n%%",
    ],
)
def test_whatever_is_sent_to_it_the_mailbox_is_read_to_its_end(engine: Engine, folder: Path, raw: bytes) -> None:
    read_letter(take_apart(raw))
    post(folder, raw, letter(subject="配信停止"))
    assert read(engine, folder).opted_out == 1


WORDS = b"=?a?q?x" * 8_000
"""Half a word, encoded, again and again: its decoder looks at the rest of it each time."""


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"Subject: " + WORDS + b"\n\n", id="subject"),
        pytest.param(b"From: " + WORDS + b"\n\n", id="sender"),
        pytest.param(b'Content-Type: multipart/report; a="' + b";" * 300_000 + b"\n\n", id="parameters"),
        pytest.param(b"Content-Type: text/plain\n\n" + b"\n" * 300_000, id="blank lines"),
        pytest.param(b"Content-Type: message/rfc822\n\n" * 10_000, id="a letter in a letter in a letter"),
        pytest.param(
            b"".join(b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (each, each) for each in range(900))
            + b"\n" * 300_000,
            id="parts in parts",
        ),
        pytest.param(
            b"Content-Type: multipart/report; boundary=B\n\n--B\nContent-Type: message/feedback-report\n\n"
            b"Feedback-Type: abuse\n\n--B\nContent-Type: text/rfc822-headers\n\nList-Unsubscribe: " + WORDS,
            id="link",
        ),
    ],
)
def test_a_letter_made_to_take_long_takes_no_seconds(engine: Engine, folder: Path, raw: bytes) -> None:
    """Such letters took half a minute and more, some of them while nobody else could write."""
    post(folder, raw, letter(subject="配信停止"))
    begun = process_time()
    assert read(engine, folder).opted_out == 1
    assert process_time() - begun < 5


def test_a_folder_that_is_no_maildir_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no Maildir"):
        Maildir(tmp_path)


def test_letters_on_an_imap_server_are_read_and_marked(engine: Engine) -> None:
    letters = [letter(subject=f"unsubscribe {BOBS_TOKEN}"), letter(text="おいしかったです")]
    with imap_server(letters) as server:
        client = IMAP4("127.0.0.1", server.port, timeout=10)
        client.login("stop", "secret word")
        client.select("INBOX")
        assert read_optouts(engine, SETTINGS, Imap(client), NOON) == Reading(1, 0, 1)
        assert read_optouts(engine, SETTINGS, Imap(client), NOON) == Reading(0, 0, 0)
        client.logout()
    assert server.flags == {1: "\\Seen", 2: "\\Seen \\Flagged"}
    assert standing(engine, BOB) == {"email": "withdrawn"}


def test_without_a_host_there_is_no_imap_mailbox() -> None:
    with open_imap({}) as box:
        assert box is None


def test_an_imap_server_that_is_not_there_is_an_error_of_the_network() -> None:
    with pytest.raises(OSError), open_imap({"NURTURE_IMAP_HOST": "127.0.0.1", "NURTURE_IMAP_PORT": "1"}):
        pass
