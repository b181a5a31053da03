"""Words that promise more than a shop can prove: 景品表示法 article 5 forbids to praise beyond the evidence."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from nurture.message.folder import Source
from nurture.message.template import Template
from nurture.mistake import Mistake, Place

from .finding import Finding

WORDS = ("必ず", "絶対", "100%", "日本一", "No.1", "最安", "完全", "永久")
_RISKY = re.compile(r"必ず|絶対|(?<!\d)100 ?%|日本一|No\.? ?1(?!\d)|最安|完全|永久", re.IGNORECASE)
_UNREAD = re.compile(r"<style.*?</style>|<!--.*?-->|<[^>]*>|\{#.*?#\}|\{%.*?%\}", re.DOTALL)
"""What no customer reads: markup, styles, comments and instructions."""
_SPOKEN = re.compile(r'"(?:text|altText|label|title)"\s*:\s*"[^"]*"')
"""What a customer reads of a Flex message."""


def look_at_words(templates: Iterable[Template]) -> Iterator[Finding]:
    """A warning for each such word in the letters, each file once; width makes no difference."""
    sources = {source.shown: source for template in templates for source in template.sources}
    for source in sources.values():
        for number, line in enumerate(_read(source).split("\n"), start=1):
            for found in _RISKY.finditer(line):
                place = Place(source.shown, number, found.start() + 1)
                yield Finding("warning", Mistake(place, "check.word", {"found": found[0]}))


def _read(source: Source) -> str:
    """The text that reaches a customer, every line where it stands in the file."""
    if source.name.endswith(".json.j2"):
        spoken = [each.span() for each in _SPOKEN.finditer(source.raw)]
        return unicodedata.normalize("NFKC", _only(source.raw, spoken))
    return unicodedata.normalize("NFKC", _UNREAD.sub(lambda found: _blank(found[0]), source.raw))


def _only(text: str, spans: list[tuple[int, int]]) -> str:
    kept, at = [], 0
    for start, end in spans:
        kept += [_blank(text[at:start]), text[start:end]]
        at = end
    return "".join([*kept, _blank(text[at:])])


def _blank(text: str) -> str:
    return "".join("\n" if each == "\n" else " " for each in text)
