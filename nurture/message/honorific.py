"""How a customer is addressed: 様, 御中 and their kin, never twice. Titles of other languages are not known here."""

from dataclasses import dataclass

from nurture.rules.variables import BLANKS

FOR_COMPANIES = "御中"
UNNAMED = {"ja": "お客様", "en": "Customer"}
ALREADY = ("様", "さま", "さん", "ちゃん", "先生", FOR_COMPANIES)
"""A name that ends so is addressed already. 殿 is not among them: 鵜殿 is a family name."""


@dataclass(frozen=True)
class Names:
    """What is known of how a customer is named; every text may be empty."""

    name: str = ""
    """Full name as the shop writes it."""
    family_name: str = ""
    given_name: str = ""
    company: str = ""
    """The account's name."""
    is_company: bool = False
    """The customer is the firm itself."""


def called(names: Names, honorific: str, language: str) -> str:
    """「山田様」「株式会社山田 御中」「お客様」; in English the bare name, or `Customer`."""
    if language == "en":
        full = " ".join(filter(None, (names.given_name.strip(BLANKS), names.family_name.strip(BLANKS))))
        return names.name.strip(BLANKS) or full or names.company.strip(BLANKS) or UNNAMED["en"]
    name = names.name.strip(BLANKS)
    person = names.family_name.strip(BLANKS) or ("" if names.is_company else name or names.given_name.strip(BLANKS))
    if person:
        return with_honorific(person, honorific)
    firm = names.company.strip(BLANKS) or name
    return with_honorific(firm, FOR_COMPANIES) if firm else UNNAMED["ja"]


def with_honorific(name: str, honorific: str) -> str:
    """The name with the honorific behind it, once; a space keeps it off names with spaces and Latin ones."""
    name = name.strip(BLANKS)
    if not name or name.endswith(ALREADY):
        return name
    apart = honorific == FOR_COMPANIES or name[-1].isascii() or any(blank in name for blank in BLANKS)
    return f"{name} {honorific}" if apart else f"{name}{honorific}"
