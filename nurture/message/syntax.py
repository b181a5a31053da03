"""What Jinja says of a text it can't parse, as a mistake that tells its writer what to write instead."""

import re
from collections.abc import Callable

import jinja2

from nurture.mistake import Mistake, Place, nearest

from .filters import FILTERS
from .folder import Source

USUAL = ("if", "elif", "else", "endif", "for", "endfor", "set", "include", "extends", "block", "endblock")
RARE = ("endset", "import", "from", "macro", "endmacro", "call", "endcall", "filter", "endfilter", "with", "endwith")
ELSEWHERE = {"elseif": "elif", "elsif": "elif", "end": "endif"}
"""What other languages call a statement."""
_CLOSING = re.compile(r"end[a-z]+|else|elif")
_OPEN = re.compile(r"closed is '(\w+)'")
_GOT = re.compile(r"got '([^']+)'")
_QUOTED = re.compile(r"'([^']+)'")
_STATEMENT = re.compile(r"\{#.*?#\}|\{%[-+]?\s*(?P<word>\w+)", re.DOTALL)

_SAID: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"unexpected end of template, expected"), "message.unclosed"),
    (re.compile(r"unexpected '}'$"), "message.unclosed"),
    (re.compile(r"unexpected '[})\]]'"), "message.bracket"),
    (re.compile(r"unexpected char [\"']['\"\\]"), "message.unclosed_quote"),
    (re.compile(r"unexpected char"), "message.character"),
    (re.compile(r"expected token 'end of [^']*', got '='"), "message.one_equals"),
    (re.compile(r"expected token 'end of [^']*', got"), "message.stray"),
    (re.compile(r"Expected an expression|unexpected 'end of"), "message.no_value"),
    (re.compile(r"expected name or number|expected token 'name'"), "message.no_name"),
    (re.compile(r"expected token 'in'"), "message.for_in"),
    (re.compile(r"No test named"), "message.no_test"),
    (re.compile(r"block '\w+' defined twice"), "message.block_twice"),
    (re.compile(r"tag name expected"), "message.no_value"),
)
"""How Jinja's words begin, and our text for them."""


def unparsed(problem: jinja2.TemplateSyntaxError, source: Source) -> Mistake:
    """The mistake at its line; what is not known here keeps Jinja's own words behind a sentence of ours."""
    text, line = str(problem.message), problem.lineno
    for beginning, tell in _TOLD.items():
        if text.startswith(beginning):
            return tell(text, line, source)
    for pattern, code in _SAID:
        if pattern.match(text):
            found = _named(text)
            return Mistake(source.place(found if code == "message.character" else "", line), code, {"found": found})
    return Mistake(source.place("", line), "message.syntax", {"problem": text})


def _unknown_filter(text: str, line: int, source: Source) -> Mistake:
    name = _named(text)
    code = "message.safe_refused" if name in ("safe", "forceescape") else "message.no_filter"
    own = sorted(each for each in FILTERS if not each.startswith(" "))
    return Mistake(source.place(name, line), code, {"found": name, "allowed": ", ".join(own)}, "", nearest(name, own))


def _unknown_tag(text: str, line: int, source: Source) -> Mistake:
    name, opened = _named(text), _OPEN.search(text)
    place = source.place(name, line)
    if name not in (*USUAL, *RARE):
        near = ELSEWHERE.get(name) or nearest(name, (*USUAL, *RARE))
        return Mistake(place, "message.no_tag", {"found": name, "allowed": ", ".join(USUAL)}, "", near)
    if opened and _CLOSING.fullmatch(name):
        return Mistake(place, "message.other_open", {"found": name, "opened": opened[1]})
    return Mistake(place, "message.not_begun", {"found": name})


def _never_closed(text: str, line: int, source: Source) -> Mistake:
    opened = _OPEN.search(text)
    word = opened[1] if opened else "raw"
    return Mistake(_opening(source, word) or source.place("", line), "message.not_closed", {"opened": word})


def _unclosed_comment(text: str, line: int, source: Source) -> Mistake:
    return Mistake(_at(source, max(source.raw.rfind("{#"), 0)), "message.unclosed_comment")


def _opening(source: Source, word: str) -> Place | None:
    """Where the innermost statement of that word begins that is never ended; Jinja tells the end of the file."""
    waiting: list[int] = []
    for found in _STATEMENT.finditer(source.raw):
        if found["word"] == word:
            waiting.append(found.start())
        elif found["word"] == f"end{word}" and waiting:
            waiting.pop()
    return _at(source, waiting[-1]) if waiting else None


def _at(source: Source, index: int) -> Place:
    before = source.raw[:index]
    return Place(source.shown, before.count("\n") + 1, len(before) - before.rfind("\n"))


def _named(text: str) -> str:
    found = _GOT.search(text) or _QUOTED.search(text)
    return found[1] if found else ""


_TOLD: dict[str, Callable[[str, int, Source], Mistake]] = {
    "No filter named": _unknown_filter,
    "Encountered unknown tag": _unknown_tag,
    "Unexpected end of template": _never_closed,
    "Missing end of raw": _never_closed,
    "Missing end of comment": _unclosed_comment,
}
