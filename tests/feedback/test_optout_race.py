"""Thousands opt out while a batch is on its way: who said no before the fence's commit gets nothing.

Opt-outs and fences run on threads of their own, over the same people in rounds, so that they meet all the time. Each
opt-out looks, in its own transaction, whether the message had gone; the database decides who was first.
"""

import random
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic_ns

import pytest
from sqlalchemy import Engine, insert, select

from nurture.campaign import Campaign, load_campaigns
from nurture.delivery.fencing import fence
from nurture.delivery.values import Claimed
from nurture.feedback import opt_out
from nurture.store import writing
from nurture.store.tables import Attempt, Consent, Contact, Customer, Generation, Touch, table
from tests.feedback.people import LONG_AGO, NOON, japan, rows, settings, touch

ROUND, FENCED_TOGETHER = 10, 2
LATEST = japan("2026-11-22 19:30")
LETTER = """
campaign: letter
title: Letter
trigger: {after: order}
steps: [{step: letter, template: letter}]
"""


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    folder = tmp_path / "campaigns"
    folder.mkdir()
    (folder / "letter.yaml").write_text(LETTER)
    return load_campaigns(folder, settings()).campaigns[0]


def claims_of(engine: Engine, campaign: Campaign, people: int) -> list[Claimed]:
    """A claimed message for everybody, as a worker holds it, in an order of chance."""
    until = int(LATEST.timestamp())
    numbers = range(1, people + 1)
    with writing(engine) as connection:
        connection.execute(insert(table(Generation)).values(digest="now", began_at=LONG_AGO))
        generation = connection.scalar(select(table(Generation).c.id))
        everybody = [{"id": n, "bucket": n, "created_at": LONG_AGO, "version": 1, "attributes": {}} for n in numbers]
        connection.execute(insert(table(Customer)), everybody)
        yes = {"channel": "email", "status": "granted", "basis": "opt_in", "source": "form", "given_at": LONG_AGO}
        permitted = [{"customer_id": n, "purpose": "commercial", "recorded_at": LONG_AGO, **yes} for n in numbers]
        connection.execute(insert(table(Consent)), permitted)
        held = {"token": 1, "customer_version": 1, "generation": generation, "sendable_until": LATEST, "worker": "w"}
        connection.execute(insert(table(Touch)), [touch(n, n, "claimed", **held).model_dump() for n in numbers])
    claims = [_claimed(number, campaign, until) for number in numbers]
    random.Random(20261122).shuffle(claims)
    return claims


def _claimed(number: int, campaign: Campaign, until: int) -> Claimed:
    return Claimed(
        touch_id=number,
        token=1,
        customer_id=number,
        owner_id=number,
        campaign=campaign,
        step=campaign.steps[0],
        occurrence=f"order:{number}",
        subject_id=None,
        occurred_at=0,
        channel="email",
        address=f"person{number}@home.example",
        hop=0,
        attempts=0,
        expires_at=until,
        sendable_until=until,
    )


def test_whose_no_was_committed_before_the_fence_gets_nothing(engine: Engine, campaign: Campaign) -> None:
    race(engine, claims_of(engine, campaign, 300))


@pytest.mark.long
def test_thousands_say_no_while_a_batch_is_on_its_way(engine: Engine, campaign: Campaign) -> None:
    race(engine, claims_of(engine, campaign, 4000))


def race(engine: Engine, claims: list[Claimed]) -> None:
    """Everybody opts out, one commit each, while everybody's message is fenced."""
    refused: dict[int, tuple[str, int]] = {}
    passed: dict[int, int] = {}

    def refuse(claimed: Sequence[Claimed]) -> None:
        for each in random.Random(claimed[0].touch_id).sample(claimed, len(claimed)):
            with writing(engine) as connection:
                opt_out(connection, each.customer_id, "email", "commercial", "link", "button", NOON)
                mine = table(Touch).c.id == each.touch_id
                status = connection.scalar(select(table(Touch).c.status).where(mine))
            refused[each.touch_id] = (str(status), monotonic_ns())

    def hand_over(claimed: Sequence[Claimed]) -> None:
        for start in range(0, len(claimed), FENCED_TOGETHER):
            begun = monotonic_ns()
            with writing(engine) as connection:
                through = fence(connection, claimed[start : start + FENCED_TOGETHER], NOON, 60)
            passed.update(dict.fromkeys(through, begun))

    in_rounds(claims, refuse, hand_over)
    final = {row.id: row.status for row in rows(engine, Touch)}
    assert len(refused) == len(claims)
    assert {status for status, _ in refused.values()} == {"suppressed", "sending"}, "one side always won: no race"
    for number, (status, committed) in refused.items():
        assert final[number] == status
        assert (number in passed) == (status == "sending")
        # The clock on the wall says the same: no fence that began after the refusal was committed let it pass.
        assert number not in passed or passed[number] < committed
    gone = {number for number, status in final.items() if status == "sending"}
    assert {row.touch_id for row in rows(engine, Contact)} == gone
    assert {row.touch_id for row in rows(engine, Attempt)} == gone


def in_rounds(claims: list[Claimed], *works: Callable[[Sequence[Claimed]], None]) -> None:
    """Each work on a thread of its own; they begin each round together, so that they meet on the same people."""
    start = threading.Barrier(len(works), timeout=120)

    def loop(work: Callable[[Sequence[Claimed]], None]) -> None:
        try:
            for first in range(0, len(claims), ROUND):
                start.wait()
                work(claims[first : first + ROUND])
        except BaseException:
            start.abort()
            raise

    with ThreadPoolExecutor(len(works)) as pool:
        for each in [pool.submit(loop, work) for work in works]:
            each.result()
