"""DKIM signatures (RFC 6376) over finished mails, for shops whose mail server does not sign. Keys are not kept here."""

import dkim

SIGNED = (
    "from to subject date message-id reply-to mime-version content-type content-transfer-encoding list-unsubscribe "
    "list-unsubscribe-post"
)
"""One-click unsubscribing counts only where both its headers are signed (RFC 8058 section 4)."""


def sign(message: bytes, key: bytes, selector: str, domain: str) -> bytes:
    """The mail with its signature on top.

    `key` is an RSA private key as PEM; its public half stands in the DNS at `<selector>._domainkey.<domain>`. The bytes
    must not change any more. Raises ValueError for a key or a mail that can't be used.
    """
    try:
        signature = dkim.sign(
            message,
            selector.encode("ascii"),
            domain.encode("idna"),
            key,
            canonicalize=(b"relaxed", b"relaxed"),
            # From twice: a second From can't be added afterwards (RFC 6376 section 8.15).
            include_headers=[b"from", *(each.encode() for each in SIGNED.split())],
        )
    except (dkim.DKIMException, UnicodeError) as problem:
        raise ValueError(f"the mail can't be signed: {problem}") from None
    return bytes(signature) + message
