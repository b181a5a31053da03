"""Mail addresses: one spelling for one inbox, and room for the carrier addresses that break the RFC.

Until 2009 docomo and au gave out addresses with two dots in a row or a dot before the @. They still work for most
senders, so they are kept, marked `nonstandard`, and sent as they are.
"""

import re
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from nurture.intake.field.text import Unreadable, narrow

OK, NONSTANDARD = "ok", "nonstandard"

LOOKS_LIKE_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
"""What a person takes for a mail address at a glance; narrowed before it is asked."""

_ATOM = r"[a-z0-9!#$%&'*+/=?^_`{|}~-]"
_SEVERAL = re.compile(r"[^@\s,;/、・|]+@[^@\s,;/、・|]+\.[^@\s,;/、・|]+")
_STANDARD = re.compile(rf"{_ATOM}+(?:\.{_ATOM}+)*")
_DOTTED = re.compile(rf"(?:{_ATOM}|\.)+")
_LONGEST_LOCAL = 64
"""RFC 5321, 4.5.3.1.1."""


def read_mail(text: str) -> tuple[str, str]:
    """The address in small letters with an ASCII domain (IDNA), and its status: `ok` or `nonstandard`.

    The part before the @ is folded too: the RFC tells `Taro@` from `taro@`, no provider does, and one inbox must have
    one cap. Raises Unreadable; a part before the @ that is not ASCII needs SMTPUTF8 and is refused.
    """
    plain = narrow(text).strip().removeprefix("mailto:").strip("<> '").casefold()
    local, at, domain = plain.rpartition("@")
    if len(_SEVERAL.findall(plain)) > 1:
        raise Unreadable("reject.mails", found=text)
    if not at or not local or " " in plain:
        raise Unreadable("reject.mail", found=text)
    if not local.isascii():
        raise Unreadable("reject.mail_local", found=text)
    if len(local) > _LONGEST_LOCAL:
        raise Unreadable("reject.mail", found=text)
    ascii_domain = _domain(domain)
    if not ascii_domain:
        raise Unreadable("reject.mail", found=text)
    return f"{local}@{ascii_domain}", _status(local, text)


def looks_like_mail(text: str) -> bool:
    """Whether a cell is what a person takes for a mail address and nothing else."""
    return "@" in text and LOOKS_LIKE_MAIL.fullmatch(narrow(text).strip()) is not None


def _status(local: str, text: str) -> str:
    if _STANDARD.fullmatch(local):
        return OK
    if _DOTTED.fullmatch(local) and local.strip("."):
        return NONSTANDARD
    raise Unreadable("reject.mail", found=text)


@lru_cache(maxsize=4096)
def _domain(domain: str) -> str:
    """The domain as it goes over the wire, empty when it is none. A list has few domains; asking costs 45 µs."""
    try:
        checked = validate_email(f"a@{domain}", check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        return ""
    return str(checked.ascii_domain)
