"""Numbers: money in minor units, quantities, customer and order numbers, postal codes."""

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from nurture.intake.field.text import Unreadable, narrow, one_line

_SIGNS = re.compile(r"[¥\\$€,\s円税込抜]|JPY|USD|EUR")
_FLOAT = re.compile(r"(\d+)\.0")
_POSTAL = re.compile(r"(\d{3})-?(\d{4})")
LARGEST_MONEY = 10**13
LONGEST_KEY = 200


def read_money(text: str, currency: str) -> int:
    """Minor units of `currency` (yen, or cents), from 1200, 1,200円, ¥1,200 or 1200.00. Raises Unreadable."""
    scale = 1 if currency == "JPY" else 100
    try:
        amount = Decimal(_SIGNS.sub("", narrow(text)))
        minor = int((amount * scale).quantize(Decimal(1), ROUND_HALF_UP))
    except (InvalidOperation, ValueError, OverflowError):
        raise Unreadable("reject.money", found=text) from None
    if abs(minor) > LARGEST_MONEY:
        raise Unreadable("reject.money", found=text)
    return minor


def read_count(text: str) -> int:
    """A whole number, also Excel's 2.0. Raises Unreadable."""
    try:
        number = float(narrow(text).replace(",", "").rstrip("個点本枚袋"))
    except ValueError:
        raise Unreadable("reject.count", found=text) from None
    if number != int(number) if abs(number) < 1e9 else True:
        raise Unreadable("reject.count", found=text)
    return int(number)


def read_decimal(text: str) -> float:
    """Any number. Raises Unreadable."""
    try:
        number = float(narrow(text).replace(",", ""))
    except ValueError:
        raise Unreadable("reject.number", found=text) from None
    if number != number or abs(number) == float("inf"):
        raise Unreadable("reject.number", found=text)
    return number


def read_key(text: str) -> str:
    """A number that names something: width folded, Excel's `1001.0` and Shopify's `'1001` repaired, zeros kept."""
    plain = one_line(narrow(text).strip().lstrip("'"))
    found = _FLOAT.fullmatch(plain)
    return found[1] if found else plain[:LONGEST_KEY]


def postal_code(text: str) -> str:
    """A Japanese postal code as 123-4567; anything else as it stands."""
    plain = narrow(text).strip().lstrip("'").removeprefix("〒").strip()
    plain = _FLOAT.sub(r"\1", plain).replace("ー", "-").replace("−", "-").replace("‐", "-")
    if plain.isdigit() and len(plain) == 6:
        # Excel has eaten the zero of 060-0001.
        plain = f"0{plain}"
    found = _POSTAL.fullmatch(plain)
    return f"{found[1]}-{found[2]}" if found else plain
