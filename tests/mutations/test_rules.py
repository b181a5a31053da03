"""What each rule of delivery is there for, one at a time: what it keeps from happening, with the backstop never asked.

Alice's letter is due at ten in the morning; what goes wrong goes wrong between two steps of its delivery.
"""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, event, func, select, text

from nurture.channels.outcome import Accepted, Deferred, NotSent, Rejected, Unknown
from nurture.delivery.claiming import claim
from nurture.delivery.fencing import fence
from nurture.delivery.reaping import reap
from nurture.delivery.recording import Tried, record
from nurture.delivery.settling import SENDING_LEASE
from nurture.delivery.values import Claimed, Ready
from nurture.delivery.worker import FenceOf
from nurture.store import pause, writing
from nurture.store.tables import Attempt, Contact, Touch, table
from tests.delivery.post import Post
from tests.delivery.test_worker import MEETING
from tests.planning.people import instant, letter

THANKS = letter("thanks", "{after: order}", "priority: 90", step="valid_for: 5 days")
QUICK = letter("thanks", "{after: order}", step="valid_for: 2 hours")
ALICE = 1


@pytest.fixture
def post(engine: Engine, tmp_path: Path) -> Post:
    """Alice ordered at ten, and her thanks are planned for now."""
    return due(engine, tmp_path, THANKS)


def due(engine: Engine, folder: Path, *campaigns: str, **settings: object) -> Post:
    found = Post(engine, folder, *campaigns, **{**MEETING, **settings})
    found.shop.order(found.shop.customer("alice"), "2026-11-20 10:00")
    found.shop.tick("2026-11-20 10:01")
    return found


def before_fence(post: Post, act: Callable[[], object]) -> None:
    """Once, when the receiver waits for the payload."""

    def acting(_: Ready) -> None:
        post.mail.before_fence = lambda _: None
        act()

    post.mail.before_fence = acting


def count(post: Post, model: type) -> int:
    with post.engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table(model))) or 0


def nothing_left(post: Post) -> None:
    """Nothing arrived, nothing counts, and the database had nothing to refuse."""
    assert post.arrived() == []
    assert count(post, Contact) == 0
    assert count(post, Attempt) == 0
    silent(post)


def silent(post: Post) -> None:
    with post.engine.connect() as connection:
        assert connection.scalars(text("SELECT subject FROM alarm WHERE kind = 'backstop'")).all() == []


def claimed(post: Post, connection: Connection, when: str, worker: str = "one") -> list[Claimed]:
    situation = post.worker().shift.situation(instant(when))
    return claim(connection, situation, worker=worker, channels=("email",), limit=10, lease=120)


def status(post: Post) -> str:
    with post.engine.connect() as connection:
        return str(connection.scalar(select(table(Touch).c.status)))


def test_an_opt_out_before_the_fence_holds(post: Post) -> None:
    before_fence(post, lambda: post.shop.suppress(ALICE, "2026-11-20 10:02"))
    post.deliver("2026-11-20 10:02")
    nothing_left(post)


def test_a_pause_before_the_fence_holds(post: Post) -> None:
    def stop() -> None:
        with writing(post.engine) as connection:
            pause(connection, "all", "", instant("2026-11-20 10:02"))

    before_fence(post, stop)
    post.deliver("2026-11-20 10:02")
    nothing_left(post)


def test_a_call_before_the_fence_fills_the_cap(engine: Engine, tmp_path: Path) -> None:
    post = due(engine, tmp_path, THANKS, caps=[{"at_most": 1, "per": "day"}])
    before_fence(post, lambda: post.shop.contact(ALICE, "2026-11-20 10:02"))
    post.deliver("2026-11-20 10:02")
    assert post.arrived() == []
    silent(post)


def test_a_call_before_the_claim_fills_the_cap(engine: Engine, tmp_path: Path) -> None:
    post = due(engine, tmp_path, THANKS, caps=[{"at_most": 1, "per": "day"}])
    post.shop.contact(ALICE, "2026-11-20 10:02")
    post.deliver("2026-11-20 10:03")
    assert post.arrived() == []
    assert count(post, Attempt) == 0
    silent(post)


def test_an_opt_out_before_the_claim_holds(post: Post) -> None:
    post.shop.suppress(ALICE, "2026-11-20 10:02")
    post.deliver("2026-11-20 10:03")
    nothing_left(post)


def test_in_the_last_half_minute_of_the_day_nothing_is_claimed(post: Post) -> None:
    post.deliver("2026-11-20 20:59:45")
    nothing_left(post)


def test_what_was_claimed_in_time_passes_no_fence_when_the_window_is_about_to_close(post: Post) -> None:
    with writing(post.engine) as connection:
        held = claimed(post, connection, "2026-11-20 20:59:00")
    assert len(held) == 1
    with writing(post.engine) as connection:
        assert fence(connection, held, instant("2026-11-20 20:59:40"), SENDING_LEASE) == set()


def test_what_has_expired_passes_no_fence(engine: Engine, tmp_path: Path) -> None:
    post = due(engine, tmp_path, QUICK)
    with writing(engine) as connection:
        held = claimed(post, connection, "2026-11-20 11:59:00")
    assert len(held) == 1
    with writing(engine) as connection:
        assert fence(connection, held, instant("2026-11-20 12:00:01"), SENDING_LEASE) == set()


