"""What a customer was promised, asked at the moment of sending: whoever planned it, none of this may be broken."""

from collections.abc import Iterator

from .ledger import Candidate, Touch
from .oracle import Oracle
from .permission import permitted, suppressed, usable
from .placing import is_full, rules_of
from .shared import Limits
from .state import Contact, Customer
from .windows import is_open


def broken(touch: Touch, oracle: Oracle, now: int) -> Iterator[str]:
    """Every promise that sending the touch now would break."""
    state, settings = oracle.state, oracle.settings
    person: Customer = state.one(Customer, touch.customer_id)
    candidate = decided(touch, oracle)
    channel, commercial = str(touch.channel), candidate.commercial
    if not usable(person, channel, state):
        yield "no address"
    if suppressed(person, channel, state, ("commercial", "all") if commercial else ("all",)):
        yield "suppressed"
    if commercial and not permitted(person, channel, state):
        yield "no consent"
    if not is_open(now, person, candidate.zone, candidate.step.window, settings):
        yield "outside of the hours"
    ledger = [each for each in state.all(Contact) if each.owner_id == person.owner_id and each.direction == "out"]
    for cap in rules_of(settings, channel) if commercial else ():
        counted = [each.at for each in ledger if each.counts and cap.channel in (None, each.channel)]
        if is_full(cap, counted, now, candidate.zone):
            yield f"more than {cap.name}"
    campaigns = {each.campaign: each for each in oracle.campaigns.campaigns}
    for name in Limits(settings, campaigns, state, oracle.memory, now).full(touch):
        yield f"more than {name}"


def decided(touch: Touch, oracle: Oracle) -> Candidate:
    """The decision of this tick that lets the touch leave: what is due is decided anew at every tick."""
    return next(each for each in oracle.candidates if each.touch is touch or _same(each, touch))


def _same(candidate: Candidate, touch: Touch) -> bool:
    names = (candidate.campaign.campaign, candidate.step.step, candidate.enrollment.occurrence, candidate.person.id)
    return names == (touch.campaign, touch.step, touch.occurrence, touch.customer_id)
