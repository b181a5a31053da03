"""Why a customer gets what they get: every condition and gate with what was found, and what was recorded before."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, insert, select, update

from nurture.campaign import Campaign, Campaigns, Segment
from nurture.condition import OPERATORS, AllOf, Condition, Operator, parse_condition
from nurture.condition import vocabulary as words
from nurture.condition.vocabulary import SilentFor
from nurture.document import load_text
from nurture.mistake import MistakesFound
from nurture.preview import (
    Explanation,
    SeveralPeople,
    as_table,
    explain_customer,
    explanation_json,
    explanation_table,
    foresee,
)
from nurture.preview.question import Questions
from nurture.store import change, writing
from nurture.store.facts import refresh_facts
from nurture.store.tables import Contact, Customer, Hold, Order, OrderLine, Pause, Product, Suppression, Touch, table
from tests.preview import people
from tests.preview.people import ALICE, CHARLIE, DANA, GRACE, NOW, japan
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
    assert "✓ この注文がはじめて（実際: はじめて）" in text
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


PAST = "過去の時点です。"


def told_later(engine: Engine, key: str, at: str, today: str) -> str:
    settings, campaigns, templates = people.settings(), people.campaigns(), people.templates()
    found = explain_customer(engine, settings, campaigns, templates, japan(at), key, japan(today))
    assert isinstance(found, Explanation)
    assert json.loads(explanation_json(found))["past"]
    return explanation_table(found, "ja", color=False, width=140)


def test_of_the_past_nothing_is_told_that_was_recorded_later(engine: Engine) -> None:
    people.populate(engine)
    run(engine, NOW)
    text = told_later(engine, "C-001", "2026-11-22 09:50", "2026-11-22 10:00")
    assert PAST in text
    assert "✓ 注文 N-1001（11/21 9:30）: 条件はそろっていますが、この時点までに始まった記録はありません" in text
    assert "この時点までに決まったことはありません" in text
    assert "始まっています" not in text
    assert "予定" not in text
    assert PAST not in told(engine, "C-001")


def test_an_opt_out_of_later_is_not_yet_known_in_the_past(engine: Engine) -> None:
    people.populate(engine)
    run(engine, NOW)
    later = japan("2026-11-22 10:20")
    with writing(engine) as connection:
        change(connection, [ALICE], later)
        connection.execute(insert(table(Suppression)).values(customer_id=ALICE, reason="opt_out", created_at=later))
    run(engine, later)
    before = told_later(engine, "C-001", "2026-11-22 10:10", "2026-12-20 09:00")
    assert "11/22 10:00 に始まっています" in before
    assert "thanks: 予定（この時点での日時と理由は、その後の変更で残っていません）" in before
    assert "配信停止" not in before
    after = told_later(engine, "C-001", "2026-11-22 10:30", "2026-12-20 09:00")
    assert "配信停止（本人の申し出、11/22 から）" in after
    assert "thanks: 配信停止" in after


def test_orders_of_later_count_for_nothing_in_the_past(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        _buys(connection, 2001, "2025-10-20 12:00", 0, shipped="2025-10-21 12:00")
        _buys(connection, 2002, "2026-11-20 12:00", 2, shipped="2026-11-21 12:00")
    audience = (
        "- orders: {count: {at_least: 2}}\n- last_order: {within: 60 days}\n- first_order: {older_than: 90 days}\n"
    )
    audience += "- not: {orders: {category: 器具}}\n- orders: {total: {at_least: 3000}}\n"
    text = _asking(engine, "C-001", audience, japan("2025-11-24 10:00"), today=NOW)
    assert "（2025年11月24日（月）10:00 現在）" in text
    assert "注文 N-2001（10/21 12:00）: 日がたちすぎています" in text
    assert "N-2002" not in text
    assert "✗ 注文が2回以上（実際: 1、最新は 10/20 の注文 N-2001）" in text
    assert "✓ 最後の注文が60日以内（実際: 10/20 12:00）" in text
    assert "✗ 最初の注文が90日より前（実際: 10/20 12:00）" in text
    assert "✓ 『「器具」の注文がある』ではない（実際: 0）" in text
    assert "✗ 注文の合計が¥3,000以上（実際: ¥1,500" in text


def test_a_quota_of_the_past_counts_what_was_decided_by_then(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        values = {
            "customer_id": DANA,
            "owner_id": DANA,
            "channel": "line",
            "status": "planned",
            "occurrence": "order:9",
        }
        instants = {"due_at": NOW, "at": NOW, "expires_at": japan("2026-11-25 10:00"), "decided_at": NOW}
        people.add(connection, Touch, campaign="thanks", step="thanks", priority=50, **values, **instants)
    assert "LINEの今月 1/200 通" in told(engine, "C-001")
    text = told_later(engine, "C-001", "2026-11-21 10:00", "2026-11-22 10:00")
    assert "LINEの今月 0/200 通" in text
    assert "LINEの今月 1/200 通" not in text


def test_the_heading_names_the_year_where_it_is_not_this_one(engine: Engine) -> None:
    people.populate(engine)
    text = told_later(engine, "C-001", "2025-11-24 10:00", "2026-11-22 10:00")
    assert text.startswith("山田 花子（C-001）（2025年11月24日（月）10:00 現在）")
    assert told(engine, "C-001").startswith("山田 花子（C-001）（11月22日（日）10:00 現在）")


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


THINGS = [("beans", "豆 200g", "豆"), ("drip", "ドリップ 5袋", "ドリップ"), ("mill", "手挽きミル", "器具")]


def _buys(connection: Connection, number: int, at: str, *things: int, who: int = ALICE, shipped: str = "") -> None:
    """An order with the number `number` of some of the THINGS."""
    ordered = japan(at)
    order: dict[str, Any] = {"key": f"N-{number}", "customer_id": who, "ordered_at": ordered, "total": 1500}
    order |= {"status": "shipped", "shipped_at": japan(shipped)} if shipped else {"status": "ordered"}
    people.add(connection, Order, id=number, **order)
    for thing in things:
        key, name, category = THINGS[thing]
        product = table(Product)
        if connection.scalar(select(product.c.id).where(product.c.id == thing + 1)) is None:
            people.add(connection, Product, id=thing + 1, key=key, name=name, category=category)
        line = {"order_id": number, "customer_id": who, "ordered_at": ordered, "product_id": thing + 1}
        people.add(connection, OrderLine, **line, name=name, category=category, price=1500)
    refresh_facts(connection, [who])


def _asking(engine: Engine, key: str, audience: str, now: datetime = NOW, **more: Any) -> str:
    """What is told of a campaign after each shipment, with these conditions."""
    document = load_text(audience, "campaign.yaml")
    condition = parse_condition(document, document.value, (), [])
    steps = [{"step": "only", "template": "thanks"}]
    given = {"campaign": "asks", "title": "問い", "trigger": {"after": "shipment"}, "steps": steps}
    campaign_ = Campaign.model_validate({**given, "audience": condition})
    regulars = Segment(segment="regulars", title="常連", condition=words.Orders(count=words.Comparison(at_least=2)))
    campaigns = Campaigns(campaigns=(campaign_,), segments={"regulars": regulars})
    found = explain_customer(engine, people.settings(), campaigns, people.templates(), now, key, **more)
    assert isinstance(found, Explanation)
    return explanation_table(found, "ja", color=False, width=140)


def test_of_this_order_what_was_asked_is_told_and_not_always_its_total(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        _buys(connection, 2001, "2026-11-20 12:00", 0, 1, shipped="2026-11-21 12:00")
    text = _asking(
        engine,
        "C-001",
        "- this: {order: repeat}\n- this: {category: 器具}\n- this: {product: beans}\n"
        "- this: {amount: {at_least: 2000}}\n",
    )
    assert "✓ この注文が2回目以降（実際: 2回目）" in text
    assert "✗ この注文が「器具」を含む（実際: ドリップ / 豆）" in text
    assert "✓ この注文が「beans」を含む（実際: beans 豆 200g / drip ドリップ 5袋）" in text
    assert "✗ この注文が¥2,000以上（実際: ¥1,500）" in text


def test_several_questions_about_this_order_are_answered_each_by_itself(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        _buys(connection, 2001, "2026-11-20 12:00", 0, shipped="2026-11-21 12:00")
    lines = _asking(engine, "C-001", "not: {this: {order: first, category: 豆, amount: 1500}}").splitlines()
    tree = [line.partition("条件")[2].strip() or line.strip() for line in lines if "この注文が" in line]
    assert tree == [
        "✓ 『この注文がはじめて、「豆」を含む、¥1,500』ではない",
        "✗ この注文がはじめて（実際: 2回目）",
        "✓ この注文が「豆」を含む（実際: 豆）",
        "✓ この注文が¥1,500（実際: ¥1,500）",
    ]


def test_who_never_ordered_has_neither_a_first_nor_a_later_order(engine: Engine) -> None:
    people.populate(engine)
    text = _asking(engine, "C-009", "- this: {order: first}\n- this: {order: repeat}\n")
    assert "✗ この注文がはじめて（実際: なし）" in text
    assert "✗ この注文が2回目以降（実際: なし）" in text


def test_what_must_not_be_tells_what_there_is(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        _buys(connection, 2001, "2026-11-12 12:00", 2)
        _buys(connection, 2002, "2026-11-20 12:00", 0)
    text = _asking(engine, "C-001", "- not: {orders: {category: 器具}}\n- not: {segment: regulars}\n")
    assert "✗ 『「器具」の注文がある』ではない（実際: 1、最新は 11/12 の注文 N-2001）" in text
    assert "✗ 『「常連」に入っている』ではない" in text
    assert "  ✓ 注文が2回以上（実際: 3、最新は 11/20 の注文 N-2002）" in text


def test_the_orders_shown_are_the_newest_whatever_their_number(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        for number, day in ((2001, "03"), (2002, "02"), (2003, "01")):
            _buys(connection, number, f"2026-11-{day} 12:00", 0, shipped=f"2026-11-{day} 15:00")
    found = campaign(explain(engine, "C-001"), "thanks")
    assert [each.label for each in found.occasions] == ["N-1001", "N-2001", "N-2002"]


def test_the_conditions_are_asked_about_the_order_that_the_campaign_speaks_of(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        _buys(connection, 2001, "2026-11-21 12:00", 2)
    text = told(engine, "C-001")
    assert "✗ 注文 N-2001: まだです" in text
    assert "✓ 注文 N-1001（11/21 9:30）: 今回始まります" in text
    assert "条件      注文 N-1001（11/21 9:30）について" in text
    assert "✓ この注文がはじめて（実際: はじめて）" in text


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


@pytest.mark.parametrize(
    ("gap", "why", "becomes"),
    [
        ("48 hours", "前の連絡から48時間あけます（来店 11/22）", "11月24日（火）9:45 にメールで送ります（{why}）"),
        ("72 hours", "前の連絡から72時間あけます（来店 11/22）", "送りません: {why}（期限に間に合いません）"),
    ],
)
def test_who_is_deferred_or_too_late_is_told_the_gate_that_opens_last_as_in_the_table(
    engine: Engine, gap: str, why: str, becomes: str
) -> None:
    """The hours open at 9:30 on Tuesday, the gap a quarter of an hour or a day later."""
    people.populate(engine)
    with writing(engine) as connection:
        mine = {"customer_id": people.FRANK, "owner_id": people.FRANK, "channel": "visit"}
        people.add(connection, Contact, **mine, at=japan("2026-11-22 09:45"))
    given = (engine, people.settings(min_gap=gap), people.campaigns(), people.templates(), NOW)
    found = explain_customer(*given, "C-006")
    assert isinstance(found, Explanation)
    text = explanation_table(found, "ja", color=False, width=140)
    assert f"thanks: {becomes.format(why=why)}" in text
    assert why.partition("（")[0] in as_table(foresee(*given, customer="C-006"), "ja", color=False, width=140)


def test_a_call_entered_for_this_evening_takes_the_room_already_now(engine: Engine) -> None:
    people.populate(engine)
    with writing(engine) as connection:
        mine = {"customer_id": people.FRANK, "owner_id": people.FRANK, "channel": "call"}
        people.add(connection, Contact, **mine, at=japan("2026-11-22 18:00"))
        people.add(connection, Contact, **mine, at=japan("2026-11-22 09:00"))
    found = json.loads(explanation_json(explain(engine, "C-006")))
    week, *_ = found["caps"]
    assert (week["passes"], week["observed"], week["limit"]) == (False, 2, 2)
    assert [each["at_local"][11:16] for each in week["by"]] == ["09:00", "18:00"]


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
