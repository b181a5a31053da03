"""`python -m tests.crashing`: the scene dies at each of its points, on both databases."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from sqlalchemy import Engine

from nurture.store import open_engine, upgrade
from tests.database import PostgresMissing, postgres_server
from tests.simulation.__main__ import quieten
from tests.simulation.figures import write
from tests.simulation.storage import empty, folder

from .scene import Ended, Scene

Fresh = Callable[[Path], Iterator[Engine]]


def main() -> int:
    """Exit status 1 where something was lost, doubled or left hanging."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, "-m", "tests.crashing"], {**os.environ, "PYTHONHASHSEED": "0"})
    quieten()
    figures: Counter[str] = Counter()
    points = _each_point("SQLite", _sqlite, figures)
    try:
        with postgres_server() as server:

            @contextmanager
            def postgres(_: Path) -> Iterator[Engine]:
                url = server.copy_of(upgrade)
                engine = open_engine(url)
                yield engine
                engine.dispose()
                server.drop(url)

            points += _each_point("PostgreSQL", postgres, figures)
    except PostgresMissing as missing:
        _say(f"left out: {missing}")
    write("crash_points", "A daemon killed at each commit and packet of a scene; another goes on", figures)
    return figures["violations"] > 0


def _each_point(name: str, fresh: Callable[..., object], figures: Counter[str]) -> int:
    with folder() as here:
        whole = _play(fresh, here, None)
    for number, point in enumerate(whole.points):
        with folder() as here:
            ended = _play(fresh, here, number)
        figures[f"points on {name}"] += 1
        figures["messages"] += ended.statuses.total()
        figures["unknown"] += ended.statuses["unknown"]
        figures["violations"] += len(ended.violations)
        for each in ended.violations:
            _say(f"{name}, dead {point} ({number}): {each}")
    _say(f"{name}: {len(whole.points)} points")
    return len(whole.points)


def _play(fresh: Callable[[Path], AbstractContextManager[Engine]], here: Path, point: int | None) -> Ended:
    with fresh(here) as engine:
        return Scene(engine, here, point).run()


@contextmanager
def _sqlite(here: Path) -> Iterator[Engine]:
    engine = open_engine(empty(here / "nurture.db"))
    yield engine
    engine.dispose()


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
