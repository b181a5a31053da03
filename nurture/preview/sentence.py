"""The sentences of an explanation, whatever they are shown in."""

from nurture.campaign import After, Schedule
from nurture.catalogue import say
from nurture.catalogue.preview import TEXTS
from nurture.planning.explaining import Answer, Check

from .dossier import Identity, Reach, Recorded
from .explanation import ExplainedCampaign, Explanation
from .foresight import ForeseenTouch
from .moment import day_and_time, length, short_day, short_moment, year_of
from .occasion import Occasion
from .question import Questions
from .reason import Wording


class Sentences:
    """The sentences of an explanation, whatever they are shown in."""

    def __init__(self, explanation: Explanation, language: str) -> None:
        self.explanation, self.language = explanation, language
        titles = {each.campaign: each.title for each in explanation.campaigns.campaigns}
        self.reasons = Wording(language, explanation.settings, titles)
        self.questions = Questions(language, explanation.settings, explanation.campaigns)
        self.zone = explanation.person.zone
        self.now = explanation.instant
        self.year = year_of(self.now, self.zone)

    def name(self, person: Identity) -> str:
        """山田 花子（C-001）."""
        name = person.name or person.called
        return self.say("preview.example", name=name, causes=person.key) if person.key else name

    def reach(self, reach: Reach) -> str:
        """hanako@… 同意あり（本人の申し込み、1/1 から）."""
        parts = [reach.address or self.say("explain.no_address")]
        day = short_day(self.language, reach.consent_at, self.zone, self.now) if reach.consent_at else ""
        basis = self._known(f"basis.{reach.basis}", reach.basis)
        key = {"granted": "explain.granted", "withdrawn": "explain.withdrawn"}.get(reach.consent or "")
        if reach.address or reach.consent:
            parts.append(self.say(key or "explain.no_consent", basis=basis, day=day))
        if reach.suppressed:
            reason = self._known(f"stop.{reach.suppressed}", reach.suppressed)
            since = short_day(self.language, reach.suppressed_at or 0, self.zone, self.now)
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
        return self.say("explain.opens", until=short_moment(self.language, until, self.zone, self.now, same_day=True))

    def occasion(self, each: Occasion, campaign: ExplainedCampaign) -> str:
        """注文 N-1003（11/21 9:30）: 今回始まります."""
        values = {
            name: short_moment(self.language, at, self.zone, self.now) if at is not None else ""
            for name, at in (("opened", each.opened_at), ("ended", each.ended_at))
        }
        reason = self._known(f"exit.{each.exit_reason}", each.exit_reason or "")
        key = "possible.past" if each.state == "possible" and self.explanation.past else each.state
        state = self.say(f"state.{key}", **values, reason=reason, again=self._again(campaign))
        what = self._occurrence(each, campaign)
        return self.say("occasion.state", what=what, state=state) if what else state

    def asked(self, each: ExplainedCampaign) -> str:
        """注文 N-1003（11/21 9:30）について."""
        return self.say("explain.asked", what=self._occurrence(each.asked, each))

    def check(self, check: Check, part: Check | None = None) -> str:
        """The condition, and what was found; a `not` tells what was found for its `part`."""
        told, seen = self.questions.sentence(check.condition), part or check
        found = self.questions.found(seen.observed, seen.kind, self.zone, self.now)
        if found and seen.kind == "instant" and int(seen.observed or 0) > self.now:
            found = self.say("explain.later", found=found)
        if found and seen.newest is not None:
            order, at = seen.newest
            day = short_day(self.language, at, self.zone, self.now)
            found = self.say("found.newest", found=found, order=order, day=day)
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
        given = (plan.verdict, plan.failing, zone)
        if touch.sends and plan.at is not None:
            at = day_and_time(self.language, plan.at, zone, self.year)
            told = self.say("explain.sends", at=at, channel=self.reasons.channel(plan.channel or ""))
            if touch.deferred:
                why = self.reasons.waiting(*given, plan.at)
                told = self.say("explain.because", words=told, why=why)
        else:
            late = plan.status == "expired" and plan.verdict != "expired"
            tell = self.reasons.too_late if late else self.reasons.reason
            reason = tell(*given, max(plan.due_at, self.now))
            concluded = plan.status not in ("waiting", "planned")
            told = self.say("explain.refuses" if concluded else "explain.waits", reason=reason)
        if touch.mark != "new":
            told = self.say("explain.because", words=told, why=self.say(f"preview.mark.{touch.mark}"))
        return self.say("explain.step_name", step=plan.step, words=told)

    def recorded(self, each: Recorded, campaign: str) -> str:
        """What a ledger's entry says: its status, its time and its reason."""
        parts = [self._known_status(each.status)]
        if each.lost:
            return self.say("explain.because", words=parts[0], why=self.say("explain.lost"))
        if each.at is not None:
            parts.append(short_moment(self.language, each.at, self.zone, self.now))
        if each.channel:
            parts.append(self.reasons.channel(each.channel))
        if each.verdict != "ok":
            near = each.at if each.at is not None else each.logged_at
            parts.append(self.reasons.reason(each.verdict, each.failing, self.zone, near))
        return "  ".join(parts)

    def say(self, key: str, **values: object) -> str:
        """A text of the catalogue."""
        return say(self.language, key, **values)

    def _occurrence(self, each: Occasion, campaign: ExplainedCampaign) -> str:
        trigger = campaign.campaign.trigger
        at = short_moment(self.language, each.at, self.zone, self.now) if each.at is not None else ""
        if isinstance(trigger, After) and each.label:
            what = self.say(f"occasion.{trigger.table}", label=each.label)
            return self.say("explain.because", words=what, why=at) if at else what
        if isinstance(trigger, Schedule) or not at:
            return at
        return short_day(self.language, each.at or 0, self.zone, self.now)

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
