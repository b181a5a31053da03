"""What the law wants to read in a commercial mail, looked for in the mail as it was rendered.

Japan's mail law, 特定電子メール法 article 4 and its ordinance, 施行規則 rule 9: the sender's name, an address or link
for refusing with a sentence that says so beside it, a postal address, and a contact for complaints.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Literal

from nurture.catalogue import say
from nurture.config import Settings

from .compose import Message

NEAR = 200
"""Characters, blanks not counted, within which link and sentence count as beside each other."""

NO_WAY_OUT = "public_url / opt_out_mailbox"
"""The setting of a duty that no letter can fulfil."""

_SENTENCE = re.compile(
    r"(配信|受信|購読|送信|メール|案内)[^。]{0,20}(停止|解除|拒否|中止|不要|止め|希望されない|希望しない|望まない|断)"
    r"|unsubscribe|optout|opt-out|stopreceiving|nolongerwish",
    re.IGNORECASE,
)
_UNSEEN = frozenset({"style", "script", "head", "title", "template"})
_VOID = frozenset("area base br col embed hr img input link meta param source track wbr".split())


@dataclass(frozen=True)
class Duty:
    """One thing that a rendered mail lacks."""

    part: Literal["text", "html"]
    setting: str
    """The keys of config.yaml that are empty; empty where the template lacks it."""
    what: str
    """A sentence in the shop's language that says what to write."""


def missing_duties(message: Message, settings: Settings) -> list[Duty]:
    """Everything the rendered mail lacks; nothing for LINE, which is outside."""
    if message.channel != "email":
        return []
    links = _opt_out_links(message)
    parts: dict[Literal["text", "html"], str] = {"text": message.text}
    if message.html:
        parts["html"] = _visible(message.html)
    return [
        Duty(part, values.get("setting", ""), _said(code, part, values, settings))
        for part, seen in parts.items()
        for code, values in _lacking(_plain(seen), links, settings)
    ]


def _said(code: str, part: str, values: dict[str, str], settings: Settings) -> str:
    return say(settings.language, code, part=say(settings.language, f"message.part.{part}"), **values)


def _lacking(seen: str, links: list[str], settings: Settings) -> Iterator[tuple[str, dict[str, str]]]:
    shop = settings.shop
    if _plain(shop.sender) not in seen:
        yield "message.duty.sender", {"wanted": shop.sender}
    if not shop.address:
        yield "message.duty.unset", {"setting": "shop.address"}
    elif _plain(shop.address) not in seen:
        yield "message.duty.address", {"wanted": shop.address}
    contacts = [each for each in (shop.email, shop.phone, shop.url) if each]
    if not contacts:
        yield "message.duty.unset", {"setting": "shop.email"}
    elif not any(_plain(each) in seen for each in contacts):
        variables = [f"{{{{ shop.{name} }}}}" for name in ("email", "phone", "url") if getattr(shop, name)]
        yield "message.duty.contact", {"wanted": " / ".join(contacts), "variable": variables[0]}
    yield from _opt_out(seen, links)


def _opt_out(seen: str, links: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    if not links:
        yield "message.duty.unset", {"setting": NO_WAY_OUT}
        return
    places = [place for link in links for place in _places(seen, _plain(link))]
    if not places:
        yield "message.duty.link", {}
    elif not any(_SENTENCE.search(seen[max(0, start - NEAR) : end + NEAR]) for start, end in places):
        yield "message.duty.sentence", {}


def _places(seen: str, wanted: str) -> Iterator[tuple[int, int]]:
    start = seen.find(wanted)
    while start >= 0:
        yield start, start + len(wanted)
        start = seen.find(wanted, start + 1)


def _opt_out_links(message: Message) -> list[str]:
    header = next((value for name, value in message.headers if name == "List-Unsubscribe"), "")
    return re.findall(r"<([^>]+)>", header)


def _plain(text: str) -> str:
    """Without blanks and differences of width, so that a wrapped or full-width address is found."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def _visible(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return " ".join(reader.seen)


class _Reader(HTMLParser):
    """Collects what a reader sees, each link's address behind its words."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen: list[str] = []
        self.open: list[tuple[str, bool, str]] = []
        """Open elements as (tag, hides what is in it, link to add at its end)."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            return
        values = {name: value or "" for name, value in attrs}
        style = re.sub(r"\s+", "", values.get("style", "").lower())
        hides = tag in _UNSEEN or "display:none" in style or "visibility:hidden" in style or "hidden" in values
        self.open.append((tag, hides, values.get("href", "")))

    def handle_endtag(self, tag: str) -> None:
        while any(each[0] == tag for each in self.open):
            name, _, link = self.open[-1]
            if link and not self._is_hidden():
                self.seen.append(link)
            self.open.pop()
            if name == tag:
                return

    def handle_data(self, data: str) -> None:
        if not self._is_hidden():
            self.seen.append(data)

    def _is_hidden(self) -> bool:
        return any(hides for _, hides, _ in self.open)
