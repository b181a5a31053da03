"""The store: the tables, how a database is opened and upgraded, and the one way in which a customer changes."""

from nurture.store.engine import PlanningConnection, open_engine, planning, reading, writing
from nurture.store.migrations import current_revision, needs_upgrade, upgrade

__all__ = [
    "PlanningConnection",
    "current_revision",
    "needs_upgrade",
    "open_engine",
    "planning",
    "reading",
    "upgrade",
    "writing",
]
