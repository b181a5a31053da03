"""Products as other files speak of them: by code, or by their name where there is no code."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import Connection, insert, select

from nurture.intake.inserting import draw_ids
from nurture.intake.listed import listed
from nurture.store.tables import Product, table

_product = table(Product)


@dataclass(frozen=True, slots=True)
class Good:
    """A product that is known."""

    id: int
    key: str
    category: str


@dataclass
class Goods:
    """The products that some rows speak of."""

    by_key: dict[str, Good] = field(default_factory=dict)
    by_name: dict[str, Good] = field(default_factory=dict)

    def find(self, key: str, name: str) -> Good | None:
        """The product with this code; without a code, the one with exactly this name."""
        return self.by_key.get(key) if key else self.by_name.get(name)


def look_up_goods(connection: Connection, keys: Collection[str], names: Collection[str]) -> Goods:
    """The products with these codes or names; of two with one name the first is meant."""
    goods = Goods()
    columns = select(_product.c.id, _product.c.key, _product.c.category, _product.c.name).order_by(_product.c.id.desc())
    for ident, key, category, _ in connection.execute(columns.where(listed(_product.c.key, set(keys)))) if keys else ():
        goods.by_key[key] = Good(ident, key, category)
    for ident, key, category, name in (
        connection.execute(columns.where(listed(_product.c.name, set(names)))) if names else ()
    ):
        goods.by_name[name] = Good(ident, key, category)
    return goods


def make_goods(connection: Connection, goods: Goods, missing: Iterable[tuple[str, str, str, int]], now: int) -> None:
    """Makes products that nothing but an order speaks of: (code, name, category, price). `now`: epoch seconds."""
    wanted = {key: (name, category, price) for key, name, category, price in missing if key not in goods.by_key}
    if not wanted:
        return
    ids = dict(zip(wanted, draw_ids(connection, _product, len(wanted)), strict=True))
    rows = [
        {"id": ids[key], "key": key, "name": name or key, "category": category, "price": price, "created_at": now}
        for key, (name, category, price) in wanted.items()
    ]
    empty = {"url": "", "image_url": "", "on_sale": True}
    connection.execute(insert(_product), [row | empty for row in rows])
    goods.by_key |= {key: Good(ids[key], key, category) for key, (_, category, _) in wanted.items()}
