"""The words of `--help`: `cli.<command>`, its examples, `cli.<command>.<option>`; `cli.any.…` serves several."""

TEXTS: dict[str, tuple[str, str]] = {
    "cli.help.usage": ("使い方", "Usage"),
    "cli.help.commands": ("コマンド", "Commands"),
    "cli.help.arguments": ("書くもの", "Arguments"),
    "cli.help.options": ("オプション", "Options"),
    "cli.help.examples": ("例", "Examples"),
    "cli.help.front": ("nurture コマンド [--…]", "nurture COMMAND [--…]"),
    "cli.nurture": (
        "お客様に、ちょうどよいときに、ちょうどよいひとことを。送りすぎず、夜には送らず、同意のない方には送りません。",
        (
            "The right word to every customer of a shop at the right time: never too often, "
            "never at night, never without consent."
        ),
    ),
    "cli.nurture.examples": (
        "nurture init みせ && cd みせ\nnurture sample\nnurture preview\nnurture check --help",
        "nurture init shop --language en && cd shop\nnurture sample\nnurture preview\nnurture check --help",
    ),
    "cli.nurture.folder": (
        "お店のフォルダ（config.yaml のある場所）。書かなければ、いまいる場所",
        "the shop's folder, where config.yaml lies; default: here",
    ),
    "cli.nurture.language": (
        "ja か en。書かなければ config.yaml の language",
        "ja or en; default: what config.yaml says, else Japanese",
    ),
    "cli.nurture.version": ("版を表示する", "shows the version"),
    "cli.nurture.debug": ("不具合のとき、くわしい記録を出す", "shows the traceback of a bug"),
    "cli.any.help": ("この説明を表示する", "shows this page"),
    "cli.any.format_": (
        "出す形。table は表、json はほかのプログラム用",
        "how it is given: a table for people, json for programs",
    ),
    "cli.any.at": (
        "その日時だったらどうなるか。「2026-12-01 09:00」「2026-12-01」「明日 10:00」。お店の時刻",
        "as if it were that time: '2026-12-01 09:00', '2026-12-01', 'tomorrow 10:00'; the shop's local time",
    ),
    "cli.any.output": ("画面ではなくファイルに書く", "writes a file instead of the screen"),
    "cli.any.customer": (
        "お客様。番号・メールアドレス・電話番号・名前のどれか",
        "a customer: number, mail address, phone number or name",
    ),
    "cli.init": (
        "お店のフォルダを作る（設定・キャンペーン・文面・見本のデータ）",
        "makes a working shop folder: settings, campaigns, letters, sample data",
    ),
    "cli.init.examples": (
        "nurture init みせ\nnurture init salon --kind salon",
        "nurture init shop --language en\nnurture init salon --kind salon",
    ),
    "cli.init.folder": (
        "作る場所。書かなければ、いまいる場所。すでにあるファイルは上書きしない",
        "where; default: here. Nothing is overwritten",
    ),
    "cli.init.kind": ("shop は通販のお店、salon は予約のお店", "shop sells goods, salon takes bookings"),
    "cli.sample": (
        "見本（架空のお客様とご注文）をデータベースに入れる。データがあれば何もしない",
        "fills the database with invented customers; does nothing where there is data",
    ),
    "cli.sample.examples": ("nurture sample && nurture preview", "nurture sample && nurture preview"),
    "cli.check": (
        "設定・キャンペーン・文面の誤りを、ファイルと行の番号で一度に知らせる",
        "tells everything that is wrong with settings, campaigns and letters, with file and line",
    ),
    "cli.check.examples": ("nurture check\nnurture check --format json", "nurture check\nnurture check --format json"),
    "cli.schema": (
        "キャンペーンの書き方の決まり（JSON Schema）を出す。エディターが補完と検査に使う",
        "gives the JSON Schema of campaign files, from which editors complete and check them",
    ),
    "cli.schema.examples": (
        "nurture schema --output nurture.schema.json",
        "nurture schema --output nurture.schema.json",
    ),
    "cli.import": (
        "CSV や Excel を取り込む（お客様・ご注文・ご予約・商品・連絡の記録・配信停止）",
        "imports CSV and Excel files: customers, orders, bookings, products, contacts, opt-outs",
    ),
    "cli.import.examples": (
        (
            "nurture import お客様.xlsx --dry-run\n"
            "nurture import data/products.csv data/customers.csv\n"
            "nurture import 名簿.csv --kind customers --map email=メール,name=氏名\n"
            "nurture import 顧客.csv --basis existing-customer --since 最終購入日"
        ),
        (
            "nurture import customers.xlsx --dry-run\n"
            "nurture import data/products.csv data/customers.csv\n"
            "nurture import list.csv --kind customers --map email=Mail,name=Name\n"
            "nurture import customers.csv --basis existing-customer --since 'Last order'"
        ),
    ),
    "cli.import.files": (
        "取り込むファイル（.csv .tsv .xlsx）。商品・お客様・ご注文の順に読む",
        "files to read: products and customers first",
    ),
    "cli.import.kind": (
        "何の一覧か: customers orders bookings products contacts optouts holds。書かなければ見出しで判断する",
        "what is listed: customers, orders, bookings, products, contacts, optouts, holds; default: told by the headers",
    ),
    "cli.import.preset": (
        "どのソフトの形式か。書かなければ見出しで判断する",
        "the layout of which program; default: told by the headers",
    ),
    "cli.import.map_": (
        "どの列が何か（項目=見出し）。または、それを書いた .yaml。一度書けば次から覚えている",
        "which column is what, or a .yaml that says so; it is remembered for the next file of this kind",
    ),
    "cli.import.encoding": ("文字コード。書かなければ判断する", "the encoding; default: told by the bytes"),
    "cli.import.basis": (
        "ファイルに同意の列がないとき、送ってよい根拠: opt-in existing-customer business-card published-address",
        (
            "the ground of consent where the file has no column for it: opt-in, existing-customer, business-card, "
            "published-address"
        ),
    ),
    "cli.import.since": ("その根拠が始まった日の列", "the column with the date from which it holds"),
    "cli.import.dry_run": ("確かめるだけで、何も取り込まない", "looks only, imports nothing"),
    "cli.preview": (
        "だれに・何を・いつ・どの手段で送るか、送らない方にはなぜ送らないかを見る。何も変えない",
        "who gets what, when, by which channel, and who does not, and why; changes nothing",
    ),
    "cli.preview.examples": (
        (
            "nurture preview\n"
            "nurture preview --at '明日 10:00' --campaign birthday\n"
            "nurture preview --customer 1203\n"
            "nurture preview --format html --output preview.html"
        ),
        (
            "nurture preview\n"
            "nurture preview --at 'tomorrow 10:00' --campaign birthday\n"
            "nurture preview --customer 1203\n"
            "nurture preview --format html --output preview.html"
        ),
    ),
    "cli.preview.campaign": ("このキャンペーンだけ", "only this campaign"),
    "cli.preview.format_": (
        "出す形。table は表、json はほかのプログラム用、html は文面も読めるページ",
        "how it is given: a table, json for programs, html with the letters",
    ),
    "cli.explain": (
        "ひとりのお客様について、どのキャンペーンがなぜ届くか・届かないかを見る",
        "tells for one customer why each campaign reaches them or not",
    ),
    "cli.explain.examples": (
        "nurture explain 1203\nnurture explain 若草舞\nnurture explain mai@example.jp --at '明日 10:00'",
        "nurture explain 1203\nnurture explain 'Wakakusa Mai'\nnurture explain mai@example.jp --at 'tomorrow 10:00'",
    ),
    "cli.send-test": (
        "キャンペーンの文面を自分あてに作って確かめる。outbox/ に .eml（LINE は .json）を書く",
        "writes a campaign's letters, addressed to yourself, into outbox/ as .eml (LINE: .json)",
    ),
    "cli.send-test.examples": (
        (
            "nurture send-test first-thanks --to me@example.jp\n"
            "nurture send-test birthday --to me@example.jp --customer 1203"
        ),
        (
            "nurture send-test first-thanks --to me@example.jp\n"
            "nurture send-test birthday --to me@example.jp --customer 1203"
        ),
    ),
    "cli.send-test.campaign": (
        "キャンペーンの名前（campaign: に書いたもの）",
        "the campaign's name, as in 'campaign:'",
    ),
    "cli.send-test.to": ("自分のメールアドレスか、LINE のユーザー ID", "your own mail address or LINE user id"),
    "cli.send-test.step": ("このステップだけ。書かなければ全部", "only this step; default: all"),
    "cli.send-test.customer": (
        "だれの値で書くか。書かなければ、あてはまるお客様をひとり選ぶ",
        "with whose values; default: somebody it fits",
    ),
    "cli.run": (
        "動かし続ける。mode: live なら計画・記録・送信をくり返し、mode: preview なら見せるだけ",
        "the daemon: in live mode plans, records and sends; in preview mode only shows the plan",
    ),
    "cli.run.examples": ("nurture run\nnurture run --once", "nurture run\nnurture run --once"),
    "cli.run.once": ("一回だけ計画・記録・送信して終わる", "one tick: plans, records, sends what is due, and ends"),
    "cli.worker": (
        "送信だけをする（PostgreSQL なら何台でも）",
        "delivers only; as many as you like on PostgreSQL",
    ),
    "cli.worker.examples": ("nurture worker", "nurture worker"),
    "cli.approve": (
        "その日までの予定の送信を許す（config.yaml に approve: true があるとき）。省くと明日まで",
        "lets everything planned up to a day go, where config.yaml says approve: true; default: tomorrow",
    ),
    "cli.approve.examples": (
        "nurture approve\nnurture approve 2026-12-24",
        "nurture approve\nnurture approve 2026-12-24",
    ),
    "cli.approve.day": ("日付（2026-12-24）", "a date such as 2026-12-24"),
    "cli.line-link": (
        "LINEとお客様を結び付ける、お客様ごとのリンクを出す。紙にはQRコードで",
        "gives the personal links by which customers let you know their LINE account; as QR codes for paper",
    ),
    "cli.line-link.examples": (
        "nurture line-link 1203 --qr 1203.svg\nnurture line-link --all --output links.csv",
        "nurture line-link 1203 --qr 1203.svg\nnurture line-link --all --output links.csv",
    ),
    "cli.line-link.everybody": (
        "LINEがまだ分からないお客様全員の一覧（CSV: 番号・名前・リンク）",
        "a list of everybody whose LINE account is not known yet (CSV: number, name, link)",
    ),
    "cli.line-link.qr": (
        "QRコードを書くファイル（.svg か .png）",
        "the file that the QR code is written to: .svg or .png",
    ),
    "cli.merge": (
        "同じ人が二つに分かれているときに、ひとりにまとめる",
        "makes two entries for one person one",
    ),
    "cli.merge.examples": ("nurture merge 1203 1417", "nurture merge 1203 1417"),
    "cli.merge.keep": (
        "残す方。番号・メールアドレス・電話番号・名前のどれか",
        "who stays: number, address, phone or name",
    ),
    "cli.merge.gone": ("まとめられる方", "who becomes a part of the other"),
    "cli.any.yes": ("たずねずに行う", "does it without asking"),
    "cli.forget": (
        "お客様の求めに応じて、その人の個人情報を消す。予定の送信も止める",
        "erases a customer's personal data when they ask for it, and stops everything queued for them",
    ),
    "cli.forget.examples": ("nurture forget 1203", "nurture forget 1203"),
    "cli.pause": (
        "送信をすぐに止める。全部、経路、キャンペーンのどれか",
        "stops sending at once: everything, a channel or a campaign",
    ),
    "cli.pause.examples": (
        "nurture pause\nnurture pause line --reason 料金確認中",
        "nurture pause\nnurture pause line",
    ),
    "cli.pause.scope": ("all・email・line・キャンペーン名", "all, email, line or a campaign's name"),
    "cli.pause.reason": ("理由（記録に残る）", "why; it is kept"),
    "cli.resume": ("止めたものを再開する", "goes on with what was paused"),
    "cli.resume.examples": ("nurture resume\nnurture resume line", "nurture resume\nnurture resume line"),
    "cli.resume.scope": (
        "all・email・line・キャンペーン名。clock は「いまの時刻は正しい」",
        "all, email, line or a campaign's name; 'clock': the present time is right",
    ),
    "cli.backup": (
        "お客様のデータの控えを 1 つのファイルに取ります。動かしたままで取れます。",
        "Copies the shop's database into one file, while everything goes on.",
    ),
    "cli.backup.examples": ("nurture backup /backup/shop.db", "nurture backup /backup/shop.db"),
    "cli.backup.file": ("控えのファイル（あれば置き換える）", "where to; a file of that name is replaced"),
    "cli.status": (
        "データベース・件数・最後の計画・停止中のものを見る",
        "the database, counts, the last tick, pauses",
    ),
    "cli.status.examples": (
        "nurture status\nnurture status --format json",
        "nurture status\nnurture status --format json",
    ),
}
