"""Mail against a real Postfix: what it takes arrives byte for byte and once, what it refuses and returns is understood.

Alice and charlie have mailboxes, bob's is in trouble. Skipped, and says so, where there is no Postfix.
"""

import asyncio
import signal
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import pytest
import trustme
from aiosmtpd.controller import Controller
from sqlalchemy import Engine, select

from nurture.channels.envelope import Envelope
from nurture.channels.mail import MailTransport
from nurture.channels.outcome import Accepted, Deferred, Outcome, Rejected
from nurture.channels.pipeline import Letter
from nurture.channels.server import MailServer
from nurture.channels.signature import sign
from nurture.clock import Clock
from nurture.delivery.freezing import Press
from nurture.delivery.senders import MailSender
from nurture.delivery.worker import Shift, Worker
from nurture.feedback.mailbox import Maildir, read_optouts
from nurture.feedback.parts import take_apart
from nurture.feedback.proof import Proof, proofs_in
from nurture.store import open_engine
from nurture.store.tables import Contact, Message, Touch, table
from tests.channels.letters import PATIENT, Book, opened
from tests.channels.postfix import REPORTS, Postfix, handed, missing, postfix, until
from tests.channels.test_signature import KEY, MAIL, verifies
from tests.channels.wire import Wire, greylisting, through
from tests.delivery import test_kill
from tests.delivery.post import INSTANCE, Post
from tests.planning.people import Shop, instant, letter

THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")
SETTINGS: Mapping[str, Any] = {
    "email": {"from_address": "news@minato.example", "host": "127.0.0.1", "tls": "none"},
    "opt_out_mailbox": "stop@minato.example",
}
NEWS = "news@minato.example"
ALICE, CHARLIE = "alice@shop.example", "charlie@shop.example"
HEAD = b"Subject: odd\r\nMessage-ID: <odd@minato.example>\r\nDate: Sun, 22 Nov 2026 10:00:00 +0900\r\n"
HEAD += b"From: news@minato.example\r\nTo: alice@shop.example\r\n"
SHAPES = {
    "japanese and signed": sign(MAIL, KEY, "spring", "minato.example"),
    "dots": HEAD + b"\r\n.hidden\r\n..twice\r\nplain\r\n.\r\nbehind the dot\r\n...\r\n",
    "eight bits": HEAD + "\r\nこんにちは、髙橋さん。①🍎\r\n".encode(),
    "the longest lines": HEAD + b"\r\n" + (b"x" * 998 + b"\r\n") * 40,
    "spaces at the ends": HEAD + b"X-Folded: one\r\n two\r\n\tthree\r\n\r\n trailing \t \r\n\r\n\r\n",
    "large": HEAD + b"\r\n" + (b"SGVsbG8=" * 9 + b"\r\n") * 20_000,
}
DOORS = ("plain", "slow")


@pytest.fixture(scope="module")
def mta() -> Iterator[Postfix]:
    if why := missing():
        pytest.skip(why)
    with postfix() as found:
        yield found


@pytest.fixture(autouse=True)
def _emptied(mta: Postfix) -> None:
    mta.clear()


@pytest.fixture
def ledger(sqlite_database: str) -> Iterator[Engine]:
    """On SQLite only: what is tried here lies between the worker and the server."""
    opened = open_engine(sqlite_database)
    yield opened
    opened.dispose()


def envelope(to: str, payload: bytes = MAIL) -> Envelope:
    return Envelope(NEWS, to, payload)


def said(outcome: Outcome) -> tuple[str, str, str]:
    assert isinstance(outcome, Accepted | Deferred | Rejected), outcome
    return type(outcome).__name__, getattr(outcome, "scope", ""), outcome.code


def hand_over(server: MailServer, *envelopes: Envelope) -> list[Outcome]:
    """All over one connection."""

    async def run() -> list[Outcome]:
        transport, book = MailTransport(server, PATIENT), Book()
        assert await transport.connect() is None
        await transport.send_many([Letter(each, opened) for each in envelopes], book.settle)
        await transport.close()
        return book.outcomes

    return asyncio.run(run())


# What is taken


@pytest.mark.parametrize("door", DOORS)
def test_what_is_taken_arrives_byte_for_byte(mta: Postfix, door: str) -> None:
    outcomes = hand_over(mta.server(door), *(envelope(ALICE, each) for each in SHAPES.values()))
    assert {said(each) for each in outcomes} == {("Accepted", "", "250 2.0.0")}
    found = {handed(each) for each in mta.wait("alice", len(SHAPES))}
    assert [name for name, payload in SHAPES.items() if payload not in found] == []


