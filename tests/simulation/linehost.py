"""LINE of this world: pushes over HTTP/1.1; a retry key that was accepted once is answered with 409 for 24 hours."""

import json
from collections.abc import Callable
from hashlib import sha256

from .dice import Dice
from .mailhost import Arrival
from .network import Link, Written

REMEMBERS = 24 * 3600


class LineHost:
    """The API; `session` is what a connection meets."""

    def __init__(self, dice: Dice, now: Callable[[], float]) -> None:
        self.dice, self.now = dice, now
        self.arrivals: list[Arrival] = []
        self.digests: dict[str, set[str]] = {}
        self.first: dict[str, float] = {}
        """Retry key → when it was first accepted."""
        self.offences: list[str] = []

    def session(self, link: Link) -> "_Session":
        """A new connection."""
        return _Session(self, link)


class _Session:
    def __init__(self, host: LineHost, link: Link) -> None:
        self.host, self.link, self.dice = host, link, host.dice
        self.bytes = b""
        self.deaf = False

    def receive(self, data: bytes, written: Written) -> None:
        """One request at a time."""
        self.bytes += data
        while not self.deaf and (head_end := self.bytes.find(b"\r\n\r\n")) >= 0:
            headers = _headers(self.bytes[:head_end])
            end = head_end + 4 + int(headers.get("content-length", "0"))
            if len(self.bytes) < end:
                return
            body, self.bytes = self.bytes[head_end + 4 : end], self.bytes[end:]
            self._push(headers.get("x-line-retry-key", ""), body, written)

    def lost(self) -> None:
        """The client is gone; a push that came wholly was acted upon already."""
        self.deaf = True

    def _push(self, key: str, body: bytes, written: Written) -> None:
        host = self.host
        if not key:
            host.offences.append("a push without a retry key")
        host.digests.setdefault(key, set()).add(sha256(body).hexdigest())
        if self._refuses():
            return
        if key in host.first and host.now() < host.first[key] + REMEMBERS:
            self._answer(409, "The retry key is already accepted", "X-Line-Accepted-Request-Id: first")
            return
        host.first[key] = host.now()
        self._accept(key, body, written)
        self._acknowledge()

    def _refuses(self) -> bool:
        """Whether the push is not taken: the client is told so, or nothing."""
        dice = self.dice
        if dice.fault("line_500", 0.02):
            self._answer(500, "internal")
        elif dice.fault("line_429", 0.02):
            self._answer(429, "The API rate limit has been exceeded. Try again later.")
        elif dice.fault("line_400", 0.004):
            self._answer(400, "not this")
        elif dice.fault("line_closed_unaccepted", 0.02):
            self._end()
        elif dice.fault("line_silent_unaccepted", 0.02):
            self.deaf = True
        else:
            return False
        return True

    def _acknowledge(self) -> None:
        """The push is taken: what the client hears of it."""
        dice = self.dice
        if dice.fault("line_500_accepted", 0.02):
            self._answer(500, "internal")
        elif dice.fault("line_reply_lost", 0.03):
            self._end()
        elif dice.fault("line_reply_never", 0.02):
            self.deaf = True
        else:
            self._answer(200, "")

    def _accept(self, key: str, body: bytes, written: Written) -> None:
        host = self.host
        digest = sha256(body).hexdigest()
        to = json.loads(body)["to"]
        host.arrivals.append(Arrival("line", to, key, digest, written.moment, written.wall, host.now()))

    def _answer(self, status: int, message: str, header: str = "X-Line-Request-Id: r") -> None:
        body = json.dumps({"message": message} if message else {"sentMessages": []})
        # Closed each time: a client keeps idle connections for seconds of the real clock, which no seed repeats.
        head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n{header}\r\n"
        self.link.say(f"{head}Connection: close\r\n\r\n{body}".encode())
        self._end()

    def _end(self) -> None:
        self.deaf = True
        self.link.hang_up(reset=False)


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode().split("\r\n")[1:]
    pairs = (line.partition(":") for line in lines)
    return {name.lower(): value.strip() for name, _, value in pairs}
