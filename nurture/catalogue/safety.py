"""Words about what went wrong or is in doubt: alarms, unknown messages, restoring. Each key as (Japanese, English)."""

TEXTS: dict[str, tuple[str, str]] = {
    "alarm.clock.database": (
        "このパソコンの時計（{subject}）がデータベースと {seconds:+} 秒ずれています。合うまで何も送りません",
        "the clock of {subject} is {seconds:+} s off the database's; nothing is sent until it is right",
    ),
    "alarm.clock.mark": (
        (
            "このパソコンの時計（{subject}）が前の記録より {seconds:+} 秒戻っています。追いつくまで何も送りません。"
            "いまの時刻が正しいなら: nurture resume clock"
        ),
        (
            "the clock of {subject} is {seconds:+} s off what was written down; nothing leaves until it has caught up. "
            "If it is right now: nurture resume clock"
        ),
    ),
    "alarm.clock.step": (
        "このパソコンの時計（{subject}）が {seconds:+} 秒飛びました。落ち着くまで何も送りません",
        "the clock of {subject} jumped by {seconds:+} s; nothing is sent until it goes on evenly",
    ),
    "alarm.restored.older": (
        "データベースが古い控えに戻されています。二重に送らないよう止めています: nurture restore --acknowledge",
        (
            "the database was put back from an older backup; nothing is sent, so that nothing goes out twice: "
            "nurture restore --acknowledge"
        ),
    ),
    "alarm.restored.other": (
        "前とは別のデータベースが置かれています。二重に送らないよう止めています: nurture restore --acknowledge",
        (
            "another database lies here than before; nothing is sent, so that nothing goes out twice: "
            "nurture restore --acknowledge"
        ),
    ),
    "alarm.restored.unreadable": (
        "{file} が読めないため、控えに戻されたかどうか分かりません。止めています: nurture restore --acknowledge",
        (
            "{file} can't be read, so that nobody knows whether a backup was put back; nothing is sent: "
            "nurture restore --acknowledge"
        ),
    ),
    "alarm.breaker.bug": (
        "「{subject}」の文面を作るときに不具合が起きたため止めました（{why}）。直したら: nurture resume {subject}",
        "'{subject}' was paused: a bug while its message was made ({why}). When mended: nurture resume {subject}",
    ),
    "alarm.breaker.template": (
        (
            "「{subject}」の文面が作れない方が続いたため止めました（{count} 通のうち {failed} 通、{why}）。"
            "直したら: nurture resume {subject}"
        ),
        (
            "'{subject}' was paused: {failed} of {count} messages could not be written ({why}). "
            "When mended: nurture resume {subject}"
        ),
    ),
    "alarm.breaker.refused": (
        (
            "「{subject}」の送信が続けて断られたため止めました（{count} 通のうち {failed} 通、{why}）。"
            "文面や宛先を確かめたら: nurture resume {subject}"
        ),
        (
            "'{subject}' was paused: {failed} of {count} messages were refused for good ({why}). "
            "When text and addresses are checked: nurture resume {subject}"
        ),
    ),
    "alarm.breaker.unknown": (
        "「{subject}」の結果が分からない送信が続いたため止めました（{count} 通のうち {failed} 通）: nurture unknown",
        "'{subject}' was paused: of {count} messages nobody knows what became of {failed}: nurture unknown",
    ),
    "alarm.breaker.complaint": (
        (
            "「{subject}」に迷惑メールの報告が続いたため止めました（{count} 通のうち {failed} 通）。"
            "宛先の許諾と文面を確かめたら: nurture resume {subject}"
        ),
        (
            "'{subject}' was paused: {failed} of {count} mails were reported as spam. "
            "When permissions and text are checked: nurture resume {subject}"
        ),
    ),
    "alarm.backstop": (
        "送ってはいけない 1 通をデータベースが止めました（{check}、「{subject}」）。不具合です。お知らせください",
        "the database refused a message that must not be sent ({check}, '{subject}'): a bug, please report it",
    ),
    "cli.status.alarm": ("警報（{at} から）: {what}", "ALARM since {at}: {what}"),
    "cli.status.unknown": (
        "届いたか分からないもの: {count} 件（nurture unknown で一覧）",
        "unknown whether they arrived: {count} (listed by 'nurture unknown')",
    ),
    "cli.unknown": (
        "届いたかどうか分からない送信の一覧（自動では送り直しません）",
        "messages of which nobody knows whether they arrived; they are not sent again by themselves",
    ),
    "cli.unknown.examples": ("nurture unknown\nnurture unknown --format json", "nurture unknown"),
    "cli.unknown.none": ("届いたか分からないものはありません", "there is none"),
    "cli.unknown.head": (
        "番号  日時  経路  キャンペーン/ステップ  お客様  理由  メッセージの番号",
        "number  time  channel  campaign/step  customer  why  message id",
    ),
    "cli.unknown.hint": (
        "確かめたら: nurture resolve 番号 sent（届いた）・not-sent（届いていない）・again（もう一度送る）",
        "when you know: nurture resolve NUMBER sent | not-sent | again (sends it once more)",
    ),
    "cli.unknown.restored": ("控えに戻す前に送ったかもしれない", "may have left before the restore"),
    "cli.resolve": (
        "届いたか分からない送信を、人の判断で決着させる",
        "settles what became of messages that are unknown, by a person's word",
    ),
    "cli.resolve.examples": (
        "nurture resolve 1042 sent\nnurture resolve restored not-sent",
        "nurture resolve 1042 sent\nnurture resolve restored not-sent",
    ),
    "cli.resolve.touch": (
        "nurture unknown の番号。all はすべて、restored は控えに戻したときのすべて",
        "a number of 'nurture unknown'; 'all', or 'restored' for all that a restore left in doubt",
    ),
    "cli.resolve.ending": (
        "sent（届いた）・not-sent（届いていない。送らない）・again（まだ有効なら、もう一度送る）",
        "sent; not-sent (and is not sent any more); again (is sent once more while it is valid)",
    ),
    "cli.resolve.done": ("決着しました: {count} 件（{ending}）", "settled: {count} ({ending})"),
    "cli.resolve.none": (
        "「{found}」にあたる、届いたか分からない送信はありません。番号は nurture unknown で見られます",
        "no unknown message is '{found}'; 'nurture unknown' lists their numbers",
    ),
    "cli.restore": (
        "控えを戻す。戻したあとは、二重に送らないことを人が確かめるまで何も送りません",
        "puts a backup back; afterwards nothing is sent until a person has acknowledged the gap",
    ),
    "cli.restore.examples": (
        "nurture restore /backup/shop.db\nnurture restore --acknowledge",
        "nurture restore /backup/shop.db\nnurture restore --acknowledge",
    ),
    "cli.restore.file": ("nurture backup で取った控え", "a file made by 'nurture backup'"),
    "cli.restore.acknowledge": (
        "控えより後に送ったかもしれないものを「不明」にして、送信を再開する",
        "makes unknown what may have left since the backup, and lets sending go on",
    ),
    "cli.restore.done": (
        (
            "戻しました。前のものは {kept} に残してあります。次に、控えの後の出来事（ご注文・配信停止・連絡）を"
            " nurture import で読み込み、nurture preview で確かめてから: nurture restore --acknowledge"
        ),
        (
            "done; the former database is kept as {kept}. Now import what happened since (orders, opt-outs, contacts), "
            "look at nurture preview, and then: nurture restore --acknowledge"
        ),
    ),
    "cli.restore.acknowledged": (
        (
            "確認しました。{until} までに送ったかもしれない {count} 件を「不明」にしました（nurture unknown）。"
            "送信は再開できます"
        ),
        (
            "acknowledged: {count} messages that may have left until {until} are unknown now (nurture unknown). "
            "Sending may go on"
        ),
    ),
    "cli.restore.nothing": (
        "データベースは控えに戻されていません。することはありません",
        "the database was not put back; there is nothing to do",
    ),
    "cli.restore.which": (
        "控えのファイル名か --acknowledge のどちらかを書いてください",
        "name a backup, or write --acknowledge",
    ),
    "cli.restore.no_backup": (
        "nurture の控えとして読めません（{problem}）",
        "this is no backup made by nurture ({problem})",
    ),
    "cli.restore.server": (
        "PostgreSQL は pg_restore で戻し、そのあと nurture restore --acknowledge を実行してください",
        "PostgreSQL is put back with pg_restore; afterwards: nurture restore --acknowledge",
    ),
    "cli.resume.clock": (
        "いまの時刻を正しいものとして記録しました: {at}",
        "the present time was written down as right: {at}",
    ),
}
