"""Complaints: who calls our mail spam at their mail provider gets no commercial mail any more (ARF, RFC 5965).

Anybody can write such a report, so that it counts only where it shows a mail of ours: by the signed link in the header
that it returns, or by the Message-ID of a mail that we handed over for the very recipient it names.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.header import decode_header, make_header
from email.message import Message
from email.policy import compat32
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Connection, and_, insert, select

from nurture.config import Settings
from nurture.message.link import read_token
from nurture.store import change
from nurture.store.doubt import prove_arrival
from nurture.store.failing import COMPLAINT, note_fault
from nurture.store.tables import Address, Suppression, Touch, TouchLog, table
from nurture.store.tables import Message as Frozen

from .letter import LARGEST
from .proof import NAMED
from .survivor import survivor

log = structlog.get_logger()
ADDRESS, FROZEN, SUPPRESSION = table(Address), table(Frozen), table(Suppression)
TOUCH, LOG = table(Touch), table(TouchLog)
ABUSE = "abuse"
"""The one Feedback-Type of RFC 5965 section 7.3 by which a reader says that a mail was not wanted."""
NOT_SPAM = "not-spam"
"""RFC 6430: somebody took it back. Nothing follows: who called it spam by mistake can subscribe anew."""
PARTS = 50
"""Parts of a report that are looked at; it has three."""
_LINK = re.compile(r"(?:/u/|subject=unsubscribe(?:%20|\+)?)([A-Za-z0-9_.-]{10,300})")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True)
class Report:
    """What a feedback report says."""

    kind: str
    """Feedback-Type, in lower case."""
    recipients: tuple[str, ...] = ()
    """Original-Rcpt-To, in lower case; often left out."""
    keys: tuple[str, ...] = ()
    """Message-IDs such as ours in the mail it returns."""
    tokens: tuple[str, ...] = ()
    """What stands in the place of a token in its List-Unsubscribe header."""


class _Mail(NamedTuple):
    """The mail that a report is about."""

    customer_id: int
    address: str
    touch: Any
    """Its row of the ledger; None for one that left before links named their message."""


def read_report(raw: bytes) -> Report | None:
    """The report that a letter is; None for any other letter. It raises nothing."""
    try:
        message = message_from_bytes(raw[:LARGEST], policy=compat32)
        parts = [part for part, _ in zip(message.walk(), range(PARTS), strict=False)]
        return _read(parts) if message.get_content_type() == "multipart/report" else None
    except Exception:
        # The parser raises whatever it stumbles over in a letter made to break it.
        return None


def complain(connection: Connection, settings: Settings, report: Report, now: datetime) -> bool | None:
    """Acts on a report, in the caller's write transaction; None where no mail of ours can be found by it.

    The address gets no commercial mail any more, the mail counts as arrived, and its campaign pauses after too many.
    False where the same was said before, and nothing was written.
    """
    mail = _mail(connection, settings, report)
    if mail is None or report.kind != ABUSE:
        return None
    if _known(connection, mail):
        return False
    change(connection, sorted({mail.customer_id, *_holders(connection, mail.address)}), now)
    if not _suppressed(connection, mail.address):
        connection.execute(insert(SUPPRESSION).values(**_values(mail.address), source="mailbox", created_at=now))
    if mail.touch is not None:
        _note(connection, mail.touch, now)
    log.info("complaint.taken", campaign=mail.touch.campaign if mail.touch else "", customer=mail.customer_id)
    return True


def _read(parts: list[Message]) -> Report | None:
    said = [each for part in parts for each in _fields(part)]
    if len(said) != 1:
        return None
    returned = [header for part in parts for header in _returned(part)]
    recipients = [str(each).strip().strip("<>").lower() for each in said[0].get_all("Original-Rcpt-To", [])]
    return Report(
        kind=str(said[0].get("Feedback-Type", "")).strip().lower()[:40],
        recipients=tuple(each.removeprefix("rfc822;").strip() for each in recipients[:10]),
        keys=tuple(key for each in returned for key in NAMED.findall(str(each.get("Message-ID", ""))))[:10],
        tokens=tuple(token for each in returned for token in _LINK.findall(_joined(each)))[:10],
    )


def _fields(part: Message) -> Iterator[Message]:
    """The fields of the report: the parser takes whatever is called `message/…` for a message of its own."""
    found = part.get_payload()
    if part.get_content_type() != "message/feedback-report" or not isinstance(found, list) or not found:
        return
    if isinstance(found[0], Message) and "Feedback-Type" in found[0]:
        yield found[0]


def _returned(part: Message) -> Iterator[Message]:
    """The header of the mail that the report is about."""
    kind, found = part.get_content_type(), part.get_payload()
    if kind == "message/rfc822" and isinstance(found, list) and found and isinstance(found[0], Message):
        yield found[0]
    elif kind in ("text/rfc822-headers", "message/rfc822-headers"):
        raw = part.get_payload(decode=True)
        yield message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=compat32)


def _joined(returned: Message) -> str:
    """The links of List-Unsubscribe as one word: long ones are folded or encoded (RFC 2047) on their way."""
    return _SPACE.sub("", str(make_header(decode_header(str(returned.get("List-Unsubscribe", ""))))))


def _mail(connection: Connection, settings: Settings, report: Report) -> _Mail | None:
    for token in report.tokens:
        link = read_token(settings, token)
        if link is None or link.channel != "email":
            continue
        if link.touch_id is not None and (found := _handed_over(connection, TOUCH.c.id == link.touch_id)):
            return found
        if (customer := survivor(connection, link.customer_id)) and (address := _address(connection, customer)):
            return _Mail(customer, address, None)
    named = and_(FROZEN.c.key.in_(report.keys), FROZEN.c.recipient.in_(report.recipients))
    # By the customer, since a Message-ID has no index of its own.
    people = {each for recipient in report.recipients for each in _holders(connection, recipient)}
    return _handed_over(connection, and_(TOUCH.c.customer_id.in_(people), named)) if report.keys and people else None


def _handed_over(connection: Connection, which: Any) -> _Mail | None:
    joined = TOUCH.join(FROZEN, and_(FROZEN.c.touch_id == TOUCH.c.id, FROZEN.c.channel == "email"))
    found = select(TOUCH, FROZEN.c.recipient).select_from(joined).where(which, FROZEN.c.first_attempt_at.is_not(None))
    row = connection.execute(found.order_by(TOUCH.c.id).limit(1)).one_or_none()
    return None if row is None else _Mail(row.customer_id, row.recipient, row)


def _address(connection: Connection, customer_id: int) -> str | None:
    held = (ADDRESS.c.customer_id == customer_id, ADDRESS.c.channel == "email", ADDRESS.c.removed_at.is_(None))
    found: str | None = connection.scalar(select(ADDRESS.c.value).where(*held).order_by(ADDRESS.c.id).limit(1))
    return found


def _holders(connection: Connection, address: str) -> list[int]:
    held = (ADDRESS.c.channel == "email", ADDRESS.c.value == address, ADDRESS.c.removed_at.is_(None))
    return sorted(set(connection.scalars(select(ADDRESS.c.customer_id).where(*held))))


def _known(connection: Connection, mail: _Mail) -> bool:
    """Whether this mail was complained of before: a report that comes twice undoes no person's lifting of it."""
    if mail.touch is None:
        return _suppressed(connection, mail.address)
    said = select(LOG.c.id).where(LOG.c.touch_id == mail.touch.id, LOG.c.verdict == COMPLAINT)
    return connection.scalar(said.limit(1)) is not None


def _values(address: str) -> dict[str, str]:
    return {"channel": "email", "value": address, "scope": "commercial", "reason": "complaint"}


def _suppressed(connection: Connection, address: str) -> bool:
    same = [SUPPRESSION.c[name] == value for name, value in _values(address).items()]
    return (
        connection.scalar(select(SUPPRESSION.c.id).where(*same, SUPPRESSION.c.lifted_at.is_(None)).limit(1)) is not None
    )


def _note(connection: Connection, touch: Any, now: datetime) -> None:
    prove_arrival(connection, [touch.id], COMPLAINT, now)
    status = connection.scalar(select(TOUCH.c.status).where(TOUCH.c.id == touch.id))
    said = {"touch_id": touch.id, "logged_at": now, "status": status, "verdict": COMPLAINT, "channel": "email"}
    connection.execute(insert(LOG).values(**said))
    note_fault(connection, touch.campaign, "complaint", ABUSE, now)
