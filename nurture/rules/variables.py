"""The closed list of what a template may name, each with the predicate "this customer has it". It renders nothing.

The values themselves come from `nurture.message.context`; both must call the same thing missing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, FromClause, and_, false, func, literal, not_, or_, select, true

from nurture.config import Settings
from nurture.store.tables import (
    Account,
    Booking,
    Customer,
    DatedFact,
    Order,
    OrderLine,
    Product,
    ProductRelation,
    table,
)

from .attribute import attribute_number, attribute_text
from .buying import GONE
from .scope import Scope

BLANKS = " \t\r\n\u3000"
"""Text of nothing but these is missing."""
HTTPS = "https://"
ATTRIBUTE = "attribute."

Needs = Literal["order", "booking", "event", "offer", "occasion"]
Present = Callable[[Scope], ColumnElement[bool]]


@dataclass(frozen=True)
class Variable:
    """Something a template may name."""

    name: str
    """As it is written in a template and in `requires:`."""
    doc: str
    """What it is, in one sentence."""
    example: str
    """How it looks in a mail when printed without a filter."""
    always: bool
    """Never missing, so that `requires:` need not name it."""
    needs: Needs | None
    """What the campaign must have: a trigger of that kind, an offer or an anniversary; None = nothing."""
    present: Present
    """Whether the customer has it: a two-valued predicate on the scope's columns."""


@dataclass(frozen=True)
class Occasion:
    """Which yearly date opened an occurrence."""

    name: str
    """`birthday`, `first_order` or the name of a custom date."""
    relative: str = ""
    """Whose date; empty for the customer."""


def variable(name: str, settings: Settings) -> Variable | None:
    """The variable of that name, `attribute.<declared name>` included; None when there is none."""
    declared = settings.attributes.get(name.removeprefix(ATTRIBUTE)) if name.startswith(ATTRIBUTE) else None
    if declared is None:
        return VARIABLES.get(name)
    title = declared.title or name.removeprefix(ATTRIBUTE)
    present = _has_attribute(name.removeprefix(ATTRIBUTE), declared.type)
    return Variable(name, f"The declared attribute “{title}”.", "", always=False, needs=None, present=present)


def incomplete(scope: Scope, names: Collection[str], occasion: Occasion | None = None) -> ColumnElement[bool]:
    """True when any of `names` is missing for the scope's customer, occurrence and offer.

    `occasion` is the date of the campaign's anniversary trigger: without it `occasion.years` counts as missing. An
    unknown name is a KeyError: `check` refuses it in a template first.
    """
    return or_(false(), *(not_(_present(scope, name, occasion)) for name in names))


def _present(scope: Scope, name: str, occasion: Occasion | None) -> ColumnElement[bool]:
    if name == "occasion.years" and occasion:
        return _year_known(scope, occasion)
    found = variable(name, scope.settings)
    if found is None:
        raise KeyError(name)
    return found.present(scope)


def _filled(column: ColumnElement[Any]) -> ColumnElement[bool]:
    return func.rtrim(func.coalesce(column, ""), BLANKS) != ""


def _filled_in(column: str) -> Callable[[FromClause], ColumnElement[bool]]:
    return lambda source: _filled(source.c[column])


def _secure(column: ColumnElement[Any]) -> ColumnElement[bool]:
    # A link or image that is not https would be refused when the mail is written.
    return and_(func.substr(func.coalesce(column, ""), 1, len(HTTPS)) == HTTPS, func.length(column) > len(HTTPS))


