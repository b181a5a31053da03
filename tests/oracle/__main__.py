"""Runs generated worlds: `python -m tests.oracle SEED [LAST] [--small] [--database URL] [--trace]`."""

import argparse
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from nurture.store import open_engine, upgrade

from .harness import Different
from .looking import describe
from .world import Size, World

SIZES = {"small": Size(10, 4, 5), "large": Size()}
"""As in tests/planning/test_worlds.py."""


def main() -> int:
    """Gives 1 where the planners disagree."""
    options = _options()
    met: Counter[str] = Counter()
    failed, started = 0, time.monotonic()
    for seed in range(options.seed, (options.last or options.seed) + 1):
        with tempfile.TemporaryDirectory() as folder:
            found = _run(seed, options, Path(folder))
        if isinstance(found, Counter):
            met += found
        else:
            failed += 1
            if not options.go_on:
                break
    cases = ", ".join(f"{case} {number}" for case, number in met.most_common())
    sys.stdout.write(f"{cases}\n{failed} failed, {time.monotonic() - started:.1f} s\n")
    return int(failed > 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.oracle")
    parser.add_argument("seed", type=int)
    parser.add_argument("last", type=int, nargs="?", help="the last of a range of seeds")
    parser.add_argument("--database", help="URL of an empty database; default: a new SQLite file")
    parser.add_argument("--small", action="store_true", help="a world of `make test`, not of `make worlds`")
    parser.add_argument("--trace", action="store_true", help="shows the people concerned, and what the planner decided")
    parser.add_argument("--go-on", action="store_true", help="does not stop at the first world that fails")
    return parser.parse_args()


def _run(seed: int, options: argparse.Namespace, folder: Path) -> Counter[str] | None:
    url = options.database or f"sqlite:///{folder}/nurture.db"
    upgrade(url)
    engine = open_engine(url)
    world = World(seed, engine, folder, SIZES["small" if options.small else "large"])
    world.harness.trace = options.trace
    try:
        return world.run()
    except Different as found:
        sys.stdout.write(f"{found}\n{describe(world, found.customers) if options.trace else ''}\n")
        sys.stdout.flush()
        return None
    finally:
        engine.dispose()


if __name__ == "__main__":
    sys.exit(main())
