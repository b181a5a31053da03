"""Doubt: touches of which nobody can tell whether they arrived, and how they are settled.

They count for the caps as if they had arrived, and are never sent again by themselves. What settles one is a proof (a
bounce, an answer to the very message, the use of a link that stands in it) or a person's word.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, insert, or_, select, text, update

from nurture.store.among import among
from nurture.store.change import change
from nurture.store.facts import refresh_facts
from nurture.store.tables import Attempt, Contact, Customer, Enrollment, Message, Touch, TouchLog, table

ATTEMPT, CONTACT, CUSTOMER, ENROLLMENT = (table(each) for each in (Attempt, Contact, Customer, Enrollment))
MESSAGE, TOUCH, LOG = (table(each) for each in (Message, Touch, TouchLog))
Ending = Literal["sent", "failed", "planned"]
"""`planned`: it is to be sent again, with the same bytes and key where there were any."""


@dataclass(frozen=True)
class Doubtful:
    """One touch of which nobody can tell whether it arrived."""

    touch_id: int
    customer_id: int
    customer: str
    """The shop's own number of the customer, empty without one."""
    campaign: str
    step: str
    channel: str
    at: datetime
    """When it was handed over, or would have been."""
    why: str
    """`restored`, or what the connection said last."""
    key: str
    """Message-ID or retry key: by it the mail server's log or the mailbox can be searched; empty without a message."""


def doubtful(connection: Connection) -> list[Doubtful]:
    """All of them, oldest first."""
    mine = and_(MESSAGE.c.touch_id == TOUCH.c.id, MESSAGE.c.hop == TOUCH.c.hop)
    said = select(ATTEMPT.c.reply).where(ATTEMPT.c.touch_id == TOUCH.c.id).order_by(ATTEMPT.c.id.desc()).limit(1)
    found = (
        select(
            TOUCH, CUSTOMER.c.key.label("customer"), MESSAGE.c.key.label("message"), said.scalar_subquery().label("why")
        )
        .select_from(TOUCH.join(CUSTOMER, CUSTOMER.c.id == TOUCH.c.customer_id).outerjoin(MESSAGE, mine))
        .where(text("touch.status = 'unknown'"))  # written out for the partial index
        .order_by(TOUCH.c.at, TOUCH.c.id)
    )
    return [
        Doubtful(
            row.id,
            row.customer_id,
            row.customer or "",
            row.campaign,
            row.step,
            row.channel or "",
            row.at or row.due_at,
            "restored" if row.result == "restored" else row.why or "",
            row.message or "",
        )
        for row in connection.execute(found)
    ]


def settle_unknown(connection: Connection, touch_ids: list[int], ending: Ending, why: str, now: datetime) -> list[int]:
    """Ends the doubt about touches, in the caller's write transaction; gives those that were in doubt.

    `why`: what proved it, or who said so. Not sent (`failed`) frees its place under the caps; to be sent again
    (`planned`) does so too, and every gate is asked once more.
    """
    found = select(TOUCH).where(among(TOUCH.c.id, touch_ids), TOUCH.c.status == "unknown").order_by(TOUCH.c.id)
    people = sorted({row.customer_id for row in connection.execute(found)})
    change(connection, people, now)
    rows = list(connection.execute(found))  # once more: now nobody else can settle them
    ids = [row.id for row in rows]
    if not ids:
        return []
    moved: dict[Ending, dict[str, Any]] = {"sent": {}, "failed": {"at": None}, "planned": {"at": now, "worker": None}}
    named = {"status": ending, "result": f"{why} again" if ending == "planned" else why}
    connection.execute(update(TOUCH).where(among(TOUCH.c.id, ids)).values(**named, **moved[ending]))
    said = {"logged_at": now, "status": ending, "verdict": why[:60]}
    connection.execute(insert(LOG), [{**said, "touch_id": each.id, "channel": each.channel} for each in rows])
    _settle_attempts(connection, ids, ending, why)
    if ending != "sent":
        keys = [f"restored:{each}" for each in ids]
        connection.execute(delete(CONTACT).where(or_(among(CONTACT.c.touch_id, ids), CONTACT.c.key.in_(keys))))
        refresh_facts(connection, people)
    if ending == "planned":
        _reopen(connection, ids, now)
    return ids


