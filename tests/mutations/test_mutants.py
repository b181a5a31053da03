"""The rules that `python -m tests.mutations` takes away are still written where it looks for them."""

import pytest

from tests.simulation.figures import ROOT

from .mutants import MUTANTS, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.rule)
def test_a_rule_stands_in_the_engine_once(mutant: Mutant) -> None:
    assert (ROOT / "nurture" / mutant.file).read_text("utf-8").count(mutant.old) == 1
    assert (ROOT / mutant.tests).is_file()
