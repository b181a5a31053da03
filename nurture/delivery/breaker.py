"""The circuit breaker: a campaign whose messages fail by our own fault is paused before it loses all its customers.

What is kept is the recent outcomes of each campaign in this process; each worker trips by what it saw itself.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog
from sqlalchemy import Connection

from nurture.channels.outcome import Accepted, Outcome, Rejected, Unknown
from nurture.store import pause
from nurture.store.alarming import raise_alarm

log = structlog.get_logger()
Fault = Literal["bug", "template", "refused", "unknown"]
"""`bug`: our program raised; `template`: no message could be written; `refused`: for good, by the receiving side."""
RECENT = 100
"""Outcomes of a campaign that are remembered."""
BROKEN = "sender failed"
"""Reason of an outcome that a bug of a connection left open."""
ALLOWED: dict[Fault, int] = {"bug": 0, "template": 4, "refused": 9, "unknown": 9}
"""How many of the recent outcomes may be of a kind. Mail providers may suspend who has a tenth come back."""


@dataclass(frozen=True)
class Trip:
    """Why a campaign is paused."""

    campaign: str
    fault: Fault
    why: str
    """The last failure: template and line, or the receiver's code; no personal data."""
    failed: int
    """Outcomes of this kind among the recent ones."""
    count: int
    """How many recent outcomes there are."""


class Breaker:
    """One a worker."""

    def __init__(self) -> None:
        self._recent: dict[str, deque[Fault | None]] = {}

    def note(self, campaign: str, fault: Fault | None, why: str = "") -> Trip | None:
        """Takes one outcome, None = nothing was wrong; gives the reason to pause the campaign, at most once for it."""
        recent = self._recent.setdefault(campaign, deque(maxlen=RECENT))
        recent.append(fault)
        if fault is None or (failed := recent.count(fault)) <= ALLOWED[fault]:
            return None
        trip = Trip(campaign, fault, why, failed, len(recent))
        recent.clear()
        return trip

    def note_outcome(self, campaign: str, outcome: Outcome) -> Trip | None:
        """As `note`, from what a channel answered. What was refused for now, or for all alike, says nothing."""
        if isinstance(outcome, Accepted):
            return self.note(campaign, None)
        if isinstance(outcome, Unknown):
            return self.note(campaign, "bug" if outcome.reason == BROKEN else "unknown", outcome.reason)
        if isinstance(outcome, Rejected) and outcome.scope in ("message", "address"):
            return self.note(campaign, "refused", outcome.code)
        return None


def pause_campaign(connection: Connection, trip: Trip, now: datetime) -> None:
    """Pauses the campaign until a person resumes it, with an alarm, in the caller's write transaction."""
    reason = f"{trip.fault} {trip.why} ({trip.failed}/{trip.count})"
    pause(connection, f"campaign:{trip.campaign}", reason, now)
    about = {"fault": trip.fault, "why": trip.why, "failed": trip.failed, "count": trip.count}
    raise_alarm(connection, "breaker", trip.campaign, about, now)
    log.error("campaign_paused", campaign=trip.campaign, **about)


def report_backstop(connection: Connection, campaign: str, check: str, now: datetime) -> None:
    """The database refused what the code in front of it let pass: the campaign stops, and a person must look."""
    pause(connection, f"campaign:{campaign}", f"backstop {check}", now)
    raise_alarm(connection, "backstop", campaign, {"check": check}, now)
    log.error("backstop", campaign=campaign, check=check)