def test_a_signed_mail_that_postfix_hands_on_still_verifies(mta: Postfix) -> None:
    got: list[bytes] = []

    class Onward:
        async def handle_DATA(self, server: Any, session: Any, arrived: Any) -> str:
            got.append(bytes(arrived.content))
            return "250 2.0.0 kept"

    # It offers no 8BITMIME, so that whatever is not ASCII would be written anew on its way.
    controller = Controller(Onward(), hostname="127.0.0.1", port=mta.relay, decode_data=False)
    controller.start()
    try:
        hand_over(mta.server(), envelope("crew@relay.test", SHAPES["japanese and signed"]))
        until(lambda: bool(got), "nothing was handed on")
    finally:
        controller.stop()
    assert handed(got[0].replace(b"\r\n", b"\n")) == SHAPES["japanese and signed"]
    assert verifies(got[0])


# What is refused


@pytest.mark.parametrize("door", DOORS)
def test_who_is_refused_is_told_from_who_may_come_later(mta: Postfix, door: str) -> None:
    names = ("alice", "unknown", "full", "temp", "spam", "charlie", "throttle", "tanaka")
    outcomes = hand_over(mta.server(door), *(envelope(f"{each}@customer.test") for each in names))
    assert [said(each) for each in outcomes[:7]] == [
        ("Accepted", "", "250 2.0.0"),
        ("Rejected", "address", "550 5.1.1"),
        ("Deferred", "message", "452 4.2.2"),
        ("Deferred", "message", "451 4.7.1"),
        ("Rejected", "domain", "550 5.7.1"),
        ("Accepted", "", "250 2.0.0"),
        ("Deferred", "domain", "421 4.7.0"),
    ]
    assert len(outcomes) == 7, "the connection ended with the 421, and nobody was drawn behind it"
    mta.rest()
    assert [len(mta.box(each)) for each in ("alice", "charlie", "tanaka")] == [1, 1, 0]


def test_a_mail_that_is_too_large_is_refused_unsent_or_behind_the_dot(mta: Postfix) -> None:
    for door, code in (("narrow", ""), ("mute", "552 5.3.4")):
        large, small = hand_over(mta.server(door), envelope(ALICE, SHAPES["the longest lines"]), envelope(ALICE))
        assert said(large) == ("Rejected", "message", code)
        assert isinstance(small, Accepted)
    mta.rest()
    assert len(mta.box("alice")) == 2


def test_too_many_connections_in_a_minute_stop_nobody_but_the_channel(mta: Postfix) -> None:
    async def run() -> list[Any]:
        found = []
        for _ in range(4):
            transport = MailTransport(mta.server("hasty"), PATIENT)
            found.append(await transport.connect())
            await transport.close()
        return found

    *first, last = asyncio.run(run())
    assert first == [None] * 3
    assert said(last) == ("Deferred", "channel", "421 4.7.0")


def test_too_many_recipients_in_a_minute_slow_the_domain_down(mta: Postfix) -> None:
    outcomes = hand_over(mta.server("counting"), *(envelope(ALICE) for _ in range(3)))
    assert [said(each) for each in outcomes] == [
        ("Accepted", "", "250 2.0.0"),
        ("Accepted", "", "250 2.0.0"),
        ("Deferred", "domain", "450 4.7.1"),
    ]


def test_tls_is_spoken_and_insisted_on(mta: Postfix) -> None:
    trusting, strange = ssl.create_default_context(), ssl.create_default_context()
    mta.authority.configure_trust(trusting)
    trustme.CA().configure_trust(strange)

    async def connect(server: MailServer) -> Any:
        transport = MailTransport(server, PATIENT)
        refused = await transport.connect()
        await transport.close()
        return refused

    encrypted = mta.server("guarded", "starttls", context=trusting)
    assert {type(each) for each in hand_over(encrypted, envelope(ALICE), envelope(ALICE))} == {Accepted}
    untrusted = asyncio.run(connect(mta.server("guarded", "starttls", context=strange)))
    assert isinstance(untrusted, Rejected)
    assert untrusted.scope == "channel"
    (plain,) = hand_over(mta.server("guarded"), envelope(ALICE))
    assert said(plain) == ("Rejected", "channel", "530 5.7.0")
    not_offered = asyncio.run(connect(mta.server("plain", "starttls", context=trusting)))
    assert isinstance(not_offered, Rejected)
    assert not_offered.scope == "channel"
    mta.rest()
    assert len(mta.box("alice")) == 2


