"""Texts about mistakes in files that a person wrote, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
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
    "mistake.wrong_value": (
        "「{found}」は使えません。{expected} を書いてください",
        "'{found}' can't be used here; write {expected}",
    ),
    "mistake.file_missing": ("ファイルが見つかりません", "the file can't be found"),
    "mistake.not_text": ("UTF-8 の文字として読めません", "this can't be read as UTF-8 text"),
    "mistake.too_large": (
        "ファイルが大きすぎます（{size} バイト）。{limit} バイトまでです",
        "the file is too large ({size} bytes); {limit} bytes is the limit",
    ),
    "mistake.too_deep": ("入れ子が深すぎます。{limit} 段までです", "nested too deeply; {limit} levels is the limit"),
    "mistake.yaml": ("YAML として読めません: {problem}", "this is not valid YAML: {problem}"),
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
}
