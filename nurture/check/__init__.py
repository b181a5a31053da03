"""What only the whole can tell: campaigns with their letters, letters as they are rendered, conditions with the people.

What a single file says wrong is told by its loading already.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import Connection, Engine

from nurture.campaign import Campaigns
from nurture.config import Settings
from nurture.gates.situation import Situation
from nurture.message.template import Templates
from nurture.store import reading

from .audience import look_at_people
from .campaigns import look_at_campaigns
from .finding import Finding, Severity
from .letters import look_at_letters
from .sender import look_at_sender
from .timing import look_at_times

__all__ = ["Finding", "Severity", "check_shop"]


def check_shop(
    settings: Settings, campaigns: Campaigns, templates: Templates, engine: Engine | None, now: datetime
) -> list[Finding]:
    """Everything there is to mend, errors first, each in the order of files and lines.

    `engine` None: there is no database, so that nothing is counted and letters are tried on an invented customer.
    `now`: aware UTC. Raises no MistakesFound.
    """
    requires = {each.name: each.requires for each in templates}
    situation = Situation(settings, campaigns, requires, now)
    if engine is None:
        found = list(_all(situation, templates, None))
    else:
        with reading(engine) as connection:
            found = list(_all(situation, templates, connection))
    once = {(each.mistake.place, each.mistake.code, str(dict(each.mistake.values))): each for each in found}
    return sorted(once.values(), key=lambda each: (each.severity, each.mistake.place))


def _all(situation: Situation, templates: Templates, connection: Connection | None) -> Iterator[Finding]:
    yield from look_at_sender(situation)
    yield from look_at_campaigns(situation)
    yield from look_at_times(situation)
    yield from look_at_letters(situation, templates, connection)
    if connection is not None:
        yield from look_at_people(situation, connection)
