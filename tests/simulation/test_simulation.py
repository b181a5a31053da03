"""Some thirty days of worlds in which much goes wrong, each run in a process of its own, as a replay would be."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulation", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("first", [1, 4])
def test_every_promise_is_kept_in_these_worlds(first: int) -> None:
    done = run("--seeds", str(first), str(first + 3), "--days", "6")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("seed ") == 3


def test_a_seed_is_replayed_to_the_last_byte() -> None:
    one, other = (run("7", "--days", "1").stdout.split()[-1] for _ in range(2))
    assert one == other


def test_in_a_world_without_faults_nothing_is_in_doubt() -> None:
    done = run("3", "--days", "2", "--level", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "unknown" not in done.stdout
