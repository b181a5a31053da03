"""Phone numbers as E.164, the one form in which two spellings of a number are equal."""

import re
from typing import Any

import phonenumbers

from nurture.intake.field.text import Unreadable, narrow

_FLOAT = re.compile(r"(\d+)\.0+")
_NO_DIGIT = re.compile(r"[\s\-‐‑–—−ー()・.]+")
_JAPAN: Any = phonenumbers.PhoneMetadata.metadata_for_region("JP")
_JAPANESE = re.compile(f"0?({_JAPAN.mobile.national_number_pattern}|{_JAPAN.fixed_line.national_number_pattern})")
"""What `phonenumbers` calls valid of most people's numbers; asking it costs 70 to 180 µs each."""


def read_phone(text: str, region: str = "JP") -> str:
    """E.164, from 090-1234-5678, ０９０…, +81 90…, (03)1234-5678 or Excel's 9012345678.0.

    `region`: the country of a number without one. Raises Unreadable.
    """
    plain = narrow(text).lstrip("'").strip()
    if found := _FLOAT.fullmatch(plain):
        plain = found[1]
    digits = _NO_DIGIT.sub("", plain)
    if region == "JP" and (national := _JAPANESE.fullmatch(digits)):
        return f"+81{national[1]}"
    return _parsed(plain, digits, region)


def _parsed(plain: str, digits: str, region: str) -> str:
    # Excel eats the leading zero; a Japanese number has none of its own.
    for attempt in (plain, digits, f"0{digits}"):
        try:
            number = phonenumbers.parse(attempt, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(number):
            return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    raise Unreadable("reject.phone", found=plain)
