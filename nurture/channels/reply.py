"""Replies of an SMTP server, read from bytes as they come in (RFC 5321 section 4.2). Nothing is judged here."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

LONGEST_LINE = 4_096
"""Bytes of one reply line; RFC 5321 section 4.5.3.1.5 allows 512, and servers write more."""
LONGEST_REPLY = 32_768
"""Bytes of one reply with all its lines."""
LONGEST_SHOWN = 200
"""Characters of a foreign text that are kept for logs and reports."""

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_STATUS = re.compile(r"#?([245]\.[0-9]{1,3}\.[0-9]{1,3})(?![0-9.])[:\s]*")
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"']+@[^\s<>()\[\]:;,\"']+")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass(frozen=True)
class Reply:
    """One whole reply."""

    code: int
    """200-599."""
    status: str
    """Enhanced status code such as `5.1.1` (RFC 3463); empty where there is none."""
    text: str
    """The words of all lines, without code and status, on one line; it may hold addresses."""

    @property
    def shown(self) -> str:
        """The words for logs and reports: without addresses, and cut short."""
        return without_addresses(self.text)

    @property
    def codes(self) -> str:
        """`550 5.1.1`, or `550` where there is no enhanced status."""
        return f"{self.code} {self.status}".strip()


class Garbage(Exception):
    """The server wrote what is no SMTP reply, or too much of it."""


class ReplyReader:
    """Bytes in, whole replies out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._lines: list[tuple[int, str]] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Reply]:
        """Every reply that `data` completes. Raises Garbage, after which the reader is of no use any more."""
        self._buffer += data
        start = 0
        while (end := self._buffer.find(b"\n", start)) >= 0:
            reply = self._take(bytes(self._buffer[start : end + 1]))
            start = end + 1
            if reply:
                yield reply
        del self._buffer[:start]
        if len(self._buffer) > LONGEST_LINE:
            raise Garbage("a reply line without end")

    def _take(self, line: bytes) -> Reply | None:
        if not self._lines and (whole := _one_line(line)):
            return whole
        self._size += len(line)
        if len(line) > LONGEST_LINE or self._size > LONGEST_REPLY:
            raise Garbage("a reply without end")
        found = _LINE.fullmatch(line.rstrip(b"\r\n"))
        if found is None:
            raise Garbage("a line that is no SMTP reply")
        code, words = int(found[1]), (found[3] or b"").decode("utf-8", "replace")
        if self._lines and self._lines[0][0] != code:
            raise Garbage("a reply whose lines differ in their codes")
        self._lines.append((code, words))
        if found[2] == b"-":
            return None
        texts = [text for _, text in self._lines]
        self._lines, self._size = [], 0
        return reply_of(code, texts)


@lru_cache(maxsize=64)
def _one_line(line: bytes) -> Reply | None:
    """A reply of one line: of a mail's four, three are the same for every mail, and parsing them was half the work."""
    found = _LINE.fullmatch(line.rstrip(b"\r\n")) if len(line) <= LONGEST_LINE else None
    if found is None or found[2] == b"-":
        return None
    return reply_of(int(found[1]), [(found[3] or b"").decode("utf-8", "replace")])


def reply_of(code: int, lines: Iterable[str]) -> Reply:
    """A reply from its code and the words of its lines, each of which may begin with the enhanced status."""
    status, words = "", []
    for text in lines:
        found = _STATUS.match(text)
        status = status or (found[1] if found else "")
        words.append((text[found.end() :] if found else text).strip())
    return Reply(code, status, " ".join(filter(None, words)))


def without_addresses(text: str, longest: int = LONGEST_SHOWN) -> str:
    """A foreign text made fit for logs: one line, no mail addresses, cut short."""
    return _ADDRESS.sub("…@…", _UNPRINTABLE.sub(" ", text)).strip()[:longest]
