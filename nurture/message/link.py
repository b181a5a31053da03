"""The link by which a customer refuses further messages: made and read back here, acted on elsewhere.

Its token names a customer and a message by number only, says nothing to whoever reads it, and never expires: Japan's
mail law (特定電子メール法) and CAN-SPAM want it to work for long.
"""

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import get_args
from urllib.parse import quote

from itsdangerous import BadData, URLSafeSerializer

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
    touch_id: int | None = None
    """The message that the link stands in, so that whoever follows it proves that it arrived; None for a test."""


def make_token(settings: Settings, subscription: Subscription) -> str | None:
    """The signed token. Without a signing key: an example in preview mode, None in live mode."""
    key = settings.secrets.secret_key.get_secret_value()
    if not key:
        return EXAMPLE if settings.mode == "preview" else None
    numbers = (CHANNELS.index(subscription.channel), PURPOSES.index(subscription.purpose))
    touch = () if subscription.touch_id is None else (subscription.touch_id,)
    return signed(key, SALT, [subscription.customer_id, *numbers, *touch])


def read_token(settings: Settings, token: str) -> Subscription | None:
    """What a token stands for; None when it is not one of ours."""
    key = settings.secrets.secret_key.get_secret_value()
    if not key:
        return None
    try:
        customer_id, channel, purpose, *touch = serializer(key, SALT).loads(token)
        return Subscription(int(customer_id), CHANNELS[channel], PURPOSES[purpose], int(touch[0]) if touch else None)
    except (BadData, TypeError, ValueError, IndexError):
        return None


def unsubscribe_url(settings: Settings, token: str) -> str:
    """The https address where the machine can be reached, else a `mailto:` of the opt-out mailbox, else empty."""
    if settings.public_url:
        return settings.public_url.rstrip("/") + PATH + token
    return unsubscribe_mailto(settings, token)


def unsubscribe_mailto(settings: Settings, token: str) -> str:
    """A `mailto:` whose subject carries the token; empty without an opt-out mailbox."""
    return _mailto(settings.opt_out_mailbox) + token if settings.opt_out_mailbox else ""


@lru_cache(maxsize=8)
def _mailto(mailbox: str) -> str:
    # A token is of letters, digits, `.`, `-` and `_`, which `quote` leaves alone.
    return f"mailto:{quote(mailbox, safe='@+')}?subject={quote('unsubscribe ')}"


def signed(key: str, salt: str, numbers: list[int]) -> str:
    """What itsdangerous would write, which derives the key anew for every token and tries to compress a few numbers.

    `salt` keeps the tokens of one purpose from being taken for those of another.
    """
    payload = _base64(f"[{','.join(map(str, numbers))}]".encode())
    signing = _signing(key, salt).copy()
    signing.update(payload)
    return (payload + b"." + _base64(signing.digest())).decode()


@lru_cache(maxsize=8)
def serializer(key: str, salt: str) -> URLSafeSerializer:
    """What reads such tokens back."""
    return URLSafeSerializer(key, salt=salt, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"})


@lru_cache(maxsize=8)
def _signing(key: str, salt: str) -> hmac.HMAC:
    # Copied for each token: `hmac.digest` gives the interpreter away to other threads, and waits to get it back.
    return hmac.new(bytes(serializer(key, salt).make_signer(salt).derive_key()), digestmod=sha256)


def _base64(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")
