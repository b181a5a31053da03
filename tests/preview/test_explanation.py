"""Why a customer gets what they get: every condition and gate with what was found, and what was recorded before."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from nurture.campaign import Campaign, Campaigns, Segment
from nurture.condition import OPERATORS, AllOf, Condition, Operator, parse_condition
from nurture.condition.vocabulary import SilentFor
from nurture.document import load_text
from nurture.mistake import MistakesFound
from nurture.preview import Explanation, SeveralPeople, explain_customer, explanation_json, explanation_table
from nurture.preview.question import Questions
from nurture.store import change, writing
from nurture.store.tables import Customer, Hold, Order, Pause, Suppression, table
from tests.preview import people
from tests.preview.people import ALICE, CHARLIE, GRACE, NOW, japan
from tests.preview.running import run


def explain(engine: Engine, key: str, now: datetime = NOW) -> Explanation:
    found = explain_customer(engine, people.settings(), people.campaigns(), people.templates(), now, key)
    assert isinstance(found, Explanation)
    return found


def told(engine: Engine, key: str, now: datetime = NOW, language: str = "ja") -> str:
    return explanation_table(explain(engine, key, now), language, color=False, width=140)


def test_charlie_was_called_and_came_by_and_so_hears_nothing(engine: Engine) -> None:
    people.populate(engine)
    text = told(engine, "C-003")
    assert "✗ 7日に2通まで: 2/2 通、次は 11/27 15:00 から（電話 11/20、来店 11/22）" in text
    assert "✓ 注文 N-1003（11/21 9:30）: 今回始まります" in text
    assert "✓ この注文がはじめて（実際: ¥3,200）" in text
    assert "✗ LINE  連絡先がありません" in text
    assert "✗ thanks: 送りません: 7日に2通までの上限に達しています（電話 11/20、来店 11/22）" in text
    assert "how-is-it: 11月29日（日）11:00 の予定" in text


def test_the_same_in_english_without_a_japanese_sentence(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        connection.execute(update(table(Customer)).values(name="Charlie", family_name="Charlie", given_name=""))
    settings = people.settings(language="en")
    found = explain_customer(engine, settings, people.campaigns(), people.templates(), NOW, "C-003")
    text = explanation_table(found, "en", color=False, width=140)
    assert "✗ 2 in 7 days: 2 of 2, next from 27 Nov 15:00 (call 20 Nov, visit 22 Nov)" in text
    titles = "お誕生日のお祝い|コーヒー便り|はじめてのお礼|お試しのあとに|便り"
    assert not re.search(r"[ぁ-んァ-ヶ一-龠]", re.sub(titles, "", text))


def test_alice_is_thanked_now_and_it_is_remembered_later(engine: Engine) -> None:
    people.populate(engine)
    assert "✓ thanks: 11月22日（日）10:00 にメールで送ります" in told(engine, "山田花子")
    run(engine, NOW)
    later = japan("2026-11-22 10:20")
    with writing(engine) as connection:
        change(connection, [ALICE], later)
        connection.execute(insert(table(Suppression)).values(customer_id=ALICE, reason="opt_out", created_at=later))
    run(engine, later)
    text = told(engine, "C-001", japan("2026-12-20 09:00"))
    assert "配信停止（本人の申し出、11/22 から）" in text
    assert "はじめてのお礼 / thanks" in text
    assert "11/22 10:20 に変更: 配信停止" in text


def test_grace_has_no_address_and_no_order_of_hers_is_forgotten(engine: Engine) -> None:
    people.populate(engine)
    thanks = campaign(explain(engine, "C-007"), "thanks")
    assert [(each.state, each.label) for each in thanks.occasions] == [("opens", "N-1007")]
    assert [(each.gate, each.channel) for each in thanks.answers.fixed if not each.passes] == [
        ("no_address", "line"),
        ("no_address", "email"),
    ]
    assert [each.plan.verdict for each in thanks.decisions] == ["no_address"]


def _cancel(connection: Any) -> None:
    connection.execute(update(table(Order)).where(table(Order).c.id == GRACE).values(status="cancelled"))


def _unship(connection: Any) -> None:
    connection.execute(update(table(Order)).where(table(Order).c.id == GRACE).values(shipped_at=None))


def _ship_long_ago(connection: Any) -> None:
    long_ago = japan("2026-10-01 10:00")
    connection.execute(update(table(Order)).where(table(Order).c.id == GRACE).values(shipped_at=long_ago))


def _complain(connection: Any) -> None:
    values = {"customer_id": GRACE, "kind": "complaint", "category": "", "opened_at": japan("2026-11-20 10:00")}
    connection.execute(insert(table(Hold)).values(**values, note=""))


@pytest.mark.parametrize(
    ("happened", "state"),
    [(_cancel, "gone"), (_unship, "not_yet"), (_ship_long_ago, "past"), (_complain, "outside")],
)
def test_an_order_that_opens_nothing_says_why(engine: Engine, happened: Callable[[Any], None], state: str) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        happened(connection)
    assert [each.state for each in campaign(explain(engine, "C-007"), "thanks").occasions] == [state]


def test_an_open_complaint_is_seen_in_the_condition_and_in_the_gate(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        _complain(connection)
    text = told(engine, "C-007")
    assert "対応中のクレームがあります（11/20 から）" in text
    assert "✗ 『対応中のクレームがある』ではない" in text


def test_birthdays_and_weeks_that_are_still_ahead(engine: Engine) -> None:
    people.populate(engine)
    dana = explain(engine, "C-004", japan("2026-11-12 10:00"))
    assert [(each.state, each.at) for each in campaign(dana, "birthday").occasions] == [
        ("not_yet", int(japan("2026-11-23 00:00").timestamp()))
    ]
    assert [(each.state, each.label) for each in campaign(dana, "news").occasions] == [("not_yet", "2026-11-15T11:00")]


def test_a_pause_and_the_hours_say_when_they_open(engine: Engine) -> None:
    people.populate(engine)
    until = japan("2026-11-25 09:00")
    with writing(engine) as connection:
        values = {"scope": "campaign:thanks", "reason": "", "began_at": NOW, "until_at": until}
        connection.execute(insert(table(Pause)).values(**values))
    text = told(engine, "C-006")
    assert "「はじめてのお礼」の配信を 11/25 9:00 まで一時停止しています" in text
    assert "送信できる時間は 11/24 9:30 からです" in text


def test_a_name_that_fits_several_lists_them(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        connection.execute(
            update(table(Customer)).where(table(Customer).c.id == GRACE).values(name="佐藤 薫", name_match="佐藤薫")
        )
    found = explain_customer(engine, people.settings(), people.campaigns(), people.templates(), NOW, "佐藤様")
    assert isinstance(found, SeveralPeople)
    assert [each.id for each in found.people] == [CHARLIE, GRACE]
    assert "C-007  佐藤 薫" in explanation_table(found, "ja", color=False, width=80)
    assert [each["key"] for each in json.loads(explanation_json(found))["people"]] == ["C-003", "C-007"]


def test_nobody_of_that_name_is_answered_with_the_nearest(engine: Engine) -> None:
    people.populate(engine)
    with pytest.raises(MistakesFound) as caught:
        explain(engine, "佐藤 健二郎")
    assert caught.value.mistakes[0].suggestion == "佐藤 健"


def test_the_json_holds_every_campaign_gate_and_cap(engine: Engine) -> None:
    people.populate(engine)
    found = json.loads(explanation_json(explain(engine, "C-003")))
    assert [each["campaign"] for each in found["campaigns"]] == ["birthday", "news", "thanks", "trial"]
    thanks = found["campaigns"][2]
    assert [each["condition"] for each in thanks["audience"]] == [
        {"this": {"order": "first"}},
        {"not": None},
        {"complaint": {"state": "open"}},
    ]
    assert {each["gate"] for each in thanks["gates"]} >= {"no_address", "suppressed", "no_consent", "on_hold", "paused"}
    assert thanks["decisions"][0]["verdict"] == "capped"
    assert found["caps"][0] == {
        "gate": "capped",
        "passes": False,
        "channel": None,
        "step": None,
        "rule": "2 per 7 days",
        "observed": 2,
        "limit": 2,
        "until": "2026-11-27T06:00:00Z",
        "until_local": "2026-11-27T15:00:00+09:00",
        "by": [
            {"what": "call", "at": "2026-11-20T06:00:00Z", "at_local": "2026-11-20T15:00:00+09:00"},
            {"what": "visit", "at": "2026-11-22T00:00:00Z", "at_local": "2026-11-22T09:00:00+09:00"},
        ],
        "missing": [],
    }


@pytest.mark.parametrize("word", sorted(OPERATORS))
@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_operator_has_a_sentence(word: str, language: str) -> None:
    sentence = Questions(language, people.settings(), people.campaigns()).sentence(_example(word))
    assert sentence
    assert "{" not in sentence
    assert bool(re.search(r"[ぁ-ん]", sentence)) == (language == "ja")


def campaign(explanation: Explanation, name: str) -> Any:
    return next(each for each in explanation.explained if each.campaign.campaign == name)


def test_what_every_operator_found_can_be_read(engine: Engine) -> None:
    people.populate(engine)
    asked = tuple(_example(word) for word in OPERATORS)
    regulars = Segment(segment="regulars", condition=AllOf((SilentFor.model_validate("30 days"),)))
    steps = [{"step": "only", "template": "thanks"}]
    given = {"campaign": "everything", "title": "すべて", "trigger": {"after": "shipment"}, "steps": steps}
    campaigns = Campaigns(
        campaigns=(Campaign.model_validate({**given, "audience": AllOf(asked)}),), segments={"regulars": regulars}
    )
    found = explain_customer(engine, people.settings(), campaigns, people.templates(), NOW, "C-003")
    assert isinstance(found, Explanation)
    checks = found.explained[0].answers.audience
    assert {type(each.condition) for each in checks} >= set(OPERATORS.values())
    by_word = {each.condition.word: each for each in checks if isinstance(each.condition, Operator)}
    assert (by_word["orders"].holds, by_word["orders"].observed) == (False, 0)
    assert (by_word["contacts"].holds, by_word["contacts"].observed) == (False, 2)
    assert (by_word["tag"].holds, by_word["tag"].observed) == (False, None)
    assert by_word["reachable"].observed == "email"
    for language in ("ja", "en"):
        assert explanation_table(found, language, color=True, width=100)
    assert explanation_json(found)


def _example(word: str) -> Condition:
    document = load_text(OPERATORS[word].example + "\n", "example.yaml")
    return parse_condition(document, document.value, (), [])
