"""A shop's customers, orders and contacts as SQL that makes them from a seed, the same rows on either database.

Python would need a minute and a half for the eighteen million rows of a million customers; the databases count
themselves and draw with a quadratic hash of the row's number (two multiplications modulo a prime).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from .moment import DAY, EPOCH

PRIME = 2_147_483_647
CATEGORIES = ("豆", "ドリップバッグ", "器具", "菓子", "定期便", "ギフト", "紅茶", "書籍", "雑貨", "ミル")
"""From the most to the least bought: about a third of all lines, and a twentieth."""
PRODUCTS = 200
ORDERS_PER_CUSTOMER, LINES_PER_CUSTOMER, CONTACTS_PER_CUSTOMER = 1.8, 10, 5
ORDER_DAYS, CONTACT_DAYS = 730, 180
ZONES = ("Asia/Taipei", "Asia/Bangkok")
"""Beside the shop's own, Asia/Tokyo, which 96 in 100 have."""


@dataclass(frozen=True)
class World:
    """Everything that decides which rows there are."""

    customers: int
    seed: int

    @property
    def orders(self) -> int:
        """How many orders there are."""
        return int(self.customers * ORDERS_PER_CUSTOMER)

    @property
    def lines(self) -> int:
        """How many order lines there are."""
        return self.customers * LINES_PER_CUSTOMER

    @property
    def contacts(self) -> int:
        """How many contacts there are."""
        return self.customers * CONTACTS_PER_CUSTOMER

    def statements(self, dialect: str) -> Iterator[tuple[str, str]]:
        """(table, INSERT) in order; `dialect`: sqlite | postgresql."""
        for table, count, columns, more in self._tables():
            names = ", ".join(columns)
            values = ", ".join(columns.values())
            yield table, f'INSERT INTO "{table}" ({names}) SELECT {values} FROM {_numbers(dialect, count)} {more}'

    def _tables(self) -> Iterator[tuple[str, int, dict[str, str], str]]:
        yield "customer", self.customers, self._customer(), ""
        yield (
            "address",
            self.customers,
            self._address("email", "'c' || n || '@mail.example'"),
            self._where("mail", 0.92),
        )
        yield "address", self.customers, self._address("line", "'U' || (100000000 + n)"), self._where("line", 0.2)
        yield "consent", self.customers, self._consent("email"), self._where("consent", 0.88)
        yield "consent", self.customers, self._consent("line"), self._where("line", 0.19)
        yield "suppression", self.customers, self._suppression(), self._where("suppressed", 0.005)
        yield "dated_fact", self.customers, self._birthday(), self._where("birthday", 0.9)
        yield "product", PRODUCTS, self._product(), ""
        yield "hold", self.customers, self._hold(), self._where("hold", 0.012)
        yield "order", self.orders, self._order(), ""
        ordered = f'JOIN "order" o ON o.id = 1 + (n - 1) * {self.orders} / {self.lines}'
        yield "order_line", self.lines, self._line(), ordered
        yield "contact", self.contacts, self._contact(), ""

    def _customer(self) -> dict[str, str]:
        zone = self._draw("zone", 100)
        empty = ("given_name", "kana", "name_match", "postal_code", "street", "gender", "note")
        return {
            "id": "n",
            "key": "'c' || (100000000 + n)",
            "kind": f"CASE WHEN {self._chance('company', 0.05)} THEN 'company' ELSE 'individual' END",
            "name": "'客 ' || n",
            "family_name": f"CASE WHEN {self._chance('named', 0.97)} THEN '客' ELSE '' END",
            "prefecture": "'兵庫県'",
            **dict.fromkeys(empty, "''"),
            "zone": f"CASE WHEN {zone} < 2 THEN '{ZONES[0]}' WHEN {zone} < 4 THEN '{ZONES[1]}' END",
            "attributes": "'{}'",
            "created_at": str(EPOCH - ORDER_DAYS * DAY),
            "version": "1",
            "bucket": self._draw("bucket", PRIME),
            "never": self._chance("never", 0.001),
        }

    def _address(self, channel: str, value: str) -> dict[str, str]:
        fixed = {"channel": f"'{channel}'", "status": "'ok'", "created_at": str(EPOCH - ORDER_DAYS * DAY)}
        return {"customer_id": "n", "value": value, **fixed}

    def _consent(self, channel: str) -> dict[str, str]:
        return {
            "customer_id": "n",
            "channel": f"'{channel}'",
            "purpose": "'commercial'",
            "status": f"CASE WHEN {self._chance('withdrawn', 0.03)} THEN 'withdrawn' ELSE 'granted' END",
            "basis": "'opt_in'",
            "source": "'form'",
            "evidence": "''",
            "given_at": str(EPOCH - ORDER_DAYS * DAY),
            "recorded_at": str(EPOCH - ORDER_DAYS * DAY),
        }

    def _suppression(self) -> dict[str, str]:
        fixed = {"scope": "'commercial'", "reason": "'opt_out'", "source": "'link'"}
        value = "'c' || n || '@mail.example'"
        return {"channel": "'email'", "value": value, **fixed, "created_at": str(EPOCH - 90 * DAY)}

    def _birthday(self) -> dict[str, str]:
        return {
            "customer_id": "n",
            "name": "'birthday'",
            "relative": "''",
            "year": f"CASE WHEN {self._chance('year known', 0.8)} THEN 1940 + {self._draw('year', 65)} END",
            "month": f"1 + {self._draw('month', 12)}",
            "day": f"CASE WHEN {self._chance('day known', 0.95)} THEN 1 + {self._draw('day', 28)} END",
        }

    def _product(self) -> dict[str, str]:
        return {
            "id": "n",
            "key": "'P' || (1000 + n)",
            "name": "'商品 ' || n",
            "category": _category("n - 1"),
            "price": f"300 + {self._draw('price', 60)} * 50",
            "url": "''",
            "image_url": "''",
            "on_sale": "n % 20 <> 0",
            "created_at": str(EPOCH - ORDER_DAYS * DAY),
        }

    def _hold(self) -> dict[str, str]:
        complaint = self._chance("complaint", 0.15)
        return {
            "customer_id": "n",
            "kind": f"CASE WHEN {complaint} THEN 'complaint' ELSE 'refusal' END",
            "category": f"CASE WHEN {complaint} THEN '' ELSE {_category(self._draw('refused', PRODUCTS))} END",
            "opened_at": str(EPOCH - 40 * DAY),
            "closed_at": f"CASE WHEN {self._chance('closed', 0.5)} THEN {EPOCH - 10 * DAY} END",
            "note": "''",
        }

    def _order(self) -> dict[str, str]:
        # A square makes few customers buy often, and leaves every fourth without an order.
        whom = f"({self._square('buyer', self.customers)} * 7919 + 12345) % {self.customers} + 1"
        at = (
            f"({EPOCH - ORDER_DAYS * DAY} + n * {ORDER_DAYS * DAY - 600} / {self.orders} + {self._draw('minute', 600)})"
        )
        shipped, delivered = f"{at} <= {EPOCH - DAY}", f"{at} <= {EPOCH - 2 * DAY}"
        status = f"CASE WHEN {self._chance('cancelled', 0.02)} THEN 'cancelled' WHEN {delivered} THEN 'delivered'"
        return {
            "id": "n",
            "key": "'A' || (100000000 + n)",
            "customer_id": whom,
            "status": f"{status} WHEN {shipped} THEN 'shipped' ELSE 'ordered' END",
            "ordered_at": at,
            "shipped_at": f"CASE WHEN {shipped} THEN {at} + {DAY} END",
            "delivered_at": f"CASE WHEN {delivered} THEN {at} + {2 * DAY} END",
            "total": f"800 + {self._draw('total', 120)} * 100",
            "source": "''",
            "received_at": f"{at} + CASE WHEN {delivered} THEN {2 * DAY} WHEN {shipped} THEN {DAY} ELSE 0 END",
        }

    def _line(self) -> dict[str, str]:
        product = self._square("product", PRODUCTS)
        return {
            "order_id": "o.id",
            "customer_id": "o.customer_id",
            "ordered_at": "o.ordered_at",
            "product_id": f"1 + {product}",
            "name": "'商品'",
            "category": _category(product),
            "quantity": f"1 + {self._draw('quantity', 3)}",
            "price": f"300 + {product} * 7",
            "counts": "o.status <> 'cancelled'",
        }

    def _contact(self) -> dict[str, str]:
        kind = self._draw("kind", 20)
        return {
            "customer_id": f"1 + {self._draw('contacted', self.customers)}",
            "owner_id": f"1 + {self._draw('contacted', self.customers)}",
            "channel": f"CASE WHEN {kind} < 16 THEN 'email' WHEN {kind} < 18 THEN 'line' ELSE 'call' END",
            "direction": f"CASE WHEN {kind} = 19 THEN 'in' ELSE 'out' END",
            "at": f"{EPOCH - CONTACT_DAYS * DAY} + n * {CONTACT_DAYS * DAY} / {self.contacts}",
            "counts": f"{kind} < 19",
            "source": "''",
            "note": "''",
        }

    def _where(self, salt: str, share: float) -> str:
        return f"WHERE {self._chance(salt, share)}"

    def _chance(self, salt: str, share: float) -> str:
        return f"{self._draw(salt, 10_000)} < {round(share * 10_000)}"

    def _draw(self, salt: str, below: int) -> str:
        """A whole number from 0 to below it, drawn for row `n`."""
        random = Random(f"{self.seed} {salt}")
        mixed = f"((n * {random.randrange(1 << 20, 1 << 30)} + {random.randrange(PRIME)}) % {PRIME})"
        return f"({mixed} * {mixed} % {PRIME} % {below})"

    def _square(self, salt: str, below: int) -> str:
        """As `_draw`, but low numbers come more often: the density falls with the square root."""
        drawn = self._draw(salt, 1 << 20)
        return f"({drawn} * {drawn} / {1 << 20} * {below} / {1 << 20})"


def _category(product: str) -> str:
    each = PRODUCTS // len(CATEGORIES)
    whens = " ".join(f"WHEN {number} THEN '{name}'" for number, name in enumerate(CATEGORIES))
    return f"CASE ({product}) / {each} {whens} END"


def _numbers(dialect: str, count: int) -> str:
    if dialect == "postgresql":
        return f"generate_series(1, CAST({count} AS BIGINT)) AS number(n)"
    counted = f"SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < {count}"
    return f"(WITH RECURSIVE number(n) AS ({counted}) SELECT n FROM number) AS number"
