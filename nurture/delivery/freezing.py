"""Freezing: a claimed touch becomes bytes. Its first fence writes them down, and from then on they never change."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from typing import Literal, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from nurture.config import Settings
from nurture.message.compose import Failure, compose
from nurture.message.context import Context, ContextRequest, load_contexts
from nurture.message.frozen import freeze
from nurture.message.template import Templates
from nurture.store import among
from nurture.store.tables import Message, table

from .values import Claimed, Ready

MESSAGE = table(Message)
FREEZING = """
    INSERT INTO message (touch_id, hop, channel, recipient, key, body, created_at, first_attempt_at)
    VALUES ({values})
    ON CONFLICT (touch_id, hop) DO NOTHING
"""
PLACES = {"sqlite": ", ".join("?" * 8), "postgresql": ", ".join(["%s"] * 8)}


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
        ContextRequest(
            each.touch_id, each.customer_id, each.campaign, each.subject_id, each.occurred_at, None, each.touch_id
        )
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
    signs = press.sign if claimed.channel == "email" else None
    try:
        frozen = freeze(message, key=press.key(claimed), date=now.astimezone(UTC))
        body = signs(frozen.body) if signs else frozen.body
    except ValueError as problem:
        return Unwritable(claimed, f"{type(problem).__name__}")
    return Ready(claimed, frozen.sender, frozen.key, body, vouched=signs is None)


class Kept(NamedTuple):
    """What an earlier try was handed over with."""

    key: str
    body: bytes


def kept_of(connection: Connection, claims: Sequence[Claimed]) -> dict[tuple[int, int], Kept]:
    """The bytes of those that passed a fence before, by touch and hop."""
    written = among(MESSAGE.c.touch_id, [each.touch_id for each in claims])
    kept = select(MESSAGE.c.touch_id, MESSAGE.c.hop, MESSAGE.c.key, MESSAGE.c.body).where(written)
    return {(row.touch_id, row.hop): Kept(row.key, bytes(row.body)) for row in connection.execute(kept)}


def as_kept(ready: Ready, kept: Mapping[tuple[int, int], Kept]) -> Ready:
    """The message with the bytes of its first try, where there was one."""
    found = kept.get((ready.claimed.touch_id, ready.claimed.hop))
    return Ready(ready.claimed, ready.sender, found.key, found.body) if found else ready


def store_frozen(connection: Connection, ready: Iterable[Ready], now: datetime) -> None:
    """Writes the bytes of messages that pass their fence, in its transaction; what was written before stays."""
    instant = int(now.timestamp())
    rows = [_row(each, instant) for each in ready]
    if rows:
        connection.exec_driver_sql(FREEZING.format(values=PLACES[connection.dialect.name]), rows)


def _row(ready: Ready, instant: int) -> tuple[object, ...]:
    claimed = ready.claimed
    about = (claimed.touch_id, claimed.hop, claimed.channel, claimed.address)
    return (*about, ready.key, ready.body, instant, instant)
