"""Every operator of the conditions against a plain reading of the same rows, on both databases, in both SQL forms.

Fourteen people are drawn from a seed; charlie has nothing at all, so that every missing value is his: false, and its
`not` true. The reading below knows no SQL; it asks the rows that were written.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, ColumnElement, Engine, cast, insert, literal, not_, null, select

from nurture.condition import OPERATORS, AllOf, AnyOf, Condition, Not, Operator
from nurture.condition import vocabulary as words
from nurture.config import Settings
from nurture.rules.compiling import nodes, predicate
from nurture.rules.scope import Scope
from nurture.store import writing
from nurture.store.facts import refresh_facts
from nurture.store.tables import (
    Address,
    Booking,
    Consent,
    Contact,
    Customer,
    CustomerTag,
    DatedFact,
    Event,
    Hold,
    Order,
    OrderLine,
    Product,
    Suppression,
    Touch,
    table,
)
from nurture.zone import Duration
from tests.store.past import lower_backstop

NOW = datetime(2026, 11, 22, 3, tzinfo=UTC)  # noon in Tokyo
TOKYO = ZoneInfo("Asia/Tokyo")
CHARLIE, OTHERS = 1, range(2, 16)
SHOP = Settings.model_validate(
    {
        "shop": {"name": "みなと"},
        "attributes": {
            "plan": {},
            "visits": {"type": "number"},
            "since": {"type": "date"},
            "member": {"type": "boolean"},
        },
    }
)
SEGMENTS: Mapping[str, Condition] = {
    "friends": words.HasTag(any_of=("friend",)),
    "buyers": AllOf((words.Orders(), Not(words.InSegment(name="friends")))),
}
MODELS = {
    each.__tablename__: each
    for each in (
        *(Customer, CustomerTag, Address, Consent, Suppression, DatedFact, Hold, Product),
        *(Order, OrderLine, Booking, Event, Contact, Touch),
    )
}
GONE = ("cancelled", "returned")


@dataclass
class Rows:
    """What was written: table name → rows."""

    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, model: Any, **values: Any) -> int:
        rows = self.tables.setdefault(str(model.__tablename__), [])
        if "id" in table(model).c:
            values = {"id": len(rows) + 1, **values}
        rows.append(values)
        return int(values.get("id", 0))

    def of(self, model: Any, who: int) -> list[dict[str, Any]]:
        rows = self.tables.get(str(model.__tablename__), [])
        return [each for each in rows if each.get("customer_id") == who]

    def customer(self, who: int) -> dict[str, Any]:
        return self.tables["customer"][who - 1]

    def write(self, engine: Engine) -> None:
        with writing(engine) as connection:
            lower_backstop(connection)  # a past of contacts that nobody lived through
            for name, model in MODELS.items():
                for values in self.tables.get(name, []):
                    connection.execute(insert(table(model)).values(**values))
            refresh_facts(connection, [each["id"] for each in self.tables["customer"]])


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def drawn(seed: int) -> Rows:
    draw, rows = Random(seed), Rows()
    for key, category in (("beans", "豆"), ("mill", "器具"), ("cup", ""), ("drip", "豆")):
        rows.add(Product, key=key, name=key, category=category, created_at=NOW)
    rows.add(Customer, name="charlie", bucket=0, created_at=NOW, attributes={})
    for _ in OTHERS:
        _person(draw, rows)
    return rows


def _lately(draw: Random) -> datetime:
    # Often to the second on the edge that a condition asks about.
    return ago(draw.choice([0, 7, 30, 60, 90])) if draw.random() < 0.3 else ago(draw.uniform(0, 120))


def _person(draw: Random, rows: Rows) -> None:
    plans = [{}, {"plan": "gold"}, {"plan": "Gold"}, {"plan": "50%_/off"}, {"plan": None}, {"plan": {"deep": 1}}]
    attributes = {**draw.choice(plans)}
    attributes |= draw.choice([{}, {"visits": 3}, {"visits": 2.5}, {"visits": "3"}, {"visits": True}, {"visits": -1}])
    attributes |= draw.choice([{}, {"since": "2024-04-01"}, {"since": "2026-01-31"}, {"since": 20240401}])
    attributes |= draw.choice([{}, {"member": True}, {"member": False}, {"member": "true"}, {"member": 1}])
    own = {"kind": draw.choice(["individual", "company"]), "prefecture": draw.choice(["", "兵庫県", "大阪府"])}
    never = draw.random() < 0.1
    who = rows.add(Customer, name="somebody", bucket=0, created_at=NOW, attributes=attributes, never=never, **own)
    for tag in draw.sample(["friend", "ギフト", "常連"], draw.randint(0, 2)):
        rows.add(CustomerTag, customer_id=who, tag=tag)
    for channel in draw.sample(["email", "line"], draw.choice([0, 1, 2, 2])):
        _reach(draw, rows, who, channel)
    for name, relative in draw.sample(
        [("birthday", ""), ("birthday", "daughter"), ("wedding", "")], draw.randint(0, 3)
    ):
        day = draw.choice([(11, 22), (11, 23), (12, 6), (12, 7), (11, 21), (2, 29), (11, None), (1, 1)])
        rows.add(DatedFact, customer_id=who, name=name, relative=relative, month=day[0], day=day[1])
    for _ in range(draw.randint(0, 4)):
        _order(draw, rows, who)
    for _ in range(draw.randint(0, 3)):
        _booking(draw, rows, who)
    _holds(draw, rows, who)
    _contacts(draw, rows, who)


def _booking(draw: Random, rows: Rows, who: int) -> None:
    starts = draw.choice([_lately(draw), _lately(draw), NOW + timedelta(days=1), NOW + timedelta(days=20)])
    about = {"status": draw.choice(["booked", "visited", "cancelled", "no_show"])}
    about |= {"menu": draw.choice(["", "カット", "カラー"]), "staff": draw.choice(["", "湊川"])}
    times = {"starts_at": starts, "booked_at": draw.choice([None, _lately(draw)]), "received_at": NOW}
    rows.add(Booking, key=f"b{draw.random()}", customer_id=who, **about, **times)


def _holds(draw: Random, rows: Rows, who: int) -> None:
    for kind in draw.sample(["complaint", "refusal"], draw.randint(0, 2)):
        closed = draw.choice([None, ago(1), NOW, NOW + timedelta(seconds=1)])
        what = {"category": draw.choice(["", "豆", "器具"]), "product_id": draw.choice([None, 1, 2])}
        opened = draw.choice([ago(10), NOW, NOW + timedelta(days=1)])
        rows.add(Hold, customer_id=who, kind=kind, opened_at=opened, closed_at=closed, **what)


def _reach(draw: Random, rows: Rows, who: int, channel: str) -> None:
    value = f"{channel}{who}@x.example"
    status, removed = draw.choice(["ok", "ok", "nonstandard", "invalid"]), draw.choice([None, None, None, ago(1)])
    rows.add(Address, customer_id=who, channel=channel, value=value, status=status, removed_at=removed, created_at=NOW)
    if draw.random() < 0.7:
        times = {"given_at": draw.choice([ago(9), NOW, NOW + timedelta(days=1)]), "recorded_at": NOW}
        status = draw.choice(["granted", "granted", "granted", "withdrawn"])
        ended = draw.choice([None, None, None, ago(1)])
        about = {"basis": "opt_in", "source": "form", "purpose": draw.choice(["commercial", "commercial", "other"])}
        rows.add(Consent, customer_id=who, channel=channel, status=status, ended_at=ended, **times, **about)
    if draw.random() < 0.3:
        aim = draw.choice(
            [{"customer_id": who}, {"value": value, "channel": channel}, {"customer_id": who, "channel": channel}]
        )
        lifted = draw.choice([None, ago(1), NOW + timedelta(days=1)])
        scope = draw.choice(["commercial", "all"])
        made = draw.choice([ago(5), NOW + timedelta(days=1)])
        rows.add(Suppression, **aim, scope=scope, reason="opt_out", created_at=made, lifted_at=lifted)


def _order(draw: Random, rows: Rows, who: int) -> None:
    at = _lately(draw)
    status = draw.choice(["ordered", "shipped", "delivered", "cancelled", "returned"])
    total = draw.choice([0, 999, 1000, 5000])
    given = {"customer_id": who, "status": status, "ordered_at": at, "received_at": NOW, "total": total}
    order = rows.add(Order, key=f"o{draw.random()}", **given)
    for product in draw.sample([1, 2, 3, 4], draw.randint(0, 3)):
        category = rows.tables["product"][product - 1]["category"]
        line = {"order_id": order, "customer_id": who, "ordered_at": at, "product_id": product, "category": category}
        price, quantity = draw.choice([100, 700]), draw.choice([1, 2])
        rows.add(OrderLine, **line, price=price, quantity=quantity, counts=status not in GONE)


def _contacts(draw: Random, rows: Rows, who: int) -> None:
    for _ in range(draw.randint(0, 3)):
        about = {"channel": draw.choice(["email", "line", "call", "visit"]), "direction": draw.choice(["out", "in"])}
        at = _lately(draw) if draw.random() < 0.9 else NOW + timedelta(days=1)
        rows.add(Contact, customer_id=who, owner_id=who, at=at, **about)
        kind = draw.choice(["page_view", "quiz"])
        rows.add(Event, key=f"e{draw.random()}", customer_id=who, kind=kind, occurred_at=at, received_at=NOW)
    for number in range(draw.randint(0, 2)):
        status, at = draw.choice(["planned", "sent", "unknown", "failed", "cancelled"]), _lately(draw)
        step = draw.choice(["one", "two"])
        key = {"campaign": "thanks", "occurrence": f"order:{number}", "step": step}
        times = {"due_at": at, "at": at, "expires_at": at, "decided_at": at}
        touch = rows.add(Touch, customer_id=who, owner_id=who, status=status, priority=1, **key, **times)
        if status in ("sent", "unknown"):
            what = {"channel": "email", "direction": "out", "touch_id": touch}
            rows.add(Contact, customer_id=who, owner_id=who, at=at, **what)


# The plain reading.


@dataclass(frozen=True)
class Reading:
    rows: Rows
    own: tuple[str, str] | None = None
    """(campaign, occurrence) of the enrollment that asks."""
    opened_at: datetime | None = None
    subject: dict[str, Any] | None = None

    def holds(self, asked: Condition, who: int) -> bool:
        if isinstance(asked, AllOf):
            return all(self.holds(each, who) for each in asked.parts)
        if isinstance(asked, AnyOf):
            return any(self.holds(each, who) for each in asked.parts)
        if isinstance(asked, Not):
            return not self.holds(asked.part, who)
        return bool(READERS[type(asked)](self, asked, who))

    def between(self, asked: Any, at: datetime | None) -> bool:
        if at is None:
            return False
        late = asked.within is None or at >= before(asked.within)
        return late and (getattr(asked, "older_than", None) is None or at < before(asked.older_than))

    def attribute(self, asked: Any, who: int) -> bool:
        declared = SHOP.attributes[asked.name].type
        found = typed(self.rows.customer(who)["attributes"].get(asked.name), declared)
        tests = []
        if asked.known is not None:
            tests.append((found is not None) == asked.known)
        for word, test in COMPARED.items():
            wanted = getattr(asked, word)
            if wanted is not None:
                wanted = [plain(each, declared) for each in wanted] if word == "any_of" else plain(wanted, declared)
                tests.append(found is not None and test(found, wanted))
        return all(tests)

    def tag(self, asked: Any, who: int) -> bool:
        return any(each["tag"] in asked.any_of for each in self.rows.of(CustomerTag, who))

    def kind(self, asked: Any, who: int) -> bool:
        return bool(self.rows.customer(who).get("kind", "individual") == asked.equals)

    def prefecture(self, asked: Any, who: int) -> bool:
        return self.rows.customer(who).get("prefecture", "") in asked.any_of

    def date(self, asked: Any, who: int) -> bool:
        mine = [
            each
            for each in self.rows.of(DatedFact, who)
            if (each["name"], each["relative"]) == (asked.name, asked.relative)
        ]
        today = NOW.astimezone(TOKYO).date()
        tests = []
        if asked.known is not None:
            tests.append(bool(mine) == asked.known)
        if asked.month is not None:
            tests.append(any(each["month"] == asked.month for each in mine))
        if asked.this_month is not None:
            tests.append(any(each["month"] == today.month for each in mine) == asked.this_month)
        if asked.within is not None:
            coming = [today + timedelta(days=each) for each in range(asked.within.days + 1)]
            tests.append(any(each["day"] and returns_on(each, day) for each in mine for day in coming))
        return all(tests)

    def orders(self, asked: Any, who: int) -> bool:
        found = []
        for each in self.rows.of(Order, who):
            wanted = each["status"] in asked.status if asked.status else each["status"] not in GONE
            if wanted and self.between(asked, each["ordered_at"]) and inside(asked.amount, each["total"]):
                goods = self.goods(each, asked)
                later = not asked.after_opening or self.opened_at is None or each["ordered_at"] > self.opened_at
                if later and (goods or not (asked.product or asked.category)):
                    worth = sum(line["price"] * line["quantity"] for line in goods)
                    found.append(worth if asked.product or asked.category else each["total"])
        if asked.count is None and asked.total is None:
            return bool(found)
        return inside(asked.count, len(found)) and inside(asked.total, sum(found))

    def goods(self, order: dict[str, Any], asked: Any) -> list[dict[str, Any]]:
        keys = {each["id"]: each["key"] for each in self.rows.tables["product"]}
        return [
            line
            for line in self.rows.tables.get("order_line", [])
            if line["order_id"] == order["id"]
            and (not asked.product or keys[line["product_id"]] in asked.product)
            and (not asked.category or line["category"] in asked.category)
        ]

    def real_orders(self, who: int) -> list[dict[str, Any]]:
        mine = [each for each in self.rows.of(Order, who) if each["status"] not in GONE]
        return sorted(mine, key=lambda each: (each["ordered_at"], each["id"]))

    def first_order(self, asked: Any, who: int) -> bool:
        mine = self.real_orders(who)
        return bool(mine) and self.between(asked, mine[0]["ordered_at"])

    def last_order(self, asked: Any, who: int) -> bool:
        mine = self.real_orders(who)
        return bool(mine) and self.between(asked, mine[-1]["ordered_at"])

    def this(self, asked: Any, who: int) -> bool:
        assert self.subject is not None
        if "menu" in self.subject:
            return self.this_booking(asked, who)
        tests = []
        if asked.order:
            mine = self.real_orders(who)
            first = bool(mine) and mine[0]["id"] == self.subject["id"]
            tests.append(bool(mine) and first == (asked.order == "first"))
        if asked.product or asked.category:
            tests.append(bool(self.goods(self.subject, asked)))
        if asked.amount:
            tests.append(inside(asked.amount, self.subject["total"]))
        return all(tests)

    def this_booking(self, asked: Any, who: int) -> bool:
        assert self.subject is not None
        this = (self.subject["starts_at"], self.subject["id"])
        earlier = [
            each
            for each in self.rows.of(Booking, who)
            if each["status"] in ("booked", "visited") and (each["starts_at"], each["id"]) < this
        ]
        tests = [not asked.menu or self.subject["menu"] in asked.menu]
        tests.append(not asked.staff or self.subject["staff"] in asked.staff)
        if asked.booking:
            tests.append(bool(earlier) == (asked.booking == "repeat"))
        return all(tests)

    def bookings(self, asked: Any, who: int) -> bool:
        found = [
            each
            for each in self.rows.of(Booking, who)
            if each["status"] in (asked.status or ("booked", "visited"))
            and self.between(asked, each["starts_at"])
            and (not asked.menu or each["menu"] in asked.menu)
            and (not asked.staff or each["staff"] in asked.staff)
            and (asked.ahead is None or (each["starts_at"] > NOW) == asked.ahead)
            and self.made_later(asked, each)
        ]
        return counted(asked.count, found)

    def made_later(self, asked: Any, booking: dict[str, Any]) -> bool:
        if not asked.after_opening or self.opened_at is None:
            return True
        return bool((booking["booked_at"] or booking["received_at"]) > self.opened_at)

    def events(self, asked: Any, who: int) -> bool:
        mine = [each for each in self.rows.of(Event, who) if each["kind"] == asked.kind and each["occurred_at"] <= NOW]
        return counted(asked.count, [each for each in mine if self.between(asked, each["occurred_at"])])

    def others(self, who: int) -> Iterator[dict[str, Any]]:
        """Contacts that have been, but for those of the enrollment that asks."""
        touches = {each["id"]: (each["campaign"], each["occurrence"]) for each in self.rows.tables.get("touch", [])}
        for each in self.rows.of(Contact, who):
            own = self.own is not None and touches.get(each.get("touch_id", 0)) == self.own
            if each["at"] <= NOW and not own:
                yield each

    def contacts(self, asked: Any, who: int) -> bool:
        found = [
            each
            for each in self.others(who)
            if self.between(asked, each["at"])
            and (not asked.channel or each["channel"] in asked.channel)
            and asked.direction in (None, each["direction"])
        ]
        return counted(asked.count, found)

    def silent_for(self, asked: Any, who: int) -> bool:
        return all(each["direction"] == "in" or each["at"] < before(asked.duration) for each in self.others(who))

    def received(self, asked: Any, who: int) -> bool:
        return any(
            each["campaign"] == asked.campaign
            and each["status"] in ("sent", "unknown")
            and asked.step in (None, each["step"])
            and (asked.within is None or each["at"] >= before(asked.within))
            and (each["campaign"], each["occurrence"]) != self.own
            for each in self.rows.of(Touch, who)
        )

    def usable(self, who: int, channel: str) -> list[str]:
        return [
            each["value"]
            for each in self.rows.of(Address, who)
            if each["channel"] == channel and each["removed_at"] is None and each["status"] != "invalid"
        ]

    def stopped(self, who: int, channel: str) -> bool:
        for each in self.rows.tables.get("suppression", []):
            over = each["lifted_at"] is not None and each["lifted_at"] <= NOW
            if over:
                continue
            mine = each.get("customer_id") == who and "value" not in each and each.get("channel") in (None, channel)
            if mine or (each.get("channel") == channel and each.get("value") in self.usable(who, channel)):
                return True
        return bool(self.rows.customer(who).get("never"))

    def reachable(self, asked: Any, who: int) -> bool:
        channels = ("email", "line") if asked.by == "any" else (asked.by,)
        return any(self.usable(who, each) and not self.stopped(who, each) for each in channels)

    def consent(self, asked: Any, who: int) -> bool:
        channels = ("email", "line") if asked.to == "any" else (asked.to,)
        return any(
            (each["status"], each["purpose"], each["ended_at"]) == ("granted", "commercial", None)
            and each["channel"] in channels
            and each["given_at"] <= NOW
            for each in self.rows.of(Consent, who)
        )

    def segment(self, asked: Any, who: int) -> bool:
        return self.holds(SEGMENTS[asked.name], who)

    def open_holds(self, who: int, kind: str) -> list[dict[str, Any]]:
        return [
            each
            for each in self.rows.of(Hold, who)
            if each["kind"] == kind and (each["closed_at"] is None or each["closed_at"] > NOW)
        ]

    def complaint(self, asked: Any, who: int) -> bool:
        return bool(self.open_holds(who, "complaint"))

    def refused(self, asked: Any, who: int) -> bool:
        keys = {each["id"]: each["key"] for each in self.rows.tables["product"]}
        categories = {each["category"] for each in self.rows.tables["product"] if each["key"] == asked.product}
        return any(
            each["category"] in {asked.category, *categories} - {None, ""}
            or (asked.product is not None and keys.get(each["product_id"]) == asked.product)
            for each in self.open_holds(who, "refusal")
        )


READERS: dict[type[Operator], Callable[[Reading, Any, int], bool]] = {
    operator: getattr(Reading, word) for word, operator in OPERATORS.items()
}
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "equals": lambda found, wanted: found == wanted,
    "any_of": lambda found, wanted: found in wanted,
    "at_least": lambda found, wanted: found >= wanted,
    "at_most": lambda found, wanted: found <= wanted,
    "contains": lambda found, wanted: wanted in found,
}


def typed(found: Any, declared: str) -> Any:
    """The stored value as its declared type, None where it is not of it."""
    if declared == "number":
        return found if isinstance(found, int | float) and not isinstance(found, bool) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return str(found) if isinstance(found, str | int | float) else None


def plain(wanted: Any, declared: str) -> Any:
    if declared == "number":
        return wanted
    return str(wanted).lower() if isinstance(wanted, bool) else str(wanted)


def before(duration: Duration) -> datetime:
    """So long before now; Japan never changes its clocks."""
    local = NOW.astimezone(TOKYO) - timedelta(days=duration.days, seconds=duration.seconds)
    month = local.year * 12 + local.month - 1 - duration.months
    return local.replace(year=month // 12, month=month % 12 + 1).astimezone(UTC)


def returns_on(found: dict[str, Any], day: date) -> bool:
    if (found["month"], found["day"]) == (2, 29) and day.year % 4:
        return (day.month, day.day) == (2, 28)  # the shop's own rule, as it is when nothing is written
    return (found["month"], found["day"]) == (day.month, day.day)


def inside(asked: Any, number: float) -> bool:
    if asked is None:
        return True
    return (asked.at_least is None or number >= asked.at_least) and (asked.at_most is None or number <= asked.at_most)


def counted(asked: Any, found: list[Any]) -> bool:
    return inside(asked, len(found)) if asked else bool(found)


# What is asked.


def asked_of(draw: Random, word: str) -> Operator:
    """An operator with arguments drawn at random; nearly all of them mean somebody."""
    return OPERATORS[word].model_validate(ARGUMENTS[word](draw))


def some(draw: Random, **values: Any) -> dict[str, Any]:
    """At least one of the arguments."""
    chosen = draw.sample(sorted(values), draw.randint(1, min(3, len(values))))
    return {key: draw.choice(values[key]) for key in chosen}


def any_of(draw: Random, **values: Any) -> dict[str, Any]:
    return {key: draw.choice(each) for key, each in values.items() if draw.random() < 0.35}


PERIODS = {"within": ["7 days", "1 month", "720 hours", "90 days"], "older_than": ["7 days", "30 days", "0 days"]}
COUNTS = {"count": [0, 1, {"at_least": 2}, {"at_most": 1}, {"at_least": 1, "at_most": 2}]}
GOODS = {"product": ["beans", ["mill", "cup"], "none"], "category": ["豆", ["器具", "豆"], "none"]}
AMOUNT = [{"at_least": 1000}, {"at_most": 999}, 1000, {"at_least": 0.5, "at_most": 5000}]
ARGUMENTS: dict[str, Callable[[Random], Any]] = {
    "attribute": lambda draw: draw.choice(
        [
            {"name": "plan", **some(draw, equals=["gold"], contains=["old", "gold", "%_/"], known=[True, False])},
            {"name": "plan", **some(draw, any_of=[["gold", "x"]], at_least=["Gold", "g"], at_most=["gold", "a"])},
            {"name": "visits", **some(draw, equals=[3, 2.5], at_least=[2.5, 3], at_most=[3, -1], any_of=[[3, -1]])},
            {"name": "visits", "known": draw.choice([True, False])},
            {"name": "since", **some(draw, at_least=["2024-04-01", "2025-01-01"], at_most=["2024-04-01"])},
            {"name": "member", **some(draw, equals=[True, False, "true"], known=[True, False])},
        ]
    ),
    "tag": lambda draw: draw.choice(["friend", ["常連", "ギフト"], ["none"]]),
    "kind": lambda draw: draw.choice(["individual", "company"]),
    "prefecture": lambda draw: draw.choice(["兵庫県", ["兵庫県", "大阪府"], ["東京都"]]),
    "date": lambda draw: {
        **any_of(draw, name=["birthday", "wedding"], relative=["", "daughter"]),
        **some(
            draw, within=["0 days", "14 days", "100 days"], month=[11, 2], this_month=[True, False], known=[True, False]
        ),
    },
    "orders": lambda draw: any_of(
        draw, **PERIODS, **COUNTS, **GOODS, amount=AMOUNT, total=AMOUNT, status=["cancelled", ["shipped", "returned"]]
    ),
    "first_order": lambda draw: any_of(draw, **PERIODS),
    "last_order": lambda draw: any_of(draw, **PERIODS),
    "this": lambda draw: some(draw, **GOODS, order=["first", "repeat"], amount=AMOUNT),
    "bookings": lambda draw: any_of(
        draw,
        **PERIODS,
        **COUNTS,
        menu=["カット", ["カット", "カラー"]],
        staff=["湊川"],
        status=["no_show", ["cancelled"]],
        ahead=[True, False],
    ),
    "events": lambda draw: {"kind": draw.choice(["page_view", "none"]), **any_of(draw, **PERIODS, **COUNTS)},
    "contacts": lambda draw: any_of(
        draw, **PERIODS, **COUNTS, channel=["email", ["call", "visit"]], direction=["in", "out"]
    ),
    "silent_for": lambda draw: draw.choice(["7 days", "30 days", "60 days", "0 days"]),
    "received": lambda draw: {
        "campaign": draw.choice(["thanks", "none"]),
        **any_of(draw, step=["one"], within=["30 days"]),
    },
    "reachable": lambda draw: draw.choice(["any", "email", "line"]),
    "consent": lambda draw: draw.choice(["any", "email", "line"]),
    "segment": lambda draw: draw.choice(sorted(SEGMENTS)),
    "complaint": lambda draw: "open",
    "refused": lambda draw: some(draw, product=["beans", "mill"], category=["豆", "器具"]),
}


@dataclass(frozen=True)
class Asking:
    """One world on one database, and who a condition holds for in it."""

    engine: Engine
    rows: Rows

    @property
    def everybody(self) -> set[int]:
        return {each["id"] for each in self.rows.tables["customer"]}

    def found(self, asked: Condition, *, everybody: bool = False, negated: bool = False, **scope: Any) -> set[int]:
        customer = table(Customer).c
        meant = predicate(scope_of(customer.id, everybody=everybody, **scope), asked)
        with self.engine.connect() as connection:
            return set(connection.scalars(select(customer.id).where(not_(meant) if negated else meant)))

    def expected(self, asked: Condition, **reading: Any) -> set[int]:
        plainly = Reading(self.rows, **reading)
        return {who for who in self.everybody if plainly.holds(asked, who)}


def scope_of(customer_id: ColumnElement[Any], **more: Any) -> Scope:
    return Scope(customer_id, int(NOW.timestamp()), SHOP, SEGMENTS, **more)


@pytest.fixture
def asking(engine: Engine) -> Asking:
    rows = drawn(7)
    rows.write(engine)
    return Asking(engine, rows)


def test_every_operator_is_asked_here() -> None:
    assert set(ARGUMENTS) == set(OPERATORS)
    assert set(READERS) == set(OPERATORS.values())


@pytest.mark.parametrize("everybody", [False, True])
def test_every_operator_means_what_the_rows_say_and_its_not_means_the_others(asking: Asking, everybody: bool) -> None:
    draw = Random(1)
    for word in OPERATORS.keys() - {"this"}:
        met = set()
        for _ in range(9):
            asked = asked_of(draw, word)
            expected = asking.expected(asked)
            assert asking.found(asked, everybody=everybody) == expected, asked
            assert asking.found(Not(asked), everybody=everybody) == asking.everybody - expected, asked
            met |= expected
        assert met, f"{word} never held for anybody: the test is blind"


def test_charlie_of_whom_nothing_is_known_is_never_meant_but_by_what_asks_for_nothing(asking: Asking) -> None:
    nothing_needed = {"silent_for", "kind"}
    draw = Random(2)
    for word in OPERATORS.keys() - nothing_needed - {"this", "attribute", "date", "orders", "contacts", "bookings"}:
        for _ in range(5):
            asked = asked_of(draw, word)
            if getattr(asked, "count", None) is None:
                assert CHARLIE not in asking.found(asked), asked
                assert CHARLIE in asking.found(Not(asked)), asked
    for never in (
        words.AttributeIs(name="visits", at_most=0),
        words.AttributeIs(name="member", equals=False),
        words.DateIs(within=Duration(365)),
        words.LastOrder(older_than=Duration(1)),
        words.Orders(total=words.Comparison(at_least=0.5)),
    ):
        assert CHARLIE not in asking.found(never)
        assert CHARLIE in asking.found(Not(never))
    for always in (
        words.SilentFor(duration=Duration(1)),
        words.Orders(count=words.Comparison(at_most=0)),
        words.Orders(total=words.Comparison(at_most=0)),
        words.Contacts(count=words.Comparison(at_most=1)),
        words.AttributeIs(name="plan", known=False),
        words.DateIs(known=False),
    ):
        assert CHARLIE in asking.found(always)


def test_the_order_or_booking_that_opened_it_is_the_one_that_this_speaks_of(asking: Asking) -> None:
    draw = Random(3)
    orders, bookings = table(Order).c, table(Booking).c
    of_booking = {"booking": ["first", "repeat"], "menu": ["カット"], "staff": ["湊川"]}
    for _ in range(20):
        asked = asked_of(draw, "this")
        scope = scope_of(orders.customer_id, subject="order", subject_id=orders.id)
        assert subjects(asking, orders, predicate(scope, asked)) == of_rows(asking, Order, asked), asked
        asked = words.This.model_validate(some(draw, **of_booking))
        scope = scope_of(bookings.customer_id, subject="booking", subject_id=bookings.id)
        assert subjects(asking, bookings, predicate(scope, asked)) == of_rows(asking, Booking, asked), asked
        assert subjects(asking, bookings, predicate(scope, Not(asked))) == of_rows(asking, Booking, Not(asked)), asked


def test_what_was_never_ordered_or_booked_is_neither_the_first_nor_a_later_one(asking: Asking) -> None:
    nothing = cast(null(), BigInteger)
    for subject, tests in (
        ("order", [{"order": "first"}, {"order": "repeat"}, {"category": "豆"}, {"amount": {"at_least": 0}}]),
        ("booking", [{"booking": "first"}, {"booking": "repeat"}, {"menu": "カット"}, {"staff": "湊川"}]),
    ):
        for test in tests:
            asked = words.This.model_validate(test)
            assert asking.found(asked, subject=subject, subject_id=nothing) == set(), test
            assert asking.found(Not(asked), subject=subject, subject_id=nothing) == asking.everybody, test


def subjects(asking: Asking, columns: Any, meant: ColumnElement[bool]) -> set[int]:
    with asking.engine.connect() as connection:
        return set(connection.scalars(select(columns.id).where(meant)))


def of_rows(asking: Asking, model: Any, asked: Condition) -> set[int]:
    return {
        each["id"]
        for each in asking.rows.tables[str(model.__tablename__)]
        if Reading(asking.rows, subject=each).holds(asked, each["customer_id"])
    }


def test_an_enrollments_own_letters_are_left_out_of_contacts_silence_and_receipt(asking: Asking) -> None:
    own = ("thanks", "order:0")
    differs = set()
    for asked in (
        words.Contacts(),
        words.Contacts(channel=("email",), within=Duration(60)),
        words.SilentFor(duration=Duration(60)),
        words.Received(campaign="thanks"),
        words.Received(campaign="thanks", step="one"),
    ):
        scope = {"campaign": own[0], "occurrence": literal(own[1])}
        assert asking.found(asked, **scope) == asking.expected(asked, own=own), asked
        differs |= asking.expected(asked, own=own) ^ asking.expected(asked)
    assert differs


def test_only_what_came_after_the_opening_counts_where_that_is_asked(asking: Asking) -> None:
    for days in (5, 45, 100):
        opened = ago(days)
        for asked in (
            words.Orders(after_opening=True),
            words.Orders(after_opening=True, category=("豆",)),
            words.Bookings(after_opening=True, status=("booked", "visited", "cancelled", "no_show")),
        ):
            scope = {"occurred_at": literal(int(opened.timestamp()))}
            assert asking.found(asked, **scope) == asking.expected(asked, opened_at=opened), asked


def trees() -> st.SearchStrategy[Condition]:
    leaves: st.SearchStrategy[Condition] = st.builds(
        lambda seed, word: asked_of(Random(seed), word),
        st.integers(0, 10_000),
        st.sampled_from(sorted(OPERATORS.keys() - {"this"})),
    )
    return st.recursive(
        leaves,
        lambda inner: (
            st.builds(Not, inner)
            | st.builds(lambda parts: AllOf(tuple(parts)), st.lists(inner, max_size=3))
            | st.builds(lambda parts: AnyOf(tuple(parts)), st.lists(inner, max_size=3))
        ),
        max_leaves=6,
    )


def test_every_tree_parts_the_people_in_two_and_agrees_with_the_reading(asking: Asking) -> None:
    """TRUE or FALSE and never NULL: whom a tree does not hold for, its `not` holds for."""

    @settings(max_examples=30, suppress_health_check=list(HealthCheck))
    @given(trees(), st.booleans())
    def agrees(tree: Condition, everybody: bool) -> None:
        inside, outside = asking.found(tree, everybody=everybody), asking.found(tree, everybody=everybody, negated=True)
        assert inside | outside == asking.everybody
        assert not inside & outside
        assert inside == asking.expected(tree)

    agrees()


def test_what_explain_shows_of_a_tree_can_be_read_on_both_databases(asking: Asking) -> None:
    draw = Random(4)
    customer = table(Customer).c
    for word in OPERATORS.keys() - {"this"}:
        tree = Not(AllOf((asked_of(draw, word), words.HasTag(any_of=("friend",)))))
        listed = list(nodes(scope_of(customer.id), tree))
        assert [each.depth for each in listed][:3] == [0, 1, 2]
        shown = [each.observed for each in listed if each.observed is not None] + [each.predicate for each in listed]
        with asking.engine.connect() as connection:
            columns = [each.label(f"c{at}") for at, each in enumerate(shown)]
            found = connection.execute(select(customer.id, *columns)).all()
        assert len(found) == len(asking.everybody)
        assert all(value in (0, 1) for row in found for value in row[-len(listed) :])


def test_contains_and_the_order_of_texts_are_exact_to_the_letter(engine: Engine) -> None:
    """SQLite's LIKE takes "gold" for "Gold", and PostgreSQL sorts by the language it was set up in."""
    rows = Rows()
    for plan in ("Gold", "gold card", "50%", "100", "日本", "", None):
        rows.add(Customer, name="somebody", bucket=0, created_at=NOW, attributes={"plan": plan})
    rows.write(engine)
    asking = Asking(engine, rows)
    for about, expected in (
        ({"contains": "gold"}, {2}),
        ({"contains": "o"}, {1, 2}),
        ({"contains": "0%"}, {3}),
        ({"contains": "%"}, {3}),
        ({"contains": "_"}, set()),
        ({"contains": "本"}, {5}),
        ({"at_least": "a"}, {2, 5}),
        ({"at_most": "Z", "at_least": "A"}, {1}),
    ):
        asked = words.AttributeIs(name="plan", **about)
        assert asking.found(asked) == asking.expected(asked) == expected, asked


