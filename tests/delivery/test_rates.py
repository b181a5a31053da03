"""Rates are shared through the database: workers on several hosts together stay below them; leases lost end a round."""

import asyncio
from pathlib import Path

from sqlalchemy import Engine

from nurture.delivery.throttle import SLOWED, Rate, admit, slow_down, slowed_domains, speed_up
from nurture.delivery.worker import LEASE, Worker
from nurture.store import writing

from .post import Post
from .test_worker import MEETING, THANKS

START = 1_800_000_000.0


def admitted(engine: Engine, rate: Rate, now: float, wanted: int = 1_000) -> int:
    with writing(engine) as connection:
        return admit(connection, rate, now, wanted)


def test_two_workers_share_one_hour(engine: Engine, tmp_path: Path) -> None:
    """240 an hour: four may leave at once after a pause, then one each fifteen seconds, whoever asks."""
    email = {"from_address": "minato@minato.example", "per_hour": 240}
    post = Post(engine, tmp_path, THANKS, **{**MEETING, "email": email})
    for number in range(20):
        post.shop.order(post.shop.customer(f"person{number}"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    post.standing.at = post.shop.now

    async def both() -> None:
        workers = [post.worker("one"), post.worker("two")]
        await asyncio.gather(*(each.deliver_due() for each in workers))
        for each in workers:
            await each.close()

    arrived = []
    for _ in range(4):
        asyncio.run(both())
        arrived.append(len(post.arrived()))
        post.standing.move(30)
    assert arrived == [4, 6, 8, 10]


def test_a_rate_holds_over_an_hour_whatever_the_workers_ask_for(engine: Engine) -> None:
    rate = Rate("channel:email", 1.0, 10)
    taken = sum(admitted(engine, rate, START + second, 7) for second in range(600) for _ in range(2))
    assert 600 <= taken <= 610


def test_a_clock_a_little_behind_takes_no_more_than_its_share(engine: Engine) -> None:
    rate = Rate("channel:line", 2.0, 4)
    assert admitted(engine, rate, START) == 4
    assert admitted(engine, rate, START - 3) == 0
    assert admitted(engine, rate, START + 1) == 2


def test_a_domain_that_asks_for_less_gets_nothing_for_a_while_and_then_little(engine: Engine) -> None:
    rate = Rate("domain:home.example", 10.0, 10)
    assert admitted(engine, rate, START, 5) == 5
    with writing(engine) as connection:
        slow_down(connection, "home.example", START, 300)
        assert slowed_domains(connection) == {"home.example"}
    assert admitted(engine, rate, START + 299) == 0
    assert [admitted(engine, rate, START + 300 + second) for second in (0, 4, 5, 100)] == [1, 0, 1, 1]
    assert 1 / SLOWED == 5
    with writing(engine) as connection:
        speed_up(connection, "home.example")
        assert slowed_domains(connection) == set()


def test_a_worker_that_slept_past_its_leases_hands_nothing_more_over_in_that_round(
    engine: Engine, tmp_path: Path
) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    worker: Worker = post.worker()

    async def sleep_too_long() -> list[bool]:
        renewing = asyncio.create_task(worker._renew())
        await asyncio.sleep(0)
        seen = [worker.lost]
        post.standing.move(LEASE + 1)
        for _ in range(50):
            await asyncio.sleep(0.01)
        renewing.cancel()
        return [*seen, worker.lost]

    assert asyncio.run(sleep_too_long()) == [False, True]
    post.shop.order(post.shop.customer("alice"), "2026-11-20 10:00")
    post.shop.tick("2026-11-20 10:05")
    post.standing.at = post.shop.now
    assert asyncio.run(worker.deliver_due())["sent"] == 1
    asyncio.run(worker.close())
