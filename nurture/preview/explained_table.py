"""The explanation as text for a terminal: every campaign's trigger, conditions, gates and decision, then the past."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nurture.catalogue import say
from nurture.condition import AllOf, Not, Operator
from nurture.condition.vocabulary import InSegment
from nurture.planning.explaining import Check

from .dossier import PastTouch
from .explanation import ExplainedCampaign, Explanation, SeveralPeople
from .moment import day_and_time, short_day, short_moment, year_of
from .sentence import Sentences
from .table import printed

YES, NO = "✓", "✗"


def explanation_table(explanation: Explanation | SeveralPeople, language: str, color: bool, width: int) -> str:
    """The explanation in `width` columns; where several people were meant, the list of them."""
    if isinstance(explanation, SeveralPeople):
        return printed(Group(*_several(explanation, language)), color, width)
    return printed(Group(*_Telling(explanation, language).parts()), color, width)


def _several(found: SeveralPeople, language: str) -> Iterator[RenderableType]:
    yield Text(say(language, "explain.several", typed=found.typed, count=len(found.people)))
    listed = _grid()
    for each in found.people:
        listed.add_row(Text(each.key or f"#{each.id}"), Text(each.name))
    yield Padding(listed, (0, 0, 0, 2))


class _Telling:
    def __init__(self, explanation: Explanation, language: str) -> None:
        self.explanation, self.words = explanation, Sentences(explanation, language)
        self.language = language

    def parts(self) -> Iterator[RenderableType]:
        words, explanation = self.words, self.explanation
        this_year = year_of(int(explanation.today.timestamp()), words.zone)
        at = day_and_time(self.language, explanation.instant, words.zone, this_year)
        yield Text(words.say("explain.title", name=words.name(explanation.person), at=at), style="bold")
        if explanation.past:
            yield Text(words.say("explain.title.past"), style="yellow")
        yield from self._standing()
        if not explanation.explained:
            yield Text(words.say("explain.no_campaigns"))
        for each in explanation.explained:
            yield Text()
            yield from self._campaign(each)
        yield from self._past()

    def _standing(self) -> Iterator[RenderableType]:
        words, explanation = self.words, self.explanation
        if explanation.person.never:
            yield Text(words.say("explain.never"), style="red")
        if explanation.person.erased_at is not None:
            day = short_day(self.language, explanation.person.erased_at, words.zone, words.now)
            yield Text(words.say("explain.erased", day=day), style="red")
        listed = _grid()
        for reach in explanation.reaches:
            listed.add_row(Text(words.reasons.channel(reach.channel), style="dim"), Text(words.reach(reach)))
        yield Padding(listed, (0, 0, 0, 2))
        for kind, what, since in explanation.holds:
            key = "explain.complaint" if kind == "complaint" else "explain.refusal"
            goods = what + words.say("cause.join") if what else ""
            day = short_day(self.language, since, words.zone, words.now)
            yield Padding(Text(words.say(key, what=goods, day=day), style="yellow"), (0, 0, 0, 2))
        yield Text(words.say("explain.caps"))
        yield from (_line(each.passes, words.cap(each)) for each in explanation.caps)

    def _campaign(self, each: ExplainedCampaign) -> Iterator[RenderableType]:
        words = self.words
        head = Text(f"■ {each.campaign.title}", style="bold")
        head.append(
            f"  {each.campaign.campaign}  {words.questions.trigger(each.campaign.trigger)}", style="dim not bold"
        )
        yield head
        listed = _grid()
        occasions = [_marked(one.stands, words.occasion(one, each)) for one in each.occasions]
        self._add(listed, "explain.trigger", occasions)
        about = [] if each.asked is each.occasions[0] else [Text(words.asked(each), style="dim")]
        self._add(listed, "explain.conditions", [*about, *self._tree(each.answers.audience), *self._offer(each)])
        if any(one.stands for one in each.occasions):
            self._add(listed, "explain.exit", list(self._tree(each.answers.exit_when, wanted=False)))
            self._add(listed, "explain.gates", list(self._gates(each)))
            self._add(listed, "explain.decision", list(self._decisions(each)))
        yield Padding(listed, (0, 0, 0, 2))

    def _add(self, listed: Table, key: str, lines: Sequence[Text]) -> None:
        if lines:
            listed.add_row(Text(self.words.say(key), style="dim"), Text("\n").join(lines))

    def _tree(self, checks: Sequence[Check], *, wanted: bool = True) -> Iterator[Text]:
        for depth, check, part in _shown(checks):
            line = _marked(check.holds, self.words.check(check, part), good=check.holds == wanted)
            yield Text("  " * depth) + line

    def _offer(self, each: ExplainedCampaign) -> Iterator[Text]:
        if each.campaign.offer is not None:
            found = each.answers.offered
            told = self.words.say("explain.offer" if found else "explain.no_offer", name=found)
            told = self.words.say("explain.today", words=told) if self.explanation.past else told
            yield _marked(found is not None, told)

    def _gates(self, each: ExplainedCampaign) -> Iterator[Text]:
        words = self.words
        channels = dict.fromkeys(answer.channel for answer in each.answers.fixed if answer.channel)
        for channel in channels:
            mine = [answer for answer in each.answers.fixed if answer.channel == channel]
            told = "  ".join(words.passed(one) if one.passes else words.refused(one) for one in mine)
            yield _marked(all(one.passes for one in mine), f"{words.reasons.channel(str(channel))}  {told}")
        others = [*(one for one in each.answers.fixed if not one.channel), *each.timed]
        if each.campaign.obeys_cap:
            others += [one for one in self.explanation.caps if not one.passes]
        passed = dict.fromkeys(words.passed(one) for one in others if one.passes)
        if passed:
            yield _marked(True, "  ".join(passed))
        for one in others:
            if not one.passes:
                told = words.refused(one)
                yield _marked(False, words.say("explain.step", gate=told, step=one.step) if one.step else told)

    def _decisions(self, each: ExplainedCampaign) -> Iterator[Text]:
        if self.explanation.past:
            yield from self._decided(each)
            return
        for touch in each.decisions:
            line = _marked(touch.sends, self.words.decision(touch), good=touch.sends)
            if touch.error:
                line.append(f"\n  {self.words.say('preview.error', problem=touch.error)}", style="red")
            elif touch.subject:
                line.append(f"\n  {touch.subject}", style="dim")
            yield line
        for step, due in each.upcoming:
            at = day_and_time(self.language, due, self.words.zone, self.words.year)
            yield Text(self.words.say("explain.upcoming", step=step, at=at))
        if not each.decisions and not each.upcoming:
            told = self.words.say("explain.nothing")
            following = [one.next_at for one in each.occasions if one.state == "enrolled" and one.next_at is not None]
            if following:
                at = short_moment(self.language, min(following), self.words.zone, self.words.now)
                told = self.words.say("explain.because", words=told, why=self.words.say("explain.next", at=at))
            yield Text(told)

    def _decided(self, each: ExplainedCampaign) -> Iterator[Text]:
        """What was on record by then."""
        touches = [one for one in self.explanation.touches if one.campaign == each.campaign.campaign]
        for touch in touches:
            told = self.words.recorded(touch.now, touch.campaign)
            yield Text(self.words.say("explain.step_name", step=touch.step, words=told))
        if not touches:
            yield Text(self.words.say("explain.nothing.past"))

    def _past(self) -> Iterator[RenderableType]:
        words, explanation = self.words, self.explanation
        yield Text()
        yield Text(words.say("explain.past"), style="bold")
        touches = _grid()
        for touch in explanation.touches:
            title = words.reasons.title(touch.campaign)
            due = short_moment(self.language, touch.due_at, words.zone, words.now)
            touches.add_row(Text(due), Text(f"{title} / {touch.step}"), Text(self._story(touch)))
        yield Padding(touches if explanation.touches else Text(words.say("explain.none_past")), (0, 0, 0, 2))
        yield Text(words.say("explain.contacts"), style="bold")
        contacts = _grid()
        for each in explanation.contacts:
            told = [words.say(f"explain.direction.{each.direction}"), each.what]
            told += [] if each.counts else [words.say("explain.not_counted")]
            at = short_moment(self.language, each.at, words.zone, words.now)
            contacts.add_row(Text(at), Text(words.reasons.channel(each.channel)), Text("  ".join(filter(None, told))))
        yield Padding(contacts if explanation.contacts else Text(words.say("explain.none_past")), (0, 0, 0, 2))

    def _story(self, touch: PastTouch) -> str:
        words = self.words
        decided = words.say(
            "explain.decided", day=short_moment(self.language, touch.now.logged_at, words.zone, words.now)
        )
        told = words.recorded(touch.now, touch.campaign)
        lines = [told if touch.now.lost else words.say("explain.because", words=told, why=decided)]
        lines += [touch.result] if touch.result else []
        for each in touch.log:
            day = short_moment(self.language, each.logged_at, words.zone, words.now)
            lines.append(words.say("explain.logged", day=day, words=words.recorded(each, touch.campaign)))
        return "\n".join(lines)


def _shown(checks: Sequence[Check]) -> Iterator[tuple[int, Check, Check | None]]:
    """The lines that tell something, with their depth: a negated question tells its part, a head its list.

    The third is the part that such a question negates: what was found was found for it.
    """
    above: list[tuple[int, Check | None, int]] = []
    hidden: Check | None = None
    for check, following in zip_longest(checks, checks[1:]):
        if check is hidden:
            continue
        while above and above[-1][0] >= check.depth:
            above.pop()
        parent, depth = (above[-1][1], above[-1][2]) if above else (None, 0)
        under_head = parent is None or isinstance(parent.condition, InSegment)
        if isinstance(check.condition, AllOf) and under_head:
            above.append((check.depth, parent, depth))
            continue
        hidden = following if isinstance(check.condition, Not) and isinstance(check.condition.part, Operator) else None
        yield depth, check, hidden
        above.append((check.depth, hidden or check, depth + 1))


def _line(passes: bool, told: str) -> RenderableType:
    return Padding(_marked(passes, told), (0, 0, 0, 2))


def _marked(holds: bool, told: str, *, good: bool | None = None) -> Text:
    style = "green" if (holds if good is None else good) else "red"
    return Text.assemble((YES if holds else NO, style), " ", told)


def _grid() -> Table:
    return Table.grid(padding=(0, 2))
