"""What the commands say while they work, each key as (Japanese, English); their help lies in `help`."""

from .help import TEXTS as HELP

TEXTS: dict[str, tuple[str, str]] = {
    **HELP,
    "cli.bug": (
        "プログラムの不具合です（{problem}）。--debug を付けた出力を添えて、プロジェクトの issue にお知らせください",
        "this is a bug ({problem}); please report it in this project's issues, with the output of --debug",
    ),
    "cli.interrupted": ("中断しました", "interrupted"),
    "cli.outside_failed": (
        "{place}: 読み書きできませんでした（{problem}）",
        "{place}: this can't be read or written ({problem})",
    ),
    "cli.database_failed": (
        "データベースが応答しません（{problem}）。config.yaml の database と、データベースの動作を確かめてください",
        "the database does not answer ({problem}); check 'database' in config.yaml and that it runs",
    ),
    "cli.newer_database": (
        "データベースは、より新しい nurture のものです（{revision}）。新しい版を入れるか、前の控えに戻してください",
        "the database was made by a newer nurture ({revision}); install that version or restore an earlier backup",
    ),
    "cli.database_url": (
        "データベースとして使えません（{problem}）。「nurture.db」か「postgresql://ホスト/名前」のように書いてください",
        "this is no database ({problem}); write 'nurture.db' or 'postgresql://host/name'",
    ),
    "cli.no_config": (
        "お店の設定がありません。「nurture init フォルダ名」で作るか、--folder でお店のフォルダを指定してください",
        "there is no shop here; make one with 'nurture init DIR', or name its folder with --folder",
    ),
    "cli.no_database": (
        "お客様のデータがまだありません。nurture import で読み込むか、nurture sample で見本を入れてください",
        "there are no customers yet; read a file with 'nurture import FILE' or take the sample with 'nurture sample'",
    ),
    "cli.old_database": (
        "データベースが前の版のままです。「nurture import」を一度実行すると新しくなります（控えを取ってから）",
        "the database is of an older version; make a backup, then any 'nurture import' brings it up to date",
    ),
    "cli.at": (
        "「{found}」は日時として読めません。「2026-12-01 09:00」「2026-12-01」「明日 10:00」のように書いてください",
        "'{found}' is not a time; write '2026-12-01 09:00', '2026-12-01' or 'tomorrow 10:00'",
    ),
    "cli.several": (
        "「{found}」にあたるお客様が {count} 人います。番号で指定してください: {listed}",
        "'{found}' fits {count} customers; name one by number: {listed}",
    ),
    "cli.written": ("{path} に書きました", "written to {path}"),
    "cli.usage.command": ("「{found}」というコマンドはありません", "there is no command '{found}'"),
    "cli.usage.option": ("「{found}」というオプションはありません", "there is no option '{found}'"),
    "cli.usage.missing": ("{missing} を書いてください", "{missing} is missing"),
    "cli.usage.choice": (
        "{name} に使えるのは {allowed} のどれかです",
        "{name} must be one of {allowed}",
    ),
    "cli.usage.value": ("{found} には値が要ります", "{found} needs a value"),
    "cli.usage.help": ("使い方: {command} --help", "How it is used: {command} --help"),
    "cli.init.done": (
        "{folder} に {count} 個のファイルを作りました。次は: {where}nurture sample && nurture preview",
        "wrote {count} files into {folder}. Next: {where}nurture sample && nurture preview",
    ),
    "cli.sample.done": (
        (
            "見本を入れました（{day} 現在の架空のお客様 {customers} 人、ご注文 {orders} 件、ご予約 {bookings} 件）。"
            "次は: nurture preview"
        ),
        (
            "the sample is in: {customers} invented customers, {orders} orders and {bookings} bookings as of {day}. "
            "Next: nurture preview"
        ),
    ),
    "cli.sample.there": (
        "見本（{day} 現在）はもう入っています",
        "the sample as of {day} is in already",
    ),
    "cli.sample.own_data": (
        "データベースに見本以外のデータがあるので、何もしませんでした",
        "the database holds other data than the sample, so nothing was done",
    ),
    "cli.import.reading": ("{file} を確かめています", "checking {file}"),
    "cli.import.writing": ("{file} を取り込んでいます", "importing {file}"),
    "cli.import.resumed": (
        "前回途中で止まった {file} の続きを取り込みました",
        "{file}, which broke off the last time, was finished first",
    ),
    "cli.import.file": ("{file}（{kind}、形式 {preset}）", "{file} ({kind}, layout {preset})"),
    "cli.import.other_sheets": (
        "シート「{sheet}」だけを読みます。読まないシート: {others}。別のファイルに保存すれば読めます",
        "only the sheet '{sheet}' is read, not: {others}; to read them, save each sheet as a file of its own",
    ),
    "cli.import.columns": ("読む列: {columns}", "columns read: {columns}"),
    "cli.import.unread": ("読まない列: {columns}", "columns left out: {columns}"),
    "cli.import.perhaps_permission": (
        "「{columns}」は同意の列かもしれませんが、読んでいません。同意なら --map mail_wanted={first} を付けてください",
        "'{columns}' may hold permissions and is not read; if it does, add --map mail_wanted={first}",
    ),
    "cli.import.perhaps_mail": (
        '「{column}」はメールアドレスのようですが、読んでいません。読むには --map "{mapping}" を付けてください',
        "'{column}' holds mail addresses, it seems, and is not read; to read it add --map \"{mapping}\"",
    ),
    "cli.import.mail_unnamed": (
        (
            "{column} 列目はメールアドレスのようですが、見出しがないので読んでいません。"
            "{row} 行目に「メールアドレス」と書いてください"
        ),
        "column {column} holds mail addresses, it seems, but has no header and is not read; write 'email' in row {row}",
    ),
    "cli.import.all_rejected": (
        "{row} 行目（{headers}）を見出しとして読みました。見出しが別の行なら、それより上の行を消してください",
        "row {row} ({headers}) was read as the header; if the header is another row, take out what stands above it",
    ),
    "cli.import.counts": (
        "新しい {new} 件・変わる {changed} 件・変わらない {unchanged} 件・取り込めない {rejected} 行",
        "{new} new, {changed} changed, {unchanged} unchanged, rejected rows: {rejected}",
    ),
    "cli.import.row": ("{row} 行目: {reason}", "row {row}: {reason}"),
    "cli.import.more": ("ほかに {count} 行", "and {count} more"),
    "cli.import.kept_opt_outs": (
        "配信停止を申し出た {count} 人は、このファイルで「希望」でも停止のままです",
        "people who opted out and stay so, whatever this file says: {count}",
    ),
    "cli.import.unread_phones": (
        "電話番号として読めない {count} 件は空にしました",
        "phone numbers that are none and were left empty: {count}",
    ),
    "cli.import.suggested": (
        "同じ方かもしれない組が {count} 組あります（まとめてはいません）",
        "pairs that may be the same person (they were not merged): {count}",
    ),
    "cli.import.suggestion": ("{row} 行目の {name} さんと {other}", "row {row}, {name}, and {other}"),
    "cli.import.rejected_file": (
        "取り込めなかった行と理由: {path}（直して、そのまま取り込めます）",
        "rejected rows and reasons: {path} (mend it and import it as it is)",
    ),
    "cli.import.kept": ("列の対応を覚えました: {path}", "the columns are remembered in {path}"),
    "cli.import.dry": ("確かめただけで、何も取り込んでいません", "this was a look only: nothing was imported"),
    "cli.import.next": ("取り込みました。次は: nurture preview", "imported. Next: nurture preview"),
    "cli.kind.customers": ("お客様", "customers"),
    "cli.kind.orders": ("ご注文", "orders"),
    "cli.kind.products": ("商品", "products"),
    "cli.kind.bookings": ("ご予約", "bookings"),
    "cli.kind.contacts": ("連絡の記録", "contacts"),
    "cli.kind.optouts": ("配信停止", "opt-outs"),
    "cli.kind.holds": ("苦情・お断り", "complaints and refusals"),
    "cli.check.error": ("誤り", "error"),
    "cli.check.warning": ("注意", "warning"),
    "cli.check.errors": (
        "誤り {errors} 件・注意 {warnings} 件。誤りを直してから送ってください",
        "errors: {errors}, warnings: {warnings}. Mend the errors before anything is sent",
    ),
    "cli.check.warnings": (
        "誤りはありません（注意 {warnings} 件）。次は: nurture preview",
        "no errors, warnings: {warnings}. Next: nurture preview",
    ),
    "cli.check.clean": ("誤りはありません。次は: nurture preview", "no errors. Next: nurture preview"),
    "cli.preview.held": (
        "approve: true なので、承認するまで送りません（夕方のメールのボタンか、nurture approve）",
        "approve: true: nothing leaves before it is approved, by the evening's mail or nurture approve",
    ),
    "cli.preview.next": (
        "文面を読む: nurture preview --format html --output preview.html　おひとりの理由: nurture explain お客様番号",
        "letters: nurture preview --format html --output preview.html; for one customer: nurture explain NUMBER",
    ),
    "cli.run.preview": (
        "mode: preview なので、何も記録せず、何も送っていません。送る準備ができたら config.yaml を mode: live にします",
        "mode: preview: nothing was recorded and nothing was sent. When all is ready, set mode: live in config.yaml",
    ),
    "cli.run.live": (
        "予定を記録しました（新しい {touches} 件）。送信しました: {sent} 件",
        "the plan was recorded ({touches} new); sent: {sent}",
    ),
    "cli.run.will": (
        "mode: live で動きます。キャンペーン {campaigns} 本、送信できる経路: {channels}",
        "mode: live; {campaigns} campaigns; channels that can send: {channels}",
    ),
    "cli.run.mailbox": (
        "{mailbox} に届く配信停止のメールは自動では読みません。NURTURE_IMAP_HOST などを設定するか、人が読んでください",
        "opt-out letters to {mailbox} are not read: set NURTURE_IMAP_HOST and the like, or read them yourself",
    ),
    "cli.run.locked": (
        "この店のデータベースは別の nurture が使っています（{holder}）",
        "another nurture works on this shop's database ({holder})",
    ),
    "cli.pause.done": (
        "止めました: {scope}。再開するには nurture resume {scope}",
        "paused: {scope}; to go on: nurture resume {scope}",
    ),
    "cli.pause.already": ("{scope} はすでに止まっています", "{scope} is paused already"),
    "cli.resume.done": ("再開しました: {scope}", "going on: {scope}"),
    "cli.resume.none": ("{scope} は止まっていません", "{scope} was not paused"),
    "cli.backup.done": (
        "控えを取りました: {path}（{megabytes} MB）",
        "backed up to {path} ({megabytes} MB)",
    ),
    "cli.backup.server": (
        "PostgreSQL の控えは pg_dump --format=custom で取ってください",
        "PostgreSQL is backed up with its own tool: pg_dump --format=custom",
    ),
    "cli.backup.itself": (
        "データベースそのものには控えを取れません。別の名前を書いてください",
        "this is the database itself; name another file",
    ),
    "cli.yes.wanted": (
        "そうしてよければ、--yes を付けてもう一度実行してください。何も変えていません",
        "nothing was changed; if that is what you want, run it again with --yes",
    ),
    "cli.yes.prompt": ("よろしいですか？ [y/N]", "Go on? [y/N]"),
    "cli.forget.ask": (
        "{name} さんの名前・連絡先・誕生日・トークの記録・送った文面を消します。元には戻せません",
        "This erases name, addresses, birthday, chats and sent letters of {name}. It can't be undone",
    ),
    "cli.forget.done": (
        "消しました（内部番号 {number}）。予定の {stopped} 通を止めました。読み込むファイルからも消してください",
        "erased (internal number {number}); {stopped} planned messages were stopped. Remove them from your files too",
    ),
    "cli.forget.under_way": (
        "送信中のものが {count} 通あります。その文面は、送信が終わったあと、常駐プログラムが翌日までに消します",
        "{count} messages are on their way: the daemon removes their text by the next day",
    ),
    "cli.merge.ask": (
        "{gone} さんを {keep} さんと同じ人としてまとめます。元には戻せません",
        "This makes {gone} a part of {keep}. It can't be undone",
    ),
    "cli.merge.before": (
        "{part} さんは、すでに {whole} さんにまとめてあります",
        "{part} is a part of {whole} already",
    ),
    "cli.merge.same": (
        "どちらもすでに同じ人です: {keep}。何も変えていません",
        "both are the same person already: {keep}. Nothing was changed",
    ),
    "cli.merge.done": ("{gone} さんを {keep} さんにまとめました", "{gone} is now a part of {keep}"),
    "cli.line-link.whom": (
        "お客様をひとり書くか、--all を付けるか、どちらかにしてください",
        "name one customer, or write --all, and not both",
    ),
    "cli.line-link.file": (
        "QRコードは、ひとり分を .svg か .png に書きます: {found}",
        "a QR code is written for one customer, as .svg or .png: {found}",
    ),
    "cli.line-link.no_url": (
        "public_url がないので、リンクからこのパソコンに届きません",
        "without public_url no link reaches this machine",
    ),
    "cli.line-link.number": ("お客様番号", "number"),
    "cli.line-link.name": ("お名前", "name"),
    "cli.line-link.link": ("リンク", "link"),
    "cli.line-link.done": (
        "{count} 名分です。LINEが分かっているお客様は除いてあります。リンクは90日間使えます",
        "links for {count} customers; who is linked already is left out. They are good for 90 days",
    ),
    "cli.approve.done": ("{day} までの予定を承認しました", "approved: everything planned up to and including {day}"),
    "cli.send-test.mark": ("【テスト】", "[TEST]"),
    "cli.send-test.invented": ("架空のお客様", "an invented customer"),
    "cli.send-test.done": (
        "{name}の文面を {to} あてに {count} 通作りました。上のファイルをメールソフトで開けます（送信はしていません）",
        "{count} messages for {name}, addressed to {to}: open the files above in a mail program. Nothing was sent",
    ),
    "cli.send-test.done_line": (
        (
            "{name}の文面を {to} あてに {count} 通作りました。上のファイルが LINE に渡す内容（JSON）で、メモ帳などで"
            "読めます（送信はしていません）"
        ),
        (
            "{count} messages for {name}, addressed to {to}: the files above are what LINE would be given, as JSON, to "
            "read in any text editor. Nothing was sent"
        ),
    ),
    "cli.send-test.address": (
        "「{found}」はメールアドレスでも LINE のユーザー ID でもありません",
        "'{found}' is neither a mail address nor a LINE user id",
    ),
    "cli.send-test.channel": (
        "ステップ「{step}」は {found} では送りません。送るのは {allowed} です",
        "the step '{step}' does not go by {found}, but by {allowed}",
    ),
    "cli.status.mode.preview": (
        "動作: preview（何も送りません）",
        "mode: preview (nothing is sent)",
    ),
    "cli.status.mode.live": ("動作: live", "mode: live"),
    "cli.status.database": ("データベース: {database}", "database: {database}"),
    "cli.status.sqlite": (
        "SQLite: {version}（{driver}）。WAL の不具合のない版です",
        "SQLite: {version} ({driver}), free of the WAL fault",
    ),
    "cli.status.wal_fault": (
        "SQLite: {version}（{driver}）。データが壊れうる WAL の不具合がある版です。3.51.3 以降にしてください",
        "SQLite: {version} ({driver}) has the WAL fault that can corrupt the file; use 3.51.3 or later",
    ),
    "cli.status.engine": ("種類: {engine}", "engine: {engine}"),
    "cli.status.no_tables": (
        "まだデータがありません（nurture import か nurture sample）",
        "no data yet (nurture import or nurture sample)",
    ),
    "cli.status.old_tables": (
        "データベースが前の版のままです（nurture import で新しくなります）",
        "the database is of an older version (nurture import brings it up to date)",
    ),
    "cli.status.revision": ("表の版: {revision}（最新）", "tables: {revision} (newest)"),
    "cli.status.counts": (
        "お客様 {customer} 人・ご注文 {order} 件・ご予約 {booking} 件・商品 {product} 件・連絡 {contact} 件",
        ("{customer} customers, {order} orders, {booking} bookings, {product} products, {contact} contacts"),
    ),
    "cli.status.touches": ("記録した予定: {touches}", "touches on record: {touches}"),
    "cli.status.none": ("なし", "none"),
    "cli.status.never": ("まだありません", "never"),
    "cli.status.tick": ("最後に計画した時刻: {at}", "last tick: {at}"),
    "cli.status.generation": ("設定の世代: {number}（{at} から）", "generation: {number}, since {at}"),
    "cli.status.approved": ("承認済み: {until} まで", "approved: until {until}"),
    "cli.status.not_approved": (
        "承認済み: まだありません（nurture approve か、夕方のメールのボタンで承認します）",
        "approved: nothing yet (nurture approve, or the button in the evening's mail)",
    ),
    "cli.status.line_quota": ("今月の LINE: {used} / {quota} 通", "LINE this month: {used} of {quota}"),
    "cli.status.no_pause": ("停止中のもの: なし", "pauses: none"),
    "cli.status.pause": ("停止中: {scope}（{until}まで、{reason}）", "paused: {scope} until {until} ({reason})"),
    "cli.status.open_end": ("解除する", "further notice"),
    "cli.status.unfinished": (
        "途中で止まった取り込み: {file}（{number} 番）。次の nurture import が続きを終わらせます",
        "an import broke off: {file} (number {number}); the next 'nurture import' finishes it",
    ),
}
