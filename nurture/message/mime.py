"""A mail's bytes, joined from parts: the one way in which a `Message` becomes MIME. Signing and sending are not here.

Python's generator takes 1.5 ms for what joining does in 25 µs, and it breaks a List-Unsubscribe longer than a line into
encoded words, which receivers then can't read; here such headers stay whole.
"""

import re
from base64 import b64encode
from binascii import b2a_base64
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from hashlib import sha256
from struct import Struct

from nurture.address import ascii_address

from .address import Mailbox
from .compose import Message

LONGEST_WORD = 75
"""Characters of an encoded word (RFC 2047 section 2)."""
LONGEST_LINE = 76
"""Characters of a header line that holds encoded words (RFC 2047) and of a line of base64 (RFC 2045)."""
LINES_OF_BLOCK = 64
"""Lines of base64 that are cut at once; each number of lines has a cutter of its own."""
LONGEST_RAW = 900
"""Characters of a header value that is written as it is; SMTP allows lines of 998 (RFC 5321)."""
OURS = frozenset(
    "from to subject date message-id mime-version content-type content-transfer-encoding auto-submitted".split()
)
"""Headers this module writes itself, so that nobody else may add them."""

CRLF = b"\r\n"

_NAME = re.compile(r"[A-Za-z0-9-]+")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_MESSAGE_ID = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9.-]+")
_WORD_FRAME = len("=?utf-8?b??=")


def mail_bytes(message: Message, *, message_id: str, date: datetime, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """The whole mail with CRLF line ends.

    `message_id` is written with or without its angle brackets, `date` is aware; `headers` follow the message's own.
    Raises ValueError for a header that could break out of its line, is unknown to be safe, or is too long.
    """
    lines = [
        "MIME-Version: 1.0",
        _date(date),
        f"Message-ID: <{_identifier(message_id)}>",
        _from(message.from_),
        f"To: {ascii_address(message.to)}",
        _header("Subject", message.subject),
        "Auto-Submitted: auto-generated",
        *(_added(name, value) for name, value in (*message.headers, *headers)),
    ]
    return CRLF.join(["\r\n".join(lines).encode("ascii"), *_content(message, message_id)])


@lru_cache(maxsize=8)
def _date(date: datetime) -> str:
    return f"Date: {format_datetime(date)}"


def _content(message: Message, message_id: str) -> Iterator[bytes]:
    if not message.html:
        yield from (*_part(b"plain", message.text), b"")
        return
    # Base64 holds no "=_", so that the boundary can't occur in a part.
    boundary = b"=_" + sha256(message_id.encode()).hexdigest()[:32].encode()
    yield b'Content-Type: multipart/alternative; boundary="%b"' % boundary
    yield b""
    for subtype, text in ((b"plain", message.text), (b"html", message.html)):
        yield b"--" + boundary
        yield from _part(subtype, text)
    yield b"--%b--" % boundary
    yield b""


def _part(subtype: bytes, text: str) -> Iterator[bytes]:
    yield b'Content-Type: text/%b; charset="utf-8"' % subtype
    yield b"Content-Transfer-Encoding: base64"
    yield b""
    unix = text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text
    yield _in_lines(b2a_base64(unix.encode().replace(b"\n", CRLF), newline=False))


def _in_lines(encoded: bytes) -> bytes:
    """In lines of 76 characters, cut a block at once: one by one the cuts took as long as everything else."""
    size = LINES_OF_BLOCK * LONGEST_LINE
    blocks = [encoded[start : start + size] for start in range(0, len(encoded), size)]
    return CRLF.join([CRLF.join(_cutter(len(each)).unpack(each)) for each in blocks])


@lru_cache(maxsize=512)
def _cutter(size: int) -> Struct:
    whole, rest = divmod(size, LONGEST_LINE)
    return Struct(f"{LONGEST_LINE}s" * whole + (f"{rest}s" if rest else ""))


@lru_cache(maxsize=64)
def _from(mailbox: Mailbox) -> str:
    name, address = mailbox.name, ascii_address(mailbox.address)
    if not name:
        return f"From: {address}"
    if _CONTROL.search(name):
        raise ValueError(f"control character in the sender's name {name!r}")
    if _ATOMS.fullmatch(name) and "=?" not in name and len(name) <= 60 and name == " ".join(name.split()):
        return f"From: {name} <{address}>"
    return f"From: {_words(name, len('From: '))}\r\n <{address}>"


@lru_cache(maxsize=1024)
def _header(name: str, value: str) -> str:
    if _CONTROL.search(value):
        raise ValueError(f"control character in {name}: {value!r}")
    plain = value.isascii() and "=?" not in value and value == value.strip() and "  " not in value
    if plain and len(name) + 2 + len(value) <= LONGEST_LINE:
        return f"{name}: {value}"
    return f"{name}: {_words(value, len(name) + 2)}"


def _words(text: str, indent: int) -> str:
    """Encoded words, each of whole characters; the first line is shorter by what stands before it."""
    room = LONGEST_LINE - indent
    whole = text.encode()
    if _word_length(len(whole)) <= min(room, LONGEST_WORD):
        return f"=?utf-8?b?{b64encode(whole).decode()}?="
    words, held = [], b""
    for character in text:
        encoded = character.encode()
        if held and _word_length(len(held) + len(encoded)) > min(room, LONGEST_WORD):
            words.append(held)
            held, room = b"", LONGEST_LINE - 1
        held += encoded
    return "\r\n ".join(f"=?utf-8?b?{b64encode(each).decode()}?=" for each in (*words, held))


def _word_length(size: int) -> int:
    return _WORD_FRAME + (size + 2) // 3 * 4


def _added(name: str, value: str) -> str:
    """A header that is written as it is: never encoded, folded only between the links of a list."""
    if not _NAME.fullmatch(name) or name.lower() in OURS:
        raise ValueError(f"the header {name!r} can't be added")
    if not (value.isascii() and value.isprintable()) or not value.strip():
        raise ValueError(f"{name}: {value!r} holds more than printable ASCII")
    lines: Sequence[str] = value.split(", ") if name.lower() == "list-unsubscribe" else [value]
    if max(map(len, lines)) + len(name) + 2 > LONGEST_RAW:
        raise ValueError(f"{name} is longer than {LONGEST_RAW} characters")
    return f"{name}: " + ",\r\n ".join(lines)


def _identifier(message_id: str) -> str:
    bare = message_id.strip("<>")
    if not _MESSAGE_ID.fullmatch(bare):
        raise ValueError(f"{message_id!r} is not a message id")
    return bare
