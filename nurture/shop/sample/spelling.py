"""The many ways people type one value: widths, eras, spaces. Nothing here decides what the value is."""

import unicodedata
from datetime import date

_ERAS = (
    (date(2019, 5, 1), "令和", "R"),
    (date(1989, 1, 8), "平成", "H"),
    (date(1926, 12, 25), "昭和", "S"),
)
_FULL_WIDTH = str.maketrans("0123456789-", "０１２３４５６７８９－")


def full_width(text: str) -> str:
    """Digits and hyphens as typed with a Japanese keyboard left in full-width mode."""
    return text.translate(_FULL_WIDTH)


def half_width_kana(text: str) -> str:
    """Full-width katakana as old business software keeps it; a voiced sign becomes a character of its own."""
    return "".join(_HALF_WIDTH.get(character, character) for character in text)


def hiragana(text: str) -> str:
    """Katakana as hiragana."""
    return "".join(chr(ord(character) - 0x60) if "ァ" <= character <= "ヶ" else character for character in text)


def excel_date(day: date) -> str:
    """As a Japanese Excel saves a date into CSV: 2024/4/1."""
    return f"{day.year}/{day.month}/{day.day}"


def era_date(day: date, form: str) -> str:
    """A Japanese era date; `form` is `dots` (S55.4.1), `slashes` (H3/7/9) or `kanji` (昭和55年4月1日).

    Raises ValueError for a day before 25 December 1926.
    """
    for begin, kanji, letter in _ERAS:
        if day >= begin:
            year = day.year - begin.year + 1
            if form == "kanji":
                return f"{kanji}{year}年{day.month}月{day.day}日"
            separator = "." if form == "dots" else "/"
            return f"{letter}{year}{separator}{day.month}{separator}{day.day}"
    raise ValueError(f"{day} lies before the era 昭和")


def written_date(day: date, form: str) -> str:
    """A date as written in a customer list, often a birthday.

    `form` is `excel`, `iso`, `month` (4月), `day` (4/1), `padded` (04-01) or a form of `era_date`.
    """
    if form == "month":
        return f"{day.month}月"
    if form == "day":
        return f"{day.month}/{day.day}"
    if form == "padded":
        return f"{day:%m-%d}"
    if form == "iso":
        return day.isoformat()
    return excel_date(day) if form == "excel" else era_date(day, form)


def _half_width_table() -> dict[str, str]:
    table = {}
    for code in range(0xFF66, 0xFF9E):
        for sign in ("", "\uff9e", "\uff9f"):
            composed = unicodedata.normalize("NFKC", chr(code) + sign)
            if len(composed) == 1:
                table[composed] = chr(code) + sign
    return table | {"　": " "}


_HALF_WIDTH = _half_width_table()
