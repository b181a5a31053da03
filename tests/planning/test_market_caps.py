"""Caps, as other systems got them wrong. Alice is the customer, bob hears from the shop often."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from nurture.catalogue import say_mistakes
from nurture.config import load_settings
from nurture.mistake import MistakesFound

from .people import Shop, letter

THANKS = letter("thanks", "{after: order}", "priority: 90", step="valid_for: 20 days")
REVIEW = letter("review", "{after: order}", "priority: 30", step="valid_for: 20 days")
RECEIPT = letter("receipt", "{after: order}", "purpose: transactional", "because: 注文の控え", "priority: 1")
ONCE_A_WEEK = [{"at_most": 1, "per": "7 days"}]


def refusal(folder: Path, text: str) -> str:
    """What the owner reads about a config.yaml that can't be used."""
    (folder / "config.yaml").write_text(f"shop: {{name: みなと}}\n{text}\n", encoding="utf-8")
    with pytest.raises(MistakesFound) as found:
        load_settings(folder, {})
    return say_mistakes("en", found.value)


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{at_most: 0, per: day}", "a cap of 0 is refused; write 'unlimited' if there is to be no cap"),
        ("{at_most: -1, per: day}", "a cap of -1 is refused; write 'unlimited' if there is to be no cap"),
        ("{at_most: , per: day}", "config.yaml:2:9: caps.0.at_most: there is no value here"),
        ("{per: day}", "'at_most' is missing"),
        ("{at_most: none, per: day}", "'none'"),
        ("{at_most: 2, per: fortnight}", "config.yaml:2:21: caps.0.per: 'fortnight' can't be the period of a cap"),
        ("{at_most: 2, per: 1 month}", "'1 month'"),
        ("{at_most: 2, per: 0 days}", "'0 days'"),
    ],
)
def test_a_cap_of_nothing_is_refused_and_never_read_as_no_cap_or_as_silence(
    tmp_path: Path, written: str, told: str
) -> None:
    """mautic #10416, PR #10753: with 0 a day everything after the first mail was queued for ever."""
    assert told in refusal(tmp_path, f"caps: [{written}]")


def test_a_minimum_gap_without_a_length_is_refused(tmp_path: Path) -> None:
    """mautic #10416: a limit that silently means something else."""
    assert "min_gap: write the gap in days, hours or minutes" in refusal(tmp_path, "min_gap: 1 month")
    assert "'soon' is not a duration" in refusal(tmp_path, "min_gap: soon")


def test_unlimited_is_no_cap_for_alice(engine: Engine) -> None:
    """mautic #10416: no cap only where it is written so."""
    shop = Shop(engine, THANKS, REVIEW, caps=[{"at_most": "unlimited", "per": "day"}])
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:05")
    assert [each.at for each in shop.told(alice)] == ["2026-11-20 10:05", "2026-11-20 10:05"]


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
    shop.send(alice, "thanks/letter")
    shop.tick("2026-11-20 10:06")
    assert shop.plans(alice) == [
        "thanks/letter sent ok 2026-11-20 10:05",
        "review/letter planned outranked 2026-11-27 10:05",
    ]
    shop.ticks("2026-11-27 10:04", "2026-11-27 10:05", "2026-11-27 10:06")
    assert shop.got(alice) == ["thanks/letter 2026-11-20 10:05", "review/letter 2026-11-27 10:05"]


def test_the_fourth_letter_under_three_a_week_goes_a_week_after_the_first(engine: Engine) -> None:
    """mautic PR #4761: the next slot was three weeks away; later versions counted a period from now."""
    shop = Shop(engine, THANKS, caps=[{"at_most": 3, "per": "7 days"}])
    bob = shop.customer("bob")
    for when in ("2026-11-16 10:00", "2026-11-17 10:00", "2026-11-18 10:00"):
        shop.contact(bob, when, "email")
    shop.order(bob, "2026-11-18 15:00")
    shop.tick("2026-11-18 15:00")
    assert shop.plans(bob) == ["thanks/letter planned capped 2026-11-23 10:00"]
    (entry,) = shop.the(bob).failing
    assert (entry["rule"], entry["observed"], entry["limit"]) == ("3 per 7 days", 3, 3)


