"""Mail addresses as they stand in a header and an envelope. What is deliverable was decided when they came in."""

import re
from functools import lru_cache

# Carrier addresses such as a..b@docomo.ne.jp break RFC 5321 and work all the same, so that only what could end a header
# or an address, or name a second one, is refused.
_UNSAFE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029<>(),;:\\\"\[\]]")


@lru_cache(maxsize=1024)
def ascii_address(address: str) -> str:
    """The address with its domain as A-labels (RFC 5890).

    Raises ValueError for what is no single address, and for a local part beyond ASCII (RFC 6531: few take it).
    """
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain or "@" in local or _UNSAFE.search(address) or not local.isascii():
        raise ValueError(f"{address!r} is not a mail address")
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        raise ValueError(f"{address!r} is not a mail address") from None
