"""Limits that all customers share: LINE's month, the mail provider's day, a campaign's own trickle."""

from sqlalchemy import Engine

from .people import Shop, letter

BY_LINE = letter("card", "{after: order}", step="channels: [line], valid_for: 3 days")
LINE_OR_MAIL = letter("card", "{after: order}", step="channels: [line, email], valid_for: 3 days")
WARM = letter("warm", "{after: order}", "priority: 90", step="channels: [line], valid_for: 3 days")


def crowd(shop: Shop, number: int) -> list[int]:
    return [shop.customer(f"person {each}", line=True, bucket=each * 1000) for each in range(number)]


def test_with_five_line_messages_left_the_best_five_of_eight_get_them_and_three_get_mail(engine: Engine) -> None:
    """LINE's free plan has no overage: what is beyond the quota is lost without a word in other systems."""
    shop = Shop(engine, LINE_OR_MAIL, WARM, line={"enabled": True, "monthly_quota": 8})
    people = crowd(shop, 8)
    for who in people[:3]:
        shop.order(who, "2026-11-19 10:00")
    shop.ticks("2026-11-19 10:00")
    assert sum(len(shop.got(who)) for who in people) == 6
    shop.settle(line={"enabled": True, "monthly_quota": 11})
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    told = [each for who in people for each in shop.told(who) if each.status == "planned"]
    by_line = [each for each in told if each.channel == "line" and each.at < "2026-12"]
    assert len(by_line) == 5
    assert {each.name for each in by_line} == {"warm/letter"}
    assert {each.channel for each in told if each.name == "card/letter"} == {"email"}
    later = [each for who in people for each in shop.told(who) if each.name == "warm/letter"]
    assert sorted(each.status for each in later if each.status != "sent") == ["expired"] * 3 + ["planned"] * 5
    assert {each.verdict for each in later if each.status == "expired"} == {"over_quota"}


def test_who_finds_no_line_message_left_waits_for_the_next_month_where_it_is_worth_it(engine: Engine) -> None:
    """The quota is LINE's calendar month."""
    patient = letter("card", "{after: order}", step="channels: [line], valid_for: 20 days")
    shop = Shop(engine, patient, line={"enabled": True, "monthly_quota": 1})
    alice, bob = crowd(shop, 2)
    shop.contact(bob, "2026-11-10 10:00", "call")  # alice has waited longer
    for who in (alice, bob):
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    assert shop.plans(alice) == ["card/letter planned ok 2026-11-20 10:00"]
    assert shop.plans(bob) == ["card/letter planned over_quota 2026-12-01 08:00"]


def test_who_comes_later_with_something_better_takes_the_last_line_message(engine: Engine) -> None:
    """First come, first served is how the others do it (Iterable, Braze); a reservation is no right."""
    shop = Shop(engine, LINE_OR_MAIL, letter("warm", "{event: visit}", "priority: 90", step="channels: [line]"))
    shop.settle(line={"enabled": True, "monthly_quota": 1})
    alice, bob = crowd(shop, 2)
    shop.order(alice, "2026-11-20 07:00")
    shop.tick("2026-11-20 07:00")
    assert (shop.the(alice).channel, shop.the(alice).at) == ("line", "2026-11-20 08:00")
    shop.event(bob, "visit", "2026-11-20 07:30")
    shop.tick("2026-11-20 07:30")
    assert (shop.the(bob).channel, shop.the(bob).status) == ("line", "planned")
    assert (shop.the(alice).channel, shop.the(alice).status) == ("email", "planned")


def test_a_trickle_of_two_a_day_takes_three_days_for_six(engine: Engine) -> None:
    """`at_most` of a campaign: six people, two a day, nobody twice and nobody left out."""
    trickle = letter("letter", "{after: order}", "at_most: {count: 2, per: day}", step="valid_for: 5 days")
    shop = Shop(engine, trickle)
    people = crowd(shop, 6)
    for who in people:
        shop.order(who, "2026-11-20 10:00")
    shop.tick("2026-11-20 10:00")
    planned = sorted(shop.the(who).at for who in people)
    assert [each[:10] for each in planned] == [day for day in ("2026-11-20", "2026-11-21", "2026-11-22") for _ in "ab"]
    shop.ticks("2026-11-20 10:01", "2026-11-21 10:00", "2026-11-22 10:00")
    assert sorted(len(shop.got(who)) for who in people) == [1] * 6


def test_what_was_sent_today_counts_to_the_mail_providers_day(engine: Engine) -> None:
    """A provider's daily limit is the shop's day, whoever used it up."""
    shop = Shop(engine, letter("news", "{after: order}", step="valid_for: 3 days"), email={"per_day": 2})
    people = crowd(shop, 3)
    for who in people[:2]:
        shop.order(who, "2026-11-20 10:00")
    shop.ticks("2026-11-20 10:00")
    shop.order(people[2], "2026-11-20 12:00")
    shop.tick("2026-11-20 12:00")
    assert shop.plans(people[2]) == ["news/letter planned over_quota 2026-11-21 08:00"]
