"""Blocks: a LINE user who blocked the shop's account, and who may unblock it. It is no opt-out, and lifts none.

LINE tells a block only by the `unfollow` event; a push to the user goes on answering 200. Events come late and twice:
the newer one of two wins, whatever comes first.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, literal, select, update

from nurture.store import change_selected
from nurture.store.tables import Address, Suppression, seconds, table

ADDRESS, SUPPRESSION = table(Address), table(Suppression)
CHANNEL, REASON = "line", "blocked"


def line_blocked(connection: Connection, user_id: str, at: datetime, now: datetime) -> bool:
    """Keeps the user from being pushed to, in the caller's write transaction; False where that changes nothing.

    `at`: when LINE says it happened; a block older than a known unblock is passed over. Both aware UTC.
    """
    since = min(at, now)
    if connection.scalar(_newest(user_id, SUPPRESSION.c.lifted_at, since)) is not None:
        return False
    change_selected(connection, _holders(user_id), now)
    standing = connection.execute(select(SUPPRESSION.c.id).where(_blocks(user_id), _open())).first()
    if standing is None:
        values = {"channel": CHANNEL, "value": user_id, "scope": "all", "reason": REASON, "source": "line"}
        connection.execute(insert(SUPPRESSION).values(**values, created_at=since))
        return True
    # The newer of two blocks stays: an unblock from between them, which may still be on its way, must not lift it.
    newer = and_(SUPPRESSION.c.id == standing.id, seconds(SUPPRESSION.c.created_at) < literal(_epoch(since)))
    connection.execute(update(SUPPRESSION).where(newer).values(created_at=since))
    return False


def line_unblocked(connection: Connection, user_id: str, at: datetime, now: datetime) -> bool:
    """Lifts the block of a user who follows again, nothing else; False where there is none older than `at`."""
    older = and_(_blocks(user_id), _open(), seconds(SUPPRESSION.c.created_at) <= _epoch(at))
    if connection.scalar(select(SUPPRESSION.c.id).where(older).limit(1)) is None:
        return False
    change_selected(connection, _holders(user_id), now)
    return connection.execute(update(SUPPRESSION).where(older).values(lifted_at=min(at, now))).rowcount > 0


def _newest(user_id: str, column: ColumnElement[Any], since: datetime) -> Any:
    return select(SUPPRESSION.c.id).where(_blocks(user_id), seconds(column) > _epoch(since)).limit(1)


def _holders(user_id: str) -> Any:
    return select(ADDRESS.c.customer_id).where(
        ADDRESS.c.channel == CHANNEL, ADDRESS.c.value == user_id, ADDRESS.c.removed_at.is_(None)
    )


def _blocks(user_id: str) -> ColumnElement[bool]:
    return and_(SUPPRESSION.c.channel == CHANNEL, SUPPRESSION.c.value == user_id, SUPPRESSION.c.reason == REASON)


def _open() -> ColumnElement[bool]:
    return SUPPRESSION.c.lifted_at.is_(None)


def _epoch(instant: datetime) -> int:
    return int(instant.timestamp())
