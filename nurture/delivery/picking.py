"""Picking: which touches are due now and may be asked about, in the order they are sent in.

It writes nothing; on PostgreSQL it locks what it picks, and whom that is for.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from heapq import merge
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from nurture.gates.situation import Situation
from nurture.rules.permission import usable_address
from nurture.store import among, approved_until
from nurture.store.sealing import gap_until
from nurture.store.tables import Customer, Pause, Touch, seconds, table

from .throttle import closed

CUSTOMER, PAUSE, TOUCH = (table(each) for each in (Customer, Pause, Touch))


@dataclass(frozen=True)
class Terms:
    """What else than a touch and its customer decides whether it may be asked about."""

    paused: frozenset[str]
    """Scopes of the pauses in force."""
    gap: int
    """Until when a database was put back; 0 = it was not. Epoch seconds, as below."""
    approved: int
    """Before when slots may leave where the shop wants to see the list first."""


def terms_of(connection: Connection, situation: Situation) -> Terms:
    """The terms that hold at this instant."""
    paused = frozenset(connection.scalars(_pauses_in_force(), {"now": situation.instant}))
    approved = approved_until(connection) if situation.settings.approve else 0
    return Terms(paused, gap_until(connection), approved)


def pick(connection: Connection, situation: Situation, terms: Terms, served: Collection[str], limit: int) -> list[Any]:
    """At most `limit` touches that may be asked about, one for each owner; none of a channel or domain that has no
    place left."""
    now, paused = situation.instant, terms.paused
    if "all" in paused:
        return []
    full, slow = closed(connection, situation.settings, situation.now.timestamp())
    channels = [name for name in served if f"channel:{name}" not in paused and name not in full]
    campaigns = tuple(sorted(scope.removeprefix("campaign:") for scope in paused if scope.startswith("campaign:")))
    approve = situation.settings.approve
    told = {"now": now, "most": 2 * limit, "gap": terms.gap, "approved": terms.approved}

    def due(channel: str) -> Iterator[Any]:
        without = tuple(sorted(slow)) if channel == "email" else ()
        found = _picking(connection.dialect.name, without, campaigns, terms.gap > 0, approve)
        return iter(connection.execute(found, {**told, "channel": channel}).all())

    owners: dict[int, Any] = {}
    for each in merge(*map(due, sorted(channels)), key=lambda row: (row.at, -row.priority, row.id)):
        if len(owners) == limit:
            break
        owners.setdefault(each.owner_id, each)
    return list(owners.values())


def lock(connection: Connection, picked: Sequence[Any]) -> list[Any]:
    """The touches whose people could be locked; a claim never waits, so that it can't be part of a deadlock."""
    if connection.dialect.name != "postgresql":
        return list(picked)
    people = sorted({each for row in picked for each in (row.customer_id, row.owner_id)})
    wanted = select(CUSTOMER.c.id).where(among(CUSTOMER.c.id, people)).order_by(CUSTOMER.c.id)
    locked = set(connection.scalars(wanted.with_for_update(skip_locked=True)))
    return [row for row in picked if {row.customer_id, row.owner_id} <= locked]


@lru_cache(maxsize=64)
def _picking(
    dialect: str, slow: tuple[str, ...], campaigns: tuple[str, ...], restored: bool, approve: bool
) -> Select[Any]:
    """Of one channel, so that an index has them in their order, however many are due at one instant; kept, as it is
    asked every other second. `slow`: domains without a place, `campaigns`: those that are paused."""
    at = seconds(TOUCH.c.at)
    found = (
        select(
            TOUCH.c.id,
            TOUCH.c.owner_id,
            TOUCH.c.customer_id,
            TOUCH.c.campaign,
            TOUCH.c.step,
            TOUCH.c.priority,
            at.label("at"),
        )
        .where(TOUCH.c.status == literal_column("'planned'"), TOUCH.c.channel == bindparam("channel"))
        .where(at <= bindparam("now", type_=BigInteger))
        .order_by(TOUCH.c.at, TOUCH.c.priority.desc(), TOUCH.c.id)
        .limit(bindparam("most", type_=BigInteger))
    )
    if slow:
        found = found.where(_domain(dialect).not_in(slow))
    if campaigns:
        found = found.where(TOUCH.c.campaign.not_in(campaigns))
    if restored:
        # It may have been sent before the database was put back, and is unknown at the next tick.
        due_later = seconds(TOUCH.c.due_at) >= bindparam("gap", type_=BigInteger)
        found = found.where(or_(TOUCH.c.result.is_not(None), due_later))
    if approve:
        found = found.where(at < bindparam("approved", type_=BigInteger))
    return found.with_for_update(skip_locked=True) if dialect == "postgresql" else found


def _domain(dialect: str) -> ColumnElement[str]:
    """The domain that a mail would go to; empty without an address."""
    address = usable_address(TOUCH.c.customer_id, "email")
    place = func.strpos if dialect == "postgresql" else func.instr
    return func.coalesce(func.substr(address, place(address, "@") + 1), "")


@lru_cache(maxsize=1)
def _pauses_in_force() -> Select[Any]:
    now = bindparam("now", type_=BigInteger)
    ended, until = (func.coalesce(seconds(each), now + 1) > now for each in (PAUSE.c.ended_at, PAUSE.c.until_at))
    return select(PAUSE.c.scope).where(ended, until)
