"""How a named character is written down: one line with the name, what they stand for and what they bought."""

from datetime import date
from typing import Any

from nurture.shop.sample import names, spelling
from nurture.shop.sample.names import Name
from nurture.shop.sample.people import Bought, Person

BEAN, ALSO, DRIP, MILL = "BEAN-MINATO", "BEAN-ETHIOPIA", "DRIP-10", "MILL-HAND"


def person(number: int, name: str, stands_for: str, *bought: Bought, **known: Any) -> Person:
    family, given, family_kana, given_kana, *latin = name.split()
    person = Name(family, family_kana, latin[0]), Name(given, given_kana, latin[1])
    first = max((order.ago for order in bought), default=300)
    defaults: dict[str, Any] = {
        "email": f"{person[1].latin}.{person[0].latin}@mail.example",
        "phone": names.phone(number - 1001),
        "registered": first,
        "newsletter": "希望する",
    }
    return Person(number, *person, **(defaults | known), bought=bought, stands_for=stands_for)


def new(ago: int, shipped: int | None, clock: str = "09:20") -> Bought:
    return Bought(ago, (BEAN, "FILTER-100"), shipped, "新規受付" if shipped is None else "発送済み", clock)


def sent(ago: int, *goods: str) -> Bought:
    return Bought(ago, goods or (BEAN,), ago - 1, clock="19:40")


def born(day: date, year: int, form: str = "excel") -> str:
    if (day.month, day.day) == (2, 29):
        year -= year % 4
    return spelling.written_date(day.replace(year=year), form)
