"""The schema that the migrations lead to: the tables of the models, with identity columns where PostgreSQL has them."""

from sqlalchemy import Identity, MetaData, Table
from sqlmodel import SQLModel

from nurture.store import tables


def target_metadata(dialect: str) -> MetaData:
    """A copy of the models' tables; on PostgreSQL a generated key is an identity column, on SQLite a row id."""
    target = MetaData()
    for table in _tables():
        key = table.to_metadata(target).autoincrement_column
        if key is not None and dialect == "postgresql":
            Identity(always=False)._set_parent(key)
    # Each change raises `customer.version`; with room left on the page PostgreSQL touches no index for it. Seconds for
    # 100,000 neighbours of 200,000: 5.9 on full pages, 3.3 to 4.4 at 70 %, 2.0 at 50 %, which makes every scan longer.
    target.tables["customer"].kwargs["postgresql_with"] = {"fillfactor": 70}
    return target


def _tables() -> list[Table]:
    models = [each for each in vars(tables).values() if isinstance(each, type) and issubclass(each, SQLModel)]
    return [tables.table(each) for each in models if hasattr(each, "__table__")]
