"""A generated shop, from its seed alone: config, campaigns, people, and a month in which much happens to them."""

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import Engine

from nurture.campaign import Campaigns, load_campaigns
from nurture.config import Settings

from .harness import Different, Harness
from .oracle import Draw, Oracle
from .pen import Pen
from .people import People
from .state import State
from .time import DAY, HOUR
from .writing import REQUIRES, ZONES, CampaignWriter, segments_values, settings_values, write_campaigns

BEGINNINGS = (
    "2026-03-05",  # New York and Havana spring forward on the 8th
    "2026-03-25",  # London on the 29th, Lord Howe and Chatham back on April 5th, Santiago on the 4th
    "2026-10-01",  # Lord Howe on the 4th, London back on the 25th
    "2026-10-28",  # New York back on November 1st
    "2026-09-01",  # Santiago forward on the 5th; three Japanese holidays from the 21st
    "2026-04-22",  # Golden Week; Cairo forward on the 24th
    "2026-12-20",  # the end of a year
    "2028-02-15",  # a 29 February
    "2027-02-15",  # a February without
    "2027-01-25",
    "2026-06-10",
)


@dataclass(frozen=True)
class Size:
    """How large and how long a world is."""

    people: int = 12
    campaigns: int = 5
    days: int = 12
    ticks: int = 24


class World:
    """One seed's shop, ready to run."""

    def __init__(self, seed: int, engine: Engine, folder: Path, draw: Draw, size: Size) -> None:
        self.seed, self.folder, self.size = seed, folder, size
        random = self.random = Random(seed)
        begin = datetime.fromisoformat(random.choice(BEGINNINGS)).replace(tzinfo=UTC)
        self.step = random.choice((1, 1, 900, HOUR))
        self.now = self._rounded(int(begin.timestamp()) + random.randrange(2 * DAY))
        self.end = self.now + size.days * DAY
        self.zone = random.choice(ZONES) if random.random() < 0.5 else "Asia/Tokyo"
        self.values = settings_values(random, self.zone)
        self.writer = CampaignWriter(random, begin.date())
        self.campaigns = [self.writer.draw() for _ in range(random.randint(3, size.campaigns))]
        self.gone: list[dict[str, Any]] = []
        self.segments = segments_values(random)
        self.state = State()
        self.pen = Pen(self.state)
        self.people = People(random, self.state, self.pen, self.now, self.step)
        self.people.found(random.randint(size.people // 2, size.people))
        settings = Settings.model_validate(self.values)
        oracle = Oracle(self.state, settings, self._load(settings), REQUIRES, draw)
        self.harness = Harness(engine, oracle, self.pen)

    def run(self) -> Counter[str]:
        """Every tick of the world, up to its end. Raises Different at the first tick on which the planners disagree."""
        self.pen.flush(self.harness.engine, self.now)
        for number in range(self.size.ticks):
            try:
                self.harness.tick(self.now)
                self.harness.deliver(self.now)
            except Different as found:
                raise Different(f"seed {self.seed}, tick {number}, {_shown(self.now)}\n{found}") from None
            if self.now >= self.end:
                break
            self._go_on()
        return self.harness.cases.met

    def _go_on(self) -> None:
        random = self.random
        mean = self.size.days * DAY / self.size.ticks
        gap = random.choice((60, 20 * 60, HOUR, mean, mean, 2 * mean, random.random() * 3 * mean))
        self.now = max(self.now + 1, self._rounded(self.now + int(gap)))
        self.people.now = self.now
        if random.random() < 0.85:
            for _ in range(random.choice((1, 2, 4, 8, 12))):
                self.people.happens()
        if random.random() < 0.06:
            self._edit()
        self.pen.flush(self.harness.engine, self.now)

    def _rounded(self, instant: int) -> int:
        return instant - instant % self.step

    def _load(self, settings: Settings) -> Campaigns:
        write_campaigns(self.folder / "campaigns", self.campaigns, self.segments)
        return load_campaigns(self.folder / "campaigns", settings)

    def _edit(self) -> None:
        """A campaign file is edited."""
        random = self.random
        kind = random.choice(("new", "add", "remove", "rename", "insert", "priority", "wait", "config", "gone", "back"))
        campaign: dict[str, Any] = random.choice(self.campaigns)
        steps = campaign["steps"]
        name = f"step-{self.pen.next_id()}"
        if kind == "new":
            self.campaigns.append(self.writer.draw())
        elif kind == "add":
            steps.append(self.writer.step(name, 1))
        elif kind == "insert":
            steps.insert(random.randrange(len(steps) + 1), self.writer.step(name, 1))
        elif kind == "remove" and len(steps) > 1:
            steps.pop(random.randrange(len(steps)))
        elif kind == "rename":
            random.choice(steps)["step"] = name
        elif kind == "priority":
            campaign["priority"] = random.choice((10, 50, 90))
        elif kind == "wait":
            random.choice(steps)["wait"] = random.choice(("1 day", "2 days", "4 days"))
        elif kind == "config":
            self.values = {**settings_values(random, self.zone), "hours": self.values["hours"]}
        elif kind == "gone" and len(self.campaigns) > 1 and not self._is_named(campaign["campaign"]):
            self.campaigns.remove(campaign)
            self.gone.append(campaign)
        elif kind == "back" and self.gone:
            self.campaigns.append(self.gone.pop())
        settings = self.harness.oracle.settings = Settings.model_validate(self.values)
        self.harness.oracle.campaigns = self._load(settings)
        self.harness.cases.met[f"edit: {kind}"] += 1

    def _is_named(self, name: str) -> bool:
        """Whether another campaign's conditions speak of it."""
        return any(
            f'"campaign": "{name}"' in json.dumps(each)
            for each in self.campaigns + self.gone
            if each["campaign"] != name
        )


def _shown(instant: int) -> str:
    return f"{datetime.fromtimestamp(instant, UTC):%Y-%m-%d %H:%M:%S}Z ({instant})"
