"""The foresight as JSON for other programs: a documented shape that only grows (docs/preview.md)."""

import json
from dataclasses import asdict
from typing import Any

from nurture.message.compose import Message
from nurture.planning.planned import PlannedEnrollment, PlannedTouch

from .foresight import ForeseenTouch, Foresight
from .moment import local_text, utc_text

VERSION = 1
TOUCH_COLUMNS = (
    *("campaign", "step", "customer_id", "owner_id", "occurrence", "subject_id", "channel", "status", "due_at", "at"),
    *("expires_at", "priority", "obeys_cap", "counts_to_cap", "verdict", "failing", "decided_at", "campaign_version"),
    *("customer_version", "generation"),
)
"""The columns of `touch` that planning writes."""
ENROLLMENT_COLUMNS = tuple(name for name in PlannedEnrollment._fields if name != "mark")
"""The columns of `enrollment` but for its id."""
INSTANTS = ("due_at", "at", "expires_at", "decided_at", "occurred_at", "opened_at", "next_at", "ended_at")


def as_json(foresight: Foresight) -> str:
    """The whole foresight as one JSON document, indented, ended by a line feed."""
    return dumped(foresight_record(foresight))


def dumped(record: Any) -> str:
    """A record as text: Japanese as it is, two spaces of indent."""
    return json.dumps(record, ensure_ascii=False, indent=2) + "\n"


def foresight_record(foresight: Foresight) -> dict[str, Any]:
    """The document before it becomes text."""
    zone, summary = foresight.settings.timezone, foresight.summary
    return {
        "version": VERSION,
        "at": utc_text(foresight.instant),
        "at_local": local_text(foresight.instant, zone),
        "zone": zone,
        "complete": foresight.is_complete,
        "composed": foresight.composed,
        "summary": {name: getattr(summary, name) for name in ("sends", "deferred", "excluded", "errors")},
        "opened": [{"campaign": campaign, "count": count} for campaign, count in foresight.opened],
        "refused": [
            {"campaign": each.campaign, "verdict": each.verdict, "status": each.status, "count": each.count}
            for each in foresight.refusals
        ],
        "left_out": [
            {"campaign": each.campaign, "occurrence": f"schedule:{each.label}", "counts": each.counts}
            for each in foresight.left_out
        ],
        "decisions": [decision_record(each) for each in foresight.rows],
        "touches": [touch_record(each.plan) for each in foresight.rows if each.plan.written],
        "enrollments": [enrollment_record(each) for each in foresight.enrollments],
    }


def touch_record(touch: PlannedTouch) -> dict[str, Any]:
    """The row of `touch` that a commit leaves."""
    return _in_columns(touch, TOUCH_COLUMNS)


def enrollment_record(enrollment: PlannedEnrollment) -> dict[str, Any]:
    """The row of `enrollment` that a commit leaves."""
    return _in_columns(enrollment, ENROLLMENT_COLUMNS)


def gate_record(gate: dict[str, Any], zone: str) -> dict[str, Any]:
    """A failing gate; its instants as text."""
    found = dict(gate)
    if "until" in gate:
        found |= moments("until", gate["until"], zone)
    if "by" in gate:
        found["by"] = [{"what": each["what"], **moments("at", each["at"], zone)} for each in gate["by"]]
    return found


def moments(name: str, instant: int | None, zone: str) -> dict[str, str | None]:
    """An instant under `name` in UTC and under `<name>_local` on the wall of `zone`."""
    return {name: utc_text(instant), f"{name}_local": local_text(instant, zone)}


def _in_columns(row: Any, columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: utc_text(value) if name in INSTANTS else value for name in columns for value in [getattr(row, name)]}


def decision_record(touch: ForeseenTouch) -> dict[str, Any]:
    """A decision with everything a person or program may ask of it; its message where it was composed."""
    plan = touch.plan
    return {
        "mark": plan.mark,
        "status": plan.status,
        "verdict": plan.verdict,
        "campaign": plan.campaign,
        "title": touch.title,
        "step": plan.step,
        "occurrence": plan.occurrence,
        "customer": {"id": plan.customer_id, "key": plan.customer_key, "called": touch.called, "zone": plan.zone},
        "channel": plan.channel,
        "subject": touch.subject,
        **moments("due_at", plan.due_at, plan.zone),
        **moments("at", plan.at, plan.zone),
        **moments("expires_at", plan.expires_at, plan.zone),
        "failing": [gate_record(each, plan.zone) for each in plan.failing or ()],
        "queue": asdict(touch.queue) if touch.queue else None,
        "message": _message(touch.message) if touch.message else None,
        "error": touch.error,
    }


def _message(message: Message) -> dict[str, Any]:
    return {
        "to": message.to,
        "from": {"name": message.from_.name, "address": message.from_.address},
        "subject": message.subject,
        "text": message.text,
        "html": message.html,
        "line": list(message.line),
    }