@pytest.mark.parametrize(
    "text", ["'; DROP TABLE customer; --", "%", "\\", '"', "$1", ":name", "🎂", "\u202e", "é", "a" * 5000]
)
def test_no_text_that_can_be_written_breaks_a_statement(engine: Engine, text: str) -> None:
    rows = Rows()
    rows.add(Customer, name="somebody", bucket=0, created_at=NOW, attributes={"plan": f"x{text}"}, prefecture=text)
    rows.add(CustomerTag, customer_id=1, tag=text)
    rows.write(engine)
    asking = Asking(engine, rows)
    for asked in (
        words.HasTag(any_of=(text,)),
        words.LivesIn(any_of=(text, "else")),
        words.AttributeIs(name="plan", contains=text),
        words.AttributeIs(name="plan", equals=f"x{text}"),
        Not(words.Events(kind=text)),
        Not(words.Orders(product=(text,), category=(text,))),
    ):
        assert asking.found(asked) == {1}, asked


def test_an_edge_belongs_to_within_and_not_to_older_than(engine: Engine) -> None:
    """`within: 30 days` is at or after the instant thirty days ago, `older_than` is before it: nobody falls between."""
    rows = Rows()
    for number, at in enumerate([ago(30), ago(30) - timedelta(seconds=1), ago(30) + timedelta(seconds=1)], start=1):
        rows.add(Customer, name="somebody", bucket=0, created_at=NOW, attributes={})
        rows.add(Order, key=str(number), customer_id=number, ordered_at=at, received_at=NOW, status="ordered", total=1)
    rows.write(engine)
    asking = Asking(engine, rows)
    for word in (words.LastOrder, words.FirstOrder, words.Orders):
        assert asking.found(word(within=Duration(30))) == {1, 3}
        assert asking.found(word(older_than=Duration(30))) == {2}


@pytest.mark.parametrize(("rule", "day"), [("02-28", 28), ("03-01", 1), ("leap", None)])
def test_bobs_29_february_comes_back_on_the_shops_own_day(engine: Engine, rule: str, day: int | None) -> None:
    """MailPoet #6625: a filter that knew no leap years."""
    rows = Rows()
    rows.add(Customer, name="bob", bucket=0, created_at=NOW, attributes={})
    rows.add(DatedFact, customer_id=1, name="birthday", relative="", month=2, day=29)
    rows.write(engine)
    shop = Settings.model_validate({"shop": {"name": "みなと"}, "feb29": rule})
    customer = table(Customer).c
    met = []
    for today in (27, 28, 1, 2):
        now = datetime(2027, 2 if today > 3 else 3, today, 12, tzinfo=TOKYO)
        scope = Scope(customer.id, int(now.timestamp()), shop, {})
        with engine.connect() as connection:
            meant = predicate(scope, words.DateIs(within=Duration(0)))
            met += [today] if connection.scalar(select(customer.id).where(meant)) else []
    assert met == ([day] if day else [])
