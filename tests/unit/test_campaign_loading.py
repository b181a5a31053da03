"""Campaign files that people get wrong, and the words they read then, in both languages."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nurture.campaign import Anniversary, Campaign, Campaigns, load_campaigns, read_campaigns
from nurture.catalogue import TEXTS, say_mistakes
from nurture.condition import OPERATORS, Not
from nurture.condition.vocabulary import HasTag, InSegment, Orders
from nurture.config import Settings
from nurture.mistake import MistakesFound
from nurture.zone import Duration

SHOP = Settings.model_validate(
    {
        "shop": {"name": "みなと"},
        "attributes": {
            "plan": {},
            "visits": {"type": "number"},
            "since": {"type": "date"},
            "member": {"type": "boolean"},
        },
    }
)
GOOD = """campaign: thanks
title: お礼
trigger: {after: order}
steps:
  - step: letter
    wait: 3 days
    template: thanks
"""
EVERYTHING = """campaign: everything
title: すべて
purpose: transactional
because: 注文の控え
priority: 90
trigger: {after: shipment}
kind: review
about: {category: 豆}
offer: {related_to: this, category: 豆}
audience:
  - this: {order: first, amount: {at_least: 1000}}
  - any:
      - tag: [常連, ギフト]
      - not: {orders: {category: 豆, within: 90 days, count: {at_least: 3}}}
  - attribute: {name: visits, at_least: 2}
  - segment: friends
steps:
  - {step: one, wait: 1 day, at: "11:00", channels: [line, email], template: one, valid_for: 3 days}
  - {step: two, wait: 72 hours, wait_from: occurrence, window: "10:00-18:00 mon-fri", template: two, when_capped: drop}
exit_when: {complaint: open}
goal: {within: 30 days, category: 豆}
holdout: 5%
again: after 90 days
at_most: {count: 15, per: day, first_days: 7}
starts: 2026-11-01
ends: 2026-12-31
"""
FRIENDS = """segments:
  - segment: friends
    title: 友
    condition: [tag: friend]
