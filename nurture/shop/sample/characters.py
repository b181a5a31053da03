"""How a named character is written down: one line with the name, what they stand for and what they bought."""

from datetime import date
from typing import Any

from nurture.shop.sample import names, spelling
from nurture.shop.sample.names import Name
from nurture.shop.sample.people import Bought, Person

BEAN, ALSO, DRIP, MILL = "BEAN-MINATO", "BEAN-ETHIOPIA", "DRIP-10", "MILL-HAND"


def person(number: int, name: str, stands_for: str, *bought: Bought, **known: Any) -> Person:
    """A customer who, unless `known` says otherwise, has an e-mail address and a phone and wants the newsletter.

    `name` is family and given name three times: as written, in katakana, in Latin letters.
    """
    family, given, family_kana, given_kana, family_latin, given_latin = name.split()
    halves = Name(family, family_kana, family_latin), Name(given, given_kana, given_latin)
    first = max((order.ago for order in bought), default=300)
    defaults: dict[str, Any] = {
        "email": f"{given_latin}.{family_latin}@mail.example",
        "phone": names.phone(number - 1001),
        "registered": first,
        "newsletter": "希望する",
    }
    return Person(number, *halves, **(defaults | known), bought=bought, stands_for=stands_for)


def first_order(ago: int, shipped: int | None, clock: str = "09:20") -> Bought:
    """What a first-timer buys, so many days ago; None = not shipped yet."""
    return Bought(ago, (BEAN, "FILTER-100"), shipped, "新規受付" if shipped is None else "発送済み", clock)


def sent(ago: int, *goods: str) -> Bought:
    """An order of so many days ago that left the shop a day later; without goods it is beans."""
    return Bought(ago, goods or (BEAN,), ago - 1, clock="19:40")


def born(day: date, year: int, form: str = "excel") -> str:
    """A birthday on this day of the year, in that year or, for 29 February, the leap year before it."""
    if (day.month, day.day) == (2, 29):
        year -= year % 4
    return spelling.written_date(day.replace(year=year), form)
