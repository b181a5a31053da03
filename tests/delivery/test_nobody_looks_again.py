"""What comes back from a worker when nobody would look at it any more has its end, and does not hang as planned."""

from pathlib import Path

from sqlalchemy import Engine, update

from nurture.store import writing
from nurture.store.tables import Touch, table
from tests.planning.people import letter

from .post import Post
from .test_worker import MEETING, THANKS

OTHER = letter("news", '{schedule: {every: week, on: tue, at: "11:00"}}')


def test_a_touch_that_a_dead_worker_held_while_its_campaign_was_removed_is_cancelled(
    engine: Engine, tmp_path: Path
) -> None:
    post = Post(engine, tmp_path, THANKS, OTHER, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    with writing(engine) as connection:
        held = {"status": "claimed", "token": 1, "worker": "dead", "lease_until": post.standing.at}
        connection.execute(update(table(Touch)).values(**held))
    post.shop.write(OTHER)
    post.tick("2026-11-20 10:10")
    told = post.shop.the(alice, "thanks/letter")
    assert (told.status, told.verdict) == ("cancelled", "left_audience")
    assert post.arrived() == []
