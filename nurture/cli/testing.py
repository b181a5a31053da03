"""A test message: a campaign's letter as it would be, marked so that nobody takes it for a real one."""

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nurture.address import ascii_address
from nurture.campaign import Campaign, Step
from nurture.campaign.model import Channel
from nurture.catalogue import say
from nurture.config import FILE_NAME
from nurture.message.compose import Failure, Message, compose
from nurture.message.frozen import Frozen, freeze
from nurture.mistake import Mistake, MistakesFound, Place

if TYPE_CHECKING:
    from nurture.check.specimen import Specimen

    from .folder import Shop

LINE_ID = re.compile(r"U[0-9a-f]{32}")
HEADER = ("X-Nurture-Test", "yes")


def test_message(shop: "Shop", campaign: Campaign, step: Step, specimen: "Specimen", to: str, now: datetime) -> Frozen:
    """The step's message for `to`, in its last form. Raises MistakesFound for what can't be written or addressed."""
    channel = _channel(to, step)
    if step.template not in shop.templates:
        place = Place(campaign.file)
        raise MistakesFound([Mistake(place, "check.no_template", {"found": step.template, "step": step.step})])
    # Customer 0 exists nowhere: whoever tries the link in a test stops nobody's mail.
    context = replace(specimen.context, customer_id=0)
    written = compose(shop.templates.get(step.template), channel, context, shop.settings, to)
    if isinstance(written, Failure):
        raise MistakesFound([Mistake(Place(written.file, written.line, 1), "check.said", {"what": written.what})])
    if channel == "email" and not written.from_.address:
        raise MistakesFound([Mistake(Place(FILE_NAME), "check.no_from", {}, "email.from_address")])
    marked = _marked(written, say(shop.settings.language, "cli.send-test.mark"))
    name = f"test.{campaign.campaign}.{step.step}.{now:%Y%m%dT%H%M%SZ}"
    key = f"{name}@{marked.from_.address.rpartition('@')[2]}" if channel == "email" else name
    try:
        return freeze(marked, key=key, date=now)
    except ValueError as problem:
        raise MistakesFound([Mistake(Place("--to"), "check.said", {"what": str(problem)})]) from None


def _channel(to: str, step: Step) -> Channel:
    channel: Channel = "line" if LINE_ID.fullmatch(to) else "email"
    if channel == "email" and not _is_address(to):
        raise MistakesFound([Mistake(Place("--to"), "cli.send-test.address", {"found": to})])
    if channel not in step.channels:
        values = {"step": step.step, "found": channel, "allowed": ", ".join(step.channels)}
        raise MistakesFound([Mistake(Place("--to"), "cli.send-test.channel", values)])
    return channel


def _is_address(to: str) -> bool:
    try:
        return bool(ascii_address(to))
    except ValueError:
        return False


def _marked(message: Message, mark: str) -> Message:
    if message.channel == "line":
        line: tuple[dict[str, Any], ...] = ({"type": "text", "text": mark}, *message.line)
        return replace(message, line=line[:5])
    headers = (*message.headers, HEADER)
    return replace(message, subject=f"{mark} {message.subject}", headers=headers)
