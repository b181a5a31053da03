"""The bytes of a mail: Python's own parser reads back whatever was written, and nothing can break out."""

import email
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP, default
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.address import ascii_address
from nurture.message.address import Mailbox
from nurture.message.compose import Message
from nurture.message.mime import LONGEST_LINE, LONGEST_WORD, mail_bytes

SENT = datetime(2026, 11, 22, 1, 0, tzinfo=UTC)
KEY = "0f6b7c@minato.example"
LINK = "https://minato.example/u/" + "A" * 200

# Japanese as shops and people write it, with what breaks codecs, and everything else that can be printed.
_WRITTEN = '山田様花子 　ガが\u304b\u3099ー〜～①㈱髙﨑𠮷🍎👋🏻・、。「」ｱｲｳ=?_"\\<>@:;,()[]aZ09.-'
_PRINTABLE = st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))
JAPANESE = st.text(st.sampled_from(_WRITTEN) | _PRINTABLE, max_size=120)
BODIES = st.text(st.sampled_from("山田\n. -=_\t🍎") | st.characters(exclude_categories=("Cs",)), max_size=300)


def message(**changes: Any) -> Message:
    given: dict[str, Any] = {
        "channel": "email",
        "to": "alice@mail.test",
        "from_": Mailbox("珈琲みなと", "news@minato.example"),
        "subject": "山田様、ありがとうございます",
        "text": "本文\n",
        "html": "<p>本文</p>\n",
        "line": (),
        "headers": (
            ("List-Unsubscribe", f"<{LINK}>, <mailto:stop@minato.example?subject=unsubscribe%20{'A' * 200}>"),
            ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
        ),
    }
    return Message(**{**given, **changes})


def written(what: Message) -> bytes:
    return mail_bytes(what, message_id=KEY, date=SENT)


def read(raw: bytes) -> EmailMessage:
    found = email.message_from_bytes(raw, policy=default)
    assert isinstance(found, EmailMessage)
    return found


def oracle(what: Message) -> EmailMessage:
    """The same mail as Python's own library builds it."""
    made = EmailMessage(policy=SMTP)
    made["From"] = email.headerregistry.Address(what.from_.name, addr_spec=what.from_.address)
    made["To"] = what.to
    made["Subject"] = what.subject
    made.set_content(what.text, cte="base64")
    if what.html:
        made.add_alternative(what.html, subtype="html", cte="base64")
    return made


def body(found: EmailMessage, kind: str) -> str:
    part = found.get_body((kind,))
    assert part is not None
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def sender_of(raw: bytes) -> str:
    """The display name, decoded the old way: newer parsers left a blank between two words (gh-128110)."""
    words, _, _ = str(email.message_from_bytes(raw)["from"]).rpartition("<")
    return str(make_header(decode_header(words.strip())))


