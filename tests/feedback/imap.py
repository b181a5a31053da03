"""As much of an IMAP server (RFC 9051) as a mailbox of a few letters needs, on a real port."""

import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from socketserver import StreamRequestHandler, ThreadingTCPServer


class ImapServer(ThreadingTCPServer):
    """Letters by their number, and what a client marked them with."""

    daemon_threads = True

    def __init__(self, letters: Sequence[bytes]) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = self.server_address[1]
        self.letters = dict(enumerate(letters, 1))
        self.flags: dict[int, str] = {}


class _Session(StreamRequestHandler):
    server: ImapServer

    def handle(self) -> None:
        self.wfile.write(b"* OK ready\r\n")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self._answer(command)
            self.wfile.write(f"{tag} OK done\r\n".encode())
            if command.upper() == "LOGOUT":
                return

    def _answer(self, command: str) -> None:
        if command == "CAPABILITY":
            self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
        elif command.startswith("SELECT"):
            self.wfile.write(f"* {len(self.server.letters)} EXISTS\r\n".encode())
        elif command == "UID SEARCH UNSEEN":
            unseen = [str(uid) for uid in self.server.letters if uid not in self.server.flags]
            self.wfile.write(f"* SEARCH {' '.join(unseen)}\r\n".encode())
        elif found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
            raw = self.server.letters[int(found[1])][: int(found[2])]
            self.wfile.write(
                f"* {found[1]} FETCH (UID {found[1]} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
            )
        elif found := re.fullmatch(r"UID STORE (\d+) \+FLAGS\.SILENT \((.+)\)", command):
            self.server.flags[int(found[1])] = found[2]


@contextmanager
def imap_server(letters: Sequence[bytes]) -> Iterator[ImapServer]:
    with ImapServer(letters) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
