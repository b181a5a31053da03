"""The bytes of a message as a channel hands them over; they are made once and never written anew for a retry."""

import json
from dataclasses import dataclass
from datetime import datetime

from nurture.address import ascii_address
from nurture.campaign.model import Channel

from .compose import Message
from .mime import mail_bytes


@dataclass(frozen=True)
class Frozen:
    """A message in its last form: what `nurture.channels` calls a parcel."""

    channel: Channel
    key: str
    """Names this hand-over once and for all: the Message-ID of a mail, the retry key of a push."""
    sender: str
    """Envelope sender of a mail; empty for LINE."""
    to: str
    """Envelope recipient or LINE user id."""
    body: bytes
    """A whole mail with CRLF line ends, or the JSON of a push request."""


def freeze(message: Message, *, key: str, date: datetime) -> Frozen:
    """The message as bytes. `key` is a Message-ID with its domain for mail, a UUID for LINE; `date` is aware.

    Raises ValueError as `mail_bytes` does.
    """
    if message.channel == "line":
        return Frozen("line", key, "", message.to, push_bytes(message))
    sender, to = ascii_address(message.from_.address), ascii_address(message.to)
    return Frozen("email", key, sender, to, mail_bytes(message, message_id=key, date=date))


def push_bytes(message: Message) -> bytes:
    """The body of a push request of the LINE Messaging API."""
    return json.dumps({"to": message.to, "messages": message.line}, ensure_ascii=False).encode()
