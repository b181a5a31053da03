"""Texts of `nurture check`, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "check.no_owner": (
        "approve: true ですが、夕方のメールを送れません。owner.email（か shop.email）と email.host を書いてください",
        "approve: true, but the evening's mail can't be sent: it needs owner.email or shop.email, and email.host",
    ),
    "check.said": ("{what}", "{what}"),
    "check.no_template": (
        "ステップ「{step}」の文面「{found}」がありません。templates/{found}.txt.j2 を作ってください",
        "the step '{step}' has no letter '{found}'; make templates/{found}.txt.j2",
    ),
    "check.no_way_out": (
        "配信停止の方法がありません。public_url か opt_out_mailbox を書いてください（特定電子メール法）",
        "there is no way to opt out; write public_url or opt_out_mailbox (Japan's mail law)",
    ),
    "check.no_from": (
        "差出人のアドレスがありません。email: の from_address を書いてください",
        "there is no address to send from; write from_address under email:",
    ),
    "check.no_host": (
        "メールの送信サーバーがありません。email: の host を書いてください",
        "there is no outgoing mail server; write host under email:",
    ),
    "check.no_secret": (
        "mode: live では環境変数 {variable} が要ります",
        "mode: live needs the environment variable {variable}",
    ),
    "check.line_off": (
        "LINE を使うキャンペーンがありますが、line: の enabled が true ではありません",
        "some campaigns use LINE, but 'enabled' under line: is not true",
    ),
    "check.cross_sell": (
        (
            "関連商品のご案内が、はじめてのお客様にも届きます。audience に「orders: {{count: {{at_least: 2}}}}」などを"
            "書くか、because: に理由を書いてください"
        ),
        (
            "this offer would reach new customers; add 'orders: {{count: {{at_least: 2}}}}' or the like to its "
            "audience, or say why with because:"
        ),
    ),
    "check.transactional_offer": (
        "offer: のあるキャンペーンは広告です。purpose: commercial にしてください（特定電子メール法）",
        "a campaign with an offer is advertising; write purpose: commercial (Japan's mail law)",
    ),
    "check.never_open": (
        (
            "ステップ「{step}」を送れる時間が、これから {days} 日間ありません。window と、config.yaml の hours・"
            "closed を見比べてください"
        ),
        (
            "the step '{step}' has no time to be sent in the next {days} days; compare its window with hours and "
            "closed in config.yaml"
        ),
    ),
    "check.never_open_individual": (
        "ステップ「{step}」を個人のお客様に送れる時間が、これから {days} 日間ありません",
        "the step '{step}' has no time to be sent to private people in the next {days} days",
    ),
    "check.never_open_company": (
        "ステップ「{step}」を会社のお客様に送れる時間が、これから {days} 日間ありません",
        "the step '{step}' has no time to be sent to companies in the next {days} days",
    ),
    "check.empty_segment": (
        "セグメント「{found}」（{title}）には、いまお一人もいません",
        "nobody is in the segment '{found}' ({title}) now",
    ),
    "check.no_date": (
        "日付「{found}」を登録したお客様がいません。いまあるのは {known} です",
        "nobody has a date '{found}'; there are {known}",
    ),
    "check.no_relative": (
        "「{relative}」の日付「{found}」を登録したお客様がいません。いまある日付は {known} です",
        "nobody has a date '{found}' of a '{relative}'; there are the dates {known}",
    ),
    "check.no_tag": (
        "タグ「{found}」の付いたお客様がいません。いまあるのは {known} です",
        "nobody carries the tag '{found}'; there are {known}",
    ),
    "check.no_category": (
        "カテゴリ「{found}」の商品がありません。いまあるのは {known} です",
        "nothing is of the category '{found}'; there are {known}",
    ),
    "check.no_product": (
        "商品「{found}」がありません。いまあるのは {known} です",
        "there is no product '{found}'; there are {known}",
    ),
    "check.no_menu": (
        "メニュー「{found}」の予約がありません。いまあるのは {known} です",
        "there is no booking of '{found}'; there are {known}",
    ),
    "check.no_staff": (
        "担当「{found}」の予約がありません。いまあるのは {known} です",
        "there is no booking with '{found}'; there are {known}",
    ),
    "check.no_prefecture": (
        "「{found}」にお住まいのお客様がいません。いまあるのは {known} です",
        "nobody lives in '{found}'; there are {known}",
    ),
    "check.lacking": (
        "ステップ「{step}」: 対象 {total} 件のうち {count} 件は「{variable}」が分からず、送られません",
        "step '{step}': {count} of {total} lack '{variable}' and will not get it",
    ),
    "check.always_lacking": (
        "ステップ「{step}」: 対象 {total} 件のすべてで「{variable}」が分からず、だれにも送られません",
        "step '{step}': all {total} lack '{variable}', so that nobody gets it",
    ),
    "check.word": (
        "「{found}」は根拠なしに使えない言葉です（景品表示法）。根拠がなければ言い換えてください",
        "'{found}' needs evidence under Japan's law on misleading representations; say it otherwise",
    ),
}
