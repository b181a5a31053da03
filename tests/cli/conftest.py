"""A shop folder and a front desk for tests: the real commands, in this process, at a fixed time."""

import io
import shutil
from collections.abc import Callable, Mapping
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nurture.cli import run
from nurture.clock import Clock

SUNDAY = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
"""Sunday noon in Japan."""


@dataclass(frozen=True)
class Answer:
    """What a command gave and said."""

    status: int
    out: str
    err: str


Nurture = Callable[..., Answer]


def clock_at(now: datetime) -> Clock:
    """A clock that stands still."""

    async def sleep(seconds: float) -> None:
        raise AssertionError("nothing here waits")

    return Clock(now=lambda: now, boottime=lambda: 0.0, sleep=sleep)


@pytest.fixture
def nurture(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Nurture:
    """Runs `nurture …` in the folder that was changed to."""
    monkeypatch.setenv("COLUMNS", "120")

    def call(*arguments: object, now: datetime = SUNDAY, environment: Mapping[str, str] | None = None) -> Answer:
        capsys.readouterr()
        status = run([str(each) for each in arguments], environment or {}, clock_at(now))
        given = capsys.readouterr()
        assert "Traceback" not in given.out + given.err
        return Answer(status, given.out, given.err)

    return call


@pytest.fixture(scope="session")
def made_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop as `init` makes it, with the sample in its database; made once."""
    folder = tmp_path_factory.mktemp("made") / "shop"
    assert run(["init", str(folder)], {}, clock_at(SUNDAY)) == 0
    assert run(["sample", "--folder", str(folder)], {}, clock_at(SUNDAY)) == 0
    return folder


@pytest.fixture
def sample_shop(made_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that shop, which is also the present folder."""
    folder = tmp_path / "shop"
    shutil.copytree(made_shop, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def empty_shop(made_shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same without a database."""
    folder = tmp_path / "shop"
    shutil.copytree(made_shop, folder, ignore=shutil.ignore_patterns("nurture.db*"))
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture(scope="session")
def sample_preview(made_shop: Path) -> Answer:
    """What `preview` says in that shop on Sunday; it takes two seconds, and changes nothing."""
    with (
        chdir(made_shop),
        pytest.MonkeyPatch.context() as patch,
        redirect_stdout(io.StringIO()) as out,
        redirect_stderr(io.StringIO()) as err,
    ):
        patch.setenv("COLUMNS", "120")
        status = run(["preview"], {}, clock_at(SUNDAY))
    return Answer(status, out.getvalue(), err.getvalue())


def rewrite(path: Path, old: str, new: str) -> None:
    """Replaces text in a file that must hold it."""
    text = path.read_text("utf-8")
    assert old in text, f"{path} does not hold {old!r}"
    path.write_text(text.replace(old, new), "utf-8")
