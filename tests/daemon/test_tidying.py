"""What people write in the LINE chat is kept no longer than the shop says."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from nurture.catalogue import say_mistakes
from nurture.config import load_settings
from nurture.daemon import Shop, Tidying
from nurture.delivery.writer import Writer
from nurture.feedback import keep, read_delivery, settle
from nurture.mistake import MistakesFound
from nurture.store import writing
from nurture.store.tables import Inbound, table
from tests.delivery.post import Post
from tests.feedback.line import delivery, said
from tests.feedback.people import rows
from tests.planning.people import instant, letter

THANKS = letter("thanks", "{after: order}")


@pytest.fixture
def post(engine: Engine, tmp_path: Path) -> Post:
    """Three messages of a month: an old one, a newer one, and an old one on which nobody could act."""
    made = Post(engine, tmp_path, THANKS, line={"enabled": True, "keep_chats": "30 days"})
    for day, done in (("2026-10-01", True), ("2026-11-20", True), ("2026-10-02", False)):
        at = instant(f"{day} 12:00")
        with writing(engine) as connection:
            keep(connection, read_delivery(delivery(said(f"on {day}", at)), at).arrivals, at)
            if done:
                newest = connection.scalar(select(func.max(table(Inbound).c.id)))
                settle(connection, int(newest or 0), "noted", None, at)
    return made


def tidied(post: Post, *times: str) -> Sequence[str]:
    async def tidy() -> None:
        writer = Writer(post.engine)
        tidying = Tidying(writer)
        for each in times:
            shop = Shop(post.shop.settings, post.shop.campaigns, post.templates)
            assert await tidying.tidy(shop, instant(each)) is False
        writer.close()

    asyncio.run(tidy())
    return [row.body[row.body.index("on 2026") :][:13] for row in rows(post.engine, Inbound)]


def test_what_is_old_and_done_goes(post: Post) -> None:
    assert tidied(post, "2026-10-31 11:00") == ["on 2026-10-01", "on 2026-11-20", "on 2026-10-02"]
    assert tidied(post, "2026-11-22 00:00") == ["on 2026-11-20", "on 2026-10-02"]


def test_it_looks_once_a_day(post: Post) -> None:
    assert len(tidied(post, "2026-10-31 11:00", "2026-10-31 23:59")) == 3
    assert len(tidied(post, "2026-10-31 11:00", "2026-11-01 00:00")) == 2


@pytest.mark.parametrize("length", ["0 days", "3 hours", "1 month", "1 day 2 hours"])
def test_the_time_is_told_in_whole_days(tmp_path: Path, length: str) -> None:
    (tmp_path / "config.yaml").write_text(f"shop: {{name: Minato}}\nline: {{keep_chats: {length}}}\n", "utf-8")
    with pytest.raises(MistakesFound) as caught:
        load_settings(tmp_path, {})
    assert "keep_chats" in say_mistakes("en", caught.value)
