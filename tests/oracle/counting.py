"""Hooks for pytest: what the worlds of the long run met, over all workers, printed and held against the least."""

import json
from collections import Counter

import pytest

WANTED = {
    "planned": 2000,
    "sent": 1000,
    "moved": 200,
    "capped": 150,
    "outranked": 100,
    "outside_window": 500,
    "paused": 50,
    "over_quota": 100,
    "other channel": 20,
    "on_hold": 100,
    "no_address": 100,
    "no_consent": 100,
    "suppressed": 100,
    "left_audience": 100,
    "incomplete": 100,
    "held_out": 100,
    "dropped": 50,
    "expired": 200,
    "cancelled": 100,
    "closed": 50,
    "exited": 50,
    "removed": 20,
    "day of a clock change": 50,
    "window over midnight": 50,
    "29 February": 30,
    "entered": 100,
    "anniversary": 100,
    "schedule": 100,
    "transactional": 50,
    "shared inbox": 100,
}
"""Case → how often a thousand worlds must meet it."""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints the cases that the worlds met, and names those that were met too rarely."""
    worlds, met = _met(terminalreporter)
    if not worlds:
        return
    terminalreporter.section(f"cases met in the worlds ({worlds} runs of twenty)")
    for case, number in sorted(met.items(), key=lambda each: -each[1]):
        terminalreporter.write_line(f"{number:8} {case}")
    if rare := _rare(worlds, met):
        terminalreporter.write_line(f"met too rarely: {', '.join(rare)}", red=True)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run of a thousand worlds that hardly met a case has not tried it, and fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and _rare(*_met(reporter)):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def _met(reporter: pytest.TerminalReporter) -> tuple[int, Counter[str]]:
    worlds, met = 0, Counter[str]()
    for report in reporter.stats.get("passed", []):
        for name, value in getattr(report, "user_properties", []):
            if name == "met" and getattr(report, "when", "") == "call":
                worlds, met = worlds + 1, met + Counter(json.loads(value))
    return worlds, met


def _rare(worlds: int, met: Counter[str]) -> list[str]:
    return [f"{case} ({met[case]} of {least})" for case, least in WANTED.items() if worlds >= 50 and met[case] < least]
