"""The link by which a customer refuses further messages: made and read back here, acted on elsewhere.

Its token names a customer by number only, says nothing to whoever reads it, and never expires: Japan's mail law
(特定電子メール法) and CAN-SPAM want it to work for long.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any, get_args
from urllib.parse import quote

from itsdangerous import BadData, Serializer, URLSafeSerializer
from itsdangerous.encoding import base64_encode

from nurture.campaign.model import Channel
from nurture.config import Settings

SALT = "unsubscribe"
"""A token made for another purpose is refused here."""
EXAMPLE = "EXAMPLE-this-link-does-nothing"
"""Stands in for a token in a preview without a signing key; the signature of a real one is refused in it."""
PATH = "/u/"
CHANNELS: tuple[Channel, ...] = get_args(Channel)
PURPOSES = ("commercial", "transactional")


@dataclass(frozen=True)
class Subscription:
    """What a customer refuses by following the link."""

    customer_id: int
    channel: Channel
    purpose: str
    """commercial | transactional."""


def make_token(settings: Settings, subscription: Subscription) -> str | None:
    """The signed token. Without a signing key: an example in preview mode, None in live mode."""
    if not settings.secrets.secret_key.get_secret_value():
        return EXAMPLE if settings.mode == "preview" else None
    numbers = (CHANNELS.index(subscription.channel), PURPOSES.index(subscription.purpose))
    return str(_serializer(settings).dumps([subscription.customer_id, *numbers]))


def read_token(settings: Settings, token: str) -> Subscription | None:
    """What a token stands for; None when it is not one of ours."""
    if not settings.secrets.secret_key.get_secret_value():
        return None
    try:
        customer_id, channel, purpose = _serializer(settings).loads(token)
        return Subscription(int(customer_id), CHANNELS[channel], PURPOSES[purpose])
    except (BadData, TypeError, ValueError, IndexError):
        return None


def unsubscribe_url(settings: Settings, token: str) -> str:
    """The https address where the machine can be reached, else a `mailto:` of the opt-out mailbox, else empty."""
    if settings.public_url:
        return settings.public_url.rstrip("/") + PATH + token
    return unsubscribe_mailto(settings, token)


def unsubscribe_mailto(settings: Settings, token: str) -> str:
    """A `mailto:` whose subject carries the token; empty without an opt-out mailbox."""
    if not settings.opt_out_mailbox:
        return ""
    return f"mailto:{quote(settings.opt_out_mailbox, safe='@+')}?subject={quote('unsubscribe ' + token)}"


class _Short(URLSafeSerializer):
    """The same tokens without the try to compress them, which is never worth it for three numbers and costs most."""

    def dump_payload(self, obj: Any) -> bytes:
        """Called by the serializer."""
        return base64_encode(Serializer.dump_payload(self, obj))


def _serializer(settings: Settings) -> URLSafeSerializer:
    key = settings.secrets.secret_key.get_secret_value()
    return _Short(key, salt=SALT, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"})
