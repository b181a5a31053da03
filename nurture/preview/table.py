"""The foresight as a table for a terminal: who, what, when, by which way, and then who not and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from nurture.catalogue import say
from nurture.gates.reach import TIMED

from .foresight import ForeseenTouch, Foresight
from .moment import day_and_time, year_of
from .reason import Wording, last_to_open

SHOWN = 200
"""Messages in one table; a person reads no more."""
STAND = (1, 2)
"""Columns of the sign and of the customer, which are never left out."""
NAMED = 2
"""Examples of people for each reason."""


def as_table(foresight: Foresight, language: str, color: bool, width: int) -> str:
    """The whole foresight in `width` columns, a Japanese character counted as two; `color` adds ANSI colours."""
    telling = _Telling(foresight, language)
    return printed(Group(*telling.parts()), color, width)


def printed(shown: RenderableType, color: bool, width: int) -> str:
    """What rich would write on a terminal, as text."""
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    console.print(shown)
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.split("\n"))


@dataclass
class ReasonGroup:
    """Everybody who is refused for one reason."""

    verdict: str
    count: int = 0
    people: list[ForeseenTouch] = field(default_factory=list)
    broadcasts: list[tuple[str, int]] = field(default_factory=list)
    """Campaign and number of people whom it can't reach."""

    def sentence(self, wording: Wording, zone: str) -> str:
        """The reason, with its rule where all of them share it."""
        late = self.verdict in TIMED[:-1] and all(each.plan.status == "expired" for each in self.people)
        gates = [last_to_open(found) if late else found[0] for each in self.people if (found := each.plan.failing)]
        told = [each if each["gate"] == "outranked" else {**each, "by": ()} for each in gates if each is not None]
        rules = {(each["gate"], each.get("rule"), each.get("until")) for each in told}
        one = len(rules) == 1 and len(told) == self.count and (late or told[0]["gate"] == self.verdict)
        tell = wording.too_late if late and self.people else wording.reason
        return tell(self.verdict, told[:1] if one else None, zone, self.people[0].plan.due_at if one else 0)


def group_refused(foresight: Foresight) -> list[ReasonGroup]:
    """Who gets nothing, by reason, the most frequent one first."""
    found: dict[str, ReasonGroup] = {}
    for refusal in foresight.refusals:
        found.setdefault(refusal.verdict, ReasonGroup(refusal.verdict)).count += refusal.count
    for each in foresight.refused:
        found[each.plan.verdict].people.append(each)
    for broadcast in foresight.left_out:
        for gate, count in broadcast.counts.items():
            group = found.setdefault(gate, ReasonGroup(gate))
            group.broadcasts.append((broadcast.campaign, count))
            group.count += count
    return sorted(found.values(), key=lambda each: (-each.count, each.verdict))


def opened_line(foresight: Foresight, language: str) -> str:
    """新しく始まるもの: はじめてのお礼 12 件; empty where nothing begins."""
    listed = [
        say(language, "preview.opened.one", title=foresight.titles.get(name, name), count=f"{count:,}")
        for name, count in foresight.opened
    ]
    return say(language, "preview.opened", list=say(language, "cause.join").join(listed)) if listed else ""


def summary_line(foresight: Foresight, language: str) -> str:
    """送信 12 件・延期 3 件・除外 41 件・エラー 0 件."""
    summary = foresight.summary
    names = ("sends", "deferred", "excluded", "errors")
    return say(language, "preview.summary", **{name: f"{getattr(summary, name):,}" for name in names})


