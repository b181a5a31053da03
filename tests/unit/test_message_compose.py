"""A template and a context become a message or a reason. Alice's order holds HTML; bob's lacks what is needed."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from nurture.config import Secrets, Settings
from nurture.message.address import Mailbox
from nurture.message.compose import LARGEST, Failure, Message, compose
from nurture.message.context import Context
from nurture.message.environment import MOST_PASSES
from nurture.message.flex import utf16_units
from nurture.message.line_link import LINK_LIVES, read_link_token, touch_of
from nurture.message.link import CHANNELS, EXAMPLE, Subscription, make_token, read_token, signed, unsubscribe_url
from nurture.message.template import Template, Templates
from nurture.message.views import Item, Shop, View
from tests.message.people import TEMPLATES, settings

AT = 1_795_000_000
"""In November 2026."""
ALICE_MAIL, ALICE_LINE = "alice@mail.test", "U" + "a1" * 16
KEYED = settings(secrets=Secrets(secret_key=SecretStr("k" * 32)))
THANKS = Templates.load(TEMPLATES).get("thanks")
FRONT = "---\nsubject: お礼\n---\n"


def context(purpose: str = "commercial", order: dict[str, Any] | None = None, called: str = "山田様") -> Context:
    item = Item("order.items", {"name": "深煎り<b>", "quantity": 2, "price": 1600, "category": "豆"})
    whole = {"number": "A-1", "items": (item,), "first_item": item, "total": 3200}
    shop = settings().shop
    values = {
        "shop": Shop({"name": shop.name, "sender": shop.sender, "address": shop.address, "email": shop.email}),
        "today": date(2026, 11, 22),
        "opt_out_mailbox": "stop@minato.example",
        "customer": View("customer", {"called": called}),
        "order": View("order", whole if order is None else order),
    }
    return Context(1, purpose, "Asia/Tokyo", values)


def made(tmp_path: Path, text: str = "本文", **forms: str) -> Template:
    """A template whose text is `text`; `html` and `line_json` add those forms."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "x.txt.j2").write_text(text if text.startswith("---") else FRONT + text, "utf-8")
    for kind, form in forms.items():
        (folder / f"x.{kind.replace('_', '.')}.j2").write_text(form, "utf-8")
    return Templates.load(folder).get("x")


def mail(template: Template, about: Context | None = None, configuration: Settings = KEYED) -> Message:
    found = compose(template, "email", about or context(), configuration, ALICE_MAIL)
    assert isinstance(found, Message), found
    return found


def failed(template: Template, channel: Any = "email", about: Context | None = None) -> Failure:
    found = compose(template, channel, about or context(), KEYED, ALICE_MAIL if channel == "email" else ALICE_LINE)
    assert isinstance(found, Failure), found
    return found


def test_alice_is_thanked_by_mail() -> None:
    message = mail(THANKS)
    assert message.subject == "山田様、深煎り<b>をありがとうございます"
    assert message.from_ == Mailbox("珈琲みなと", "news@minato.example")
    assert message.text.startswith("山田様\n\n・深煎り<b> 2点\n合計 ¥3,200\n\n珈琲みなと\n神戸市")
    assert message.text.endswith("\n")
    assert "<li>深煎り&lt;b&gt; ¥1,600</li>" in message.html
    assert '<p style="color: #333;">山田様</p>' in message.html
    assert message.html.index("ご注文のお礼です") < message.html.index("山田様")
    assert message.line == ()


def test_alice_is_thanked_on_line_with_a_flex_message() -> None:
    found = compose(THANKS, "line", context(called='山田"様'), KEYED, ALICE_LINE)
    assert isinstance(found, Message)
    (flex,) = found.line
    assert flex["altText"] == "A-1のお礼"
    texts = [each["text"] for each in flex["contents"]["body"]["contents"]]
    assert texts == ['山田"様', "¥3,200"]
    assert json.loads(json.dumps(found.line)) == [flex]
    assert found.headers == ()


def test_line_sends_the_text_where_it_has_no_form_of_its_own(tmp_path: Path) -> None:
    found = compose(made(tmp_path, "が{x}\n"), "line", context(), KEYED, ALICE_LINE)
    assert isinstance(found, Message)
    # NFC, and a brace stays a brace: plain text has no placeholders.
    assert found.line == ({"type": "text", "text": "が{x}"},)


