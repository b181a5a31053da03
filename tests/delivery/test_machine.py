"""The whole engine as a state machine: whatever happens in whatever order, the judge finds every promise kept.

Hypothesis draws the story: people join, order, refuse, are called and merged; orders are cancelled; the shop edits its
campaigns and caps; time passes and clocks jump; processes plan, deliver, and die half way; previews are looked at.
After each step the judge (`judge.py`) reads the servers' lists and the tables.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from nurture.feedback.optout import opt_out
from nurture.gates.situation import Situation
from nurture.intake.merging import merge_customers
from nurture.planning.commit import commit
from nurture.planning.plan import plan
from nurture.planning.workspace import prepare
from nurture.preview import foresee
from nurture.preview.foresight import requirements
from nurture.store import planning, resume, sqlite_module, writing
from tests.delivery.judge import Evidence, Judge
from tests.delivery.town import CAMPAIGNS, CAPS, DATABASE_FAULTS, SERVER_FAULTS, Town, shown
from tests.simulation.figures import record

ZONES = ("Asia/Tokyo", "Asia/Tokyo", "America/New_York", "Europe/London")
MINUTE, HOUR = 60, 3600
SPANS = (MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 9 * HOUR, 26 * HOUR, 76 * HOUR)
WAITS = st.sampled_from((1, 61, 721, 4001, 9001, 22_001, 86_401))
"""Seconds before a tick: past a lease, a backoff, a step's wait, a night, a day."""
JUMPS = (-3 * HOUR, -20 * MINUTE, -40, -3, 3, 40, 20 * MINUTE, 3 * HOUR)
CALM = (HOUR, 9 * HOUR, 15 * HOUR, 4 * HOUR, 44 * HOUR, 5 * 24 * HOUR, 8 * 24 * HOUR)
"""Waits after which nothing that had opened before may still be open: the longest validity is twelve days."""
LOOKED_BACK = 12 * 24 * HOUR - MINUTE
"""Seconds: nothing opens that could not be valid any more, and a receipt is for twelve days."""
SEEN: Counter[str] = Counter()
"""What happened in all examples of this process."""