# From the plan to the record


def deliver(post: Post, when: str, server: MailServer, connections: int = 1) -> dict[str, int]:
    """Plans and delivers by the real planner and worker, over so many connections."""
    post.shop.tick(when)
    post.standing.at = instant(when)
    clock = Clock(now=lambda: post.standing.at, boottime=lambda: 0.0, sleep=asyncio.sleep)

    async def run() -> dict[str, int]:
        press = Press(post.shop.settings, post.templates, INSTANCE, lambda mail: sign(mail, KEY, "s", "minato.example"))
        mails = [MailSender(MailTransport(server, PATIENT)) for _ in range(connections)]
        worker = Worker("worker", post.engine, clock, Shift(post.shop.campaigns, press), {"email": mails})
        await worker.reap()
        counts = dict((await worker.deliver_due()).counts)
        await worker.close()
        return counts

    return asyncio.run(run())


def frozen(engine: Engine) -> dict[str, bytes]:
    """Recipient → the bytes of the ledger."""
    with engine.connect() as connection:
        rows = connection.execute(select(table(Message).c.recipient, table(Message).c.body))
        return {row.recipient: bytes(row.body) for row in rows}


def statuses(engine: Engine) -> Counter[str]:
    with engine.connect() as connection:
        return Counter(connection.scalars(select(table(Touch).c.status)))


def contacts(engine: Engine) -> int:
    with engine.connect() as connection:
        return len(connection.scalars(select(table(Contact).c.id)).all())


def test_a_hundred_people_get_one_mail_each_over_five_connections(mta: Postfix, ledger: Engine, tmp_path: Path) -> None:
    post = Post(ledger, tmp_path, THANKS, **SETTINGS)
    names = [f"person{number}" for number in range(100)]
    for each in names:
        post.shop.order(post.shop.customer(each, family_name=f"山田{each}"), "2026-11-20 10:00")
    assert deliver(post, "2026-11-20 10:05", mta.server(), connections=5) == {"sent": 100}
    assert statuses(ledger) == {"sent": 100}
    mta.rest()
    boxes = {f"{each}@shop.example": mta.box(each) for each in names}
    assert {len(each) for each in boxes.values()} == {1}
    kept = frozen(ledger)
    assert {who: handed(mails[0]) for who, mails in boxes.items()} == kept
    assert verifies(boxes["person7@shop.example"][0].replace(b"\n", b"\r\n"))


def test_more_connections_than_the_server_lets_in_cost_nobody_a_mail(
    mta: Postfix, ledger: Engine, tmp_path: Path
) -> None:
    post = Post(ledger, tmp_path, THANKS, **SETTINGS)
    names = [f"person{number}" for number in range(20)]
    for each in names:
        post.shop.order(post.shop.customer(each), "2026-11-20 10:00")
    first = deliver(post, "2026-11-20 10:05", mta.server("crowded"), connections=6)
    assert first.get("deferred", 0) > 0, "no connection was refused"
    for when in ("2026-11-20 11:00", "2026-11-20 13:00"):
        deliver(post, when, mta.server("crowded"), connections=2)
    assert statuses(ledger) == {"sent": 20}
    mta.rest()
    assert {each: len(mta.box(each)) for each in names} == dict.fromkeys(names, 1)


def test_bob_is_greylisted_and_gets_his_mail_later(mta: Postfix, ledger: Engine, tmp_path: Path) -> None:
    post = Post(ledger, tmp_path, THANKS, **SETTINGS)
    post.shop.order(post.shop.customer("bob"), "2026-11-20 10:00")
    with greylisting(mta.policy) as known:
        assert deliver(post, "2026-11-20 10:05", mta.server("grey"))["deferred"] == 1
        assert known == ["bob@shop.example"]
        waiting = post.shop.the(1)
        assert (waiting.status, contacts(ledger)) == ("planned", 0)
        assert waiting.at > "2026-11-20 10:05"
        assert deliver(post, "2026-11-20 10:45", mta.server("grey"))["sent"] == 1
    assert [handed(each) for each in mta.wait("bob")] == list(frozen(ledger).values())
    assert post.shop.the(1).status == "sent"


