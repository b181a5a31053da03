"""A hundred days of worlds in which much goes wrong, in processes of their own, as a replay would be."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNS = (("7:1", "1", "2", "3", "4", "5"), ("6", "7", "8", "9", "10", "7:1", "3:2:0"))
"""Ten worlds of ten days; one day of a world that one process begins with and the other comes to after five; and two
days without faults. One process for each processor: to load everything takes it as long as six days of a world."""


@pytest.fixture(scope="module")
def told() -> list[str]:
    """What the processes say of their worlds; they found no promise broken."""
    command = [sys.executable, "-m", "tests.simulation", "--days", "10"]
    begun = [
        subprocess.Popen([*command, *words], cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for words in RUNS
    ]
    said = [each.communicate()[0] for each in begun]
    assert [each.returncode for each in begun] == [0, 0], "".join(said)
    return said


def test_every_promise_is_kept_in_these_worlds(told: list[str]) -> None:
    counted = [int(each) for each in re.findall(r"^seed \d+: (\d+)/10 days", "".join(told), re.MULTILINE)]
    assert len(counted) == 10
    assert min(counted) >= 3, "too little happened in a world for it to prove anything"


def test_a_seed_is_replayed_to_the_last_byte_whatever_ran_before(told: list[str]) -> None:
    at_once, later = ([each for each in said.splitlines() if re.match(r"seed 7: \d/1 days", each)] for said in told)
    assert (len(at_once), len(later)) == (1, 1)
    assert at_once[0].split()[-1] == later[0].split()[-1]


def test_without_faults_nothing_is_in_doubt(told: list[str]) -> None:
    (faultless,) = (each for each in told[1].splitlines() if each.startswith("seed 3:"))
    assert "seed 3: 0/2 days" in faultless
    assert ", 0 faults," in faultless
    assert "unknown" not in faultless
