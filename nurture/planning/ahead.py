"""What a second connection has opened and staged ahead, in a thread of its own, becomes part of the plan.

Its rows get the numbers that they would have got here, so that it does not matter who has made them.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, func, select, text

from nurture.store import AHEAD

from .workspace import CANDIDATE, OPENED

LAST = select(func.coalesce(func.max(OPENED.c.id), 0))
OPENED_COLUMNS = ", ".join(each.name for each in OPENED.c if each is not OPENED.c.id)
CANDIDATE_COLUMNS = ", ".join(each.name for each in CANDIDATE.c if each not in (CANDIDATE.c.id, CANDIDATE.c.thread))
TAKE_OPENED = text(
    f"INSERT INTO opened (id, {OPENED_COLUMNS}) SELECT :last + id, {OPENED_COLUMNS} FROM {AHEAD}.opened ORDER BY id"
)
TAKE_STAGED = text(
    f"INSERT INTO candidate (thread, {CANDIDATE_COLUMNS}) SELECT thread - :last, {CANDIDATE_COLUMNS}"
    f" FROM {AHEAD}.candidate WHERE step_id IN :steps ORDER BY id"
).bindparams(bindparam("steps", expanding=True))
"""The thread of what has just opened is minus its number in `opened`."""


def take_opened(connection: Connection) -> int:
    """Takes over what opened ahead; gives the number of the last occurrence before."""
    last: int = connection.scalar(LAST) or 0
    connection.execute(TAKE_OPENED, {"last": last})
    return last


def take_staged(connection: Connection, steps: Sequence[int], last: int) -> None:
    """Takes over the candidates of these steps; `last` as `take_opened` gave it."""
    connection.execute(TAKE_STAGED, {"steps": list(steps), "last": last})
