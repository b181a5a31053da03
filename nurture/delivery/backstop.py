"""The backstop's word: what the database refused stops its campaign at once, whatever went well before."""

from datetime import datetime

import structlog
from sqlalchemy import Connection

from nurture.store import pause
from nurture.store.alarming import raise_alarm

log = structlog.get_logger()


def report_backstop(connection: Connection, campaign: str, check: str, now: datetime) -> None:
    """The database refused what the code in front of it let pass: the campaign stops, and a person must look."""
    pause(connection, f"campaign:{campaign}", f"backstop {check}", now)
    raise_alarm(connection, "backstop", campaign, {"check": check}, now)
    log.error("backstop", campaign=campaign, check=check)
