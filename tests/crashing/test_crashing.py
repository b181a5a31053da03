"""Death at every point of a scene; `make test` tries some of them, `python -m tests.crashing` each."""

import gc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from .scene import Ended, Scene

Play = Callable[[int | None], Ended]


@pytest.fixture
def play(engine: Engine, tmp_path: Path) -> Iterator[Play]:
    yield lambda point: Scene(engine, tmp_path, point).run()
    gc.collect()  # the connections of the dead, while it is still clear whose they were


def test_without_a_death_everybody_is_written_to_once(play: Play) -> None:
    ended = play(None)
    assert ended.violations == []
    assert set(ended.statuses) == {"sent"}
    assert sum(1 for each in ended.points if "commit" in each) > 8
    assert any(each.startswith("after writing b'MAIL") for each in ended.points)


# Who dies closes no connection, and the driver says so.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("share", [0.3, 0.6, 0.8, 0.9])
def test_a_death_on_the_way_costs_nobody_a_message(play: Play, share: float) -> None:
    assert play(round(share * 60)).violations == []
