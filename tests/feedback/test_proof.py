"""Letters that prove what became of a mail in doubt: alice answers it, bob's server returns it, charlie's took it."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.channels.outcome import Unknown
from nurture.feedback.mailbox import Maildir, read_optouts
from nurture.feedback.proof import Proof, proofs_in
from nurture.store import reading
from nurture.store.doubt import doubtful
from tests.delivery.post import Post
from tests.delivery.test_worker import MEETING, THANKS
from tests.planning.people import instant

KEY = "<0b6d7b0e-2f6f-5c3a-9d51-0a6a9b7a1c11@minato.example>"
OTHER = "<1b6d7b0e-2f6f-5c3a-9d51-0a6a9b7a1c22@minato.example>"

REPORT = """From: MAILER-DAEMON@mx.example
To: minato@minato.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

I'm sorry to have to inform you.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; bob@shop.example
Action: {action}
Status: {status}
{more}
--B
Content-Type: {kind}

{before}Message-ID: {key}
Subject: thanks

--B--
"""


def report(
    action: str = "failed", status: str = "5.1.1", key: str = KEY, kind: str = "text/rfc822-headers", more: str = ""
) -> bytes:
    before = "From: minato@minato.example\n"
    return REPORT.format(action=action, status=status, key=key, kind=kind, more=more, before=before).encode()


def answer(headers: str) -> bytes:
    return f"From: alice@shop.example\nSubject: Re: thanks\n{headers}\n\nありがとう\n".encode()


@pytest.mark.parametrize(
    "headers", [f"In-Reply-To: {KEY}", f"References: <x@y.example>\n {KEY}", f"In-Reply-To: {KEY}\nReferences: {KEY}"]
)
def test_alices_answer_proves_that_the_mail_arrived(headers: str) -> None:
    assert proofs_in(answer(headers)) == [Proof(KEY, True, "answer")]


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_bobs_server_returns_what_it_could_not_deliver(kind: str) -> None:
    assert proofs_in(report(kind=kind)) == [Proof(KEY, False, "failed 5.1.1")]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_charlies_server_says_that_it_took_it(action: str) -> None:
    assert proofs_in(report(action, "2.0.0")) == [Proof(KEY, True, f"{action} 2.0.0")]


@pytest.mark.parametrize(
    "letter",
    [
        pytest.param(report("delayed", "4.2.2"), id="a delay proves nothing"),
        pytest.param(report(key="<20261122.1@other.example>"), id="not a key of ours"),
        pytest.param(report(more="\nFinal-Recipient: rfc822; x@y.example\nAction: delivered\n"), id="two recipients"),
        pytest.param(answer("In-Reply-To: <20261122.1@other.example>"), id="an answer to somebody else"),
        pytest.param(answer(""), id="an answer to nothing"),
        pytest.param(b"", id="empty"),
        pytest.param(b"Content-Type: multipart/report; boundary=B\n\n--B\n--B--", id="an empty report"),
        pytest.param(b"Content-Type: message/delivery-status\n\n\xff\x00", id="garbage"),
    ],
)
def test_what_proves_nothing(letter: bytes) -> None:
    assert proofs_in(letter) == []


def test_an_answer_may_name_several() -> None:
    found = proofs_in(answer(f"In-Reply-To: {KEY}\nReferences: {OTHER} {KEY}"))
    assert [each.key for each in found] == [KEY, OTHER]


@pytest.mark.parametrize("who", ["alice", "bob"])
def test_a_letter_in_the_mailbox_ends_the_doubt(engine: Engine, tmp_path: Path, who: str) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.order(post.shop.customer(who), "2026-11-20 10:00")
    post.answer = lambda _: Unknown("connection lost behind the dot")
    post.tick("2026-11-20 10:05")
    with reading(engine) as connection:
        (doubt,) = doubtful(connection)
    for name in ("new", "cur", "tmp"):
        (tmp_path / "mail" / name).mkdir(parents=True)
    letter = answer(f"In-Reply-To: {doubt.key}") if who == "alice" else report(key=doubt.key)
    (tmp_path / "mail" / "new" / "1").write_bytes(letter)
    read_optouts(engine, post.shop.settings, Maildir(tmp_path / "mail"), instant("2026-11-20 11:00"))
    assert post.shop.the(1).status == ("sent" if who == "alice" else "failed")
