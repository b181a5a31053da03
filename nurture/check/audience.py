"""The conditions held against the people there are: segments nobody is in, variables that some of them lack."""

from collections.abc import Iterator

from sqlalchemy import Connection, case, func, select

from nurture.gates.situation import PlannedStep, Situation
from nurture.gates.standing import active, scope_of
from nurture.rules.compiling import predicate
from nurture.rules.variables import variable

from .finding import Finding
from .population import CUSTOMER, population
from .written import in_campaign, in_segment


def look_at_people(situation: Situation, connection: Connection) -> Iterator[Finding]:
    """Counts in the database, one statement a segment and one a step that requires something."""
    if not connection.scalar(select(func.count()).select_from(CUSTOMER)):
        return
    yield from _empty_segments(situation, connection)
    for step in situation.steps:
        if known := tuple(name for name in step.requires if variable(name, situation.settings)):
            yield from _lacking(situation, connection, step, known)


def _empty_segments(situation: Situation, connection: Connection) -> Iterator[Finding]:
    for name, segment in situation.campaigns.segments.items():
        scope = scope_of(situation, None, CUSTOMER.c.id)
        someone = select(CUSTOMER.c.id).where(active(CUSTOMER), predicate(scope, segment.condition)).limit(1)
        if connection.scalar(someone) is None:
            title = segment.title or name
            yield in_segment("warning", situation.settings, name, "check.empty_segment", found=name, title=title)


def _lacking(
    situation: Situation, connection: Connection, step: PlannedStep, names: tuple[str, ...]
) -> Iterator[Finding]:
    people = population(situation, step.campaign)
    counts = [func.sum(case((people.lacks((name,)), 1), else_=0)) for name in names]
    total, *missing = connection.execute(people.people(func.count(), *counts)).one()
    for name, count in zip(names, missing, strict=True):
        if count:
            values = {"step": step.step.step, "variable": name, "count": int(count), "total": total}
            code = "check.always_lacking" if count == total else "check.lacking"
            yield in_campaign("warning", step.campaign, ("steps", step.position, "template"), code, **values)
