"""A letter to the opt-out mailbox, read with the standard library's parser; nothing in it is trusted."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses, parsedate_to_datetime

LARGEST = 512 * 1024
"""Bytes of a letter that are looked at; an opt-out is a line or two."""
READ = 4000
"""Characters of the text that are looked at."""
_SPACE = re.compile(r"\s+")
_QUOTED = re.compile(r"(?m)^\s*[>＞].*$|(?s:\n-{2,}\s*(Original Message|元のメッセージ|転送).*)")


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


def read_letter(raw: bytes) -> Letter:
    """Reads what it can; what can't be read is empty. It raises nothing."""
    message = message_from_bytes(raw[:LARGEST], policy=default)
    senders = {_ascii(address.lower()) for _, address in getaddresses([_header(message, "From")])} - {""}
    return Letter(
        sender=senders.pop() if len(senders) == 1 else "",
        subject=_header(message, "Subject"),
        text=_text(message),
        message_id=_ascii(_header(message, "Message-ID"))[:200],
        date=_date(_header(message, "Date")),
        automatic=_automatic(message),
    )


def _header(message: EmailMessage, name: str) -> str:
    try:
        return _SPACE.sub(" ", str(message.get(name, ""))).strip()
    except Exception:
        # The parser of structured headers raises whatever it stumbles over: IndexError, AttributeError, TypeError.
        return ""


def _ascii(text: str) -> str:
    """The text, or nothing where it holds what no database column and no address should."""
    return text if text.isascii() and text.isprintable() else ""


def _automatic(message: EmailMessage) -> str:
    said = _header(message, "Auto-Submitted").lower().split(";")[0].strip()
    if said and said != "no":
        return said
    if _header(message, "Return-Path") == "<>" or message.get_content_type() == "multipart/report":
        return "bounce"
    if _header(message, "Precedence").lower() in ("bulk", "list", "junk") or message.get("X-Auto-Response-Suppress"):
        return "list"
    return ""


def _text(message: EmailMessage) -> str:
    parts: Iterator[EmailMessage] = message.walk()
    plain = next((part for part in parts if part.get_content_type() == "text/plain"), None)
    if plain is None:
        return ""
    try:
        content = str(plain.get_content())
    except Exception:
        return ""
    return _QUOTED.sub("", content)[:READ]


def _date(text: str) -> str:
    try:
        return parsedate_to_datetime(text).isoformat()
    except (ValueError, TypeError, IndexError, OverflowError):
        return ""
