"""A process of the shop's: started again whenever it ends, killed, paused, and never left behind.

Its program is loaded once, by a server that forks: a start costs no import, which would be most of what is done.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing import get_context
from multiprocessing.process import BaseProcess
from pathlib import Path

from nurture.cli import run
from nurture.clock import system_clock

ENVIRONMENT = {"NURTURE_SECRET_KEY": "k" * 40}
PRELOADED = ["tests.chaos.servant", "nurture.cli.running", "nurture.cli.wiring", "nurture.daemon", "nurture.web"]
PARENT_DIED = 1
"""PR_SET_PDEATHSIG of prctl(2)."""
PATIENCE = 60
"""Seconds for all of them together to end in good order."""


def nursery() -> None:
    """Has the forking server load the program; before the first servant, and once."""
    get_context("forkserver").set_forkserver_preload(PRELOADED)


@dataclass
class Servant:
    """One of them."""

    folder: Path
    """The shop's."""
    words: tuple[str, ...]
    """The command."""
    journal: Path
    """Where it writes what it says."""
    process: BaseProcess | None = None
    stopped_until: float = field(default=0.0, init=False)

    @property
    def pid(self) -> int | None:
        """Of the process that runs, None where none does."""
        return self.process.pid if self.process is not None and self.process.is_alive() else None

    def keep(self) -> None:
        """Starts it if it isn't running, and lets it go on if its pause is over."""
        if self.pid is None:
            arguments = ("--folder", str(self.folder), *self.words)
            self.process = get_context("forkserver").Process(target=_serve, args=(arguments, self.journal))
            self.process.start()
            self.stopped_until = 0
        elif self.stopped_until and time.monotonic() > self.stopped_until:
            self._tell(signal.SIGCONT)
            self.stopped_until = 0

    def pause(self, seconds: float) -> None:
        self._tell(signal.SIGSTOP)
        self.stopped_until = time.monotonic() + seconds

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.join()

    def _tell(self, what: signal.Signals) -> None:
        if pid := self.pid:
            os.kill(pid, what)

    def ask(self) -> None:
        """Asks it to end in good order."""
        self._tell(signal.SIGCONT)
        self._tell(signal.SIGTERM)

    def end(self, deadline: float) -> None:
        """Waits for its end, up to an instant of the monotonic clock."""
        if self.process is not None:
            self.process.join(max(deadline - time.monotonic(), 0.1))
            self.kill()


def end_all(servants: Sequence[Servant]) -> None:
    """Ends them all, in good order where they can."""
    for each in servants:
        each.ask()
    deadline = time.monotonic() + PATIENCE
    for each in servants:
        each.end(deadline)


def _serve(arguments: Sequence[str], journal: Path) -> None:
    """What a servant does; it dies with the server that forked it, even if nobody could tell it to."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PARENT_DIED, signal.SIGKILL)
    said = os.open(journal, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.dup2(said, 1)
    os.dup2(said, 2)
    raise SystemExit(run(arguments, {**os.environ, **ENVIRONMENT}, system_clock()))
