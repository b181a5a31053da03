"""`python -m tests.simulation SEED …` replays worlds; `--seeds A B --days N` runs many, `--add` adds up their figures.

`SEED:DAYS` and `SEED:DAYS:LEVEL` are a world with days and a level of its own.

A world is its seed, its days and the commit: the same three give the same world, to the last byte.
"""

import argparse
import gc
import os
import sys
import time
import warnings
from importlib import import_module
from typing import TYPE_CHECKING

from .figures import add_up, commit

if TYPE_CHECKING:
    from .simulation import Report

WHAT = "Days of simulated worlds: real planning and delivery, virtual clock, seeded faults; an oracle of its own judges"


def main() -> int:
    """Exit status 1 where a promise was broken."""
    arguments = _arguments()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets of words is part of a world: without this, a seed would not replay.
        environment = {**os.environ, "PYTHONHASHSEED": "0"}
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], environment)
    # Not before: to load them takes as long as some days of a world, and who begins anew would load them twice.
    from .simulation import simulate

    quieten()
    commit()  # which one it is now: others may go on in this folder
    seeds = map(str, range(*arguments.seeds)) if arguments.seeds else arguments.seed or ["1"]
    broken = 0
    for seed in seeds:
        began = time.process_time()
        report = simulate(*_world(seed, arguments.days, arguments.level))
        _tell(report, time.process_time() - began, verbose=arguments.verbose)
        if arguments.add:
            add_up("simulation", WHAT, figures(report))
        broken += bool(report.violations)
    return broken > 0


def _world(written: str, days: int, level: float) -> tuple[int, int, float]:
    seed, *own = written.split(":")
    return int(seed), int(own[0]) if own else days, float(own[1]) if own[1:] else level


def quieten() -> None:
    """The journal of a thousand daemons is nobody's reading; killed processes leave their sockets unclosed."""
    import structlog

    warnings.simplefilter("ignore", ResourceWarning)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    # No server of a world has a certificate: reading all the machine's anew for each process takes its twentieth part.
    os.environ["SSL_CERT_FILE"] = os.environ["SSL_CERT_DIR"] = os.devnull
    import_module("nurture.channels.line_client")
    gc.set_threshold(100_000, 20, 100)
    gc.freeze()


KINDS = {
    "kills": ("kill",),
    "pauses": ("pause",),
    "clock steps": ("clock_step",),
    "sleeps of three days": ("three_days",),
    "database faults": ("db_",),
    "mail server and network faults": ("smtp_", "net_"),
    "LINE faults": ("line_",),
}
"""Faults as the figures add them up: the beginnings of their kinds."""


def figures(report: "Report") -> dict[str, int]:
    """What one world adds to the figures."""
    kinds = {
        name: sum(number for kind, number in report.faults.items() if kind.startswith(beginnings))
        for name, beginnings in KINDS.items()
    }
    return {
        "seeds": 1,
        "days": report.days,
        "counted days": report.counted,
        "fences": report.fences,
        "faults": report.faults.total(),
        **kinds,
        "messages left unknown": report.statuses["unknown"],
        "violations": len(report.violations),
    }


def _tell(report: "Report", spent: float, *, verbose: bool) -> None:
    from .simulation import DAY

    days = report.moment / DAY
    told = f"seed {report.seed}: {report.counted}/{report.days} days, {report.fences} fences"
    told += f", {report.faults.total()} faults, {spent / days:.2f} s a day, {dict(report.statuses)} {report.trace}"
    _say(told)
    if verbose:
        _say(str(dict(sorted(report.faults.items()))))
    for each in report.violations:
        _say(f"   {each}")
    if report.violations:
        _say(f"   again: python -m tests.simulation {report.seed} --days {report.days}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", nargs="*", help="1 if none is given")
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("A", "B"), help="from A to before B")
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--level", type=float, default=1.0, help="0 = nothing goes wrong, 1 = much does")
    parser.add_argument("--add", action="store_true", help="add the figures to figures/simulation.json")
    parser.add_argument("--verbose", action="store_true", help="faults by kind")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
