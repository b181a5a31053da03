"""DKIM: what was signed verifies, and what was changed afterwards does not."""

from datetime import UTC, datetime

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from nurture.channels.signature import sign
from nurture.message.address import Mailbox
from nurture.message.compose import Message
from nurture.message.mime import mail_bytes

PRIVATE = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
KEY = PRIVATE.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
)
MAIL = mail_bytes(
    Message(
        "email",
        "alice@customer.test",
        Mailbox("湊のパン屋", "news@minato.example"),
        "ご来店ありがとうございました",
        "こんにちは\n.点から始まる行\n",
        "<p>こんにちは</p>",
        (),
        (
            ("List-Unsubscribe", "<https://minato.example/u/" + "t" * 120 + ">, <mailto:stop@minato.example>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    ),
    message_id="touch-7@minato.example",
    date=datetime(2026, 11, 22, 1, 0, tzinfo=UTC),
)


def verifies(message: bytes) -> bool:
    public = PRIVATE.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    bare = b"".join(public.splitlines()[1:-1])
    return bool(dkim.verify(message, dnsfunc=lambda name, timeout=5: b"v=DKIM1; k=rsa; p=" + bare))


def test_what_was_signed_verifies() -> None:
    signed = sign(MAIL, KEY, "spring", "minato.example")
    assert signed.endswith(MAIL)
    assert signed.startswith(b"DKIM-Signature: ")
    assert b"d=minato.example;" in signed
    assert verifies(signed)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"minato.example/u/", b"evil.test/u/"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click", b"List-Unsubscribe-Post: no"),
        (b"news@minato.example", b"eve@evil.test"),
        (b"\r\nTo: ", b"\r\nFrom: eve@evil.test\r\nTo: "),
    ],
)
def test_what_was_changed_afterwards_does_not(old: bytes, new: bytes) -> None:
    signed = sign(MAIL, KEY, "spring", "minato.example")
    assert old in signed
    assert not verifies(signed.replace(old, new, 1))


@pytest.mark.parametrize(("key", "domain"), [(b"no key", "minato.example"), (KEY, "みなと" * 30)])
def test_a_key_that_is_none_is_said(key: bytes, domain: str) -> None:
    with pytest.raises(ValueError, match="can't be signed"):
        sign(MAIL, key, "spring", domain)
