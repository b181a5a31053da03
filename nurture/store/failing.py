"""Failing: what a campaign's last messages came to, whichever process sent them, and the pause after too many faults.

Counted in the ledger when a fault is written and not before: what goes well costs nothing, all workers count together,
and a restart forgets nothing. What was before the campaign was last resumed counts no more.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog
from sqlalchemy import Connection, and_, func, or_, select

from nurture.store.alarming import raise_alarm
from nurture.store.among import among
from nurture.store.pausing import pause
from nurture.store.tables import Pause, Touch, TouchLog, table

log = structlog.get_logger()
LOG, PAUSE, TOUCH = table(TouchLog), table(Pause), table(Touch)
Fault = Literal["bug", "template", "refused", "unknown", "complaint"]
"""`bug`: our program raised; `template`: no message could be written; `refused`: for good, by the receiving side, at
once or by a report; `unknown`: nobody knows whether it arrived; `complaint`: its reader called it spam."""
COMPLAINT = "complaint"
"""Verdict of the log's line about a complaint."""
BOUNCED = "bounced"
"""Begins the verdict of the log's line about a mail that came back after it was taken."""
RECENT: dict[Fault, int] = {"bug": 100, "template": 100, "refused": 100, "unknown": 100, "complaint": 1_000}
"""So many messages of a campaign are looked at."""
ALLOWED: dict[Fault, int] = {"bug": 0, "template": 4, "refused": 9, "unknown": 9, "complaint": 2}
"""How many of them may be of a kind. Mail providers may suspend who has a tenth come back; Gmail wants to see less than
three complaints in a thousand (support.google.com/a/answer/81126)."""
LINES = 10_000
"""Lines of the log that are read at most: a campaign that hardly sends is judged by less."""

COMPLAINT_LINES = 1_000_000
"""The same for complaints, which are rare and late: a newsletter writes many lines before the first comes."""


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


def note_fault(connection: Connection, campaign: str, fault: Fault, why: str, now: datetime) -> bool:
    """Pauses the campaign where the fault, written in this transaction, is one too many; True where it is paused."""
    if ALLOWED[fault] == 0:
        return _stop(connection, Trip(campaign, fault, why, 1, 1), now)
    since = _resumed_at(connection, campaign)
    counted = _complaints if fault == "complaint" else _outcomes
    failed, count = counted(connection, campaign, fault, since)
    return failed > ALLOWED[fault] and _stop(connection, Trip(campaign, fault, why, failed, count), now)


def _stop(connection: Connection, trip: Trip, now: datetime) -> bool:
    about = {"fault": trip.fault, "why": trip.why, "failed": trip.failed, "count": trip.count}
    if pause(connection, f"campaign:{trip.campaign}", f"{trip.fault} {trip.why} ({trip.failed}/{trip.count})", now):
        raise_alarm(connection, "breaker", trip.campaign, about, now)
        log.error("campaign_paused", campaign=trip.campaign, **about)
    return True


def _resumed_at(connection: Connection, campaign: str) -> datetime | None:
    ended = select(func.max(PAUSE.c.ended_at)).where(PAUSE.c.scope == f"campaign:{campaign}")
    found: datetime | None = connection.scalar(ended)
    return found


def _outcomes(connection: Connection, campaign: str, fault: Fault, since: datetime | None) -> tuple[int, int]:
    newest = connection.scalar(select(func.max(LOG.c.id))) or 0
    ended = or_(LOG.c.status.in_(("sent", "failed", "unknown")), LOG.c.verdict == "next_channel")
    found = (
        select(LOG.c.status, LOG.c.verdict)
        .select_from(LOG.join(TOUCH, TOUCH.c.id == LOG.c.touch_id))
        .where(LOG.c.id > newest - LINES, TOUCH.c.campaign == campaign, ended, LOG.c.verdict != COMPLAINT)
    )
    if since is not None:
        found = found.where(LOG.c.logged_at > since)
    said = [_fault(*row) for row in connection.execute(found.order_by(LOG.c.id.desc()).limit(RECENT[fault]))]
    return said.count(fault), len(said)


def _fault(status: str, verdict: str) -> Fault | None:
    """What a line of the log says of the campaign; a lease that ran out and a person's word say nothing."""
    first = verdict.partition(" ")[0]
    if status == "unknown" and verdict == "unknown":
        return "unknown"
    if first == BOUNCED:
        return None if status == "failed" else "refused"  # what was in doubt has a line of its own
    if first in ("bug", "template"):
        return "bug" if first == "bug" else "template"
    refused = verdict == "next_channel" or (status == "failed" and verdict.endswith((" address", " message")))
    return "refused" if refused or (status == "failed" and first == "failed") else None


def _complaints(connection: Connection, campaign: str, fault: Fault, since: datetime | None) -> tuple[int, int]:
    """Complaints told since the oldest of the newest mails left, whichever mail they are about: they come days later,
    when a newsletter's thousand newest mails are others."""
    sent = and_(TOUCH.c.campaign == campaign, TOUCH.c.status == "sent", TOUCH.c.channel == "email")
    newest: Any = select(TOUCH.c.at).where(sent, TOUCH.c.at.is_not(None)).order_by(TOUCH.c.at.desc())
    times = list(connection.scalars(newest.limit(RECENT[fault])))
    last = connection.scalar(select(func.max(LOG.c.id))) or 0
    # With a DISTINCT SQLite walks through the index of touches, over the whole log.
    said = select(LOG.c.touch_id).where(LOG.c.id > last - COMPLAINT_LINES, LOG.c.verdict == COMPLAINT)
    if len(times) == RECENT[fault]:
        said = said.where(LOG.c.logged_at >= times[-1])
    if since is not None:
        said = said.where(LOG.c.logged_at > since)
    about = and_(among(TOUCH.c.id, sorted(set(connection.scalars(said)))), TOUCH.c.campaign == campaign)
    return connection.scalar(select(func.count()).select_from(TOUCH).where(about)) or 0, len(times)
