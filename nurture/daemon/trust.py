"""Trust in the clock: whether this machine's time can be right, by its boot time, the database's clock and its mark.

A wrong clock breaks windows and caps and expires what is still valid, so that nothing is planned or sent under one.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from nurture.clock import Clock

APART = 5.0
"""Seconds that a clock may lie off the database server's, or behind the mark."""
STEP = 2.0
"""Seconds by which wall clock and boot time may part between two looks before it counts as a step."""
CALM = 3
"""Looks without a step after which a clock that stepped is believed again."""


@dataclass(frozen=True)
class Doubt:
    """Why the clock is not believed."""

    by: Literal["database", "mark", "step"]
    """`database`: off its server's clock; `mark`: behind what was written down; `step`: it jumped just now."""
    seconds: int
    """How far it is off: positive = ahead."""


class Trust:
    """One a process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._wall, self._boot = clock.now(), clock.boottime()
        self._step: Doubt | None = None
        self._calm = 0
        self._witnessed: Doubt | None = None

    @property
    def doubt(self) -> Doubt | None:
        """What speaks against the clock now."""
        return self._witnessed or self._step

    def look(self) -> float:
        """Compares wall clock and boot time with the look before; gives the seconds of a step, 0 without one.

        A machine that slept is no step: boot time goes on while it does.
        """
        wall, boot = self._clock.now(), self._clock.boottime()
        step = (wall - self._wall).total_seconds() - (boot - self._boot)
        self._wall, self._boot = wall, boot
        if abs(step) > STEP:
            self._step, self._calm = Doubt("step", round(step)), 0
            return step
        self._calm += 1
        if self._calm >= CALM:
            self._step = None
        return 0.0

    def weigh(self, before: datetime, theirs: datetime | None, after: datetime, mark: datetime | None) -> None:
        """Takes the witnesses' word: the database server's clock, read between `before` and `after`, and the mark."""
        off = 0.0
        if theirs is not None:
            off = min((after - theirs).total_seconds(), 0.0) + max((before - theirs).total_seconds(), 0.0)
        back = (mark - after).total_seconds() if mark else 0.0
        if abs(off) > APART:
            self._witnessed = Doubt("database", round(off))
        elif back > APART:
            self._witnessed = Doubt("mark", -round(back))
        else:
            self._witnessed = None
