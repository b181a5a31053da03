"""What may stand beside a real mail server in tests: a wire that breaks at the dot, and a policy that greylists."""

import asyncio
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

END = b"\r\n.\r\n"


@dataclass
class Wire:
    """Between a client and a server: it passes everything on until the dot that ends a mail."""

    port: int
    """The server's."""
    behind: Callable[[], None] | None = None
    """Called when the server has answered the dot: the answer stays here, and the connection ends."""
    before: bool = False
    """The dot itself never reaches the server."""

    async def join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection through it."""
        answers, onward = await asyncio.open_connection("127.0.0.1", self.port)
        dotted = asyncio.Event()
        ways = [
            asyncio.create_task(each)
            for each in (self._out(reader, onward, dotted), self._back(answers, writer, dotted))
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ways:
                each.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for stream in (onward, writer):
                stream.transport.abort()

    async def _out(self, reader: asyncio.StreamReader, onward: asyncio.StreamWriter, dotted: asyncio.Event) -> None:
        tail = b""
        while data := await reader.read(65_536):
            tail = tail[-4:] + data
            if END in tail:
                dotted.set()
                if self.before:
                    return
            onward.write(data)

    async def _back(self, answers: asyncio.StreamReader, writer: asyncio.StreamWriter, dotted: asyncio.Event) -> None:
        while data := await answers.read(65_536):
            if dotted.is_set() and self.behind:
                self.behind()
                return
            writer.write(data)


@contextmanager
def through(wire: Wire) -> Iterator[int]:
    """The port at which the wire begins; it has an event loop of its own, as the test's comes and goes."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(wire.join, "127.0.0.1", 0), loop).result()
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(_end(server), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _end(server: asyncio.Server) -> None:
    server.close()
    rest = asyncio.all_tasks() - {asyncio.current_task()}
    for each in rest:
        each.cancel()
    await asyncio.gather(*rest, return_exceptions=True)


@contextmanager
def greylisting(port: int) -> Iterator[list[str]]:
    """A policy service as Postfix asks it (SMTPD_POLICY_README): each recipient is told to come later, once.

    Gives the recipients it has sent away.
    """
    known: list[str] = []

    class Asked(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            recipient = ""
            for line in self.rfile:
                name, _, value = line.decode().strip().partition("=")
                recipient = value if name == "recipient" else recipient
                if not name:
                    self.wfile.write(b"action=%b\n\n" % self._action(recipient))
                    return  # Postfix would keep the connection, and with it this test's memory

        def _action(self, recipient: str) -> bytes:
            if recipient in known:
                return b"dunno"
            known.append(recipient)
            return b"450 4.2.0 Greylisted, see you later"

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", port), Asked) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield known
        finally:
            server.shutdown()
            thread.join()
