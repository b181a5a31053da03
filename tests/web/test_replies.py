"""Answers in the LINE chat: from the webhook's event through LINE's own client to what the person reads."""

import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine

from nurture.channels.line import LineTransport
from nurture.feedback import issue_code
from nurture.feedback.chat import STOP_DATA
from nurture.store import writing
from nurture.store.tables import Address
from nurture.web.webhook import sign
from tests.daemon.village import answering
from tests.fakes.line import Fails, FakeLine
from tests.feedback.line import delivery, event, follow, said
from tests.feedback.people import ALICE, BOB, DANAS_LINE, NOON, populate, rows, settings, standing
from tests.web.served import Served, served

CODE = "BCDFGH"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLine]:
    """LINE; what it was asked is held to its own description, where that is at hand."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    line = FakeLine()
    with answering(line):
        yield line
    assert line.offences == []


@pytest.fixture
def web(engine: Engine, fake: FakeLine) -> Iterator[Served]:
    populate(engine)
    with served(engine, answering=LineTransport(fake.account(), 5)) as running:
        yield running


def told(web: Served, *events: dict[str, object]) -> None:
    """LINE's platform tells the shop, each event with a reply token that LINE will take once."""
    body = delivery(*events)
    headers = {"x-line-signature": sign("channel secret", body).decode()}
    assert web.ask("POST", "/line/webhook", body, headers).status == 200


def with_token(fake: FakeLine, made: dict[str, object], token: str) -> dict[str, object]:
    fake.tokens[token] = 0
    return {**made, "replyToken": token}


def eventually(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def answered(web: Served, fake: FakeLine) -> str:
    """The newest answer, once there is one."""
    eventually(lambda: web.counted("nurture_line_replies_total", result="answered") >= 1)
    return fake.replies[-1][1]


def test_a_new_friend_is_told_how_to_be_known(web: Served, fake: FakeLine) -> None:
    told(web, with_token(fake, follow(NOON, DANAS_LINE), "t1"))
    assert "みなと珈琲を友だちに追加" in answered(web, fake)
    assert fake.replies == [("t1", fake.replies[0][1])]


def test_the_keyword_is_answered_with_the_way_to_a_code(web: Served, fake: FakeLine) -> None:
    told(web, with_token(fake, said("連携したい", NOON, DANAS_LINE), "t1"))
    assert "QRコード" in answered(web, fake)


def test_bobs_code_links_him_and_says_so(engine: Engine, web: Served, fake: FakeLine) -> None:
    with writing(engine) as connection:
        assert issue_code(connection, BOB, CODE, NOON) == CODE
    told(web, with_token(fake, said(CODE, NOON, DANAS_LINE), "t1"))
    assert "ご登録ありがとうございます" in answered(web, fake)
    assert [row.value for row in rows(engine, Address, customer_id=BOB, channel="line")] == [DANAS_LINE]


def test_alice_stops_and_reads_that_it_is_done(engine: Engine, web: Served, fake: FakeLine) -> None:
    told(web, with_token(fake, said("配信停止", NOON), "t1"))
    assert "配信を停止しました" in answered(web, fake)
    assert standing(engine, ALICE)["line"] == "withdrawn"


def test_who_stopped_and_comes_back_is_not_promised_news(web: Served, fake: FakeLine) -> None:
    told(web, with_token(fake, said("配信停止", NOON), "t1"))
    answered(web, fake)
    told(web, with_token(fake, follow(NOON, again=True), "t2"))
    eventually(lambda: len(fake.replies) == 2)
    assert "停止したまま" in fake.replies[1][1]


def test_who_never_stopped_and_comes_back_is_welcome(engine: Engine, web: Served, fake: FakeLine) -> None:
    told(web, with_token(fake, follow(NOON, again=True), "t1"))
    assert "これからLINEでもお知らせします" in answered(web, fake)


def test_a_token_that_line_does_not_know_any_more_is_tried_once_and_the_deed_stands(
    engine: Engine, web: Served, fake: FakeLine
) -> None:
    told(web, {**said("配信停止", NOON), "replyToken": "old"})
    eventually(lambda: web.counted("nurture_line_replies_total", result="lost") == 1)
    assert fake.tokens["old"] == 2
    assert fake.replies == []
    assert standing(engine, ALICE)["line"] == "withdrawn"


@pytest.mark.parametrize("fails", [Fails(500, "Internal error"), Fails(), Fails(429, "rate"), Fails(401, "token")])
def test_however_line_fails_an_answer_is_tried_once(web: Served, fake: FakeLine, fails: Fails) -> None:
    fake.script.append(fails)
    told(web, with_token(fake, said("配信停止", NOON), "t1"))
    eventually(lambda: web.counted("nurture_line_replies_total", result="lost") == 1)
    told(web, with_token(fake, said("連携", NOON), "t2"))
    answered(web, fake)
    assert [token for token, _ in fake.replies] == ["t2"]


def test_a_shop_whose_account_greets_by_itself_stays_quiet(engine: Engine, fake: FakeLine) -> None:
    populate(engine)
    quiet = settings(line={"enabled": True, "greeting": False})
    with served(engine, made=quiet, answering=LineTransport(fake.account(), 5)) as web:
        told(web, with_token(fake, follow(NOON, DANAS_LINE), "t1"))
        told(web, with_token(fake, said("連携", NOON, DANAS_LINE), "t2"))
        answered(web, fake)
    assert [token for token, _ in fake.replies] == ["t2"]


def test_a_button_is_answered_like_a_word(web: Served, fake: FakeLine) -> None:
    pressed = event("postback", NOON, postback={"data": STOP_DATA})
    told(web, with_token(fake, pressed, "t1"))
    assert "配信を停止しました" in answered(web, fake)
