"""The clock: the only place where wall time, boot time and sleeping are read; everything else is handed a `now`."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Clock:
    """Three readings, made once in the command line and handed down; tests hand in their own."""

    now: Callable[[], datetime]
    """The wall clock, timezone-aware UTC."""
    boottime: Callable[[], float]
    """Seconds since boot, suspended time included, so that a step of the wall clock can be noticed."""
    sleep: Callable[[float], Awaitable[None]]
    """Waits the given seconds without blocking the event loop."""


def system_clock() -> Clock:
    """The machine's own clock."""
    return Clock(now=lambda: datetime.now(UTC), boottime=_boottime, sleep=asyncio.sleep)


def _boottime() -> float:
    source = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(source)