def unix(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def assert_well_formed(raw: bytes) -> None:
    head, _, rest = raw.partition(b"\r\n\r\n")
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert raw.endswith(b"\r\n")
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert all(len(line) <= 76 for line in rest.split(b"\r\n"))
    for line in head.split(b"\r\n"):
        if b"=?utf-8?b?" in line:
            assert len(line) <= LONGEST_LINE
            assert all(len(word) <= LONGEST_WORD for word in re.findall(rb"=\?.*?\?=", line))


@given(JAPANESE, BODIES, BODIES, JAPANESE)
def test_python_reads_back_what_was_written(subject: str, text: str, html: str, name: str) -> None:
    subject, name = subject.strip(), name.strip()
    raw = written(message(subject=subject, text=text, html=html, from_=Mailbox(name, "news@minato.example")))
    assert_well_formed(raw)
    found = read(raw)
    assert [*found.defects, *(each for part in found.walk() for each in part.defects)] == []
    assert all(not each.defects for each in found.values())
    assert found["subject"] == subject
    assert found["from"].addresses[0].addr_spec == "news@minato.example"
    assert sender_of(raw) == name
    assert body(found, "plain") == unix(text)
    if html:
        assert body(found, "html") == unix(html)
    assert found["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"


@given(JAPANESE, BODIES, BODIES)
def test_it_is_the_mail_that_python_would_have_made(subject: str, text: str, html: str) -> None:
    what = message(subject=subject.strip(), text=unix(text) + "\n", html=html and unix(html) + "\n")
    ours, theirs = read(written(what)), read(oracle(what).as_bytes(policy=SMTP.clone(max_line_length=78)))
    assert ours["subject"] == theirs["subject"]
    assert ours["to"] == theirs["to"]
    assert ours["from"].addresses == theirs["from"].addresses
    assert ours.get_content_type() == theirs.get_content_type()
    kinds = [each.get_content_type() for each in ours.walk()]
    assert kinds == [each.get_content_type() for each in theirs.walk()]
    for mine, other in zip(ours.walk(), theirs.walk(), strict=True):
        assert mine.get_payload(decode=True) == other.get_payload(decode=True)


@pytest.mark.parametrize("length", [10, 70, 400, 850])
def test_a_list_unsubscribe_of_any_length_stays_whole(length: int) -> None:
    link = "<https://minato.example/u/" + "A" * (length - 26) + ">"
    raw = written(message(headers=(("List-Unsubscribe", link + ", <mailto:stop@minato.example>"),)))
    assert f"\r\nList-Unsubscribe: {link},\r\n <mailto:stop@minato.example>\r\n".encode() in raw


def test_a_mail_without_html_is_plain() -> None:
    found = read(written(message(html="")))
    assert found.get_content_type() == "text/plain"
    assert body(found, "plain") == "本文\n"


def test_the_fixed_headers_are_there_once() -> None:
    found = read(written(message()))
    assert found["message-id"] == f"<{KEY}>"
    assert found["auto-submitted"] == "auto-generated"
    assert found["date"].datetime == SENT
    assert found["mime-version"] == "1.0"
    assert len(found.keys()) == len(set(found.keys()))


def test_the_same_message_is_the_same_bytes() -> None:
    assert written(message()) == written(message())


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": "お礼\r\nBcc: eve@mail.test"},
        {"subject": "お礼\nBcc: eve@mail.test"},
        {"subject": "thanks\u2028Bcc: eve@mail.test"},
        {"from_": Mailbox("みなと\r\nBcc: eve@mail.test", "news@minato.example")},
        {"from_": Mailbox("みなと", "news@minato.example\r\nBcc: eve@mail.test")},
        {"from_": Mailbox("みなと", "news@minato.example, eve@mail.test")},
        {"to": "alice@mail.test, eve@mail.test"},
        {"to": "alice@mail.test\r\nBcc: eve@mail.test"},
        {"to": "<alice@mail.test>"},
        {"to": ""},
        {"headers": (("X-A", "b\r\nBcc: eve@mail.test"),)},
        {"headers": (("X-A\r\nBcc", "eve@mail.test"),)},
        {"headers": (("X-A: b", "c"),)},
        {"headers": (("X-A", "豆"),)},
        {"headers": (("X-A", ""),)},
        {"headers": (("Subject", "another"),)},
        {"headers": (("List-Unsubscribe", "<https://minato.example/" + "a" * 900 + ">"),)},
    ],
)
def test_nothing_breaks_out_of_its_header(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        written(message(**changes))


@pytest.mark.parametrize("key", ["", "no-domain", "a@b>\r\nBcc: eve@mail.test", "a b@c"])
def test_a_message_id_is_one_token(key: str) -> None:
    with pytest.raises(ValueError):
        mail_bytes(message(), message_id=key, date=SENT)


@given(st.text(max_size=40))
def test_an_address_is_one_address_or_none(text: str) -> None:
    try:
        address = ascii_address(text)
    except ValueError:
        return
    assert address.isascii()
    assert address.count("@") == 1
    assert not set(address) & set(' \r\n\t<>,;:"')


def test_a_japanese_domain_becomes_ascii() -> None:
    assert ascii_address("hello@日本語.example") == "hello@xn--wgv71a119e.example"


@given(JAPANESE, BODIES, BODIES)
def test_every_line_ends_with_crlf_and_none_begins_with_a_dot(subject: str, text: str, html: str) -> None:
    """For which the transport takes our word, and looks at no line again."""
    raw = written(message(subject=subject, text=text, html=html))
    assert raw.endswith(b"\r\n")
    bare = raw.replace(b"\r\n", b"")
    assert (b"\r" in bare, b"\n" in bare) == (False, False)
    assert not raw.startswith(b".")
    assert b"\r\n." not in raw
