"""The evening's mail to the owner: tomorrow's list and the link that lets it go, once a day, even after a crash.

The day is noted in the database between the server's 354 and the mail's first byte, so that a crash behind it never
makes a second mail; one before it, and a refusal, make a new try.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Protocol
from uuid import UUID, uuid5

import structlog
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from sqlalchemy import Engine

from nurture.address import ascii_address
from nurture.catalogue import say
from nurture.channels.envelope import Envelope
from nurture.channels.fence import Fence, Permit
from nurture.channels.outcome import Accepted, Deferred, Outcome, Rejected, Unknown
from nurture.config import Settings
from nurture.delivery.writer import Writer
from nurture.feedback.approving import HeldList, approval_url, held_list, make_approval_token, next_day
from nurture.message.address import Mailbox
from nurture.message.compose import Message
from nurture.message.mime import mail_bytes
from nurture.preview.moment import full_day
from nurture.preview.waiting import Waiting, waiting_words
from nurture.store import asked, begin_asking, end_asking, reading
from nurture.zone import zone_table

from .daemon import Shop

log = structlog.get_logger()
AGAIN = timedelta(minutes=15)
"""After a mail that could not be handed over."""
_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True, undefined=StrictUndefined
)


class Transport(Protocol):
    """A connection to a mail server; `nurture.channels.mail.MailTransport` is one."""

    async def connect(self) -> Deferred | Rejected | None:
        """None = it stands."""

    async def send(self, envelope: Envelope, fence: Fence) -> Outcome:
        """Hands one mail over."""

    async def close(self) -> None:
        """Ends the connection."""


@dataclass
class Evening:
    """What asks the owner; to be told the time with every tick."""

    engine: Engine
    writer: Writer
    """The process's one writer."""
    instance: UUID
    """The database's own id: Message-IDs derive from it."""
    transport: Callable[[], Transport]
    """A connection to the mail server, made for one mail."""
    sign: Callable[[bytes], bytes] = lambda mail: mail
    """DKIM, where the shop signs."""
    settled: date | None = None
    """The day whose owner need not be asked any more."""
    not_before: datetime | None = None
    """When to try again what failed."""
    begun: bool = False
    """Whether the last try passed its fence."""

    async def ask(self, shop: Shop, now: datetime) -> bool:
        """Asks the owner if it is time and nobody did; never changes what limits planning."""
        settings, day = shop.settings, next_day(shop.settings, now)
        if self.settled == day or not _is_time(settings, now) or (self.not_before and now < self.not_before):
            return False
        found = await asyncio.to_thread(self._held, shop, day, now)
        if found is None:
            self.settled = day
            return False
        self.begun = False
        try:
            outcome = await self._send(settings, found, now)
        except ValueError:
            # An address that is none, which no later try mends; once a day is often enough to say so.
            self.settled = day
            log.error("approval_mail", result="unwritable", day=day.isoformat())
            return False
        await self._settle(day, outcome, now)
        return False

    def _held(self, shop: Shop, day: date, now: datetime) -> HeldList | None:
        """What the owner is to be asked about; None where that was done, or is not needed."""
        with reading(self.engine) as connection:
            noted = asked(connection, day)
            if noted == "begun":
                log.warning("approval_mail", result="unknown", day=day.isoformat())
            if noted is not None:
                return None
            found = held_list(connection, shop.settings, shop.campaigns, shop.templates, day, now)
        return None if found.approved else found

    async def _send(self, settings: Settings, found: HeldList, now: datetime) -> Outcome:
        payload = self.sign(evening_mail(settings, found, uuid5(self.instance, f"approval:{found.day}"), now))
        sender = ascii_address(settings.email.from_address or settings.shop.email)
        transport = self.transport()
        try:
            refused = await transport.connect()
            if refused is not None:
                return refused
            envelope = Envelope(sender, ascii_address(settings.owner_address), payload)
            return await transport.send(envelope, partial(self._fence, found.day))
        finally:
            await transport.close()

    async def _fence(self, day: date) -> Permit | None:
        self.begun = await self.writer.run(partial(begin_asking, day=day))
        return Permit(float("inf"), lambda: True) if self.begun else None

    async def _settle(self, day: date, outcome: Outcome, now: datetime) -> None:
        if isinstance(outcome, Accepted | Unknown):
            self.settled = day
            if isinstance(outcome, Accepted):
                await self.writer.run(partial(end_asking, day=day, sent=True))
        else:
            self.not_before = now + AGAIN
            if self.begun:
                await self.writer.run(partial(end_asking, day=day, sent=False))
        word = type(outcome).__name__.lower()
        tell = log.info if word == "accepted" else log.warning
        tell("approval_mail", result=word, day=day.isoformat(), code=getattr(outcome, "code", ""))


def evening_mail(settings: Settings, found: HeldList, number: UUID, now: datetime) -> bytes:
    """The mail's bytes. `number`: of the day, for the Message-ID; `now`: aware UTC."""
    language, sender = settings.language, settings.email.from_address or settings.shop.email
    words = waiting_words(found, language, settings.timezone, int(now.timestamp()))
    token = make_approval_token(settings, found.day)
    link = approval_url(settings, token) if token else ""
    command = say(language, "approval.mail.command", date=found.day.isoformat())
    small = (*words.small, *([say(language, "approval.mail.secret")] if link else []))
    html = _PAGES.get_template("evening.html.j2").render(
        language=language,
        shop=settings.shop.name,
        words=words,
        link=link,
        button=say(language, "approval.mail.open"),
        command=command,
        small=small,
    )
    day = full_day(language, found.day)
    opening = say(language, "approval.mail.open.text", day=day) + f"\n{link}" if link else command
    message = Message(
        channel="email",
        to=settings.owner_address,
        from_=Mailbox(settings.email.from_name or settings.shop.name, sender),
        subject=say(language, "approval.mail.subject", day=day, count=found.count),
        text=_text(settings, words, opening, small),
        html=html,
        line=(),
        headers=(),
    )
    return mail_bytes(message, message_id=f"{number}@{sender.rpartition('@')[2] or 'localhost'}", date=now)


def _text(settings: Settings, words: Waiting, opening: str, small: tuple[str, ...]) -> str:
    cards = [f"■ {each.title}  {each.amount}\n" + "\n".join(f"  {line}" for line in each.lines) for each in words.cards]
    return "\n\n".join((settings.shop.name, words.lead, *cards, opening, *small)) + "\n"


def _is_time(settings: Settings, now: datetime) -> bool:
    zone = zone_table(settings.timezone)
    late = zone.local_seconds(int(now.timestamp())) >= settings.owner.ask_at
    return settings.approve and bool(settings.owner_address and settings.email.host) and late
