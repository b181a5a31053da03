"""Texts about mistakes in files that a person wrote, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "config.address": (
        "「{found}」はメールアドレスではありません。「hello@example.jp」のように、半角で一つだけ書いてください",
        "'{found}' is no mail address; write a single one like hello@example.jp, without a name",
    ),
    "config.keep_chats": (
        "日数で書いてください（例: 90 days）。{found} ではいけません",
        "write whole days, such as 90 days, and not {found}",
    ),
    "config.dkim_file": (
        "署名（DKIM）の秘密鍵のファイル {found} が読めません（{problem}）",
        "the file {found} with the private key for signing (DKIM) can't be read: {problem}",
    ),
    "mistake.did_you_mean": ("（「{suggestion}」ではありませんか？）", ", did you mean '{suggestion}'?"),
    "mistake.unknown_key": (
        "「{found}」という項目はありません。使えるのは {allowed} です",
        "unknown key '{found}'; allowed are {allowed}",
    ),
    "mistake.unknown_word": (
        "「{found}」は使えません。使えるのは {allowed} です",
        "'{found}' is not allowed here; write one of {allowed}",
    ),
    "mistake.missing_key": ("「{missing}」を書いてください", "'{missing}' is missing"),
    "mistake.no_value": (
        "値がありません。値を書くか、この項目を消してください",
        "there is no value here; write one or take the key away",
    ),
    "mistake.character": (
        "使えない文字（{found}）が入っています。消してください",
        "this holds a character that can't be kept ({found}); take it out",
    ),
    "mistake.file_missing": ("ファイルが見つかりません", "the file can't be found"),
    "mistake.not_text": ("UTF-8 の文字として読めません", "this can't be read as UTF-8 text"),
    "mistake.too_large": (
        "ファイルが大きすぎます（{size} バイト）。{limit} バイトまでです",
        "the file is too large ({size} bytes); {limit} bytes is the limit",
    ),
    "mistake.too_deep": ("入れ子が深すぎます。{limit} 段までです", "nested too deeply; {limit} levels is the limit"),
    "mistake.yaml": (
        "YAML として読めません。字下げ・引用符・括弧を見直してください（{problem}）",
        "this is not valid YAML; look at indentation, quotes and brackets ({problem})",
    ),
    "mistake.yaml_tab": (
        "タブは使えません。半角スペースに替えてください",
        "a tab can't stand here; write spaces instead",
    ),
    "mistake.yaml_quote": (
        "ここで開いた引用符が、この行で閉じられていません。値の終わりに {found} を書いてください",
        "the quote opened here is not closed in its line; write {found} at the end of the value",
    ),
    "mistake.yaml_after_quote": (
        "引用符で囲んだ値のあとに、まだ文字があります。値の全体を引用符で囲んでください",
        "there is more behind the quoted value; put the whole value in quotes",
    ),
    "mistake.yaml_start": (
        "値を {found} で始めるときは、全体を引用符で囲んでください",
        "put a value that begins with {found} in quotes",
    ),
    "mistake.yaml_colon": (
        "ここに「: 」は書けません。値の一部なら値の全体を引用符で囲み、そうでなければ字下げと前の行を見直してください",
        "': ' can't stand here; put the value in quotes if it is part of it, else mend indentation or the line above",
    ),
    "mistake.yaml_no_colon": (
        "この行は「項目: 値」の形ではありません。半角の「:」と空白を書いてください",
        "this line is no 'key: value'; write a colon and a space",
    ),
    "mistake.yaml_bracket": (
        "ここで開いた {found} が閉じられていないか、中身が「,」で区切られていません",
        "the {found} opened here is not closed, or what is in it is not divided by commas",
    ),
    "mistake.yaml_dash": (
        "「- 」の並びはここから始められません。次の行に、字下げして書いてください",
        "a list of '- ' items can't begin here; begin it in the next line, indented",
    ),
    "mistake.yaml_stray": (
        "ここに {found} は書けません。消すか、値の全体を引用符で囲んでください",
        "{found} can't stand here; take it out, or put the whole value in quotes",
    ),
    "mistake.yaml_indent": (
        "字下げがまわりの行とそろっていません。同じまとまりの項目は、同じ数の半角スペースで始めてください",
        "the indentation does not fit the lines around; keys that belong together begin with as many spaces",
    ),
    "mistake.yaml_document": (
        "一つのファイルに書けるのは一つだけです。この「---」から下は別のファイルにしてください",
        "a file holds one document only; put what follows this '---' into another file",
    ),
    "mistake.duplicate_key": (
        "「{found}」が二度書かれています。一つにまとめてください",
        "'{found}' is written twice; keep one",
    ),
    "mistake.anchor": (
        "アンカー・エイリアス（& と *）は使えません。値をそのまま書いてください",
        "anchors and aliases (& and *) are not allowed; write the value out",
    ),
    "mistake.tag": (
        "YAML のタグ（{found}）は使えません。値だけを書いてください",
        "the YAML tag {found} is not allowed; write the bare value",
    ),
    "mistake.key_not_text": ("項目名は文字で書いてください", "a key must be a plain word"),
    "mistake.empty": ("中身がありません", "the file is empty"),
    "mistake.not_mapping": (
        "「項目: 値」の形で書いてください（見つかったもの: {found}）",
        "write 'key: value' pairs here, not {found}",
    ),
    "mistake.not_list": (
        "「- 」で始まる並びで書いてください（見つかったもの: {found}）",
        "write a list of '- ' items here, not {found}",
    ),
    "mistake.refused": ("「{found}」は使えません（{problem}）", "'{found}' can't be used here: {problem}"),
    "expected.integer": ("「{found}」ではなく整数を書いてください", "write a whole number, not '{found}'"),
    "expected.number": ("「{found}」ではなく数を書いてください", "write a number, not '{found}'"),
    "expected.boolean": ("「{found}」ではなく true か false を書いてください", "write true or false, not '{found}'"),
    "expected.text": (
        "「{found}」は文字として書いてください（引用符で囲みます）",
        "write text here (put '{found}' in quotes)",
    ),
    "expected.list": ("「- 」で始まる並びで書いてください", "write a list of '- ' items here"),
    "expected.mapping": ("「項目: 値」の形で書いてください", "write 'key: value' pairs here"),
    "expected.duration": (
        "「{found}」は期間として読めません。「3 days」「72 hours」「2 weeks」「1 month」「3日」のように書いてください",
        "'{found}' is not a duration; write '3 days', '72 hours', '2 weeks' or '1 month'",
    ),
    "expected.time_of_day": (
        "「{found}」は時刻として読めません。「09:00」のように書いてください",
        "'{found}' is not a time of day; write it like 09:00",
    ),
    "expected.window": (
        "「{found}」は時間帯として読めません。「10:00-19:00」「09:00-18:00 mon-fri」のように書いてください",
        "'{found}' is not a sending window; write '10:00-19:00' or '09:00-18:00 mon-fri'",
    ),
    "expected.date": (
        "「{found}」は日付として読めません。「2026-12-31」のように書いてください",
        "'{found}' is not a date; write it like 2026-12-31",
    ),
    "expected.zone": (
        "「{found}」という時間帯（タイムゾーン）はありません。「Asia/Tokyo」のように書いてください",
        "there is no time zone '{found}'; write it like Asia/Tokyo",
    ),
    "expected.percent": (
        "「{found}」は割合として読めません。「5%」のように 0% 以上 50% 以下で書いてください",
        "'{found}' is not a share; write it like 5%, from 0% to 50%",
    ),
    "mistake.cap_zero": (
        "上限に {found} は使えません。上限を設けないなら「unlimited」と書いてください",
        "a cap of {found} is refused; write 'unlimited' if there is to be no cap",
    ),
    "mistake.secret": (
        "「{found}」はここに書けません。環境変数 {variable} に入れてください",
        "'{found}' may not stand in this file; put it into the environment variable {variable}",
    ),
    "config.cap_period": (
        "「{found}」は上限の期間に使えません。「7 days」「36 hours」か、暦の「day」「week」「month」を書いてください",
        "'{found}' can't be the period of a cap; write '7 days' or '36 hours', or day, week or month of the calendar",
    ),
    "config.gap": (
        "間隔は日・時間・分で書いてください（月は長さが決まりません）",
        "write the gap in days, hours or minutes: a month has no fixed length",
    ),
    "config.private_hours": (
        "個人のお客様への送信時間は 08:00-21:00 の中で書いてください",
        "sending hours for private people must lie inside 08:00-21:00",
    ),
    "expected.at_most": (
        "「{found}」は大きすぎます。{limit} 以下にしてください",
        "{found} is too large; {limit} at most",
    ),
    "expected.at_least": (
        "「{found}」は小さすぎます。{limit} 以上にしてください",
        "{found} is too small; {limit} at least",
    ),
    "expected.name": (
        "「{found}」は名前に使えません。半角の英小文字・数字・ハイフンで書いてください",
        "'{found}' can't be a name; use lower-case letters, digits and hyphens",
    ),
    "expected.some": ("一つ以上書いてください", "write at least one"),
}