def test_a_commercial_mail_carries_the_one_click_headers() -> None:
    headers = dict(mail(THANKS).headers)
    token = make_token(KEYED, Subscription(1, "email", "commercial"))
    assert headers["List-Unsubscribe"].startswith(f"<https://minato.example/u/{token}>, <mailto:stop@minato.example?")
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["Reply-To"] == "hello@minato.example"
    assert f"https://minato.example/u/{token}" in mail(THANKS).text


def test_a_transactional_mail_has_none_and_without_an_https_address_there_is_no_one_click() -> None:
    assert dict(mail(THANKS, context("transactional")).headers) == {"Reply-To": "hello@minato.example"}
    headers = dict(mail(THANKS, configuration=settings(public_url="", secrets=KEYED.secrets)).headers)
    assert headers["List-Unsubscribe"].startswith("<mailto:")
    assert "List-Unsubscribe-Post" not in headers


def test_a_subject_is_one_clean_line(tmp_path: Path) -> None:
    template = made(tmp_path, '---\nsubject: "{{ customer.called }}へ"\n---\n本文')
    called = "山田\r\nBcc: eve@mail.test\u2028\x00\u202e様"
    assert mail(template, context(called=called)).subject == "山田 Bcc: eve@mail.test 様へ"


def test_a_value_that_bob_lacks_is_a_failure_with_its_place() -> None:
    found = failed(THANKS, about=context(order={"number": "A-1", "total": 0}))
    assert (found.file, found.line, found.code) == ("templates/thanks.txt.j2", 2, "message.missing_value")
    assert str(found) == "templates/thanks.txt.j2:2: 「order.first_item」がありません"


def test_a_failure_in_an_included_file_names_that_file(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "x.txt.j2").write_text(FRONT + "本文", "utf-8")
    (folder / "x.html.j2").write_text('<p>\n{% include "_part.html.j2" %}', "utf-8")
    (folder / "_part.html.j2").write_text("\n\n{{ order.total|date_ja }}", "utf-8")
    found = failed(Templates.load(folder).get("x"))
    assert (found.file, found.line, found.code) == ("templates/_part.html.j2", 3, "message.wrong_kind")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{{ 1 // 0 }}", "message.by_zero"),
        ("{{ order.total + '円' }}", "message.mixed_kinds"),
        ("{{ 'a' * 100000000 }}", "message.forbidden"),
        ("{{ '%100000000d' % 1 }}", "message.forbidden"),
        ("{{ 9 ** 9 ** 9 }}", "message.forbidden"),
        ("{{ customer._values }}", "message.forbidden"),
        ("{{ ''.__class__ }}", "message.forbidden"),
        ("{% macro again() %}{{ again() }}{% endmacro %}{{ again() }}", "message.endless"),
        ("{% set a = '0123456789' %}" + "{% for x in a %}" * 7 + "{% endfor %}" * 7, "message.too_many_passes"),
        ("{{ order.number|https_only }}", "message.not_https"),
        ("{{ '　' }}\n\n", "message.empty"),
    ],
)
def test_a_template_that_runs_away_or_breaks_stops_only_its_own_message(tmp_path: Path, text: str, code: str) -> None:
    found = failed(made(tmp_path, text))
    assert found.code == code
    assert not re.search(r"[a-z]{4,} [a-z]+ [a-z]+", found.what)


def test_a_text_without_end_is_cut_short(tmp_path: Path) -> None:
    long = "あ" * 2_000
    loops = "{% for x in '" + "0" * 600 + "' %}" + long + "{% endfor %}"
    assert MOST_PASSES > 600
    assert LARGEST < 600 * 2_000
    assert failed(made(tmp_path, loops)).code == "message.too_large"


def test_a_value_is_never_read_as_a_template() -> None:
    assert mail(THANKS, context(called="{{ 7*7 }}様")).subject.startswith("{{ 7*7 }}様")


def test_a_style_sheet_elsewhere_is_not_fetched(tmp_path: Path) -> None:
    template = made(tmp_path, html='<html><head><link rel="stylesheet" href="https://x.test/a.css"></head><p>あ</p>')
    assert "x.test" not in mail(template).html


