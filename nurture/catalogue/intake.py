"""Texts of the `intake` part, each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "import.is_workbook": (
        "Excel のファイルです。ファイル名の終わりを .xlsx にしてください",
        "this is an Excel workbook; let its name end in .xlsx",
    ),
    "import.is_folder": (
        "フォルダです。中のファイルを書いてください。例: data/*.csv",
        "this is a folder; name the files in it, for example data/*.csv",
    ),
    "import.workbook": (
        "Excel のファイルとして読めません（{problem}）。Excel で開いて保存し直すか、CSV で保存してください",
        "this can't be read as a workbook ({problem}); open and save it in Excel again, or save it as CSV",
    ),
    "import.encoding": (
        (
            "文字コードが分かりません（試したもの: {tried}、{problem}）。--encoding で指定するか、Excel で「CSV "
            "UTF-8」として保存してください"
        ),
        (
            "the encoding can't be told (tried: {tried}; {problem}); name it with --encoding or save as 'CSV "
            "UTF-8' in Excel"
        ),
    ),
    "import.no_such_encoding": (
        "「{found}」という文字コードはありません。utf-8 か cp932 などを書いてください",
        "there is no encoding '{found}'; write utf-8 or cp932, for example",
    ),
    "import.too_many_columns": (
        "{row} 行目に {found} 列あります。{limit} 列までです。区切り文字や引用符を確かめてください",
        "row {row} has {found} columns, {limit} is the limit; check the separators and quotes",
    ),
    "import.broken_csv": (
        '{row} 行目あたりで CSV が壊れています（{problem}）。引用符（"）が閉じているか確かめてください',
        'the CSV breaks off near row {row} ({problem}); check that every quote (") is closed',
    ),
    "import.headers_unknown": (
        (
            "何の一覧か分かりません（見出し: {found}）。--kind と --map で教えてください。例: --kind customers "
            "--map email=メールアドレス,name=氏名"
        ),
        (
            "it can't be told what this is a list of (headers: {found}); say so with --kind and --map, for example "
            "--kind customers --map email=Mail,name=Name"
        ),
    ),
    "import.headers_lack": (
        "{kind} として読むのに要る列がありません（{lacking}）。見出し: {found}。--map で教えてください",
        "columns that {kind} need are missing ({lacking}); headers: {found}. Name them with --map",
    ),
    "import.no_such_header": (
        "「{found}」という見出しはありません。あるのは {allowed} です",
        "there is no header '{found}'; there are {allowed}",
    ),
    "import.no_such_field": (
        "「{found}」という項目はありません。使えるのは {allowed} です",
        "there is no field '{found}'; allowed are {allowed}",
    ),
    "import.map_pair": (
        "「{found}」は「項目=見出し」の形で書いてください。例: email=メールアドレス",
        "write '{found}' as field=header, for example email=Mail",
    ),
    "import.no_rows": ("見出しの下に行がありません", "there are no rows below the header"),
    "import.since_alone": (
        "--since を使うときは --basis も書いてください",
        "--since needs a --basis to go with it",
    ),
    "import.since_missing": (
        "既存のお客様として送るには、取引の日付の列を --since で指定してください。例: --since 最終購入日",
        (
            "for existing customers name the column with the date of business with --since, for example --since "
            "'Last order'"
        ),
    ),
    "import.no_such_run": (
        "{found} 番の取り込みは見つかりません。もう一度ファイルを取り込んでください",
        "there is no import number {found}; import the file again",
    ),
    "import.rejected_unwritable": (
        "取り込めなかった行を保存できません（{problem}）。ファイルを Excel で開いていたら閉じてください",
        "the rejected rows can't be saved ({problem}); close the file if it is open in Excel",
    ),
    "import.rejected_row": ("行", "Row"),
    "import.rejected_reason": ("取り込めない理由", "Reason"),
    "import.in_column": ("「{header}」: {text}", "'{header}': {text}"),
    "reject.nobody": (
        "氏名・顧客番号・連絡先のどれもありません",
        "there is neither a name nor a number nor an address",
    ),
    "reject.missing": ("「{missing}」が空です", "'{missing}' is empty"),
    "reject.mail": (
        "「{found}」はメールアドレスとして読めません",
        "'{found}' is not a mail address",
    ),
    "reject.mail_local": (
        "「{found}」の @ より前に日本語などの文字があります。半角英数字で書いてください",
        "the part of '{found}' before the @ must be plain ASCII",
    ),
    "reject.phone": ("「{found}」は電話番号として読めません", "'{found}' is not a phone number"),
    "reject.line_id": (
        "「{found}」は LINE のユーザー ID ではありません。U と 32 桁の英数字で書いてください",
        "'{found}' is not a LINE user id: U and 32 hexadecimal digits",
    ),
    "reject.date": (
        "「{found}」は日付として読めません。2026-04-01 のように書いてください",
        "'{found}' is not a date; write it like 2026-04-01",
    ),
    "reject.no_such_day": ("「{found}」という日はありません", "there is no day '{found}'"),
    "reject.time": (
        "「{found}」の時刻が読めません。10:30 のように書いてください",
        "the time in '{found}' is not one; write it like 10:30",
    ),
    "reject.date_future": ("「{found}」は未来の日付です", "'{found}' lies in the future"),
    "reject.month": (
        "「{found}」は月として読めません。4月 のように書いてください",
        "'{found}' is not a month; write 1 to 12",
    ),
    "reject.money": ("「{found}」は金額として読めません", "'{found}' is not an amount of money"),
    "reject.count": ("「{found}」は整数として読めません", "'{found}' is not a whole number"),
    "reject.number": ("「{found}」は数として読めません", "'{found}' is not a number"),
    "reject.word": (
        "「{found}」の意味が分かりません。使えるのは {allowed} などです",
        "'{found}' is not known here; write {allowed} or the like",
    ),
    "reject.answer": (
        "「{found}」がはい・いいえのどちらか分かりません。希望する・希望しない などと書いてください",
        "'{found}' is neither yes nor no; write yes or no",
    ),
    "reject.same_order": (
        "同じ注文の {row} 行目に誤りがあります",
        "row {row} of the same order can't be used",
    ),
    "reject.unfinished": (
        "「{found}」の注文はまだ完了していません",
        "the order is not complete yet ('{found}')",
    ),
    "reject.order_taken": (
        "注文番号「{found}」は日付の違う別の注文で使われています",
        "order number '{found}' belongs to another order with another date",
    ),
    "reject.no_such_customer": (
        "「{found}」というお客様が見つかりません。先にお客様の一覧を取り込むか、顧客番号を書いてください",
        "no customer '{found}' is known; import the list of customers first, or write the customer's number",
    ),
}
