"""Texts of the `channels` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "channels.dkim_key": (
        "署名（DKIM）の秘密鍵がありません。環境変数 {variable} か {variable}_FILE で渡してください",
        "the private key for signing (DKIM) is missing: give it by {variable} or {variable}_FILE in the environment",
    ),
    "channels.dkim_domain": (
        "署名（DKIM）のドメインがありません。domain か email.from_address を書いてください",
        "the domain for signing (DKIM) is missing: write domain, or email.from_address",
    ),
    "channels.dkim_unusable": (
        "この秘密鍵では署名（DKIM）できません（{problem}）。PEM 形式の RSA 秘密鍵を渡してください",
        "this private key can't sign (DKIM, {problem}): give an RSA private key as PEM",
    ),
    "channels.no_host": (
        "メールサーバーが書かれていません。利用中のサービスの SMTP サーバー名を書いてください（例: smtp.example.jp）",
        "no mail server is given; write the SMTP host of your mail provider, e.g. smtp.example.jp",
    ),
    "channels.tls_needed": (
        "none が使えるのは同じ機械の中だけです。{host} には starttls（ポート 587）か tls（ポート 465）と書いてください",
        "none works with a server on this very machine only; for {host} write starttls (port 587) or tls (port 465)",
    ),
    "channels.no_line_token": (
        "LINE のチャネルアクセストークンがありません。環境変数 NURTURE_LINE_ACCESS_TOKEN に入れてください",
        "there is no LINE channel access token; put it into the environment variable NURTURE_LINE_ACCESS_TOKEN",
    ),
    "channels.https_needed": (
        "「{host}」は https:// で始まっていません。ふつうは https://api.line.me のままにします",
        "'{host}' does not begin with https://; usually it stays https://api.line.me",
    ),
}
