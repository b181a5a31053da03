"""The personal link by which a customer lets the shop know their LINE account: made and read back here.

It stands in mails and, as a QR code, on paper. What opening it does is decided elsewhere.
"""

from datetime import datetime, timedelta

from itsdangerous import BadData

from nurture.config import Settings

from .link import EXAMPLE, serializer, signed

VARIABLE = "line_link_url"
"""As templates name it."""
PATH = "/l/"
SALT = "link-line"
"""A token made for another purpose is refused here."""
LINK_LIVES = timedelta(days=90)
"""A link binds whoever opens it, so that a forgotten paper must not do it for ever."""


def make_link_token(settings: Settings, customer_id: int, now: datetime) -> str | None:
    """The signed token of a personal link; None without a signing key."""
    return _signed(settings, customer_id, int(now.timestamp()))


def link_url(settings: Settings, token: str) -> str:
    """The address for a mail or a QR code; empty where this machine can't be reached."""
    return settings.public_url.rstrip("/") + PATH + token if settings.public_url else ""


def link_for_mail(settings: Settings, customer_id: int, made_at: int, touch_id: int | None = None) -> str:
    """The personal link in a mail that leaves at `made_at` (epoch seconds); empty where the shop can offer none.

    `touch_id`: the mail's row in the ledger, so that whoever uses the link proves that it arrived.

    Without a signing key it is an example in preview mode, as the link for opting out is.
    """
    if not (settings.line.enabled and settings.public_url):
        return ""
    token = _signed(settings, customer_id, made_at, *(() if touch_id is None else (touch_id,)))
    if token is None:
        return link_url(settings, EXAMPLE) if settings.mode == "preview" else ""
    return link_url(settings, token)


def read_link_token(settings: Settings, token: str, now: datetime) -> int | None:
    """The customer that a link was made for; None when it is not one of ours, or older than `LINK_LIVES`."""
    key = settings.secrets.secret_key.get_secret_value()
    if not key:
        return None
    try:
        customer_id, made, *_ = serializer(key, SALT).loads(token)
        age = int(now.timestamp()) - int(made)
        return int(customer_id) if age <= LINK_LIVES.total_seconds() else None
    except (BadData, TypeError, ValueError):
        return None


def touch_of(settings: Settings, token: str) -> int | None:
    """The message that a valid link stands in; None for one on paper, and for one made before links named it."""
    key = settings.secrets.secret_key.get_secret_value()
    try:
        _, _, touch_id = serializer(key, SALT).loads(token)
        return int(touch_id)
    except (BadData, TypeError, ValueError):
        return None


def _signed(settings: Settings, *numbers: int) -> str | None:
    key = settings.secrets.secret_key.get_secret_value()
    return signed(key, SALT, list(numbers)) if key else None
