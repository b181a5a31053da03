"""Limits that customers share: a channel's quota, the mail provider's day, a campaign's own (section 7 of the page)."""

from dataclasses import dataclass
from datetime import timedelta

from nurture.campaign import Campaign
from nurture.config import Settings

from .ledger import Candidate, Memory, Touch
from .state import Customer, State
from .time import day_start, period_of

CONSUMED = ("claimed", "sending", "sent", "unknown")


@dataclass(frozen=True)
class Limit:
    """So many touches in a calendar day or month of the shop."""

    count: int
    word: str
    channel: str | None = None
    campaign: str | None = None
    until: int | None = None
    """The first instant at which it no longer holds."""

    def covers(self, campaign: str, channel: str | None) -> bool:
        return self.campaign in (None, campaign) and self.channel in (None, channel)


@dataclass
class Limits:
    settings: Settings
    campaigns: dict[str, Campaign]
    state: State
    memory: Memory
    now: int

    def __post_init__(self) -> None:
        line, email = self.settings.line.monthly_quota, self.settings.email.per_day
        self.limits = [Limit(line, "month", channel="line")] if line is not None else []
        self.limits += [Limit(email, "day", channel="email")] if email is not None else []
        for name, campaign in sorted(self.campaigns.items()):
            if campaign.at_most:
                self.limits.append(Limit(campaign.at_most.count, "day", campaign=name, until=self._until(campaign)))

    def _until(self, campaign: Campaign) -> int | None:
        assert campaign.at_most
        if campaign.at_most.first_days is None or campaign.starts is None:
            return None
        return day_start(campaign.starts + timedelta(days=campaign.at_most.first_days), self.settings.timezone)

    def also_stirred(self, candidates: dict[int, list[Candidate]]) -> set[int]:
        """Owners of planned touches under a limit that may not hold all."""
        found: set[int] = set()
        for limit in self.limits:
            start = self._period(limit, self.now)[0]
            under = [each for each in self.memory.touches.values() if limit.covers(each.campaign, each.channel)]
            under = [each for each in under if each.at is not None and each.at >= start]
            planned = [each for each in under if each.status == "planned"]
            consumed = [each for each in under if each.status in CONSUMED]
            new = [each for each in _all(candidates) if each.touch is None and each.gate is None]
            new = [each for each in new if limit.covers(each.campaign.campaign, each.channel)]
            if new and len(planned) + len(consumed) + len(new) > limit.count:
                found |= {each.owner_id for each in planned}
        return found

    def losers(self, candidates: dict[int, list[Candidate]]) -> list[tuple[Candidate, tuple[str | None, int, int]]]:
        """Who has no room in the period of the given slot, and which period that is."""
        found = []
        for limit in self.limits:
            for (start, end), contenders in self._by_period(limit, candidates).items():
                room = max(0, limit.count - self._taken(limit, start, end, candidates))
                found += [(each, (limit.channel, start, end)) for each in sorted(contenders, key=self._rank)[room:]]
        return found

    def full(self, touch: Touch) -> list[str]:
        """The limits that have no room now for a touch about to be sent."""
        found = []
        for limit in self.limits:
            start, end = self._period(limit, self.now)
            under = [each for each in self.memory.touches.values() if limit.covers(each.campaign, each.channel)]
            used = sum(each.status in CONSUMED and start <= (each.at or 0) < end for each in under)
            lasts = limit.until is None or self.now < limit.until
            if lasts and limit.covers(touch.campaign, touch.channel) and used >= limit.count:
                found.append(f"{limit.count} a {limit.word} of {limit.channel or limit.campaign}")
        return found

    def _by_period(
        self, limit: Limit, candidates: dict[int, list[Candidate]]
    ) -> dict[tuple[int, int], list[Candidate]]:
        periods: dict[tuple[int, int], list[Candidate]] = {}
        for each in _all(candidates):
            if each.status == "planned" and each.at is not None and limit.covers(each.campaign.campaign, each.channel):
                slot = max(each.at, self.now)
                if limit.until is None or slot < limit.until:
                    periods.setdefault(self._period(limit, slot), []).append(each)
        return periods

    def _taken(self, limit: Limit, start: int, end: int, candidates: dict[int, list[Candidate]]) -> int:
        """What was consumed in the period, and what is planned there for people who are not asked at this tick."""
        asked = {id(each.touch) for each in _all(candidates)}
        under = [each for each in self.memory.touches.values() if limit.covers(each.campaign, each.channel)]
        under = [each for each in under if start <= (each.at or 0) < end and id(each) not in asked]
        return sum(each.status in (*CONSUMED, "planned") for each in under)

    def _period(self, limit: Limit, instant: int) -> tuple[int, int]:
        return period_of(instant, limit.word, self.settings.timezone)

    def _rank(self, each: Candidate) -> tuple[object, ...]:
        owner: Customer = self.state.one(Customer, each.person.owner_id)
        last = self.state.last_contact_at(each.person.id)
        silence = (0, 0) if last is None else (1, last)
        names = (each.campaign.campaign, each.step.step, each.enrollment.occurrence)
        texts = tuple(name.encode() for name in names)
        return (-each.campaign.priority, each.expires, silence, owner.bucket, owner.id, *texts, each.person.id)


def _all(candidates: dict[int, list[Candidate]]) -> list[Candidate]:
    return [each for listed in candidates.values() for each in listed]
