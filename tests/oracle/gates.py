"""The fixed gates, asked of one step for one person (docs/planning.md, section 5)."""

from typing import Any

from .conditions import View, open_holds, refusals_of, variable_missing
from .ledger import Candidate
from .scene import Scene

FURTHEST = ("no_address", "suppressed", "no_consent")


class Gates:
    """Asks them in their order, and says what becomes of a step that one of them refuses."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def ask(self, candidate: Candidate, view: View) -> None:
        """Fills in channel and gate, and the status where a gate concludes."""
        campaign, person = candidate.campaign, candidate.person
        reached = {each: self.scene.furthest(campaign, person, each) for each in candidate.step.channels}
        candidate.channels = [each for each, gate in reached.items() if gate is None]
        if candidate.channels:
            candidate.channel = candidate.channels[0]
            candidate.gate = self._later_gate(candidate, view)
        else:
            number = max(gate for gate in reached.values() if gate is not None)
            candidate.channel = next(each for each, gate in reached.items() if gate == number)
            candidate.gate = FURTHEST[number]
        if candidate.gate:
            self._refuse(candidate)

    def _later_gate(self, candidate: Candidate, view: View) -> str | None:
        campaign, person, enrollment = candidate.campaign, candidate.person, candidate.enrollment
        if candidate.commercial and self._holds(candidate, view):
            return "on_hold"
        if id(enrollment) not in self.scene.opened and not self.scene.in_audience(campaign, person, view):
            return "left_audience"
        if enrollment.held_out:
            return "held_out"
        required = self.scene.requires.get(candidate.step.template, ())
        return "incomplete" if any(variable_missing(each, person, view) for each in required) else None

    def _holds(self, candidate: Candidate, view: View) -> list[Any]:
        person, about = candidate.person, candidate.campaign.about
        found = [each for each in open_holds(person, view) if each.kind == "complaint"]
        if about is None:
            return found
        return found + refusals_of(person, about.product, about.category, view)

    def _refuse(self, candidate: Candidate) -> None:
        gate = candidate.gate
        assert gate
        candidate.verdict = gate
        if gate in ("suppressed", "held_out"):
            candidate.status = gate
        elif gate == "left_audience":
            candidate.status = "cancelled" if candidate.due <= self.scene.now else None
        else:
            candidate.status = "expired" if candidate.expires <= self.scene.now else None
