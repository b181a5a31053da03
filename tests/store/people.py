"""Customers for the tests of the store: only what the tables insist on."""

from collections.abc import Iterable
from datetime import UTC, datetime

from sqlalchemy import Engine, insert

from nurture.store import writing
from nurture.store.tables import Customer, table

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def person(number: int, cap_owner_id: int | None = None) -> dict[str, object]:
    return {"id": number, "bucket": number, "created_at": NOON, "attributes": {}, "cap_owner_id": cap_owner_id}


def admit(engine: Engine, people: Iterable[dict[str, object]]) -> None:
    with writing(engine) as connection:
        connection.execute(insert(table(Customer)), list(people))
