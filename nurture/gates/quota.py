"""The LINE quota in force: what the shop set, narrowed to what LINE itself says is left for us in this month."""

from datetime import datetime

from sqlalchemy import Connection

from nurture.config import Settings
from nurture.store import line_quota
from nurture.zone import period_start, zone_table


def month_of(settings: Settings, now: datetime) -> int:
    """The first instant of the month in the shop's zone, epoch seconds. `now`: aware UTC."""
    return period_start(zone_table(settings.timezone), int(now.timestamp()), "month")


def in_force(connection: Connection, settings: Settings, now: datetime) -> Settings:
    """The settings with that quota; the same object where LINE was never asked, or has no lower one."""
    known, own = line_quota(connection, month_of(settings, now)), settings.line.monthly_quota
    if not settings.line.enabled or known is None or (own is not None and own <= known):
        return settings
    return settings.model_copy(update={"line": settings.line.model_copy(update={"monthly_quota": known})})
