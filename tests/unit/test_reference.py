"""docs/campaigns.md is what the code says about itself."""

from pathlib import Path

from nurture.campaign.reference import reference
from nurture.condition import OPERATORS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "campaigns.md"


def test_the_page_is_what_the_code_writes() -> None:
    assert PAGE.read_text(encoding="utf-8") == reference(), (
        "run: python -m nurture.campaign.reference > docs/campaigns.md"
    )


def test_every_operator_stands_on_the_page_with_its_example() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [each.word for each in OPERATORS.values() if f"`{each.example}`" not in page] == []
