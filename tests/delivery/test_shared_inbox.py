"""Caps of people who share an inbox, from the claim to the fence: who joins in between takes the message's leave."""

from pathlib import Path

from sqlalchemy import Engine

from nurture.delivery.claiming import claim
from nurture.delivery.values import Ready
from nurture.intake.sharing import join_inboxes
from nurture.store import writing
from tests.planning.people import instant, letter

from .post import Post
from .test_worker import MEETING

THANKS = letter("thanks", "{after: order}", step="valid_for: 5 days")
WEEKLY = {"caps": [{"at_most": 1, "per": "7 days"}]}
NOON = "2026-11-20 12:00"


def test_bob_who_moves_in_with_alice_behind_her_claim_uses_up_the_week_of_both(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING, **WEEKLY)
    alice, bob = post.shop.customer("alice"), post.shop.customer("bob")
    post.shop.order(alice, "2026-11-20 10:00")
    post.shop.contact(bob, "2026-11-20 09:00")

    def move_in(ready: Ready) -> None:
        with writing(engine) as connection:
            join_inboxes(connection, [(bob, alice)], (), instant(NOON))

    post.mail.before_fence = move_in
    assert post.tick(NOON)["refused"] == 1
    assert post.arrived() == []


def test_a_claim_knows_who_shares_an_inbox(engine: Engine, tmp_path: Path) -> None:
    post = Post(engine, tmp_path, THANKS, **MEETING)
    people = {name: post.shop.customer(name) for name in ("alice", "bob", "charlie")}
    with writing(engine) as connection:
        join_inboxes(connection, [(people["bob"], people["alice"])], (), instant("2026-11-20 09:00"))
    for who in people.values():
        post.shop.order(who, "2026-11-20 10:00")
    post.shop.tick(NOON)
    now, found = instant(NOON), {}
    situation = post.worker().shift.situation(now)
    for _ in range(3):
        with writing(engine) as connection:
            for each in claim(connection, situation, worker="w", channels=["email"], limit=9, lease=120):
                found[each.customer_id] = each.shares
    shares = {name: found[who] for name, who in people.items() if who in found}
    assert shares["charlie"] is False
    assert {shares[name] for name in ("alice", "bob") if name in shares} == {True}
