"""The clock tower: it decides when to look, never who gets what. One process plans, delivers and answers the web."""

from .daemon import Daemon, Step
from .lock import FileLocked, lock_database

__all__ = ["Daemon", "FileLocked", "Step", "lock_database"]
