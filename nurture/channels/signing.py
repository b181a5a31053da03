"""Who signs the shop's mails: the DKIM key that config.yaml and the environment name, tried once before it is used."""

from collections.abc import Callable
from functools import partial

from nurture.config import FILE_NAME, SECRETS, Settings
from nurture.mistake import Mistake, MistakesFound, Place

Signer = Callable[[bytes], bytes]
"""Gives the mail with a signature on top. Raises ValueError for a mail that can't be signed."""
TRIAL = b"From: a@example.test\r\nSubject: trial\r\n\r\ntrial\r\n"


def signer(settings: Settings) -> Signer | None:
    """None where the shop names no selector. Raises MistakesFound for a key that is missing or can't sign."""
    dkim = settings.email.dkim
    if not dkim.selector:
        return None
    key = settings.secrets.dkim_key.get_secret_value()
    domain = dkim.domain or settings.email.from_address.rpartition("@")[2]
    if not key or not domain:
        code = "channels.dkim_domain" if key else "channels.dkim_key"
        raise MistakesFound([Mistake(Place(FILE_NAME), code, {"variable": SECRETS["dkim_key"]}, "email.dkim")])
    from .signature import sign

    made = partial(sign, key=key.encode(), selector=dkim.selector, domain=domain)
    try:
        made(TRIAL)
    except Exception as problem:
        # The library raises whatever it stumbles over in a text that is no key: binascii.Error, IndexError, KeyError.
        values = {"problem": type(problem.__cause__ or problem).__name__}
        raise MistakesFound([Mistake(Place(FILE_NAME), "channels.dkim_unusable", values, "email.dkim")]) from None
    return made
