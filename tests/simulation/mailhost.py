"""A mail server of this world: it takes mail, or fails at any word in any way, and keeps what it answers for."""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from .dice import Dice
from .network import Link, Written

GARBAGE = b"\x16\x03\x01 this is not SMTP\r\n"


@dataclass(frozen=True)
class Arrival:
    """Something that another side has become answerable for."""

    channel: str
    recipient: str
    key: str
    """Message-ID or retry key."""
    digest: str
    """Of the bytes."""
    written_at: float
    """When the client let its last byte go, in the world's seconds."""
    written_wall: float
    """The same by the shop's wall clock."""
    taken_at: float


class MailHost:
    """The server; `session` is what a connection meets."""

    def __init__(self, dice: Dice, now: Callable[[], float]) -> None:
        self.dice, self.now = dice, now
        self.arrivals: list[Arrival] = []
        self.digests: dict[str, set[str]] = {}
        """Message-ID → digests of every payload seen under it, accepted or not."""
        self.offences: list[str] = []

    def session(self, link: Link) -> "_Session":
        """A new connection."""
        return _Session(self, link)


class _Session:
    def __init__(self, host: MailHost, link: Link) -> None:
        self.host, self.link, self.dice = host, link, host.dice
        self.lines = b""
        self.sender = self.recipient = ""
        self.payload = False
        self.deaf = False
        """It reads nothing any more."""
        self._greet()

    def receive(self, data: bytes, written: Written) -> None:
        """Whole lines are commands; between 354 and the dot, text."""
        if self.deaf:
            return
        self.lines += data
        while not self.deaf:
            end = b"\r\n.\r\n" if self.payload else b"\r\n"
            at = self.lines.find(end)
            if at < 0:
                return
            found, self.lines = self.lines[: at + 2], self.lines[at + len(end) :]
            if self.payload:
                self._dot(found, written)
            else:
                self._command(found.decode("ascii", "replace").rstrip())

    def lost(self) -> None:
        """The client is gone: what was not complete is forgotten."""
        self.deaf = True

    def _greet(self) -> None:
        if self.dice.fault("smtp_greeting_421", 0.01):
            return self._farewell("421 4.3.2 too busy")
        if self.dice.fault("smtp_greeting_close", 0.01):
            return self._end()
        if self.dice.fault("smtp_greeting_silence", 0.005):
            self.deaf = True
            return None
        return self._say("220 mail.test ESMTP")

    def _command(self, line: str) -> None:
        verb = line[:4].upper()
        if verb == "EHLO":
            self.link.say(b"250-mail.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n")
        elif verb == "MAIL":
            self._mail(line)
        elif verb == "RCPT":
            self._rcpt(line)
        elif verb == "DATA":
            self._data()
        elif verb == "RSET":
            self.sender = self.recipient = ""
            self._say("250 2.0.0 ok")
        elif verb == "QUIT":
            self._farewell("221 2.0.0 bye")
        else:
            self.host.offences.append(f"a command that is none: {line[:40]!r}")
            self._say("502 5.5.1 what?")

    def _mail(self, line: str) -> None:
        if self.sender:
            return self._say("503 5.5.1 nested MAIL")
        if self._breaks("mail"):
            return None
        if self.dice.fault("smtp_mail_451", 0.01):
            return self._say("451 4.3.0 not now")
        self.sender = _address(line)
        return self._say("250 2.1.0 ok")

    def _rcpt(self, line: str) -> None:
        if not self.sender:
            return self._say("503 5.5.1 need MAIL")
        if self._breaks("rcpt"):
            return None
        if self.dice.fault("smtp_rcpt_450", 0.03):
            return self._say("450 4.2.0 greylisted")
        if self.dice.fault("smtp_rcpt_421", 0.01):
            return self._farewell("421 4.7.0 too fast")
        if self.dice.fault("smtp_rcpt_550", 0.004):
            return self._say("550 5.1.1 nobody")
        self.recipient = _address(line)
        return self._say("250 2.1.5 ok")

    def _data(self) -> None:
        if not self.recipient:
            return self._say("503 5.5.1 no valid recipient")
        if self._breaks("data"):
            return None
        if self.dice.fault("smtp_data_451", 0.01):
            return self._say("451 4.3.0 no room")
        if self.dice.fault("smtp_stall", 0.01):
            self.link.stalled = True
        self.payload = True
        return self._say("354 go ahead")

    def _dot(self, payload: bytes, written: Written) -> None:
        recipient = self.recipient
        self.payload, self.sender, self.recipient = False, "", ""
        key = _message_id(payload)
        self.host.digests.setdefault(key, set()).add(sha256(payload).hexdigest())
        if self._refuses():
            return
        self._accept(recipient, key, payload, written)
        self._acknowledge()

    def _refuses(self) -> bool:
        """Whether the mail is not taken: the client is told so, or nothing."""
        dice = self.dice
        if dice.fault("smtp_dot_451", 0.04):
            self._say("451 4.3.0 try again")
        elif dice.fault("smtp_dot_554", 0.005):
            self._say("554 5.6.0 not this")
        elif dice.fault("smtp_dot_421", 0.01):
            self._farewell("421 4.3.2 closing")
        elif dice.fault("smtp_dot_closed_unaccepted", 0.02):
            self._end(reset=dice.chance(0.5))
        elif dice.fault("smtp_dot_silent_unaccepted", 0.01):
            self.deaf = True
        else:
            return False
        return True

    def _acknowledge(self) -> None:
        """The mail is taken: what the client hears of it."""
        dice = self.dice
        if dice.fault("smtp_reply_lost", 0.03):
            self._end(reset=dice.chance(0.5))
        elif dice.fault("smtp_reply_never", 0.01):
            self.deaf = True
        elif dice.fault("smtp_reply_slow", 0.02):
            self._say("250 2.0.0 queued at last", delay=dice.between(20, 700))
        elif dice.fault("smtp_reply_252", 0.01):
            self._say("252 2.0.0 as good as queued")
        elif dice.fault("smtp_reply_garbage", 0.01):
            self.link.say(GARBAGE)
        else:
            self._say("250 2.0.0 queued")
            if dice.fault("smtp_close_behind", 0.01):
                self._end()

    def _accept(self, recipient: str, key: str, payload: bytes, written: Written) -> None:
        host = self.host
        digest = sha256(payload).hexdigest()
        host.arrivals.append(Arrival("email", recipient, key, digest, written.moment, written.wall, host.now()))

    def _breaks(self, phase: str) -> bool:
        if self.dice.fault(f"smtp_{phase}_close", 0.01):
            self._end(reset=self.dice.chance(0.5))
            return True
        if self.dice.fault(f"smtp_{phase}_silence", 0.004):
            self.deaf = True
            return True
        return False

    def _say(self, text: str, delay: float = 0) -> None:
        self.link.say(text.encode() + b"\r\n", delay)

    def _farewell(self, text: str) -> None:
        self._say(text)
        self._end()

    def _end(self, *, reset: bool = False) -> None:
        self.deaf = True
        self.link.hang_up(reset=reset)


def _address(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


def _message_id(payload: bytes) -> str:
    head = payload.partition(b"\r\n\r\n")[0]
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"message-id:"):
            return line.partition(b":")[2].strip().decode()
    return ""
