"""The clock tower: it decides when to look, never who gets what. One process plans, delivers and answers the web."""

from .daemon import Daemon, Shop, Step
from .lock import FileLocked, lock_database
from .postman import read_mailbox, watch_mailbox
from .reload import Watched

__all__ = ["Daemon", "FileLocked", "Shop", "Step", "Watched", "lock_database", "read_mailbox", "watch_mailbox"]
