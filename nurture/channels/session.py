"""One SMTP connection after its greeting: bytes out, replies in, in order. It knows no commands and judges no reply."""

import asyncio
from collections import deque

from .reply import Garbage, Reply, ReplyReader, without_addresses


class Session(asyncio.Protocol):
    """Takes over a transport on which TLS, AUTH and EHLO are done.

    After any doubt the transport is aborted, never closed: closing would first write out what is still buffered, and a
    server could accept a message after its sender had given up on it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self.broken = ""
        """Why the connection can't be used any more; empty while it can."""
        self.unsent = 0
        """Bytes that provably never left this process when the connection broke; 0 where that can't be known."""
        self.needs_reset = False
        """Whether a refused transaction is still open on the server."""
        self._transport = transport
        self._encrypted = transport.get_extra_info("sslcontext") is not None
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._expected = 0
        self._waiter: asyncio.Future[None] | None = None
        self._stuck = False
        if not self._encrypted:
            # So that pause_writing and resume_writing tell exactly whether everything written has left.
            transport.set_write_buffer_limits(high=0)
        transport.set_protocol(self)
        if transport.is_closing():
            self.abort("the connection was closed")

    @property
    def usable(self) -> bool:
        """Whether another message may be tried here."""
        return not self.broken

    def write(self, data: bytes, replies: int) -> None:
        """Writes `data`, which so many replies will answer."""
        if self.broken:
            return
        self._expected += replies
        self._transport.write(data)

    async def reply(self, timeout: float) -> Reply | None:
        """The next reply, waited for so many seconds in all; None when the connection broke instead."""
        if not self._replies and not self.broken:
            loop = asyncio.get_running_loop()
            self._waiter = loop.create_future()
            timer = loop.call_later(timeout, self.abort, f"no reply within {timeout:g} s")
            try:
                await self._waiter
            finally:
                timer.cancel()
                self._waiter = None
        return self._replies.popleft() if self._replies else None

    def abort(self, reason: str) -> None:
        """Ends the connection at once; what is still buffered is never sent."""
        if self.broken:
            return
        self.broken = reason
        if not self._encrypted:
            self.unsent = max(self._transport.get_write_buffer_size(), int(self._stuck))
        self._transport.abort()
        self._wake()

    def data_received(self, data: bytes) -> None:
        """Called by the event loop."""
        if self.broken:
            return
        try:
            for reply in self._reader.feed(data):
                self._take(reply)
        except Garbage as problem:
            self.abort(f"the server wrote {problem}")
        if self._replies:
            self._wake()

    def eof_received(self) -> None:
        """Called by the event loop when the server has closed its side."""
        self.abort("the server closed the connection")

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the event loop, whose own buffer is empty by now: only a pause tells that something was in it."""
        self.abort(f"the connection was lost: {exc}" if exc else "the connection was lost")

    def pause_writing(self) -> None:
        """Called by the event loop when not everything written could be given to the system."""
        self._stuck = True

    def resume_writing(self) -> None:
        """Called by the event loop when everything written has left."""
        self._stuck = False

    def _take(self, reply: Reply) -> None:
        if self.broken:
            return
        if not self._expected:
            self.abort(f"the server said, unasked: {reply.code} {without_addresses(reply.text)}")
            return
        self._expected -= 1
        self._replies.append(reply)

    def _wake(self) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)
