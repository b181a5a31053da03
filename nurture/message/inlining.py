"""The style sheet of an HTML mail, inlined once for each shape of a rendering instead of once for each mail.

A rendering marks where its values stand. What lies between them is the shape: the same for all customers for whom the
template takes the same turns. The shape is inlined with numbers in the places of the values, and the values, which are
escaped text and hold no element, are put back. Where a value could decide what a rule matches, or does not come back
exactly once, the mail is inlined as it is.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import css_inline
from markupsafe import Markup

from .cleaning import clean_body, clean_text

BEGIN, END = "\ufdd0", "\ufdd1"
"""Marks around a value: code points that no text may hold (Unicode 23.7, "Noncharacters")."""
MARKED = " marked"
"""The filter that puts marks around a value; no template can write its name."""
SHAPES = 256
"""Shapes kept: some hundred kilobytes each with a big template."""

_BODY = re.compile(r"<body[^>]*>", re.IGNORECASE)
_PLACE = re.compile(f"{BEGIN}([0-9]+){END}")
_STYLE = re.compile(r"<style\b[^>]*>(.*?)</style", re.IGNORECASE | re.DOTALL)
# A value within one of these decides which rules match, or is rewritten when they are applied.
_DECIDING = re.compile(rf"""\b(?:class|id|style)\s*=\s*(?:"[^"]*{BEGIN}|'[^']*{BEGIN})""", re.IGNORECASE)
_ASKS_VALUES = re.compile(r"\[|:(?:empty|contains|lang|dir|has)\b", re.IGNORECASE)

# A link to a style sheet is dropped and never fetched: a template must not make this machine call another.
_INLINER = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


@dataclass(frozen=True)
class _Shape:
    """An inlined rendering without its values."""

    pieces: tuple[str, ...]
    order: tuple[int, ...]
    """Which value stands behind each piece but the last."""

    def filled(self, values: list[str]) -> str:
        parts = [""] * (2 * len(self.pieces) - 1)
        parts[::2] = self.pieces
        parts[1::2] = [values[each] for each in self.order]
        return "".join(parts)


def inline(pieces: Iterable[str], after_body: str, *, marked: bool = True) -> str:
    """The HTML with its style sheet inlined and its marks gone; `after_body` becomes the first thing in the body.

    `pieces`: what a template gave, in order. Where it is `marked`, a `Markup` without a tag is a value as well.
    """
    held = [*pieces]
    parted = _parted(held) if marked else None
    if parted is None:
        return _inline_whole("".join(held), after_body)
    skeleton, values = parted
    shape = _shape(skeleton)
    return shape.filled([*map(clean_text, values), after_body]) if shape else _inline_whole("".join(held), after_body)


def _parted(pieces: list[str]) -> tuple[tuple[str, ...], list[str]] | None:
    """The pieces with `BEGIN` in the place of each value, and the values; None where the marks don't pair.

    The template's own texts stay the objects they are, whose hashes Python keeps: to find a shape costs little.
    """
    skeleton: list[str] = []
    values: list[str] = []
    for piece in pieces:
        if BEGIN in piece or END in piece:
            first, *others = "".join((piece,)).split(BEGIN)
            if END in first:
                return None
            skeleton.append(first)
            for each in others:
                value, end, text = each.partition(END)
                if not end or END in text:
                    return None
                values.append(value)
                skeleton += (BEGIN, text)
        elif type(piece) is Markup and "<" not in piece:
            # What is escaped holds no tag; what holds one came from a macro, which marked its values itself.
            values.append(piece)
            skeleton.append(BEGIN)
        else:
            skeleton.append(piece)
    return tuple(skeleton), values


@lru_cache(maxsize=SHAPES)
def _shape(parts: tuple[str, ...]) -> _Shape | None:
    """The shape whose values stand at each mark, and behind the body's tag one more; None if it can't be relied on."""
    skeleton = "".join(parts)
    sheets = "".join(_STYLE.findall(skeleton))
    if BEGIN in sheets or _ASKS_VALUES.search(sheets) or _DECIDING.search(skeleton):
        return None
    first, *others = clean_body(skeleton).split(BEGIN)
    numbered = first + "".join(f"{BEGIN}{place}{END}{piece}" for place, piece in enumerate(others))
    found = _PLACE.split(_behind_body(_INLINER.inline(numbered), f"{BEGIN}{len(others)}{END}"))
    order = tuple(map(int, found[1::2]))
    return _Shape(tuple(found[::2]), order) if sorted(order) == list(range(len(others) + 1)) else None


def _inline_whole(marked: str, after_body: str) -> str:
    return _behind_body(_INLINER.inline(clean_body(marked.replace(BEGIN, "").replace(END, ""))), after_body)


def _behind_body(html: str, addition: str) -> str:
    body = _BODY.search(html)
    return html[: body.end()] + addition + html[body.end() :] if body else addition + html
