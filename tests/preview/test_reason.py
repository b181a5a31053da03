"""Every gate is told in plain words, with the rule as the shop wrote it and the time it opens."""

from typing import Any

import pytest

from nurture.catalogue import say
from nurture.gates.reach import FIXED, TIMED
from nurture.preview.queue import Queue
from nurture.preview.reason import Wording, last_to_open
from tests.preview import people
from tests.preview.people import japan

TITLES = {"thanks": "はじめてのお礼", "news": "コーヒー便り"}
SUNDAY = int(japan("2026-11-22 09:30").timestamp())
BY = [{"at": int(japan("2026-11-20 15:00").timestamp()), "what": "call"}, {"at": SUNDAY, "what": "thanks/thanks"}]


def gate(name: str, rule: str = "", limit: int | None = None, until: str | None = None, **more: Any) -> dict[str, Any]:
    instant = int(japan(until).timestamp()) if until else None
    return {"gate": name, "rule": rule, "observed": limit, "limit": limit, "until": instant, **more}


@pytest.mark.parametrize(
    ("closed", "japanese", "english"),
    [
        (
            gate("outside_window", until="2026-11-22 10:00"),
            "送信できる時間は 10:00 からです",
            "sending hours begin at 10:00",
        ),
        (
            gate("outside_window", until="2027-01-04 10:00"),
            "送信できる時間は 2027/1/4 10:00 からです",
            "sending hours begin at 4 Jan 2027 10:00",
        ),
        (gate("outside_window"), "期限までに送信できる時間がありません", "there is no sending hour before it expires"),
        (
            gate("capped", "2 per 7 days", 2, "2026-11-27 15:00", by=BY),
            "7日に2通までの上限に達しています（電話 11/20、「はじめてのお礼」 11/22）",
            "the limit of 2 in 7 days is reached (call 20 Nov, 'はじめてのお礼' 22 Nov)",
        ),
        (
            gate("capped", "3 per month on line", 3, "2026-12-01 00:00"),
            "LINEは暦の1か月に3通までの上限に達しています",
            "the limit of 3 a calendar month by LINE is reached",
        ),
        (
            gate("capped", "1 per 36 hours", 1, "2026-11-23 12:00"),
            "36時間に1通までの上限に達しています",
            "the limit of 1 in 36 hours is reached",
        ),
        (
            gate("capped", "min_gap", 1, "2026-11-23 05:00", by=BY[:1]),
            "前の連絡から20時間あけます（電話 11/20）",
            "20 hours must pass after the last contact (call 20 Nov)",
        ),
        (
            gate("outranked", "1 per day", 1, "2026-11-23 00:00", by=BY[1:]),
            "優先度の高い 「はじめてのお礼」 11/22 を先に送るため、1日に1通までの枠がありません",
            "'はじめてのお礼' 22 Nov goes first and takes the room that 1 a day leaves",
        ),
        (
            gate("over_quota", "line per month", 5000, "2026-12-01 00:00"),
            "LINEの今月の上限（5,000 通）に達しています",
            "the monthly limit of 5,000 for LINE is reached",
        ),
        (
            gate("over_quota", "news per day", 50, "2026-11-23 00:00"),
            "「コーヒー便り」の1日の上限（50 通）に達しています",
            "the daily limit of 50 for 'コーヒー便り' is reached",
        ),
        (
            gate("paused", "channel:email", until="2026-11-25 09:00"),
            "メールの配信を 11/25 9:00 まで一時停止しています",
            "sending of mail is paused until 25 Nov 9:00",
        ),
        (gate("paused", "all"), "すべての配信を一時停止しています", "sending of everything is paused"),
        ({"gate": "no_consent"}, "同意がありません", "there is no consent"),
        ({"gate": "from_a_later_release"}, "from_a_later_release", "from_a_later_release"),
    ],
)
def test_a_gate_in_words(closed: dict[str, Any], japanese: str, english: str) -> None:
    for language, told in (("ja", japanese), ("en", english)):
        assert Wording(language, people.settings(), TITLES).sentence(closed, "Asia/Tokyo", SUNDAY) == told


def test_the_verdict_is_told_even_where_nothing_was_noted() -> None:
    wording = Wording("ja", people.settings(), TITLES)
    assert wording.reason("expired", None, "Asia/Tokyo", SUNDAY) == "期限が過ぎました"
    capped = [gate("outside_window", until="2026-11-22 10:00"), gate("capped", "1 per day", 1, "2026-11-23 00:00")]
    assert wording.reason("capped", capped, "Asia/Tokyo", SUNDAY) == "1日に1通までの上限に達しています"


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_gate_and_status_has_a_name(language: str) -> None:
    for name in (*FIXED, *TIMED):
        assert say(language, f"gate.{name}")
    ledger = "planned held_out dropped expired cancelled suppressed claimed sending sent failed unknown waiting none"
    for name in ledger.split():
        assert say(language, f"status.{name}")


def test_a_message_waits_for_the_gate_that_opens_last() -> None:
    night = gate("outside_window", until="2026-11-24 10:00")
    other = gate("outranked", "min_gap", 1, "2026-11-25 06:00", by=BY[1:])
    assert last_to_open([night, other]) == other
    never = gate("outside_window")
    assert last_to_open([never, other]) == never
    assert last_to_open(None) is None


@pytest.mark.parametrize(
    ("queue", "japanese", "english"),
    [
        (
            Queue("email", 300, "hour"),
            "メールは1時間に300通までのため、順番を待っています",
            "waits its turn: 300 an hour by mail",
        ),
        (
            Queue("docomo.test", 60, "minute"),
            "docomo.test あては1分に60通までのため、順番を待っています",
            "waits its turn: 60 a minute to docomo.test",
        ),
        (
            Queue("line", 20, "second"),
            "LINEは1秒に20通までのため、順番を待っています",
            "waits its turn: 20 a second by LINE",
        ),
        (
            Queue("docomo.test", 12, "minute", slowed=True),
            "docomo.test から少しずつ送るように求められたため、順番を待っています",
            "waits its turn: docomo.test asked for fewer mails at a time",
        ),
    ],
)
def test_what_an_overdue_message_waits_for_is_told(queue: Queue, japanese: str, english: str) -> None:
    settings = people.settings()
    assert Wording("ja", settings, TITLES).queue(queue) == japanese
    assert Wording("en", settings, TITLES).queue(queue) == english
