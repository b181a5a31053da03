"""Messages in doubt: they are listed, count for the caps, and end by a proof or by a person's word."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from nurture.channels.outcome import Accepted, Unknown
from nurture.store import reading, writing
from nurture.store.doubt import Ending, doubtful, in_doubt, settle_unknown
from nurture.store.sealing import acknowledge_restore
from nurture.store.tables import Attempt, Contact, Enrollment, Message, table
from tests.delivery.post import Post
from tests.delivery.test_worker import MEETING, THANKS
from tests.planning.people import instant

NOON = instant("2026-11-20 12:00")


@pytest.fixture
def post(engine: Engine, tmp_path: Path) -> Post:
    """Nobody knows whether alice's thanks arrived."""
    found = Post(engine, tmp_path, THANKS, **MEETING, caps=[{"at_most": 1, "per": "7 days"}])
    found.shop.order(found.shop.customer("alice"), "2026-11-20 10:00")
    found.answer = lambda _: Unknown("connection lost behind the dot")
    found.tick("2026-11-20 10:05")
    found.answer = lambda _: Accepted("250")
    return found


def settle(post: Post, ending: Ending) -> list[int]:
    with writing(post.engine) as connection:
        return settle_unknown(connection, [1], ending, "person", NOON)


def rows(post: Post, model: object, name: str) -> list[object]:
    found = table(model)  # type: ignore[arg-type]
    with reading(post.engine) as connection:
        return list(connection.scalars(select(found.c[name]).order_by(found.c.id)))


def test_it_is_listed_with_what_helps_to_find_out(post: Post) -> None:
    with reading(post.engine) as connection:
        (found,) = doubtful(connection)
    assert (found.touch_id, found.customer, found.campaign, found.channel) == (1, "alice", "thanks", "email")
    assert found.why == "connection lost behind the dot"
    assert [found.key] == rows(post, Message, "key")


def test_it_arrived_and_goes_on_counting(post: Post) -> None:
    assert settle(post, "sent") == [1]
    assert post.shop.the(1).status == "sent"
    assert rows(post, Contact, "touch_id") == [1]
    assert rows(post, Attempt, "result") == ["accepted"]


def test_it_did_not_arrive_and_frees_its_place_under_the_caps(post: Post) -> None:
    settle(post, "failed")
    assert rows(post, Contact, "id") == []
    post.shop.order(1, "2026-11-21 10:00")
    post.tick("2026-11-21 10:05")
    assert [each.status for each in post.shop.told(1)] == ["failed", "sent"]


def test_it_is_sent_again_with_the_same_bytes_and_message_id(post: Post) -> None:
    bytes_before, keys_before = rows(post, Message, "body"), rows(post, Message, "key")
    settle(post, "planned")
    assert rows(post, Enrollment, "exit_reason") == [None]
    post.tick("2026-11-20 12:01")
    assert post.shop.the(1).status == "sent"
    ((_, ready),) = post.mail.arrived
    assert ([ready.body], [ready.key]) == (bytes_before, keys_before)


def test_what_is_to_be_sent_again_and_is_no_longer_valid_expires(post: Post) -> None:
    settle(post, "planned")
    post.tick("2026-11-26 12:00")
    assert post.shop.the(1).status == "expired"
    assert post.arrived() == []


def test_what_is_settled_is_settled(post: Post) -> None:
    settle(post, "sent")
    assert settle(post, "failed") == []
    assert post.shop.the(1).status == "sent"


def test_a_message_in_doubt_is_found_by_its_key(post: Post) -> None:
    (key,) = rows(post, Message, "key")
    with reading(post.engine) as connection:
        assert in_doubt(connection, [str(key), "<other@minato.example>"]) == [1]
        assert in_doubt(connection, ["<other@minato.example>"]) == []
    settle(post, "sent")
    with reading(post.engine) as connection:
        assert in_doubt(connection, [str(key)]) == []


@pytest.mark.parametrize(("ending", "arrived"), [("planned", ["thanks"]), ("failed", [])])
def test_what_a_restore_left_in_doubt_leaves_by_a_persons_word_only(
    engine: Engine, tmp_path: Path, ending: Ending, arrived: list[str]
) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING, caps=[{"at_most": 1, "per": "7 days"}])
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    with writing(engine) as connection:
        acknowledge_restore(connection, 0, instant("2026-11-20 11:00"), NOON)
    post.tick("2026-11-20 12:01")
    assert post.arrived() == []
    assert rows(post, Contact, "key") == ["restored:1"]
    settle(post, ending)
    post.tick("2026-11-20 12:02")
    assert post.arrived() == arrived
    assert "restored:1" not in rows(post, Contact, "key")


def test_nothing_due_in_the_gap_is_claimed_before_it_is_settled(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.customer("alice")
    with writing(engine) as connection:
        acknowledge_restore(connection, 0, instant("2026-11-20 11:00"), NOON)
    post.shop.order(1, "2026-11-20 10:00")
    post.shop.tick("2026-11-20 12:00")
    assert post.shop.the(1).status == "planned"
    post.deliver("2026-11-20 12:01")
    assert post.arrived() == []
