"""An SMTP server that does what its script says: refuses, hangs up, dawdles, babbles, and keeps what it accepted."""

import asyncio
import socket
import ssl
import struct
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

from pydantic import SecretStr

from nurture.channels.server import MailServer

Then = Literal["go on", "close", "reset", "silence"]


@dataclass(frozen=True)
class Act:
    """One answer out of order."""

    say: bytes = b""
    """Written as it is."""
    then: Then = "go on"
    """`close` ends the connection in good order, `reset` without, `silence` reads and answers nothing any more."""
    pause: float = 0
    """Seconds before each byte."""
    keep: bool = False
    """Behind the dot: whether the mail counts as accepted all the same."""
    deaf: bool = False
    """Behind 354: nothing is read until `listen`, so that the client's payload stays where it is."""


def reply(text: str) -> Act:
    """An ordinary reply, one line for each line of `text`: `550 5.1.1 nobody`."""
    return Act(text.replace("\n", "\r\n").encode() + b"\r\n")


CLOSE = Act(then="close")
RESET = Act(then="reset")
SILENCE = Act(then="silence")
GARBAGE = Act(b"\x16\x03\x01 this is not SMTP\r\n")
DRIP = Act(b"250 2.0.0 so slow\r\n", pause=0.1)


@dataclass(frozen=True)
class Mail:
    """What was accepted."""

    sender: str
    recipient: str
    data: bytes
    """As the client wrote it, dots unstuffed."""


@dataclass
class FakeSmtp:
    """The server, to be run by `serving`."""

    script: dict[str, list[Act]] = field(default_factory=dict)
    """Answers by verb (connect, ehlo, starttls, auth, mail, rcpt, data, dot, rset, quit), used up one after another
    over all connections; where none is left, the server behaves."""
    pipelining: bool = True
    extensions: tuple[str, ...] = ("8BITMIME", "ENHANCEDSTATUSCODES")
    eager: bool = False
    """Answers 354 even when no recipient was accepted, as RFC 2920 allows."""
    certificate: ssl.SSLContext | None = None
    implicit: bool = False
    """TLS from the first byte; otherwise a certificate means that STARTTLS is offered."""
    password: str = ""
    """Wanted by AUTH PLAIN; empty = no AUTH."""
    mails: list[Mail] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """Every command line read, over all connections."""
    fragments: list[bytes] = field(default_factory=list)
    """Payloads that ended without their dot."""
    connections: int = 0
    port: int = 0
    together: int = 0
    """The most commands that were read from one packet."""
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when a client's connection has ended."""

    _listening: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    def listen(self) -> None:
        """Ends deafness: what has arrived is read, and whatever comes after it."""
        self._listening.set()

    def say_unasked(self, words: bytes) -> None:
        """Writes to the newest connection."""
        self._writers[-1].write(words)

    def hang_up(self) -> None:
        """Resets the newest connection, whatever it is doing."""
        reset(self._writers[-1])

    def server(self, **changes: object) -> MailServer:
        """How to reach it, without TLS unless told otherwise."""
        values: dict[str, object] = {"host": "127.0.0.1", "port": self.port, "tls": "none", **changes}
        return MailServer(**values)  # type: ignore[arg-type]

    def login(self, **changes: object) -> MailServer:
        """How to reach it as the shop."""
        return self.server(**{"username": "shop", "password": SecretStr(self.password), **changes})


@asynccontextmanager
async def serving(fake: FakeSmtp) -> AsyncIterator[FakeSmtp]:
    """Runs the server on a free port of this machine."""
    sessions: set[asyncio.Task[None]] = set()

    async def session(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        sessions.add(task)
        # Cancelled at the end of `serving`; asyncio's own callback would report that as an error.
        with suppress(asyncio.CancelledError):
            await _Session(fake, reader, writer).run()

    implicit = fake.certificate if fake.implicit else None
    server = await asyncio.start_server(session, "127.0.0.1", 0, ssl=implicit, limit=1 << 16)
    fake.port = server.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        server.close()
        for each in sessions:
            each.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)
        await server.wait_closed()


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends a connection without good order: unread and unwritten bytes are gone, and the client is told so."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


class _Over(Exception):
    """This connection has ended."""


