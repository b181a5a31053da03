"""Mail leaves here: one connection to one server, kept while it is sound. It retries nothing and chooses nobody."""

from collections.abc import Iterable

from .envelope import Envelope, Offer
from .fence import Fence
from .outcome import Deferred, NotSent, Outcome, Rejected
from .pipeline import Letter, Pipeline, Settle, Timeouts
from .server import Connected, MailServer, dial
from .session import Session

PATIENT = Timeouts()


class MailTransport:
    """One connection; `send` and `send_many` may not overlap.

    After any doubt the connection is aborted and `usable` is false: connect again, or make another.
    """

    def __init__(self, server: MailServer, timeouts: Timeouts = PATIENT) -> None:
        self._server = server
        self._timeouts = timeouts
        self._session: Session | None = None
        self._offer = Offer()
        self._busy = False

    @property
    def usable(self) -> bool:
        """Whether a letter may be tried now."""
        return self._session is not None and self._session.usable

    async def connect(self) -> Deferred | Rejected | None:
        """Connects unless it is connected; None = it is, else what the server or the network said."""
        if self.usable:
            return None
        found = await dial(self._server, self._timeouts.connect)
        if not isinstance(found, Connected):
            return found
        self._session, self._offer = Session(found.transport), found.offer
        return None

    async def send(self, envelope: Envelope, fence: Fence) -> Outcome:
        """Hands one mail over. When this is cancelled the connection is gone; the fence's own record has to do."""
        outcomes: list[Outcome] = []
        await self.send_many([Letter(envelope, fence)], lambda _, outcome: outcomes.append(outcome))
        return outcomes[0]

    async def send_many(self, letters: Iterable[Letter], settle: Settle) -> None:
        """Hands letters over in order, drawing each as late as possible: when its envelope could be written.

        `settle` is told about every letter drawn exactly once, in order but for those refused unsent, and always before
        the fence of the letter behind it is awaited, so that an outcome and the next fence can share a commit. It ends
        when `letters` does or when the connection breaks; letters not drawn by then are untouched. An exception of a
        fence, and a cancellation, abort the connection and go on to the caller after everything drawn was settled.
        """
        if self._busy:
            raise RuntimeError("one send at a time on one connection")
        session = self._session
        if session is None:
            for letter in letters:
                return settle(letter, NotSent("not connected"))
            return None
        self._busy = True
        try:
            await Pipeline(session, self._offer, self._timeouts, letters, settle).run()
        finally:
            self._busy = False

    async def close(self) -> None:
        """Says QUIT where the connection is sound, and ends it."""
        session, self._session = self._session, None
        if session and session.usable:
            session.write(b"QUIT\r\n", 1)
            try:
                await session.reply(self._timeouts.farewell)
            finally:
                session.abort("closed")
