"""Two transactions at once: the second has begun its work when it waits for the first."""

import time

from sqlalchemy import Engine, text

PATIENCE = 20
"""Seconds."""


def until_somebody_waits(engine: Engine) -> None:
    """Until a transaction waits for a lock of another; at once on SQLite, where it waits before its first statement."""
    if engine.dialect.name == "sqlite":
        return
    deadline = time.monotonic() + PATIENCE
    asked = text(
        "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    while True:
        with engine.connect() as connection:
            if connection.scalar(asked):
                return
        if time.monotonic() > deadline:
            raise AssertionError("nobody waits")