class _Session:
    def __init__(self, fake: FakeSmtp, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.fake = fake
        self.reader = reader
        self.writer = writer
        self.sender: str | None = None
        self.recipient: str | None = None
        self.answers = {
            "EHLO": self.ehlo,
            "STARTTLS": self.starttls,
            "AUTH": self.auth,
            "MAIL": self.mail,
            "RCPT": self.rcpt,
            "DATA": self.data,
            "RSET": self.rset,
            "QUIT": self.quit,
        }

    async def run(self) -> None:
        self.fake.connections += 1
        self.fake._writers.append(self.writer)
        try:
            await self.answer("connect", "220 fake.test ESMTP")
            while True:
                line = (await self.read()).decode().rstrip("\r\n")
                self.fake.together = max(self.fake.together, 1 + self.reader._buffer.count(b"\n"))  # type: ignore[attr-defined]
                self.fake.lines.append(line)
                verb = line.partition(" ")[0].upper()
                await self.answers.get(verb, self.unknown)(line)
        except (_Over, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self.writer.transport.abort()
            self.fake.hung_up.set()

    async def ehlo(self, line: str) -> None:
        words = ["fake.test", *self.fake.extensions]
        words += ["PIPELINING"] if self.fake.pipelining else []
        encrypted = self.writer.get_extra_info("sslcontext") is not None
        words += ["STARTTLS"] if self.fake.certificate and not encrypted else []
        words += ["AUTH PLAIN"] if self.fake.password else []
        text = "".join(f"250{' ' if each is words[-1] else '-'}{each}\n" for each in words)
        await self.answer("ehlo", text.rstrip("\n"))

    async def starttls(self, line: str) -> None:
        if await self.answer("starttls", "220 2.0.0 go ahead"):
            assert self.fake.certificate
            await self.writer.start_tls(self.fake.certificate)

    async def auth(self, line: str) -> None:
        right = b64encode(f"\0shop\0{self.fake.password}".encode()).decode()
        given = line.rpartition(" ")[2]
        await self.answer("auth", "235 2.7.0 welcome" if given == right else "535 5.7.8 wrong user or password")

    async def mail(self, line: str) -> None:
        if self.sender is not None:
            return await self.say(reply("503 5.5.1 nested MAIL"))
        if await self.answer("mail", "250 2.1.0 ok"):
            self.sender = line.partition(":<")[2].partition(">")[0]
        return None

    async def rcpt(self, line: str) -> None:
        if self.sender is None:
            return await self.say(reply("503 5.5.1 need MAIL"))
        if await self.answer("rcpt", "250 2.1.5 ok"):
            self.recipient = line.partition(":<")[2].partition(">")[0]
        return None

    async def data(self, line: str) -> None:
        if self.recipient is None and not self.fake.eager:
            return await self.say(reply("503 5.5.1 no valid recipient"))
        if not await self.answer("data", "354 go ahead"):
            return None
        payload = await self.payload()
        sender, recipient, self.sender, self.recipient = self.sender, self.recipient, None, None
        if recipient is None:
            return await self.say(reply("554 5.5.1 no valid recipient"))
        act = self.next("dot")
        if act is None or act.keep or act.say.startswith(b"2"):
            self.fake.mails.append(Mail(sender or "", recipient, payload))
        await self.say(act or reply("250 2.0.0 queued as 4711"))
        return None

    async def rset(self, line: str) -> None:
        self.sender = self.recipient = None
        await self.answer("rset", "250 2.0.0 ok")

    async def quit(self, line: str) -> None:
        await self.answer("quit", "221 2.0.0 bye")
        raise _Over

    async def unknown(self, line: str) -> None:
        await self.say(reply("502 5.5.1 what?"))

    async def payload(self) -> bytes:
        lines: list[bytes] = []
        try:
            while (line := await self.read()) != b".\r\n":
                lines.append(line[1:] if line.startswith(b".") else line)
        except (_Over, OSError):
            self.fake.fragments.append(b"".join(lines))
            raise
        return b"".join(lines)

    async def read(self) -> bytes:
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise _Over
        return line

    def next(self, verb: str) -> Act | None:
        acts = self.fake.script.get(verb)
        return acts.pop(0) if acts else None

    async def answer(self, verb: str, usual: str) -> bool:
        """Says what the script wants, or the usual; whether that was a yes."""
        act = self.next(verb) or reply(usual)
        await self.say(act)
        return act.say[:1] in (b"2", b"3")

    async def say(self, act: Act) -> None:
        for piece in [act.say[at : at + 1] for at in range(len(act.say))] if act.pause else [act.say]:
            await asyncio.sleep(act.pause)
            self.writer.write(piece)
        if act.deaf:
            self.writer.transport.pause_reading()  # type: ignore[attr-defined]
            await self.fake._listening.wait()
            self.writer.transport.resume_reading()  # type: ignore[attr-defined]
        if act.then == "silence":
            while await self.reader.read(1 << 16):
                pass
            raise _Over
        if act.then == "reset":
            reset(self.writer)
            raise _Over
        await self.writer.drain()
        if act.then == "close":
            self.writer.write_eof() if self.writer.can_write_eof() else self.writer.close()
            while await self.reader.read(1 << 16):
                pass
            raise _Over
