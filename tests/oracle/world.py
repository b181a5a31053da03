"""A generated shop, from its seed alone: config, campaigns, people, and a month in which much happens to them."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine

from nurture.campaign import Campaigns, load_campaigns
from nurture.config import Settings

from .harness import Different, Harness
from .oracle import Oracle
from .pen import Pen
from .people import People
from .state import Contact, State
from .time import DAY, HOUR, day_of, instant_of, midnight
from .writing import REQUIRES, ZONES, CampaignWriter, segments_values, settings_values, write_campaigns

BEGINNINGS = (
    "2026-03-06",  # New York and Havana spring forward on the 8th
    "2026-03-27",  # London on the 29th, Lord Howe and Chatham back on April 5th, Santiago on the 4th
    "2026-10-02",  # Lord Howe on the 4th, London back on the 25th
    "2026-10-23",
    "2026-10-30",  # New York back on November 1st
    "2026-09-03",  # Santiago forward on the 5th; three Japanese holidays from the 21st
    "2026-04-22",  # Golden Week; Cairo forward on the 24th
    "2026-12-20",  # the end of a year
    "2028-02-25",  # a 29 February
    "2027-02-25",  # a February without
    "2027-01-25",
    "2026-06-10",
)


EDGES = (0, 2, 8, 9, 10, 12, 18, 19, 20, 21)
"""Hours at which windows open and close, and days begin."""


@dataclass(frozen=True)
class Size:
    """How large and how long worlds are at most; each draws its own."""

    people: int = 30
    campaigns: int = 5
    days: int = 30
    whole: float = 0.15
    """The share of worlds that are as large and long as can be."""


class World:
    """One seed's shop, ready to run."""

    def __init__(self, seed: int, engine: Engine, folder: Path, size: Size) -> None:
        self.seed, self.folder = seed, folder
        random = self.random = Random(seed)
        self.whole = random.random() < size.whole
        people = size.people if self.whole else random.randint(5, size.people)
        # The least of three draws: days are what a world costs.
        self.days = size.days if self.whole else min(random.randint(3, size.days) for _ in range(3))
        begin = datetime.fromisoformat(random.choice(BEGINNINGS)).replace(tzinfo=UTC)
        self.step = random.choice((1, 1, 900, HOUR))
        self.now = self.begin = self._rounded(int(begin.timestamp()) + random.randrange(2 * DAY))
        self.zone = random.choice(ZONES) if random.random() < 0.5 else "Asia/Tokyo"
        self.values = settings_values(random, self.zone, begin.date())
        self.writer = CampaignWriter(random, begin.date())
        self.campaigns = [self.writer.draw() for _ in range(random.randint(3, size.campaigns))]
        self.gone: list[dict[str, Any]] = []
        self.segments = segments_values(random)
        self.state = State()
        self.pen = Pen(self.state)
        self.people = People(random, self.state, self.pen, self.now, self.step)
        self.people.found(people)
        settings = Settings.model_validate(self.values)
        oracle = Oracle(self.state, settings, self._load(settings), REQUIRES)
        self.harness = Harness(engine, oracle, self.pen)

    def run(self) -> Counter[str]:
        """Every tick of the world, up to its end. Raises Different at the first tick on which the planners disagree."""
        met = self.harness.cases.met
        self.pen.flush(self.harness.engine, self.now)
        self._tick()
        for day in range(self.days):
            for instant in self._instants(day):
                self.now = self.people.now = instant
                if self.random.random() < 0.4:
                    self._change()
                self._tick()
        return met + Counter({"worlds": 1, "worlds of full size": int(self.whole), "days": self.days})

    def _tick(self) -> None:
        try:
            self.harness.tick(self.now)
            self.harness.deliver(self.now, self._outcomes())
        except Different as found:
            raise Different(f"seed {self.seed}, {_shown(self.now)}\n{found}", found.customers) from None
        except Exception as problem:
            problem.add_note(f"in the world of seed {self.seed}, {_shown(self.now)}")
            raise
        self.harness.cases.met["ticks"] += 1

    def _instants(self, day: int) -> list[int]:
        """Three to five ticks of a day: at any time, where days and windows begin and end, and where slots lie."""
        random = self.random
        drawn = [random.choice((self._any, self._edge, self._slot))(day) for _ in range(random.choice((3, 4, 4, 5)))]
        return sorted({each for each in map(self._rounded, drawn) if each > self.now})

    def _any(self, day: int) -> int:
        return self.begin + day * DAY + self.random.randrange(DAY)

    def _edge(self, day: int) -> int:
        begin = self.begin + day * DAY
        hour = instant_of(midnight(day_of(begin, self.zone)) + timedelta(hours=self.random.choice(EDGES)), self.zone)
        # What of the local day is over already belongs to the next.
        return hour + (DAY if hour < begin else 0) + self.random.choice((-1, 0, 0, 1, 60))

    def _slot(self, day: int) -> int:
        begin = self.begin + day * DAY
        touches = self.harness.oracle.memory.touches.values()
        slots = sorted({each.at for each in touches if each.status == "planned" and each.at})
        today = [each for each in slots if begin <= each < begin + DAY]
        return self.random.choice(today) - self.random.choice((0, 0, 1)) if today else self._any(day)

    def _change(self) -> None:
        """Something happens; the tick that follows sees it at once."""
        random = self.random
        for _ in range(random.choice((1, 2, 4, 8, 12))):
            self.people.happens()
        if random.random() < 0.03:
            self._edit()
        if random.random() < 0.02:
            self._join()
        self.pen.flush(self.harness.engine, self.now)
        self.harness.cases.met["changes"] += 1

    def _join(self) -> None:
        """Somebody turns out to share another's inbox: what was counted and planned for them goes to its holder."""
        alone = [each for each in self.state.customers if self.state.sharing_with(each.id) == {each.id}]
        if len(alone) < 2:
            return
        person, other = self.random.sample(alone, 2)
        contacts = [each for each in self.state.of(Contact, person.id) if each.owner_id == person.id]
        touches = [each for each in self.harness.oracle.memory.touches.values() if each.owner_id == person.id]
        self.pen.edit(person, cap_owner_id=other.id)
        for contact in contacts:
            self.pen.edit(contact, owner_id=other.id)
        for touch in touches:
            touch.owner_id = other.id
        self.pen.own_touches(person.id, other.id, self.now)
        self.harness.cases.met["joined an inbox"] += 1

    def _outcomes(self) -> Iterator[str]:
        while True:
            yield self.random.choices(("sent", "unknown", "failed"), (8, 1, 1))[0]

    def _rounded(self, instant: int) -> int:
        return instant - instant % self.step

    def _load(self, settings: Settings) -> Campaigns:
        write_campaigns(self.folder / "campaigns", self.campaigns, self.segments)
        return load_campaigns(self.folder / "campaigns", settings)

    def _edit(self) -> None:
        """A campaign file is edited, or config.yaml."""
        kinds: dict[str, Callable[[dict[str, Any]], None]] = {
            "new": lambda _: self.campaigns.append(self.writer.draw()),
            "add a step": lambda each: each["steps"].append(self._step()),
            "insert a step": lambda each: each["steps"].insert(self.random.randrange(len(each["steps"])), self._step()),
            "remove a step": self._remove_step,
            "rename a step": lambda each: self.random.choice(each["steps"]).update(step=self._name()),
            "priority": lambda each: each.update(priority=self.random.choice((10, 50, 90))),
            "wait": lambda each: self.random.choice(each["steps"]).update(wait=self.random.choice(("1 day", "4 days"))),
            "config": self._settle,
            "gone": self._take_away,
            "back": lambda _: self.campaigns.extend([self.gone.pop()] if self.gone else []),
        }
        kind = self.random.choice(list(kinds))
        kinds[kind](self.random.choice(self.campaigns))
        self.harness.oracle.settings = Settings.model_validate(self.values)
        self.harness.oracle.campaigns = self._load(self.harness.oracle.settings)
        self.harness.cases.met[f"edit: {kind}"] += 1

    def _name(self) -> str:
        return f"step-{self.pen.next_id()}"

    def _step(self) -> dict[str, Any]:
        return self.writer.step(self._name(), 1)

    def _remove_step(self, campaign: dict[str, Any]) -> None:
        if len(campaign["steps"]) > 1:
            campaign["steps"].pop(self.random.randrange(len(campaign["steps"])))

    def _settle(self, _: dict[str, Any]) -> None:
        self.values = {**settings_values(self.random, self.zone, self.writer.start_day), "hours": self.values["hours"]}

    def _take_away(self, campaign: dict[str, Any]) -> None:
        if len(self.campaigns) > 1 and not self._is_named(campaign["campaign"]):
            self.campaigns.remove(campaign)
            self.gone.append(campaign)

    def _is_named(self, name: str) -> bool:
        """Whether another campaign's conditions speak of it."""
        return any(
            f'"campaign": "{name}"' in json.dumps(each)
            for each in self.campaigns + self.gone
            if each["campaign"] != name
        )


def _shown(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M:%S}Z ({instant})"
