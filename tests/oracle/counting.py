"""Hooks for pytest: what the worlds of the long run met, over all workers, printed and held against the least."""

import json
from collections import Counter

import pytest

ASKED_FOR = {
    "capped": "capped",
    "windowed": "outside_window",
    "held": "on_hold",
    "outranked": "outranked",
    "unsubscribed": "unsubscribed",
    "daylight saving": "day of a clock change",
    "crossing midnight": "window over midnight",
    "29 February": "29 February",
}
"""The cases that the run exists for, as they are spoken of, and as `Cases` counts them."""
WANTED = {
    "worlds of full size": 100,
    "changes": 10000,
    "planned": 10000,
    "sent": 5000,
    "moved": 500,
    "capped": 1000,
    "outranked": 500,
    "outside_window": 2000,
    "paused": 300,
    "over_quota": 300,
    "other channel": 50,
    "on_hold": 500,
    "no_address": 500,
    "no_consent": 500,
    "suppressed": 500,
    "unsubscribed": 500,
    "left_audience": 500,
    "incomplete": 500,
    "held_out": 300,
    "dropped": 200,
    "expired": 1000,
    "cancelled": 300,
    "closed": 60,
    "exited": 100,
    "removed": 50,
    "day of a clock change": 150,
    "window over midnight": 150,
    "29 February": 150,
    "entered": 500,
    "anniversary": 500,
    "schedule": 500,
    "transactional": 100,
    "shared inbox": 300,
}
"""Case → how often a thousand worlds must meet it; fewer worlds, or more, in proportion."""
ENOUGH = 100
"""From so many worlds on a run says something about how often a case is met."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the cases that the worlds met, and names those that were met too rarely."""
    met = _met(terminalreporter)
    if not met:
        return
    worlds = f"{met['worlds']} worlds, {met['worlds of full size']} of full size"
    terminalreporter.section(f"cases met in {worlds}, {met['days']} days, {met['ticks']} ticks")
    for name, case in ASKED_FOR.items():
        terminalreporter.write_line(f"{met[case]:8} {name}", bold=True)
    terminalreporter.write_line("")
    for case, number in sorted(met.items(), key=lambda each: -each[1]):
        terminalreporter.write_line(f"{number:8} {case}")
    if rare := too_rare(met):
        terminalreporter.write_line(f"met too rarely: {', '.join(rare)}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of a thousand worlds that hardly met a case has not tried it, and fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and too_rare(_met(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def too_rare(met: Counter[str]) -> list[str]:
    """The cases that were met too rarely for so many worlds, each with its number and the least."""
    if met["worlds"] < ENOUGH:
        return []
    leasts = {case: max(1, least * met["worlds"] // 1000) for case, least in WANTED.items()}
    return [f"{case} ({met[case]} of {least})" for case, least in leasts.items() if met[case] < least]


def _met(reporter: pytest.TerminalReporter) -> Counter[str]:
    met = Counter[str]()
    for report in reporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", []):
            if name == "met" and getattr(report, "when", "") == "call":
                met += Counter(json.loads(value))
    return met
