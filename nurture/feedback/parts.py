"""The parts of a letter, taken out of it once for all who read it: its text, its fields, the mail that it returns.

Anybody can write a letter, so that nothing here takes long or raises, whatever it holds.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import Compat32

LARGEST = 512 * 1024
"""Bytes of a letter that are looked at; an opt-out is a line or two."""
PARTS = 50
"""Parts of a letter that are looked at; a report has three."""
LONGEST = 2_000
"""Characters of a header that are kept: decoding takes the square of its length, half a minute for 56 KB."""
DEEPEST = 50
"""Boundaries a letter may name: every line is held against each that is open."""
RETURNED = ("text/rfc822-headers", "message/rfc822-headers")
"""What holds the header of the mail that comes back, and nothing of its text."""
_BOUNDARY = re.compile(rb"boundary[*0-9]*\s*=", re.IGNORECASE)


class _Cut(Compat32):
    """Headers as they stand in the letter, cut short before anybody looks into them."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse(sourcelines)
        return name, value[:LONGEST]


CUT = _Cut()


@dataclass(frozen=True)
class Parts:
    """A letter taken apart."""

    whole: Message
    """The letter itself, for its headers; empty where it can't be parsed."""
    every: tuple[Message, ...]
    """The letter itself first, then its parts in their order, inner ones too."""

    @property
    def is_report(self) -> bool:
        """Whether it is a report of a mail program (RFC 6522)."""
        return self.whole.get_content_type() == "multipart/report"


def take_apart(raw: bytes) -> Parts:
    """Parses a letter. It raises nothing."""
    cut = raw[:LARGEST]
    if len(_BOUNDARY.findall(cut)) > DEEPEST:
        return _empty()
    try:
        whole = message_from_bytes(cut, policy=CUT)
        return Parts(whole, tuple(part for part, _ in zip(whole.walk(), range(PARTS), strict=False)))
    except Exception:
        # The parser raises whatever it stumbles over in a letter made to break it, RecursionError too.
        return _empty()


def fields_in(parts: Parts, kind: str, name: str) -> list[Message]:
    """The blocks of fields in a report's parts of a kind that have the field; the parser takes them for messages."""
    if not parts.is_report:
        return []
    return [block for part in parts.every for block in _blocks(part, kind) if name in block]


def returned_in(parts: Parts) -> list[Message]:
    """The headers of the mails that a report returns, whole or as their headers alone."""
    return [header for part in parts.every for header in _returned(part)] if parts.is_report else []


def printable(text: str) -> str:
    """The text, or nothing where it holds what no database column and no address should."""
    return text if text.isascii() and text.isprintable() else ""


def _empty() -> Parts:
    whole = Message(policy=CUT)
    return Parts(whole, (whole,))


def _blocks(part: Message, kind: str) -> list[Message]:
    found = part.get_payload()
    if part.get_content_type() != kind or not isinstance(found, list):
        return []
    return [each for each in found if isinstance(each, Message)]


def _returned(part: Message) -> Iterator[Message]:
    kind, found = part.get_content_type(), part.get_payload()
    # What calls itself a mail and can't be parsed as one has a text here.
    if kind == "message/rfc822" and isinstance(found, list) and found and isinstance(found[0], Message):
        yield found[0]
    elif kind in RETURNED:
        raw = part.get_payload(decode=True)
        yield message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=CUT)
