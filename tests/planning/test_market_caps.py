"""Caps, as other systems got them wrong. Alice is the customer, bob hears from the shop often."""

import pytest
from pydantic import ValidationError
from sqlalchemy import Engine

from nurture.config import Settings

from .people import Shop, letter

THANKS = letter("thanks", "{after: order}", "priority: 90", step="valid_for: 20 days")
REVIEW = letter("review", "{after: order}", "priority: 30", step="valid_for: 20 days")
RECEIPT = letter("receipt", "{after: order}", "purpose: transactional", "because: 注文の控え", "priority: 1")
ONCE_A_WEEK = [{"at_most": 1, "per": "7 days"}]


def test_of_two_campaigns_due_in_one_tick_alice_gets_the_better_one_and_the_other_waits_a_week(engine: Engine) -> None:
    """mautic #6729: a cap that campaigns did not ask; both went out in one run."""
    shop = Shop(engine, THANKS, REVIEW, caps=ONCE_A_WEEK)
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:05")
    assert shop.plans(alice) == [
        "thanks/letter planned ok 2026-11-20 10:05",
        "review/letter planned outranked 2026-11-27 10:05",
    ]
    assert shop.the(alice, "review/letter").failing[0]["by"][0]["what"] == "thanks/letter"
