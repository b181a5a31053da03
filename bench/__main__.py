"""`python -m bench`: makes the world once, measures, prints the table; `--write` puts it into docs/benchmarks.md."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.database import PostgresMissing

from .cluster import cluster
from .comparing import compare
from .figure import Figure, table
from .keeping import make_postgres_world, postgres_world, sqlite_world
from .looping import loop
from .report import write
from .told import big_tick, idle_ticks
from .world import World

SEED = 20_261_201
Worlds = Callable[[int], str]
"""Customers → URL of a world of that size."""
Measure = Callable[[Worlds, int, int], list[Figure]]
"""(worlds, customers, rounds) → figures."""

MEASURES: Mapping[str, Measure] = {
    "rules": lambda worlds, customers, rounds: compare(worlds(customers), rounds),
    "loops": lambda worlds, customers, rounds: loop(worlds(customers), customers),
    "tick": lambda worlds, customers, rounds: big_tick(worlds(customers), customers),
    "idle": lambda worlds, customers, rounds: idle_ticks([(size, worlds(size)) for size in _sizes(customers)]),
}


def main() -> int:
    arguments = _arguments()
    chosen = {name: MEASURES[name] for name in arguments.only or MEASURES}
    folder = arguments.keep or Path(tempfile.gettempdir()) / "nurture-bench"
    figures: list[Figure] = []
    load = os.getloadavg()[0]
    for database in arguments.databases:
        try:
            with _worlds(database, folder, arguments.customers, arguments.seed) as worlds:
                for name, measure in chosen.items():
                    _say(f"{database}: {name}")
                    figures += measure(worlds, arguments.customers, arguments.rounds)
        except PostgresMissing as missing:
            _say(f"left out: {missing}")
    print(table(figures))
    if arguments.write:
        write(figures, arguments.customers, arguments.rounds, (load, os.getloadavg()[0]))
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--customers", type=int, default=1_000_000, help="size of the world (default: %(default)s)")
    parser.add_argument("--databases", type=lambda text: text.split(","), default=["sqlite", "postgresql"])
    parser.add_argument("--only", choices=list(MEASURES), action="append", help="measure only this; may be repeated")
    parser.add_argument("--keep", type=Path, help="folder where the worlds are kept (default: below the temporary one)")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of what is compared (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    return parser.parse_args()


@contextmanager
def _worlds(database: str, folder: Path, customers: int, seed: int) -> Iterator[Worlds]:
    if database == "sqlite":
        yield lambda size: sqlite_world(folder / "sqlite", World(size, seed), _say)
        return
    sizes = [World(size, seed) for size in _sizes(customers)]
    with cluster(folder / "postgresql", durable=False) as maintenance:
        for world in sizes:
            if postgres_world(maintenance, world) is None:
                make_postgres_world(maintenance, world, _say)
    with cluster(folder / "postgresql", durable=True) as maintenance:
        yield partial(_kept, maintenance, seed)


def _kept(maintenance: str, seed: int, size: int) -> str:
    found = postgres_world(maintenance, World(size, seed))
    assert found is not None
    return found


def _sizes(customers: int) -> list[int]:
    """The sizes that the idle tick is asked at."""
    return sorted({max(customers // 100, 100), max(customers // 10, 100), customers})


def _say(what: str) -> None:
    print(what, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