class Engine(RuleBasedStateMachine):
    """See the module."""

    people = Bundle("people")
    orders = Bundle("orders")

    letters: Path
    thorough = False
    """Whether every story is followed to its rest; it costs as much as the story."""

    @initialize(target=people, seed=st.integers(0, 1 << 16), programs=st.sampled_from((1, 2)))
    def open(self, seed: int, programs: int) -> Any:
        """A shop at nine in the morning, with four people who have just ordered."""
        self.town = Town(seed, programs, self.letters)
        self.eye = sqlite_module().connect(self.town.storage.path)
        self.judge = Judge(self._rows)
        self.roots: dict[int, int] = {}
        self.zones: dict[int, str] = {}
        self.in_force = {0}
        """Versions of the caps under which something may pass the fence now."""
        self.placed: list[tuple[str, int, float]] = []
        """Key, customer and instant of every order that still stands."""
        self.due: list[tuple[str, int]] = []
        """Orders that a tick has had to see."""
        self.town.wait(9 * HOUR)
        zones = zip(ZONES, (False, True, True, False), strict=True)
        found = [self.join(zone, line, mail=not line or number == 1) for number, (zone, line) in enumerate(zones)]
        for who in found:
            self._order(who)
        return multiple(*found)

    def teardown(self) -> None:
        if not hasattr(self, "town"):
            return
        try:
            if self.thorough or self.town.seed % 3 == 0:
                self._come_to_rest()
        finally:
            SEEN.update(self.town.dice.faults)
            SEEN["faults"] += self.town.dice.faults.total()
            SEEN.update(self.judge.seen)
            SEEN.update(each["status"] for each in self._rows("SELECT status FROM touch"))
            self.eye.close()
            self.town.close()

    # People

    @rule(target=people, zone=st.sampled_from(ZONES), line=st.booleans(), mail=st.booleans())
    def join(self, zone: str, line: bool, mail: bool) -> int:
        number = len(self.roots) + 1
        who = self.town.join(number, zone, mail=mail or not line, line=line)
        self.roots[who], self.zones[who] = who, zone
        return who

    @rule(target=orders, who=people)
    def order(self, who: int) -> tuple[int, int]:
        return self._order(self._root(who))

    @rule(order=consumes(orders))
    def cancel(self, order: tuple[int, int]) -> None:
        who, number = order
        self.placed = [each for each in self.placed if each[0] != f"o{number}"]
        self.town.people.cancel(self._root(who), number)

    @rule(who=people, everything=st.booleans())
    def refuse(self, who: int, everything: bool) -> None:
        self._refuse(who, everything)

    @rule(who=people)
    def call(self, who: int) -> None:
        self._call(who)

    @rule(who=people, other=people)
    def merge(self, who: int, other: int) -> None:
        self._merge(who, other)

    # The shop

    @rule(caps=st.integers(0, len(CAPS) - 1))
    def edit_caps(self, caps: int) -> None:
        self.town.edit(caps=caps)

    @rule(campaigns=st.integers(0, len(CAMPAIGNS) - 1))
    def edit_campaigns(self, campaigns: int) -> None:
        self.town.edit(campaigns=campaigns)

    @rule()
    def look_after_the_shop(self) -> None:
        self._tend()

    @rule()
    def preview(self) -> None:
        """It writes nothing, and the next plan is what it said."""
        shop, now, engine = self.town.shop(), self.town.now(), self.town.storage.engine
        before = self._rows("PRAGMA data_version")
        seen = foresee(engine, shop.settings, shop.campaigns, shop.templates, now, rows=None)
        assert self._rows("PRAGMA data_version") == before, "the preview wrote"
        situation = Situation(shop.settings, shop.campaigns, requirements(shop.templates), now)
        with planning(engine, prepare) as open_:
            commit(open_, situation, plan(open_.connection, situation))
        self.in_force = {self.town.caps}
        query = "SELECT campaign, step, customer_id, occurrence, channel, status, verdict, at FROM touch"
        left = {tuple(each.values()) for each in self._rows(query)}
        said = [each.plan for each in seen.rows]
        rows = {
            (p.campaign, p.step, p.customer_id, p.occurrence, p.channel, p.status, p.verdict, p.at)
            for p in said
            if p.written
        }
        assert rows <= left, f"foreseen, and planned otherwise: {sorted(rows - left, key=str)}"
        slots = {each for each in left if each[5] == "planned" and each[7] is not None}
        assert slots <= rows, f"planned, and not foreseen: {sorted(slots - rows, key=str)}"

    # Time

    @rule(seconds=st.sampled_from(SPANS), odd=st.integers(0, 59))
    def time_passes(self, seconds: int, odd: int) -> None:
        self.town.wait(seconds + odd)

    @rule(seconds=st.sampled_from(JUMPS))
    def the_clock_jumps(self, seconds: int) -> None:
        self.town.step_clock(seconds)
        self.town.look()

    # Processes

    @rule(number=st.integers(0, 1), wait=WAITS)
    def tick(self, number: int, wait: int) -> None:
        self.town.wait(wait)
        self._tick(number)

    @rule(number=st.integers(0, 1))
    def deliver(self, number: int) -> None:
        self.town.deliver(number)

    @rule(number=st.integers(0, 1))
    def restart(self, number: int) -> None:
        self.town.restart(number)

    @rule(number=st.integers(0, 1), kind=st.sampled_from(DATABASE_FAULTS), after=st.integers(0, 14), wait=WAITS)
    def tick_on_a_failing_database(self, number: int, kind: str, after: int, wait: int) -> None:
        """One statement or commit fails."""
        self.town.wait(wait)
        self.town.dice.ordered[kind] = after
        self._tick(number)
        self.town.dice.ordered.clear()

    @rule(
        number=st.integers(0, 1), kind=st.sampled_from(SERVER_FAULTS), after=st.integers(0, 1), who=people, wait=WAITS
    )
    def tick_beside_a_failing_server(self, number: int, kind: str, after: int, who: int, wait: int) -> None:
        """There is something to send, at an hour at which it may go, and a server or the network fails."""
        self.town.wait(wait)
        self._wait_for_hours_of(self._root(who))
        self._order(self._root(who))
        self.town.dice.ordered[kind] = after
        self._tick(number)
        self.town.dice.ordered.clear()

    @rule(number=st.integers(0, 1), commits=st.integers(0, 14), behind=st.booleans(), wait=WAITS)
    def tick_and_die_at_a_commit(self, number: int, commits: int, behind: bool, wait: int) -> None:
        """A process dies right before or behind one of its transactions."""
        self.town.wait(wait)
        self.town.dice.ordered["kill_after_commit" if behind else "kill_before_commit"] = commits
        self._tick(number)
        self.town.dice.ordered.clear()

    @rule(number=st.integers(0, 1), steps=st.integers(0, 160), who=people, wait=WAITS)
    def tick_and_die(self, number: int, steps: int, who: int, wait: int) -> None:
        """A process dies between two steps: while bytes are on the wire, or an answer is awaited."""
        self.town.wait(wait)
        self._wait_for_hours_of(self._root(who))
        self._order(self._root(who))
        self.town.steps_to_live = steps
        self._tick(number)

    @rule(
        number=st.integers(0, 1),
        commits=st.integers(0, 12),
        what=st.sampled_from(("refuse", "refuse all", "call", "merge", "clock", "caps", "campaigns")),
        who=people,
        other=people,
        size=st.integers(0, 7),
        wait=WAITS,
    )
    def tick_and_meanwhile(
        self, number: int, commits: int, what: str, who: int, other: int, size: int, wait: int
    ) -> None:
        """Between two transactions of a process somebody else writes."""
        self.town.wait(wait)
        acts: dict[str, Callable[[], None]] = {
            "refuse": lambda: self._refuse(who, everything=False),
            "refuse all": lambda: self._refuse(who, everything=True),
            "call": lambda: self._call(who),
            "merge": lambda: self._merge(who, other),
            "clock": lambda: self.town.step_clock(JUMPS[size]),
            "caps": lambda: self.town.edit(caps=size % len(CAPS)),
            "campaigns": lambda: self.town.edit(campaigns=size % len(CAMPAIGNS)),
        }
        self.town.interludes = {commits: acts[what]}
        self._tick(number)
        if what == "clock":
            self.town.look()

    # The judge

    @invariant()
    def every_promise_is_kept(self) -> None:
        town = self.town
        found = self.judge.look(
            Evidence(
                sorted((*town.mail.arrivals, *town.line.arrivals), key=lambda each: each.taken_at),
                {**town.mail.digests, **town.line.digests},
                [*town.mail.offences, *town.line.offences],
                self.in_force,
                self.due,
            )
        )
        broken = [*town.problems, *found]
        assert not broken, "\n".join(broken)
        SEEN["steps"] += 1

    # What the rules share

    def _order(self, who: int) -> tuple[int, int]:
        number = self.town.people.order(who, shown(self.town.now()))
        self.placed.append((f"o{number}", who, self.town.now().timestamp()))
        return who, number

    def _tick(self, number: int) -> None:
        town = self.town
        began, caps = town.now().timestamp(), town.caps
        self.in_force = self.in_force | {caps}
        step = town.tick(number)
        self.in_force = self.in_force | {town.caps}
        if step is not None and step.planned is not None:
            standing = {key for key, _, _ in self.placed}
            known = [(key, who) for key, who, at in self.placed if began - LOOKED_BACK < at <= began]
            self.due = [each for each in dict.fromkeys((*self.due, *known)) if each[0] in standing]
            SEEN["plans"] += 1

    def _refuse(self, who: int, everything: bool) -> None:
        purpose = "transactional" if everything else "commercial"
        with writing(self.town.storage.engine) as connection:
            opt_out(connection, self._root(who), None, purpose, "link", "test", self.town.now())

    def _call(self, who: int) -> None:
        self.town.people.contact(self._root(who), shown(self.town.now()))

    def _merge(self, who: int, other: int) -> None:
        keep, drop = self._root(who), self._root(other)
        if keep == drop:
            return
        with writing(self.town.storage.engine) as connection:
            merge_customers(connection, keep, drop, self.town.now())
        self.roots[drop] = keep
        SEEN["merges"] += 1

    def _tend(self) -> None:
        """What was paused goes on, refused addresses are tried again, and the clock is right."""
        with writing(self.town.storage.engine) as connection:
            for each in self._rows("SELECT DISTINCT scope FROM pause WHERE ended_at IS NULL"):
                resume(connection, each["scope"], self.town.now())
        self.town.accept_clock()
        self.town.look()

    def _come_to_rest(self) -> None:
        """Calm days: whatever was open then has its end."""
        began = self.town.now().timestamp()
        for seconds in CALM:
            self.town.wait(seconds)
            self._tend()
            for number in range(len(self.town.programs)):
                self._tick(number)
            self.every_promise_is_kept()
        stuck = self.judge.at_rest(self.town.now().timestamp(), began + 12 * 24 * HOUR)
        assert not stuck, "\n".join(stuck)

    def _wait_for_hours_of(self, who: int) -> None:
        """Until the person may be written to: ten in the morning, unless it is open already."""
        local = self.town.now().astimezone(ZoneInfo(self.zones[who]))
        opens = local
        while not 9 <= opens.hour < 20 or opens.weekday() == 2:
            opens = (opens + timedelta(days=opens.hour >= 9)).replace(hour=10, minute=0)
        self.town.wait((opens.astimezone(UTC) - local.astimezone(UTC)).total_seconds() + 1)

    def _root(self, who: int) -> int:
        while self.roots[who] != who:
            who = self.roots[who]
        return who

    def _rows(self, query: str) -> list[dict[str, Any]]:
        found = self.eye.execute(query)
        names = [each[0] for each in found.description]
        return [dict(zip(names, each, strict=True)) for each in found]


def tried(examples: int, steps: int, *, thorough: bool, **more: Any) -> None:
    """So many stories of at most so many steps each."""
    patient = {"deadline": None, "suppress_health_check": list(HealthCheck)}
    with tempfile.TemporaryDirectory() as letters:
        Engine.letters, Engine.thorough = Path(letters), thorough
        wanted = settings(max_examples=examples, stateful_step_count=steps, **patient, **more)
        run_state_machine_as_test(Engine, settings=wanted)


def test_no_short_story_breaks_a_promise() -> None:
    tried(int(os.environ.get("NURTURE_MACHINE_EXAMPLES", "12")), 25, thorough=False)


@pytest.mark.long
def test_no_long_story_breaks_a_promise() -> None:
    SEEN.clear()
    stories = int(os.environ.get("NURTURE_MACHINE_LONG", "500"))
    tried(stories, 60, thorough=True)
    told = {name: SEEN[name] for name in ("steps", "fences", "arrivals", "faults", "unknown")}
    what = "Stories of up to 60 steps that Hypothesis draws for the whole engine on SQLite, judged after each step"
    record("machine", what, {"stories": stories, **told, "broken promises": 0})
