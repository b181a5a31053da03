"""Texts about campaign files, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "campaign.none": ("キャンペーンのファイル（*.yaml）がありません", "there is no campaign file (*.yaml) here"),
    "campaign.trigger": (
        "きっかけ「{found}」はありません。{allowed} のどれかを書いてください",
        "there is no trigger '{found}'; write one of {allowed}",
    ),
    "campaign.after_or_event": (
        "after か event のどちらか一つを書いてください",
        "write either after or event",
    ),
    "campaign.anniversary_offset": (
        "前後のずらしは 60 日までの日数で書いてください（例: 3 days）",
        "shift an anniversary by whole days, at most 60 (e.g. 3 days)",
    ),
    "campaign.every_or_dates": (
        "every か dates のどちらか一つを書いてください",
        "write either every or dates",
    ),
    "campaign.every_needs": (
        "every: week には on（曜日）、every: month には day（日）を書いてください",
        "every: week needs on (weekdays), every: month needs day",
    ),
    "campaign.day_of_month": ("day は 1〜31 か last です", "day is 1 to 31, or last"),
    "campaign.months": (
        "wait と valid_for は日・時間・分で書いてください（月は長さが決まりません）",
        "write wait and valid_for in days, hours or minutes: a month has no fixed length",
    ),
    "campaign.valid_for": ("valid_for は 0 より長くしてください", "valid_for must be longer than nothing"),
    "campaign.again": (
        "「{found}」ではなく「per occurrence」「once」「after 90 days」のように書いてください",
        "write 'per occurrence', 'once' or 'after 90 days', not '{found}'",
    ),
    "campaign.again_months": (
        "again の月数は schedule のときだけ使えます。日数で書いてください",
        "again may count in months only for a schedule; write days",
    ),
    "campaign.because": (
        "purpose: transactional には because（販促でない理由）を書いてください",
        "purpose: transactional needs because: why the message is not commercial",
    ),
    "campaign.offer_this": (
        "offer の related_to: this は注文をきっかけにしたときだけ使えます",
        "offer related_to: this needs a trigger that is about an order",
    ),
    "campaign.first_days": (
        "at_most の first_days には starts（開始日）が要ります",
        "at_most first_days needs starts",
    ),
    "campaign.ends_before_start": ("ends が starts より前です", "ends lies before starts"),
    "campaign.twice": (
        "「{found}」という名前は {other} で使われています。別の名前にしてください",
        "the name '{found}' is used at {other} already; choose another one",
    ),
    "campaign.step_twice": ("ステップ名「{found}」が二度使われています", "the step name '{found}' is used twice"),
    "campaign.circle": (
        "セグメント「{found}」が自分自身を参照しています",
        "the segment '{found}' refers back to itself",
    ),
    "campaign.unknown_segment": (
        "セグメント「{found}」はありません。あるのは {allowed} です",
        "there is no segment '{found}'; there are {allowed}",
    ),
    "campaign.no_segments": (
        "セグメント「{found}」はありません。segments: の下に「- {{segment: {found}, condition: …}}」と書いてください",
        "there is no segment '{found}'; write '- {{segment: {found}, condition: …}}' under segments:",
    ),
    "campaign.no_attributes": (
        "属性「{found}」は config.yaml にありません。attributes: に「{found}: {{type: text}}」のように書いてください",
        "the attribute '{found}' is not in config.yaml; declare it under attributes:, as in '{found}: {{type: text}}'",
    ),
    "campaign.unknown_attribute": (
        "属性「{found}」は config.yaml の attributes にありません。あるのは {allowed} です",
        "the attribute '{found}' is not declared in config.yaml; declared are {allowed}",
    ),
    "campaign.attribute_type": (
        "属性「{name}」は {type} なので、{word} に「{found}」は使えません",
        "the attribute '{name}' is a {type}, so {word} can't be '{found}'",
    ),
    "campaign.unknown_campaign": (
        "キャンペーン「{found}」はありません。あるのは {allowed} です",
        "there is no campaign '{found}'; there are {allowed}",
    ),
    "campaign.unknown_step": (
        "キャンペーン「{campaign}」にステップ「{found}」はありません。あるのは {allowed} です",
        "the campaign '{campaign}' has no step '{found}'; it has {allowed}",
    ),
    "campaign.this": (
        "this は {subject} をきっかけにしたキャンペーンの中だけで使えます",
        "'this' may only be used in a campaign whose trigger is about a {subject}",
    ),
    "campaign.after_opening": (
        "after_opening は exit_when の中だけで使えます",
        "after_opening may only be used in exit_when",
    ),
}
