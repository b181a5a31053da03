"""The page holds every message as it will look, nothing from outside, and no word that could become markup."""

import html
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import pytest
from sqlalchemy import Engine, update

from nurture.preview import Foresight, as_html, foresee
from nurture.preview.page.flex import Piece, draw
from nurture.store import open_engine, writing
from nurture.store.tables import Customer, table
from tests.preview import people
from tests.preview.people import ALICE, BOB, NOW

VOID = {"meta", "input", "br"}


class Reading(HTMLParser):
    """Collects tags, texts and frames, and complains where tags don't close."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))


def look(engine: Engine, **settings: Any) -> Foresight:
    return foresee(engine, people.settings(**settings), people.campaigns(), people.templates(), NOW)


@pytest.fixture
def engine(sqlite_database: str) -> Iterator[Engine]:
    """One database will do: what is drawn here was read already."""
    opened = open_engine(sqlite_database)
    yield opened
    opened.dispose()


@pytest.fixture
def foresight(engine: Engine) -> Foresight:
    people.populate(engine)
    return look(engine)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_everybody_is_on_the_page(foresight: Foresight, language: str) -> None:
    text = Reading(as_html(foresight, language)).text
    for each in foresight.rows:
        assert each.called in text
    assert "送信 3 件・延期 1 件・除外 6 件・エラー 1 件" in text or "3 to send, 1 deferred" in text


def test_a_mail_stands_in_a_sandboxed_frame_as_it_will_look(foresight: Foresight) -> None:
    page = Reading(as_html(foresight, "ja"))
    frames = [attributes for tag, attributes in page.tags if tag == "iframe"]
    mails = [each.message.html for each in foresight.sends if each.message and each.message.html]
    assert [each["srcdoc"] for each in frames] == mails
    assert len(mails) == 2
    assert all(each["sandbox"] is None or each["sandbox"] == "" for each in frames)


def test_a_line_card_is_drawn(foresight: Foresight) -> None:
    page = as_html(foresight, "ja")
    assert re.search(r'<div class="button" style="[^"]*background:#06c755[^"]*">お店を見る</div>', page)
    assert "お誕生日おめでとうございます" in Reading(page).text


def test_nothing_comes_from_outside_and_nothing_runs(foresight: Foresight) -> None:
    page = as_html(foresight, "ja")
    reading = Reading(page)
    assert {tag for tag, _ in reading.tags} & {"script", "link", "img", "object", "embed", "base", "form", "a"} == set()
    for tag, attributes in reading.tags:
        assert not any(name.startswith("on") or name in ("src", "href") for name in attributes), tag
    style = page.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    assert "default-src 'none'" in page


def test_a_name_stays_a_name(engine: Engine) -> None:
    people.populate(engine)
    evil = "</summary><script>alert(1)</script>"
    customers = table(Customer)
    with writing(engine) as connection:
        connection.execute(update(customers).where(customers.c.id.in_((ALICE, BOB))).values(family_name=evil, key=None))
    page = as_html(look(engine, shop={"name": '"><img src=x>', "address": "a", "email": "a@b.example"}), "ja")
    assert "<script" not in page
    assert "<img" not in page
    assert html.escape(evil, quote=False) in page
    assert evil in Reading(page).text


def test_many_messages_lie_closed(foresight: Foresight) -> None:
    opened = [each for tag, each in Reading(as_html(foresight, "ja")).tags if tag == "details" and "open" in each]
    assert len(opened) == 5
    many = Foresight(**{**foresight.__dict__, "rows": foresight.sends * 3})
    assert not [each for tag, each in Reading(as_html(many, "ja")).tags if tag == "details" and "open" in each]


def test_each_campaign_has_a_filter_that_needs_no_script(foresight: Foresight) -> None:
    tags = Reading(as_html(foresight, "ja")).tags
    labels = [each["for"] for tag, each in tags if tag == "label"]
    inputs = [each["id"] for tag, each in tags if tag == "input" and each["type"] == "radio"]
    assert labels == inputs == ["only-all", "only-0", "only-1", "only-2", "only-3"]
    assert [each["class"] for tag, each in tags if tag == "details" and "message" in str(each["class"])] == [
        "message of-2",
        "message of-3",
        "message of-1",
        "message of-0",
        "message of-2",
    ]


def test_what_is_no_colour_or_length_never_reaches_a_style_sheet() -> None:
    bad = "red;background:url(https://evil.example)"
    text = {"type": "text", "text": "a", "color": bad, "size": bad, "margin": bad, "align": bad, "flex": bad}
    box = {"type": "box", "layout": "vertical", "contents": [text], "backgroundColor": bad, "paddingAll": bad}
    image = {"type": "image", "url": "https://a.example/x.png", "aspectRatio": bad, "size": bad}
    button = {"type": "button", "style": bad, "color": bad, "action": {"type": "uri", "label": "b", "uri": "https://a"}}
    body = {**box, "contents": [text, image, button], "borderWidth": bad, "borderColor": bad, "cornerRadius": bad}
    bubble = {"type": "bubble", "size": bad, "body": body, "styles": {"body": {"backgroundColor": bad}}}
    drawn = draw({"type": "carousel", "contents": [bubble, bubble]})
    assert len(drawn) == 2
    assert all("evil" not in style and "red" not in style for each in drawn for style in styles(each.pieces))


def styles(pieces: tuple[Piece, ...]) -> list[str]:
    return [style for each in pieces for style in (each.style, *styles(each.pieces))]


def test_a_horizontal_row_shares_its_room() -> None:
    left = {"type": "text", "text": "品", "flex": 0}
    right = {"type": "text", "text": "¥1,200", "align": "end"}
    row = {"type": "box", "layout": "horizontal", "contents": [left, right], "spacing": "md"}
    piece = draw({"type": "bubble", "body": row})[0].pieces[0].pieces[0]
    assert "flex-direction:row" in piece.style
    assert "flex:0 0 auto" in piece.pieces[0].style
    assert piece.pieces[1].style.startswith("margin-left:8px;flex:1 1 0")
    assert "text-align:right" in piece.pieces[1].style
