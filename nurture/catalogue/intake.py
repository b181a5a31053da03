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
        (
            "Excel のファイルとして開けません。壊れているか、途中で切れています。もう一度書き出すか受け取り直すか、"
            "Excel で開けるならそこから CSV で保存してください"
        ),
        (
            "this can't be opened as an Excel workbook: it is damaged or cut off. Export or fetch it again or, if "
            "Excel opens it, save it as CSV there"
        ),
    ),
    "import.workbook_locked": (
        "パスワードの付いた Excel のファイルです。Excel で開き、パスワードなしか CSV で保存してください",
        "this Excel workbook has a password; open it in Excel and save it without one, or as CSV",
    ),
    "import.workbook_old": (
        (
            "中身は古い形式の Excel のファイルです。ファイル名の終わりを .xls にするか、Excel で .xlsx として"
            "保存し直してください"
        ),
        "this is an Excel workbook of the old kind; let its name end in .xls, or save it as .xlsx in Excel",
    ),
    "import.workbook_is_text": (
        "中身は Excel ではなく、文字だけのファイルです。CSV なら、ファイル名の終わりを .csv にしてください",
        "this is no Excel workbook but plain text; if it is a CSV, let its name end in .csv",
    ),
    "import.workbook_is_page": (
        "中身は Excel ではなく、Web ページの表です。Excel で開き、.xlsx か CSV として保存し直してください",
        "this is no Excel workbook but a table of a web page; open it in Excel and save it as .xlsx or CSV",
    ),
    "import.encoding": (
        (
            "{row} 行目の文字が読めず、文字コードが分かりません（試したもの: {tried}）。--encoding で指定するか、"
            "Excel で「CSV UTF-8」として保存してください"
        ),
        (
            "line {row} can't be read and the encoding can't be told (tried: {tried}); name it with --encoding or save "
            "as 'CSV UTF-8' in Excel"
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
    "import.open_quote": (
        (
            '{line} 行目の引用符（"）が閉じていません。下の行がすべてひとつの欄になるため、'
            '何も取り込んでいません。欄の終わりに " を足すか、この " を消してください。文字としての " は "" と重ねます'
        ),
        (
            'the quote (") on line {line} is never closed: all rows below it would be one cell, '
            'so nothing was imported. Add a " where the cell ends, or take this one away; a " that is meant as text '
            'is written twice, ""'
        ),
    ),
    "import.text_after_quote": (
        (
            '{line} 行目で始まる引用符（"）の欄が {end} 行目で閉じたあと、そのまま文字が続いています。何も取り込んで'
            'いません。欄の全体を " で囲むか、余分な " を消してください。文字としての " は "" と重ねます'
        ),
        (
            "the quoted cell that begins on line {line} ends on line {end}, and text stands right behind its quote "
            '("): nothing was imported. Put the whole cell in quotes, or take the " away; a " that is meant as '
            'text is written twice, ""'
        ),
    ),
    "import.swallowed": (
        (
            '{line} 行目の引用符（"）から {end} 行目の引用符までがひとつの欄になり、あいだの行が'
            "失われます。何も取り込んでいません。余分な引用符を両方の行から消してください（ほんとうに改行のある"
            "メモなら、中のカンマを「、」にしてください）"
        ),
        (
            'everything from the quote (") on line {line} to the one on line {end} is one cell, and the rows '
            "between would be lost: nothing was imported. Take the stray quotes out of both lines (if "
            "it is a note of several lines after all, take out the commas inside)"
        ),
    ),
    "import.long_cell": (
        "{line} 行目の欄が長すぎます（{limit} 文字まで）。区切り文字と改行を確かめてください",
        "a cell on line {line} is too long ({limit} characters at most); check separators and line ends",
    ),
    "import.headers_unknown": (
        (
            "{row} 行目を見出しとして読みましたが、何の一覧か分かりません（{found}）。見出しが別の行なら上の行を"
            "消し、そうでなければ --kind と --map で教えてください。"
            "例: --kind customers --map email=メールアドレス,name=氏名"
        ),
        (
            "row {row} was read as the header, and it can't be told what this is a list of ({found}); if the header is "
            "another row, take out those above it, else say what it is with --kind and --map, for example "
            "--kind customers --map email=Mail,name=Name"
        ),
    ),
    "import.headers_lack": (
        (
            "{kind} として読むのに要る列がありません（{lacking}）。見出し（{row} 行目）: {found}。見出しが別の行なら"
            "上の行を消し、そうでなければ --map で教えてください"
        ),
        (
            "columns that {kind} need are missing ({lacking}); headers in row {row}: {found}. If the header is another "
            "row, take out those above it, else name the columns with --map"
        ),
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
        (
            "取り込めなかった行をこの名前で保存できません。Excel で開いていたら閉じ、フォルダに書き込めるか"
            "確かめてください。何も取り込んでいません"
        ),
        (
            "the rejected rows can't be saved under this name: nothing was imported. Close the file if it is open in "
            "Excel, and see whether the folder can be written to"
        ),
    ),
    "import.rejected_row": ("行", "Row"),
    "import.rejected_reason": ("取り込めない理由", "Reason"),
    "import.in_column": ("「{header}」: {text}", "'{header}': {text}"),
    "reject.nobody": (
        "氏名・顧客番号・連絡先のどれもありません",
        "there is neither a name nor a number nor an address",
    ),
    "reject.total": (
        "「{found}」で始まる合計の行のようなので、取り込みません",
        "it begins with '{found}' and seems to be a row of sums",
    ),
    "reject.too_wide": (
        (
            "見出しは {limit} 列なのに {found} 列あり、「{extra}」が入る列がありません。余分を消すか、"
            '区切り文字を含む欄を引用符（"）で囲んでください'
        ),
        (
            "it has {found} cells under {limit} headers, and no column takes '{extra}'; put a cell that holds a "
            'separator in quotes ("), or take out what is too much'
        ),
    ),
    "reject.too_narrow": (
        (
            "見出しは {limit} 列なのに {found} 列しかなく、残りは引用符の中にあるようです（「{held}」）。欄の終わりに"
            '引用符（"）を書いてください'
        ),
        (
            "it has {found} cells under {limit} headers, and the others seem to stand between quotes ('{held}'); put "
            'the quotes (") where the cell ends'
        ),
    ),
    "reject.displaced": (
        (
            "列が足りず、「{found}」が別の列にあります。上の行が途中で改行されていないか確かめ、1 行につなぐか、"
            '改行のある欄を引用符（"）で囲んでください'
        ),
        (
            "it has too few cells, and '{found}' stands in the wrong column; if the row above breaks off, make one row "
            'of the two, or put the cell with the line end in quotes (")'
        ),
    ),
    "reject.missing": ("「{missing}」が空です", "'{missing}' is empty"),
    "reject.mail": (
        "「{found}」はメールアドレスとして読めません",
        "'{found}' is not a mail address",
    ),
    "reject.mails": (
        "「{found}」にはメールアドレスがいくつも入っています。ひとつの欄にひとつだけ書いてください",
        "'{found}' holds several mail addresses; write one in a cell",
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
    "reject.number_taken": (
        (
            "「{found}」は {row} 行目の方の番号ですが、氏名も連絡先も違います。別の方なら番号を直し"
            "（取引先の二人目の方なら番号を空に）、同じ方なら 1 行にまとめてください"
        ),
        (
            "'{found}' is the number of the person in row {row}, who has another name and other addresses; mend the "
            "number (leave it empty for a second contact of a company), or make one row of the two if they are one "
            "person"
        ),
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
