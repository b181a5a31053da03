"""Who is in, who has left and who may not be reached, as other systems got it wrong.

Alice stays, bob says no, charlie comes and goes.
"""

import pytest
from sqlalchemy import Engine

from nurture.store import bucket_of

from .people import Shop, letter

THANKS = letter("thanks", "{after: order}", step="wait: 1 day, valid_for: 10 days")
COURSE = """
campaign: course
title: 30日
trigger: {after: order}
steps:
  - {step: first, template: a}
  - {step: second, wait: 30 days, template: b}
exit_when:
  - orders: {after_opening: true}
"""
SILENT = """
segments:
  - segment: friends
    condition: [tag: friend]
"""


@pytest.mark.parametrize("way", ["opt out", "withdrawal", "complaint of the provider", "never"])
def test_bob_who_says_no_between_plan_and_sending_gets_nothing_and_is_not_tried_again(engine: Engine, way: str) -> None:
    """mautic #4356, #4494, #6815, PR #10171: unsubscribed contacts were attempted, failed and retried on every run."""
    shop = Shop(engine, THANKS)
    bob = shop.customer("bob")
    shop.order(bob, "2026-11-19 10:00")
    shop.tick("2026-11-19 11:00")
    assert shop.plans(bob) == ["thanks/letter planned ok 2026-11-20 10:00"]
    if way == "opt out":
        shop.suppress(bob, "2026-11-19 12:00")
    elif way == "withdrawal":
        shop.withdraw(bob, "email", "2026-11-19 12:00")
    elif way == "never":
        shop.correct(bob, never=True)
    else:
        shop.suppress(bob, "2026-11-19 12:00", scope="all", channel="email")
    shop.tick("2026-11-19 12:00")
    moves = shop.moves(bob)
    found = shop.the(bob)
    waits = way == "withdrawal"
    assert (found.status, found.verdict) == (("planned", "no_consent") if waits else ("suppressed", "suppressed"))
    assert found.at == "-"
    shop.ticks("2026-11-19 13:00", "2026-11-20 10:00", "2026-11-21 10:00")
    assert shop.got(bob) == []
    assert shop.moves(bob) == moves
    shop.ticks("2026-11-30 10:00")
    assert shop.the(bob).status == ("expired" if waits else "suppressed")
    assert shop.tick("2026-12-01 10:00").planned.owners == 0


def test_an_address_that_bounced_ends_the_letter_of_bob_and_of_nobody_else(engine: Engine) -> None:
    """mautic #7226: one bad address in a batch, and the others were written to again and again."""
    shop = Shop(engine, letter("thanks", "{after: order}"))
    people = [shop.customer(name) for name in ("alice", "bob", "charlie")]
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    alice, bob, charlie = people
    shop.send(alice, "thanks/letter")
    shop.send(bob, "thanks/letter", status="failed")
    shop.send(charlie, "thanks/letter")
    for when in ("2026-11-20 10:01", "2026-11-20 11:00"):
        assert shop.tick(when).committed.touches == 0
    assert [shop.the(who).status for who in people] == ["sent", "failed", "sent"]


def test_a_refusal_to_hear_of_mills_holds_back_the_mill_and_nothing_else(engine: Engine) -> None:
    """No other system remembers at the level of a product what was refused."""
    mill = letter("mill", "{after: order}", "about: {category: ミル}", step="valid_for: 10 days")
    shop = Shop(engine, mill, letter("thanks", "{after: order}"))
    bob = shop.customer("bob")
    shop.refuse(bob, "ミル", "2026-11-19 10:00", until="2026-11-22 12:00")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == ["thanks/letter planned ok 2026-11-20 10:00"]
    shop.tick("2026-11-22 12:00")
    assert "mill/letter planned ok 2026-11-22 12:00" in shop.plans(bob)


def test_a_complaint_holds_back_offers_until_it_is_settled_and_receipts_never(engine: Engine) -> None:
    """The trade does this by hand with tags: whoever complains is not to be advertised to."""
    receipt = letter("receipt", "{after: order}", "purpose: transactional", "because: 注文の控え")
    shop = Shop(engine, letter("thanks", "{after: order}", step="valid_for: 3 days"), receipt)
    bob = shop.customer("bob")
    shop.complain(bob, "2026-11-19 10:00", until="2026-11-21 15:00")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == ["receipt/letter planned ok 2026-11-20 10:00"]
    shop.tick("2026-11-21 15:00")
    assert "thanks/letter planned ok 2026-11-21 15:00" in shop.plans(bob)


def test_a_purchase_during_the_thirty_days_ends_them_at_once(engine: Engine) -> None:
    """Braze evaluates exits at the end of a step: the reason had gone, the letter went out."""
    shop = Shop(engine, COURSE)
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-01 10:00")
    shop.ticks("2026-11-01 10:00")
    shop.order(alice, "2026-11-05 10:00")
    shop.tick("2026-11-05 10:01")
    assert shop.enrollments(alice)[0] == "course order:o1 exited"
    shop.ticks("2026-11-05 10:05", "2026-12-04 10:00", "2026-12-05 10:00")
    assert shop.got(alice) == [
        "course/first 2026-11-01 10:00",
        "course/first 2026-11-05 10:01",
        "course/second 2026-12-05 10:00",
    ]