def test_who_lost_the_claim_to_another_worker_passes_no_fence(post: Post) -> None:
    with writing(post.engine) as connection:
        first = claimed(post, connection, "2026-11-20 10:02")
        reap(connection, instant("2026-11-20 10:05"))
        second = claimed(post, connection, "2026-11-20 10:05", worker="two")
    assert len(first) == len(second) == 1
    with writing(post.engine) as connection:
        assert fence(connection, first, instant("2026-11-20 10:05"), SENDING_LEASE) == set()
        assert fence(connection, second, instant("2026-11-20 10:05"), SENDING_LEASE) == {second[0].touch_id}


def test_a_live_claim_is_nobody_elses(post: Post) -> None:
    with writing(post.engine) as connection:
        assert len(claimed(post, connection, "2026-11-20 10:02")) == 1
        assert reap(connection, instant("2026-11-20 10:03")).released == 0


@pytest.mark.parametrize("late", [Deferred("message", "451", ""), Rejected("message", "554", ""), Accepted("250")])
def test_who_comes_back_after_its_lease_writes_nothing(post: Post, late: Deferred | Rejected | Accepted) -> None:
    with writing(post.engine) as connection:
        held = claimed(post, connection, "2026-11-20 10:02")
        fence(connection, held, instant("2026-11-20 10:02"), SENDING_LEASE)
        assert reap(connection, instant("2026-11-20 10:15")).unknown == 1
    with writing(post.engine) as connection:
        assert record(connection, [Tried(held[0], late, fenced=True)], instant("2026-11-20 10:16")) == 0
    assert status(post) == "unknown"
    assert count(post, Contact) == 1


def test_a_minute_between_fence_and_payload_is_too_long(post: Post) -> None:
    held: list[bool] = []

    async def slow(ready: Ready, fence_of: FenceOf) -> NotSent:
        permit = await fence_of(ready)()
        post.standing.move(60)
        held.append(permit is not None and permit.check())
        post.mail._send = usual  # type: ignore[method-assign]
        return NotSent("too late")

    usual = post.mail._send
    post.mail._send = slow  # type: ignore[method-assign, assignment]
    asyncio.run(_once(post))
    assert held == [False]


def test_a_clock_set_back_while_the_fence_is_asked_holds_the_letter(engine: Engine, tmp_path: Path) -> None:
    """The shop called alice at two yesterday, and lets twenty hours pass; at half past nine they have not."""
    post = Post(engine, tmp_path, THANKS, **MEETING, min_gap="20 hours")
    post.shop.order(post.shop.customer("alice"), "2026-11-20 09:00")
    post.shop.contact(ALICE, "2026-11-19 14:00")
    post.shop.tick("2026-11-20 10:01")

    def set_back(_: Connection) -> None:
        post.standing.at -= timedelta(minutes=30)

    before_fence(post, lambda: event.listen(engine, "begin", set_back, once=True))
    assert post.deliver("2026-11-20 10:02")["refused"] == 1
    assert post.standing.at == instant("2026-11-20 09:32")
    assert post.arrived() == []
    assert status(post) == "planned"
    silent(post)


async def _once(post: Post) -> list[str]:
    worker = post.worker()
    post.standing.at = instant("2026-11-20 10:02")
    try:
        await worker.deliver_due()
    finally:
        await worker.close()
    return post.arrived()


def test_two_in_one_fence_for_one_person_are_one(engine: Engine, tmp_path: Path) -> None:
    news = letter("news", "{after: order}", step="valid_for: 5 days")
    post = due(engine, tmp_path, THANKS, news)
    at = "2026-11-20 10:02"
    with writing(engine) as connection:
        one = claimed(post, connection, at)
        two = claimed(post, connection, at, worker="two")
        assert len(one) == len(two) == 1
        assert len(fence(connection, [*one, *two], instant(at), SENDING_LEASE)) == 1


def test_what_nobody_can_know_counts_for_the_caps(engine: Engine, tmp_path: Path) -> None:
    news = letter("news", "{after: order}", "priority: 10", step="valid_for: 5 days")
    post = due(engine, tmp_path, THANKS, news, caps=[{"at_most": 1, "per": "day"}])
    post.answer = lambda _: Unknown("no reply")
    assert post.tick("2026-11-20 10:02")["unknown"] == 1
    assert count(post, Contact) == 1
    post.answer = lambda _: Accepted("250")
    post.tick("2026-11-20 12:00")
    assert post.arrived() == []
    silent(post)


def test_what_provably_never_left_counts_no_more(post: Post) -> None:
    post.answer = lambda _: Deferred("message", "451", "")
    assert post.deliver("2026-11-20 10:02")["deferred"] == 1
    assert count(post, Contact) == 0
    assert status(post) == "planned"


def test_a_touch_is_planned_once_however_often_its_order_is_seen(post: Post) -> None:
    post.shop.tick("2026-11-20 11:01")
    post.shop.tick("2026-11-20 12:01")
    assert count(post, Touch) == 1


def test_the_same_key_for_every_try(post: Post) -> None:
    keys: set[str] = set()

    def defer(ready: Ready) -> Deferred:
        keys.add(ready.key)
        return Deferred("message", "451", "")

    post.answer = defer
    for hour in (10, 12, 14):
        post.deliver(f"2026-11-20 {hour}:30")
    assert len(keys) == 1
    assert post.standing.at - instant("2026-11-20 10:00") > timedelta(hours=4)
