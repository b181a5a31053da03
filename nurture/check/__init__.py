"""What only the whole can tell: campaigns with their letters, letters as they are rendered, conditions with the people.

What a single file says wrong is told by its loading already.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import Connection, Engine

from nurture.campaign import CampaignsRead
from nurture.config import SettingsRead
from nurture.gates.situation import Situation
from nurture.message.template import Templates
from nurture.store import reading

from .audience import look_at_people
from .campaigns import look_at_campaigns
from .finding import Finding, Severity
from .letters import look_at_letters
from .names import look_at_names
from .sender import look_at_sender
from .timing import look_at_times
from .whole import Whole

__all__ = ["Finding", "Severity", "check_shop"]


def check_shop(
    settings: SettingsRead,
    campaigns: CampaignsRead,
    templates: Templates,
    engine: Engine | None,
    now: datetime,
    told: Sequence[Finding] = (),
) -> list[Finding]:
    """Everything there is to mend, errors first, each in the order of files and lines.

    `engine` None: there is no database, so that nothing is counted and letters are tried on an invented customer.
    `now`: aware UTC. `told`: what loading found, which is told with the rest; what rests on something that is wrong is
    left out. Raises no MistakesFound.
    """
    requires = {each.name: each.requires for each in templates}
    situation = Situation(settings.settings, campaigns.campaigns, requires, now)
    whole = Whole(situation, settings.doubtful, campaigns.drafts, campaigns.broken, templates)
    if engine is None or not whole.knows("attributes", "timezone"):
        found = [*told, *_all(whole, None)]
    else:
        with reading(engine) as connection:
            found = [*told, *_all(whole, connection)]
    once = {(each.mistake.place, each.mistake.code, str(dict(each.mistake.values))): each for each in found}
    return sorted(once.values(), key=lambda each: (each.severity, each.mistake.place))


def _all(whole: Whole, connection: Connection | None) -> Iterator[Finding]:
    yield from look_at_sender(whole)
    yield from look_at_campaigns(whole.situation)
    if whole.knows("hours", "closed", "timezone"):
        yield from look_at_times(whole.situation)
    yield from look_at_letters(whole, connection)
    if connection is not None:
        yield from look_at_people(whole.situation, connection)
        yield from look_at_names(whole.drafts, connection)
