"""The guard: what must hold before anything is planned or sent at all. The clock is right, the database knows all.

It tells each change once, in the log and as an alarm that `status` shows, and lets go when the reason is over.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

import structlog
from sqlalchemy import Connection, Engine

from nurture.clock import Clock
from nurture.store import reading, writing
from nurture.store.alarming import clear_alarm, raise_alarm
from nurture.store.sealing import Seal, seal_of
from nurture.store.timing import clock_mark, database_time, look_all_the_way_back, put_clock_mark

from .sidecar import Loss, Sidecar, loss_of
from .trust import Doubt, Trust

log = structlog.get_logger()
MARK_EVERY = timedelta(seconds=60)
"""How often the instant is written down: by so much less a step back can be noticed after a restart."""
Witness = Callable[[Connection], datetime | None]
Reasons = dict[str, dict[str, object]]
"""Kind of alarm → values for its sentence."""


class Guard:
    """One a process."""

    def __init__(
        self, engine: Engine, clock: Clock, host: str, sidecar: Sidecar | None = None, witness: Witness = database_time
    ) -> None:
        """`host`: whose clock it is. `witness`: reads the database server's clock."""
        self.trust = Trust(clock)
        self.reasons: Reasons = {}
        """What forbids planning and sending now; empty when nothing does."""
        self._engine, self._clock, self._host = engine, clock, host
        self._sidecar, self._witness = sidecar, witness
        self._known: Reasons | None = None
        self._one_at_once = Lock()

    def halted(self) -> bool:
        """Whether nothing may be planned, claimed or handed over."""
        return bool(self.reasons) or self.trust.doubt is not None

    def look(self) -> float:
        """Between inspections, each second: gives the seconds by which the clock stepped."""
        return self.trust.look()

    def inspect(self) -> bool:
        """Asks all witnesses and writes down what a later start must know; True when all is well. Blocks: for a thread.

        Raises what the database raises: who can't ask must not send.
        """
        with self._one_at_once:
            return self._inspect()

    def _inspect(self) -> bool:
        recalled = self._sidecar.recall() if self._sidecar else None
        before = self._clock.now()
        with reading(self._engine) as connection:
            theirs, mark, seal = self._witness(connection), clock_mark(connection), seal_of(connection)
        now = self._clock.now()
        self.trust.weigh(before, theirs, now, mark)
        self.reasons = self._found(self.trust.doubt, loss_of(recalled, seal))
        if self.reasons != self._known:
            self._tell(now)
        if not self.reasons:
            self._remember(seal, mark, now)
        return not self.reasons

    def _found(self, doubt: Doubt | None, loss: Loss | None) -> Reasons:
        found: Reasons = {}
        if doubt is not None:
            found["clock"] = {"by": doubt.by, "seconds": doubt.seconds}
        if loss is not None and self._sidecar:
            found["restored"] = {"loss": loss, "file": self._sidecar.path.name}
        return found

    def _tell(self, now: datetime) -> None:
        subjects = (("clock", self._host), ("restored", "database"))
        for kind, _ in subjects:
            was, about = (self._known or {}).get(kind), self.reasons.get(kind)
            if about is not None and was is None:
                log.error(f"{kind}_stop", **about)
            if about is None and was is not None:
                log.info(f"{kind}_go")
        with writing(self._engine) as connection:
            # At the start too: nobody knows what the clock showed before.
            if "clock" not in self.reasons and (self._known is None or "clock" in self._known):
                look_all_the_way_back(connection)
            for kind, subject in subjects:
                if (about := self.reasons.get(kind)) is None:
                    clear_alarm(connection, kind, subject, now)
                else:
                    raise_alarm(connection, kind, subject, about, now)
        self._known = dict(self.reasons)

    def _remember(self, seal: Seal, mark: datetime | None, now: datetime) -> None:
        if self._sidecar:
            self._sidecar.keep(seal, now)
        if mark is None or now - mark >= MARK_EVERY:
            with writing(self._engine) as connection:
                put_clock_mark(connection, now)
