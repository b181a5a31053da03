"""Letters over one SMTP connection, one after another: who may be handed over next, and what became of each.

Where the server offers PIPELINING (RFC 2920) a whole envelope is one write, and the next one rides behind the dot that
ends a payload; otherwise every command waits for its reply. One payload at a time, and only through its fence.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .classification import Phase, classify_reply
from .envelope import Commands, Envelope, Offer, commands
from .fence import Fence
from .outcome import NotSent, Outcome, Rejected, Unknown
from .reply import Reply
from .session import Session

LARGEST_JOINED = 65_536
"""Bytes of a payload behind which the next envelope may ride; behind a larger one nothing would be gained, and it would
blur how much of the payload is still unsent."""
PHASES: tuple[Phase, ...] = ("mail", "recipient", "data")
DATA = b"DATA\r\n"
RESET = b"RSET\r\n"
NOTHING = b".\r\n"
"""Ends a payload that was asked for although its recipient was refused."""


@dataclass(frozen=True)
class Timeouts:
    """Seconds until a silent server is given up, each for one whole reply, however slowly it drips."""

    connect: float = 30
    """From the first packet to the end of TLS, AUTH and EHLO."""
    command: float = 120
    """For each reply until the payload; RFC 5321 wants 5 minutes, but nothing is lost before the payload."""
    acceptance: float = 600
    """From the payload to the reply behind its dot (RFC 5321 section 4.5.3.2.6): giving up means not knowing."""
    farewell: float = 3
    """For the reply to QUIT."""


@dataclass(frozen=True)
class Letter:
    """One mail and the fence it has to pass."""

    envelope: Envelope
    fence: Fence


Settle = Callable[[Letter, Outcome], None]
"""Told once about every letter that was drawn, as soon as its outcome is known; it must not block."""


@dataclass(frozen=True)
class _Drawn:
    letter: Letter
    commands: Commands


class Pipeline:
    """One run over one connection."""

    def __init__(
        self, session: Session, offer: Offer, timeouts: Timeouts, letters: Iterable[Letter], settle: Settle
    ) -> None:
        self._session = session
        self._offer = offer
        self._timeouts = timeouts
        self._letters = iter(letters)
        self._settle = settle
        self._current: _Drawn | None = None
        self._next: _Drawn | None = None
        self._begun = False
        self._ahead = False
        """Whether the next envelope was written already."""
        self._handed = False
        """Whether the current payload was written."""
        self._behind = 0
        """Bytes written behind the current payload."""

    async def run(self) -> None:
        """Until the letters end or the connection breaks; every letter drawn has been settled then, come what may."""
        try:
            while drawn := self._upcoming():
                self._current = drawn
                self._tell(await self._transact(drawn))
        except BaseException:
            self._session.abort("the hand-over was interrupted")
            raise
        finally:
            self._tell_the_rest()

    def _upcoming(self) -> _Drawn | None:
        """The next letter while the connection lasts; the first one is drawn in any case, and so gets its outcome."""
        if self._next is None and (self._session.usable or not self._begun):
            self._next = self._draw()
        self._begun = True
        if not self._session.usable:
            return None
        drawn, self._next = self._next, None
        return drawn

    async def _transact(self, drawn: _Drawn) -> Outcome:
        if refusal := await self._introduce(drawn.commands):
            return refusal
        if shut := await self._pass(drawn):
            self._session.abort(shut)
            return NotSent(shut)
        return self._judged(await self._session.reply(self._timeouts.acceptance))

    async def _introduce(self, found: Commands) -> Outcome | None:
        """Envelope and DATA; None when the server waits for the payload."""
        ahead, self._ahead = self._ahead, False
        if not self._offer.pipelining:
            return await self._introduce_slowly(found)
        if not ahead:
            self._write_envelope(found)
        if not await self._was_reset():
            return NotSent(self._session.broken)
        refusal: Outcome | None = None
        refused: Phase = "data"
        for phase in PHASES:
            reply = await self._session.reply(self._timeouts.command)
            if reply is None:
                return refusal or NotSent(self._session.broken)
            if refusal is None and (refusal := self._refusal(phase, reply)):
                refused = phase
        if refusal and reply:
            await self._leave_transaction(refused, reply)
        return refusal

    def _write_envelope(self, found: Commands) -> None:
        reset = RESET if self._session.needs_reset else b""
        self._session.write(reset + found.together, 4 if reset else 3)

    async def _introduce_slowly(self, found: Commands) -> Outcome | None:
        if self._session.needs_reset:
            self._session.write(RESET, 1)
        if not await self._was_reset():
            return NotSent(self._session.broken)
        for phase, line in zip(PHASES, (found.mail, found.recipient, DATA), strict=True):
            self._session.write(line, 1)
            reply = await self._session.reply(self._timeouts.command)
            if reply is None:
                return NotSent(self._session.broken)
            if refusal := self._refusal(phase, reply):
                self._session.needs_reset = phase != "mail"
                return refusal
        return None

    async def _was_reset(self) -> bool:
        if not self._session.needs_reset:
            return self._session.usable
        self._session.needs_reset = False
        reply = await self._session.reply(self._timeouts.command)
        if reply and reply.code // 100 != 2:
            self._session.abort(f"RSET was answered with {reply.codes}")
        return self._session.usable

    def _refusal(self, phase: Phase, reply: Reply) -> Outcome | None:
        if reply.code // 100 == (3 if phase == "data" else 2):
            return None
        if reply.code == 421 or reply.code // 100 in (2, 3):
            # It is closing, or it answers what was not asked: whatever comes next can't be matched any more.
            self._session.abort(f"{phase} was answered with {reply.codes}")
        return classify_reply(phase, reply)

    async def _leave_transaction(self, refused: Phase, to_data: Reply) -> None:
        """After a refusal within a pipelined envelope: the server waits for a payload, or has a sender on its mind."""
        if to_data.code // 100 != 3:
            self._session.needs_reset = True
        elif refused == "mail":
            # It wants a payload although it refused the sender: what it would do with an empty one is anybody's guess.
            self._session.abort("a refused sender was asked for a payload")
        else:
            self._session.write(NOTHING, 1)
            await self._session.reply(self._timeouts.command)

    async def _pass(self, drawn: _Drawn) -> str:
        """Through the fence and on to the wire; what it says is why nothing was written."""
        permit = await drawn.letter.fence()
        if permit is None:
            return "the fence was shut"
        self._next = self._draw()
        if self._session.broken:
            return self._session.broken
        if not permit.check():
            return "the leave to send had ended"
        self._write_payload(drawn.commands.payload)
        return ""

    def _write_payload(self, payload: bytes) -> None:
        tail = b""
        if self._next and self._offer.pipelining and len(payload) <= LARGEST_JOINED:
            tail, self._ahead = self._next.commands.together, True
        self._handed, self._behind = True, len(tail)
        self._session.write(payload + tail, 4 if tail else 1)

    def _judged(self, reply: Reply | None) -> Outcome:
        if reply is None:
            return self._doubt()
        outcome = classify_reply("payload", reply)
        if isinstance(outcome, Unknown) or reply.code == 421:
            self._session.abort(f"the payload was answered with {reply.codes}")
        return outcome

    def _doubt(self) -> Outcome:
        """The connection is gone and there is no answer."""
        if not self._handed or self._session.unsent > self._behind:
            return NotSent(self._session.broken)
        return Unknown(self._session.broken)

    def _draw(self) -> _Drawn | None:
        """The next letter that can go over this connection at all."""
        for letter in self._letters:
            found = commands(letter.envelope, self._offer)
            if not isinstance(found, Rejected):
                return _Drawn(letter, found)
            self._settle(letter, found)
        return None

    def _tell(self, outcome: Outcome) -> None:
        drawn, self._current, self._handed = self._current, None, False
        if drawn:
            self._settle(drawn.letter, outcome)

    def _tell_the_rest(self) -> None:
        if self._current:
            self._tell(self._doubt())
        if self._next:
            drawn, self._next = self._next, None
            self._settle(drawn.letter, NotSent(self._session.broken))
