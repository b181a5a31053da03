"""The explanation as text for a terminal: every campaign's trigger, conditions, gates and decision, then the past."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from nurture.campaign import After, Schedule
from nurture.catalogue import say
from nurture.catalogue.preview import TEXTS
from nurture.condition import Not, Operator
from nurture.planning.explaining import Answer, Check

from .dossier import Identity, PastTouch, Reach, Recorded
from .explanation import ExplainedCampaign, Explanation, SeveralPeople
from .foresight import ForeseenTouch
from .moment import day_and_time, length, short_day, short_moment
from .occasion import Occasion
from .question import Questions
from .reason import Wording
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


class Words:
    """The sentences of an explanation, whatever they are shown in."""

    def __init__(self, explanation: Explanation, language: str) -> None:
        self.explanation, self.language = explanation, language
        titles = {each.campaign: each.title for each in explanation.campaigns.campaigns}
        self.reasons = Wording(language, explanation.settings, titles)
        self.questions = Questions(language, explanation.settings, explanation.campaigns)
        self.zone = explanation.person.zone
        self.now = explanation.instant

    def name(self, person: Identity) -> str:
        """山田 花子（C-001）."""
        name = person.name or person.called
        return self.say("preview.example", name=name, causes=person.key) if person.key else name

    def reach(self, reach: Reach) -> str:
        """hanako@… 同意あり（本人の申し込み、1/1 から）."""
        parts = [reach.address or self.say("explain.no_address")]
        day = short_day(self.language, reach.consent_at, self.zone) if reach.consent_at else ""
        basis = self._known(f"basis.{reach.basis}", reach.basis)
        key = {"granted": "explain.granted", "withdrawn": "explain.withdrawn"}.get(reach.consent or "")
        if reach.address or reach.consent:
            parts.append(self.say(key or "explain.no_consent", basis=basis, day=day))
        if reach.suppressed:
            reason = self._known(f"stop.{reach.suppressed}", reach.suppressed)
            since = short_day(self.language, reach.suppressed_at or 0, self.zone)
            parts.append(self.say("explain.suppressed", reason=reason, day=since))
        return "  ".join(parts)

    def cap(self, answer: Answer) -> str:
        """7日に2通まで: 2/2 通、次は 11/27 15:00 から（電話 11/20、来店 11/22）."""
        rule = self.reasons.rule(answer.rule)
        told = self.say("explain.gap", rule=rule)
        if answer.rule != "min_gap":
            told = self.say("explain.cap", rule=rule, observed=answer.observed, limit=answer.limit)
        if answer.until is None:
            return told
        told = self.say("cause.join").join([told, self.opens(answer.until)])
        by = self.reasons.causes({"by": answer.by}, self.zone)
        return self.say("explain.because", words=told, why=by) if by else told

    def opens(self, until: int) -> str:
        """次は 11/27 15:00 から."""
        return self.say("explain.opens", until=short_moment(self.language, until, self.zone, self.now))

    def occasion(self, each: Occasion, campaign: ExplainedCampaign) -> str:
        """注文 N-1003（11/21 9:30）: 今回始まります."""
        values = {
            name: short_moment(self.language, at, self.zone) if at is not None else ""
            for name, at in (("opened", each.opened_at), ("ended", each.ended_at))
        }
        reason = self._known(f"exit.{each.exit_reason}", each.exit_reason or "")
        state = self.say(f"state.{each.state}", **values, reason=reason, again=self._again(campaign))
        what = self._occurrence(each, campaign)
        return self.say("occasion.state", what=what, state=state) if what else state

    def check(self, check: Check) -> str:
        """The condition, and what was found."""
        told = self.questions.sentence(check.condition)
        found = self.questions.found(check.observed, check.kind, self.zone)
        return self.say("explain.because", words=told, why=self.say("explain.found", found=found)) if found else told

    def passed(self, answer: Answer) -> str:
        """A gate that lets through, in a word or two."""
        rule = self._quota(answer) if answer.gate == "over_quota" else ""
        values = {"rule": rule, "observed": answer.observed, "limit": answer.limit}
        return self.say(f"explain.passes.{answer.gate}", **values)

    def refused(self, answer: Answer) -> str:
        """A gate that does not, with what is missing and when it opens."""
        gate = {"gate": answer.gate, "rule": answer.rule, "observed": answer.observed, "limit": answer.limit}
        told = self.reasons.sentence({**gate, "until": answer.until, "by": answer.by}, self.zone, self.now)
        if answer.gate == "capped":
            return self.cap(answer)
        if answer.missing:
            missing = self.say("explain.missing", names=self.say("cause.join").join(answer.missing))
            told = self.say("explain.because", words=told, why=missing)
        return told

    def decision(self, touch: ForeseenTouch) -> str:
        """What becomes of a step."""
        plan, zone = touch.plan, touch.plan.zone
        reason = self.reasons.reason(plan.verdict, list(plan.failing or ()), zone, max(plan.due_at, self.now))
        if touch.sends and plan.at is not None:
            at = day_and_time(self.language, plan.at, zone)
            told = self.say("explain.sends", at=at, channel=self.reasons.channel(plan.channel or ""))
            told = self.say("explain.because", words=told, why=reason) if touch.deferred else told
        else:
            concluded = plan.status not in ("waiting", "planned")
            told = self.say("explain.refuses" if concluded else "explain.waits", reason=reason)
        if touch.mark != "new":
            told = self.say("explain.because", words=told, why=self.say(f"preview.mark.{touch.mark}"))
        return self.say("explain.step_name", step=plan.step, words=told)

    def recorded(self, each: Recorded, campaign: str) -> str:
        """What a ledger's entry says: its status, its time and its reason."""
        parts = [self._known_status(each.status)]
        if each.at is not None:
            parts.append(short_moment(self.language, each.at, self.zone))
        if each.channel:
            parts.append(self.reasons.channel(each.channel))
        if each.verdict != "ok":
            near = each.at if each.at is not None else each.logged_at
            parts.append(self.reasons.reason(each.verdict, list(each.failing), self.zone, near))
        return "  ".join(parts)

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return say(self.language, key, **values)

    def _occurrence(self, each: Occasion, campaign: ExplainedCampaign) -> str:
        trigger = campaign.campaign.trigger
        at = short_moment(self.language, each.at, self.zone) if each.at is not None else ""
        if isinstance(trigger, After) and each.label:
            what = self.say(f"occasion.{trigger.table}", label=each.label)
            return self.say("explain.because", words=what, why=at) if at else what
        if isinstance(trigger, Schedule) or not at:
            return at
        return short_day(self.language, each.at or 0, self.zone)

    def _again(self, campaign: ExplainedCampaign) -> str:
        pause = campaign.campaign.again_after
        return self.say("again.after", period=length(self.language, pause)) if pause else self.say("again.once")

    def _quota(self, answer: Answer) -> str:
        name, _, period = answer.rule.rpartition(" per ")
        told = self.reasons.channel(name) if name in ("email", "line") else self.reasons.title(name)
        return self.say(f"explain.quota.{period}", name=told)

    def _known(self, key: str, otherwise: str) -> str:
        return self.say(key) if key in TEXTS else otherwise

    def _known_status(self, status: str) -> str:
        return self.say(f"status.{status}")


