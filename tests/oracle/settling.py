"""What a tick leaves behind: rows of the ledger, and when each enrollment is looked at again (sections 6 and 8)."""

from .asking import Asking, end, passed_steps
from .ledger import Candidate, Enrollment, Touch
from .scene import Scene
from .state import Hold


class Settling:
    """Writes what was decided into the memory."""

    def __init__(self, scene: Scene, asking: Asking) -> None:
        self.scene, self.asking = scene, asking

    def settle(self, owner: int) -> None:
        """Writes the candidates of an owner, and ends the enrollments of which nothing is left."""
        for candidate in self.asking.candidates[owner]:
            look = self._write(candidate)
            if look is not None:
                known = candidate.enrollment.next_at
                candidate.enrollment.next_at = look if known is None else min(known, look)
        for enrollment in self.asking.asked[owner]:
            if not self._is_open(enrollment):
                end(enrollment, self.scene.now, "finished")

    def _is_open(self, enrollment: Enrollment) -> bool:
        campaign = self.scene.campaigns[enrollment.campaign]
        touches = {each.step: each for each in self.scene.memory.touches_of(enrollment)}
        passed = passed_steps(campaign, touches)
        return any(
            each.step not in passed and (each.step not in touches or touches[each.step].status == "planned")
            for each in campaign.steps
        )

    def _write(self, candidate: Candidate) -> int | None:
        """Writes what became of a step; the instant at which it must be looked at again, if it waits."""
        touch = candidate.touch
        if candidate.status is None:
            if touch and self._differs(touch, candidate, "planned"):
                self._change(touch, candidate, "planned")
            return self._look(candidate)
        if touch is None:
            self._insert(candidate)
        elif self._differs(touch, candidate, candidate.status):
            self._change(touch, candidate, candidate.status)
        return None

    def _differs(self, touch: Touch, candidate: Candidate, status: str) -> bool:
        old = (touch.status, touch.at, touch.channel, touch.due, touch.expires)
        new = (status, candidate.at, candidate.channel, candidate.due, candidate.expires)
        return old != new or (candidate.at is None and touch.verdict != candidate.verdict)

    def _look(self, candidate: Candidate) -> int:
        if candidate.gate == "on_hold":
            holds = self.scene.state.of(Hold, candidate.person.id)
            ends = [
                each.closed_at
                for each in holds
                if each.closed_at and self.scene.now < each.closed_at < candidate.expires
            ]
            return min(ends, default=candidate.expires)
        return candidate.due if candidate.due > self.scene.now else candidate.expires

    def _change(self, touch: Touch, candidate: Candidate, status: str) -> None:
        touch.status, touch.at, touch.channel = status, candidate.at, candidate.channel
        touch.verdict, touch.due, touch.expires = candidate.verdict, candidate.due, candidate.expires

    def _insert(self, candidate: Candidate) -> None:
        assert candidate.status
        enrollment, campaign = candidate.enrollment, candidate.campaign
        touch = Touch(
            campaign.campaign,
            candidate.step.step,
            candidate.person.id,
            candidate.person.owner_id,
            enrollment.occurrence,
            candidate.status,
            candidate.channel,
            candidate.due,
            candidate.at,
            candidate.expires,
            candidate.verdict,
            counts=candidate.commercial,
            obeys=candidate.commercial,
            priority=campaign.priority,
        )
        self.scene.memory.write(enrollment, touch)
