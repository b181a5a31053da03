"""Rows as tests write them: what a test says, the rest by the model's defaults."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from sqlalchemy import Connection, Insert
from sqlmodel import SQLModel

from nurture.store.tables import table


def write_row(connection: Connection, model: type[SQLModel], **values: Any) -> None:
    """One row."""
    statement, defaults = _inserting(model)
    # As parameters: as values of the statement they would be built into it anew each time, which costs as much again.
    connection.execute(statement, {**defaults, **values})


def columns_only(model: type[SQLModel], values: Mapping[str, Any]) -> dict[str, Any]:
    """Of the values those for which the table has a column."""
    return {name: each for name, each in values.items() if name in table(model).c}


@cache
def _inserting(model: type[SQLModel]) -> tuple[Insert, dict[str, Any]]:
    found = {name: each.get_default(call_default_factory=True) for name, each in model.model_fields.items()}
    plain = {name: each for name, each in found.items() if name != "id" and _is_plain(each)}
    return table(model).insert(), columns_only(model, plain)


def _is_plain(found: object) -> bool:
    return found is None or isinstance(found, str | int | bool | dict)
