"""The fence: one short transaction between "the receiver waits for the payload" and the payload's first byte.

It is group-committed: all connections that wait share it. A touch passes only if its token, the customer's version and
the generation are those of the claim and its window is still open; a consent withdrawn or a purchase made before the
fence is therefore never followed by a send. Passing inserts the contact and raises the version, so that no second touch
of the same owner passes on the old knowledge.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    select,
    tuple_,
    type_coerce,
    update,
)

from nurture.gates.cap import QUARTER, periods_in
from nurture.store import among, change
from nurture.store.facts import note_contacts, refresh_facts
from nurture.store.tables import Attempt, Contact, Customer, Generation, Message, Touch, table

from .values import Claimed

ATTEMPT, CONTACT, CUSTOMER, GENERATION = (table(each) for each in (Attempt, Contact, Customer, Generation))
MESSAGE, TOUCH = table(Message), table(Touch)
FINISHING = (
    update(ATTEMPT)
    .where(ATTEMPT.c.touch_id == bindparam("touch"), ATTEMPT.c.token == bindparam("held"), ATTEMPT.c.result == "open")
    .values(finished_at=bindparam("now"), result=bindparam("ended"), code=bindparam("said"), reply=bindparam("words"))
)


def fence(connection: Connection, claims: Sequence[Claimed], now: datetime, lease: int) -> set[int]:
    """Lets claimed touches pass, in the caller's write transaction; gives the ids of those that did.

    At most one touch of an owner passes. `lease`: seconds for which the outcome is waited for.
    """
    batch = list({each.owner_id: each for each in claims}.values())
    lock_people(connection, batch)
    instant = int(now.timestamp())
    passing = (
        update(TOUCH)
        .where(
            tuple_(TOUCH.c.id, TOUCH.c.token).in_([(each.touch_id, each.token) for each in batch]),
            TOUCH.c.status == "claimed",
            TOUCH.c.customer_version == _version(),
            TOUCH.c.generation == select(func.max(GENERATION.c.id)).scalar_subquery(),
            type_coerce(TOUCH.c.sendable_until, BigInteger) > instant,
        )
        .values(
            status="sending",
            at=literal(instant, BigInteger),
            attempts=TOUCH.c.attempts + 1,
            lease_until=literal(instant + lease, BigInteger),
        )
        .returning(TOUCH.c.id, TOUCH.c.counts_to_cap)
    )
    passed = {row.id: row.counts_to_cap for row in connection.execute(passing)}
    through = [each for each in batch if each.touch_id in passed]
    if through:
        _note(connection, through, passed, now)
    return set(passed)


def unfence(connection: Connection, claimed: Claimed, now: datetime, result: str, code: str) -> None:
    """Takes the contact and the open attempt back: provably nothing was handed over. The touch is the caller's."""
    change(connection, [claimed.customer_id], now)
    connection.execute(delete(CONTACT).where(CONTACT.c.touch_id == claimed.touch_id))
    finish_attempt(connection, claimed, now, result, code, "")
    refresh_facts(connection, [claimed.customer_id])


def finish_attempt(connection: Connection, claimed: Claimed, now: datetime, result: str, code: str, reply: str) -> None:
    """Writes the outcome of the open attempt of this token."""
    finish_attempts(connection, [(claimed, result, code, reply)], now)


def finish_attempts(connection: Connection, ended: Iterable[tuple[Claimed, str, str, str]], now: datetime) -> None:
    """Writes outcomes of open attempts: claim, result, code and reply of each."""
    rows = [
        {"touch": claimed.touch_id, "held": claimed.token, "ended": result, "said": code, "words": reply, "now": now}
        for claimed, result, code, reply in ended
    ]
    connection.execute(FINISHING, rows)


def lock_people(connection: Connection, batch: Sequence[Claimed]) -> None:
    """Locks customers and owners in ascending order; on SQLite the write transaction is the lock."""
    if connection.dialect.name == "postgresql":
        people = sorted({each for claimed in batch for each in (claimed.customer_id, claimed.owner_id)})
        wanted = select(CUSTOMER.c.id).where(among(CUSTOMER.c.id, people)).order_by(CUSTOMER.c.id)
        connection.execute(wanted.with_for_update())


def _version() -> Any:
    return select(CUSTOMER.c.version).where(CUSTOMER.c.id == TOUCH.c.customer_id).scalar_subquery()


def _note(connection: Connection, through: Sequence[Claimed], counts: dict[int, bool], now: datetime) -> None:
    change(connection, [each.customer_id for each in through], now)
    connection.execute(
        insert(CONTACT),
        [
            {
                "customer_id": each.customer_id,
                "owner_id": each.owner_id,
                "channel": each.channel,
                "direction": "out",
                "at": now,
                "counts": counts[each.touch_id],
                "touch_id": each.touch_id,
                "periods": periods_in(each.zone, int(now.timestamp()) // QUARTER),
                "source": each.campaign.campaign,
                "note": "",
            }
            for each in through
        ],
    )
    connection.execute(
        insert(ATTEMPT),
        [
            {
                "touch_id": each.touch_id,
                "hop": each.hop,
                "token": each.token,
                "channel": each.channel,
                "fenced_at": now,
                "result": "open",
                "code": "",
                "reply": "",
            }
            for each in through
        ],
    )
    first = and_(among(MESSAGE.c.touch_id, [each.touch_id for each in through]), MESSAGE.c.first_attempt_at.is_(None))
    connection.execute(update(MESSAGE).where(first).values(first_attempt_at=now))
    note_contacts(connection, [each.customer_id for each in through], now)
