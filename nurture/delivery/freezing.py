"""Freezing: a claimed touch becomes bytes. Before its first fence they are made anew, from then on never changed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Connection, and_, delete, insert, select

from nurture.config import Settings
from nurture.message.compose import Failure, compose
from nurture.message.context import Context, ContextRequest, load_contexts
from nurture.message.frozen import freeze
from nurture.message.template import Templates
from nurture.store import among
from nurture.store.tables import Message, table

from .values import Claimed, Ready

MESSAGE = table(Message)


@dataclass(frozen=True)
class Unwritable:
    """A claimed touch for which no message could be written."""

    claimed: Claimed
    why: str
    """Template file and line, and what is wrong; no personal data."""
    fault: Literal["template", "bug"] = "template"
    """`bug`: not the template but our own program failed."""


@dataclass(frozen=True)
class Press:
    """What messages are made of beside the database."""

    settings: Settings
    templates: Templates
    instance: UUID
    """The database's own id: keys of messages derive from it."""
    sign: Callable[[bytes], bytes] | None = None
    """Puts a DKIM signature on a mail; None = the mail server does, or nobody."""

    def key(self, claimed: Claimed) -> str:
        """Message-ID or retry key: the same for every try of this touch on this hop."""
        number = _uuid5(self.instance.bytes, f"{claimed.touch_id}:{claimed.hop}")
        if claimed.channel == "line":
            return number
        domain = self.settings.email.from_address.rpartition("@")[2] or "localhost"
        return f"<{number}@{domain}>"


def _uuid5(namespace: bytes, name: str) -> str:
    """`str(uuid.uuid5(…))` (RFC 9562 section 5.5) without its object, which costs ten times the hash."""
    found = bytearray(sha1(namespace + name.encode(), usedforsecurity=False).digest()[:16])
    found[6] = found[6] & 0x0F | 0x50
    found[8] = found[8] & 0x3F | 0x80
    digits = found.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def gather(connection: Connection, press: Press, claims: Sequence[Claimed], now: datetime) -> dict[int, Context]:
    """The values for each claimed touch by its id; a fixed number of queries."""
    requests = [
        ContextRequest(each.touch_id, each.customer_id, each.campaign, each.subject_id, each.occurred_at, None)
        for each in claims
    ]
    named = {each.step.template for each in claims}
    groups = frozenset(root for name in named for root in press.templates.get(name).roots)
    return load_contexts(connection, press.settings, requests, now, groups)


def write(press: Press, claimed: Claimed, context: Context | None, now: datetime) -> Ready | Unwritable:
    """Composes one message. Pure but for the templates; whatever a template does, it is a value."""
    if context is None:
        return Unwritable(claimed, "customer")
    template = press.templates.get(claimed.step.template)
    message = compose(template, claimed.channel, context, press.settings, claimed.address)  # type: ignore[arg-type]
    if isinstance(message, Failure):
        return Unwritable(claimed, f"{message.file}:{message.line} {message.code}")
    try:
        frozen = freeze(message, key=press.key(claimed), date=now.astimezone(UTC))
        body = press.sign(frozen.body) if press.sign and frozen.channel == "email" else frozen.body
    except ValueError as problem:
        return Unwritable(claimed, f"{type(problem).__name__}")
    return Ready(claimed, frozen.sender, frozen.key, body)


def store_frozen(connection: Connection, ready: Sequence[Ready], now: datetime) -> list[Ready]:
    """Writes the bytes, in the caller's write transaction; a hop that passed a fence before keeps its old bytes."""
    ids = [each.claimed.touch_id for each in ready]
    fenced = and_(among(MESSAGE.c.touch_id, ids), MESSAGE.c.first_attempt_at.is_not(None))
    kept = {(row.touch_id, row.hop): row for row in connection.execute(select(MESSAGE).where(fenced))}
    connection.execute(delete(MESSAGE).where(among(MESSAGE.c.touch_id, ids), MESSAGE.c.first_attempt_at.is_(None)))
    new = [each for each in ready if (each.claimed.touch_id, each.claimed.hop) not in kept]
    if new:
        connection.execute(insert(MESSAGE), [_row(each, now) for each in new])
    return [_kept(each, kept.get((each.claimed.touch_id, each.claimed.hop))) for each in ready]


def _row(ready: Ready, now: datetime) -> dict[str, Any]:
    claimed = ready.claimed
    return {
        "touch_id": claimed.touch_id,
        "hop": claimed.hop,
        "channel": claimed.channel,
        "recipient": claimed.address,
        "key": ready.key,
        "body": ready.body,
        "created_at": now,
    }


def _kept(ready: Ready, row: Any) -> Ready:
    return ready if row is None else Ready(ready.claimed, ready.sender, row.key, bytes(row.body))