@pytest.mark.parametrize(
    "address", ["", "alice", "a@b@c.test", "alice@mail.test\nBcc: x@mail.test", "アリス@mail.test"]
)
def test_an_address_that_is_none_is_a_failure(address: str) -> None:
    found = compose(THANKS, "email", context(), KEYED, address)
    assert isinstance(found, Failure)
    assert found.code == "message.bad_address"


def test_an_old_carrier_address_is_written_to() -> None:
    assert isinstance(compose(THANKS, "email", context(), KEYED, "a..b.@docomo.example"), Message)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("𠮷" * 2_500, None),
        ("𠮷" * 2_500 + "a", "message.line_too_long"),
        ("\u304b\u3099" * 5_000, None),
    ],
)
def test_line_counts_utf16_units_after_composing(tmp_path: Path, text: str, code: str | None) -> None:
    found = compose(made(tmp_path, text), "line", context(), KEYED, ALICE_LINE)
    assert (found.code if isinstance(found, Failure) else None) == code


@given(st.text())
def test_utf16_units_are_what_the_encoding_has(text: str) -> None:
    assert utf16_units(text) == sum(2 if ord(each) > 0xFFFF else 1 for each in text)


BUBBLE = {"type": "bubble", "body": {"type": "box", "layout": "vertical", "contents": [{"type": "text", "text": "あ"}]}}


def button(uri: str) -> dict[str, Any]:
    action = {"type": "uri", "label": "見る", "uri": uri}
    return {"type": "bubble", "body": {"type": "box", "contents": [{"type": "button", "action": action}]}}


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (BUBBLE, None),
        ({"type": "carousel", "contents": [BUBBLE] * 12}, None),
        ([BUBBLE] * 5, None),
        (button("https://minato.example/"), None),
        ([BUBBLE] * 6, "message.line_too_many"),
        ({"type": "carousel", "contents": [BUBBLE] * 13}, "message.not_flex"),
        ({"type": "carousel", "contents": []}, "message.not_flex"),
        ({"type": "bubbles"}, "message.not_flex"),
        ({"type": "bubble"}, "message.not_flex"),
        ("bubble", "message.not_flex"),
        ({"type": "bubble", "body": {"type": "text"}}, "message.not_flex"),
        ({"type": "bubble", "hero": {"type": "image", "url": "http://minato.example/a.jpg"}}, "message.not_flex"),
        ({"type": "bubble", "body": {"type": "box", "contents": [{"type": "text", "text": ""}]}}, "message.not_flex"),
        (button("javascript:alert(1)"), "message.not_flex"),
        ({**BUBBLE, "styles": {"x": "あ" * 11_000}}, "message.not_flex"),
    ],
)
def test_a_flex_message_has_its_shape(tmp_path: Path, found: Any, code: str | None) -> None:
    template = made(tmp_path, line_json=json.dumps(found, ensure_ascii=False))
    result = compose(template, "line", context(), KEYED, ALICE_LINE)
    assert (result.code if isinstance(result, Failure) else None) == code


def test_broken_json_is_a_failure_of_its_file(tmp_path: Path) -> None:
    found = failed(made(tmp_path, line_json="{'type': 1}"), "line")
    assert (found.file, found.code) == ("templates/x.line.json.j2", "message.not_json")


def test_json_nested_without_end_is_a_failure(tmp_path: Path) -> None:
    assert failed(made(tmp_path, line_json="[" * 100_000), "line").code == "message.not_json"


def test_an_alt_text_of_more_than_1500_units_is_too_long(tmp_path: Path) -> None:
    text = "---\nsubject: お礼\nline_alt: " + "あ" * 1_501 + "\n---\n本文"
    assert failed(made(tmp_path, text, line_json=json.dumps(BUBBLE)), "line").code == "message.line_too_long"


def test_a_token_says_who_refuses_what_and_names_nobody() -> None:
    asked = Subscription(12345, "line", "commercial")
    token = make_token(KEYED, asked)
    assert token is not None
    assert read_token(KEYED, token) == asked
    assert "@" not in token
    assert len(unsubscribe_url(KEYED, token)) < 110