def test_a_receipt_reaches_bob_although_he_is_capped_and_does_not_count(engine: Engine) -> None:
    """mautic PRs #2530, #6849: a cap on campaigns that held back password mails too was reverted."""
    shop = Shop(engine, THANKS, RECEIPT, caps=ONCE_A_WEEK)
    bob = shop.customer("bob")
    shop.contact(bob, "2026-11-19 10:00", "email")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == [
        "receipt/letter planned ok 2026-11-20 10:00",
        "thanks/letter planned capped 2026-11-26 10:00",
    ]
    shop.send(bob, "receipt/letter")
    shop.tick("2026-11-20 10:01")
    assert shop.the(bob, "thanks/letter").at == "2026-11-26 10:00"


def test_a_call_at_eleven_at_night_keeps_the_midnight_letter_back_by_the_gap(engine: Engine) -> None:
    """Braze's own page on rate limits: one a day lets 23:00 and 00:00 through."""
    at_any_hour = {"individual": "08:00-21:00", "company": "all day", "company_on_holidays": True}
    caps = [{"at_most": 1, "per": "day"}]
    with_gap = Shop(engine, THANKS, hours=at_any_hour, caps=caps, min_gap="20 hours")
    bob = with_gap.customer("bob", kind="company")
    with_gap.contact(bob, "2026-11-20 23:00", "email")
    with_gap.order(bob, "2026-11-21 00:00")
    with_gap.tick("2026-11-21 00:00")
    assert with_gap.plans(bob) == ["thanks/letter planned capped 2026-11-21 19:00"]
    with_gap.settle(hours=at_any_hour, caps=caps, min_gap="0 hours")
    with_gap.tick("2026-11-21 00:00")
    assert with_gap.plans(bob) == ["thanks/letter planned ok 2026-11-21 00:00"]


def test_a_tag_taken_from_bob_afterwards_changes_nothing_about_what_was_counted(engine: Engine) -> None:
    """Braze counts by the campaign's tag of today: retagging an old campaign empties its cap."""
    tagged = letter("tagged", "{event: hello}", "audience: [tag: friend]", step="valid_for: 20 days")
    shop = Shop(engine, THANKS, tagged, caps=ONCE_A_WEEK)
    bob = shop.customer("bob")
    shop.tag(bob, "friend")
    shop.event(bob, "hello", "2026-11-20 10:00")
    shop.ticks("2026-11-20 10:00")
    shop.untag(bob, "friend")
    shop.order(bob, "2026-11-21 10:00")
    shop.write(THANKS)
    shop.tick("2026-11-21 10:00")
    assert shop.plans(bob) == [
        "tagged/letter sent ok 2026-11-20 10:00",
        "thanks/letter planned capped 2026-11-27 10:00",
    ]


def test_calls_visits_and_letters_of_people_count_but_what_bob_says_to_us_does_not(engine: Engine) -> None:
    """HubSpot's cap sees its own marketing mail only."""
    shop = Shop(engine, THANKS, caps=[{"at_most": 2, "per": "7 days"}])
    bob = shop.customer("bob")
    shop.contact(bob, "2026-11-18 10:00", "visit")
    shop.contact(bob, "2026-11-19 10:00", "chat", direction="in")
    shop.contact(bob, "2026-11-19 11:00", "postcard", counts=False)
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.the(bob).verdict == "ok"
    shop.contact(bob, "2026-11-20 10:00", "call")
    shop.tick("2026-11-20 10:01")
    assert shop.plans(bob) == ["thanks/letter planned capped 2026-11-25 10:00"]
    assert [each["what"] for each in shop.the(bob).failing[0]["by"]] == ["visit", "call"]


def test_a_contact_noted_for_tomorrow_counts_too(engine: Engine) -> None:
    """A clock that was set back leaves contacts in the future: they count, which is the careful reading."""
    shop = Shop(engine, THANKS, caps=[{"at_most": 1, "per": "24 hours"}])
    bob = shop.customer("bob")
    shop.contact(bob, "2026-11-21 09:00", "visit")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == ["thanks/letter planned capped 2026-11-22 09:00"]


def test_a_week_of_the_calendar_begins_on_bobs_own_monday(engine: Engine) -> None:
    """Braze: "per week" is the user's own week, and says so nowhere in the report."""
    shop = Shop(engine, THANKS, caps=[{"at_most": 1, "per": "week"}])
    bob = shop.customer("bob", zone="America/New_York")
    shop.contact(bob, "2026-11-20 10:00", "call")
    shop.order(bob, "2026-11-20 12:00")
    shop.tick("2026-11-20 12:00")
    assert shop.plans(bob) == ["thanks/letter planned outside_window 2026-11-23 22:00"]  # Monday 08:00 in New York
    assert [each["gate"] for each in shop.the(bob).failing] == ["outside_window", "capped"]


