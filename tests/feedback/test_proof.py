"""Letters that prove what became of a mail in doubt: alice answers it, bob's server returns it, charlie's took it."""

from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, select

from nurture.channels.outcome import Accepted, Outcome, Unknown
from nurture.config import Secrets
from nurture.delivery.values import Ready
from nurture.feedback.mailbox import Maildir, read_optouts
from nurture.feedback.optout import opt_out
from nurture.feedback.parts import take_apart
from nurture.feedback.proof import Proof, proofs_in, prove_by_click, settle_by_letter
from nurture.message.link import Subscription, read_token
from nurture.store import reading, resume, writing
from nurture.store.alarming import standing_alarms
from nurture.store.doubt import doubtful
from nurture.store.tables import Attempt, Contact, Touch, TouchLog, table
from tests.delivery.post import Post
from tests.delivery.test_worker import MEETING, THANKS
from tests.planning.people import instant

KEY = "<0b6d7b0e-2f6f-5c3a-9d51-0a6a9b7a1c11@minato.example>"
KEYED = Secrets(secret_key=SecretStr("k" * 32))
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


def said(key: str) -> list[Proof]:
    """What a report about a mail proves."""
    return proofs_in(take_apart(report(key=key)))


def answer(headers: str) -> bytes:
    return f"From: alice@shop.example\nSubject: Re: thanks\n{headers}\n\nありがとう\n".encode()


@pytest.mark.parametrize(
    "headers", [f"In-Reply-To: {KEY}", f"References: <x@y.example>\n {KEY}", f"In-Reply-To: {KEY}\nReferences: {KEY}"]
)
def test_alices_answer_proves_that_the_mail_arrived(headers: str) -> None:
    assert proofs_in(take_apart(answer(headers))) == [Proof(KEY, True, "answer")]


@pytest.mark.parametrize("kind", ["text/rfc822-headers", "message/rfc822"])
def test_bobs_server_returns_what_it_could_not_deliver(kind: str) -> None:
    assert proofs_in(take_apart(report(kind=kind))) == [Proof(KEY, False, "failed 5.1.1")]


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_charlies_server_says_that_it_took_it(action: str) -> None:
    assert proofs_in(take_apart(report(action, "2.0.0"))) == [Proof(KEY, True, f"{action} 2.0.0")]


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
    assert proofs_in(take_apart(letter)) == []


def test_an_answer_may_name_several() -> None:
    found = proofs_in(take_apart(answer(f"In-Reply-To: {KEY}\nReferences: {OTHER} {KEY}")))
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


def waiting(engine: Engine, folder: Path, answer: Outcome | None = None) -> Post:
    """Alice ordered, and her thanks leaves at 10:05; nobody hears what became of it."""
    post = Post(engine, folder, THANKS, **MEETING, public_url="https://minato.example", secrets=KEYED)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.answer = lambda _: answer or Unknown("connection lost behind the dot")
    return post


def link_in(post: Post, body: bytes) -> Subscription:
    """What the opt-out link of a mail stands for."""
    header = str(message_from_bytes(body, policy=default)["List-Unsubscribe"])
    found = read_token(post.shop.settings, header.partition("/u/")[2].partition(">")[0])
    assert found is not None
    return found


def click(engine: Engine, link: Subscription, when: str = "2026-11-20 11:00") -> bool:
    with writing(engine) as connection:
        return prove_by_click(connection, link.touch_id, instant(when))


def column(engine: Engine, model: object, name: str) -> list[object]:
    found = table(model)  # type: ignore[arg-type]
    with reading(engine) as connection:
        return list(connection.scalars(select(found.c[name]).order_by(found.c.id)))


def sent_body(post: Post) -> bytes:
    bodies: list[bytes] = []
    was = post.answer

    def kept(ready: Ready) -> Outcome:
        bodies.append(ready.body)
        return was(ready)

    post.answer = kept
    post.tick("2026-11-20 10:05")
    return bodies[0]


