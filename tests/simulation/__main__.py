"""`python -m tests.simulation SEED` replays one world; `--seeds A B --days N` runs many and adds up the figures."""

import argparse
import os
import sys
import time
import warnings

import structlog


def main() -> int:
    arguments = _arguments()
    if os.environ.get("PYTHONHASHSEED") != "0":
        # The order of sets of words is part of a world: without this, a seed would not replay.
        os.execve(sys.executable, [sys.executable, "-m", "tests.simulation", *sys.argv[1:]], _environment())
    warnings.simplefilter("ignore", ResourceWarning)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    from .simulation import simulate

    seeds = range(*arguments.seeds) if arguments.seeds else [arguments.seed]
    broken = 0
    for seed in seeds:
        began = time.process_time()
        report = simulate(seed, arguments.days, arguments.level)
        spent = time.process_time() - began
        print(
            f"seed {seed}: {report.counted}/{report.days} days, {report.fences} fences,"
            f" {report.faults.total()} faults, {spent / report.days:.2f} s a day, {dict(report.statuses)} {report.trace}"
        )
        if arguments.verbose:
            print(dict(sorted(report.faults.items())))
        for each in report.violations:
            print("  ", each)
        broken += bool(report.violations)
    return broken > 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("seed", type=int, nargs="?", default=1)
    parser.add_argument("--seeds", type=int, nargs=2, metavar=("A", "B"))
    parser.add_argument("--days", type=int, default=10)
    parser.add_argument("--level", type=float, default=1.0, help="0 = nothing goes wrong")
    parser.add_argument("--verbose", action="store_true")
    return parser.parse_args()


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONHASHSEED": "0"}


if __name__ == "__main__":
    sys.exit(main())
