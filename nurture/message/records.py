"""The rows behind the values of many messages, read set-wise: one query for each kind of row. It shapes nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from sqlalchemy import BigInteger, Connection, Row, Select, and_, bindparam, func, select, type_coerce

from nurture.campaign.model import After, Campaign
from nurture.config import Settings
from nurture.rules.buying import GONE
from nurture.rules.offer import offered_product
from nurture.rules.scope import Scope
from nurture.rules.variables import BLANKS, HTTPS
from nurture.store import Ids, among, among_bound
from nurture.store.tables import (
    Account,
    Address,
    Booking,
    Customer,
    DatedFact,
    Order,
    OrderLine,
    Product,
    ProductRelation,
    table,
)

# Built once: building one of them takes longer than its answer for a hundred messages.
_IDS = bindparam("ids", type_=Ids())
_CUSTOMER, _ACCOUNT, _FACT = table(Customer), table(Account), table(DatedFact)
_ORDER, _LINE, _BOOKING = table(Order), table(OrderLine), table(Booking)
_PEOPLE = (
    select(
        *(_CUSTOMER.c[each] for each in "id kind name family_name given_name prefecture zone attributes".split()),
        _ACCOUNT.c.name.label("account"),
        _ACCOUNT.c.zone.label("account_zone"),
    )
    .select_from(_CUSTOMER.outerjoin(_ACCOUNT, _ACCOUNT.c.id == _CUSTOMER.c.account_id))
    .where(among_bound(_CUSTOMER.c.id, _IDS))
)
_FACTS = select(*(_FACT.c[each] for each in "customer_id name relative year month day".split())).where(
    among_bound(_FACT.c.customer_id, _IDS)
)
# Instants as they are kept, epoch seconds: most are only turned into a date.
_ORDERS = select(
    _ORDER.c.id,
    _ORDER.c.key,
    _ORDER.c.total,
    *(type_coerce(_ORDER.c[each], BigInteger).label(each) for each in ("ordered_at", "shipped_at", "delivered_at")),
).where(among_bound(_ORDER.c.id, _IDS))
_LINES = (
    select(*(_LINE.c[each] for each in "order_id name quantity price category".split()))
    .where(among_bound(_LINE.c.order_id, _IDS))
    .order_by(_LINE.c.order_id, _LINE.c.id)
)
_BOOKINGS = select(_BOOKING).where(among_bound(_BOOKING.c.id, _IDS))
CHUNK = 5_000
"""Messages whose rows are read together."""


class Request(Protocol):
    """What is asked for; `nurture.message.context.ContextRequest`."""

    @property
    def id(self) -> int: ...
    @property
    def customer_id(self) -> int: ...
    @property
    def campaign(self) -> Campaign: ...
    @property
    def subject_id(self) -> int | None: ...


class Offered(NamedTuple):
    """The product a message names."""

    name: str | None
    category: str | None
    price: int | None
    url: str | None
    image_url: str | None
    reason: str | None


@dataclass
class Records:
    """What was found."""

    customers: dict[int, Row[Any]] = field(default_factory=dict)
    """By customer."""
    facts: dict[tuple[int, str, str], Row[Any]] = field(default_factory=dict)
    """By customer, name and relative."""
    history: dict[int, Row[Any]] = field(default_factory=dict)
    """Count, first and last counted order by customer; none for those without an order."""
    newest: dict[int, Row[Any]] = field(default_factory=dict)
    """The first named line of the newest counted order by customer."""
    on_line: set[int] = field(default_factory=set)
    """Customers whose LINE account is known, where the shop uses LINE."""
    orders: dict[int, Row[Any]] = field(default_factory=dict)
    """By request."""
    bookings: dict[int, Row[Any]] = field(default_factory=dict)
    """By request."""
    lines: dict[int, list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))
    """By order, as they were entered."""
    offers: dict[int, Offered] = field(default_factory=dict)
    """By request."""


def load_records(
    connection: Connection, settings: Settings, requests: Sequence[Request], now: int, groups: Set[str]
) -> Records:
    """Reads the rows behind these groups of values for all requests, some thousand requests at a time."""
    records = Records()
    for start in range(0, len(requests), CHUNK):
        _Loading(connection, settings, now, records, groups).load(requests[start : start + CHUNK])
    return records


@dataclass(frozen=True)
class _Loading:
    connection: Connection
    settings: Settings
    now: int
    records: Records
    groups: Set[str]

    def load(self, requests: Sequence[Request]) -> None:
        customers = sorted({each.customer_id for each in requests})
        self._customers(customers)
        if "line_link_url" in self.groups:
            self._on_line(customers)
        if self.groups & {"customer", "occasion"}:
            self._facts(customers)
        if self.groups & {"history", "occasion"}:
            self._history(customers)
        if "order" in self.groups:
            self._orders(requests)
        if "booking" in self.groups:
            self._bookings(requests)
        if "offer" in self.groups:
            self._offers(requests)

    def _rows(self, statement: Select[Any], ids: Iterable[int] = ()) -> Sequence[Row[Any]]:
        return self.connection.execute(statement, {"ids": list(ids)}).all()

    def _customers(self, ids: Sequence[int]) -> None:
        self.records.customers.update((row.id, row) for row in self._rows(_PEOPLE, ids))

    def _facts(self, ids: Sequence[int]) -> None:
        self.records.facts.update(((row.customer_id, row.name, row.relative), row) for row in self._rows(_FACTS, ids))

    def _on_line(self, ids: Sequence[int]) -> None:
        if self.settings.line.enabled:
            address = table(Address)
            held = and_(among(address.c.customer_id, ids), address.c.channel == "line", address.c.removed_at.is_(None))
            self.records.on_line.update(self.connection.scalars(select(address.c.customer_id).where(held)))

    def _history(self, ids: Sequence[int]) -> None:
        order, line = table(Order), table(OrderLine)
        counted = and_(among(order.c.customer_id, ids), order.c.status.not_in(GONE))
        totals = select(
            order.c.customer_id,
            func.count().label("count"),
            type_coerce(func.min(order.c.ordered_at), BigInteger).label("first"),
            type_coerce(func.max(order.c.ordered_at), BigInteger).label("last"),
        )
        rows = self._rows(totals.where(counted).group_by(order.c.customer_id))
        self.records.history.update((row.customer_id, row) for row in rows)
        place = func.row_number().over(
            partition_by=line.c.customer_id, order_by=(line.c.ordered_at.desc(), line.c.order_id.desc(), line.c.id)
        )
        named = and_(among(line.c.customer_id, ids), line.c.counts, func.rtrim(line.c.name, BLANKS) != "")
        ranked = select(line, place.label("place")).where(named).subquery()
        newest = self._rows(select(ranked).where(ranked.c.place == 1))
        self.records.newest.update((row.customer_id, row) for row in newest)

    def _orders(self, requests: Sequence[Request]) -> None:
        wanted = _subjects_of(requests, "order")
        orders = {row.id: row for row in self._rows(_ORDERS, wanted.values())}
        self.records.orders.update((key, orders[id_]) for key, id_ in wanted.items() if id_ in orders)
        for row in self._rows(_LINES, orders):
            self.records.lines[row.order_id].append(row)

    def _bookings(self, requests: Sequence[Request]) -> None:
        wanted = _subjects_of(requests, "booking")
        booked = {row.id: row for row in self._rows(_BOOKINGS, wanted.values())}
        self.records.bookings.update((key, booked[id_]) for key, id_ in wanted.items() if id_ in booked)

    def _offers(self, requests: Sequence[Request]) -> None:
        campaigns = {each.campaign.campaign: each.campaign for each in requests if each.campaign.offer}
        chosen: dict[int, int] = {}
        for name, campaign in campaigns.items():
            chosen |= self._chosen(campaign, [each for each in requests if each.campaign.campaign == name])
        product = table(Product)
        rows = self._rows(select(product).where(among(product.c.id, set(chosen.values()))))
        products, reasons = {row.id: row for row in rows}, self._reasons(requests, chosen)
        for request in requests:
            if row := products.get(chosen.get(request.id, 0)):
                self.records.offers[request.id] = _offered(row, reasons.get((request.customer_id, row.id)))

    def _chosen(self, campaign: Campaign, requests: Sequence[Request]) -> dict[int, int]:
        """The product offered in each request of one campaign."""
        offer = campaign.offer
        assert offer is not None
        by_order = offer.related_to == "this"
        source = table(Order).alias() if by_order else table(Customer).alias()
        owner = source.c.customer_id if by_order else source.c.id
        scope = Scope(owner, self.now, self.settings, {}, subject="order" if by_order else None)
        if by_order:
            scope = scope.about(subject_id=source.c.id)
        keys = {each.id: (each.subject_id if by_order else each.customer_id) for each in requests}
        wanted = {key for key in keys.values() if key is not None}
        statement = select(source.c.id, offered_product(scope, offer)).where(among(source.c.id, wanted))
        found: Mapping[int, int | None] = dict(self._rows(statement))  # type: ignore[arg-type]
        return {id_: product for id_, key in keys.items() if key is not None and (product := found.get(key))}

    def _reasons(self, requests: Iterable[Request], chosen: Mapping[int, int]) -> dict[tuple[int, int], str]:
        """The declared reason for each customer and product offered: best position first, then the lower id."""
        relation, line = table(ProductRelation), table(OrderLine)
        customers = {each.customer_id for each in requests if each.id in chosen}
        statement = (
            select(line.c.customer_id, relation.c.related_id, relation.c.reason)
            .select_from(relation.join(line, line.c.product_id == relation.c.product_id))
            .where(
                among(line.c.customer_id, customers),
                among(relation.c.related_id, set(chosen.values())),
                line.c.counts,
                func.rtrim(relation.c.reason, BLANKS) != "",
            )
            .order_by(relation.c.position.desc(), relation.c.product_id.desc())
        )
        # The best comes last and stays.
        return {(row.customer_id, row.related_id): row.reason for row in self._rows(statement)}


def _subjects_of(requests: Sequence[Request], kind: str) -> dict[int, int]:
    return {
        each.id: each.subject_id
        for each in requests
        if each.subject_id is not None
        and isinstance(each.campaign.trigger, After)
        and each.campaign.trigger.table == kind
    }


def _offered(row: Row[Any], reason: str | None) -> Offered:
    return Offered(row.name, row.category, row.price, _secure(row.url), _secure(row.image_url), reason)


def _secure(url: str) -> str | None:
    return url if url.startswith(HTTPS) and len(url) > len(HTTPS) else None
