"""Why a message is late or does not leave, in plain words: one sentence for every gate."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nurture.catalogue import say
from nurture.catalogue.planning import TEXTS
from nurture.config import Settings
from nurture.gates.placing import FAR
from nurture.zone import Duration, parse_duration

from .moment import length, short_day, short_moment
from .queue import Queue

Gate = Mapping[str, Any]
"""A failing gate as it is recorded: gate, rule, observed, limit, until, by."""

_CAP = re.compile(r"(?P<limit>\d+) per (?:calendar )?(?P<per>.+?)(?: on (?P<channel>\w+))?")
_LIMIT = re.compile(r"(?P<name>.+) per (?P<period>month|day)")


@dataclass(frozen=True)
class Wording:
    """How reasons are told: the language, the rules they come from, and what the campaigns are called."""

    language: str
    settings: Settings
    titles: Mapping[str, str]
    """Campaign → title."""

    def reason(self, verdict: str, failing: Sequence[Gate] | None, zone: str, near: int) -> str:
        """The first failing gate as a sentence; `near` is the instant wished for, in `zone`."""
        if not failing:
            return self.gate(verdict)
        first = next((each for each in failing if each["gate"] == verdict), failing[0])
        return self.sentence(first, zone, near) if verdict == first["gate"] else self.gate(verdict)

    def waiting(self, verdict: str, failing: Sequence[Gate] | None, zone: str, slot: int) -> str:
        """Why something leaves at its slot and no sooner: the gate that opens last."""
        gate = last_to_open(failing)
        return self.sentence(gate, zone, slot) if gate else self.gate(verdict)

    def gate(self, name: str) -> str:
        """What a gate says without its numbers; a name from a later release as it is."""
        return self._say(f"gate.{name}") if f"gate.{name}" in TEXTS else name

    def sentence(self, gate: Gate, zone: str, near: int) -> str:
        """A failing gate with the rule, the causes and the time it opens."""
        tell = {
            "outside_window": self._hours,
            "capped": self._capped,
            "outranked": self._outranked,
            "over_quota": self._quota,
            "paused": self._paused,
        }.get(str(gate["gate"]))
        return tell(gate, zone, near) if tell else self.gate(str(gate["gate"]))

    def too_late(self, verdict: str, failing: Sequence[Gate] | None, zone: str, near: int) -> str:
        """What lasts longer than the message is worth sending: the gate that opens last."""
        return self._say("why.too_late", reason=self.waiting(verdict, failing, zone, near))

    def queue(self, queue: Queue) -> str:
        """Why a message whose time has come is still here."""
        key = "why.queue.slowed" if queue.slowed else f"why.queue.{queue.per}"
        return self._say(key, name=self.channel(queue.name), limit=f"{queue.limit:,}")

    def rule(self, name: str) -> str:
        """`2 per 7 days` as 7日に2通まで; `min_gap` as its length."""
        if name == "min_gap":
            return length(self.language, self.settings.min_gap)
        found = _CAP.fullmatch(name)
        if found is None:
            return name
        limit, per = found["limit"], found["per"]
        if per in ("day", "week", "month"):
            words = self._say(f"cap.{per}", limit=limit)
        else:
            words = self._say("cap.rolling", limit=limit, period=length(self.language, _duration(per)))
        return (
            self._say("cap.channel", rule=words, channel=self.channel(found["channel"])) if found["channel"] else words
        )

    def channel(self, name: str) -> str:
        """`email` as メール."""
        return self._say(f"channel.{name}") if f"channel.{name}" in TEXTS else name

    def title(self, campaign: str) -> str:
        """The campaign's title, or its name where it is gone."""
        return self.titles.get(campaign, campaign)

    def causes(self, gate: Gate, zone: str) -> str:
        """電話 11/20、「はじめてのお礼」 11/22."""
        return self._say("cause.join").join(self._cause(each, zone) for each in gate.get("by") or ())

    def _cause(self, cause: Mapping[str, Any], zone: str) -> str:
        what, day = str(cause["what"]), short_day(self.language, int(cause["at"]), zone)
        if f"channel.{what}" in TEXTS:
            return self._say("cause", what=self.channel(what), day=day)
        return self._say("cause.campaign", what=self.title(what.partition("/")[0]), day=day)

    def _hours(self, gate: Gate, zone: str, near: int) -> str:
        if gate["until"] is None:
            return self._say("why.outside_window.never")
        return self._say(
            "why.outside_window", until=short_moment(self.language, gate["until"], zone, near, same_day=True)
        )

    def _capped(self, gate: Gate, zone: str, near: int) -> str:
        key = "why.gap" if gate["rule"] == "min_gap" else "why.capped"
        by = self.causes(gate, zone)
        return self._say(f"{key}.by" if by else key, rule=self.rule(str(gate["rule"])), by=by)

    def _outranked(self, gate: Gate, zone: str, near: int) -> str:
        key = "why.outranked.gap" if gate["rule"] == "min_gap" else "why.outranked"
        return self._say(key, rule=self.rule(str(gate["rule"])), by=self.causes(gate, zone))

    def _quota(self, gate: Gate, zone: str, near: int) -> str:
        found = _LIMIT.fullmatch(str(gate["rule"]))
        if found is None:
            return self.gate("over_quota")
        name = found["name"]
        words = self.channel(name) if f"channel.{name}" in TEXTS else self._say("scope.campaign", name=self.title(name))
        return self._say(f"quota.{found['period']}", name=words, limit=f"{gate['limit']:,}")

    def _paused(self, gate: Gate, zone: str, near: int) -> str:
        kind, _, name = str(gate["rule"]).partition(":")
        words = {"channel": self.channel, "campaign": self.title}.get(kind, str)(name)
        scope = self._say(f"scope.{kind}", name=words)
        if gate["until"] is None:
            return self._say("why.paused", scope=scope)
        return self._say("why.paused.until", scope=scope, until=short_moment(self.language, gate["until"], zone, near))

    def _say(self, key: str, **values: object) -> str:
        return say(self.language, key, **values)


def last_to_open(failing: Sequence[Gate] | None) -> Gate | None:
    """The failing gate that a late message waits for: one without `until` never opens, the others before its slot."""
    return max(failing or (), key=lambda each: each.get("until") or FAR, default=None)


def _duration(text: str) -> Duration:
    return parse_duration(text)
