"""A hundred days of worlds in which much goes wrong, in processes of their own, as a replay would be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
WORLDS = ((1, 2, 3, 4, 5), (6, 7, 8, 9, 10))
"""Ten days each. One process for each processor: to load everything takes it as long as six days of a world."""


def run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.simulation", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.mark.parametrize("seeds", WORLDS, ids=lambda seeds: "and".join(map(str, seeds)))
def test_every_promise_is_kept_in_these_worlds(seeds: tuple[int, ...]) -> None:
    done = run(*map(str, seeds), "--days", "10")
    assert done.returncode == 0, done.stdout + done.stderr
    counted = [int(each) for each in re.findall(r"^seed \d+: (\d+)/10 days", done.stdout, re.MULTILINE)]
    assert len(counted) == len(seeds)
    assert min(counted) >= 3, "too little happened in a world for it to prove anything"


def test_a_seed_is_replayed_to_the_last_byte_whatever_ran_before_and_without_faults_nothing_is_in_doubt() -> None:
    """Both in one test, as they share a process."""
    alone, behind = run("7:1"), run("5:1", "7:1", "3:2:0")
    assert (alone.returncode, behind.returncode) == (0, 0), behind.stdout + behind.stderr
    _, replayed, faultless = behind.stdout.splitlines()
    assert alone.stdout.split()[-1] == replayed.split()[-1]
    assert "seed 3: 0/2 days" in faultless
    assert ", 0 faults," in faultless
    assert "unknown" not in faultless
