"""The statements of planning that depend on config, campaigns and zones: built once for each state of these, kept, and
run at every tick. Building them costs ten times what running them does, so none of them may know the instant.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, TypeVar

from nurture.gates.situation import Situation
from nurture.rules.moment import Moment

from .times import Times

Kept = TypeVar("Kept")
STATES = 8
"""States kept at most: a preview beside the daemon, and what was in force before an edit."""


class Statements:
    """The statements of one state, each built when it is first asked for."""

    def __init__(self, situation: Situation, times: Times) -> None:
        self.moment = Moment()
        self.situation = replace(situation, moment=self.moment)
        """What statements are built from: it knows no instant."""
        self.times = times
        self._kept: dict[tuple[Hashable, ...], Any] = {}

    def keep(self, build: Callable[[], Kept], *name: Hashable) -> Kept:
        """What `build` gives, built once under that name."""
        if name not in self._kept:
            self._kept[name] = build()
        found: Kept = self._kept[name]
        return found


def statements_of(situation: Situation, times: Times) -> Statements:
    """The statements of the situation's config and campaigns, told its instant."""
    requires = tuple(sorted(situation.requires.items()))
    found = _statements(_State(id(situation.settings), id(situation.campaigns), requires, times, situation))
    found.moment.tell(now=situation.instant)
    return found


@dataclass(frozen=True)
class _State:
    settings: int
    """Which object it is. What is kept holds on to it, so that no other can take its place."""
    campaigns: int
    requires: tuple[tuple[str, tuple[str, ...]], ...]
    times: Times
    situation: Situation = field(compare=False)


@lru_cache(maxsize=STATES)
def _statements(state: _State) -> Statements:
    return Statements(state.situation, state.times)
