"""What is known about the customers of a generated shop: rows as plain values, named like their columns.

Instants are whole seconds since 1970 UTC.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, ClassVar


@dataclass
class Row:
    """A row of one table; `table` is the name of its model in `nurture.store.tables`."""

    table: ClassVar[str]
    id: int


@dataclass
class Account(Row):
    table = "Account"
    name: str
    name_match: str
    zone: str | None = None


@dataclass
class Customer(Row):
    table = "Customer"
    key: str
    kind: str
    name: str
    family_name: str
    prefecture: str
    bucket: int
    created_at: int
    account_id: int | None = None
    zone: str | None = None
    cap_owner_id: int | None = None
    merged_into: int | None = None
    never: bool = False
    erased_at: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)

    @property
    def owner_id(self) -> int:
        return self.cap_owner_id or self.id

    @property
    def active(self) -> bool:
        return self.merged_into is None and self.erased_at is None


@dataclass
class Tag(Row):
    table = "CustomerTag"
    customer_id: int
    tag: str


@dataclass
class Address(Row):
    table = "Address"
    customer_id: int
    channel: str
    value: str
    created_at: int
    status: str = "ok"
    shared_with: int | None = None
    removed_at: int | None = None


@dataclass
class Consent(Row):
    table = "Consent"
    customer_id: int
    channel: str
    status: str
    given_at: int
    recorded_at: int
    ended_at: int | None = None
    basis: str = "opt_in"
    source: str = "form"


@dataclass
class Suppression(Row):
    table = "Suppression"
    created_at: int
    channel: str | None = None
    value: str | None = None
    customer_id: int | None = None
    scope: str = "commercial"
    reason: str = "opt_out"
    lifted_at: int | None = None


@dataclass
class Product(Row):
    table = "Product"
    key: str
    name: str
    category: str
    created_at: int
    on_sale: bool = True
    price: int | None = 1000


@dataclass
class Relation(Row):
    table = "ProductRelation"
    product_id: int
    related_id: int
    position: int


@dataclass
class Order(Row):
    table = "Order"
    key: str
    customer_id: int
    status: str
    ordered_at: int
    received_at: int
    total: int
    shipped_at: int | None = None
    delivered_at: int | None = None
    cancelled_at: int | None = None

    @property
    def void(self) -> bool:
        return self.status in ("cancelled", "returned")


@dataclass
class Line(Row):
    table = "OrderLine"
    order_id: int
    customer_id: int
    ordered_at: int
    product_id: int
    name: str
    category: str
    price: int
    counts: bool = True


@dataclass
class Booking(Row):
    table = "Booking"
    key: str
    customer_id: int
    status: str
    starts_at: int
    received_at: int
    booked_at: int | None
    menu: str = ""
    staff: str = ""


@dataclass
class Event(Row):
    table = "Event"
    key: str
    customer_id: int
    kind: str
    occurred_at: int
    received_at: int


@dataclass
class DatedFact(Row):
    table = "DatedFact"
    customer_id: int
    name: str
    relative: str
    year: int | None
    month: int
    day: int | None


@dataclass
class Contact(Row):
    table = "Contact"
    customer_id: int
    owner_id: int
    channel: str
    at: int
    direction: str = "out"
    counts: bool = True
    touch_id: int | None = None
    periods: list[int] | None = None
    source: str = ""


@dataclass
class Hold(Row):
    table = "Hold"
    customer_id: int
    kind: str
    opened_at: int
    closed_at: int | None = None
    product_id: int | None = None
    category: str = ""


@dataclass
class Pause(Row):
    table = "Pause"
    scope: str
    began_at: int
    until_at: int | None = None
    ended_at: int | None = None


class State:
    """Every row, by table and id; and who was changed since planning last looked."""

    def __init__(self) -> None:
        self.rows: dict[str, dict[int, Any]] = {each.table: {} for each in Row.__subclasses__()}
        self._of: defaultdict[tuple[str, int], list[Any]] = defaultdict(list)
        """The same rows by table and customer."""
        self.changed: set[int] = set()
        self.paused_or_resumed = False
        """Whether a pause began or was lifted since planning last looked."""

    def put(self, row: Row) -> None:
        """A new row; whose it is never changes."""
        self.rows[row.table][row.id] = row
        if (customer_id := getattr(row, "customer_id", None)) is not None:
            self._of[row.table, customer_id].append(row)

    def drop(self, row: Tag) -> None:
        """A row that is taken away."""
        del self.rows[row.table][row.id]
        self._of[row.table, row.customer_id].remove(row)

    def all(self, kind: type[Any]) -> list[Any]:
        """The rows of a table in the order of their ids."""
        return list(self.rows[kind.table].values())

    def of(self, kind: type[Any], customer_id: int) -> list[Any]:
        """A customer's rows of a table."""
        return list(self._of[kind.table, customer_id])

    def one(self, kind: type[Any], key: int | None) -> Any:
        """A row by its id; None where there is none."""
        return None if key is None else self.rows[kind.table].get(key)

    @property
    def customers(self) -> list[Customer]:
        return self.all(Customer)

    def sharing_with(self, customer_id: int) -> set[int]:
        """Everybody at the customer's inbox, and the customer."""
        owner = self.one(Customer, customer_id).owner_id
        return {each.id for each in self.customers if each.owner_id == owner}

    def orders_of(self, customer_id: int) -> list[Order]:
        """What counts as an order, the oldest first; of two at one instant the one that came first."""
        found = [each for each in self.of(Order, customer_id) if not each.void]
        return sorted(found, key=lambda each: (each.ordered_at, each.id))

    def last_contact_at(self, customer_id: int) -> int | None:
        """The newest contact in the direction `out`."""
        found = [each.at for each in self.of(Contact, customer_id) if each.direction == "out"]
        return max(found, default=None)
