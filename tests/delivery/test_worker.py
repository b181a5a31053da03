"""Delivery from the plan to the record. Alice gets what is due, bob says no in time, charlie's mailbox is gone."""

from pathlib import Path

from sqlalchemy import Engine, select, update

from nurture.channels.outcome import Accepted, Deferred, Outcome, Rejected, Unknown
from nurture.delivery.values import Ready
from nurture.store import resume, writing
from nurture.store.tables import Attempt, Contact, Message, Pause, Suppression, Touch, table
from tests.planning.people import letter

from .post import Post

THANKS = letter("thanks", "{after: order}", "priority: 90", step="valid_for: 5 days")
MEETING = {"opt_out_mailbox": "stop@minato.example", "email": {"from_address": "minato@minato.example"}}


def test_alice_gets_her_thanks_once_however_often_the_worker_looks(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    assert post.tick("2026-11-20 10:05")["sent"] == 1
    assert post.tick("2026-11-20 10:06") == {}
    assert post.tick("2026-11-20 10:07") == {}
    assert post.arrived() == ["thanks"]
    with engine.connect() as connection:
        assert connection.scalar(select(table(Touch).c.status)) == "sent"
        assert connection.scalars(select(table(Attempt).c.result)).all() == ["accepted"]
        assert connection.scalars(select(table(Contact).c.source)).all() == ["thanks"]


def test_bob_who_withdraws_between_claim_and_fence_gets_nothing(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    bob = post.shop.customer("bob")
    post.shop.order(bob, "2026-11-20 10:00")

    def withdraw(_: Ready) -> None:
        post.shop.suppress(bob, "2026-11-20 10:05")

    post.mail.before_fence = withdraw
    assert post.tick("2026-11-20 10:05").get("sent", 0) == 0
    assert post.arrived() == []
    post.shop.tick("2026-11-20 10:06")
    assert post.shop.the(bob).status == "suppressed"
    with engine.connect() as connection:
        assert connection.scalars(select(table(Contact).c.id)).all() == []


def test_charlie_whose_mailbox_is_gone_is_never_written_to_again(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    charlie = post.shop.customer("charlie")
    post.shop.order(charlie, "2026-11-20 10:00")
    post.answer = lambda _: Rejected("address", "550 5.1.1", "no such user")
    post.tick("2026-11-20 10:05")
    assert post.shop.the(charlie).status == "failed"
    with engine.connect() as connection:
        assert connection.scalars(select(table(Suppression).c.reason)).all() == ["hard_bounce"]
        assert connection.scalars(select(table(Contact).c.id)).all() == []
    post.shop.order(charlie, "2026-11-21 10:00")
    post.answer = lambda _: Accepted("250")
    post.tick("2026-11-21 10:05")
    assert post.arrived() == []


def test_a_refused_address_leads_to_the_next_channel_with_its_own_consent(engine: Engine, tmp_path: Path) -> None:
    both = letter("thanks", "{after: order}", step="channels: [email, line]")
    post = Post(engine, tmp_path, both, **MEETING, line={"enabled": True})
    alice = post.shop.customer("alice", line=True)
    post.shop.order(alice, "2026-11-20 10:00")

    def answer(ready: Ready) -> Outcome:
        return Accepted("200") if ready.claimed.channel == "line" else Rejected("address", "550 5.1.1", "gone")

    post.answer = answer
    post.tick("2026-11-20 10:05")
    assert [ready.claimed.channel for _, ready in post.line.arrived] == ["line"]
    assert post.shop.the(alice).status == "sent"


def test_a_greylisted_mail_is_tried_later_and_written_anew(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.answer = lambda _: Deferred("message", "451 4.7.1", "greylisted")
    post.tick("2026-11-20 10:05")
    told = post.shop.the(alice)
    assert told.status == "planned"
    assert told.at > "2026-11-20 10:05"
    post.answer = lambda _: Accepted("250")
    assert post.tick("2026-11-20 10:45")["sent"] == 1
    assert post.arrived() == ["thanks"]


def test_what_can_not_be_known_counts_and_is_never_sent_again(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.answer = lambda _: Unknown("connection lost after the dot")
    post.tick("2026-11-20 10:05")
    assert post.shop.the(alice).status == "unknown"
    post.answer = lambda _: Accepted("250")
    for when in ("2026-11-20 10:06", "2026-11-20 12:00", "2026-11-21 10:00"):
        post.tick(when)
    assert post.arrived() == []
    with engine.connect() as connection:
        assert len(connection.scalars(select(table(Contact).c.id)).all()) == 1


def test_a_wrong_password_pauses_the_channel_and_blames_nobody(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.answer = lambda _: Rejected("channel", "535 5.7.8", "authentication failed")
    post.tick("2026-11-20 10:05")
    assert post.shop.the(alice).status == "planned"
    with engine.connect() as connection:
        assert connection.scalars(select(table(Pause).c.scope)).all() == ["channel:email"]
    post.answer = lambda _: Accepted("250")
    post.tick("2026-11-20 10:10")
    assert post.arrived() == []
    with writing(engine) as connection:
        assert resume(connection, "channel:email", post.standing.at)
    post.tick("2026-11-20 10:20")
    assert post.arrived() == ["thanks"]


def test_a_worker_that_died_holding_a_claim_costs_alice_nothing(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    with writing(engine) as connection:
        connection.execute(
            update(table(Touch)).values(status="claimed", token=1, worker="dead", lease_until=post.standing.at)
        )
    assert post.tick("2026-11-20 10:10")["sent"] == 1
    assert post.arrived() == ["thanks"]


def test_a_worker_that_died_behind_the_fence_leaves_an_unknown_message(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    with writing(engine) as connection:
        for status in ("claimed", "sending"):
            held = {"status": status, "token": 1, "worker": "dead", "lease_until": post.standing.at}
            connection.execute(update(table(Touch)).values(**held))
    post.tick("2026-11-20 10:10")
    assert post.arrived() == []
    assert post.shop.the(alice).status == "unknown"


def test_two_messages_for_one_inbox_in_one_batch_keep_the_gap(engine: Engine, tmp_path: Path) -> None:
    second = letter("review", "{after: order}", "priority: 30", step="valid_for: 5 days")
    post = Post(engine, tmp_path, THANKS, second, **MEETING, caps=[{"at_most": 1, "per": "day"}])
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.tick("2026-11-20 10:05")
    with writing(engine) as connection:  # a slot that no planner would give
        connection.execute(update(table(Touch)).where(table(Touch).c.status == "planned").values(at=post.standing.at))
    post.deliver("2026-11-20 10:06")
    assert post.arrived() == ["thanks"]
    assert post.shop.the(alice, "review/letter").verdict == "capped"


def test_frozen_bytes_of_a_fenced_message_never_change(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.answer = lambda _: Deferred("message", "451", "after the dot")
    post.tick("2026-11-20 10:05")
    with engine.connect() as connection:
        before = connection.execute(select(table(Message).c.key, table(Message).c.body)).one()
    post.shop.correct(alice, name="別の名前")
    post.answer = lambda _: Accepted("250")
    post.tick("2026-11-20 11:00")
    ((_, ready),) = post.mail.arrived
    assert (ready.key, ready.body) == (before.key, bytes(before.body))


def _line_in_doubt(engine: Engine, tmp_path: Path) -> tuple[Post, int]:
    by_line = letter("thanks", "{after: order}", step="channels: [line], valid_for: 5 days")
    post = Post(engine, tmp_path, by_line, **MEETING, line={"enabled": True})
    alice = post.shop.customer("alice", mail=False, line=True)
    post.shop.order(alice, "2026-11-20 10:00")
    post.answer = lambda _: Unknown("timeout", retry_same_key=True)
    post.tick("2026-11-20 10:05")
    assert post.shop.the(alice).status == "sending"
    post.answer = lambda _: Accepted("409")
    return post, alice


def test_a_push_in_doubt_is_repeated_with_the_same_key_and_bytes(engine: Engine, tmp_path: Path) -> None:
    post, alice = _line_in_doubt(engine, tmp_path)
    with engine.connect() as connection:
        frozen = connection.execute(select(table(Message).c.key, table(Message).c.body)).one()
    post.deliver("2026-11-20 10:30")
    ((_, ready),) = post.line.arrived
    assert (ready.key, ready.body) == (frozen.key, bytes(frozen.body))
    assert post.shop.the(alice).status == "sent"


def test_a_push_in_doubt_is_not_repeated_to_alice_who_said_no_meanwhile(engine: Engine, tmp_path: Path) -> None:
    post, alice = _line_in_doubt(engine, tmp_path)
    post.shop.suppress(alice, "2026-11-20 10:20")
    post.deliver("2026-11-20 10:30")
    assert post.line.arrived == []
    assert post.shop.the(alice).status == "unknown"


def test_lines_monthly_limit_pauses_the_channel_until_the_month_ends(engine: Engine, tmp_path: Path) -> None:
    by_line = letter("thanks", "{after: order}", step="channels: [line], valid_for: 20 days")
    post = Post(engine, tmp_path, by_line, **MEETING, line={"enabled": True})
    alice = post.shop.customer("alice", mail=False, line=True)
    post.shop.order(alice, "2026-11-20 10:00")
    post.answer = lambda _: Deferred("account", "429", "You have reached your monthly limit.")
    post.tick("2026-11-20 10:05")
    post.answer = lambda _: Accepted("200")
    post.tick("2026-11-30 12:00")
    assert post.line.arrived == []
    post.tick("2026-12-01 10:00")
    assert post.arrived() == ["thanks"]
