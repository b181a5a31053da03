"""The page: what is shown is put together here, how it looks stands in page.html.j2 and style.css."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Any

import jinja2

from nurture.catalogue import say
from nurture.message.compose import Message
from nurture.preview.foresight import ForeseenTouch, Foresight
from nurture.preview.moment import clock, day_and_time, full_day, short_moment, year_of
from nurture.preview.reason import Wording
from nurture.preview.table import ReasonGroup, group_refused, opened_line, summary_line
from nurture.zone import zone_table

from .flex import Bubble, draw

OPEN = 12
"""Up to so many messages lie open; of more, each opens at a click."""
PEOPLE = 200
"""People listed under one reason."""
SHORTEST, LINE, TALLEST = 90, 24, 640
"""Pixels of a frame: at least, for each line of the text, at most."""


@dataclass(frozen=True)
class Talk:
    """One message object of LINE."""

    text: str
    """A text's words, or what the list of talks shows of a card."""
    bubbles: tuple[Bubble, ...]


@dataclass(frozen=True)
class Shown:
    """One message as the page shows it."""

    touch: ForeseenTouch
    time: str
    zone: str
    """Named where it is not the shop's."""
    campaign: int
    """Number of the campaign in the list of filters."""
    channel: str
    wish: str
    """When it would have left; empty where it leaves then."""
    reasons: tuple[str, ...]
    mark: str
    talks: tuple[Talk, ...]
    height: int
    """Pixels that the mail's HTML is given; a frame without scripts can't tell its own."""


def as_html(foresight: Foresight, language: str) -> str:
    """One page without anything from outside: it opens from a file, prints, and fits a phone. All data is escaped."""
    page = _Page(foresight, language)
    return _template().render(page=page, foresight=foresight, language=language, say=page.say)


@lru_cache(maxsize=1)
def _template() -> jinja2.Template:
    folder = files(__package__ or "")
    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(lambda name: folder.joinpath(name).read_text("utf-8")),
    )
    return environment.get_template("page.html.j2")


class _Page:
    """What the template asks for."""

    def __init__(self, foresight: Foresight, language: str) -> None:
        self.foresight, self.language = foresight, language
        self.wording = Wording(language, foresight.settings, foresight.titles)
        self.zone = foresight.settings.timezone
        self.shop = foresight.settings.shop.name
        self.is_open = len(foresight.sends) <= OPEN

    def say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)

    @property
    def at(self) -> str:
        return day_and_time(self.language, self.foresight.instant, self.zone, self.foresight.this_year)

    @property
    def summary(self) -> str:
        return summary_line(self.foresight, self.language)

    @property
    def numbers(self) -> list[tuple[str, str]]:
        names = ("sends", "deferred", "excluded", "errors")
        return [(name, f"{getattr(self.foresight.summary, name):,}") for name in names]

    @property
    def opened(self) -> str:
        return opened_line(self.foresight, self.language)

    @property
    def campaigns(self) -> list[tuple[str, int]]:
        """Title and number of messages of every campaign that sends, in the order of the filters."""
        counts: dict[str, int] = {}
        for each in self.foresight.sends:
            counts[each.plan.campaign] = counts.get(each.plan.campaign, 0) + 1
        return [(self.wording.title(name), count) for name, count in sorted(counts.items())]

    @property
    def days(self) -> list[tuple[str, list[Shown]]]:
        """The messages by day."""
        numbers = {name: number for number, name in enumerate(sorted({x.plan.campaign for x in self.foresight.sends}))}
        found: dict[str, list[Shown]] = {}
        for each in self.foresight.sends:
            day = zone_table(each.plan.zone).local_date(each.plan.at or 0)
            shown = self._shown(each, numbers[each.plan.campaign])
            found.setdefault(full_day(self.language, day, year_of(self.foresight.instant, self.zone)), []).append(shown)
        return list(found.items())

    @property
    def more(self) -> int:
        summary = self.foresight.summary
        return summary.sends + summary.deferred + summary.errors - len(self.foresight.sends)

    @property
    def is_partly_written(self) -> bool:
        return len(self.foresight.sends) + self.more > self.foresight.composed

    @property
    def reasons(self) -> list[tuple[str, ReasonGroup]]:
        return [(group.sentence(self.wording, self.zone), group) for group in group_refused(self.foresight)]

    def people(self, group: ReasonGroup) -> Iterator[tuple[ForeseenTouch, str]]:
        """Those under one reason, each with what is particular to them."""
        for each in group.people[:PEOPLE]:
            told = self.wording.reason(
                each.plan.verdict, list(each.plan.failing or ()), each.plan.zone, each.plan.due_at
            )
            yield each, told

    def hidden(self, group: ReasonGroup) -> int:
        """How many under one reason are not listed by name."""
        return group.count - min(len(group.people), PEOPLE) - sum(count for _, count in group.broadcasts)

    def status(self, touch: ForeseenTouch) -> str:
        return self.say(f"status.{touch.plan.status}")

    def _shown(self, touch: ForeseenTouch, campaign: int) -> Shown:
        plan = touch.plan
        at, zone = plan.at or 0, plan.zone
        late = touch.deferred or touch.queue is not None
        failing = (plan.failing or ()) if touch.deferred else ()
        queued = (self.wording.queue(touch.queue),) if touch.queue else ()
        return Shown(
            touch=touch,
            time=clock(zone_table(zone).local_seconds(at)),
            zone="" if zone == self.zone else zone,
            campaign=campaign,
            channel=self.wording.channel(plan.channel or ""),
            wish=short_moment(self.language, plan.due_at, zone, at, same_day=True) if late else "",
            reasons=(*(self.wording.sentence(gate, zone, plan.due_at) for gate in failing), *queued),
            mark="" if touch.mark == "new" else self.say(f"preview.mark.{touch.mark}"),
            talks=tuple(_talks(touch.message)) if touch.message else (),
            height=_height(touch.message) if touch.message else 0,
        )


def _height(message: Message) -> int:
    lines = sum(1 + len(line) // 34 for line in message.text.split("\n"))
    return min(SHORTEST + LINE * lines, TALLEST)


def _talks(message: Message) -> Iterator[Talk]:
    for each in message.line:
        container: dict[str, Any] | None = each.get("contents") if each.get("type") == "flex" else None
        yield Talk(str(each.get("text") or each.get("altText") or ""), draw(container) if container else ())
