"""A mail as SMTP carries it: envelope commands and payload as bytes. What can't be sent is refused here, unsent."""

import re
from dataclasses import dataclass

from .outcome import Rejected

_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0<>\u2028\u2029\ud800-\udfff]")
_XTEXT = re.compile(rb"[^!-*,-<>-~]")
LONGEST_PATH = 254
"""Characters of an address (RFC 5321 section 4.5.3.1.3 with erratum 1690)."""


@dataclass(frozen=True)
class Envelope:
    """One mail for one recipient."""

    sender: str
    """Envelope sender, where bounces go; empty for a mail that must not bounce."""
    recipient: str
    """Envelope recipient."""
    payload: bytes
    """The whole mail with CRLF line ends, as it is to arrive; it is never changed but for SMTP's own dot stuffing."""
    smtputf8: bool = False
    """Whether an address or a header goes beyond ASCII, so that only a server with SMTPUTF8 can take it (RFC 6531)."""
    envid: str = ""
    """Our name for it, which bounces carry back where the path supports that (RFC 3461); empty = don't ask."""
    vouched: bool = False
    """Whether who wrote the payload answers for it: every line ends with CRLF, and none begins with a dot."""


@dataclass(frozen=True)
class Offer:
    """What the server said it can do, in answer to EHLO."""

    pipelining: bool = False
    """Several commands may be written at once (RFC 2920)."""
    size: int | None = None
    """Largest mail in bytes; 0 = it names no limit, None = it doesn't know the word (RFC 1870)."""
    dsn: bool = False
    """Delivery status notifications can be asked for (RFC 3461)."""
    smtputf8: bool = False
    eight_bit: bool = False
    """Bodies may hold bytes above 127 (RFC 6152)."""


@dataclass(frozen=True)
class Commands:
    """What goes over the wire for one mail."""

    mail: bytes
    recipient: bytes
    payload: bytes
    """Dot-stuffed, with the closing dot."""

    @property
    def together(self) -> bytes:
        """The whole envelope, for servers that take several commands at once."""
        return self.mail + self.recipient + b"DATA\r\n"


def commands(envelope: Envelope, offer: Offer) -> Commands | Rejected:
    """The bytes to write, or why this mail can't go over this connection; no network is needed to know that."""
    sender, recipient = _path(envelope.sender, envelope.smtputf8), _path(envelope.recipient, envelope.smtputf8)
    if sender is None:
        return Rejected("account", "", "the sender is no address that can be sent")
    if not recipient:
        return Rejected("address", "", "the recipient is no address that can be sent")
    if envelope.smtputf8 and not offer.smtputf8:
        return Rejected("message", "", "the server does not offer SMTPUTF8")
    payload = envelope.payload
    if not payload.isascii() and not offer.eight_bit:
        return Rejected("message", "", "the mail holds 8-bit bytes and the server does not offer 8BITMIME")
    if offer.size and len(payload) > offer.size:
        return Rejected("message", "", f"the mail has {len(payload)} bytes, more than the server's {offer.size}")
    # To look at each line of a mail takes as long as all else here.
    if not envelope.vouched and not _line_ends_are_crlf(payload):
        return Rejected("message", "", "the mail holds a bare CR or LF")
    written = payload + b".\r\n" if envelope.vouched else stuffed(payload)
    return Commands(_mail(sender, envelope, offer), _recipient(recipient, envelope, offer), written)


def stuffed(payload: bytes) -> bytes:
    """The payload with its leading dots doubled (RFC 5321 section 4.5.2) and the dot that ends it."""
    if payload.startswith(b"."):
        payload = b"." + payload
    if b"\r\n." in payload:
        payload = payload.replace(b"\r\n.", b"\r\n..")
    return payload + (b".\r\n" if payload.endswith(b"\r\n") or not payload else b"\r\n.\r\n")


def _mail(sender: bytes, envelope: Envelope, offer: Offer) -> bytes:
    line = b"MAIL FROM:<%b>" % sender
    if offer.size is not None:
        line += b" SIZE=%d" % len(envelope.payload)
    if not envelope.payload.isascii():
        line += b" BODY=8BITMIME"
    if envelope.smtputf8:
        line += b" SMTPUTF8"
    if offer.dsn and envelope.envid:
        line += b" RET=HDRS ENVID=" + _xtext(envelope.envid)
    return line + b"\r\n"


def _recipient(recipient: bytes, envelope: Envelope, offer: Offer) -> bytes:
    line = b"RCPT TO:<%b>" % recipient
    if offer.dsn and envelope.envid:
        line += b" NOTIFY=FAILURE,DELAY"
        if recipient.isascii():
            line += b" ORCPT=rfc822;" + _xtext(recipient.decode())
    return line + b"\r\n"


def _path(address: str, smtputf8: bool) -> bytes | None:
    """The address between the angle brackets; None for what is no address, or could end the command."""
    if not address:
        return b""
    local, at, domain = address.rpartition("@")
    if not (local and at and domain) or "@" in local or _UNSAFE.search(address) or len(address) > LONGEST_PATH:
        return None
    if smtputf8:
        return address.encode()
    if not local.isascii():
        return None
    try:
        return local.encode() + b"@" + domain.encode("ascii" if domain.isascii() else "idna")
    except UnicodeError:
        return None


def _xtext(text: str) -> bytes:
    """RFC 3461 section 4: what is not printable ASCII, `+` or `=` is written as +XX."""
    return _XTEXT.sub(lambda found: b"+%02X" % found[0][0], text.encode())


def _line_ends_are_crlf(payload: bytes) -> bool:
    # A bare CR or LF is read as a line end by some servers and not by others: SMTP smuggling (CVE-2023-51764).
    pairs = payload.count(b"\r\n")
    return payload.count(b"\n") == pairs and payload.count(b"\r") == pairs
