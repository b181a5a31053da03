"""Generated config and campaigns: every trigger, wait, window and cap that the language has, in odd mixtures."""

import json
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

_ONE_DAY = timedelta(days=1)
ZONES = (
    "Asia/Tokyo",
    "America/New_York",
    "Europe/London",
    "Australia/Lord_Howe",
    "America/Santiago",
    "America/Havana",
    "Africa/Cairo",
    "Asia/Kolkata",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
CATEGORIES = ("beans", "mill", "drip")
TAGS = ("vip", "gift", "lost")
KINDS = ("page_view", "reply", "visit_fair")
PREFECTURES = ("兵庫県", "東京都")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
REQUIRES = {
    "plain": (),
    "named": ("customer.family_name",),
    "placed": ("customer.prefecture",),
    "dated": ("customer.birthday",),
    "bought": ("history.order_count",),
}


def settings_values(random: Random, zone: str, start: date) -> dict[str, Any]:
    """What stands in config.yaml."""
    values: dict[str, Any] = {
        "shop": {"name": "みなと珈琲"},
        "timezone": zone,
        "feb29": random.choice(("02-28", "03-01", "leap")),
        "caps": _caps(random),
        "min_gap": random.choice(("20 hours", "0 hours", "3 hours", "36 hours", "20 hours")),
        "hours": _hours(random),
        "closed": {},
        "email": {},
        "line": {"enabled": True},
        "attributes": {"plan": {"type": "text"}},
    }
    if random.random() < 0.5:
        values["closed"]["weekdays"] = random.sample(WEEKDAYS, random.choice((1, 1, 2)))
    if random.random() < 0.4:
        days = [str(start + number * _ONE_DAY) for number in random.sample(range(20), 6)]
        values["closed"] |= {"dates": days[:2], "holidays": days[2:4], "working": days[4:]}
    if random.random() < 0.3:
        values["counts"] = random.sample(("email", "line", "call", "visit"), 3)
    if random.random() < 0.4:
        values["line"]["monthly_quota"] = random.choice((0, 2, 3, 5, 8, 8))
    if random.random() < 0.3:
        values["email"]["per_day"] = random.choice((1, 2, 3, 5))
    return values


def _caps(random: Random) -> list[dict[str, Any]]:
    pool: list[dict[str, Any]] = [
        {"at_most": 2, "per": "7 days"},
        {"at_most": 1, "per": "day"},
        {"at_most": 3, "per": "week"},
        {"at_most": 4, "per": "month"},
        {"at_most": 1, "per": "30 hours"},
        {"at_most": 2, "per": "3 days"},
        {"at_most": 1, "per": "2 days", "channel": "line"},
        {"at_most": 1, "per": "day", "channel": "email"},
        {"at_most": "unlimited", "per": "day"},
    ]
    return random.sample(pool, random.choice((0, 1, 1, 2, 2, 3)))


def _hours(random: Random) -> dict[str, Any]:
    return {
        "individual": random.choice(
            ("09:00-20:00", "10:00-19:00", "08:00-21:00", "10:00-19:00 mon-sat", "18:00-21:00")
        ),
        "company": random.choice(
            ("09:00-18:00 mon-fri", "all day", "22:00-06:00 mon-fri", "20:00-04:00", "00:00-03:30", "09:30-17:30")
        ),
        "individual_on_holidays": random.random() < 0.6,
        "company_on_holidays": random.random() < 0.3,
    }


def write_campaigns(folder: Path, campaigns: list[dict[str, Any]], segments: list[dict[str, Any]]) -> None:
    """A folder of campaign files in place of what is in it. YAML reads JSON."""
    folder.mkdir(exist_ok=True)
    for file in folder.glob("*.yaml"):
        file.unlink()
    (folder / "segments.yaml").write_text(json.dumps({"segments": segments}, ensure_ascii=False))
    for each in campaigns:
        (folder / f"{each['campaign']}.yaml").write_text(json.dumps(each, ensure_ascii=False))


def segments_values(random: Random) -> list[dict[str, Any]]:
    """Named conditions."""
    found = [
        {"name": "vips", "condition": [{"tag": ["vip"]}]},
        {"name": "buyers", "condition": [{"orders": {"count": {"at_least": random.choice((1, 2, 3))}}}]},
        {"name": "silent", "condition": [{"last_order": {"older_than": f"{random.choice((3, 10, 30))} days"}}]},
    ]
    found.append({"name": "mixed", "condition": [{"any": [{"segment": "vips"}, condition(random, [], deep=False)]}]})
    return found


def condition(random: Random, campaigns: list[str], deep: bool = True) -> dict[str, Any]:
    """One condition, sometimes negated or nested."""
    if deep and random.random() < 0.15:
        return {"any": [condition(random, campaigns), condition(random, campaigns)]}
    if deep and random.random() < 0.25:
        return {"not": condition(random, campaigns, deep=False)}
    days = random.choice((1, 2, 5, 14, 40))
    pool: list[dict[str, Any]] = [
        {"tag": random.choice(TAGS)},
        {"kind": random.choice(("individual", "company"))},
        {"orders": {"count": {"at_least": random.choice((1, 2))}}},
        {"orders": {"category": random.choice(CATEGORIES), "within": f"{days} days"}},
        {"orders": {"amount": {"at_least": 2000}, "count": {"at_most": 1}}},
        {"orders": {"status": ["cancelled", "returned"]}},
        {"last_order": {"older_than": f"{days} days"}},
        {"first_order": {"within": f"{days} days"}},
        {"silent_for": f"{days} days"},
        {"contacts": {"direction": "out", "within": f"{days} days", "count": {"at_most": 1}}},
        {"contacts": {"channel": "call"}},
        {"reachable": random.choice(("any", "email", "line"))},
        {"consent": random.choice(("any", "email", "line"))},
        {"refused": {"category": random.choice(CATEGORIES)}},
        {"prefecture": random.choice(PREFECTURES)},
        {"events": {"kind": random.choice(KINDS), "within": f"{days} days"}},
        {"bookings": {"ahead": True}},
        {"bookings": {"status": "visited", "within": f"{days} days"}},
        {"attribute": {"name": "plan", "equals": "gold"}},
        {"date": {"name": "birthday", "known": True}},
        {"date": {"name": "birthday", "within": f"{days} days"}},
        {"date": {"name": "birthday", "this_month": True}},
        {"complaint": "open"},
    ]
    if campaigns:
        pool.append({"received": {"campaign": random.choice(campaigns)}})
        pool.append({"segment": random.choice(("vips", "buyers", "silent"))})
    return random.choice(pool)


class CampaignWriter:
    """Draws campaigns; each has a name of its own, so that ties are broken by it."""

    def __init__(self, random: Random, start_day: date) -> None:
        self.random, self.start_day = random, start_day
        self.names: list[str] = []

    def draw(self) -> dict[str, Any]:
        """A campaign as it stands in its file."""
        random = self.random
        name = f"{random.choice(('a', 'b', 'c', 'd', 'line-', 'email-'))}{len(self.names)}"
        trigger = self._trigger()
        values: dict[str, Any] = {
            "campaign": name,
            "title": name,
            "priority": random.choice((20, 50, 50, 50, 80)),
            "trigger": trigger,
            "steps": self._steps(trigger),
        }
        if random.random() < 0.15:
            values |= {"purpose": "transactional", "because": "part of the order"}
        self._add_promises(values, trigger)
        self.names.append(name)
        return values

    def _trigger(self) -> dict[str, Any]:
        random = self.random
        at = random.choice(("10:00", "00:30", "18:00", "02:30"))
        every = random.choice(
            (
                {"every": "day", "at": at},
                {"every": "week", "on": random.sample(WEEKDAYS, 2), "at": at},
                {"every": "month", "day": random.choice((1, 29, 31, "last")), "at": at},
                {"dates": [str(self.start_day + random.randint(1, 12) * _ONE_DAY), str(self.start_day)], "at": at},
            )
        )
        shift = random.choice(({}, {}, {"before": "3 days"}, {"after": "2 days"}))
        pool: list[dict[str, Any]] = [
            {"after": random.choice(("order", "shipment", "delivery"))},
            {"after": random.choice(("order", "shipment", "delivery"))},
            {"after": random.choice(("booking", "visit", "no_show", "cancellation"))},
            {"event": random.choice(KINDS)},
            {"anniversary": "birthday", **shift, **random.choice(({}, {"month_only": random.choice((1, 15))}))},
            {"anniversary": "birthday", "relative": "daughter", **shift},
            {"anniversary": "first_order", **shift},
            {"entered": random.choice(("vips", "buyers", "silent", "mixed"))},
            {"entered": random.choice(("vips", "buyers", "silent", "mixed"))},
            {"schedule": every},
        ]
        return random.choice(pool)

    def _steps(self, trigger: dict[str, Any]) -> list[dict[str, Any]]:
        names = self.random.sample(("first", "second", "third", "fourth"), self.random.choice((1, 1, 2, 3)))
        return [self.step(each, index) for index, each in enumerate(names)]

    def step(self, name: str, index: int) -> dict[str, Any]:
        """A step as it stands in a campaign's file."""
        random = self.random
        values: dict[str, Any] = {
            "step": name,
            "channels": random.choice((["email"], ["email"], ["line"], ["line", "email"], ["email", "line"])),
            "template": random.choice(("plain", "plain", "plain", *REQUIRES)),
        }
        if index or random.random() < 0.5:
            values["wait"] = random.choice(("1 day", "2 days", "5 days", "3 hours", "30 hours", "90 minutes", "0 days"))
        if index and random.random() < 0.2:
            values["wait_from"] = "occurrence"
        if random.random() < 0.4:
            values["at"] = random.choice(("09:00", "18:30", "02:15", "00:00", "11:00"))
        if random.random() < 0.4:
            values["valid_for"] = random.choice(("1 day", "3 days", "10 days", "6 hours", "20 hours"))
        if random.random() < 0.35:
            values["window"] = random.choice(
                (
                    "10:00-12:00",
                    "18:00-02:00",
                    "10:00-19:00 mon,wed,sat",
                    "20:00-10:00 fri-sun",
                    "02:00-03:00",
                    "all day",
                )
            )
        if random.random() < 0.25:
            values["when_capped"] = "drop"
        return values

    def _add_promises(self, values: dict[str, Any], trigger: dict[str, Any]) -> None:
        random = self.random
        offers = [{"category": random.choice(CATEGORIES)}, {"product": "p1"}]
        chances: list[tuple[float, str, Any]] = [
            (0.4, "audience", [condition(random, self.names) for _ in range(random.choice((1, 1, 2)))]),
            (0.3, "exit_when", [random.choice(self._exits())]),
            (
                0.35,
                "again",
                random.choice(("once", "after 3 days", "after 10 days", "after 36 hours", "per occurrence")),
            ),
            (0.2, "holdout", random.choice(("20%", "50%"))),
            (0.2, "at_most", {"count": random.choice((1, 2, 4))}),
            (0.25, "about", random.choice(offers)),
            (0.15, "offer", {"related_to": random.choice(("last_order", "any_order"))}),
        ]
        values |= {name: value for chance, name, value in chances if random.random() < chance}
        if trigger.get("after") in ("order", "shipment", "delivery") and random.random() < 0.2:
            this = ({"order": "first"}, {"order": "repeat"}, {"category": "beans"}, {"amount": {"at_least": 2000}})
            values.setdefault("audience", []).append({"this": random.choice(this)})
        if "offer" in values and trigger.get("after") in ("order", "shipment", "delivery"):
            values["offer"]["related_to"] = random.choice(("this", "any_order"))
        if "schedule" in trigger and random.random() < 0.15:
            values["again"] = "after 1 month"
        if random.random() < 0.2:
            self._add_life(values)

    def _add_life(self, values: dict[str, Any]) -> None:
        random = self.random
        values["starts"] = str(self.start_day + random.randint(-2, 5) * _ONE_DAY)
        if random.random() < 0.5:
            values["ends"] = str(self.start_day + random.randint(6, 15) * _ONE_DAY)
        if "at_most" in values and random.random() < 0.5:
            values["at_most"]["first_days"] = random.choice((2, 5))

    def _exits(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [
            {"complaint": "open"},
            {"tag": "lost"},
            {"events": {"kind": "reply", "within": "3 days"}},
        ]
        return [*found, {"orders": {"after_opening": True}}, {"bookings": {"after_opening": True}}]
