"""What waits for the owner's word, in words: the same in the evening's mail and on the page behind its link."""

from dataclasses import dataclass

from nurture.catalogue import say
from nurture.feedback.approving import Held, HeldList

from .moment import full_day, short_moment


@dataclass(frozen=True)
class Card:
    """One step of one campaign."""

    title: str
    amount: str
    """12 通（メール 10・LINE 2）."""
    lines: tuple[str, ...]
    """The subject, when, and some of those who will receive it."""


@dataclass(frozen=True)
class Waiting:
    """The whole list."""

    title: str
    lead: str
    """How many there are, or that there are none."""
    cards: tuple[Card, ...]
    small: tuple[str, ...]
    """What the word means beyond what is shown."""


def waiting_words(found: HeldList, language: str, zone: str, now: int) -> Waiting:
    """The list for a reader of `language` ("ja" or "en"); times in `zone`, `now` in epoch seconds."""
    day = full_day(language, found.day)
    lead = say(language, "approval.lead" if found.count else "approval.lead.none", count=found.count, day=day)
    small = (say(language, "approval.later", day=day), say(language, "approval.hold"))
    cards = tuple(_card(each, language, zone, now) for each in found.held)
    return Waiting(say(language, "approval.title", day=day), lead, cards, small)


def _card(held: Held, language: str, zone: str, now: int) -> Card:
    title = say(language, "approval.step", title=held.title, step=held.step) if held.step else held.title
    return Card(title, _amount(held, language), tuple(_lines(held, language, zone, now)))


def _amount(held: Held, language: str) -> str:
    parts = [f"{say(language, f'channel.{channel}')} {count}" for channel, count in held.channels]
    listed = say(language, "approval.and").join(parts)
    return say(language, "approval.amount", count=held.count, channels=listed)


def _lines(held: Held, language: str, zone: str, now: int) -> list[str]:
    first, last = (short_moment(language, each, zone, now) for each in (held.first, held.last))
    found = [say(language, "approval.subject", subject=held.subject)] if held.subject else []
    found.append(say(language, "approval.when", first=first) if first == last else f"{first} – {last}")
    if held.examples:
        names = say(language, "approval.comma").join(each.called for each in held.examples)
        others = held.count - len(held.examples)
        key = "approval.who.more" if others > 0 else "approval.who"
        found.append(say(language, key, names=names, count=others))
    return found
