"""A letter to the opt-out mailbox, read with the standard library's parser; nothing in it is trusted."""

import re
from dataclasses import dataclass
from email.message import Message
from email.policy import default
from email.utils import getaddresses, parsedate_to_datetime

from .parts import Parts, printable

READ = 4000
"""Characters of the text that are looked at."""
_SPACE = re.compile(r"\s+")
_QUOTED = re.compile(r"(?m)^[^\S\n]*[>＞].*$|(?s:\n-{2,}\s*(Original Message|元のメッセージ|転送).*)")


@dataclass(frozen=True)
class Letter:
    """What matters of a letter."""

    sender: str
    """The one address it is from, in lower case; empty where there are several or none."""
    subject: str
    """On one line."""
    text: str
    """The plain text without quoted lines, cut short."""
    message_id: str
    date: str
    """ISO 8601 as the sender's clock had it, empty when unreadable."""
    automatic: str
    """`auto-replied` or another word of RFC 3834, `list` or `bounce`; empty for a person's letter."""


def read_letter(parts: Parts) -> Letter:
    """Reads what it can; what can't be read is empty. It raises nothing."""
    message = parts.whole
    senders = {printable(address.lower()) for _, address in getaddresses([_header(message, "From")])} - {""}
    return Letter(
        sender=senders.pop() if len(senders) == 1 else "",
        subject=_header(message, "Subject"),
        text=_text(parts),
        message_id=printable(_header(message, "Message-ID"))[:200],
        date=_date(_header(message, "Date")),
        automatic=_automatic(message),
    )


def _header(message: Message, name: str) -> str:
    raw = next((str(value) for key, value in message.raw_items() if key.lower() == name.lower()), "")
    try:
        return _SPACE.sub(" ", str(default.header_fetch_parse(name, raw))).strip()
    except Exception:
        # The parser of structured headers raises whatever it stumbles over: IndexError, AttributeError, TypeError.
        return ""


def _automatic(message: Message) -> str:
    said = _header(message, "Auto-Submitted").lower().split(";")[0].strip()
    if said and said != "no":
        return said
    if _header(message, "Return-Path") == "<>" or message.get_content_type() == "multipart/report":
        return "bounce"
    if _header(message, "Precedence").lower() in ("bulk", "list", "junk") or message.get("X-Auto-Response-Suppress"):
        return "list"
    return ""


def _text(parts: Parts) -> str:
    plain = next((part for part in parts.every if part.get_content_type() == "text/plain"), None)
    if plain is None:
        return ""
    try:
        raw = plain.get_payload(decode=True)
        content = raw.decode(plain.get_content_charset("ascii"), "replace") if isinstance(raw, bytes) else ""
    except Exception:
        return ""
    return _QUOTED.sub("", content)[:READ]


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
