"""What stops a campaign at once, whatever it did before; how many faults are too many is counted in the ledger."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from nurture.store import pause
from nurture.store.alarming import raise_alarm

log = structlog.get_logger()
BROKEN = "sender failed"
"""Reason of an outcome that a bug of a connection left open."""


def report_backstop(connection: Connection, campaign: str, check: str, now: datetime) -> None:
    """The database refused what the code in front of it let pass: the campaign stops, and a person must look."""
    pause(connection, f"campaign:{campaign}", f"backstop {check}", now)
    raise_alarm(connection, "backstop", campaign, {"check": check}, now)
    log.error("backstop", campaign=campaign, check=check)
