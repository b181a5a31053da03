"""Chance: every fault of a world falls by its seed, is counted by its kind, and noted with the instant it happened."""

from collections import Counter
from collections.abc import Callable
from random import Random


class Dice:
    """One world's chance. Which kinds of fault a world knows, and how often, differs from seed to seed."""

    def __init__(self, seed: int, now: Callable[[], float], level: float) -> None:
        """`level`: 0 = no faults at all, 1 = a bad day. `now`: seconds since the world began."""
        self.random = Random(seed)
        self._now = now
        self._level = level
        self._weather: dict[str, float] = {}
        self.faults: Counter[str] = Counter()
        self.by_day: Counter[int] = Counter()
        self.calm = False
        """No faults from now on: the world is let come to rest."""

    def fault(self, kind: str, rate: float) -> bool:
        """Whether a fault of that kind happens now; `rate` is its mean chance."""
        if kind not in self._weather:
            # Some worlds never see a kind, some see much of it: combinations that an even mixture would never show.
            self._weather[kind] = self.random.choice((0.0, 0.6, 1.2, 1.2, 3.0)) * self._level
        if self.calm or self.random.random() >= rate * self._weather[kind]:
            return False
        self.note(kind)
        return True

    def note(self, kind: str) -> None:
        """A fault happened."""
        self.faults[kind] += 1
        self.by_day[int(self._now() // 86_400)] += 1

    def chance(self, share: float) -> bool:
        """Something that is no fault."""
        return self.random.random() < share

    def between(self, low: float, high: float) -> float:
        """A number of the range, evenly."""
        return low + (high - low) * self.random.random()

    def latency(self) -> float:
        """Seconds that bytes take."""
        return self.between(0.001, 0.1) if self.random.random() < 0.97 else self.between(0.1, 3)
