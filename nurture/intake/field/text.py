"""A cell's text, and the one way in which a cell refuses to be read."""

import re
import unicodedata

EMPTY = frozenset(
    {
        *("null", "(null)", "<null>", "\\n", "n/a", "#n/a", "nan", "nil", "-", "--", "ー", "―", "—", "－"),
        *("なし", "無し", "不明", "未登録", "未設定", "未入力", "0000-00-00", "0000/00/00", "0000-00-00 00:00:00"),
    }
)
"""What shop software and people write where there is nothing."""

_EMPTY_STARTS = frozenset(word[0] for word in EMPTY) | frozenset(word[0].upper() for word in EMPTY)

LONGEST = 2_000
"""Characters of one cell that are kept; a note never needs more, and a broken quote never eats the file."""

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029\ufeff]")
_SPACES = re.compile(r"\s+")


class Unreadable(ValueError):
    """A cell that can't be used; `code` is the catalogue key that says what to write instead."""

    def __init__(self, code: str, **values: object) -> None:
        super().__init__(code)
        self.code = code
        self.values = values


def clean(cell: str) -> str:
    """The cell without control characters and outer spaces; an empty text where it only says that nothing is there."""
    text = (cell if cell.isprintable() else _CONTROL.sub("", cell)).strip()
    if text[:1] in _EMPTY_STARTS and text.lower() in EMPTY:
        return ""
    return text if len(text) <= LONGEST else text[:LONGEST]


def one_line(text: str) -> str:
    """The text with every run of spaces and line ends as one plain space."""
    return text if text.isprintable() and "  " not in text else _SPACES.sub(" ", text)


def narrow(text: str) -> str:
    """NFKC: full-width letters, digits and signs become plain, half-width kana full. For keys and numbers, never for
    a name that is shown: NFKC changes 神 (U+FA19) into another glyph."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)
