"""Texts of the pages that customers open and of the answers in the LINE chat, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "web.by.email": ("メール", "mail"),
    "web.by.line": ("LINE", "LINE"),
    "web.stop.title": ("お知らせの停止", "Stop messages"),
    "web.stop.what.commercial": (
        "{shop}からの{channel}でのお知らせ（ご案内やおすすめなど）を停止します。",
        "This stops news and offers from {shop} by {channel}.",
    ),
    "web.stop.what.transactional": (
        "{shop}からの{channel}でのご連絡を、ご注文やご予約の確認も含めてすべて停止します。",
        "This stops every message from {shop} by {channel}, those about orders and bookings too.",
    ),
    "web.stop.ask": ("よろしければ、下のボタンを押してください。", "Press the button to confirm."),
    "web.stop.everything": (
        "ほかの手段（{channels}）でのお知らせもあわせて停止する",
        "Stop news and offers by other means ({channels}) as well",
    ),
    "web.stop.button": ("停止する", "Stop"),
    "web.stop.keep": (
        "このページを閉じれば、何も変わりません。",
        "Close this page and nothing changes.",
    ),
    "web.stopped.title": ("停止しました", "Stopped"),
    "web.stopped.what.commercial": (
        "{shop}からの{channel}でのお知らせを停止しました。今後は届きません。",
        "News and offers from {shop} by {channel} have been stopped. You will receive no more of them.",
    ),
    "web.stopped.what.transactional": (
        "{shop}からの{channel}でのご連絡をすべて停止しました。今後は届きません。",
        "Every message from {shop} by {channel} has been stopped. You will receive no more of them.",
    ),
    "web.stopped.still": (
        "ご注文やご予約についての大切なご連絡は、これからも届くことがあります。",
        "Messages about your own orders and bookings may still reach you.",
    ),
    "web.stopped.way": (
        "送信の手続きに入っていたものが、行き違いで届くことがあります。ご了承ください。",
        "A message that was already on its way may still arrive.",
    ),
    "web.and": ("と", " and "),
    "web.unknown.title": ("このリンクは使えません", "This link can't be used"),
    "web.unknown.what": (
        "リンクが途中で切れているか、当店のものではないようです。まだ何も停止していません。",
        "The link is cut short, or it is not one of ours. Nothing has been stopped.",
    ),
    "web.unknown.ask": (
        "お手数ですが、メールのリンクをもう一度開くか、下の連絡先までお知らせください。",
        "Please open the link in the message once more, or write to us.",
    ),
    "web.busy.title": ("いま受け付けられません", "Not right now"),
    "web.busy.what": (
        "混み合っているため、お受けできませんでした。1分ほどおいて、もう一度お試しください。",
        "Your request could not be taken. Please try again in a minute.",
    ),
    "web.link.title": ("LINEでお知らせを受け取る", "Messages by LINE"),
    "web.link.agree": (
        "コードを送ると、お客様のLINEと{shop}のお客様情報が結び付き、お知らせ（ご案内など）がLINEに届くようになります。",
        "Send the code in the LINE chat: your LINE is then known as yours, and news from {shop} comes by LINE.",
    ),
    "web.link.undo": (
        "お知らせは「配信停止」と送ればいつでも止まります。結び付けは「連携解除」と送れば外れます。",
        'Send "stop" at any time to stop the messages, or "unlink" to part the two again.',
    ),
    "web.link.button": ("コードを表示する", "Show my code"),
    "web.link.code.title": ("あなたのコード", "Your code"),
    "web.link.code.first": (
        "1. LINEで{shop}の公式アカウントを友だちに追加します。",
        "1. Add the official account of {shop} as a friend on LINE.",
    ),
    "web.link.code.second": ("2. トークで次のコードを送ります。", "2. Send this code in the chat."),
    "web.link.code.until": (
        "コードは1回だけ、{days}日間使えます。ほかの方には見せないでください。",
        "The code works once, within {days} days. Show it to nobody else.",
    ),
    "web.link.unknown": (
        "リンクの期限が切れているか、当店のものではないようです。",
        "The link is too old, or it is not one of ours.",
    ),
    "web.contact": ("お問い合わせ", "Contact"),
    "web.line.stopped": (
        "配信を停止しました。これからはお知らせをお送りしません。",
        "Stopped. We will send you no more news by LINE.",
    ),
    "web.line.linked": (
        "ご登録ありがとうございます。これからはLINEでもお知らせします。止めたいときは「配信停止」と送ってください。",
        'Thank you. From now on you hear from us by LINE too. Send "stop" whenever you want it to end.',
    ),
    "web.line.linked.stopped": (
        "LINEとお客様情報が結び付きました。配信停止のお申し出をいただいているため、お知らせはお送りしません。",
        "Your LINE account is linked. As you asked us to stop, we send you no news.",
    ),
    "web.line.welcome": (
        "{shop}を友だちに追加してくださり、ありがとうございます。メールやカードのリンクを開くと出るコードをこのトークに送ると、お知らせがLINEに届きます。",
        "Thank you for adding {shop}. The link in our mails and on our cards shows a code: send it to hear from us.",
    ),
    "web.line.back": (
        "友だち追加ありがとうございます。これからLINEでもお知らせします。止めたいときは「配信停止」と送ってください。",
        'Welcome back. You hear from us by LINE. Send "stop" whenever you want it to end.',
    ),
    "web.line.back.stopped": (
        "友だち追加ありがとうございます。お知らせの配信は、停止したままです。",
        "Welcome back. Our news to you stays stopped.",
    ),
    "web.line.how": (
        "{shop}からのメールやカードのリンク（QRコード）を開くと、6文字のコードが出ます。それをこのトークに送ってください。",
        "Open the link or QR code in a mail or on a card from {shop}, and send the code it shows in this chat.",
    ),
    "web.line.known": (
        "このLINEは、すでにお客様情報と結び付いています。外すときは「連携解除」と送ってください。",
        'This LINE account is linked already. Send "unlink" to part the two.',
    ),
    "web.line.wrong_code": (
        "このコードは使えません。期限が切れているか、すでに使われたようです。ページを開き直して、もう一度お試しください。",
        "This code can't be used: it is too old, used already, or mistyped. Please open the page again.",
    ),
    "web.line.unlinked": (
        "LINEとお客様情報の結び付きを外しました。これからはLINEでお知らせをお送りしません。",
        "Your LINE account is no longer linked. We will send you no more news by LINE.",
    ),
}