def prove_arrival(connection: Connection, touch_ids: list[int], why: str, now: datetime) -> list[int]:
    """Calls touches sent that arrived by the word of whoever got them, in the caller's write transaction; gives which.

    Those in doubt, and those of which nobody has heard yet (`sending`): whoever handed them over may be dead, and the
    proof would be forgotten by the time their lease ends. What their worker says later finds no `sending` any more.
    """
    open_ = and_(among(TOUCH.c.id, touch_ids), TOUCH.c.status.in_(("unknown", "sending")))
    people = set(connection.scalars(select(TOUCH.c.customer_id).where(open_)))
    if not people:
        return []
    change(connection, people, now)  # customers before touches, as at the fence
    settled = settle_unknown(connection, touch_ids, "sent", why, now)
    arrived = update(TOUCH).where(among(TOUCH.c.id, touch_ids), TOUCH.c.status == "sending")
    ended = arrived.values(status="sent", result=why, worker=None, lease_until=None)
    rows = list(connection.execute(ended.returning(TOUCH.c.id, TOUCH.c.channel)))
    if not rows:
        return settled
    said = {"logged_at": now, "status": "sent", "verdict": why[:60]}
    connection.execute(insert(LOG), [{**said, "touch_id": each.id, "channel": each.channel} for each in rows])
    mine = and_(among(ATTEMPT.c.touch_id, [each.id for each in rows]), ATTEMPT.c.result == "open")
    connection.execute(update(ATTEMPT).where(mine).values(result="accepted", code=why[:60], finished_at=now))
    return sorted({*settled, *(each.id for each in rows)})


def in_doubt(connection: Connection, keys: list[str]) -> list[int]:
    """Which touches in doubt have a message of one of these Message-IDs or retry keys."""
    joined = MESSAGE.join(TOUCH, and_(TOUCH.c.id == MESSAGE.c.touch_id, TOUCH.c.hop == MESSAGE.c.hop))
    found = select(TOUCH.c.id).select_from(joined).where(text("touch.status = 'unknown'"), MESSAGE.c.key.in_(keys))
    return list(connection.scalars(found.order_by(TOUCH.c.id)))


def handed_over(connection: Connection, keys: list[str]) -> list[int]:
    """As `in_doubt`, with those of which nobody has heard yet."""
    return sorted({*in_doubt(connection, keys), *under_way(connection, keys)})


def under_way(connection: Connection, keys: list[str]) -> list[int]:
    """As `in_doubt`, of those of which nobody has heard yet: their worker still tells it, or their lease ends."""
    joined = MESSAGE.join(TOUCH, and_(TOUCH.c.id == MESSAGE.c.touch_id, TOUCH.c.hop == MESSAGE.c.hop))
    leased = text("touch.status IN ('claimed', 'sending')")  # for the partial index, as above
    found = select(TOUCH.c.id).select_from(joined).where(leased, TOUCH.c.status == "sending", MESSAGE.c.key.in_(keys))
    return list(connection.scalars(found.order_by(TOUCH.c.id)))


def campaigns_of(connection: Connection, touch_ids: list[int]) -> list[str]:
    """The campaigns that touches are of."""
    found = select(TOUCH.c.campaign).where(among(TOUCH.c.id, touch_ids)).distinct()
    return sorted(connection.scalars(found))


def _settle_attempts(connection: Connection, ids: list[int], ending: Ending, why: str) -> None:
    results = {"sent": "accepted", "failed": "rejected", "planned": "unknown"}
    mine = and_(among(ATTEMPT.c.touch_id, ids), ATTEMPT.c.result == "unknown")
    connection.execute(update(ATTEMPT).where(mine).values(result=results[ending], code=why[:60]))


def _reopen(connection: Connection, ids: list[int], now: datetime) -> None:
    """An enrollment that had nothing left to do has something again."""
    same = and_(
        TOUCH.c.customer_id == ENROLLMENT.c.customer_id,
        TOUCH.c.campaign == ENROLLMENT.c.campaign,
        TOUCH.c.occurrence == ENROLLMENT.c.occurrence,
    )
    mine = select(1).where(same, among(TOUCH.c.id, ids)).exists()
    ended = and_(mine, ENROLLMENT.c.exit_reason == "finished")
    connection.execute(update(ENROLLMENT).where(ended).values(ended_at=None, exit_reason=None, next_at=now))