class _Telling:
    def __init__(self, foresight: Foresight, language: str) -> None:
        self.foresight, self.language = foresight, language
        self.wording = Wording(language, foresight.settings, foresight.titles)
        self.zone = foresight.settings.timezone
        self.year = year_of(foresight.instant, self.zone)

    def parts(self) -> Iterator[RenderableType]:
        at = day_and_time(self.language, self.foresight.instant, self.zone, self.foresight.this_year)
        yield Text(self._say("preview.title", at=at), style="bold")
        yield from self._sends()
        if groups := group_refused(self.foresight):
            yield self._refused(groups)
        if opened := opened_line(self.foresight, self.language):
            yield Text(opened)
            yield Text()
        yield Text(summary_line(self.foresight, self.language), style="bold")

    def _sends(self) -> Iterator[RenderableType]:
        summary, sends = self.foresight.summary, self.foresight.sends[:SHOWN]
        if not sends:
            yield Text(self._say("preview.nothing"))
            return
        yield self._table(sends)
        yield Text(self._say("preview.signs"), style="dim")
        total = summary.sends + summary.deferred + summary.errors
        if total > len(sends):
            yield Text(self._say("preview.more", count=f"{total - len(sends):,}"))
        if total > self.foresight.composed:
            yield Text(self._say("preview.composed", count=f"{self.foresight.composed:,}"))

    def _table(self, sends: Sequence[ForeseenTouch]) -> Table:
        shown = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), pad_edge=False, collapse_padding=True)
        shown.add_column(self._say("preview.when"), no_wrap=True)
        shown.add_column(no_wrap=True)
        for name, ratio, whole in (("who", 3, False), ("what", 4, False), ("by", 0, True)):
            shown.add_column(self._say(f"preview.{name}"), ratio=ratio or None, no_wrap=whole, overflow="fold")
        shown.add_column(self._say("preview.subject"), ratio=6, overflow="fold")
        before, told = [Text()] * len(shown.columns), set[tuple[int, str]]()
        for each in sends:
            cells = [self._when(each), self._sign(each), Text(each.called), *self._message(each)]
            *rest, subject = _without_repeats(cells, before)
            shown.add_row(*rest, _below(subject, self._wait(each, told)))
            before = cells
        return shown

    def _when(self, touch: ForeseenTouch) -> Text:
        plan = touch.plan
        mark = "" if touch.mark == "new" else self._say(f"preview.mark.{touch.mark}")
        zone = "" if plan.zone == self.zone else plan.zone
        at = day_and_time(self.language, plan.at or 0, plan.zone, self.year)
        lines = [each for each in (at, zone, mark) if each]
        return Text("\n".join(lines), style="cyan" if touch.mark != "moved" else "yellow")

    def _sign(self, touch: ForeseenTouch) -> Text:
        """As the last line counts it: the reason stands once for all who share it, this with everybody."""
        name, style = ("deferred", "yellow") if touch.deferred else ("sends", "green")
        name, style = ("errors", "red") if touch.error else (name, style)
        return Text(self._say(f"preview.sign.{name}"), style=style)

    def _message(self, touch: ForeseenTouch) -> Iterator[Text]:
        yield Text(touch.title)
        yield Text(self.wording.channel(touch.plan.channel or ""))
        problem = touch.error and self._say("preview.error", problem=touch.error)
        yield Text(problem, style="red") if problem else Text(touch.subject)

    def _wait(self, touch: ForeseenTouch, told: set[tuple[int, str]]) -> str:
        """Why it leaves later; what closes the slot to everybody (hours, a quota) is said once for it."""
        plan, slot = touch.plan, touch.plan.at or 0
        if touch.queue and not touch.error:
            return self.wording.queue(touch.queue)
        if not touch.deferred or touch.error:
            return ""
        gate = last_to_open(plan.failing)
        sentence = self.wording.waiting(plan.verdict, plan.failing, plan.zone, slot)
        if (slot, sentence) in told:
            return ""
        if gate and not gate.get("by"):
            told.add((slot, sentence))
        return sentence

    def _refused(self, groups: list[ReasonGroup]) -> Table:
        shown = Table(box=box.SIMPLE_HEAD, expand=True, padding=(0, 1), pad_edge=False)
        shown.add_column(self._say("preview.refused"), ratio=5, overflow="fold")
        shown.add_column(self._say("preview.count"), justify="right", no_wrap=True)
        shown.add_column(self._say("preview.examples"), ratio=5, overflow="fold")
        for group in groups:
            reason = group.sentence(self.wording, self.zone)
            shown.add_row(Text(reason), Text(f"{group.count:,}"), Text(self._examples(group)))
        return shown

    def _examples(self, group: ReasonGroup) -> str:
        people = list(dict.fromkeys(self._example(each) for each in group.people[: NAMED * 10]))[:NAMED]
        titles = self.foresight.titles
        broadcasts = [
            self._say("preview.left_out", title=titles.get(name, name), count=f"{count:,}")
            for name, count in group.broadcasts
        ]
        names = self._say("cause.join").join([*people, *broadcasts])
        rest = group.count - len(people) - sum(count for _, count in group.broadcasts)
        return self._say("preview.others", names=names, count=f"{rest:,}") if rest else names

    def _example(self, touch: ForeseenTouch) -> str:
        gate = next(iter(touch.plan.failing or ()), {})
        causes = self.wording.causes(gate, touch.plan.zone) if touch.plan.verdict == "capped" else ""
        return self._say("preview.example", name=touch.called, causes=causes) if causes else touch.called

    def _say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)


def _below(subject: Text, wait: str) -> Text:
    return Text("\n" if subject and wait else "").join([subject, Text(wait, "yellow")])


def _without_repeats(cells: Sequence[Text], before: Sequence[Text]) -> Iterator[Text]:
    """The row without what the row above says already, up to the first that differs; sign and person always stand."""
    same = True
    for number, (cell, above) in enumerate(zip(cells, before, strict=True)):
        if number in STAND:
            yield cell
        else:
            same = same and cell.plain == above.plain
            yield Text() if same else cell
