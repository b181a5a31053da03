"""An opt-out: a customer refuses further messages, and whatever is queued for them stops in the same transaction.

It is recorded twice: as the consent that ended, which is the proof, and as a suppression, which every gate asks. What
has passed the fence is on its way and can't be called back.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from nurture.rules.permission import CHANNELS
from nurture.store import change
from nurture.store.tables import Consent, Suppression, Touch, TouchLog, table

from .survivor import survivor

CONSENT = table(Consent)
SUPPRESSION, TOUCH, LOG = table(Suppression), table(Touch), table(TouchLog)


@dataclass(frozen=True)
class OptedOut:
    """What an opt-out did."""

    customer_id: int
    """Who refused; where two customers were merged since, the one that is left."""
    new: bool
    """False when the same was said before, and nothing was written."""
    stopped: int
    """Queued messages that will not leave."""


def opt_out(
    connection: Connection,
    customer_id: int,
    channel: str | None,
    purpose: str,
    source: str,
    evidence: str,
    now: datetime,
) -> OptedOut | None:
    """Records a refusal and stops what waits, in the caller's write transaction; None for an unknown customer.

    `channel`: `email`, `line`, or None for every one. `purpose`: `commercial`; `transactional` refuses every message on
    the channel, those about orders and bookings too. `source`: where it was said, e.g. `link`, `line`, `mailbox`;
    `evidence`: what proves it, without an address. `now`: aware UTC. Said again, it changes nothing.
    """
    refused = _Refusal(channel, purpose, source, evidence, now)
    customer = survivor(connection, customer_id)
    if customer is None or _known(connection, customer, refused):
        return None if customer is None else OptedOut(customer, False, 0)
    customer = _locked(connection, customer, now)
    fresh = not _suppressed(connection, customer, refused)
    if fresh:
        _suppress(connection, customer, refused)
    ended = [_withdraw(connection, customer, *each, refused) for each in refused.permissions]
    stopped = _stop(connection, customer, refused)
    return OptedOut(customer, fresh or any(ended) or stopped > 0, stopped)


@dataclass(frozen=True)
class _Refusal:
    channel: str | None
    purpose: str
    source: str
    evidence: str
    now: datetime

    @property
    def scope(self) -> str:
        return "all" if self.purpose == "transactional" else "commercial"

    @property
    def permissions(self) -> list[tuple[str, str]]:
        """Channel and purpose of every consent that ends."""
        channels = (self.channel,) if self.channel else CHANNELS
        purposes = ("commercial", "transactional") if self.scope == "all" else ("commercial",)
        return [(channel, purpose) for channel in channels for purpose in purposes]


def _locked(connection: Connection, customer: int, now: datetime) -> int:
    """Locks and marks the customer; a merge that came between finding and locking is followed."""
    change(connection, [customer], now)
    present = survivor(connection, customer)
    return customer if present in (None, customer) else _locked(connection, int(present or customer), now)


def _known(connection: Connection, customer: int, refused: _Refusal) -> bool:
    """Whether all of it was said before: then not even the version rises."""
    if not _suppressed(connection, customer, refused):
        return False
    if any(_standing(connection, customer, *each) != "withdrawn" for each in refused.permissions):
        return False
    return connection.scalar(select(TOUCH.c.id).where(_queued(customer, refused)).limit(1)) is None


def _suppressed(connection: Connection, customer: int, refused: _Refusal) -> bool:
    mine = and_(
        SUPPRESSION.c.customer_id == customer,
        SUPPRESSION.c.value.is_(None),
        SUPPRESSION.c.channel.is_(None) if refused.channel is None else SUPPRESSION.c.channel == refused.channel,
        SUPPRESSION.c.scope == refused.scope,
        SUPPRESSION.c.reason == "opt_out",
        SUPPRESSION.c.lifted_at.is_(None),
    )
    return connection.scalar(select(SUPPRESSION.c.id).where(mine).limit(1)) is not None


def _suppress(connection: Connection, customer: int, refused: _Refusal) -> None:
    values = {"channel": refused.channel, "customer_id": customer, "scope": refused.scope, "reason": "opt_out"}
    connection.execute(insert(SUPPRESSION).values(**values, source=refused.source, created_at=refused.now))


def _standing(connection: Connection, customer: int, channel: str, purpose: str) -> str | None:
    status: str | None = connection.scalar(select(CONSENT.c.status).where(_in_force(customer, channel, purpose)))
    return status


def _withdraw(connection: Connection, customer: int, channel: str, purpose: str, refused: _Refusal) -> bool:
    """Ends the permission in force and appends the refusal; False where that is what stands already."""
    if _standing(connection, customer, channel, purpose) == "withdrawn":
        return False
    ending = update(CONSENT).where(_in_force(customer, channel, purpose)).values(ended_at=refused.now)
    connection.execute(ending)
    said = {"status": "withdrawn", "basis": "opt_out", "source": refused.source, "evidence": refused.evidence}
    row = {"customer_id": customer, "channel": channel, "purpose": purpose}
    connection.execute(insert(CONSENT).values(**row, **said, given_at=refused.now, recorded_at=refused.now))
    return True


def _in_force(customer: int, channel: str, purpose: str) -> ColumnElement[bool]:
    return and_(
        CONSENT.c.customer_id == customer,
        CONSENT.c.channel == channel,
        CONSENT.c.purpose == purpose,
        CONSENT.c.ended_at.is_(None),
    )


def _queued(customer: int, refused: _Refusal) -> ColumnElement[bool]:
    """What waits and may not leave any more; only commercial messages obey caps."""
    parts = [TOUCH.c.customer_id == customer, TOUCH.c.status.in_(("planned", "claimed"))]
    if refused.channel is not None:
        parts.append(TOUCH.c.channel == refused.channel)
    if refused.scope == "commercial":
        parts.append(TOUCH.c.obeys_cap)
    return and_(*parts)


def _stop(connection: Connection, customer: int, refused: _Refusal) -> int:
    """A worker that holds one of them finds it gone at the fence, which asks for `claimed`; its token stays."""
    ended: dict[str, Any] = {"status": "suppressed", "verdict": "suppressed", "result": "opt_out", "failing": None}
    freed: dict[str, Any] = {"at": None, "worker": None, "lease_until": None, "sendable_until": None}
    stopping = update(TOUCH).where(_queued(customer, refused)).values(**ended, **freed)
    stopped = list(connection.execute(stopping.returning(TOUCH.c.id, TOUCH.c.channel)))
    if stopped:
        said = {"logged_at": refused.now, "status": "suppressed", "verdict": "suppressed"}
        connection.execute(insert(LOG), [{**said, "touch_id": row.id, "channel": row.channel} for row in stopped])
    return len(stopped)
