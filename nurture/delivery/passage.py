"""A passage: one message's way through its fence, and whether what the fence allowed still holds."""

from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError

from nurture.channels.fence import Permit
from nurture.store.backstop import refusal_of

from .backstop import report_backstop
from .claiming import GUARD
from .settling import Settler
from .values import Ready


class Passage:
    """One try of one message."""

    def __init__(
        self, settler: Settler, ready: Ready, ending: Callable[[], bool], begun: tuple[float, float] = (0.0, 0.0)
    ) -> None:
        """`ending`: whether the worker hands nothing more over; `begun`: wall clock and boot time before the fence, of
        one that was passed already."""
        self.ready, self.claimed = ready, ready.claimed
        self.fenced = False
        """Whether the fence was passed, or may have been."""
        self.permitted = False
        """Whether the sender was told so: before that nothing can have been handed over."""
        self.refused = False
        self._settler, self._clock, self._ending = settler, settler.clock, ending
        self._wall, self._boot = begun

    async def ask(self) -> Permit | None:
        """Through the fence; None = it is shut, or nobody knows."""
        now = self._clock.now()
        self._wall, self._boot = now.timestamp(), self._clock.boottime()
        if self._ending() or self._settler.stepped(self.claimed, now):
            self.refused = True
            return None
        try:
            self.fenced = await self._fence()
        except SQLAlchemyError:
            # A COMMIT may fail behind its work: what the fence wrote is taken back, and it is tried again, but later.
            self.fenced = True
            return None
        except BaseException:
            self.fenced = True  # cancelled, while its transaction goes on
            raise
        self.refused = not self.fenced
        return self._permit() if self.fenced else None

    async def pass_by(self) -> Permit:
        """For a push that is repeated: its fence was the transaction that took it again."""
        return self._permit()

    async def _fence(self) -> bool:
        try:
            return await self._settler.put(self.ready)
        except SQLAlchemyError as problem:
            if refusal_of(problem) is None:
                raise
            # Not the batch but one of it was refused, and perhaps not this one.
            return await self._alone()

    async def _alone(self) -> bool:
        """Asks the fence for this message only; what the backstop refuses now is a bug, and stops its campaign."""
        settler, name = self._settler, self.claimed.campaign.campaign
        try:
            (passed,) = await settler.writer.run(lambda connection: settler.together(connection, [self.ready]))
        except SQLAlchemyError as problem:
            if (check := refusal_of(problem)) is None:
                raise
            now = self._clock.now()
            await settler.writer.run(lambda connection: report_backstop(connection, name, str(check), now))
            return False
        return bool(passed)

    def _permit(self) -> Permit:
        self.permitted = True
        return Permit(float(self.claimed.sendable_until), self._still)

    def _still(self) -> bool:
        """Whether neither clock moved further than the guard band since the fence, and the window is still open."""
        now = self._clock.now()
        moved = max(abs(now.timestamp() - self._wall), self._clock.boottime() - self._boot)
        open_ = now.timestamp() < self.claimed.sendable_until
        return moved < GUARD and open_ and not self._settler.stepped(self.claimed, now)
