"""A message that was refused for now on one channel and goes by another."""

from pathlib import Path

from sqlalchemy import Engine

from nurture.channels.outcome import Accepted, Deferred, Outcome
from nurture.delivery.values import Ready
from tests.planning.people import letter

from .post import Post
from .test_worker import MEETING


def test_who_leaves_line_after_a_try_gets_a_mail_and_not_the_push_that_was_frozen(
    engine: Engine, tmp_path: Path
) -> None:
    """The push's JSON went out as a mail: bytes were kept from the first fence on, whatever the channel."""
    thanks = letter("thanks", "{after: order}", step="channels: [line, email], valid_for: 5 days")
    post = Post(engine, tmp_path, thanks, **MEETING, line={"enabled": True})
    alice = post.shop.customer("alice", line=True)
    post.shop.order(alice, "2026-11-20 10:00")

    def answer(ready: Ready) -> Outcome:
        return Deferred("channel", "429", "") if ready.claimed.channel == "line" else Accepted("250")

    post.answer = answer
    assert post.tick("2026-11-20 10:05")["deferred"] == 1
    post.shop.withdraw(alice, "line", "2026-11-20 10:06")
    assert post.tick("2026-11-20 11:00")["sent"] == 1
    (_, ready), *_ = post.mail.arrived
    assert (ready.claimed.channel, ready.body[:1]) == ("email", b"M")
    assert ready.key.startswith("<")
