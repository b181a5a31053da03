"""Columns that every table is made of: ids, instants, references to a customer. No table is defined here."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Dialect, Integer, Table, type_coerce
from sqlalchemy.types import TypeDecorator, TypeEngine
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An instant: a timezone-aware datetime in Python, whole epoch seconds in the database."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> int | None:
        """Takes an aware datetime or epoch seconds; a naive datetime raises ValueError."""
        if value is None or isinstance(value, int):
            return value
        if value.tzinfo is None:
            raise ValueError(f"naive datetime {value!r}: an instant needs its zone")
        return int(value.timestamp())

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Gives an aware UTC datetime."""
        return None if value is None else datetime.fromtimestamp(value, UTC)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        """Lets whole seconds be added to an instant."""
        return BigInteger() if isinstance(value, int) else self


Identity = BigInteger().with_variant(Integer, "sqlite")


def key_column() -> Any:
    """The row's own id."""
    return Field(default=None, sa_column=Column(Identity, primary_key=True, autoincrement=True))


def instant_column(**options: Any) -> Any:
    """An instant that may be empty unless `nullable=False`."""
    options.setdefault("nullable", True)
    return Field(default=None, sa_column=Column(Instant, **options))


def customer_column(**options: Any) -> Any:
    """The id of a customer, or of another row, that can't be empty."""
    return Field(sa_column=Column(BigInteger, nullable=False, **options))


def table(model: type[SQLModel]) -> Table:
    """The Core table of a model."""
    found: Table = model.__table__  # type: ignore[attr-defined]
    return found


def seconds(column: ColumnElement[Any]) -> ColumnElement[int]:
    """An instant column as plain epoch seconds."""
    return type_coerce(column, BigInteger)


def probe(model: type[SQLModel]) -> Any:
    """The model's table under a name of its own, for subqueries that must not be tied to the statement around them."""
    found = table(model)
    return found.alias(f"{found.name}_probe")
