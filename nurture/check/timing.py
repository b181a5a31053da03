"""Whether a step can ever leave: its window within the shop's hours, over the coming two months."""

from collections.abc import Iterator
from datetime import timedelta

from nurture.condition import AllOf, Condition
from nurture.condition.vocabulary import IsKind
from nurture.gates.opening import openings_in
from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.timing import calendar_of

from .finding import Finding
from .written import in_campaign

DAYS = 60
KINDS = ("individual", "company")


def look_at_times(situation: Situation) -> Iterator[Finding]:
    """An error where nobody of those it speaks to can get a step, a warning where one kind of customer can't."""
    for step in situation.steps:
        kinds = [kind for kind in KINDS if _speaks_to(step.campaign.audience, kind)]
        shut = [kind for kind in kinds if not _opens(situation, step, kind)]
        if not shut:
            continue
        code = "check.never_open" if shut == kinds else f"check.never_open_{shut[0]}"
        severity = "error" if shut == kinds else "warning"
        path = ("steps", step.position, "window" if step.step.window else "step")
        yield in_campaign(severity, step.campaign, path, code, step=step.step.step, days=DAYS)  # type: ignore[arg-type]


def _opens(situation: Situation, step: PlannedStep, kind: str) -> bool:
    today = situation.shop_zone.local_date(situation.instant)
    last = today + timedelta(days=DAYS)
    found = openings_in(calendar_of(situation, kind), situation.settings.timezone, today, last, step.step.window)
    return bool(found.starts)


def _speaks_to(audience: Condition, kind: str) -> bool:
    """Whether the audience, as far as its outermost list says, has customers of that kind."""
    parts = audience.parts if isinstance(audience, AllOf) else (audience,)
    return all(part.equals == kind for part in parts if isinstance(part, IsKind))
