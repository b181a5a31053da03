"""Whether the shop can send at all: an address to be sent from, a way out for whoever wants none, the credentials."""

from collections.abc import Collection, Iterator, Mapping

from nurture.channels.signing import signer
from nurture.config import FILE_NAME, SECRETS
from nurture.gates.situation import Situation
from nurture.mistake import Mistake, MistakesFound, Place

from .finding import Finding, Severity
from .whole import Whole

RESTS_ON: Mapping[str, tuple[str, ...]] = {
    "check.no_way_out": ("public_url", "opt_out_mailbox"),
    "check.no_from": ("email.from_address", "shop.email"),
    "check.line_off": ("line.enabled",),
    "check.no_owner": ("approve", "owner.email", "shop.email", "email.host"),
    "check.no_host": ("mode", "email.host"),
    "check.no_secret": ("mode", "line.enabled"),
}
"""The keys of config.yaml that a finding speaks of; every other one speaks of the signing key."""


def look_at_sender(whole: Whole) -> Iterator[Finding]:
    """What config.yaml and the environment lack for the campaigns there are."""
    for each in _lacking(whole.situation):
        if whole.knows(*RESTS_ON.get(each.mistake.code, ("mode", "email.dkim", "secrets"))):
            yield each


def _lacking(situation: Situation) -> Iterator[Finding]:
    settings, campaigns = situation.settings, situation.campaigns.campaigns
    channels = {channel for each in campaigns for step in each.steps for channel in step.channels}
    live = settings.mode == "live"
    if any(each.purpose == "commercial" for each in campaigns) and not (
        settings.public_url or settings.opt_out_mailbox
    ):
        yield _in_config("error", "opt_out_mailbox", "check.no_way_out")
    if "email" in channels and not (settings.email.from_address or settings.shop.email):
        yield _in_config("error" if live else "warning", "email.from_address", "check.no_from")
    if "line" in channels and not settings.line.enabled:
        yield _in_config("warning", "line.enabled", "check.line_off")
    if settings.approve and not (settings.owner_address and settings.email.host):
        yield _in_config("warning", "owner.email", "check.no_owner")
    if live:
        yield from _credentials(situation, channels)


def _credentials(situation: Situation, channels: Collection[str]) -> Iterator[Finding]:
    settings = situation.settings
    if "email" in channels and not settings.email.host:
        yield _in_config("error", "email.host", "check.no_host")
    try:
        signer(settings)
    except MistakesFound as found:
        yield from (Finding("error", each) for each in found.mistakes)
    if not settings.secrets.secret_key.get_secret_value():
        yield _in_config("error", "", "check.no_secret", variable=SECRETS["secret_key"])
    if "line" in channels and settings.line.enabled and not settings.secrets.line_access_token.get_secret_value():
        yield _in_config("error", "", "check.no_secret", variable=SECRETS["line_access_token"])


def _in_config(severity: Severity, key: str, code: str, **values: object) -> Finding:
    return Finding(severity, Mistake(Place(FILE_NAME), code, values, key))
