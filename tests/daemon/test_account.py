"""What LINE says of the shop's account: the bot's own id, and how many people are left for us in this month."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.channels.line import LineTransport
from nurture.config import Settings
from nurture.daemon import LineAccountWatch, Shop
from nurture.delivery.writer import Writer
from nurture.gates.quota import in_force
from nurture.store import reading
from tests.delivery.post import Post
from tests.fakes.line import TOKEN, Fails, FakeLine, speaking
from tests.planning.people import instant, letter

THANKS = letter("thanks", "{after: order}", step="channels: [line], valid_for: 3 days")
NOVEMBER = "2026-11-20 10:00"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def opened(engine: Engine, folder: Path, quota: int | None = None) -> Post:
    line = {"enabled": True, "monthly_quota": quota}
    return Post(engine, folder, THANKS, line=line, opt_out_mailbox="stop@minato.example", secrets={"secret_key": "k"})


def looks(post: Post, fake: FakeLine, times: Sequence[str] = (NOVEMBER,), token: str = TOKEN) -> tuple[list[bool], str]:
    """What each look changed, and the bot's id as it is known by then."""

    async def look() -> tuple[list[bool], str]:
        writer = Writer(post.engine)
        async with speaking(fake):
            line = LineTransport(fake.account(token), 5)
            watch = LineAccountWatch(line, writer)
            shop = Shop(post.shop.settings, post.shop.campaigns, post.templates)
            found = [await watch.look(shop, instant(each)) for each in times]
            await line.close()
        writer.close()
        return found, watch.bot

    return asyncio.run(look())


def narrowed(post: Post, now: str = NOVEMBER) -> Settings:
    with reading(post.engine) as connection:
        return in_force(connection, post.shop.settings, instant(now))


def quota(post: Post, now: str = NOVEMBER) -> int | None:
    return narrowed(post, now).line.monthly_quota


def test_lines_own_figure_holds_where_the_shop_set_none(engine: Engine, tmp_path: Path) -> None:
    post = opened(engine, tmp_path)
    assert narrowed(post) is post.shop.settings
    assert looks(post, FakeLine(quota=200)) == ([True], FakeLine().bot)
    assert quota(post) == 200


def test_the_lower_one_holds(engine: Engine, tmp_path: Path) -> None:
    post = opened(engine, tmp_path, quota=50)
    looks(post, FakeLine(quota=200, used=120))
    assert quota(post) == 50
    looks(post, FakeLine(quota=200, used=170))
    assert quota(post) == 30


def test_what_was_sent_from_elsewhere_is_taken_off_and_our_own_is_not(engine: Engine, tmp_path: Path) -> None:
    post = opened(engine, tmp_path)
    for name in ("alice", "bob"):
        post.shop.order(post.shop.customer(name, line=True), "2026-11-19 12:00")
    assert post.tick("2026-11-19 12:05")["sent"] == 2
    looks(post, FakeLine(quota=200, used=2))
    assert quota(post) == 200
    looks(post, FakeLine(quota=200, used=12))
    assert quota(post) == 190
    # LINE's count lags: a lower one later gives nothing back.
    looks(post, FakeLine(quota=200, used=5))
    assert quota(post) == 190


def test_a_new_month_begins_anew(engine: Engine, tmp_path: Path) -> None:
    post = opened(engine, tmp_path)
    looks(post, FakeLine(quota=200, used=150))
    assert quota(post) == 50
    assert quota(post, "2026-12-01 00:00") == 200


def test_an_account_without_limit_leaves_the_shops_own(engine: Engine, tmp_path: Path) -> None:
    post = opened(engine, tmp_path, quota=77)
    looks(post, FakeLine(quota=None, used=9_000))
    assert quota(post) == 77


def test_it_is_asked_hourly_and_sooner_after_a_failure(engine: Engine, tmp_path: Path) -> None:
    post = opened(engine, tmp_path)
    times = ("2026-11-20 10:00", "2026-11-20 10:01", "2026-11-20 10:59", "2026-11-20 11:00")
    assert looks(post, FakeLine(), times)[0] == [True, False, False, True]
    again = ("2026-11-20 10:00", "2026-11-20 10:04", "2026-11-20 10:05")
    assert looks(post, FakeLine(script=[Fails(500)]), again)[0] == [False, False, True]
    assert looks(post, FakeLine(), again, token="revoked") == ([False, False, False], "")


def test_planning_reserves_what_line_leaves(engine: Engine, tmp_path: Path) -> None:
    """Three people wait for a push and LINE has two left: one of them is not promised anything."""
    post = opened(engine, tmp_path)
    for name in ("alice", "bob", "charlie"):
        post.shop.order(post.shop.customer(name, line=True), "2026-11-20 09:55")
    looks(post, FakeLine(quota=200, used=198))
    post.shop.settings = narrowed(post)
    assert post.tick("2026-11-20 10:00")["sent"] == 2
    assert len(post.line.arrived) == 2
