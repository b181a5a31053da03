"""What opens at one tick: which of the opening statements are run, and what each is told."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

from sqlalchemy import Connection, Insert, Select, Text

from nurture.campaign import After, Anniversary, Campaign, Entered
from nurture.gates.reach import FIXED
from nurture.gates.situation import Situation
from nurture.store import take_second

from .cadence import Due
from .opening import count_unreachable, gathering, open_after, open_schedule, received_since, source_name, storing
from .returning import fill_days, open_anniversaries
from .staging import stage
from .statements import Statements
from .taking import take_over
from .times import Times, fill_shop_days
from .watching import open_entered, watch
from .workspace import AUDIENCE, INSIDE, OPENED, count_rows

UNREACHABLE = count_unreachable()


class Opener:
    """One tick's opening; it fills `opened` and `membership_change`, and stages the broadcasts.

    These come first: they take as long as all the others together, and depend on nothing that these find.
    """

    def __init__(
        self, connection: Connection, situation: Situation, statements: Statements, times: Times, due: Due
    ) -> None:
        self.connection, self.situation, self.times, self.due = connection, situation, times, due
        self.statements, self.kept = statements, statements.situation
        self.left_out: dict[str, dict[str, int]] = {}
        """Cadence name of a broadcast → gate → people in its audience who can't be reached."""
        self.staged: set[str] = set()
        """Broadcasts that have opened to somebody, and are staged."""
        self.segments = deque(due.segments)
        """Watched segments that nobody has looked at yet."""

    def open_all(self) -> int:
        """Opens whatever is due; gives the number of occurrences."""
        second = take_second(self.connection) if self.due.schedules else None
        if second is None:
            return self._open_broadcasts() + self._open_others()
        with closing(second):
            return self._open_on_two(second)

    def _open_on_two(self, second: Connection) -> int:
        other = Opener(second, self.situation, self.statements, self.times, self.due)
        other.segments = self.segments
        watched: deque[str] = deque()
        with ThreadPoolExecutor(1) as beside:
            coming = beside.submit(other.open_beside)
            opened = self._open_broadcasts()
            # The other one takes them from the front: whoever has looked at which, they open in the same order.
            for segment in _taken(self.segments.pop):
                self._watch(segment)
                watched.appendleft(segment)
            opened += coming.result()
        take_over(self.connection, second)
        return opened + sum(map(self._open_entered, watched))

    def open_beside(self) -> int:
        """Opens whatever is no broadcast, in a thread and with a connection of its own."""
        self.statements.moment.tell(now=self.situation.instant)
        opened = self._open_others()
        self.connection.commit()
        return opened

    def _open_broadcasts(self) -> int:
        opened = self._open_schedules()
        if opened:
            count_rows(self.connection, OPENED)
        for campaign in dict.fromkeys(each.campaign for each in self.due.schedules):
            if campaign.campaign in self.staged:
                stage(self.connection, self.statements, campaign, fresh=True)
        return opened

    def _open_others(self) -> int:
        campaigns = self.situation.campaigns.campaigns
        opened = self._open_after([(each, each.trigger) for each in campaigns if isinstance(each.trigger, After)])
        if self.due.full:
            opened += sum(map(self._open_anniversary, campaigns))
        if self.due.segments:
            fill_shop_days(self.connection, self.situation)
        for segment in _taken(self.segments.popleft):
            self._watch(segment)
            opened += self._open_entered(segment)
        return opened

    def _open_after(self, campaigns: list[tuple[Campaign, After]]) -> int:
        full, since, moment = self.due.full, self.due.received_since, self.statements.moment
        if campaigns and not full:
            # One question for all campaigns: at most ticks nothing has come in.
            received = received_since(self.connection, since)
            campaigns = [each for each in campaigns if source_name(each[1]) in received]
            moment.tell(received_since=since)

        def build(campaign: Campaign) -> list[Select[Any]]:
            return [open_after(self.kept, campaign, None if full else moment.bound(int, of="received_since"))]

        return sum(self._store(build, each, "after", full) for each, _ in campaigns)

    def _open_anniversary(self, campaign: Campaign) -> int:
        if not isinstance(campaign.trigger, Anniversary):
            return 0
        if not fill_days(self.connection, self.situation, campaign, self.times):
            return 0
        return self._store(lambda each: list(open_anniversaries(self.kept, each, self.times)), campaign, "anniversary")

    def _watch(self, segment: str) -> None:
        first_time = segment in self.due.first_time
        changes = self.statements.keep(
            lambda: watch(self.kept, segment, first_time=first_time), "watch", segment, first_time
        )
        emptying, filling, *writing = changes
        self.connection.execute(emptying)
        self.connection.execute(filling)
        count_rows(self.connection, INSIDE)
        for change in writing:
            self.connection.execute(change)

    def _open_entered(self, segment: str) -> int:
        opened = 0
        for each in self.situation.campaigns.campaigns:
            if isinstance(each.trigger, Entered) and each.trigger.entered == segment:
                opened += self._store(lambda campaign: [open_entered(self.kept, campaign)], each, "entered")
        return opened

    def _open_schedules(self) -> int:
        opened, moment = 0, self.statements.moment

        def build(campaign: Campaign) -> list[Select[Any]]:
            at, label = moment.bound(int, of="scheduled_at"), moment.bound(str, of="scheduled_for", type_=Text)
            return [open_schedule(self.kept, campaign, at, label)]

        for each in self.due.schedules:
            campaign = each.campaign
            moment.tell(scheduled_at=each.instant, scheduled_for=each.label)
            self._gather(campaign)
            found = self._store(build, campaign, "schedule")
            if found:
                opened += found
                self.staged.add(campaign.campaign)
            self.left_out[each.name] = {FIXED[gate]: number for gate, number in self.connection.execute(UNREACHABLE)}
        return opened

    def _gather(self, campaign: Campaign) -> None:
        at = self.statements.moment.bound(int, of="scheduled_at")
        for each in self.statements.keep(lambda: gathering(self.kept, campaign, at), "audience", campaign.campaign):
            self.connection.execute(each)
        count_rows(self.connection, AUDIENCE)

    def _store(self, build: Callable[[Campaign], list[Select[Any]]], campaign: Campaign, *name: object) -> int:
        """Runs the statements that `build` gives for the campaign, built once under the name."""

        def storing_all() -> list[Insert]:
            return [storing(each) for each in build(campaign)]

        kept = self.statements.keep(storing_all, campaign.campaign, *name)
        return sum(self.connection.execute(each).rowcount for each in kept)


def _taken(take: Callable[[], str]) -> Iterator[str]:
    """One after the other, until there is none left; two threads may take from one deque."""
    with suppress(IndexError):
        while True:
            yield take()
