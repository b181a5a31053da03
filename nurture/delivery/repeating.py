"""Repeating: a push whose fate nobody knows goes out again, with its frozen bytes and under its retry key.

LINE carries one key out once, but the one time may be this one: a repeat is a hand-over of its own. It asks for consent
and window in the transaction that moves the contact to its own instant, and nothing it brings back undoes the first.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, and_, case, insert, literal, select, type_coerce, update

from nurture.campaign import Campaigns
from nurture.channels.outcome import Accepted, Outcome, Rejected, Unknown
from nurture.store import change, lock_sharing, paused
from nurture.store.tables import Attempt, Contact, Message, Touch, table

from .reaping import repeatable
from .values import Claimed, Ready

ATTEMPT, CONTACT, MESSAGE, TOUCH = (table(each) for each in (Attempt, Contact, Message, Touch))
LEASE = 60
"""Seconds for which the answer to a repeat is waited for."""


def take_again(
    connection: Connection, campaigns: Campaigns, touch_id: int, now: datetime, *, everything: bool
) -> Ready | None:
    """The push to repeat now, in the caller's write transaction; None where it is wanted, or this worker's, no more.

    `everything`: a lease that still runs is nobody's, as for `reap`.
    """
    people = select(TOUCH.c.customer_id, TOUCH.c.owner_id).where(TOUCH.c.id == touch_id)
    lock_sharing(connection, (each for row in connection.execute(people) for each in row))
    instant = int(now.timestamp())
    row = connection.execute(_frozen(touch_id)).one_or_none()
    if row is None or not (everything or row.leased < instant) or not repeatable(connection, [touch_id], instant):
        return None
    claimed = _claimed(campaigns, row)
    if claimed is None or paused(connection, ("all", "channel:line", f"campaign:{row.campaign}"), now):
        return None
    _hand_over_anew(connection, claimed, now)
    return Ready(claimed, "", row.key, bytes(row.body))


def judged(outcome: Outcome) -> Outcome:
    """What the answer to a repeat means: a refusal says nothing of the first try, which may have arrived."""
    if isinstance(outcome, Accepted):
        return outcome
    said = outcome.reason if isinstance(outcome, Unknown) else getattr(outcome, "code", "") or type(outcome).__name__
    return Unknown(f"repeated: {said}", retry_same_key=not isinstance(outcome, Rejected))


def _frozen(touch_id: int) -> Any:
    same = (MESSAGE.c.touch_id == TOUCH.c.id) & (MESSAGE.c.hop == TOUCH.c.hop)
    leased = type_coerce(TOUCH.c.lease_until, BigInteger).label("leased")
    found = select(TOUCH, leased, MESSAGE.c.recipient, MESSAGE.c.key, MESSAGE.c.body).join(MESSAGE, same)
    return found.where(TOUCH.c.id == touch_id, TOUCH.c.status == "sending")


def _claimed(campaigns: Campaigns, row: Any) -> Claimed | None:
    steps = [
        (campaign, step)
        for campaign in campaigns.campaigns
        for step in campaign.steps
        if (campaign.campaign, step.step) == (row.campaign, row.step)
    ]
    if not steps:
        return None
    campaign, step = steps[0]
    return Claimed(
        touch_id=row.id,
        token=row.token + 1,
        customer_id=row.customer_id,
        owner_id=row.owner_id,
        campaign=campaign,
        step=step,
        occurrence=row.occurrence,
        subject_id=row.subject_id,
        occurred_at=int(row.due_at.timestamp()),
        channel=row.channel,
        address=row.recipient,
        hop=row.hop,
        attempts=row.attempts,
        expires_at=int(row.expires_at.timestamp()),
        sendable_until=int(row.sendable_until.timestamp()),
    )


def _hand_over_anew(connection: Connection, claimed: Claimed, now: datetime) -> None:
    """A fence of its own: whoever held the touch writes nothing any more, and caps count from this instant."""
    change(connection, [claimed.customer_id], now)
    lease = literal(int(now.timestamp()) + LEASE, BigInteger)
    mine = update(TOUCH).where(TOUCH.c.id == claimed.touch_id)
    values = {"token": claimed.token, "attempts": claimed.attempts + 1, "worker": None}
    connection.execute(mine.values(at=now, lease_until=lease, **values))
    # Not earlier than the first try, which may have arrived: the clock may have been set back since.
    later = case((CONTACT.c.at > now, CONTACT.c.at), else_=literal(now, CONTACT.c.at.type))
    connection.execute(update(CONTACT).where(CONTACT.c.touch_id == claimed.touch_id).values(at=later))
    open_ = and_(ATTEMPT.c.touch_id == claimed.touch_id, ATTEMPT.c.result == "open")
    connection.execute(update(ATTEMPT).where(open_).values(result="unknown", finished_at=now, reply="repeated"))
    own = {"touch_id": claimed.touch_id, "hop": claimed.hop, "token": claimed.token, "channel": claimed.channel}
    connection.execute(insert(ATTEMPT).values(**own, fenced_at=now, result="open", code="", reply=""))
