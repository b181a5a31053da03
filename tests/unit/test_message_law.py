"""What a commercial mail must show, found missing in the rendered mail: in text and HTML, each for itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from nurture.message.compose import Message, compose
from nurture.message.law import missing_duties
from nurture.message.template import Templates
from tests.message.people import TEMPLATES, settings
from tests.unit.test_message_compose import ALICE_LINE, ALICE_MAIL, KEYED, THANKS, context

SHOP = KEYED.shop


def composed() -> Message:
    found = compose(THANKS, "email", context(), KEYED, ALICE_MAIL)
    assert isinstance(found, Message)
    return found


def test_a_mail_with_everything_lacks_nothing() -> None:
    assert missing_duties(composed(), KEYED) == []


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        (SHOP.name, "に送信者の名称「珈琲みなと」がありません。{{ shop.sender }} を書いてください"),
        (SHOP.address, "に住所「神戸市中央区海岸通0-0-0」がありません。{{ shop.address }} を書いてください"),
        (SHOP.email, "に問い合わせ先（hello@minato.example）がありません。{{ shop.email }} を書いてください"),
        ("配信停止", "の配信停止の URL のそばに、配信を断れるという文（「配信停止はこちら」など）がありません"),
        ("https://minato.example/u/", "に配信停止の URL がありません。{{ unsubscribe_url }} を書いてください"),
    ],
)
def test_each_duty_is_missed_in_the_text_and_in_the_html(word: str, sentence: str) -> None:
    message = composed()
    without = replace(message, text=message.text.replace(word, ""))
    (duty,) = missing_duties(without, KEYED)
    assert (duty.part, duty.what) == ("text", "本文" + sentence)
    without = replace(message, html=message.html.replace(word, ""))
    (duty,) = missing_duties(without, KEYED)
    assert (duty.part, duty.what) == ("html", "HTML" + sentence)


def test_what_is_hidden_or_only_in_the_head_is_not_shown() -> None:
    message = composed()
    for hidden in ('<p style="display: none">', '<div hidden="">', "<title>"):
        closing = "</" + hidden[1:].partition(" ")[0].rstrip(">") + ">"
        html = f"<html><body>{hidden}{message.html}{closing}</body></html>"
        assert len(missing_duties(replace(message, html=html), KEYED)) == 4, hidden


def test_a_wrapped_and_full_width_address_is_the_same_address() -> None:
    message = composed()
    wide = message.text.replace("海岸通0-0-0", "海岸通\n　０－０－０".replace("－", "-"))
    assert missing_duties(replace(message, text=wide), KEYED) == []


def test_a_sentence_far_from_the_link_does_not_count() -> None:
    message = composed()
    far = "配信停止について。" + "あ" * 300 + message.text.replace("お便りの配信停止はこちら", "")
    assert len(missing_duties(replace(message, text=far), KEYED)) == 1


def test_a_shop_without_an_address_is_told_which_key_is_empty() -> None:
    bare = settings(shop={"name": "珈琲みなと"}, public_url="", opt_out_mailbox="")
    found = compose(THANKS, "email", context(), bare, ALICE_MAIL)
    assert isinstance(found, Message)
    told = missing_duties(found, bare)
    assert len(told) == 6
    assert {each.setting for each in told} == {"shop.address", "shop.email", "public_url / opt_out_mailbox"}


def test_line_is_outside_this_law_and_english_is_understood() -> None:
    birthday = Templates.load(Path(TEMPLATES)).get("birthday")
    pushed = compose(birthday, "line", context(), KEYED, ALICE_LINE)
    assert isinstance(pushed, Message)
    assert missing_duties(pushed, KEYED) == []
    message = composed()
    english = replace(message, text=message.text.replace("お便りの配信停止はこちら", "To unsubscribe:"), html="")
    assert missing_duties(english, KEYED) == []
