"""The clock is set back between a claim and its fence: what was open then may not have opened yet."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import Engine

from nurture.delivery.values import Ready

from .post import Post
from .test_worker import MEETING, THANKS


def test_alice_gets_nothing_before_the_shop_opens_when_the_clock_goes_back(engine: Engine, tmp_path: Path) -> None:
    """The fence asked for the window's end alone: in the second before the step was noticed, mail left at night."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 07:00")
    post.shop.tick("2026-11-20 08:00")

    def set_back(_: Ready) -> None:
        post.standing.at -= timedelta(hours=2)
        post.mail.before_fence = lambda _: None

    post.mail.before_fence = set_back
    assert post.deliver("2026-11-20 08:01").get("sent", 0) == 0
    assert post.arrived() == []
    assert post.deliver("2026-11-20 08:02")["sent"] == 1
