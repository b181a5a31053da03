"""The guide for authors of templates says what the code does, and every text of a mistake can be filled."""

import re
import string
from pathlib import Path

import pytest

from nurture.catalogue.message import TEXTS
from nurture.message.environment import MOST_PASSES
from nurture.message.filters import HARMLESS, OWN
from nurture.rules.variables import VARIABLES

GUIDE = (Path(__file__).parents[2] / "docs" / "templates.md").read_text("utf-8")
ROWS = [[cell.strip() for cell in row.strip("| ").split(" | ")] for row in re.findall(r"^\| `.*$", GUIDE, re.MULTILINE)]


def test_every_variable_is_in_the_guide_with_its_sentence_and_example() -> None:
    told = {row[0].strip("`"): row[1:] for row in ROWS if row[0].strip("`") in VARIABLES}
    assert list(told) == list(VARIABLES)
    for name, variable in VARIABLES.items():
        assert told[name][:2] == [variable.doc, variable.example], name
        assert (told[name][2] == "always") == variable.always, name


def test_the_guide_names_no_variable_that_is_not_there() -> None:
    named = set(re.findall(r"`((?:shop|customer|order|booking|occasion|offer|history)\.[a-z_]+)`", GUIDE))
    assert named == {name for name in VARIABLES if "." in name}


def test_every_filter_is_in_the_guide() -> None:
    told = {row[0].strip("`"): row[1] for row in ROWS}
    assert {name: told.get(name) for name in OWN} == {name: (each.__doc__ or "").strip() for name, each in OWN.items()}
    assert all(f"`{name}`" in GUIDE for name in HARMLESS)
    assert f"{MOST_PASSES:,} passes" in GUIDE


@pytest.mark.parametrize("code", sorted(TEXTS))
def test_both_languages_have_the_same_gaps_and_none_that_can_not_be_filled(code: str) -> None:
    japanese, english = ({gap for _, gap, _, _ in string.Formatter().parse(text) if gap} for text in TEXTS[code])
    assert japanese == english
    assert not japanese & {"key", "language"}, "say() has these arguments itself"