"""


def load(folder: Path, **files: str | bytes) -> Campaigns:
    """What the files hold; the keyword `a` is the file campaigns/a.yaml."""
    return load_campaigns(load_into(folder, **files), SHOP)


def load_into(folder: Path, **files: str | bytes) -> Path:
    here = folder / "campaigns"
    here.mkdir(exist_ok=True)
    for name, text in files.items():
        (here / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return here


def told(folder: Path, language: str = "ja", **files: str | bytes) -> list[str]:
    with pytest.raises(MistakesFound) as found:
        load(folder, **files)
    return say_mistakes(language, found.value).splitlines()


def changed(old: str, new: str, text: str = GOOD) -> str:
    assert old in text
    return text.replace(old, new)


def test_a_good_file_is_read_as_it_stands(tmp_path: Path) -> None:
    campaigns = load(tmp_path, everything=EVERYTHING, friends=FRIENDS)
    (found,) = campaigns.campaigns
    assert [each.wait for each in found.steps] == [Duration(1), Duration(0, 72 * 3600)]
    assert (found.steps[0].at, found.steps[1].at) == (11 * 3600, None)
    assert (found.holdout, found.again_after, found.obeys_cap) == (0.05, Duration(90), False)
    assert found.file == "campaigns/everything.yaml"
    assert campaigns.segments["friends"].condition.parts == (HasTag(any_of=("friend",)),)  # type: ignore[union-attr]


def test_an_anniversary_may_come_after_the_day(tmp_path: Path) -> None:
    (found,) = load(tmp_path, a=changed("{after: order}", "{anniversary: birthday, after: 3 days}")).campaigns
    assert isinstance(found.trigger, Anniversary)
    assert found.trigger.offset_days == 3


def test_conditions_nest_and_a_list_is_and(tmp_path: Path) -> None:
    (found,) = load(tmp_path, a=GOOD + "audience: {not: [{tag: a}, {segment: friends}]}\n", f=FRIENDS).campaigns
    assert isinstance(found.audience, Not)
    assert found.audience.part.parts == (HasTag(any_of=("a",)), InSegment(name="friends"))  # type: ignore[union-attr]
    (one,) = load(tmp_path, a=GOOD + "audience: {orders: {count: 1}}\n").campaigns
    assert isinstance(one.audience, Orders)
    assert one.audience.count is not None
    assert (one.audience.count.at_least, one.audience.count.at_most) == (1, 1)


def test_the_digest_follows_every_text(tmp_path: Path) -> None:
    first = load(tmp_path, a=GOOD, f=FRIENDS).digest
    assert load(tmp_path, a=GOOD, f=FRIENDS).digest == first
    assert load(tmp_path, a=changed("3 days", "4 days"), f=FRIENDS).digest != first
    assert load(tmp_path, a=GOOD, f=changed("friend]", "fan]", FRIENDS)).digest != first


WRONG = [
    # What was written, what the owner reads in Japanese, and in English.
    (
        changed("title:", "titel:"),
        "campaigns/a.yaml:1:1: 「title」を書いてください",
        (
            "campaigns/a.yaml:2:1: unknown key 'titel'; allowed are campaign, title, purpose, because, priority, "
            "trigger, kind, about, offer, audience, steps, exit_when, goal, holdout, again, at_most, starts, ends, "
            "did you mean 'title'?"
        ),
    ),
    (
        changed("    wait: 3 days", "    wiat: 3 days"),
        (
            "campaigns/a.yaml:6:5: steps.0: 「wiat」という項目はありません。使えるのは step, wait, wait_from, at, "
            "channels, template, window, valid_for, when_capped です（「wait」ではありませんか？）"
        ),
        "did you mean 'wait'?",
    ),
    (
        changed("3 days", "3 dais"),
        (
            "campaigns/a.yaml:6:5: steps.0.wait: 「3 dais」は期間として読めません。"
            "「3 days」「72 hours」「2 weeks」「1 month」「3日」のように書いてください"
        ),
        (
            "campaigns/a.yaml:6:5: steps.0.wait: '3 dais' is not a duration; "
            "write '3 days', '72 hours', '2 weeks' or '1 month'"
        ),
    ),
    (
        changed("3 days", "1 month"),
        "campaigns/a.yaml:6:5: steps.0.wait: wait と valid_for は日・時間・分で書いてください",
        "write wait and valid_for in days, hours or minutes: a month has no fixed length",
    ),
    (
        changed("3 days", "3"),
        "campaigns/a.yaml:6:5: steps.0.wait: 「3」は期間として読めません。",
        "steps.0.wait: '3' is not a duration",
    ),
    (
        GOOD + "    valid_for: 0 days\n",
        "campaigns/a.yaml:8:5: steps.0.valid_for: valid_for は 0 より長くしてください",
        "valid_for must be longer than nothing",
    ),
    (
        GOOD + "    at: 25:00\n",
        "campaigns/a.yaml:8:5: steps.0.at: 「25:00」は時刻として読めません。「09:00」のように書いてください",
        "'25:00' is not a time of day; write it like 09:00",
    ),
    (
        GOOD + "    at: 9\n",
        "campaigns/a.yaml:8:5: steps.0.at: 「9」は時刻として読めません。",
        "'9' is not a time of day",
    ),
    (
        GOOD + "    window: 10:00-10:00\n",
        "campaigns/a.yaml:8:5: steps.0.window: 「10:00-10:00」は時間帯として読めません。",
        "'10:00-10:00' is not a sending window",
    ),
    (
        GOOD + "    channels: [mail]\n",
        (
            "campaigns/a.yaml:8:16: steps.0.channels.0: 「mail」は使えません。使えるのは email, line です"
            "（「email」ではありませんか？）"
        ),
        "'mail' is not allowed here; write one of email, line, did you mean 'email'?",
    ),
    (
        GOOD + "    channels: []\n",
        "campaigns/a.yaml:8:5: steps.0.channels: 一つ以上書いてください",
        "campaigns/a.yaml:8:5: steps.0.channels: write at least one",
    ),
    (
        GOOD + "    template:\n",
        "campaigns/a.yaml:8:5: steps.0: 「template」が二度書かれています。一つにまとめてください",
        "'template' is written twice; keep one",
    ),
    (
        changed("template: thanks", "template:"),
        "campaigns/a.yaml:7:5: steps.0.template: 値がありません。値を書くか、この項目を消してください",
        "there is no value here; write one or take the key away",
    ),
    (
        changed("campaign: thanks", "campaign: お礼"),
        "campaigns/a.yaml:1:1: campaign: 「お礼」は名前に使えません。半角の英小文字・数字・ハイフンで書いてください",
        "'お礼' can't be a name; use lower-case letters, digits and hyphens",
    ),
    (
        changed("{after: order}", "{after: ordr}"),
        (
            "campaigns/a.yaml:3:11: trigger.after: 「ordr」は使えません。使えるのは order, shipment, delivery, "
            "booking, visit, no_show, cancellation です（「order」ではありませんか？）"
        ),
        "did you mean 'order'?",
    ),
    (
        changed("{after: order}", "{aftr: order}"),
        (
            "campaigns/a.yaml:3:11: trigger: きっかけ「aftr」はありません。"
            "anniversary, after, event, entered, schedule のどれかを書いてください（「after」ではありませんか？）"
        ),
        "there is no trigger 'aftr'; write one of anniversary, after, event, entered, schedule",
    ),
    (
        changed("{after: order}", "order"),
        "campaigns/a.yaml:3:1: trigger: 「項目: 値」の形で書いてください（見つかったもの: order）",
        "write 'key: value' pairs here, not order",
    ),
    (
        changed("{after: order}", "{after: order, event: hello}"),
        "campaigns/a.yaml:3:1: trigger: after か event のどちらか一つを書いてください",
        "write either after or event",
    ),
    (
        changed("{after: order}", "{anniversary: birthday, before: 3 hours}"),
        "campaigns/a.yaml:3:1: trigger: 前後のずらしは 60 日までの日数で書いてください（例: 3 days）",
        "shift an anniversary by whole days, at most 60 (e.g. 3 days)",
    ),
    (
        changed("{after: order}", "{anniversary: birthday, month_only: 31}"),
        "campaigns/a.yaml:3:34: trigger.month_only: 「31」は大きすぎます。28 以下にしてください",
        "31 is too large; 28 at most",
    ),
    (
        changed("{after: order}", "{schedule: {every: month}}"),
        "campaigns/a.yaml:3:11: trigger.schedule: every: week には on（曜日）、every: month には day",
        "every: week needs on (weekdays), every: month needs day",
    ),
    (
        changed("{after: order}", "{schedule: {every: month, day: 32}}"),
        "campaigns/a.yaml:3:36: trigger.schedule.day: day は 1〜31 か last です",
        "day is 1 to 31, or last",
    ),
    (
        changed("{after: order}", "{schedule: {every: week, on: moon}}"),
        "campaigns/a.yaml:3:35: trigger.schedule.on.0: 「moon」は使えません。使えるのは mon, monday, tue",
        "did you mean 'mon'?",
    ),
    (
        changed("{after: order}", "{schedule: {dates: [2026-02-29]}}"),
        "campaigns/a.yaml:3:30: trigger.schedule.dates.0: 「2026-02-29」は日付として読めません。",
        "'2026-02-29' is not a date; write it like 2026-12-31",
    ),
    (
        changed("{after: order}", "{entered: freinds}"),
        (
            "campaigns/a.yaml:3:11: trigger.entered: セグメント「freinds」はありません。あるのは friends です"
            "（「friends」ではありませんか？）"
        ),
        "there is no segment 'freinds'; there are friends, did you mean 'friends'?",
    ),
    (
        GOOD + "priority: 101\n",
        "campaigns/a.yaml:8:1: priority: 「101」は大きすぎます。100 以下にしてください",
        "101 is too large; 100 at most",
    ),
    (
        GOOD + "priority: high\n",
        "campaigns/a.yaml:8:1: priority: 「high」ではなく整数を書いてください",
        "write a whole number, not 'high'",
    ),
    (
        GOOD + "holdout: 60%\n",
        "campaigns/a.yaml:8:1: holdout: 「60%」は割合として読めません。「5%」のように 0% 以上 50% 以下で書いてください",
        "'60%' is not a share; write it like 5%, from 0% to 50%",
    ),
    (
        GOOD + "holdout: 0.05\n",
        "campaigns/a.yaml:8:1: holdout: 「0.05」は割合として読めません。",
        "'0.05' is not a share",
    ),
    (
        GOOD + "again: sometimes\n",
        "campaigns/a.yaml:8:1: again: 「sometimes」ではなく「per occurrence」「once」「after 90 days」のように",
        "write 'per occurrence', 'once' or 'after 90 days', not 'sometimes'",
    ),
    (
        GOOD + "again: after a while\n",
        "campaigns/a.yaml:8:1: again: 「after a while」ではなく",
        "not 'after a while'",
    ),
    (
        GOOD + "again: after 3 months\n",
        "campaigns/a.yaml:8:1: again: again の月数は schedule のときだけ使えます。日数で書いてください",
        "again may count in months only for a schedule; write days",
    ),
    (
        GOOD + "purpose: transactional\n",
        "campaigns/a.yaml:8:1: purpose: purpose: transactional には because（販促でない理由）を書いてください",
        "purpose: transactional needs because: why the message is not commercial",
    ),
    (
        GOOD + "at_most: {count: 5, first_days: 3}\n",
        "campaigns/a.yaml:8:1: at_most: at_most の first_days には starts（開始日）が要ります",
        "at_most first_days needs starts",
    ),
    (
        GOOD + "starts: 2026-12-01\nends: 2026-11-01\n",
        "campaigns/a.yaml:9:1: ends: ends が starts より前です",
        "ends lies before starts",
    ),
    (
        changed("{after: order}", "{event: hello}") + "offer: {related_to: this}\n",
        "campaigns/a.yaml:8:1: offer: offer の related_to: this は注文をきっかけにしたときだけ使えます",
        "offer related_to: this needs a trigger that is about an order",
    ),
    (
        GOOD + "audience: [ordes: {count: 1}]\n",
        "campaigns/a.yaml:8:12: audience.0: 「ordes」という条件はありません。使えるのは all, any, not, attribute,",
        "did you mean 'orders'?",
    ),
    (
        GOOD + "audience: [orders: {within: }]\n",
        "campaigns/a.yaml:8:21: audience.0.orders.within: 値がありません。",
        "there is no value here",
    ),
    (
        GOOD + "audience: [orders: {count: {}}]\n",
        "campaigns/a.yaml:8:21: audience.0.orders.count: at_least か at_most のどちらかを書いてください",
        "write at_least, at_most or both",
    ),
    (
        GOOD + "audience: [orders: {count: many}]\n",
        "campaigns/a.yaml:8:21: audience.0.orders.count: 「many」ではなく数を書いてください",
        "write a number, not 'many'",
    ),
    (
        GOOD + "audience: [orders: {count: 99999999999999999}]\n",
        "audience.0.orders.count: 「99999999999999999」ではなく数を書いてください",
        "write a number",
    ),
    (
        GOOD + "audience: [tag: []]\n",
        "campaigns/a.yaml:8:12: audience.0.tag.any_of: 一つ以上書いてください",
        "write at least one",
    ),
    (
        GOOD + "audience: [this: {}]\n",
        "campaigns/a.yaml:8:12: audience.0.this: 何と比べるかを書いてください。order, product, category,",
        "say what to compare with: one of order, product",
    ),
    (
        GOOD + "audience: [this: {menu: カット}]\n",
        "campaigns/a.yaml:8:12: audience.0.this: this は booking をきっかけにしたキャンペーンの中だけで使えます",
        "'this' may only be used in a campaign whose trigger is about a booking",
    ),
    (
        changed("order", "visit") + "audience: [this: {menu: カット, order: first}]\n",
        "campaigns/a.yaml:8:12: audience.0.this: this は order をきっかけにしたキャンペーンの中だけで使えます",
        "a campaign whose trigger is about a order",
    ),
    (
        GOOD + "audience: [{orders: {after_opening: true}}]\n",
        "campaigns/a.yaml:8:22: audience.0.orders.after_opening: after_opening は exit_when の中だけで使えます",
        "after_opening may only be used in exit_when",
    ),
    (
        GOOD + "audience: [attribute: {name: plam, equals: gold}]\n",
        (
            "campaigns/a.yaml:8:24: audience: 属性「plam」は config.yaml の attributes にありません。"
            "あるのは plan, visits, since, member です（「plan」ではありませんか？）"
        ),
        "the attribute 'plam' is not declared in config.yaml",
    ),
    (
        GOOD + "audience: [attribute: {name: visits, equals: many}]\n",
        "campaigns/a.yaml:8:38: audience: 属性「visits」は number なので、equals に「many」は使えません",
        "the attribute 'visits' is a number, so equals can't be 'many'",
    ),
    (
        GOOD + "audience: [attribute: {name: since, at_least: 2026-13-01}]\n",
        "campaigns/a.yaml:8:37: audience: 属性「since」は date なので、at_least に「2026-13-01」は使えません",
        "the attribute 'since' is a date, so at_least can't be '2026-13-01'",
    ),
    (
        GOOD + "audience: [attribute: {name: member, equals: maybe}]\n",
        "属性「member」は boolean なので、equals に「maybe」は使えません",
        "the attribute 'member' is a boolean",
    ),
    (
        GOOD + "audience: [attribute: {name: plan}]\n",
        "audience.0.attribute: 何と比べるかを書いてください。equals, any_of,",
        "say what to compare with: one of equals, any_of",
    ),
    (
        GOOD + "exit_when: [received: thx]\n",
        "campaigns/a.yaml:8:13: exit_when: キャンペーン「thx」はありません。あるのは thanks です",
        "there is no campaign 'thx'; there are thanks",
    ),
    (
        GOOD + "exit_when: [received: {campaign: thanks, step: lettre}]\n",
        (
            "campaigns/a.yaml:8:42: exit_when: キャンペーン「thanks」にステップ「lettre」はありません。"
            "あるのは letter です（「letter」ではありませんか？）"
        ),
        "the campaign 'thanks' has no step 'lettre'; it has letter, did you mean 'letter'?",
    ),
    (
        GOOD + "audience: friends\n",
        "campaigns/a.yaml:8:1: audience: 条件は「条件名: 値」の形で書いてください（見つかったもの: friends）",
        "write a condition as 'name: value', not friends",
    ),
    (
        GOOD + "audience: [{not: []}]\n",
        "campaigns/a.yaml:8:13: audience.0.not: 一つ以上書いてください",
        "write at least one",
    ),
    (
        GOOD + "audience: [{any: {tag: a}}]\n",
        "campaigns/a.yaml:8:13: audience.0.any: 「- 」で始まる並びで書いてください",
        "write a list of '- ' items here",
    ),
    (
        changed("steps:", "stepps:"),
        "campaigns/a.yaml:1:1: 「steps」を書いてください",
        "did you mean 'steps'?",
    ),
    (
        GOOD + "  - {step: letter, template: again}\n",
        "campaigns/a.yaml:8:6: steps.1.step: ステップ名「letter」が二度使われています",
        "the step name 'letter' is used twice",
    ),
    ("- a\n- b\n", "campaigns/a.yaml:1:1: 「項目: 値」の形で書いてください", "write 'key: value' pairs here"),
    ("just words\n", "campaigns/a.yaml:1:1: 「項目: 値」の形で書いてください", "write 'key: value' pairs here"),
    ("", "campaigns/a.yaml: 中身がありません", "campaigns/a.yaml: the file is empty"),
]


@pytest.mark.parametrize(("text", "japanese", "english"), WRONG, ids=[str(number) for number in range(len(WRONG))])
def test_what_the_owner_reads_about_a_wrong_file(tmp_path: Path, text: str, japanese: str, english: str) -> None:
    assert any(japanese in each for each in told(tmp_path, "ja", a=text, z=FRIENDS)), told(tmp_path, "ja", a=text)
    assert any(english in each for each in told(tmp_path, "en", a=text, z=FRIENDS)), told(tmp_path, "en", a=text)


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("segments: {}\n", "campaigns/s.yaml:1:1: segments: write a list of '- ' items here, not {}"),
        ("segments:\n- friends\n", "campaigns/s.yaml:2:3: segments.0: write 'key: value' pairs here, not friends"),
        ("segments:\n- segment: a\n", "campaigns/s.yaml:2:3: segments.0: 'condition' is missing"),
        ("segments:\n- condition: [tag: a]\n", "campaigns/s.yaml:2:3: segments.0: 'segment' is missing"),
        ("segments:\n- {segment: a, titel: b, condition: [tag: a]}\n", "did you mean 'title'?"),
        (
            "segments:\n- {segment: friends, condition: [tag: a]}\n",
            "segments.0.segment: the name 'friends' is used at campaigns/friends.yaml:2:5 already",
        ),
        (
            "segments:\n- {segment: a, condition: [segment: b]}\n- {segment: b, condition: [{not: {segment: a}}]}\n",
            "the segment 'a' refers back to itself",
        ),
        ("segments:\n- {segment: a, condition: [this: {order: first}]}\n", "whose trigger is about a order"),
        ("segments: []\ncampaign: x\n", "campaigns/s.yaml:2:1: campaign: unknown key 'campaign'; allowed are segments"),
    ],
)
def test_what_the_owner_reads_about_a_wrong_segment(tmp_path: Path, text: str, english: str) -> None:
    found = told(tmp_path, "en", a=GOOD, friends=FRIENDS, s=text)
    assert any(english in each for each in found), found


def test_all_mistakes_of_all_files_come_at_once_in_their_order(tmp_path: Path) -> None:
    one = changed("3 days", "3 dais") + "priority: high\nagain: never\n"
    two = changed("order}", "ordr}", changed("thanks\ntitle", "other\ntitle")) + "audience: [tga: a, ordes: 1]\n"
    assert [each.split(" ")[0] for each in told(tmp_path, a=one, b=two, c="title: 'お")] == [
        "campaigns/a.yaml:6:5:",
        "campaigns/a.yaml:8:1:",
        "campaigns/a.yaml:9:1:",
        "campaigns/b.yaml:3:11:",
        "campaigns/b.yaml:8:12:",
        "campaigns/b.yaml:8:20:",
        "campaigns/c.yaml:1:8:",
    ]


def test_rules_about_two_keys_are_told_beside_other_mistakes(tmp_path: Path) -> None:
    text = GOOD.replace("wait: 3 days", "wait: 1 month\n    valid_for: 0 days") + (
        "priority: high\npurpose: transactional\nagain: after 2 months\nat_most: {count: 5, first_days: 3}\n"
        "ends: 2026-11-01\n"
    )
    assert [each.split(": ")[1] for each in told(tmp_path, "en", a=text)] == [
        "steps.0.wait",
        "steps.0.valid_for",
        "priority",
        "purpose",
        "again",
        "at_most",
    ]


def test_a_rule_about_two_keys_is_silent_where_one_of_them_is_broken(tmp_path: Path) -> None:
    text = changed("{after: order}", "{after: ordr}") + (
        "offer: {related_to: this}\nagain: after 2 months\nat_most: {count: 5, first_days: 3}\n"
        "starts: 2026-13-01\nends: 2026-11-01\n"
    )
    assert [each.split(": ")[1] for each in told(tmp_path, "en", a=text)] == ["trigger.after", "starts"]


def test_a_name_used_by_two_files_is_told(tmp_path: Path) -> None:
    assert told(tmp_path, "en", a=GOOD, b=GOOD) == [
        "campaigns/b.yaml:1:1: campaign: the name 'thanks' is used at campaigns/a.yaml:1:1 already; choose another one"
    ]


OTHER = GOOD.replace("campaign: thanks", "campaign: other")


@pytest.mark.parametrize(
    "broken",
    [
        GOOD + "priority: high\n",
        changed("campaign: thanks", "campaing: thanks"),
        changed("title: お礼", "title: 'お礼"),
        GOOD + "\t\n\tpriority: 5\n",
        GOOD.encode("cp932"),
    ],
)
def test_a_campaign_whose_file_is_broken_is_still_known_to_the_others(tmp_path: Path, broken: str | bytes) -> None:
    found = told(tmp_path, "en", thanks=broken, b=OTHER + "audience: [{received: thanks}]\n")
    assert found
    assert all(each.startswith("campaigns/thanks.yaml") for each in found), found


@pytest.mark.parametrize(
    "broken",
    [
        changed("tag: friend", "tga: friend", FRIENDS),
        changed("condition:", "condtion:", FRIENDS),
        changed("title: 友", "title: '友", FRIENDS),
        changed("segments:", "segmnts:", FRIENDS),
        FRIENDS.encode("utf-16"),
    ],
)
def test_a_segment_whose_file_is_broken_is_still_known_to_the_others(tmp_path: Path, broken: str | bytes) -> None:
    found = told(tmp_path, "en", friends=broken, b=OTHER + "audience: {segment: friends}\n")
    assert found
    assert all(each.startswith("campaigns/friends.yaml") for each in found), found


@pytest.mark.parametrize(
    ("broken", "is_told"),
    [
        (GOOD + "priority: high\n", True),
        (changed("step: letter", "step: [letter]"), False),
        (changed("step: letter", "stepp: letter"), False),
        (changed("title: お礼", "title: 'お礼"), False),
        (changed("campaign: thanks", "campaing: thanks"), False),
    ],
)
def test_a_step_is_missed_only_where_all_steps_of_its_campaign_can_be_read(
    tmp_path: Path, broken: str, is_told: bool
) -> None:
    asking = OTHER + "audience: [{received: {campaign: thanks, step: lettre}}]\n"
    found = told(tmp_path, "en", thanks=broken, b=asking)
    assert any("has no step 'lettre'" in each for each in found) is is_told, found


def test_an_unknown_step_is_told_where_its_own_campaign_is_asked_for(tmp_path: Path) -> None:
    other = OTHER.replace("step: letter", "step: lettre")
    asking = "audience:\n- received: {campaign: other, step: [lettre]}\n- received: {campaign: other, step: lettre}\n"
    asking += "- received: {campaign: thanks, step: lettre}\n"
    _, line = told(tmp_path, "en", a=GOOD + asking, b=other)
    assert line.startswith("campaigns/a.yaml:11:32: audience: the campaign 'thanks' has no step 'lettre'")


def test_a_broken_campaign_is_asked_for_its_segments_and_attributes_as_well(tmp_path: Path) -> None:
    text = changed("{after: order}", "{entered: freinds}")
    text += "priority: high\naudience: [{segment: stranger}, {attribute: {name: plam, equals: a}}]\n"
    codes = [each.split(": ")[-1].split(";")[0] for each in told(tmp_path, "en", a=text, f=FRIENDS)]
    assert len(codes) == 4, codes


def test_a_step_named_twice_is_told_beside_other_mistakes(tmp_path: Path) -> None:
    broken = GOOD + "  - {step: letter, template: again}\npriority: high\n"
    assert [each.split(": ")[1] for each in told(tmp_path, a=broken)] == ["steps.1.step", "priority"]


def test_what_rests_on_something_broken_is_not_used(tmp_path: Path) -> None:
    segments = FRIENDS + "  - {segment: best, condition: {segment: friends}}\n"
    load_into(
        tmp_path, a=OTHER + "audience: {segment: best}\n", b=GOOD, f=changed("tag: friend", "tga: friend", segments)
    )
    found = read_campaigns(tmp_path / "campaigns", SHOP)
    assert [each.campaign for each in found.campaigns.campaigns] == ["thanks"]
    assert [each.file for each in found.broken] == ["campaigns/a.yaml"]
    assert found.campaigns.segments == {}


def test_where_nothing_is_declared_the_owner_reads_how_to(tmp_path: Path) -> None:
    text = GOOD + "audience: [{segment: friends}, {attribute: {name: plan, equals: a}}]\n"
    load_into(tmp_path, a=text)
    bare = Settings.model_validate({"shop": {"name": "みなと"}})
    found = MistakesFound(read_campaigns(tmp_path / "campaigns", bare).mistakes)
    segment, attribute = say_mistakes("ja", found).splitlines()
    assert segment.startswith("campaigns/a.yaml:8:13: audience.0.segment: セグメント「friends」はありません。")
    assert segment.endswith("segments: の下に「- {segment: friends, condition: …}」と書いてください")
    assert attribute.startswith("campaigns/a.yaml:8:45: audience: 属性「plan」は config.yaml にありません。")
    assert attribute.endswith("attributes: に「plan: {type: text}」のように書いてください")


def test_attributes_are_not_missed_where_the_settings_are_broken(tmp_path: Path) -> None:
    load_into(tmp_path, a=GOOD + "audience: {attribute: {name: unknown, equals: a}}\n")
    assert read_campaigns(tmp_path / "campaigns", SHOP).mistakes
    assert read_campaigns(tmp_path / "campaigns", SHOP, {"attributes"}).mistakes == ()


def test_a_folder_without_campaigns_says_so(tmp_path: Path) -> None:
    with pytest.raises(MistakesFound) as found:
        load_campaigns(tmp_path / "campaigns", SHOP)
    assert say_mistakes("ja", found.value) == "campaigns: キャンペーンのファイル（*.yaml）がありません"


def test_a_file_of_excel_is_told_to_be_no_text(tmp_path: Path) -> None:
    assert told(tmp_path, "en", a=GOOD.encode("cp932")) == ["campaigns/a.yaml:2:1: this can't be read as UTF-8 text"]
    assert load(tmp_path, a=("\ufeff" + GOOD).replace("\n", "\r\n")).campaigns[0].title == "お礼"


def test_every_text_about_a_campaign_or_a_condition_can_come_up(tmp_path: Path) -> None:
    """Every key of the catalogue is used by some wrong file above, or by none that a person could write."""
    texts = [text for text, _, _ in WRONG]
    codes = set()
    for text in texts:
        (tmp_path / "campaigns").mkdir(exist_ok=True)
        (tmp_path / "campaigns" / "a.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "campaigns" / "z.yaml").write_text(FRIENDS, encoding="utf-8")
        with pytest.raises(MistakesFound) as found:
            load_campaigns(tmp_path / "campaigns", SHOP)
        codes |= {each.code for each in found.value.mistakes}
    elsewhere = {"campaign.none", "campaign.twice", "campaign.circle", "campaign.every_or_dates"}
    elsewhere |= {"campaign.no_segments", "campaign.no_attributes"}
    about = {key for key in TEXTS if key.startswith("campaign.")} - elsewhere
    assert about <= codes
    assert "mistake.refused" not in codes


# Fuzz: whatever is written, the owner reads mistakes or gets campaigns.

WORDS = st.sampled_from(
    [
        *OPERATORS,
        *Campaign.model_fields,
        *("all any not within count at_least at_most category after_opening known equals name wait template".split()),
        *("3 days|1 month|order|first|10:00|2026-11-20|9999-12-31|email|line|once|5%|last|week|mon|-1|0|".split("|")),
        *("99999999999999999999|1e400|nan|true|null|~|お礼|0123|\ud83c\udf82".split("|")),
    ]
)


def yaml_of(found: Any) -> str:
    """Flow-style YAML, every scalar as it is."""
    if isinstance(found, dict):
        return "{" + ", ".join(f"{key}: {yaml_of(each)}" for key, each in found.items()) + "}"
    if isinstance(found, list):
        return "[" + ", ".join(map(yaml_of, found)) + "]"
    return str(found)


TREES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8
)


def assert_campaigns_or_mistakes(folder: Path, text: str) -> None:
    try:
        load(folder, a=text.encode("utf-8", "surrogatepass"), f=FRIENDS)
    except MistakesFound as found:
        assert_readable(found)


def assert_readable(found: MistakesFound) -> None:
    for language in ("ja", "en"):
        for line in say_mistakes(language, found).splitlines():
            assert line.startswith("campaigns"), line


@settings(max_examples=100)
@given(st.sampled_from(list(Campaign.model_fields)), TREES)
@example("ends", "9999-12-31")
@example("trigger", {"schedule": {"every": "month", "day": True}})
@example("audience", {"not": None})
@example("at_most", {"count": 1, "first_days": "99999999"})
def test_any_value_under_any_key_of_a_good_file(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: object
) -> None:
    kept = [line for line in EVERYTHING.splitlines() if not line.startswith((f"{key}:", " "))]
    steps = [] if key == "steps" else ["steps: [{step: a, template: a}]"]
    lines = [line for line in kept if line not in ("steps:", "audience:")]
    assert_campaigns_or_mistakes(
        tmp_path_factory.getbasetemp(), "\n".join([*lines, *steps, f"{key}: {yaml_of(value)}"])
    )


@settings(max_examples=100)
@given(TREES)
def test_any_tree_as_a_condition(tmp_path_factory: pytest.TempPathFactory, tree: object) -> None:
    assert_campaigns_or_mistakes(tmp_path_factory.getbasetemp(), f"{GOOD}audience: {yaml_of(tree)}\n")


@settings(max_examples=100)
@given(st.integers(0, len(EVERYTHING) - 1), st.integers(0, 30), st.text(max_size=5) | WORDS)
def test_any_small_change_of_a_good_file(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int, new: str
) -> None:
    text = EVERYTHING[:start] + new + EVERYTHING[start + length :]
    assert_campaigns_or_mistakes(tmp_path_factory.getbasetemp(), text)


@settings(max_examples=60)
@given(st.text(max_size=120))
def test_any_text(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    assert_campaigns_or_mistakes(tmp_path_factory.getbasetemp(), text)
