"""What comes back from delivery while planning, a pause or a limit goes on beside it; nothing is lost or sent twice."""

import asyncio
from pathlib import Path

from sqlalchemy import Engine, update

from nurture.channels.outcome import Accepted, Deferred, Outcome, Rejected
from nurture.delivery.values import Ready
from nurture.gates.situation import Situation
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.store import pause, planning, resume, writing
from nurture.store.tables import Touch, table
from tests.planning.people import instant, letter

from .post import Post
from .test_worker import MEETING, THANKS

TOUCH = table(Touch)


def test_a_mail_refused_for_now_while_a_tick_plans_is_still_tried_again(engine: Engine, tmp_path: Path) -> None:
    """The tick saw nothing left to plan and ended the enrollment, so that the next claim cancelled the mail."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")

    def answer(_: Ready) -> Outcome:
        post.shop.tick("2026-11-20 10:06")
        return Deferred("message", "451 4.7.1", "greylisted")

    post.answer = answer
    post.tick("2026-11-20 10:05")
    post.answer = lambda _: Accepted("250")
    assert post.tick("2026-11-20 10:45")["sent"] == 1
    post.tick("2026-11-20 10:46")
    assert post.shop.tick("2026-11-20 10:47").planned.owners == 0


def test_a_domain_that_distrusts_us_is_asked_again_later_and_not_at_once(engine: Engine, tmp_path: Path) -> None:
    """The mail kept its slot, so that the worker handed it over again and again without a pause."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    alice = post.shop.customer("alice")
    post.shop.order(alice, "2026-11-20 10:00")
    asked: list[Ready] = []

    def answer(ready: Ready) -> Outcome:
        asked.append(ready)
        return Rejected("domain", "550 5.7.1", "policy") if len(asked) < 3 else Accepted("250")

    post.answer = answer
    post.tick("2026-11-20 10:05")
    assert len(asked) == 1
    assert post.shop.the(alice).status == "planned"
    assert post.shop.the(alice).at > "2026-11-20 10:09"


def test_a_push_refused_for_good_is_not_pushed_again_as_its_own_next_channel(engine: Engine, tmp_path: Path) -> None:
    """The next channel was counted from the first, though planning had begun with the second."""
    both = letter("thanks", "{after: order}", step="channels: [email, line]")
    post = Post(engine, tmp_path, both, **MEETING, line={"enabled": True})
    alice = post.shop.customer("alice", mail=False, line=True)
    post.shop.order(alice, "2026-11-20 10:00")
    asked: list[Ready] = []

    def answer(ready: Ready) -> Outcome:
        asked.append(ready)
        return Rejected("message", "400", "bad")

    post.answer = answer
    post.tick("2026-11-20 10:05")
    assert len(asked) == 1
    assert post.shop.the(alice).status == "failed"


def test_a_worker_whose_leases_once_failed_delivers_in_its_next_round(engine: Engine, tmp_path: Path) -> None:
    """One failed renewal stopped every later delivery until somebody restarted the daemon."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    post.standing.at = instant("2026-11-20 10:05")

    async def deliver() -> int:
        worker = post.worker()
        worker.lost = True
        try:
            return (await worker.deliver_due())["sent"]
        finally:
            await worker.close()

    assert asyncio.run(deliver()) == 1


def test_a_resume_while_a_tick_is_planning_is_found_by_the_next_one(engine: Engine, tmp_path: Path) -> None:
    """The tick wrote its own generation over that of the resume, and what waited for it expired."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    shop = post.shop
    shop.order(shop.customer("alice"), "2026-11-20 10:00")
    with writing(engine) as connection:
        pause(connection, "all", "", instant("2026-11-20 09:00"))
    now = instant("2026-11-20 10:05")
    situation = Situation(shop.settings, shop.campaigns, {}, now)
    with planning(engine, prepare) as session:
        planned = plan(session.connection, situation)
        with writing(engine) as connection:
            resume(connection, "all", now)
        commit(session, situation, planned)
    assert post.tick("2026-11-20 10:06")["sent"] == 1


def test_an_overdue_mail_that_is_claimed_takes_its_place_in_todays_limit(engine: Engine, tmp_path: Path) -> None:
    """Until it passed the fence it counted to the day of its old slot, and as many more were claimed beside it."""
    visit = letter("visit", "{event: visit}", "at_most: {count: 1}", step="valid_for: 9 days")
    post = Post(engine, tmp_path, visit, **MEETING)
    alice, bob = post.shop.customer("alice"), post.shop.customer("bob")
    post.shop.event(alice, "visit", "2026-11-20 09:00")
    post.shop.tick("2026-11-20 09:00")
    post.shop.event(bob, "visit", "2026-11-21 09:00")
    post.shop.tick("2026-11-21 09:00")
    late = {"status": "claimed", "token": 1, "worker": "other", "lease_until": instant("2026-11-21 10:05")}
    with writing(engine) as connection:
        connection.execute(update(TOUCH).where(TOUCH.c.customer_id == alice).values(**late))
        connection.execute(update(TOUCH).where(TOUCH.c.customer_id == bob).values(at=instant("2026-11-21 09:00")))
    assert post.deliver("2026-11-21 10:00") == {}
    assert post.shop.the(bob).verdict == "over_quota"


def test_a_pause_without_an_end_holds_although_one_with_an_end_stood_there(engine: Engine, tmp_path: Path) -> None:
    """The owner's stop was taken for one that stood already, and the channel went on when that had run out."""
    post = Post(engine, tmp_path, THANKS, **MEETING)
    with writing(engine) as connection:
        pause(connection, "channel:email", "limit", instant("2026-11-19 09:00"), instant("2026-11-20 09:00"))
        assert pause(connection, "channel:email", "owner", instant("2026-11-19 10:00"))
        assert not pause(connection, "channel:email", "owner", instant("2026-11-19 10:01"))
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    assert post.tick("2026-11-20 10:05") == {}