class _Telling:
    def __init__(self, explanation: Explanation, language: str) -> None:
        self.explanation, self.words = explanation, Words(explanation, language)
        self.language = language

    def parts(self) -> Iterator[RenderableType]:
        words, explanation = self.words, self.explanation
        at = day_and_time(self.language, explanation.instant, words.zone)
        yield Text(words.say("explain.title", name=words.name(explanation.person), at=at), style="bold")
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
            day = short_day(self.language, explanation.person.erased_at, words.zone)
            yield Text(words.say("explain.erased", day=day), style="red")
        listed = _grid()
        for reach in explanation.reaches:
            listed.add_row(Text(words.reasons.channel(reach.channel), style="dim"), Text(words.reach(reach)))
        yield Padding(listed, (0, 0, 0, 2))
        for kind, what, since in explanation.holds:
            key = "explain.complaint" if kind == "complaint" else "explain.refusal"
            goods = f"{what}、" if what else ""
            day = short_day(self.language, since, words.zone)
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
        occasions = [_marked(_stands(one), words.occasion(one, each)) for one in each.occasions]
        self._add(listed, "explain.trigger", occasions)
        self._add(listed, "explain.conditions", [*self._tree(each.answers.audience), *self._offer(each)])
        if any(_stands(one) for one in each.occasions):
            self._add(listed, "explain.exit", list(self._tree(each.answers.exit_when, wanted=False)))
            self._add(listed, "explain.gates", list(self._gates(each)))
            self._add(listed, "explain.decision", list(self._decisions(each)))
        yield Padding(listed, (0, 0, 0, 2))

    def _add(self, listed: Table, key: str, lines: Sequence[Text]) -> None:
        if lines:
            listed.add_row(Text(self.words.say(key), style="dim"), Text("\n").join(lines))

    def _tree(self, checks: Sequence[Check], *, wanted: bool = True) -> Iterator[Text]:
        hidden: int | None = None
        for check in checks:
            if hidden is not None and check.depth > hidden:
                continue
            # The line of a negated question tells it already.
            hidden = (
                check.depth if isinstance(check.condition, Not) and isinstance(check.condition.part, Operator) else None
            )
            line = _marked(check.holds, self.words.check(check), good=check.holds == wanted)
            yield Text("  " * check.depth) + line

    def _offer(self, each: ExplainedCampaign) -> Iterator[Text]:
        if each.campaign.offer is not None:
            found = each.answers.offered
            told = self.words.say("explain.offer" if found else "explain.no_offer", name=found)
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
        for touch in each.decisions:
            line = _marked(touch.sends, self.words.decision(touch), good=touch.sends)
            if touch.error:
                line.append(f"\n  {self.words.say('preview.error', problem=touch.error)}", style="red")
            elif touch.subject:
                line.append(f"\n  {touch.subject}", style="dim")
            yield line
        for step, due in each.upcoming:
            at = day_and_time(self.language, due, self.words.zone)
            yield Text(self.words.say("explain.upcoming", step=step, at=at))
        if not each.decisions and not each.upcoming:
            told = self.words.say("explain.nothing")
            following = [one.next_at for one in each.occasions if one.state == "enrolled" and one.next_at is not None]
            if following:
                at = short_moment(self.language, min(following), self.words.zone)
                told = self.words.say("explain.because", words=told, why=self.words.say("explain.next", at=at))
            yield Text(told)

    def _past(self) -> Iterator[RenderableType]:
        words, explanation = self.words, self.explanation
        yield Text()
        yield Text(words.say("explain.past"), style="bold")
        touches = _grid()
        for touch in explanation.touches:
            title = words.reasons.title(touch.campaign)
            due = short_moment(self.language, touch.due_at, words.zone)
            touches.add_row(Text(due), Text(f"{title} / {touch.step}"), Text(self._story(touch)))
        yield Padding(touches if explanation.touches else Text(words.say("explain.none_past")), (0, 0, 0, 2))
        yield Text(words.say("explain.contacts"), style="bold")
        contacts = _grid()
        for each in explanation.contacts:
            told = [words.say(f"explain.direction.{each.direction}"), each.what]
            told += [] if each.counts else [words.say("explain.not_counted")]
            at = short_moment(self.language, each.at, words.zone)
            contacts.add_row(Text(at), Text(words.reasons.channel(each.channel)), Text("  ".join(filter(None, told))))
        yield Padding(contacts if explanation.contacts else Text(words.say("explain.none_past")), (0, 0, 0, 2))

    def _story(self, touch: PastTouch) -> str:
        words = self.words
        decided = words.say("explain.decided", day=short_moment(self.language, touch.now.logged_at, words.zone))
        lines = [words.say("explain.because", words=words.recorded(touch.now, touch.campaign), why=decided)]
        lines += [touch.result] if touch.result else []
        for each in touch.log:
            day = short_moment(self.language, each.logged_at, words.zone)
            lines.append(words.say("explain.logged", day=day, words=words.recorded(each, touch.campaign)))
        return "\n".join(lines)


def _stands(occasion: Occasion) -> bool:
    return occasion.state in ("enrolled", "opens", "possible")


def _line(passes: bool, told: str) -> RenderableType:
    return Padding(_marked(passes, told), (0, 0, 0, 2))


def _marked(holds: bool, told: str, *, good: bool | None = None) -> Text:
    style = "green" if (holds if good is None else good) else "red"
    return Text.assemble((YES if holds else NO, style), " ", told)


def _grid() -> Table:
    return Table.grid(padding=(0, 2))
