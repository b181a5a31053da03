"""The seal: by what a database that was put back from a backup is known, and what becomes of what went out meanwhile.

The seal counts what passed the fence. A copy of it is kept outside of the database; a database that counts less than
its copy says has forgotten messages that were sent.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid5

from sqlalchemy import BigInteger, ColumnElement, Connection, Row, and_, func, insert, literal, select, update

from nurture.store.among import among
from nurture.store.change import change
from nurture.store.facts import refresh_facts
from nurture.store.identity import database_id
from nurture.store.setting import put_setting, setting
from nurture.store.tables import Attempt, Contact, Touch, TouchLog, table

ATTEMPT, CONTACT, TOUCH, LOG = (table(each) for each in (Attempt, Contact, Touch, TouchLog))
EPOCH, GAP = "restore_epoch", "restored_until"
RESTORED = "restored"
"""Result of a touch of which nobody knows whether it left between the backup and its being put back."""
_LAST_FENCE = select(func.max(ATTEMPT.c.id))


@dataclass(frozen=True)
class Seal:
    """How far a database has come."""

    database: str
    """Its id."""
    epoch: int
    """How often a person said that it was put back from a backup."""
    fences: int
    """The number of the last hand-over."""


def seal_of(connection: Connection) -> Seal:
    """The seal of this database now."""
    fences = connection.scalar(_LAST_FENCE) or 0
    return Seal(database_id(connection), _number(connection, EPOCH), fences)


def instance_of(connection: Connection) -> UUID:
    """What the keys of messages derive from: after a restore the numbers of touches are given out once more."""
    seal = seal_of(connection)
    own = UUID(seal.database)
    return uuid5(own, f"restored {seal.epoch}") if seal.epoch else own


def acknowledge_restore(connection: Connection, epoch: int, until: datetime, now: datetime) -> int:
    """A person knows of the gap: what was due in it is `unknown`, and sending may go on. Gives how many touches.

    `epoch`: that of the seal's copy; `until`: when the last message left before the database was put back.
    """
    _put(connection, EPOCH, max(epoch, _number(connection, EPOCH)) + 1)
    _put(connection, GAP, max(int(until.timestamp()), _number(connection, GAP)))
    held = and_(TOUCH.c.status == "claimed", _in_gap(connection))
    connection.execute(update(TOUCH).where(held).values(status="planned", token=TOUCH.c.token + 1))
    return _doubt(connection, TOUCH.c.status.in_(("planned", "sending")), now)


def settle_gap(connection: Connection, now: datetime) -> int:
    """What planning found again and was due in the gap may have been sent then: it is `unknown` as well."""
    if not _number(connection, GAP):
        return 0
    return _doubt(connection, and_(TOUCH.c.status == "planned", TOUCH.c.result.is_(None)), now)


def gap_until(connection: Connection) -> int:
    """The end of the gap, epoch seconds; 0 = the database was never put back."""
    return _number(connection, GAP)


def _in_gap(connection: Connection) -> ColumnElement[bool]:
    return TOUCH.c.due_at < literal(_number(connection, GAP), BigInteger)


def _doubt(connection: Connection, which: ColumnElement[bool], now: datetime) -> int:
    found = list(connection.execute(select(TOUCH).where(which, _in_gap(connection)).order_by(TOUCH.c.id)))
    if not found:
        return 0
    people = [each.customer_id for each in found]
    change(connection, people, now)
    ids = [each.id for each in found]
    ended = {"status": "unknown", "result": RESTORED, "worker": None, "lease_until": None, "token": TOUCH.c.token + 1}
    connection.execute(update(TOUCH).where(among(TOUCH.c.id, ids)).values(**ended))
    said = {"logged_at": now, "status": "unknown", "verdict": RESTORED}
    connection.execute(insert(LOG), [{**said, "touch_id": each} for each in ids])
    known = set(connection.scalars(select(CONTACT.c.touch_id).where(among(CONTACT.c.touch_id, ids))))
    until = datetime.fromtimestamp(_number(connection, GAP), UTC)
    contacts = [_contact(each, until) for each in found if each.id not in known]
    if contacts:
        connection.execute(insert(CONTACT), contacts)
    refresh_facts(connection, people)
    return len(ids)


def _contact(touch: Row[tuple[object, ...]], until: datetime) -> dict[str, object]:
    """It counts to the caps as if it had been sent. Without the touch's id, since it passed no fence of this ledger."""
    who = {"customer_id": touch.customer_id, "owner_id": touch.owner_id, "channel": touch.channel or "email"}
    when = {"at": min(touch.at or touch.due_at, until), "counts": touch.counts_to_cap, "direction": "out"}
    return {**who, **when, "key": f"{RESTORED}:{touch.id}", "source": touch.campaign, "note": ""}


def _number(connection: Connection, name: str) -> int:
    return int(setting(connection, name) or 0)


def _put(connection: Connection, name: str, value: int) -> None:
    put_setting(connection, name, str(value))
