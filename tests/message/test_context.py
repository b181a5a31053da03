"""What a template can say about a customer; the predicate "this is missing" agrees with it, on both databases."""

from typing import Any

import pytest
from sqlalchemy import Engine, event, select

from nurture.campaign.model import Campaign
from nurture.config import Settings
from nurture.message.context import Context, load_contexts
from nurture.message.views import View
from nurture.rules.offer import offered_product
from nurture.rules.scope import Scope
from nurture.rules.variables import VARIABLES, Occasion, incomplete, variable
from nurture.store import reading, writing
from nurture.store.tables import Address, Booking, Customer, Order, table
from tests.message.people import (
    ALICE,
    BARE_BOOKING,
    BARE_ORDER,
    BOB,
    BROKEN_ORDER,
    CHARLIE,
    DANA,
    FULL_BOOKING,
    NOW,
    SECOND_ORDER,
    add,
    campaign,
    instant,
    populate,
    request,
    settings,
)

ORDERS = {ALICE: SECOND_ORDER, BOB: BARE_ORDER, DANA: BROKEN_ORDER}
BOOKINGS = {ALICE: FULL_BOOKING, DANA: BARE_BOOKING}
ATTRIBUTES = tuple(f"attribute.{name}" for name in ("plan", "visits", "member_since", "newsletter"))
BIRTHDAY, WEDDING = Occasion("birthday"), Occasion("wedding", "daughter")


@pytest.fixture
def peopled(engine: Engine) -> Engine:
    with writing(engine) as connection:
        populate(connection)
    return engine


def contexts(engine: Engine, about: Campaign, subjects: dict[int, int] | None = None) -> dict[int, Context]:
    asked = [request(who, about, (subjects or {}).get(who)) for who in (ALICE, BOB, CHARLIE, DANA)]
    with reading(engine) as connection:
        return load_contexts(connection, settings(), asked, NOW)


def value(context: Context, name: str) -> Any:
    """The variable's value, None where a template would fail."""
    root, _, inner = name.partition(".")
    found = context.values.get(root)
    if isinstance(found, View):
        return getattr(found, inner, None)
    return found


def missing(engine: Engine, scope: Scope, name: str, occasion: Occasion | None = None) -> set[int]:
    with reading(engine) as connection:
        found = select(scope.customer_id).where(incomplete(scope, [name], occasion))
        return set(connection.scalars(found))


def scope_of(model: Any, configuration: Settings, **changes: Any) -> Scope:
    rows = table(model)
    owner = rows.c.id if model is Customer else rows.c.customer_id
    return Scope(owner, int(NOW.timestamp()), configuration, {}).about(**changes)


def test_the_predicate_and_the_value_agree_about_every_variable_of_a_customer(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"after": "order"}))
    names = [each.name for each in VARIABLES.values() if each.needs is None and not each.always]
    for name in (*names, *ATTRIBUTES):
        without = {who for who, context in found.items() if value(context, name) is None}
        assert missing(peopled, scope_of(Customer, settings()), name) == without, name


def test_they_agree_about_every_variable_of_an_order(peopled: Engine) -> None:
    scope = scope_of(Order, settings(), subject="order", subject_id=table(Order).c.id)
    found = contexts(peopled, campaign({"after": "order"}), ORDERS)
    for name in (each.name for each in VARIABLES.values() if each.needs == "order"):
        without = {who for who in ORDERS if value(found[who], name) is None}
        with reading(peopled) as connection:
            asked = select(scope.subject_id).where(incomplete(scope, [name]))
            lacking = set(connection.scalars(asked)) & set(ORDERS.values())
        assert lacking == {ORDERS[who] for who in without}, name


def test_they_agree_about_every_variable_of_a_booking(peopled: Engine) -> None:
    scope = scope_of(Booking, settings(), subject="booking", subject_id=table(Booking).c.id)
    found = contexts(peopled, campaign({"after": "booking"}), BOOKINGS)
    for name in (each.name for each in VARIABLES.values() if each.needs == "booking"):
        without = {who for who in BOOKINGS if value(found[who], name) is None}
        assert missing(peopled, scope, name) == without, name


