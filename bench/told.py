"""Figures of ticks beside their goals, from what a process of its own measured."""

from functools import lru_cache
from statistics import median

from .figure import Figure
from .ticking import Ticked, ticked

MILLION = 1_000_000
SECONDS, MEGABYTES, MICROSECONDS, WRITE_MS, IDLE_MS, GROWTH = 60, 400, 20, 100, 300, 2
"""Goals: twenty campaigns at a million customers; placing a candidate; a write transaction; an idle tick."""


def big_tick(url: str, customers: int) -> list[Figure]:
    """Twenty campaigns due at once, and their commit."""
    found, database = _ticked(url), url.partition("+")[0].partition(":")[0]
    whole = customers >= MILLION
    times = " ".join(f"{each:.1f}" for each in found.plan_seconds)
    rows = f"{found.candidates:,} candidates, {found.opened:,} opened"
    candidates = f"median of {times}; {rows}; {median(found.plan_cpu):.1f} s of processor"
    each, spent = (seconds / found.placed * 1e6 for seconds in (found.place_seconds, found.place_cpu))
    placing = f"{found.placed:,} placed, by the clock; {spent:.1f} µs of processor, the second process included"
    commit = f"{found.transactions} transactions; {found.commit_cpu:.1f} s of processor"
    return [
        Figure(
            "twenty campaigns due at once: plan",
            median(found.plan_seconds),
            "s",
            database,
            SECONDS if whole else None,
            note=candidates,
        ),
        Figure("placing a candidate", each, "µs", database, MICROSECONDS, note=placing),
        Figure("peak memory of plan and commit", found.peak_mb, "MB", database, MEGABYTES if whole else None),
        Figure("commit", found.commit_seconds, "s", database, note=commit),
        Figure("longest write transaction", found.longest_write_ms, "ms", database, WRITE_MS),
    ]


def idle_ticks(worlds: list[tuple[int, str]]) -> list[Figure]:
    """A tick with nothing to do at each size, and how it grows with the customers."""
    figures, times = [], []
    for size, url in worlds:
        found, database = _ticked(url), url.partition("+")[0].partition(":")[0]
        if not found.idle_ms:
            continue
        times.append(median(found.idle_cpu_ms))
        note = f"{found.idle_statements} statements; processor {times[-1]:.0f} ms; {len(found.idle_ms)} ticks"
        goal = IDLE_MS if size >= MILLION else None
        figures.append(Figure(f"idle tick, {size:,} customers", median(found.idle_ms), "ms", database, goal, note=note))
    if len(times) > 1:
        what = "idle tick, ten times the customers, processor"
        figures.append(Figure(what, times[-1] / times[-2], "x", database, GROWTH))
    return figures


@lru_cache
def _ticked(url: str) -> Ticked:
    return ticked(url)
