"""Something goes wrong while a plan writes down what it decided: an error that the command knows how to tell."""

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from .people import Shop, letter

LOST = {
    "sqlite": ("before_cursor_execute", "DROP TABLE scratch.decision", "no such table: decision"),
    # A plan's transaction there is read-only, but for rows of its own tables; these are nobody else's.
    "postgresql": ("after_cursor_execute", "SET ROLE pg_monitor", "permission denied for table decision"),
}


def test_a_plan_that_can_write_no_decision_fails_as_by_any_other_statement(engine: Engine) -> None:
    """Decisions pass SQLAlchemy by, and the driver's error did as well: on a full disk `run --once` showed a trace."""
    shop = Shop(engine, letter("thanks", "{after: order}"))
    shop.order(shop.customer("alice"), "2026-11-20 10:00")
    moment, losing, problem = LOST[engine.dialect.name]

    def lose(connection: object, cursor: object, statement: str, *rest: object) -> None:
        if statement.startswith("SELECT candidate.id"):
            cursor.connection.execute(losing)  # type: ignore[attr-defined]

    event.listen(engine, moment, lose)
    with pytest.raises(DBAPIError, match=problem):
        shop.tick("2026-11-20 10:01")