def test_they_agree_about_every_variable_of_an_offer(peopled: Engine) -> None:
    about = campaign({"after": "order"}, offer={"related_to": "any_order"})
    scope = scope_of(Customer, settings())
    assert about.offer is not None
    scope = scope.about(offer_id=offered_product(scope, about.offer))
    found = contexts(peopled, about, ORDERS)
    for name in (each.name for each in VARIABLES.values() if each.needs == "offer"):
        without = {who for who, context in found.items() if value(context, name) is None}
        assert missing(peopled, scope, name) == without, name
    assert value(found[ALICE], "offer.reason") == "挽きたてを楽しめます"
    assert value(found[ALICE], "offer.image_url") is None, "an http picture"


@pytest.mark.parametrize("occasion", [BIRTHDAY, WEDDING])
def test_they_agree_about_the_years_of_an_anniversary(peopled: Engine, occasion: Occasion) -> None:
    found = contexts(peopled, campaign({"anniversary": occasion.name, "relative": occasion.relative}))
    without = {who for who, context in found.items() if value(context, "occasion.years") is None}
    assert missing(peopled, scope_of(Customer, settings()), "occasion.years", occasion) == without
    assert without == {BOB, CHARLIE, DANA}


def test_they_agree_about_the_years_since_the_first_order(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"anniversary": "first_order"}))
    without = {who for who, context in found.items() if value(context, "occasion.years") is None}
    assert missing(peopled, scope_of(Customer, settings()), "occasion.years", Occasion("first_order")) == without
    assert value(found[ALICE], "occasion.years") == 1


def test_a_campaign_without_order_booking_or_offer_lacks_their_variables(peopled: Engine) -> None:
    for name in ("order.number", "order.items", "booking.menu", "offer.name", "offer.reason", "occasion.years"):
        assert missing(peopled, scope_of(Customer, settings()), name) == {ALICE, BOB, CHARLIE, DANA}


def test_nothing_required_leaves_nobody_out(peopled: Engine) -> None:
    with reading(peopled) as connection:
        scope = scope_of(Customer, settings())
        assert connection.scalars(select(scope.customer_id).where(incomplete(scope, []))).all() == []
    assert missing(peopled, scope, "shop.name") == set()


def test_everybody_is_addressed(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"after": "order"}))
    called = {who: value(context, "customer.called") for who, context in found.items()}
    assert called == {ALICE: "山田様", BOB: "有限会社浜 御中", CHARLIE: "お客様", DANA: "お客様"}


def test_days_are_those_of_the_customers_zone(peopled: Engine) -> None:
    # 05:00 on the 20th in Tokyo is 15:00 on the 19th in New York.
    found = contexts(peopled, campaign({"after": "order"}), ORDERS)
    assert str(value(found[ALICE], "order.ordered_on")) == "2026-11-20"
    assert str(value(found[BOB], "order.ordered_on")) == "2026-11-19"
    assert str(value(found[ALICE], "today")) == "2026-11-22"
    assert str(value(found[BOB], "today")) == "2026-11-21"


def test_a_booking_is_at_the_customers_wall_time(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"after": "booking"}), BOOKINGS)
    assert f"{value(found[ALICE], 'booking.starts_at'):%H:%M %z}" == "10:00 +0900"


def test_an_order_lists_what_was_bought(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"after": "order"}), ORDERS)
    items = [(each.name, each.quantity, each.price) for each in value(found[ALICE], "order.items")]
    assert items == [("深煎り<b>", 2, 1600), ("送料", 1, 0)]
    assert str(value(found[ALICE], "history.last_item")) == "深煎り<b>"
    assert value(found[ALICE], "history.order_count") == 2


def test_attributes_have_the_type_that_was_declared(peopled: Engine) -> None:
    (alice, *_) = contexts(peopled, campaign({"after": "order"})).values()
    assert [value(alice, name) for name in ATTRIBUTES[:2]] == ["ゴールド", 3]
    assert str(value(alice, "attribute.member_since")) == "2024-04-01"
    assert value(alice, "attribute.newsletter") is False