def test_a_token_names_the_message_that_it_stands_in_and_one_made_before_it_did_goes_on_working() -> None:
    named = Subscription(12345, "line", "commercial", 678901)
    assert read_token(KEYED, str(make_token(KEYED, named))) == named
    assert read_token(KEYED, signed("k" * 32, "unsubscribe", [12345, 0, 0])) == Subscription(
        12345, CHANNELS[0], "commercial", None
    )
    found = mail(THANKS, replace(context(), touch_id=7))
    token = found.text.partition("https://minato.example/u/")[2].split()[0]
    assert read_token(KEYED, token) == Subscription(1, "email", "commercial", 7)


@given(st.text() | st.just(EXAMPLE))
def test_a_forged_token_stands_for_nothing(token: str) -> None:
    assert read_token(KEYED, token) is None


def test_a_token_of_another_shop_stands_for_nothing() -> None:
    other = settings(secrets=Secrets(secret_key=SecretStr("j" * 32)))
    token = make_token(other, Subscription(1, "email", "commercial"))
    assert token is not None
    assert read_token(KEYED, token) is None


def test_without_a_key_a_preview_shows_an_example_and_a_live_mail_is_not_written() -> None:
    assert "https://minato.example/u/" + EXAMPLE in mail(THANKS, configuration=settings()).text
    live = compose(THANKS, "email", context(), settings(mode="live"), ALICE_MAIL)
    assert isinstance(live, Failure)
    assert live.code == "message.no_secret"
    assert read_token(settings(), EXAMPLE) is None


def test_the_opt_out_is_a_mailbox_where_no_address_is_reachable() -> None:
    url = unsubscribe_url(settings(public_url=""), "T.x")
    assert url == "mailto:stop@minato.example?subject=unsubscribe%20T.x"
    assert unsubscribe_url(settings(public_url="", opt_out_mailbox=""), "T.x") == ""


def invited(tmp_path: Path, about: Context | None = None, channel: Any = "email", **changes: Any) -> str:
    """The text of a letter that invites to LINE where it can."""
    letter = made(tmp_path, "本文{% if line_link_url %}<{{ line_link_url }}>{% endif %}")
    given = {"line": {"enabled": True}, "secrets": Secrets(secret_key=SecretStr("k" * 32)), **changes}
    to = ALICE_MAIL if channel == "email" else ALICE_LINE
    found = compose(letter, channel, about or replace(context(), at=AT), settings(**given), to)
    assert isinstance(found, Message), found
    return found.text.strip() if channel == "email" else found.line[0]["text"].strip()


def test_the_link_to_line_names_the_mail_that_it_stands_in(tmp_path: Path) -> None:
    text = invited(tmp_path, replace(context(), at=AT, touch_id=7))
    token = text.removeprefix("本文<https://minato.example/l/").removesuffix(">")
    assert read_link_token(KEYED, token, datetime.fromtimestamp(AT, UTC)) == 1
    assert touch_of(KEYED, token) == 7


def test_a_mail_invites_to_line_by_a_link_of_ones_own(tmp_path: Path) -> None:
    text = invited(tmp_path)
    assert touch_of(KEYED, text.removeprefix("本文<https://minato.example/l/").removesuffix(">")) is None
    token = text.removeprefix("本文<https://minato.example/l/").removesuffix(">")
    assert read_link_token(KEYED, token, datetime.fromtimestamp(AT, UTC)) == 1
    assert read_link_token(KEYED, token, datetime.fromtimestamp(AT, UTC) + LINK_LIVES + timedelta(1)) is None
    assert read_token(KEYED, token) is None


@pytest.mark.parametrize(
    "without",
    [
        {"about": replace(context(), at=1_795_000_000, on_line=True)},
        {"channel": "line"},
        {"public_url": ""},
        {"line": {"enabled": False}},
    ],
)
def test_who_can_not_be_invited_is_not(tmp_path: Path, without: dict[str, Any]) -> None:
    assert invited(tmp_path, **without) == "本文"


def test_a_preview_without_a_key_shows_an_example_of_the_invitation(tmp_path: Path) -> None:
    assert invited(tmp_path, secrets=Secrets()) == f"本文<https://minato.example/l/{EXAMPLE}>"
