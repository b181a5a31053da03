"""A mail of ours that comes back in a report: which it was, and to whom it went.

Anybody can write a report, so that one counts only where it shows a mail of ours: by the signed link in the header that
it returns, or by the Message-ID of a mail that we handed over for the very recipient it names.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, NamedTuple

from sqlalchemy import Connection, and_, case, insert, select

from nurture.config import Settings
from nurture.message.link import read_token
from nurture.store import change
from nurture.store.tables import Address, Suppression, Touch, TouchLog, table
from nurture.store.tables import Message as Frozen

from .parts import Parts, printable, returned_in
from .proof import NAMED
from .survivor import survivor

ADDRESS, FROZEN, SUPPRESSION = table(Address), table(Frozen), table(Suppression)
TOUCH, LOG = table(Touch), table(TouchLog)
MANY = 10
"""Recipients, Message-IDs and links that are looked at."""
_LINK = re.compile(r"(?:/u/|subject=unsubscribe(?:%20|\+)?)([A-Za-z0-9_.-]{10,300})")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Returned:
    """What a report says of the mail it is about."""

    recipients: tuple[str, ...] = ()
    """In lower case, printable; providers often leave them out."""
    keys: tuple[str, ...] = ()
    """Message-IDs such as ours."""
    tokens: tuple[str, ...] = ()
    """What stands in the place of a token in List-Unsubscribe."""


class Mail(NamedTuple):
    """A mail that we handed over."""

    customer_id: int
    address: str
    touch: Any
    """Its row of the ledger; None for one that left before links named their message."""
    last: bool = False
    """Whether it is the message's last hop, so that what became of the touch became of it."""


def read_returned(parts: Parts, recipients: Sequence[str]) -> Returned:
    """What a report tells of the mail; `recipients` as its fields name them, `rfc822; alice@…`.

    Raises what the standard library's parser does.
    """
    headers = returned_in(parts)
    cut = [str(each).lower().removeprefix("rfc822;").strip().strip("<>") for each in recipients]
    named = [each for each in cut if printable(each)]
    keys = [key for each in headers for key in NAMED.findall(str(each.get("Message-ID", "")))]
    tokens = [token for each in headers for token in _LINK.findall(_links(each))]
    return Returned(tuple(named[:MANY]), tuple(keys[:MANY]), tuple(tokens[:MANY]))


def find_mail(connection: Connection, settings: Settings, returned: Returned) -> Mail | None:
    """The mail, None where no mail of ours is shown."""
    for token in returned.tokens:
        link = read_token(settings, token)
        if link is None or link.channel != "email":
            continue
        if link.touch_id is not None and (found := _handed_over(connection, TOUCH.c.id == link.touch_id, returned)):
            return found
        if (customer := survivor(connection, link.customer_id)) and (address := _address(connection, customer)):
            return Mail(customer, address, None)
    if not (returned.keys and returned.recipients):
        return None
    named = and_(FROZEN.c.key.in_(returned.keys), FROZEN.c.recipient.in_(returned.recipients))
    # By the customer, since a Message-ID has no index of its own.
    people = {each for recipient in returned.recipients for each in _holders(connection, recipient)}
    return _handed_over(connection, and_(TOUCH.c.customer_id.in_(people), named), returned) if people else None


def suppress(connection: Connection, mail: Mail, scope: str, reason: str, now: datetime) -> bool:
    """Keeps the address from such messages, for everybody who has it; False where it was kept from them before."""
    if suppressed(connection, mail.address, reason):
        return False
    change(connection, sorted({mail.customer_id, *_holders(connection, mail.address)}), now)
    values = {"channel": "email", "value": mail.address, "scope": scope, "reason": reason, "source": "mailbox"}
    connection.execute(insert(SUPPRESSION).values(**values, created_at=now))
    return True


def suppressed(connection: Connection, address: str, reason: str) -> bool:
    """Whether the address is suppressed for this reason now."""
    same = (SUPPRESSION.c.channel == "email", SUPPRESSION.c.value == address, SUPPRESSION.c.reason == reason)
    found = select(SUPPRESSION.c.id).where(*same, SUPPRESSION.c.lifted_at.is_(None))
    return connection.scalar(found.limit(1)) is not None


def told(connection: Connection, mail: Mail, word: str) -> bool:
    """Whether a line of the mail's log begins with the word: a report that comes twice is one report."""
    said = select(LOG.c.id).where(LOG.c.touch_id == mail.touch.id, LOG.c.verdict.startswith(word, autoescape=True))
    return connection.scalar(said.limit(1)) is not None


def tell(connection: Connection, mail: Mail, verdict: str, now: datetime) -> None:
    """A line of the mail's log."""
    status = connection.scalar(select(TOUCH.c.status).where(TOUCH.c.id == mail.touch.id))
    said = {"touch_id": mail.touch.id, "logged_at": now, "status": status, "channel": "email"}
    connection.execute(insert(LOG).values(**said, verdict=verdict[:60]))


def _links(header: Message) -> str:
    """The links of List-Unsubscribe as one word: long ones are folded or encoded (RFC 2047) on their way."""
    words = str(header.get("List-Unsubscribe", ""))
    return _SPACE.sub("", str(make_header(decode_header(words))))


def _handed_over(connection: Connection, which: Any, returned: Returned) -> Mail | None:
    """Of the hops of a message, each to another address, the one that the report names, else the last."""
    key, recipient = FROZEN.c.key.in_(returned.keys), FROZEN.c.recipient.in_(returned.recipients)
    best = (case((key, 2), (recipient, 1), else_=0).desc(), FROZEN.c.hop.desc(), TOUCH.c.id)
    joined = TOUCH.join(FROZEN, and_(FROZEN.c.touch_id == TOUCH.c.id, FROZEN.c.channel == "email"))
    found = (
        select(TOUCH, FROZEN.c.recipient, FROZEN.c.hop.label("mailed"))
        .select_from(joined)
        .where(which, FROZEN.c.first_attempt_at.is_not(None))
    )
    row = connection.execute(found.order_by(*best).limit(1)).one_or_none()
    return None if row is None else Mail(row.customer_id, row.recipient, row, row.mailed == row.hop)


def _address(connection: Connection, customer_id: int) -> str | None:
    held = (ADDRESS.c.customer_id == customer_id, ADDRESS.c.channel == "email", ADDRESS.c.removed_at.is_(None))
    found: str | None = connection.scalar(select(ADDRESS.c.value).where(*held).order_by(ADDRESS.c.id).limit(1))
    return found


def _holders(connection: Connection, address: str) -> list[int]:
    held = (ADDRESS.c.channel == "email", ADDRESS.c.value == address, ADDRESS.c.removed_at.is_(None))
    return sorted(set(connection.scalars(select(ADDRESS.c.customer_id).where(*held))))
