"""The fence: one short transaction between "the receiver waits for the payload" and the payload's first byte.

It is group-committed: all connections that wait share it. A touch passes only if its token, the customer's version and
the generation are those of the claim and its window is still open; a consent withdrawn or a purchase made before the
fence is therefore never followed by a send. Passing inserts the contact and raises the version, so that no second touch
of the same owner passes on the old knowledge.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime

from sqlalchemy import Connection, delete

from nurture.gates.cap import QUARTER, periods_in
from nurture.store import Prepared, change, lock_sharing, together
from nurture.store.facts import note_contacts, refresh_facts
from nurture.store.tables import Contact, table

from .values import Claimed

CONTACT = table(Contact)
PASSING = Prepared(
    """
    UPDATE touch SET status = 'sending', at = :now, attempts = attempts + 1, lease_until = :leased
    FROM {rows}
    WHERE touch.id = batch.touch_id AND touch.token = batch.held AND touch.status = 'claimed'
    AND touch.customer_id = batch.whose
    AND touch.customer_version = (SELECT customer.version FROM customer WHERE customer.id = touch.customer_id)
    AND touch.generation = (SELECT max(generation.id) FROM generation)
    AND touch.sendable_until > :now
    RETURNING touch.id, touch.counts_to_cap
    """,
    touch_id="BIGINT",
    held="BIGINT",
    whose="BIGINT",
)
"""Whose it is: a merge gives it to another customer, whose version may be that of the claim."""
CONTACTING = Prepared(
    """
    INSERT INTO contact
        (customer_id, owner_id, channel, direction, at, counts, touch_id, periods, source, note)
    SELECT customer_id, owner_id, channel, 'out', :now, counts, touch_id, periods, source, ''
    FROM {rows}
    """,
    customer_id="BIGINT",
    owner_id="BIGINT",
    channel="TEXT",
    counts="BOOLEAN",
    touch_id="BIGINT",
    periods="JSON",
    source="TEXT",
)
ATTEMPTING = Prepared(
    """
    INSERT INTO attempt (touch_id, hop, token, channel, fenced_at, result, code, reply)
    SELECT touch_id, hop, token, channel, :now, 'open', '', ''
    FROM {rows}
    """,
    touch_id="BIGINT",
    hop="INTEGER",
    token="BIGINT",
    channel="TEXT",
)
FINISHING = Prepared(
    """
    UPDATE attempt SET finished_at = :now, result = batch.ended, code = batch.said, reply = batch.words
    FROM {rows}
    WHERE attempt.touch_id = batch.touched AND attempt.token = batch.held AND attempt.result = 'open'
    """,
    touched="BIGINT",
    held="BIGINT",
    ended="TEXT",
    said="TEXT",
    words="TEXT",
)


def fence(connection: Connection, claims: Sequence[Claimed], now: datetime, lease: int) -> set[int]:
    """Lets claimed touches pass, in the caller's write transaction; gives the ids of those that did.

    At most one touch of an owner passes. `lease`: seconds for which the outcome is waited for.
    """
    return let_pass(connection, claims, now, lease, lock_people(connection, claims))


def let_pass(
    connection: Connection, claims: Sequence[Claimed], now: datetime, lease: int, sharers: Set[int]
) -> set[int]:
    """As `fence`, where `lock_people` locked them in this transaction and gave these `sharers`."""
    batch = list({each.owner_id: each for each in claims}.values())
    instant = int(now.timestamp())
    rows = [(each.touch_id, each.token, each.customer_id) for each in batch]
    passed = dict(PASSING.run(connection, rows, now=instant, leased=instant + lease))
    through = [each for each in batch if each.touch_id in passed]
    if through:
        with together(connection):
            _note(connection, through, passed, now, sharers)
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
    rows = [(claimed.touch_id, claimed.token, result, code, reply) for claimed, result, code, reply in ended]
    FINISHING.run(connection, rows, now=int(now.timestamp()))


def lock_people(connection: Connection, claims: Iterable[Claimed], changing: Iterable[Claimed] = ()) -> set[int]:
    """Locks customers, owners and whoever shares their inboxes, in ascending order; gives those who share one.

    Who shared nothing at the claim is not asked again: a fence finds another version where that changed. Of those that
    are `changing`, no version is compared.
    """
    claims = list(claims)
    asked = [*(each for each in claims if each.shares), *changing]
    alone = [each.customer_id for each in claims if not each.shares]
    return lock_sharing(connection, {who for each in asked for who in (each.customer_id, each.owner_id)}, alone)


def _note(
    connection: Connection, through: Sequence[Claimed], counts: Mapping[int, bool], now: datetime, sharers: Set[int]
) -> None:
    people, instant = [each.customer_id for each in through], int(now.timestamp())
    change(connection, people, now, among_locked=sharers)
    contacts = [
        (
            each.customer_id,
            each.owner_id,
            each.channel,
            counts[each.touch_id],
            each.touch_id,
            periods_in(each.zone, instant // QUARTER),
            each.campaign.campaign,
        )
        for each in through
    ]
    CONTACTING.run(connection, contacts, now=instant)
    ATTEMPTING.run(connection, [(each.touch_id, each.hop, each.token, each.channel) for each in through], now=instant)
    note_contacts(connection, people, now)