def _some(source: FromClause, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether `source` has such a row; every column that is not of `source` belongs to the statements around it."""
    return select(literal(1)).select_from(source).where(*conditions).correlate_except(source).exists()


def _always(scope: Scope) -> ColumnElement[bool]:
    return true()


def _customer_has(column: str) -> Present:
    def present(scope: Scope) -> ColumnElement[bool]:
        customer = table(Customer).alias()
        return _some(customer, customer.c.id == scope.customer_id, _filled(customer.c[column]))

    return present


def _has_company(scope: Scope) -> ColumnElement[bool]:
    customer, account = table(Customer).alias(), table(Account).alias()
    is_company = and_(customer.c.kind == "company", _filled(customer.c.name))
    return _some(
        customer.outerjoin(account, account.c.id == customer.c.account_id),
        customer.c.id == scope.customer_id,
        or_(_filled(account.c.name), is_company),
    )


def _has_birthday(scope: Scope) -> ColumnElement[bool]:
    fact = table(DatedFact).alias()
    return _some(fact, *_is_fact(fact, scope, Occasion("birthday")), fact.c.day.is_not(None))


def _is_fact(fact: FromClause, scope: Scope, occasion: Occasion) -> tuple[ColumnElement[bool], ...]:
    return (
        fact.c.customer_id == scope.customer_id,
        fact.c.name == occasion.name,
        fact.c.relative == occasion.relative,
    )


def _has_attribute(name: str, kind: str) -> Present:
    def present(scope: Scope) -> ColumnElement[bool]:
        if kind == "number":
            return attribute_number(scope, name).is_not(None)
        return _filled(attribute_text(scope, name))

    return present


def _order_has(condition: Callable[[FromClause], ColumnElement[bool]]) -> Present:
    def present(scope: Scope) -> ColumnElement[bool]:
        if scope.subject != "order" or scope.subject_id is None:
            return false()
        order = table(Order).alias()
        return _some(order, order.c.id == scope.subject_id, condition(order))

    return present


_order_exists = _order_has(lambda order: true())


def _order_has_items(scope: Scope) -> ColumnElement[bool]:
    if scope.subject != "order" or scope.subject_id is None:
        return false()
    line = table(OrderLine).alias()
    return _some(line, line.c.order_id == scope.subject_id, _filled(line.c.name))


def _booking_has(column: str | None) -> Present:
    def present(scope: Scope) -> ColumnElement[bool]:
        if scope.subject != "booking" or scope.subject_id is None:
            return false()
        booking = table(Booking).alias()
        return _some(booking, booking.c.id == scope.subject_id, _filled(booking.c[column]) if column else true())

    return present


def _year_known(scope: Scope, occasion: Occasion) -> ColumnElement[bool]:
    if occasion.name == "first_order" and not occasion.relative:
        return _has_ordered(scope)
    fact = table(DatedFact).alias()
    return _some(fact, *_is_fact(fact, scope, occasion), fact.c.year.is_not(None))


def _never(scope: Scope) -> ColumnElement[bool]:
    return false()


def _offer_has(condition: Callable[[FromClause], ColumnElement[bool]]) -> Present:
    def present(scope: Scope) -> ColumnElement[bool]:
        if scope.offer_id is None:
            return false()
        product = table(Product).alias()
        return _some(product, product.c.id == scope.offer_id, condition(product))

    return present


def _offer_has_reason(scope: Scope) -> ColumnElement[bool]:
    if scope.offer_id is None:
        return false()
    relation, line = table(ProductRelation).alias(), table(OrderLine).alias()
    return _some(
        relation.join(line, line.c.product_id == relation.c.product_id),
        relation.c.related_id == scope.offer_id,
        _filled(relation.c.reason),
        line.c.customer_id == scope.customer_id,
        line.c.counts.is_(True),
    )


def _has_ordered(scope: Scope) -> ColumnElement[bool]:
    order = table(Order).alias()
    return _some(order, order.c.customer_id == scope.customer_id, order.c.status.not_in(GONE))


def _has_bought_something_named(scope: Scope) -> ColumnElement[bool]:
    line = table(OrderLine).alias()
    return _some(line, line.c.customer_id == scope.customer_id, line.c.counts.is_(True), _filled(line.c.name))


def _given(name: str, doc: str, example: str) -> Variable:
    return Variable(name, doc, example, always=True, needs=None, present=_always)


def _maybe(name: str, doc: str, example: str, present: Present, needs: Needs | None = None) -> Variable:
    return Variable(name, doc, example, always=False, needs=needs, present=present)


_LIST = (
    _given("shop.name", "The name customers know.", "珈琲みなと"),
    _given("shop.sender", "The sender's name under the law: the legal name, or the shop's name.", "みなと珈琲合同会社"),
    _given("shop.address", "The shop's postal address.", "神戸市中央区海岸通0-0-0"),
    _given("shop.phone", "The shop's telephone number.", "078-000-0000"),
    _given("shop.email", "Where questions and complaints go.", "hello@minato.example"),
    _given("shop.url", "The shop's web page.", "https://minato.example/"),
    _given("shop.staff", "Who signs the messages.", "店主 港"),
    _given("today", "The day of sending, in the customer's time zone.", "2026-11-22"),
    _given("unsubscribe_url", "Where this customer can refuse further messages.", "https://minato.example/u/…"),
    _given(
        "line_link_url",
        "Where this customer can link their LINE account; empty on LINE itself, and for who is linked already.",
        "https://minato.example/l/…",
    ),
    _given("opt_out_mailbox", "The mail address that takes refusals.", "stop@minato.example"),
    _given("customer.called", "How the customer is addressed, honorific included.", "山田様"),
    _maybe("customer.name", "The full name as the shop writes it.", "山田 花子", _customer_has("name")),
    _maybe("customer.family_name", "The family name.", "山田", _customer_has("family_name")),
    _maybe("customer.given_name", "The given name.", "花子", _customer_has("given_name")),
    _maybe("customer.company", "The company the customer belongs to or is.", "株式会社山田", _has_company),
    _maybe("customer.prefecture", "The prefecture of the postal address.", "兵庫県", _customer_has("prefecture")),
    _maybe("customer.birthday", "The birthday; the year may be unknown.", "11月22日", _has_birthday),
    _maybe("order.number", "The order's number.", "A-1001", _order_has(_filled_in("key")), "order"),
    _maybe("order.ordered_on", "The day of the order.", "2026-11-20", _order_exists, "order"),
    _maybe(
        "order.shipped_on",
        "The day it was sent off.",
        "2026-11-21",
        _order_has(lambda order: order.c.shipped_at.is_not(None)),
        "order",
    ),
    _maybe(
        "order.delivered_on",
        "The day it arrived.",
        "2026-11-22",
        _order_has(lambda order: order.c.delivered_at.is_not(None)),
        "order",
    ),
    _maybe("order.total", "The whole amount; print it with `money`.", "3200", _order_exists, "order"),
    _maybe(
        "order.items",
        "What was bought: a list whose entries have `name`, `quantity`, `price` and `category`.",
        "",
        _order_has_items,
        "order",
    ),
    _maybe("order.first_item", "The first thing on the order.", "深煎りブレンド", _order_has_items, "order"),
    _maybe("booking.starts_at", "When the booking begins.", "2026-11-22 10:00", _booking_has(None), "booking"),
    _maybe("booking.menu", "What was booked.", "カット", _booking_has("menu"), "booking"),
    _maybe("booking.staff", "Whom it was booked with.", "港", _booking_has("staff"), "booking"),
    _maybe("occasion.date", "The anniversary's date this year.", "2026-11-22", _always, "occasion"),
    _maybe("occasion.years", "Which return of it this is; missing when the year is unknown.", "3", _never, "occasion"),
    _maybe(
        "offer.name",
        "The product offered.",
        "水出しポット",
        _offer_has(_filled_in("name")),
        "offer",
    ),
    _maybe("offer.category", "Its category.", "器具", _offer_has(_filled_in("category")), "offer"),
    _maybe(
        "offer.price",
        "Its price; print it with `money`.",
        "2800",
        _offer_has(lambda product: product.c.price.is_not(None)),
        "offer",
    ),
    _maybe(
        "offer.url",
        "Its page; only https counts.",
        "https://minato.example/p/1",
        _offer_has(lambda product: _secure(product.c.url)),
        "offer",
    ),
    _maybe(
        "offer.image_url",
        "Its picture; only https counts.",
        "https://minato.example/p/1.jpg",
        _offer_has(lambda product: _secure(product.c.image_url)),
        "offer",
    ),
    _maybe("offer.reason", "Why it suits what was bought.", "アイスにもよく合います", _offer_has_reason, "offer"),
    _maybe("history.order_count", "How many orders there were.", "3", _has_ordered),
    _maybe("history.first_order_on", "The day of the first order.", "2025-04-01", _has_ordered),
    _maybe("history.last_order_on", "The day of the newest order.", "2026-11-20", _has_ordered),
    _maybe("history.last_item", "The first thing on the newest order.", "深煎りブレンド", _has_bought_something_named),
)

VARIABLES: Mapping[str, Variable] = {each.name: each for each in _LIST}
"""Every variable but `attribute.<declared name>`, which `variable()` knows too."""
