"""What counts as a word to stop, a code, or a delivery at all; no database is asked."""

import pytest

from nurture.feedback import read_delivery
from nurture.feedback.chat import STOP_DATA, wants_stop, wants_unlink
from nurture.feedback.linking import find_code
from tests.feedback.line import again, check_against_description, delivery, event, follow, said, unfollow, unsent
from tests.feedback.people import NOON


def test_our_events_are_those_that_line_describes() -> None:
    every = [follow(NOON), follow(NOON, again=True), unfollow(NOON), said("停止", NOON), unsent(NOON)]
    postback = event("postback", NOON, replyToken="r" * 32, postback={"data": STOP_DATA})
    standby = said("停止", NOON, mode="standby")
    check_against_description(delivery(), delivery(*every, postback, standby, again(every[0])))


@pytest.mark.parametrize(
    "text",
    [
        "配信停止",
        "停止",
        "解除",
        " 停止。",
        "「配信停止」",
        "配信を停止してください",
        "お知らせの停止をお願いします",
        "ＳＴＯＰ",
        "Unsubscribe!",
    ],
)
def test_there_are_many_ways_to_say_stop(text: str) -> None:
    assert wants_stop(text)


@pytest.mark.parametrize(
    "text", ["停止しないで", "配信停止の方法は？", "予約を解除したい", "stopover", "", "停 止 線", "連携解除"]
)
def test_other_words_stop_nothing(text: str) -> None:
    assert not wants_stop(text)


@pytest.mark.parametrize("text", ["BCD234", "bcd234", "ＢＣＤ２３４", "BCD-234", " bcd 234\n"])
def test_a_code_is_known_however_it_is_typed(text: str) -> None:
    assert find_code(text) == "BCD234"


@pytest.mark.parametrize("text", ["こんにちは", "BCD23", "BCD2345", "HELLO2", "BCD231", ""])
def test_ordinary_words_are_no_codes(text: str) -> None:
    assert find_code(text) is None


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"events": 1}', b"{", b"\xff", b'{"destination": 3, "events": {}}']
)
def test_what_is_no_delivery_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError):
        read_delivery(body, NOON)


@pytest.mark.parametrize("text", ["連携解除", "連携を解除してください", "Unlink"])
def test_to_part_is_another_word(text: str) -> None:
    assert wants_unlink(text)
    assert not wants_stop(text)