def test_an_order_that_is_cancelled_takes_its_letters_with_it(engine: Engine) -> None:
    """A thank-you for what was sent back; the touch is cancelled and the enrollment closed."""
    shop = Shop(engine, THANKS)
    alice = shop.customer("alice")
    order = shop.order(alice, "2026-11-20 10:00")
    shop.tick("2026-11-20 11:00")
    shop.cancel(alice, order)
    shop.tick("2026-11-20 12:00")
    assert shop.plans(alice) == ["thanks/letter cancelled left_audience -"]
    assert shop.enrollments(alice) == ["thanks order:o1 closed"]
    assert shop.tick("2026-11-21 10:00").planned.owners == 0


@pytest.mark.parametrize(("again", "times"), [("once", 1), ("after 10 days", 1), ("per occurrence", 2)])
def test_charlie_who_leaves_the_segment_and_comes_back_is_met_again_only_where_it_says_so(
    engine: Engine, again: str, times: int
) -> None:
    """mautic #7881, #7338: restart was off, and people who re-entered were written to again."""
    hello = letter("hello", "{entered: friends}", f"again: {again}")
    shop = Shop(engine, SILENT, hello)
    charlie = shop.customer("charlie")
    shop.ticks("2026-11-20 09:00")
    shop.tag(charlie, "friend")
    shop.ticks("2026-11-20 10:00")
    shop.untag(charlie, "friend")
    shop.ticks("2026-11-21 10:00")
    shop.tag(charlie, "friend")
    shop.ticks("2026-11-22 10:00", "2026-11-22 11:00", "2026-11-23 10:00")
    assert shop.got(charlie) == ["hello/letter 2026-11-20 10:00", "hello/letter 2026-11-22 10:00"][:times]


def test_who_was_a_friend_before_the_watch_began_is_not_greeted_as_a_new_one(engine: Engine) -> None:
    """The first morning of a campaign would otherwise write to half the list."""
    shop = Shop(engine, SILENT, letter("hello", "{entered: friends}"))
    alice = shop.customer("alice")
    shop.tag(alice, "friend")
    shop.ticks("2026-11-20 09:00", "2026-11-20 10:00", "2026-11-21 10:00")
    assert shop.got(alice) == []


def test_charlie_who_has_left_the_audience_when_it_is_due_gets_nothing_but_may_come_back_before(engine: Engine) -> None:
    """Customer.io's four kinds of leaving: here the audience is asked again, and only the due time concludes."""
    shop = Shop(engine, letter("offer", "{after: order}", "audience: [tag: friend]", step="wait: 2 days"))
    charlie = shop.customer("charlie")
    shop.tag(charlie, "friend")
    shop.order(charlie, "2026-11-20 10:00")
    shop.tick("2026-11-20 11:00")
    shop.tick("2026-11-21 08:00")
    assert shop.plans(charlie) == ["offer/letter planned ok 2026-11-22 10:00"]
    shop.untag(charlie, "friend")
    shop.tick("2026-11-21 09:00")
    assert shop.plans(charlie) == ["offer/letter planned left_audience -"]
    shop.tag(charlie, "friend")
    shop.tick("2026-11-21 10:00")
    assert shop.plans(charlie) == ["offer/letter planned ok 2026-11-22 10:00"]
    shop.untag(charlie, "friend")
    shop.tick("2026-11-22 10:00")
    assert shop.plans(charlie) == ["offer/letter cancelled left_audience -"]


def test_line_is_blocked_and_mail_is_allowed_so_mail_it_is(engine: Engine) -> None:
    """mautic's marketing message, LINE's unfollow: fall back, or leave out with a reason."""
    both = letter("hello", "{after: order}", step="channels: [line, email], valid_for: 3 days")
    shop = Shop(engine, both)
    alice, bob, charlie = (shop.customer(name, line=True) for name in ("alice", "bob", "charlie"))
    for who in (bob, charlie):
        shop.suppress(who, "2026-11-19 10:00", scope="all", channel="line")
    shop.withdraw(charlie, "email", "2026-11-19 10:00")
    for who in (alice, bob, charlie):
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert (shop.the(alice).channel, shop.the(bob).channel) == ("line", "email")
    assert shop.plans(charlie) == []
    shop.tick("2026-11-23 10:00")
    assert shop.plans(charlie) == ["hello/letter expired no_consent -"]


def test_somebody_merged_into_alice_or_erased_is_not_written_to(engine: Engine) -> None:
    """mautic #4681: contacts that no longer exist, tried on every run."""
    shop = Shop(engine, letter("thanks", "{after: order}"))
    alice = shop.customer("alice")
    twin, gone = shop.customer("twin", merged_into=alice), shop.customer("gone")
    shop.correct(gone, erased_at=shop.now)
    for who in (twin, gone):
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.enrollments(twin) == shop.enrollments(gone) == []


def test_the_control_group_is_drawn_once_and_stays_in_the_ledger(engine: Engine) -> None:
    """Braze: control is never treated later; Customer.io: held-out people must stand in the ledger to be compared."""
    shop = Shop(engine, letter("thanks", "{after: order}", "holdout: 50%"))
    names = [f"person {number}" for number in range(16)]
    people = [shop.customer(name, bucket=bucket_of(b"the key of these tests", name)) for name in names]
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    held = [who for who in people if shop.the(who).status == "held_out"]
    assert 2 <= len(held) <= 14
    for who in people:
        shop.order(who, "2026-11-25 10:00")
    shop.ticks("2026-11-25 10:00")
    assert [who for who in people if shop.told(who)[-1].status == "held_out"] == held
    assert all(not shop.got(who) for who in held)
