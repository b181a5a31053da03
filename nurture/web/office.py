"""What every endpoint is given: the database, its one writer, the settings, the clock and the counters."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy import Engine

from nurture.channels.outcome import Outcome
from nurture.clock import Clock
from nurture.config import Settings
from nurture.delivery.writer import Writer
from nurture.feedback.approving import HeldList

Health = Callable[[], float | None]
"""Seconds since the last tick of planning ended; None before the first."""
Reply = Callable[[str, str], Awaitable[Outcome]]
"""Answers a chat: reply token and text. It is tried once; a lost answer is nothing but a lost answer."""

Listed = Callable[[date], HeldList]
"""What waits for the owner's word until the end of a day; asks the database."""


@dataclass(frozen=True)
class Counters:
    """What is counted for the metrics."""

    opt_outs: Counter
    """By `source`: link, one-click, line."""
    events: Counter
    """LINE events acted on, by `result`."""
    replies: Counter
    """Answers given in the LINE chat, by `result`: answered, lost."""
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
    bot: Callable[[], str]
    """User id of the LINE bot, empty while it is not known."""
    counters: Counters
    held: Listed | None = None
    """None where nobody can be asked: the page of the evening's mail is then unknown."""


def make_counters(registry: CollectorRegistry) -> Counters:
    """Registers the counters; once a registry."""
    return Counters(
        Counter("nurture_opt_outs", "Opt-outs taken", ["source"], registry=registry),
        Counter("nurture_line_events", "LINE events acted on", ["result"], registry=registry),
        Counter("nurture_line_replies", "Answers given in the LINE chat", ["result"], registry=registry),
        Counter("nurture_web_refused", "Requests turned away", ["reason"], registry=registry),
    )
