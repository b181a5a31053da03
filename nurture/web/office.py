"""What every endpoint is given: the database, its one writer, the settings, the clock and the counters."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Engine

from nurture.clock import Clock
from nurture.config import Settings
from nurture.delivery.writer import Writer

Health = Callable[[], float | None]
"""Seconds since the last tick of planning ended; None before the first."""
Reply = Callable[[str, str], Awaitable[None]]
"""Answers a chat: reply token and text. It may raise; the answer is then lost, and nothing else."""


@dataclass(frozen=True)
class Counters:
    """What is counted for the metrics."""

    opt_outs: Counter
    """By `source`: link, one-click, line."""
    events: Counter
    """LINE events acted on, by `result`."""
    refused: Counter
    """Requests turned away, by `reason`."""


@dataclass(frozen=True)
class Office:
    """One per app."""

    engine: Engine
    settings: Settings
    clock: Clock
    writer: Writer
    """The process's one writer: an opt-out waits for the commit under way, never for the database's lock."""
    health: Health
    registry: CollectorRegistry
    reply: Reply
    bot: str
    """User id of the LINE bot, empty when it is not known."""
    counters: Counters


def make_counters(registry: CollectorRegistry) -> Counters:
    """Registers the counters; once a registry."""
    return Counters(
        Counter("nurture_opt_outs", "Opt-outs taken", ["source"], registry=registry),
        Counter("nurture_line_events", "LINE events acted on", ["result"], registry=registry),
        Counter("nurture_web_refused", "Requests turned away", ["reason"], registry=registry),
    )
