"""Texts of preview and explain, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "preview.no_customer": (
        "「{found}」というお客様は見つかりません。お客様番号、メールアドレス、電話番号、お名前のどれかを書いてください",
        "there is no customer '{found}'; write a customer number, a mail address, a phone number or a name",
    ),
    "preview.title": ("{at} に動かした場合の予定", "What a run at {at} would do"),
    "preview.sends": ("送るメッセージ", "Messages that leave"),
    "preview.refused": ("送らない理由", "Why others get nothing"),
    "preview.when": ("日時", "When"),
    "preview.who": ("お客様", "Customer"),
    "preview.what": ("キャンペーン", "Campaign"),
    "preview.by": ("手段", "By"),
    "preview.subject": ("件名", "Subject"),
    "preview.reason": ("理由", "Reason"),
    "preview.count": ("件数", "Count"),
    "preview.examples": ("例", "For example"),
    "preview.others": ("{names} ほか {count} 件", "{names} and {count} more"),
    "preview.example": ("{name}（{causes}）", "{name} ({causes})"),
    "preview.left_out": ("「{title}」の対象から {count} 人", "{count} in the audience of '{title}'"),
    "preview.mark.new": ("新しい予定", "new"),
    "preview.mark.open": ("予定済み", "planned before"),
    "preview.mark.moved": ("変更", "changed"),
    "preview.error": ("送れません: {problem}", "can't be sent: {problem}"),
    "preview.nothing": ("送るメッセージはありません。", "Nothing is to be sent."),
    "preview.more": ("ほかに {count} 件あります。", "There are {count} more."),
    "preview.composed": (
        "文面は先頭の {count} 件だけを作って確かめました。",
        "Only the first {count} messages were written out and checked.",
    ),
    "preview.opened": ("新しく始まるもの: {list}", "Begins now: {list}"),
    "preview.opened.one": ("{title} {count} 件", "{title} {count}"),
    "preview.summary": (
        "送信 {sends} 件・延期 {deferred} 件・除外 {excluded} 件・エラー {errors} 件",
        "{sends} to send, {deferred} deferred, {excluded} excluded, {errors} errors",
    ),
}