def test_a_person_whom_postfix_does_not_know_is_never_written_to_again(
    mta: Postfix, ledger: Engine, tmp_path: Path
) -> None:
    post = Post(ledger, tmp_path, THANKS, **SETTINGS)
    stranger = post.shop.customer("unknown")
    post.shop.order(stranger, "2026-11-20 10:00")
    assert deliver(post, "2026-11-20 10:05", mta.server())["rejected"] == 1
    assert (post.shop.the(stranger).status, contacts(ledger)) == ("failed", 0)
    post.shop.order(stranger, "2026-11-21 10:00")
    assert deliver(post, "2026-11-21 10:05", mta.server()) == {}


# What nobody can know, and what Postfix itself says of it


def cut(post: Post, mta: Postfix, when: str, **how: Any) -> dict[str, int]:
    """Delivers over a wire that breaks at the dot."""
    with through(Wire(mta.doors["plain"], **how)) as port:
        return deliver(post, when, replace(mta.server(), port=port))


@pytest.mark.parametrize("before", [True, False])
def test_a_connection_that_breaks_at_the_dot_leaves_an_unknown_mail_and_at_most_one_arrival(
    mta: Postfix, ledger: Engine, tmp_path: Path, before: bool
) -> None:
    post = Post(ledger, tmp_path, THANKS, **SETTINGS)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    how = {"before": True} if before else {"behind": lambda: None}
    assert cut(post, mta, "2026-11-20 10:05", **how)["unknown"] == 1
    for when in ("2026-11-20 10:30", "2026-11-21 10:00"):
        assert deliver(post, when, mta.server()) == {}
    mta.rest()
    assert (post.shop.the(1).status, contacts(ledger)) == ("unknown", 1)
    assert len(mta.box("alice")) == (0 if before else 1)


def test_a_report_that_postfix_wrote_ends_the_doubt(mta: Postfix, ledger: Engine, tmp_path: Path) -> None:
    post = Post(ledger, tmp_path, THANKS, **SETTINGS)
    nobody = post.shop.customer("nobody")
    post.shop.order(nobody, "2026-11-20 10:00")
    assert cut(post, mta, "2026-11-20 10:05", behind=lambda: None)["unknown"] == 1
    (report,) = mta.wait(REPORTS)
    with ledger.connect() as connection:
        (key,) = connection.scalars(select(table(Message).c.key))
    assert proofs_in(take_apart(report)) == [Proof(key, False, "failed 5.1.1")]
    now = instant("2026-11-20 11:00")
    assert read_optouts(ledger, post.shop.settings, Maildir(mta.mailbox(REPORTS)), now).bounces == 1
    assert (post.shop.the(nobody).status, contacts(ledger)) == ("failed", 0)


@pytest.mark.long
def test_a_delay_proves_nothing_and_the_end_of_the_queue_does(mta: Postfix) -> None:
    key = f"<{uuid5(NAMESPACE_DNS, 'late')}@minato.example>"
    mail = HEAD.replace(b"<odd@minato.example>", key.encode()) + b"\r\nlate\r\n"
    hand_over(mta.server(), replace(envelope("bob@dead.test", mail), envid="late"))
    delayed = mta.wait(REPORTS, seconds=120)
    assert [proofs_in(take_apart(each)) for each in delayed] == [[]]
    reports = mta.wait(REPORTS, 2, seconds=240)
    assert [proofs_in(take_apart(each)) for each in reports if each not in delayed] == [
        [Proof(key, False, "failed 4.4.1")]
    ]


def test_a_daemon_killed_between_the_dot_and_its_answer_sends_nothing_again(
    mta: Postfix, ledger: Engine, tmp_path: Path
) -> None:
    now, database = datetime.now(UTC), ledger.url.render_as_string()
    shop = Shop(ledger, THANKS)
    shop.order(shop.customer("alice"), f"{now + timedelta(hours=9, minutes=-5):%Y-%m-%d %H:%M}")
    processes: list[subprocess.Popen[bytes]] = []
    wire = Wire(mta.doors["plain"], behind=lambda: processes[0].send_signal(signal.SIGKILL))
    with through(wire) as port, (tmp_path / "log").open("ab") as log:
        test_kill.shop(tmp_path / "shop", port, database)
        processes.append(test_kill.start(tmp_path / "shop", log))
        assert processes[0].wait(timeout=60) == -signal.SIGKILL
        assert statuses(ledger) == {"sending": 1}
        wire.behind = None
        processes.append(test_kill.start(tmp_path / "shop", log))
        until(lambda: statuses(ledger) == {"unknown": 1}, (tmp_path / "log").read_text())
        processes[1].send_signal(signal.SIGTERM)
        assert processes[1].wait(timeout=60) == 0
    mta.rest()
    assert len(mta.box("alice")) == 1
