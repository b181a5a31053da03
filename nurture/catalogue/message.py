"""Texts of the `message` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "message.no_folder": ("テンプレートのフォルダが見つかりません", "the folder of templates can't be found"),
    "message.file_name": (
        "このファイル名は使えません。小文字の英数字に .txt.j2、.html.j2、.line.txt.j2、.line.json.j2 を付けてください",
        "write lower-case letters and digits before .txt.j2, .html.j2, .line.txt.j2 or .line.json.j2",
    ),
    "message.outside": (
        "テンプレートのフォルダの外を指しています。フォルダの中に置いてください",
        "this points outside the folder of templates; put the file into it",
    ),
    "message.no_front": (
        "先頭に「---」で囲んだ見出し（subject: など）がありません",
        "the front matter is missing: begin with '---', 'subject: …', '---'",
    ),
    "message.quote_front": (
        "「{name}」の値は {{ で始まるので、引用符で囲んでください",
        "put the value of '{name}' in quotes, because it begins with a brace",
    ),
    "message.no_text": (
        "本文の {missing} がありません。HTML や LINE 用のファイルだけでは送れません",
        "{missing} is missing: a message needs its text besides HTML and LINE",
    ),
    "message.syntax": (
        "テンプレートとして読めません。{{{{ }}}} と {{% %}} の書き方を見直してください（{problem}）",
        "this is not a valid template; look at what stands in {{{{ }}}} and {{% %}} ({problem})",
    ),
    "message.no_tag": (
        "「{{% {found} %}}」という命令はありません。使えるのは {allowed} です",
        "there is no '{{% {found} %}}'; allowed are {allowed}",
    ),
    "message.not_begun": (
        "「{{% {found} %}}」に合う始まりがありません。消すか、始まりを書いてください",
        "nothing is open that '{{% {found} %}}' could belong to; take it out or write its beginning",
    ),
    "message.other_open": (
        "「{{% {found} %}}」の前に、開いたままの「{{% {opened} %}}」を「{{% end{opened} %}}」で閉じてください",
        "close the open '{{% {opened} %}}' with '{{% end{opened} %}}' before '{{% {found} %}}'",
    ),
    "message.not_closed": (
        "ここで始まる「{{% {opened} %}}」が閉じられていません。「{{% end{opened} %}}」を書いてください",
        "'{{% {opened} %}}' is never closed; write '{{% end{opened} %}}'",
    ),
    "message.unclosed": (
        "「{{{{」は「}}}}」で、「{{%」は「%}}」で閉じてください",
        "close '{{{{' with '}}}}' and '{{%' with '%}}'",
    ),
    "message.unclosed_comment": (
        "メモの「{{#」が「#}}」で閉じられていません",
        "a comment that begins with '{{#' ends with '#}}'",
    ),
    "message.unclosed_quote": ("引用符が閉じられていません", "a quote is not closed"),
    "message.bracket": ("括弧の開きと閉じが合っていません", "the brackets do not match"),
    "message.character": (
        "「{found}」はここに書けません。記号は半角で書いてください",
        "'{found}' can't stand here; write half-width characters",
    ),
    "message.one_equals": (
        "比べるときは「=」ではなく「==」と書いてください",
        "write '==' to compare, not '='",
    ),
    "message.stray": (
        "「{found}」はここに書けません。消すか、前の語との間に「.」や「|」を書いてください",
        "'{found}' can't stand here; take it out, or write '.' or '|' before it",
    ),
    "message.no_value": ("ここに書くべき値がありません", "something is missing here: a value or a name"),
    "message.no_name": ("「.」や「|」のあとに名前を書いてください", "write a name behind '.' or '|'"),
    "message.for_in": (
        "「{{% for item in order.items %}}」の形で書いてください",
        "write it like '{{% for item in order.items %}}'",
    ),
    "message.no_test": ("「is {found}」という判定はありません", "there is no test 'is {found}'"),
    "message.block_twice": ("ブロック「{found}」が二度書かれています", "the block '{found}' is written twice"),
    "message.no_filter": (
        "「{found}」というフィルターはありません。使えるのは {allowed} です",
        "there is no filter '{found}'; allowed are {allowed}",
    ),
    "message.safe_refused": (
        "「|{found}」は使えません。お客様の名前などがそのまま HTML として動いてしまいます。外してください",
        "'|{found}' is refused: a customer's name could become HTML; leave it out",
    ),
    "message.autoescape_refused": (
        "「autoescape」は切り替えられません。外してください",
        "'autoescape' can't be switched; leave it out",
    ),
    "message.call_refused": (
        "「{found}」の呼び出しは使えません。フィルター（|money、|date_ja など）を使ってください",
        "calling '{found}' is refused; use a filter such as |money or |date_ja",
    ),
    "message.script_refused": (
        "メールの中で「{found}」は使えません。外してください",
        "'{found}' can't be used in a mail; leave it out",
    ),
    "message.unquoted": (
        '属性の値を引用符で囲んでください（例: alt="…"）',
        'put the attribute\'s value in quotes, as in alt="…"',
    ),
    "message.unguarded_link": (
        "{found} はないこともあります。{{% if {found} %}} と {{% endif %}} のあいだに書いてください",
        "{found} may be empty: write it between {{% if {found} %}} and {{% endif %}}",
    ),
    "message.bare_link": (
        "リンクや画像の URL には「|https_only」を付けてください",
        "put '|https_only' behind the value of a link or an image",
    ),
    "message.bare_json": (
        "この中の値には「|json」を付けてください（引用符も付きます）",
        "put '|json' behind every value in this file; it writes the quotes too",
    ),
    "message.no_part": ("「{found}」というファイルがありません", "there is no file '{found}'"),
    "message.part_not_fixed": (
        "読み込むファイルの名前は引用符の中に直接書いてください",
        "write the name of the included file out, in quotes",
    ),
    "message.unknown_variable": (
        "「{found}」という値はありません",
        "there is no value '{found}'",
    ),
    "message.name_taken": (
        "「{found}」は決まった名前なので、別の名前を使ってください",
        "'{found}' is a name of the system; use another one",
    ),
    "message.undeclared": (
        "「{found}」が無いお客様もいます。{file} の requires: に「{found}」を加えてください",
        "some customers have no '{found}'; add it to 'requires:' in {file}",
    ),
    "message.unsupplied": (
        "キャンペーン「{campaign}」では「{found}」が分かりません。trigger か offer を見直すか、この値を外してください",
        "the campaign '{campaign}' can't give '{found}'; change its trigger or offer, or leave the value out",
    ),
    "message.not_https": (
        "「{found}」は https:// で始まる URL ではありません",
        "'{found}' is not an https address",
    ),
    "message.wrong_kind": (
        "「{found}」は「{filter}」では書けない値です",
        "'{filter}' can't print {found}",
    ),
    "message.too_many_passes": (
        "繰り返しが多すぎます。{limit} 回までです",
        "the loops go round too often; {limit} passes are the limit",
    ),
    "message.missing_value": ("「{found}」がありません", "'{found}' is missing"),
    "message.by_zero": (
        "0 で割っています。0 のときは {{% if %}} で除いてください",
        "this divides by zero; leave that case out with {{% if %}}",
    ),
    "message.mixed_kinds": (
        "数と文字のように、いっしょに計算できない値です。つなぐだけなら「+」でなく「~」と書いてください",
        "a number and a text, say, can't be reckoned with together; to join them write '~' instead of '+'",
    ),
    "message.forbidden": (
        "安全のため、この書き方は使えません。値の名前とフィルター（|money、|date_ja など）で書いてください",
        "this is refused for safety; write it with the names of values and with filters such as |money or |date_ja",
    ),
    "message.endless": (
        "マクロが自分自身を呼び続けています。終わりのある形に直してください",
        "a macro calls itself without end",
    ),
    "message.failed": ("組み立てられません: {problem}", "it can't be written: {problem}"),
    "message.too_large": (
        "できあがりが大きすぎます（{size} 文字）。{limit} 文字までです",
        "the result is too large ({size} characters); {limit} is the limit",
    ),
    "message.empty": ("{part} が空です", "{part} is empty"),
    "message.line_too_long": (
        "LINE の{part}が長すぎます（{size} 文字）。{limit} 文字までです",
        "{part} is too long for LINE ({size} UTF-16 units); {limit} is the limit",
    ),
    "message.line_too_many": (
        "LINE で一度に送れるのは {limit} 件までです（{size} 件あります）",
        "LINE takes at most {limit} messages at once, not {size}",
    ),
    "message.not_json": ("JSON として読めません: {problem}", "this is not valid JSON: {problem}"),
    "message.not_flex": (
        "Flex メッセージの形ではありません: {path} は {expected} です",
        "this is not a Flex message: {path} must be {expected}",
    ),
    "message.no_secret": (
        "配信停止のリンクに署名できません。NURTURE_SECRET_KEY を設定してください",
        "the unsubscribe link can't be signed; set NURTURE_SECRET_KEY",
    ),
    "message.bad_address": ("「{found}」はメールアドレスとして使えません", "'{found}' can't be used as a mail address"),
    "message.part.subject": ("件名", "the subject"),
    "message.part.text": ("本文", "the text"),
    "message.part.html": ("HTML", "the HTML"),
    "message.part.line_text": ("メッセージ", "the message"),
    "message.part.line_alt": ("代替テキスト", "the alt text"),
    "message.duty.sender": (
        "{part}に送信者の名称「{wanted}」がありません。{{{{ shop.sender }}}} を書いてください",
        "{part} lacks the sender's name '{wanted}'; write {{{{ shop.sender }}}}",
    ),
    "message.duty.address": (
        "{part}に住所「{wanted}」がありません。{{{{ shop.address }}}} を書いてください",
        "{part} lacks the postal address '{wanted}'; write {{{{ shop.address }}}}",
    ),
    "message.duty.contact": (
        "{part}に問い合わせ先（{wanted}）がありません。{variable} を書いてください",
        "{part} lacks a contact for questions and complaints ({wanted}); write {variable}",
    ),
    "message.duty.link": (
        "{part}に配信停止の URL がありません。{{{{ unsubscribe_url }}}} を書いてください",
        "{part} lacks the address for opting out; write {{{{ unsubscribe_url }}}}",
    ),
    "message.duty.sentence": (
        "{part}の配信停止の URL のそばに、配信を断れるという文（「配信停止はこちら」など）がありません",
        "{part} lacks, beside the opt-out address, a sentence saying that one can unsubscribe",
    ),
    "message.duty.unset": (
        "config.yaml の {setting} が空なので、{part}に書くべき表示がありません",
        "config.yaml leaves {setting} empty, so that {part} lacks what the law wants",
    ),
}
