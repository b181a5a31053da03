"""What the owner reads in the evening, in the mail and on the page behind its link."""

TEXTS: dict[str, tuple[str, str]] = {
    "approval.title": ("{day}の配信予定", "What leaves until the end of {day}"),
    "approval.lead": (
        "{day}までに送る予定の {count} 通が、承認を待っています。承認するまで、どれも出ません。",
        "Messages planned until the end of {day} that wait for your word: {count}. Until then none of them leaves.",
    ),
    "approval.lead.none": (
        "{day}までに送る予定のものは、いまはありません。承認しておくと、このあと加わるお便りは待たずに出ます。",
        "Nothing is planned until the end of {day} as yet. Once approved, what comes up by then need not wait.",
    ),
    "approval.step": ("{title}（{step}）", "{title} ({step})"),
    "approval.amount": ("{count} 通（{channels}）", "{count} ({channels})"),
    "approval.and": ("・", ", "),
    "approval.comma": ("、", ", "),
    "approval.subject": ("件名: {subject}", "Subject: {subject}"),
    "approval.when": ("{first}", "{first}"),
    "approval.who": ("{names}", "to {names}"),
    "approval.who.more": ("{names} ほか {count} 名", "to {names} and {count} more"),
    "approval.later": (
        "承認すると、{day}の終わりまでに新しく加わるお便り（ご注文のお礼など）も送られます。",
        "Your word also covers what is added until the end of {day}, such as thanks for new orders.",
    ),
    "approval.hold": (
        "送りたくないものがあるときは、承認せずにおくか、nurture pause で止めてください。",
        "If something should not leave, do not approve, or stop it with nurture pause.",
    ),
    "approval.mail.subject": (
        "【承認のお願い】{day}までのお便り {count} 通",
        "Please approve what leaves until {day} ({count})",
    ),
    "approval.mail.open": ("内容を見て承認する", "Look at it and approve"),
    "approval.mail.open.text": (
        "次のページを開いて、承認のボタンを押してください（{day}いっぱい使えます）。",
        "Open this page and press its button (good until the end of {day}):",
    ),
    "approval.mail.command": (
        "承認するには、お店のパソコンで nurture approve {date} と打ってください。",
        "To approve, run: nurture approve {date}",
    ),
    "approval.mail.secret": (
        "このリンクを知る人は、だれでも承認できます。転送しないでください。",
        "Whoever has this link can approve: do not forward it.",
    ),
    "approval.button": ("この内容で承認する", "Approve"),
    "approval.given.title": ("承認しました", "Approved"),
    "approval.given.what": (
        "{day}の終わりまでに予定されているお便りは、それぞれの時刻に送られます。",
        "What is planned until the end of {day} now leaves at its time.",
    ),
    "approval.already": (
        "{day}までの配信は、承認済みです。",
        "Everything until the end of {day} has been approved already.",
    ),
    "approval.unknown.title": ("このリンクは使えません", "This link can't be used"),
    "approval.unknown.what": (
        "承認の期限（対象の日の終わり）を過ぎたか、リンクが途中で切れています。何も承認していません。",
        "Its day is over, or the link is cut short. Nothing has been approved.",
    ),
    "approval.unknown.ask": (
        "新しい配信予定は、次のメールでお知らせします。",
        "The next list comes with the next mail.",
    ),
}