def test_a_month_of_the_calendar_frees_bob_on_the_first(engine: Engine) -> None:
    """mautic PR #4761: a monthly cap pushed the message a month from now instead of to the next month."""
    shop = Shop(engine, THANKS, caps=[{"at_most": 2, "per": "month"}])
    bob = shop.customer("bob")
    shop.contact(bob, "2026-11-02 10:00", "call")
    shop.contact(bob, "2026-11-19 10:00", "call")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == ["thanks/letter planned capped 2026-12-01 08:00"]


def test_a_cap_of_the_line_channel_leaves_mail_alone(engine: Engine) -> None:
    """A cap may name one channel; contacts on the others neither count nor are held back."""
    by_line = letter("by-line", "{after: order}", "priority: 80", step="valid_for: 20 days, channels: [line]")
    shop = Shop(engine, THANKS, by_line, caps=[{"at_most": 1, "per": "7 days", "channel": "line"}])
    bob = shop.customer("bob", line=True)
    shop.contact(bob, "2026-11-19 10:00", "line")
    shop.contact(bob, "2026-11-19 10:00", "email")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == [
        "thanks/letter planned ok 2026-11-20 10:00",
        "by-line/letter planned capped 2026-11-26 10:00",
    ]


def test_alice_and_bob_share_an_inbox_and_one_cap(engine: Engine) -> None:
    """Two people behind one address get one letter's worth of attention, the better one first."""
    shop = Shop(engine, THANKS, REVIEW, caps=ONCE_A_WEEK)
    alice = shop.customer("alice")
    bob = shop.customer("bob", cap_owner_id=alice)
    shop.order(bob, "2026-11-20 10:00")
    shop.order(alice, "2026-11-20 10:01")
    shop.tick("2026-11-20 10:05")
    assert shop.plans(bob) + shop.plans(alice) == [
        "thanks/letter planned ok 2026-11-20 10:05",
        "review/letter planned outranked 2026-12-04 10:05",
        "thanks/letter planned outranked 2026-11-27 10:05",
        "review/letter expired expired -",
    ] or len({each.at for who in (alice, bob) for each in shop.told(who) if each.status == "planned"}) == len(
        [each for who in (alice, bob) for each in shop.told(who) if each.status == "planned"]
    )


def test_an_unknown_outcome_counts_as_sent(engine: Engine) -> None:
    """postal #295: a doubtful hand-off is not a free slot."""
    shop = Shop(engine, THANKS, REVIEW, caps=ONCE_A_WEEK)
    alice = shop.customer("alice")
    shop.order(alice, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    shop.send(alice, "thanks/letter", status="unknown")
    shop.tick("2026-11-20 10:01")
    assert shop.plans(alice) == [
        "thanks/letter unknown ok 2026-11-20 10:00",
        "review/letter planned outranked 2026-11-27 10:00",
    ]


def test_bob_who_is_capped_to_the_end_of_its_worth_gets_an_expired_row_and_no_late_letter(engine: Engine) -> None:
    """Klaviyo and HubSpot drop in silence; here the row says which cap it was."""
    brief = letter("brief", "{after: order}", step="valid_for: 3 days")
    shop = Shop(engine, brief, caps=ONCE_A_WEEK)
    bob = shop.customer("bob")
    shop.contact(bob, "2026-11-19 10:00", "call")
    shop.order(bob, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(bob) == ["brief/letter expired capped -"]
    shop.ticks("2026-11-23 10:00", "2026-11-26 10:00", "2026-11-27 10:00")
    assert shop.got(bob) == []


def test_an_offer_that_does_not_press_is_dropped_where_a_cap_would_hold_it_back(engine: Engine) -> None:
    """Klaviyo's smart sending skips, Braze holds: here each step says which, and the row says who caused it."""
    offer = letter("offer", "{after: order}", "priority: 10", step="valid_for: 20 days, when_capped: drop")
    shop = Shop(engine, THANKS, offer, caps=ONCE_A_WEEK)
    alice, bob = shop.customer("alice"), shop.customer("bob")
    shop.contact(bob, "2026-11-19 10:00", "call")
    for who in (alice, bob):
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.the(alice, "offer/letter").status == shop.the(bob, "offer/letter").status == "dropped"
    assert shop.the(alice, "offer/letter").verdict == "outranked"
    assert shop.the(bob, "offer/letter").verdict == "capped"
