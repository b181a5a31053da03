"""The campaigns and letters that come with the program: what an owner sees first keeps the law and good manners."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from nurture.campaign import Campaign, Campaigns, load_campaigns
from nurture.condition import Condition, Not
from nurture.condition.tree import walk
from nurture.condition.vocabulary import Complaint, InSegment
from nurture.config import Settings, load_settings
from nurture.message.compose import Message, compose
from nurture.message.context import Context
from nurture.message.filters import RENDERING, Rendering
from nurture.message.law import missing_duties
from nurture.message.naming import undeclared, unsupplied
from nurture.message.template import Template, Templates
from nurture.message.views import Item, Shop, View
from nurture.shop import KINDS, kind_folder

UNPROVED = ("必ず", "絶対", "100%", "日本一", "No.1", "最安", "完全", "永久")
"""Claims that need evidence (景品表示法 第5条, 第7条2項)."""
PUSHING = ("お買い得", "今だけ", "限定", "お急ぎ", "セール", "クーポン", "/products/", "円引き")
THANKS = {"first-thanks", "how-is-it", "repeat-thanks", "first-visit", "how-is-your-hair", "visit-thanks"}
LINK = "https://mail.example/u/abc"


@dataclass(frozen=True)
class Sample:
    """One kind of shop as it lies in the repository."""

    folder: Path
    settings: Settings
    campaigns: Campaigns
    templates: Templates

    @property
    def pairs(self) -> Iterator[tuple[Campaign, Template]]:
        return (
            (campaign, self.templates.get(step.template))
            for campaign in self.campaigns.campaigns
            for step in campaign.steps
        )


@pytest.fixture(scope="module", params=KINDS)
def sample(request: pytest.FixtureRequest) -> Sample:
    folder = kind_folder(request.param)
    settings = load_settings(folder, {})
    campaigns = load_campaigns(folder / settings.campaigns, settings)
    return Sample(folder, settings, campaigns, Templates.load(folder / settings.templates))


# --- campaigns -------------------------------------------------------------------------------------------------------


def test_every_step_has_its_letter_and_every_letter_its_step(sample: Sample) -> None:
    assert {template.name for _, template in sample.pairs} == set(sample.templates.names)


def test_every_letter_names_only_what_its_campaign_can_give(sample: Sample) -> None:
    assert [mistake for each in sample.templates for mistake in undeclared(each, sample.settings)] == []
    assert [mistake for campaign, each in sample.pairs for mistake in unsupplied(each, campaign)] == []


def test_editors_find_the_schema_of_every_campaign_file(sample: Sample) -> None:
    for file in (sample.folder / "campaigns").glob("*.yaml"):
        first = file.read_text("utf-8").splitlines()[0]
        assert first == "# yaml-language-server: $schema=../nurture.schema.json", file.name


def test_a_thank_you_is_commercial_like_everything_else(sample: Sample) -> None:
    assert {campaign.purpose for campaign in sample.campaigns.campaigns} == {"commercial"}


def test_whoever_has_an_open_complaint_is_left_alone_by_every_campaign(sample: Sample) -> None:
    assert [each.campaign for each in sample.campaigns.campaigns if not _refuses(each.audience, Complaint)] == []


def test_something_else_is_offered_only_after_the_thanks_and_never_after_a_no(sample: Sample) -> None:
    for campaign in sample.campaigns.campaigns:
        if campaign.kind != "cross_sell":
            continue
        segments = {each.name for each in walk(campaign.audience) if isinstance(each, InSegment)}
        assert "thanked" in segments, campaign.campaign
        assert campaign.about is not None, campaign.campaign
        assert campaign.about.category, campaign.campaign
        assert campaign.steps[0].when_capped == "drop", campaign.campaign


def test_a_personal_word_wins_the_slot_of_a_capped_customer(sample: Sample) -> None:
    priority = {each.campaign: (each.kind, each.priority) for each in sample.campaigns.campaigns}
    personal = [number for kind, number in priority.values() if kind == "relationship"]
    selling = [number for kind, number in priority.values() if kind in ("cross_sell", "news", "win_back", "review")]
    assert min(personal) > max(selling)


def test_both_shops_are_careful_until_their_owners_say_otherwise(sample: Sample) -> None:
    settings = sample.settings
    assert settings.mode == "preview"
    assert [cap.name for cap in settings.caps] == ["2 per 7 days", "1 per day"]
    assert settings.line.monthly_quota == 200
    assert settings.opt_out_mailbox.endswith(".example")
    assert (settings.hours.individual.start, settings.hours.individual.end) == (10 * 3600, 19 * 3600)


# --- letters ---------------------------------------------------------------------------------------------------------


def test_subjects_fit_on_a_telephone(sample: Sample) -> None:
    for template in sample.templates:
        subject = template.subject.render(_values(sample.settings))
        assert _width(subject) <= 2 * 28, subject
        assert "\n" not in subject


def test_no_letter_claims_what_it_cannot_prove(sample: Sample) -> None:
    for name, text in _letters(sample):
        found = [word for word in UNPROVED if word in unicodedata.normalize("NFKC", _visible(text))]
        assert found == [], name


def test_thanks_sell_nothing(sample: Sample) -> None:
    for name, text in _letters(sample):
        if name.partition(".")[0] in THANKS:
            assert [word for word in PUSHING if word in text] == [], name


@pytest.mark.parametrize("public_url", ["https://mail.shop.example", ""])
def test_every_mail_keeps_the_law_with_a_public_address_and_with_a_mailbox_alone(
    sample: Sample, public_url: str
) -> None:
    settings = sample.settings.model_copy(update={"public_url": public_url})
    for template in sample.templates:
        mail = compose(template, "email", _context(settings), settings, "alice@mail.example")
        assert isinstance(mail, Message), mail
        assert mail.html
        assert missing_duties(mail, settings) == [], template.name
        assert ("mailto:" in mail.text) is not bool(public_url), template.name


def test_every_line_message_can_be_written(sample: Sample) -> None:
    for template in sample.templates:
        push = compose(template, "line", _context(sample.settings), sample.settings, "U" + 32 * "0")
        assert isinstance(push, Message), push
        assert 1 <= len(push.line) <= 3


def test_every_line_message_tells_how_to_stop(sample: Sample) -> None:
    for campaign, template in sample.pairs:
        if any("line" in step.channels for step in campaign.steps):
            form = template.line_json or template.line_text
            assert form is not None, template.name
            assert "「配信停止」" in form.render(_values(sample.settings)), template.name


def test_every_card_is_a_bubble_without_empty_texts(sample: Sample) -> None:
    cards = [each.line_json.render(_values(sample.settings)) for each in sample.templates if each.line_json]
    assert len(cards) >= 2
    for card in cards:
        bubble = json.loads(card)
        assert bubble["type"] == "bubble"
        assert all(part["text"] for part in _parts(bubble) if part["type"] == "text")
        assert all(part["action"]["uri"].startswith("https://") for part in _parts(bubble) if part["type"] == "button")


def test_a_sentence_on_a_card_breaks_its_line_where_a_small_bubble_would_cut_it(sample: Sample) -> None:
    cards = [each.line_json.render(_values(sample.settings)) for each in sample.templates if each.line_json]
    texts = [part for card in cards for part in _parts(json.loads(card)) if part["type"] == "text"]
    unbroken = {part["text"] for part in texts if not part.get("wrap")} - {sample.settings.shop.name}
    assert [text for text in unbroken if len(text) > 8 and not text.isascii()] == []


def test_html_needs_no_picture_from_anywhere_and_greets_like_the_text(sample: Sample) -> None:
    for name, text in _letters(sample, "html"):
        assert "<img" not in text, name
        assert "url(" not in text, name
        assert "山田様" in text, name
        assert 'lang="ja"' in text, name


def test_no_line_of_a_text_letter_runs_off_the_screen(sample: Sample) -> None:
    for name, text in _letters(sample, "txt", "line.txt"):
        long = [line for line in text.splitlines() if _width(line) > 76 and "https://" not in line]
        assert long == [], name
        assert "\n\n\n" not in text, name


@pytest.mark.parametrize(
    ("category", "expected"),
    [
        ("コーヒー豆", "お口に合いましたでしょうか"),
        ("ギフト", "お相手の方に喜んでいただけましたでしょうか"),
        ("ミル", "使い心地はいかがでしょうか"),
        (None, "使い心地はいかがでしょうか"),
    ],
)
def test_the_second_letter_asks_about_what_was_bought(category: str | None, expected: str) -> None:
    folder = kind_folder("shop")
    letter = Templates.load(folder / "templates").get("how-is-it")
    values = _values(load_settings(folder, {}), category=category)
    for form in (letter.text, letter.html, letter.line_text):
        assert form is not None
        assert expected in form.render(values)


@pytest.mark.parametrize(
    ("menu", "expected"),
    [("カット", "襟足や耳まわり"), ("カット＋カラー", "根元の色"), ("カット＋パーマ", "動きが、少しずつ")],
)
def test_the_next_visit_is_suggested_in_words_for_the_last_one(menu: str, expected: str) -> None:
    folder = kind_folder("salon")
    letter = Templates.load(folder / "templates").get("next-visit")
    values = _values(load_settings(folder, {}), menu=menu)
    assert letter.html is not None
    assert expected in letter.text.render(values)
    assert expected in letter.html.render(values)


# --- how they are read -----------------------------------------------------------------------------------------------


def _refuses(audience: Condition, operator: type) -> bool:
    return any(isinstance(each, Not) and any(isinstance(x, operator) for x in walk(each)) for each in walk(audience))


def _letters(sample: Sample, *forms: str, **changes: Any) -> Iterator[tuple[str, str]]:
    values = {**_values(sample.settings), **changes}
    for each in sample.templates:
        found = {"txt": each.text, "html": each.html, "line.txt": each.line_text, "line.json": each.line_json}
        for form in forms or found:
            if template := found[form]:
                yield f"{each.name}.{form}", template.render(values)


def _context(settings: Settings) -> Context:
    values = {
        name: value
        for name, value in _values(settings).items()
        if name not in (RENDERING, "unsubscribe_url", "line_link_url")
    }
    return Context(1, "commercial", "Asia/Tokyo", values)


def _values(settings: Settings, category: str | None = "コーヒー豆", menu: str = "カット＋カラー") -> Mapping[str, Any]:
    shop = settings.shop
    item = Item("item", {"name": "みなとブレンド 200g", "quantity": 2, "price": 1296, "category": category})
    order = {"items": [item], "first_item": "みなとブレンド 200g", "shipped_on": date(2026, 11, 21)}
    offer = {"name": "手挽きミル", "price": 5280, "url": "https://shop.example/mill", "reason": "甘い香りが立ちます。"}
    fields = ("name", "sender", "address", "phone", "email", "url", "staff")
    return {
        RENDERING: Rendering(settings),
        "shop": Shop({name: getattr(shop, name) for name in fields}),
        "customer": View("customer", {"called": "山田様"}),
        "today": date(2026, 11, 22),
        "unsubscribe_url": LINK,
        "line_link_url": LINK.replace("/u/", "/l/"),
        "opt_out_mailbox": settings.opt_out_mailbox,
        "order": View("order", order),
        "offer": View("offer", offer),
        "booking": View(
            "booking", {"starts_at": datetime(2026, 11, 21, 4, 30, tzinfo=UTC), "menu": menu, "staff": "水無月 玲"}
        ),
        "occasion": View("occasion", {"date": date(2026, 11, 22), "years": 1}),
        "history": _history(),
    }


def _history() -> View:
    days = {"first_order_on": date(2025, 11, 22), "last_order_on": date(2026, 7, 25)}
    return View("history", {**days, "last_item": "北野ブレンド（深煎り） 200g", "order_count": 4})


def _visible(text: str) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", "", text, flags=re.DOTALL)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(each) in "WFA" else 1 for each in text)


def _parts(node: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(node, dict):
        if "type" in node:
            yield node
        for inner in node.values():
            yield from _parts(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _parts(inner)
