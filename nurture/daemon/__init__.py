"""The clock tower: it decides when to look, never who gets what. One process plans, delivers and answers the web."""

from .account import LineAccountWatch
from .daemon import Daemon, Errand, Shop, Step
from .evening import Evening
from .lock import FileLocked, lock_database
from .postman import read_mailbox, watch_mailbox
from .reload import Watched
from .tidying import Tidying

__all__ = [
    "Daemon",
    "Errand",
    "Evening",
    "FileLocked",
    "LineAccountWatch",
    "Shop",
    "Step",
    "Tidying",
    "Watched",
    "lock_database",
    "read_mailbox",
    "watch_mailbox",
]