def test_who_uses_the_link_in_a_mail_has_got_it(engine: Engine, tmp_path: Path) -> None:
    post = waiting(engine, tmp_path)
    link = link_in(post, sent_body(post))
    assert [link.touch_id] == column(engine, Touch, "id")
    assert post.shop.the(1).status == "unknown"
    assert click(engine, link)
    assert column(engine, Touch, "status") + column(engine, Touch, "result") == ["sent", "proved by click"]
    assert column(engine, Attempt, "result") == ["accepted"]
    assert column(engine, Contact, "touch_id") == [link.touch_id]
    assert column(engine, TouchLog, "status")[-2:] == ["unknown", "sent"]


def test_a_second_click_proves_nothing_more(engine: Engine, tmp_path: Path) -> None:
    post = waiting(engine, tmp_path)
    link = link_in(post, sent_body(post))
    assert [click(engine, link), click(engine, link)] == [True, False]
    assert column(engine, TouchLog, "status").count("sent") == 1


def test_a_click_on_what_was_sent_failed_or_forgotten_changes_nothing(engine: Engine, tmp_path: Path) -> None:
    post = waiting(engine, tmp_path, Accepted("250"))
    link = link_in(post, sent_body(post))
    assert not click(engine, link)
    assert column(engine, Touch, "result") == ["250"]
    assert not click(engine, Subscription(1, "email", "commercial", 4711))
    assert not click(engine, Subscription(1, "email", "commercial"))


def test_a_click_counts_while_whoever_handed_the_mail_over_is_dead_and_its_lease_runs(
    engine: Engine, tmp_path: Path
) -> None:
    """The lease lasts eleven minutes; people click sooner."""
    post = waiting(engine, tmp_path)
    clicked: list[bool] = []

    def arrives(ready: Ready) -> Outcome:
        clicked.append(click(engine, link_in(post, ready.body), "2026-11-20 10:06"))
        return Unknown("connection lost behind the dot")

    post.answer = arrives
    post.tick("2026-11-20 10:05")
    assert clicked == [True]
    told = [column(engine, Touch, name)[0] for name in ("status", "result", "worker", "lease_until")]
    assert told == ["sent", "proved by click", None, None]
    assert column(engine, Attempt, "result") == ["accepted"]
    assert column(engine, Contact, "touch_id") == column(engine, Touch, "id")


def test_who_opts_out_by_the_link_ends_the_doubt_too(engine: Engine, tmp_path: Path) -> None:
    post = waiting(engine, tmp_path)
    link = link_in(post, sent_body(post))
    with writing(engine) as connection:
        prove_by_click(connection, link.touch_id, instant("2026-11-20 11:00"))
        opt_out(connection, 1, "email", "commercial", "link", "button", instant("2026-11-20 11:00"))
    assert post.shop.the(1).status == "sent"


def test_ten_mails_that_come_back_stop_their_campaign(engine: Engine, tmp_path: Path) -> None:
    post = waiting(engine, tmp_path)
    for number in range(8):
        post.shop.order(post.shop.customer(f"person{number}"), "2026-11-20 10:00")
    post.tick("2026-11-20 10:05")
    with reading(engine) as connection:
        keys = [each.key for each in doubtful(connection)]
    with writing(engine) as connection:
        resume(connection, "campaign:thanks", instant("2026-11-20 10:06"))
        assert [settle_by_letter(connection, said(each), instant("2026-11-20 11:00")) for each in keys] == [1] * 9
        assert not standing_alarms(connection)
    post.shop.order(post.shop.customer("bob"), "2026-11-20 11:00")
    post.answer = lambda _: Unknown("connection lost behind the dot")
    post.tick("2026-11-20 11:05")
    with writing(engine) as connection:
        (last,) = (each.key for each in doubtful(connection))
        settle_by_letter(connection, said(last), instant("2026-11-20 12:00"))
        assert [(each.subject, each.about["failed"]) for each in standing_alarms(connection)] == [("thanks", 10)]
