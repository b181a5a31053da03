"""Something goes wrong while a plan writes down what it decided: an error that the command knows how to tell."""

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from nurture.store import open_engine

from .people import Shop, letter


def test_a_plan_that_can_write_no_decision_fails_as_by_any_other_statement(sqlite_database: str) -> None:
    """Decisions pass SQLAlchemy by, and the driver's error did as well: on a full disk `run --once` showed a trace."""
    engine = open_engine(sqlite_database)
    shop = Shop(engine, letter("thanks", "{after: order}"))
    shop.order(shop.customer("alice"), "2026-11-20 10:00")

    def lose(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT candidate.id"):
            cursor.connection.execute("DROP TABLE scratch.decision")  # type: ignore[attr-defined]

    event.listen(engine, "before_cursor_execute", lose)
    with pytest.raises(DBAPIError, match="no such table: decision"):
        shop.tick("2026-11-20 10:01")
    engine.dispose()
