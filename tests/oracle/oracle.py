"""A tick of the second planner: customer by customer, in the order of docs/planning.md."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.campaign import Campaigns
from nurture.config import Settings

from .asking import Asking
from .enrolling import Enrolling
from .ledger import Candidate, Memory
from .placing import Placing
from .scene import Scene
from .settling import Settling
from .shared import Limits
from .state import State


@dataclass
class Oracle:
    """The second planner, with the memory that it keeps from tick to tick."""

    state: State
    settings: Settings
    campaigns: Campaigns
    requires: Mapping[str, tuple[str, ...]]
    memory: Memory = field(default_factory=Memory)
    candidates: list[Candidate] = field(default_factory=list)
    """What the last tick decided."""

    def tick(self, now: int) -> None:
        """Plans and commits at `now`."""
        scene = Scene(self.state, self.settings, self.campaigns, self.requires, self.memory, now)
        Enrolling(scene).run()
        decided = _decide(scene)
        self.candidates = [each for listed in decided.values() for each in listed]
        self.state.changed.clear()
        self.state.paused_or_resumed = False
        self.memory.last_tick = now
        if scene.full:
            self.memory.last_full = now


def _decide(scene: Scene) -> dict[int, list[Candidate]]:
    asking = Asking(scene)
    limits = Limits(scene.settings, scene.campaigns, scene.state, scene.memory, scene.now)
    owners = asking.stirred()
    for owner in owners:
        asking.ask(owner)
    more = limits.also_stirred(asking.candidates) - owners
    for owner in more:
        asking.ask(owner)
    for owner in owners | more:
        _place(scene, owner, asking.candidates[owner])
    _share(scene, asking.candidates, limits)
    settling = Settling(scene, asking)
    for owner in sorted(owners | more):
        settling.settle(owner)
    return asking.candidates


def _share(scene: Scene, candidates: dict[int, list[Candidate]], limits: Limits) -> None:
    while losers := limits.losers(candidates):
        for candidate, shut in losers:
            candidate.shut.append(shut)
            if shut[0] is not None and candidate.channel in candidate.channels[:-1]:
                candidate.channel = candidate.channels[candidate.channels.index(candidate.channel) + 1]
        for owner in {candidate.person.owner_id for candidate, _ in losers}:
            _place(scene, owner, candidates[owner])


def _place(scene: Scene, owner: int, candidates: list[Candidate]) -> None:
    placing = Placing(scene.state, scene.settings, scene.now, owner)
    placing.place([each for each in candidates if each.gate is None])
