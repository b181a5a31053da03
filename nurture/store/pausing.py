"""Pauses: a stop of everything, of a channel or of a campaign, set and lifted in one place.

Both begin a new generation, so that what a worker claimed before can pass no fence any more and planning decides anew.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from nurture.store.tables import Generation, Pause, table

PAUSE, GENERATION = table(Pause), table(Generation)


def pause(connection: Connection, scope: str, reason: str, now: datetime, until: datetime | None = None) -> bool:
    """Stops `all`, `channel:<name>` or `campaign:<name>` until `until` or a resume; False when it was stopped so long.

    A pause that ran out, or ends sooner than this one, stops nothing of it: both then stand side by side.
    """
    endless = PAUSE.c.until_at.is_(None)
    as_long = endless if until is None else or_(endless, PAUSE.c.until_at >= until)
    if connection.scalar(select(PAUSE.c.id).where(_open(scope), as_long).limit(1)) is not None:
        return False
    connection.execute(insert(PAUSE).values(scope=scope, reason=reason[:200], began_at=now, until_at=until))
    _begin_generation(connection, f"pause {scope}", now)
    return True


def resume(connection: Connection, scope: str, now: datetime) -> bool:
    """Lifts a pause; False when there was none."""
    lifted = connection.execute(update(PAUSE).where(_open(scope)).values(ended_at=now)).rowcount
    if lifted:
        _begin_generation(connection, f"resume {scope}", now)
    return lifted > 0


def paused(connection: Connection, scopes: Sequence[str], now: datetime) -> bool:
    """Whether one of these scopes is stopped at `now`."""
    lasting = or_(PAUSE.c.until_at.is_(None), PAUSE.c.until_at > now)
    found = select(PAUSE.c.id).where(PAUSE.c.scope.in_(scopes), PAUSE.c.ended_at.is_(None))
    return connection.scalar(found.where(lasting).limit(1)) is not None


def _open(scope: str) -> ColumnElement[bool]:
    return and_(PAUSE.c.scope == scope, PAUSE.c.ended_at.is_(None))


def _begin_generation(connection: Connection, why: str, now: datetime) -> None:
    # The next tick finds a digest that is not its own and begins the generation of its campaigns again.
    connection.execute(insert(GENERATION).values(digest=why, began_at=now))
