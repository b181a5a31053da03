"""The front desk: the commands. Everything is built and wired here; how anything is done lies in the rooms behind.

stdout is data, stderr is talk. Exit status: 0 done, 1 the input is wrong, 2 usage, 3 something outside failed.
"""

import os
import sys
import warnings
from collections.abc import Mapping, Sequence

from nurture.clock import Clock, system_clock
from nurture.collector import set_out

from .answering import answer


def main() -> None:
    """The `nurture` command: this process's arguments, environment and clock."""
    if not sys.warnoptions and "--debug" not in sys.argv:
        # What a library wants to tell its programmers is nothing to an owner.
        warnings.simplefilter("ignore")
    set_out()
    raise SystemExit(run(sys.argv[1:], os.environ, system_clock()))


def run(arguments: Sequence[str], environment: Mapping[str, str], clock: Clock) -> int:
    """One command from its arguments to its exit status; it writes to this process's stdout and stderr."""
    return answer(arguments, environment, clock)
