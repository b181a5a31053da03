"""What LINE said of its monthly quota, kept so that every process plans with the same figure."""

import json
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, func, select, type_coerce

from nurture.store.setting import put_setting
from nurture.store.tables import Setting, Touch, table

SETTING, TOUCH = table(Setting), table(Touch)
NAME = "line_quota"
LEFT = ("sending", "sent", "unknown")
"""States of a push that LINE may have counted."""


def note_line_quota(connection: Connection, since: int, limit: int | None, consumed: int) -> None:
    """Keeps LINE's answer, in the caller's write transaction.

    `since`: the month's first instant, epoch seconds; `limit`: people who may be pushed to in the month, None = without
    limit; `consumed`: how many were. What goes beyond our own pushes was sent from elsewhere, such as LINE's manager.
    LINE's count comes late, so that the most ever seen from elsewhere in a month stands.
    """
    elsewhere = max(consumed - pushes_since(connection, since), _elsewhere(connection, since), 0)
    value = json.dumps({"since": since, "limit": limit, "elsewhere": elsewhere})
    put_setting(connection, NAME, value)


def line_quota(connection: Connection, since: int) -> int | None:
    """How many people the shop's own pushes may reach in the month that begins at `since`; None = no limit is known."""
    kept = _kept(connection)
    if kept.get("limit") is None:
        return None
    return int(max(kept["limit"] - (kept["elsewhere"] if kept["since"] == since else 0), 0))


def pushes_since(connection: Connection, since: int) -> int:
    """How many pushes of our own LINE may have counted from the instant on, epoch seconds."""
    at: ColumnElement[int] = type_coerce(TOUCH.c.at, BigInteger)
    mine = (TOUCH.c.channel == "line", TOUCH.c.status.in_(LEFT), at >= since)
    return connection.scalar(select(func.count()).select_from(TOUCH).where(*mine)) or 0


def _elsewhere(connection: Connection, since: int) -> int:
    kept = _kept(connection)
    return int(kept["elsewhere"]) if kept.get("since") == since else 0


def _kept(connection: Connection) -> dict[str, Any]:
    found = connection.scalar(select(SETTING.c.value).where(SETTING.c.name == NAME))
    return dict(json.loads(found)) if found else {}
