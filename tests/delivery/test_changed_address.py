"""A message that came back once, to somebody whose address is another by the time it leaves."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, update

from nurture.channels.outcome import Accepted, Deferred, Outcome
from nurture.delivery.values import Ready
from nurture.store.tables import Address, table
from tests.planning.people import letter

from .post import Post
from .test_worker import MEETING

ADDRESS = table(Address)
THANKS = letter("thanks", "{after: order}", step="channels: [line, email], valid_for: 5 days")
LATER = {"line": "U" + "e" * 32, "email": "alice@later.example"}


@pytest.fixture
def tried() -> list[Ready]:
    """What was handed over, in order."""
    return []


def put_off_once(engine: Engine, folder: Path, tried: list[Ready], channel: str) -> tuple[Post, int]:
    """Alice ordered, and the first try of her thanks was put off."""
    post = Post(engine, folder, THANKS, **MEETING, line={"enabled": True})
    alice = post.shop.customer("alice", line=channel == "line", mail=channel == "email")
    post.shop.order(alice, "2026-11-20 10:00")

    def answer(ready: Ready) -> Outcome:
        tried.append(ready)
        return Deferred("channel", "429", "") if len(tried) == 1 else Accepted("250")

    post.answer = answer
    assert post.tick("2026-11-20 10:05")["deferred"] == 1
    return post, alice


@pytest.mark.parametrize("channel", ["line", "email"])
def test_who_has_another_address_since_the_first_try_is_written_to_there(
    engine: Engine, tmp_path: Path, tried: list[Ready], channel: str
) -> None:
    """The bytes of the first try were kept, with the former account in them: they went to whoever had that."""
    post, alice = put_off_once(engine, tmp_path, tried, channel)
    with post.shop.changing(alice) as connection:
        connection.execute(update(ADDRESS).where(ADDRESS.c.channel == channel).values(value=LATER[channel]))
    assert post.tick("2026-11-20 11:00")["sent"] == 1
    first, second = tried
    assert first.claimed.address.encode() in first.body
    assert (second.claimed.address, LATER[channel].encode() in second.body) == (LATER[channel], True)
    assert first.key != second.key


@pytest.mark.parametrize("channel", ["line", "email"])
def test_who_kept_the_address_gets_the_same_bytes(
    engine: Engine, tmp_path: Path, tried: list[Ready], channel: str
) -> None:
    post, _ = put_off_once(engine, tmp_path, tried, channel)
    assert post.tick("2026-11-20 11:00")["sent"] == 1
    first, second = tried
    assert (first.key, first.body, first.claimed.hop) == (second.key, second.body, second.claimed.hop)