def test_the_occasion_is_the_day_itself_when_the_message_goes_out_earlier(peopled: Engine) -> None:
    about = campaign({"anniversary": "birthday", "before": "7 days"})
    opened = request(ALICE, about, at="2026-11-14 15:00")  # midnight of the 15th in Tokyo
    with reading(peopled) as connection:
        (context,) = load_contexts(connection, settings(), [opened], NOW).values()
    assert str(value(context, "occasion.date")) == "2026-11-22"
    assert value(context, "occasion.years") == 46


def test_a_product_related_to_this_order_is_offered(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"after": "order"}, offer={"related_to": "this"}), ORDERS)
    assert value(found[ALICE], "offer.name") == "手挽きミル"


def test_nothing_is_offered_to_bob_whose_order_is_empty(peopled: Engine) -> None:
    found = contexts(peopled, campaign({"after": "order"}, offer={"related_to": "this"}), ORDERS)
    assert value(found[BOB], "offer.name") is None


def test_a_customer_who_is_gone_has_no_context(peopled: Engine) -> None:
    with reading(peopled) as connection:
        asked = [request(99, campaign({"after": "order"}), 99)]
        assert load_contexts(connection, settings(), asked, NOW) == {}


def test_a_hundred_messages_take_as_many_queries_as_one(peopled: Engine) -> None:
    with writing(peopled) as connection:
        for number in range(100, 200):
            add(connection, Customer, number, name=f"客{number}")
    about = campaign({"after": "order"}, offer={"related_to": "any_order"})
    counts = []
    for who in ([ALICE], range(100, 200)):
        with reading(peopled) as connection:
            statements: list[str] = []
            event.listen(connection, "before_cursor_execute", lambda *given, seen=statements: seen.append(given[2]))
            assert len(load_contexts(connection, settings(), [request(each, about) for each in who], NOW)) == len(who)
            counts.append(len(statements))
    assert counts[0] == counts[1] <= 12


def test_one_unreadable_attribute_stops_nobody_else(peopled: Engine) -> None:
    # A NUL and half a surrogate pair are stored as JSON by PostgreSQL and SQLite, and PostgreSQL fails to decode them.
    with writing(peopled) as connection:
        for number, text in ((50, r'{"plan": "a\u0000b"}'), (51, r'{"plan": "\ud800"}'), (52, '{"visits": 1e400}')):
            add(connection, Customer, number, name="壊")
            raw = f"UPDATE customer SET attributes = '{text}' WHERE id = {number}"
            connection.exec_driver_sql(raw)
    scope = scope_of(Customer, settings())
    plan, visits = (missing(peopled, scope, name) for name in ("attribute.plan", "attribute.visits"))
    assert ALICE not in plan | visits
    assert 52 in visits


def test_an_attribute_with_an_odd_name_is_found() -> None:
    odd = settings(attributes={'好きな"色"': {}})
    assert variable('attribute.好きな"色"', odd) is not None
    assert variable("attribute.plan", odd) is None


def test_a_greeting_that_waits_is_dated_by_its_slot(peopled: Engine) -> None:
    later = request(ALICE, campaign({"after": "order"}), at="2026-11-25 03:00")
    with reading(peopled) as connection:
        (context,) = load_contexts(connection, settings(), [later], instant("2026-11-22 03:00")).values()
    assert str(value(context, "today")) == "2026-11-25"


def test_whose_line_account_is_known_is_told_apart_where_the_shop_uses_line(peopled: Engine) -> None:
    with writing(peopled) as connection:
        add(connection, Address, 1, customer_id=ALICE, channel="line", value="U" + "a1" * 16)
        add(connection, Address, 2, customer_id=BOB, channel="line", value="U" + "b0" * 16, removed_at=NOW)
    asked = [request(who, campaign({"after": "order"})) for who in (ALICE, BOB, CHARLIE)]
    with reading(peopled) as connection:
        found = load_contexts(connection, settings(line={"enabled": True}), asked, NOW)
        without = load_contexts(connection, settings(), asked, NOW)
    assert [who for who, context in found.items() if context.on_line] == [ALICE]
    assert not any(context.on_line for context in without.values())
    assert found[ALICE].at == int(NOW.timestamp())
